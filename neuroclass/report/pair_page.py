"""The page of a result folder of `discriminate`, from what lies in it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from neuroclass._lib.wording import plural
from neuroclass.plotting import PAIR_FIGURE_NAMES
from neuroclass.report.rendering import (
    as_percent,
    existing,
    figure_address,
    read_result,
    settings_as_text,
    write_page,
)

__all__ = ["write_pair_page"]


def write_pair_page(folder: Path) -> Path:
    """Render report.html from the files of a result folder of `discriminate`.

    Parameters
    ----------
    folder : Path
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
    result = read_result(existing(folder, "result.json", command="discriminate"))
    path = existing(folder, "pairs.csv", command="discriminate")
    figures = {
        name: figure_address(folder, f"figures/{name}", command="discriminate")
        for name in PAIR_FIGURE_NAMES
    }

    def context() -> dict[str, Any]:
        return {
            "result": result,
            "title": result["input"]["name"],
            "figures": figures,
            "captions": _CAPTIONS,
            "headline": (
                f"{result['n_pairs_distinguishable']} of "
                f"{plural(result['n_pairs'], 'pair', 'pairs')} of neurons are told "
                "apart"
            ),
            "kinds": _kinds(result),
            "curves": _curves(result, path),
            "notes": _notes(result),
            "settings": settings_as_text(result),
        }

    return write_page(folder, "result.json", "pairs.html", context)


def _kinds(result: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return what is said of all pairs, and of those within and between classes."""
    names = {
        "all": "all",
        "within": "within a class",
        "between": "of two classes",
        "safe": "without units that drift makes unsafe",
    }
    return [
        (names[name], kind)
        for name, kind in result["median_time_to_accuracy"].items()
        if name == "all" or 0 < kind["n_pairs"] < result["n_pairs"]
    ]


def _curves(result: dict[str, Any], path: Path) -> list[dict[str, Any]]:
    """Return the pairs that a decoder was tried on, with their rows of pairs.csv."""
    wanted = {
        frozenset((str(one["unit_a"]), str(one["unit_b"]))): one
        for one in result["decoder"]
    }
    rows = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            pair = frozenset((row["unit_a"], row["unit_b"]))
            if pair in wanted:
                rows[pair] = row
    return [{"decoder": one, "row": rows[pair]} for pair, one in wanted.items()]


def _notes(result: dict[str, Any]) -> list[str]:
    """Return what a reader must know before believing the rest."""
    notes = [str(note) for note in result["presentations"]["notes"]]
    if recordings := result["input"]["recordings"]:
        notes.append(
            f"Neurons of {len(recordings)} recordings are pooled: two of different "
            "recordings differ by what differs between preparations, too."
        )
    drift = result["drift"]
    if drift["n_unsafe"]:
        notes += [f"{sentence}." for sentence in drift["summary"]]
    for one in result["possible_duplicates"]:
        notes.append(
            f"Units {one['unit_a']} and {one['unit_b']} share "
            f"{as_percent(one['coincident_share'])} of their spikes, within 1 ms: "
            "possible duplicate units."
        )
    return notes


# Title, how to read it, and its place in the page, as in `class_page`.
_CAPTIONS = {
    "discrimination_times": (
        "Time to tell two neurons apart",
        "Pairs by the length of response until 90 % of answers are correct; triangles "
        "are medians. Pairs that are not distinguishable have no time.",
        "half",
    ),
    "decoder_curves": (
        "What a decoder achieves",
        "Answers that are correct, against the length of the response, by a decoder "
        "that does not see the repeat it is tested on; bands are standard errors. "
        "Diamonds: the time from the divergence and where in the stimulus it lies.",
        "half",
    ),
    "pairwise_divergence": (
        "Divergence of every pair",
        "How much a response tells per second about which of the two gave it, in the "
        "order of the tree. Grey pairs are not distinguishable.",
        "alone",
    ),
}
