"""Page of a result folder of `discriminate`, from the files in it alone.

Input: the folder. Output: its ``report.html``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neuroclass._lib.wording import plural
from neuroclass.report.csv_files import read_rows
from neuroclass.report.rendering import (
    PageFrame,
    as_percent,
    existing,
    read_result,
    write_page,
)
from neuroclass.report.result_schema import PAIR_SCHEMA

__all__ = ["write_pair_page"]


def write_pair_page(folder: Path) -> Path:
    """Render report.html from the files of a result folder of `discriminate`.

    Parameters
    ----------
    folder : pathlib.Path
        With ``result.json``, ``pairs.csv`` and ``figures``.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    FileNotFoundError
        If the folder or one of its files is missing.
    RecordingError
        If result.json or pairs.csv cannot be used.
    """
    frame = PageFrame(
        folder=folder,
        command="discriminate",
        template="pairs.html",
        captions=_CAPTIONS,
    )
    result = read_result(folder, frame.source, PAIR_SCHEMA, command=frame.command)
    table = existing(folder, "pairs.csv", command=frame.command)

    def contents() -> dict[str, Any]:
        return {
            "title": result["input"]["name"],
            "headline": (
                f"{result['n_pairs_distinguishable']} of "
                f"{plural(result['n_pairs'], 'pair', 'pairs')} of neurons are "
                "distinguishable"
            ),
            "issue_texts": _issues(result),
            "medians": _medians(result),
            "curves": _curves(result, table),
        }

    return write_page(frame, result, contents)


def _medians(result: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the median times of all pairs, and of those within and between classes."""
    names = {
        "all": "all",
        "within": "within a class",
        "between": "between classes",
        "safe": "without units that drift makes unsafe",
    }
    return [
        (names[name], median)
        for name, median in result["median_time_to_accuracy"].items()
        if name == "all" or 0 < median["n_pairs"] < result["n_pairs"]
    ]


def _curves(result: dict[str, Any], table: Path) -> list[dict[str, Any]]:
    """Return the pairs with decoder curves, and their rows of pairs.csv."""
    decoded = {
        frozenset((str(one["unit_a"]), str(one["unit_b"]))): one
        for one in result["decoder"]
    }
    rows = {}
    units = {unit for pair in decoded for unit in pair}
    for row in read_rows(table, {"unit_a": units, "unit_b": units})[1]:
        pair = frozenset((row["unit_a"], row["unit_b"]))
        if pair in decoded:
            rows[pair] = row
    return [{"decoder": one, "row": rows[pair]} for pair, one in decoded.items()]


def _issues(result: dict[str, Any]) -> list[str]:
    """Return what limits the conclusions, or was left out."""
    issues = [str(issue["text"]) for issue in result["issues"]]
    if recordings := result["input"]["recordings"]:
        issues.append(
            f"Neurons of {len(recordings)} recordings are pooled: two of different "
            "recordings differ by what differs between preparations, too."
        )
    issues += [
        f"Units {one['unit_a']} and {one['unit_b']} share "
        f"{as_percent(one['coincident_share'])} of their spikes, within 1 ms: "
        "possible duplicate units."
        for one in result["possible_duplicates"]
    ]
    return issues


# Title, caption and place, as in `class_page`.
_CAPTIONS = {
    "discrimination_times": (
        "Observation time of pairs",
        "Pairs by the observation time to 90 % correct answers; triangles are "
        "medians. Pairs that are not distinguishable have no time.",
        "half",
    ),
    "decoder_curves": (
        "Accuracy of a decoder",
        "Fraction of correct answers against the duration of the response, by a "
        "decoder tested on repeats that it was not given; bands are standard errors. "
        "Diamonds: the observation time from the divergence and its course through "
        "the stimulus.",
        "half",
    ),
    "pairwise_divergence": (
        "Divergence of every pair",
        "Jensen-Shannon divergence per second, in the order of the tree. Grey pairs "
        "are not distinguishable.",
        "alone",
    ),
}
