"""Files of the result folder of `compare`.

Input: `GroupingComparison`. Output: a folder. Its ``groupings.csv`` has one row per
grouping, our classes first:

=================================  =================================================
``grouping``                       name
``n_units``                        units that have a group
``n_groups``                       number of groups that it chooses; empty where it
                                   cannot
``number_rule``                    how it chooses
``seconds``                        CPU seconds
``own_information_bits``           identity information between the groups, in bits per
                                   word, corrected for few repeats
``own_information_share``          its share of the identity information of these
                                   units, with ``_low`` and ``_high`` of its 95 %
                                   interval
``own_timing_share``               share of their timing information
``own_stability``                  adjusted Rand index of the partitions by odd and by
                                   even repeats
``own_ari_ours, own_ami_ours,``    adjusted Rand index, adjusted mutual information and
``own_p_ours``                     permutation p-value with our classes
``own_ari_types, ...``             the same with the types; empty without types
``same_...``                       all of these with the number of groups of the
                                   comparison, and our classes of the same number
=================================  =================================================

``group_labels.csv`` has one row per unit that is grouped: ``unit_id``, ``type`` with
types, and for each grouping its groups, by its own number under its name, and by that
of the comparison under the name and that number in brackets.
``figures/contingency.png`` and ``.svg``: `plot_contingencies`. ``report.html``: all of
it on one page. ``result.json`` is strict JSON: what is not a number is null. Its keys:

==============================  ====================================================
``format_version`` to           as in the result.json of `cluster`: ``format_version,
``issues``                      neuroclass_version, command, input, presentations,
                                environment, issues, settings``
``headline, sentences``         the result in sentences: which groupings are better
``n_groups, number_from``       number of groups of the comparison, and its origin:
                                ``given, types`` or ``ours``
``unit_ids``                    units that are grouped
``n_all_units``                 units of the recording
``types``                       ``name`` and ``labels``, "" without type; null without
                                types
``costs``                       of each distance of spike trains: ``measure, n_units,
                                n_repeats, seconds, n_all_units, n_all_repeats,
                                all_seconds, text``
``missing``                     groupings whose package is not installed
``groupings``                   ``name, description, number_rule, seconds, n_units``;
                                ``own`` and ``same``, with ``n_groups, labels`` and the
                                columns of groupings.csv, or null; ``gains`` over our
                                classes of the same units: ``quantity, value, ours,
                                difference, error, is_clear``
==============================  ====================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neuroclass._lib.json_text import json_text
from neuroclass._lib.running import session_formats
from neuroclass.plotting import write_comparison
from neuroclass.report.comparison.comparison_page import write_comparison_page
from neuroclass.report.csv_files import write_table
from neuroclass.report.json_parts import (
    describe_issues,
    describe_presentations,
    describe_recording,
    environment,
    result_header,
)
from neuroclass.report.result_folder import write_folder

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path

    from neuroclass.results import Grouping, GroupingComparison, GroupingScores

__all__ = ["save_comparison"]


def save_comparison(
    comparison: GroupingComparison,
    folder: str | os.PathLike[str],
    *,
    force: bool = False,
    command: str | None = None,
    formats: Sequence[str] | None = None,
) -> Path:
    """Write tables, result.json, figure and report.html into a folder.

    Whole or not at all: `write_folder`.

    Parameters
    ----------
    comparison : GroupingComparison
        Record of the groupings.
    folder, force, command, formats : as in `save_results`

    Returns
    -------
    pathlib.Path
        `folder`.
    """
    formats = session_formats() if formats is None else formats
    with write_folder(folder, "compare", force=force) as (target, finished):
        write_table(comparison.to_frame(), finished / "groupings.csv")
        write_table(comparison.labels_frame(), finished / "group_labels.csv")
        text = json_text(_describe(comparison, command))
        (finished / "result.json").write_text(text, encoding="utf-8")
        if formats:
            write_comparison(comparison, finished / "figures", formats=formats)
        write_comparison_page(finished)
    return target


def _describe(comparison: GroupingComparison, command: str | None) -> dict[str, Any]:
    types = comparison.types
    return {
        **result_header(command),
        "input": describe_recording(comparison.recording),
        "presentations": describe_presentations(comparison.presentations),
        "environment": environment(),
        "issues": describe_issues(comparison.issues),
        "settings": comparison.settings,
        "headline": comparison.headline(),
        "sentences": comparison.sentences(),
        "n_groups": comparison.n_groups,
        "number_from": comparison.number_from,
        "unit_ids": comparison.unit_ids,
        "n_all_units": comparison.n_all_units,
        "types": types and {"name": comparison.types_name, "labels": types},
        "costs": [{**vars(cost), "text": str(cost)} for cost in comparison.costs],
        "missing": comparison.missing,
        "groupings": [
            _describe_grouping(one, row)
            for one, row in zip(
                comparison.groupings,
                comparison.to_frame().to_dict("records"),
                strict=True,
            )
        ],
    }


def _describe_grouping(grouping: Grouping, row: dict[Any, Any]) -> dict[str, Any]:
    def scores(of: GroupingScores | None, prefix: str) -> dict[str, Any] | None:
        if of is None:
            return None
        measured = {
            key.removeprefix(prefix): value
            for key, value in row.items()
            if key.startswith(prefix)
        }
        return {"n_groups": of.n_groups, **measured, "labels": of.labels}

    return {
        "name": grouping.name,
        "description": grouping.description,
        "number_rule": grouping.number_rule or None,
        "seconds": grouping.seconds,
        "n_units": grouping.n_units,
        "own": scores(grouping.own, "own_"),
        "same": scores(grouping.same, "same_"),
        "gains": [
            {**vars(gain), "difference": gain.difference, "is_clear": gain.is_clear}
            for gain in grouping.gains
        ],
    }
