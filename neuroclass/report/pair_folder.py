"""The result folder of `discriminate`: how every two neurons are told apart.

pairs.csv has one row per pair of neurons:

==========================  ========================================================
``unit_a, unit_b``          ids as in the recording
``class_a, class_b``        their classes; empty where the reference has none
``bits_per_second``         Jensen-Shannon divergence, corrected for few repeats
``low, high``               its 95 % interval
``z``                       uncorrected divergence beside chance, standard Gaussian
                            if the two do not differ
``plug_in, chance_level``   uncorrected, and what it would be by chance (bits/s)
``is_distinguishable``      z of at least 2.5 and ``low`` above 0
``coincident``              where not: the share of the spikes of the unit with fewer
                            that come within 1 ms of one of the other, beyond what
                            comes with one in the next repeat; above one half, the
                            two are likely one cell, sorted twice
``seconds_90``              of response, from any moment on, until 90 % of answers are
                            correct; empty where not distinguishable, as all that
                            follows
``seconds_90_low, _high``   95 % interval
``spikes_90``               spikes in that time, at the mean rate of the two
``is_extrapolated_90``      whether that time is longer than the stimulus
``..._95``                  the same for 95 %
==========================  ========================================================

result.json is strict JSON: what is not a number is null. Its keys: ``format_version``
(2), ``neuroclass_version``, ``command``, ``environment``, ``input``, ``presentations``,
``settings`` and ``issues`` (as in that of `cluster`), ``word_duration_seconds``,
``stimulus_duration_seconds``, ``unit_ids``, ``classes`` (``from, names, labels`` of the
units), ``leaf_order``, ``n_pairs``, ``n_pairs_distinguishable``, ``n_distinguishable``
(groups that the data tell apart at a false discovery rate of 5 %) with ``groups`` of
the units, ``n_pairs_by_chance`` (how many of as many pairs that do not differ would
pass for distinguishable), ``median_seconds`` with ``n_pairs, n_distinguishable,
seconds_90, seconds_90_interval, seconds_95, seconds_95_interval`` of ``all, within,
between`` and ``safe`` (of units that drift does not make unsafe), ``drift`` (as in that
of `cluster`, without the information), ``indistinguishable`` (each unit that is not
distinguishable from some other, with these),
``possible_duplicates`` (pairs of units that share most of their spikes) and ``decoder``
(for each chosen pair ``unit_a, unit_b, seconds, correct, standard_error, seconds_90,
seconds_95``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neuroclass._lib.json_text import json_text
from neuroclass._version import __version__
from neuroclass.plotting import write_discrimination
from neuroclass.report.class_folder import written_whole
from neuroclass.report.drift_table import drift_of_units
from neuroclass.report.origin import (
    FORMAT_VERSION,
    describe_issues,
    describe_presentations,
    describe_recording,
    environment,
)
from neuroclass.report.pair_page import write_pair_page
from neuroclass.report.tables import write_table

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from neuroclass.results.discrimination import DiscriminationResult

__all__ = ["save_pairs"]


def save_pairs(
    discrimination: DiscriminationResult,
    folder: str | os.PathLike[str],
    *,
    force: bool = False,
    command: str | None = None,
) -> Path:
    """Write pairs.csv, result.json, figures and report.html into a folder.

    Whole or not at all: `written_whole`.

    Parameters
    ----------
    discrimination : DiscriminationResult
        What `neuroclass.discriminate_neurons` returns.
    folder, force, command
        As in `save_results`.

    Returns
    -------
    pathlib.Path
        `folder`.
    """
    with written_whole(folder, "discriminate", force=force) as (target, finished):
        write_table(discrimination.to_frame(), finished / "pairs.csv")
        text = json_text(_describe(discrimination, command))
        (finished / "result.json").write_text(text, encoding="utf-8")
        write_discrimination(discrimination, finished / "figures")
        write_pair_page(finished)
    return target


def _describe(
    discrimination: DiscriminationResult, command: str | None
) -> dict[str, Any]:
    everything = np.ones(discrimination.n_pairs, dtype=bool)
    kinds = {
        "all": everything,
        "within": discrimination.is_within,
        "between": discrimination.is_between,
        "safe": discrimination.is_safe,
    }
    ids = discrimination.unit_ids
    return {
        "format_version": FORMAT_VERSION,
        "neuroclass_version": __version__,
        "command": command,
        "input": describe_recording(discrimination.recording),
        "presentations": describe_presentations(discrimination.presentations),
        "environment": environment(),
        "issues": describe_issues(discrimination.issues),
        "settings": discrimination.settings,
        "word_duration_seconds": discrimination.word_duration,
        "stimulus_duration_seconds": discrimination.stimulus_duration,
        "unit_ids": ids,
        "classes": {
            "from": discrimination.classes_from,
            "names": discrimination.classes,
            "labels": discrimination.labels,
        },
        "leaf_order": discrimination.leaf_order,
        "n_pairs": discrimination.n_pairs,
        "n_pairs_distinguishable": int(discrimination.is_distinguishable.sum()),
        "n_pairs_by_chance": discrimination.n_pairs_by_chance,
        "n_distinguishable": discrimination.n_distinguishable,
        "groups": discrimination.groups,
        "median_seconds": {
            name: {
                "n_pairs": int(which.sum()),
                "n_distinguishable": int(
                    (discrimination.is_distinguishable & which).sum()
                ),
                "seconds_90": discrimination.median_seconds(which, 0.9),
                "seconds_90_interval": discrimination.median_seconds_interval(
                    which, 0.9
                ),
                "seconds_95": discrimination.median_seconds(which, 0.95),
                "seconds_95_interval": discrimination.median_seconds_interval(
                    which, 0.95
                ),
            }
            for name, which in kinds.items()
        },
        "drift": drift_of_units(discrimination.drift),
        "indistinguishable": [
            {"unit_id": unit_id, "from": others}
            for unit_id, others in discrimination.indistinguishable_units().items()
        ],
        "possible_duplicates": [
            {"unit_a": a, "unit_b": b, "coincident": share}
            for a, b, share in discrimination.possible_duplicates()
        ],
        "decoder": [
            {
                "unit_a": ids[curve.first],
                "unit_b": ids[curve.second],
                "seconds": curve.seconds,
                "correct": curve.correct,
                "standard_error": curve.standard_error,
                "seconds_90": curve.seconds_to(0.9),
                "seconds_95": curve.seconds_to(0.95),
            }
            for curve in discrimination.curves
        ],
    }
