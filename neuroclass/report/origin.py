"""Where a result comes from: recording, presentations, versions; for result.json."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroclass._lib.issues import Issue
from neuroclass.io import recording_sha256

if TYPE_CHECKING:
    import neo

    from neuroclass.presentations.selection import Presentations

__all__ = [
    "FORMAT_VERSION",
    "describe_issues",
    "describe_presentations",
    "describe_recording",
    "environment",
]

_COMPUTING = ("numpy", "scipy", "scikit-learn", "neo")


FORMAT_VERSION = 2  # of the JSON of result folders; a key that changes raises it


def environment() -> dict[str, str]:
    """Return what ``environment`` holds: the versions that numbers may depend on."""
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in _COMPUTING},
    }


def describe_recording(recording: neo.Block) -> dict[str, Any]:
    """Return what ``input`` holds: which file, and what is in it."""
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
    """Return what ``presentations`` holds: what was taken for repeats of what."""
    return {
        "source": presentations.source,
        "condition": presentations.condition,
        "reason": presentations.reason,
        "notes": presentations.notes,
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
    """Return what ``issues`` holds: kind, text and units of each."""
    return [
        {"kind": issue.kind, "text": issue.text, "units": issue.units}
        for issue in issues
    ]
