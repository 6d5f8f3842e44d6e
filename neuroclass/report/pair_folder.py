"""Result folder of `discriminate`: divergence, time to accuracy, decoder of each pair.

Input: `DiscriminationResult`. Output: a folder. Its ``pairs.csv`` has one row per pair
of neurons; all times are empty where the pair is not distinguishable:

=================================  =================================================
``unit_a, unit_b``                 ids as in the recording
``class_a, class_b``               their classes; empty where the reference has none
``bits_per_second``                Jensen-Shannon divergence, corrected for few
                                   repeats
``bits_per_second_low, _high``     its 95 % interval
``z``                              plug-in divergence against its permutation null,
                                   standard Gaussian if the two do not differ
``plug_in, chance_level``          plug-in divergence and the mean of its null, in
                                   bits/s
``is_distinguishable``             z of at least 2.5, and a lower bound above 0
``coincident_share``               share of coincident spikes of an indistinguishable
                                   pair: of the spikes of the unit with fewer, those
                                   within 1 ms of one of the other, beyond those that
                                   coincide with one in the next repeat; above one
                                   half the two are possible duplicate units
``time_to_90_seconds``             observation time to 90 % correct answers, from a
                                   uniformly random start
``time_to_90_seconds_low, _high``  its 95 % interval
``spikes_to_90``                   spikes in that time, at the mean rate of the two
``is_extrapolated_90``             whether that time is longer than the stimulus
``..._95``                         the same for 95 %
=================================  =================================================

``result.json`` is strict JSON: what is not a number is null. Its keys:

==============================  ====================================================
``format_version`` to           as in the result.json of `cluster`: ``format_version,
``issues``                      neuroclass_version, command, input, presentations,
                                environment, issues, settings``
``word_duration_seconds``
``stimulus_duration_seconds``   of all stimuli together
``unit_ids``                    of the neurons
``classes``                     ``from, names``, and ``labels`` of the neurons
``leaf_order``                  neurons in the order of the merge tree
``n_pairs``
``n_pairs_distinguishable``
``n_pairs_by_chance``           expected number of pairs found distinguishable if no
                                two neurons differed
``n_distinguishable``           distinguishable groups of neurons, at a false
                                discovery rate of 5 %, with the ``groups`` of the
                                neurons
``median_time_to_accuracy``     ``n_pairs, n_distinguishable, time_to_90_seconds,
                                time_to_90_seconds_interval, time_to_95_seconds,
                                time_to_95_seconds_interval`` of the pairs ``all,
                                within, between`` and ``safe`` (without neurons that
                                drift makes unsafe)
``drift``                       as in that of `cluster`, without the information
``indistinguishable``           ``unit_id`` of each unit that is indistinguishable
                                ``from`` some other
``possible_duplicates``         ``unit_a, unit_b, coincident_share`` of the pairs of
                                units that share most of their spikes
``decoder``                     ``unit_a, unit_b, durations_seconds, correct,
                                standard_error, time_to_90_seconds,
                                time_to_95_seconds`` of each chosen pair
==============================  ====================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neuroclass._lib.json_text import json_text
from neuroclass._lib.running import session_formats
from neuroclass.plotting import write_discrimination
from neuroclass.report.csv_files import write_table
from neuroclass.report.json_parts import (
    describe_drift_of_units,
    describe_issues,
    describe_presentations,
    describe_recording,
    environment,
    result_header,
)
from neuroclass.report.pair_page import write_pair_page
from neuroclass.report.result_folder import write_folder

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from neuroclass.results import DiscriminationResult

__all__ = ["save_pairs"]


def save_pairs(
    discrimination: DiscriminationResult,
    folder: str | os.PathLike[str],
    *,
    force: bool = False,
    command: str | None = None,
    formats: Sequence[str] | None = None,
) -> Path:
    """Write pairs.csv, result.json, figures and report.html into a folder.

    Whole or not at all: `write_folder`.

    Parameters
    ----------
    discrimination : DiscriminationResult
        Record of the pairs.
    folder, force, command, formats : as in `save_results`

    Returns
    -------
    pathlib.Path
        `folder`.
    """
    formats = session_formats() if formats is None else formats
    with write_folder(folder, "discriminate", force=force) as (target, finished):
        write_table(discrimination.to_frame(), finished / "pairs.csv")
        text = json_text(_describe(discrimination, command))
        (finished / "result.json").write_text(text, encoding="utf-8")
        if formats:
            place = finished / "figures"
            write_discrimination(discrimination, place, formats=formats)
        write_pair_page(finished)
    return target


def _describe(
    discrimination: DiscriminationResult, command: str | None
) -> dict[str, Any]:
    pairs = {
        "all": np.ones(discrimination.n_pairs, dtype=bool),
        "within": discrimination.is_within,
        "between": discrimination.is_between,
        "safe": discrimination.is_safe,
    }
    ids = discrimination.unit_ids
    return {
        **result_header(command),
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
        "median_time_to_accuracy": {
            name: _describe_median(discrimination, which)
            for name, which in pairs.items()
        },
        "drift": describe_drift_of_units(discrimination.drift),
        "indistinguishable": [
            {"unit_id": unit_id, "from": others}
            for unit_id, others in discrimination.indistinguishable_units().items()
        ],
        "possible_duplicates": [
            {"unit_a": a, "unit_b": b, "coincident_share": share}
            for a, b, share in discrimination.possible_duplicates()
        ],
        "decoder": [
            {
                "unit_a": ids[curve.first],
                "unit_b": ids[curve.second],
                "durations_seconds": curve.durations,
                "correct": curve.correct,
                "standard_error": curve.standard_error,
                "time_to_90_seconds": curve.time_to(0.9),
                "time_to_95_seconds": curve.time_to(0.95),
            }
            for curve in discrimination.curves
        ],
    }


def _describe_median(
    discrimination: DiscriminationResult, which: NDArray[np.bool_]
) -> dict[str, Any]:
    described: dict[str, Any] = {
        "n_pairs": int(which.sum()),
        "n_distinguishable": int((discrimination.is_distinguishable & which).sum()),
    }
    for percent in (90, 95):
        chosen = (which, percent / 100)
        name = f"time_to_{percent}_seconds"
        described[name] = discrimination.median_time_to_accuracy(*chosen)
        described[f"{name}_interval"] = discrimination.median_time_to_accuracy_interval(
            *chosen
        )
    return described
