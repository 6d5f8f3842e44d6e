"""Descriptions of classes as files: csv, and plain values for programs.

Input: `ResponseDescription`. Output: a table with one row per unit, and what
``neuroclass describe --json`` prints. Columns of the table, those of steps, flicker and
directions where they were measured:

===============================  ===================================================
``unit_id, class``               as in the recording; empty where it has no class
``firing_rate_hz``               inside the presentations
``reliability``                  `response_reliability`
``refractory_violations``        share of intervals below 1.5 ms
``step_polarity``                ON, OFF or ON-OFF
``on_off_index``                 1 for ON, -1 for OFF
``step_latency_seconds``         from the step to the peak
``transience``                   1 transient, 0 sustained
``sta_polarity``                 ON or OFF, empty where no lobe is clear
``sta_peak, sta_noise``          largest deviation of the spike-triggered average, and
                                 the standard deviation of what is no response
``sta_time_to_peak_seconds``
``sta_biphasic_index``           second lobe over the first
``direction_index``              length of the normalised vector sum of directions,
``preferred_direction``          and its angle in degrees
``orientation_index``            the same of orientations
``preferred_orientation``
===============================  ===================================================
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroclass._lib.atomic import write_beside
from neuroclass._lib.json_text import plain
from neuroclass.report.csv_files import write_table
from neuroclass.report.json_parts import describe_issues

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from neuroclass.results import ResponseDescription, StimulusAdvice

__all__ = [
    "describe_advice",
    "describe_description",
    "describe_responses",
    "write_descriptions_csv",
]


def write_descriptions_csv(
    described: ResponseDescription, path: str | os.PathLike[str]
) -> Path:
    """Write one row per unit.

    Parameters
    ----------
    described : ResponseDescription
        Record of the descriptions.
    path : path
        File to write; its folder is made if it does not exist.

    Returns
    -------
    pathlib.Path
        `path`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_beside(path) as unfinished:
        write_table(described.to_frame(), unfinished)
    return path


def describe_responses(
    described: ResponseDescription, recordings: Sequence[str] = ()
) -> dict[str, Any]:
    """Return descriptions as plain numbers, texts, lists and dicts.

    Parameters
    ----------
    described : ResponseDescription
        Record of the descriptions.
    recordings : sequence of str
        Paths of the recordings.
    """
    found: dict[str, Any] = plain(
        {
            "recordings": list(recordings),
            "presentations": described.presentations.reason,
            "settings": described.settings,
            "classes_from": described.classes_from,
            **describe_description(described),
            "issues": describe_issues(described.issues),
        }
    )
    return found


def describe_description(described: ResponseDescription) -> dict[str, Any]:
    """Return what was measured: ``classes, units`` and their curves.

    As the key ``description`` of ``result.json`` holds it.
    """
    average = described.average
    return {
        "classes": described.class_frame().to_dict("records"),
        "units": described.to_frame().to_dict("records"),
        "autocorrelograms": {
            "bin_seconds": 0.001,
            "hz": described.autocorrelograms,
        },
        "spike_triggered_average": average
        and {
            "lags_seconds": average.lags,
            "average": average.average,
            "n_spikes": average.n_spikes,
        },
    }


def describe_advice(advice: StimulusAdvice) -> dict[str, Any]:
    """Return what the stimuli tell, as the key ``advice`` of ``result.json``.

    ``sentences``; ``stimuli``, the rows of the table; ``pairs``: ``labels, right``
    (share of their neurons on the right side, by stimulus) and ``right_together``;
    ``target``, the cut in question, or null: ``n_clusters, labels, z``, what twice the
    repeats and neurons would add (``by_repeats`` of each stimulus, ``by_all_repeats,
    by_neurons``), and ``ways``.
    """
    support, growth = advice.support, advice.growth
    return {
        "sentences": advice.sentences(),
        "stimuli": advice.to_frame().to_dict("records"),
        "pairs": [
            {
                "labels": labels,
                "right": support.right[:, k],
                "right_together": support.right_together[k],
            }
            for k, labels in enumerate(support.pairs)
        ],
        "target": growth
        and {
            "n_clusters": advice.n_target,
            "labels": growth.pair,
            "z": growth.z,
            "by_repeats": growth.by_repeats,
            "by_all_repeats": growth.by_all_repeats,
            "by_neurons": growth.z_with_neurons(2) - growth.z,
            "ways": advice.ways(),
        },
    }
