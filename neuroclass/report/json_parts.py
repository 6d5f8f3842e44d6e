"""Parts that the JSON of all results share: input, presentations, issues, drift.

Input: records. Output: the values of the keys that the tables of `class_json` describe.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroclass._lib.issues import Issue
from neuroclass._version import __version__
from neuroclass.io import recording_sha256
from neuroclass.responses import describe_drift

if TYPE_CHECKING:
    import neo

    from neuroclass.information import IdentityInformation
    from neuroclass.presentations import Presentations
    from neuroclass.responses import Drift

__all__ = [
    "FORMAT_VERSION",
    "describe_drift_of_units",
    "describe_information_without",
    "describe_issues",
    "describe_presentations",
    "describe_recording",
    "environment",
    "result_header",
]

FORMAT_VERSION = 2  # of the JSON of result folders; a key that changes raises it

_COMPUTING = ("numpy", "scipy", "scikit-learn", "neo")


def result_header(command: str | None) -> dict[str, Any]:
    """Return the keys that every result begins with: versions and command line."""
    return {
        "format_version": FORMAT_VERSION,
        "neuroclass_version": __version__,
        "command": command,
    }


def environment() -> dict[str, str]:
    """Return ``environment``: the versions that numbers may depend on."""
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in _COMPUTING},
    }


def describe_recording(recording: neo.Block) -> dict[str, Any]:
    """Return ``input``: file, checksum, number of units and spikes, duration."""
    origin = recording.file_origin
    pooled = recording.annotations.get("recordings")
    spiketrains = recording.segments[0].spiketrains
    duration = spiketrains[0].t_stop - spiketrains[0].t_start
    return {
        "path": origin and str(origin),
        "name": recording.name,
        "format": recording.annotations.get("format"),
        "sha256": _sha256(origin),
        "n_units": len(spiketrains),
        "n_spikes": sum(map(len, spiketrains)),
        "duration_seconds": float(duration.rescale("s").magnitude),
        "recordings": pooled
        and [{**one, "sha256": _sha256(one["path"])} for one in pooled],
    }


def _sha256(path: str | None) -> str | None:
    return recording_sha256(path) if path and Path(path).is_file() else None


def describe_presentations(presentations: Presentations) -> dict[str, Any]:
    """Return ``presentations``: their source, the reason, and the stimuli."""
    return {
        "source": presentations.source,
        "condition": presentations.condition,
        "reason": presentations.reason,
        "n_presentations": presentations.n_presentations,
        "stimuli": [
            {"name": name, "n_repeats": n_repeats, "duration_seconds": duration}
            for name, n_repeats, duration in zip(
                presentations.stimuli,
                presentations.repeats,
                presentations.durations,
                strict=True,
            )
        ],
    }


def describe_issues(issues: Iterable[Issue]) -> list[dict[str, Any]]:
    """Return ``issues``: kind, text and units of each."""
    return [
        {"kind": issue.kind, "text": issue.text, "units": issue.units}
        for issue in issues
    ]


def describe_drift_of_units(drift: Drift) -> dict[str, Any]:
    """Return ``drift``: its size, time and summary, and the test of each unit."""
    rates = drift.rates
    return {
        "n_tested": drift.n_tested,
        "n_drifting": drift.is_drifting.sum(),
        "n_unsafe": drift.is_unsafe.sum(),
        "summary": describe_drift(drift),
        "n_repeats": rates.n_repeats,
        "n_changed": rates.n_changed(),
        "n_changed_twofold": rates.n_changed(2.0),
        "median_change": rates.median_change,
        "change_point": rates.change_point,
        "change_point_p_value": rates.change_point_p_value,
        "is_gradual": rates.is_gradual,
        "odd_repeats": rates.odd_repeats,
        "stable_repeats": rates.stable_repeats,
        "p_value": drift.p_value,
        "q_value": drift.q_value,
        "rate_change": rates.rate_change,
        "changes_after": rates.changes_after,
        "is_changed": rates.is_changed,
        "is_drifting": drift.is_drifting,
        "is_unsafe": drift.is_unsafe,
    }


def describe_information_without(
    information: IdentityInformation | None,
) -> dict[str, Any] | None:
    """Return ``information_without``: of the units that are not unsafe, or None."""
    if information is None:
        return None
    return {
        "n_neurons": len(information.per_neuron),
        "bits_per_word": information.bits_per_word,
        "interval": information.interval,
    }
