"""The page of a result folder of `cluster`, from what lies in it and nothing else."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from neuroclass._lib.wording import plural, some
from neuroclass.clustering import REAL_SPLIT
from neuroclass.exceptions import RecordingError
from neuroclass.plotting import FIGURE_NAMES, class_colors
from neuroclass.report.methods import methods_paragraph, setting
from neuroclass.report.rendering import (
    as_interval,
    as_percent,
    existing,
    figure_address,
    read_result,
    settings_as_text,
    write_page,
)
from neuroclass.report.tables import LABEL_COLUMNS

__all__ = ["write_class_page"]


def write_class_page(folder: Path) -> Path:
    """Render report.html from the files of a result folder of `cluster`.

    Parameters
    ----------
    folder : Path
        With ``result.json``, ``labels.csv`` and ``figures``.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    FileNotFoundError
        If the folder or one of its files is missing.
    RecordingError
        If result.json or labels.csv cannot be used.
    """
    result = read_result(existing(folder, "result.json", command="cluster"))
    units = _read_labels(existing(folder, "labels.csv", command="cluster"))
    figures = {
        name: figure_address(folder, f"figures/{name}", command="cluster")
        for name in FIGURE_NAMES
        if name != "co_clustering" or result.get("stability")
    }

    def context() -> dict[str, Any]:
        return {
            "result": result,
            "title": result["input"]["name"],
            "units": units,
            "figures": figures,
            "captions": {n: c for n, c in _CAPTIONS.items() if n in figures},
            "colors": class_colors(result["n_clusters"]),
            "headline": _headline(result),
            "support": _support(result),
            "notes": _notes(result, units),
            "members": _labels_by_recording(units),
            "settings": settings_as_text(result),
            "methods": methods_paragraph(result),
        }

    return write_page(folder, "result.json", "report.html", context)


def _read_labels(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        missing = set(LABEL_COLUMNS) - set(reader.fieldnames or ())
        if missing:
            raise RecordingError(
                f"{path} must have the columns {', '.join(LABEL_COLUMNS)}; missing: "
                f"{', '.join(sorted(missing))}. Run `neuroclass cluster` again."
            )
        return list(reader)


def _headline(result: dict[str, Any]) -> str:
    n_neurons, n_clusters = result["n_neurons"], result["n_clusters"]
    if n_clusters == 1:
        return f"All {n_neurons} neurons form one functional class"
    return f"{n_neurons} neurons fall into {n_clusters} functional classes"


def _support(result: dict[str, Any]) -> str:
    """Return a sentence on how far the number of classes is supported."""
    selection, n_clusters = result["selection"], result["n_clusters"]
    low, high = selection["low"], selection["high"]
    span = f"{low}" if low == high else f"{low} to {high}"
    _, why = setting(result, "n_clusters")
    loss, _ = setting(result, "max_information_loss")
    if loss is not None:
        return f"The fewest that lose at most {as_percent(loss)} of the information."
    if not why:
        return (
            "The number was given, not found in these data: the splits of its tree "
            f"support {span}."
        )
    if not selection["is_determined"]:
        return (
            f"The number is not determined by these data: {span} are supported, and "
            "the two ways of counting disagree."
        )
    if low == high == n_clusters:
        return "The number is determined by these data."
    return f"The number is determined by these data within {span}."


def _notes(result: dict[str, Any], units: list[dict[str, str]]) -> list[str]:
    """Return what a reader must know before believing the rest."""
    presentations = result["presentations"]
    notes = [str(issue["text"]) for issue in result["issues"]]
    fewest = min(stimulus["n_repeats"] for stimulus in presentations["stimuli"])
    if fewest < 10:
        information = result["information"]
        low, high = sorted((information["bits_per_word"], information["jackknife"]))
        notes.append(
            f"Only {fewest} repeats: the correction for sampling is rough. Take the "
            f"identity information as {as_interval([low, high])} bits per word."
        )
    left_out: dict[str, list[str]] = {}
    for unit in units:
        if not unit["label"]:
            left_out.setdefault(unit["reason"], []).append(unit["unit_id"])
    drift = result["drift"]
    if drift["n_drifting"] and not drift["n_unsafe"]:  # else it is among the notes
        notes.append(f"{drift['summary'][0]}.")
    for reason, names in left_out.items():
        number = plural(len(names), "unit", "units")
        notes.append(f"Left out: {number} ({reason}): {some(names, 12)}.")
    if presentations["condition"] == "none":
        notes.append(
            "Nothing was conditioned on: classes are of word statistics, a weaker "
            "question than responses to a stimulus."
        )
    return notes


def _labels_by_recording(units: list[dict[str, str]]) -> dict[str, list[str]]:
    labels: dict[str, list[str]] = {}
    for unit in units:
        labels.setdefault(unit["recording"], []).append(unit["label"])
    return labels


# Title, how to read it, and its place in the page: half of it, alone, or all of it.
_CAPTIONS = {
    "information_curve": (
        "Information kept by the classes",
        "How much the responses tell about which class, against the number of "
        "classes; at the right end every neuron is its own class. The dot is the "
        "chosen number, the upright band its range, the band along the curve the "
        "95 % interval. The dotted line is the information of all neurons corrected "
        "for few repeats: what the curve has beyond it is sampling noise.",
        "half",
    ),
    "class_sizes": (
        "Class sizes and firing rates",
        "Neurons per class, and the firing rate of each neuron inside the "
        "presentations; the line is the median.",
        "half",
    ),
    "merge_tree": (
        "Merge tree",
        "Neurons merged step by step where it costs least. Height: the information "
        "lost when that merge is done, with all before it. A dashed line cuts the tree "
        "into the classes, if there are several. Numbers are z-scores of a split on "
        f"held-out parts of the stimulus; a split with z > {REAL_SPLIT:g} (filled) is "
        "real.",
        "wide",
    ),
    "pairwise_loss": (
        "Pairwise losses",
        "What would be lost if just these two neurons were one class, in the order of "
        "the tree. Dark blocks on the diagonal are neurons that answer alike.",
        "alone",
    ),
    "co_clustering": (
        "Stability of the classes",
        "How often two neurons were of one class when the stimulus was resampled in "
        "blocks, in the order of the tree; lines are the boundaries of the classes. "
        "Black blocks along the diagonal, and white elsewhere, are stable classes.",
        "alone",
    ),
    "class_responses": (
        "Responses by class",
        "Mean firing rate of each class against time, members faint; each class on "
        "its own scale, cut where a single member leaves it.",
        "wide",
    ),
    "rasters": (
        "Example neurons",
        "The most typical neurons of each class: those whose mean response is most "
        "like that of the others. Each line of dots is one repeat.",
        "wide",
    ),
}
