"""report.html: one page, from what lies in a result folder and nothing else."""

from __future__ import annotations

import base64
import csv
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from neuroclass._wording import some
from neuroclass.exceptions import RecordingError
from neuroclass.plotting import FIGURE_NAMES, class_colors
from neuroclass.report.methods import methods_paragraph, setting, time_text
from neuroclass.report.results import LABEL_COLUMNS
from neuroclass.selection import REAL_SPLIT

if TYPE_CHECKING:
    import os

__all__ = ["write_report"]

_FORMAT_VERSION = 1
_DASH = "\N{EN DASH}"


def write_report(folder: str | os.PathLike[str]) -> Path:
    """Render report.html from the files of a result folder.

    The page holds its figures and its style, needs no network and runs no script.

    Parameters
    ----------
    folder : path
        A result folder with ``result.json``, ``labels.csv`` and ``figures``.

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
    folder = Path(folder)
    result = _read_result(_existing(folder, "result.json"))
    units = _read_labels(_existing(folder, "labels.csv"))
    figures = {
        name: _read_figure(folder, name)
        for name in FIGURE_NAMES
        if name != "co_clustering" or result.get("stability")
    }
    try:
        page = _render(result, units, figures)
    except (KeyError, TypeError, IndexError, jinja2.UndefinedError) as error:
        raise RecordingError(
            f"{folder / 'result.json'} must hold all that neuroclass wrote; missing "
            f"or changed: {error}. Run `neuroclass cluster` again."
        ) from error
    path = folder / "report.html"
    unfinished = path.with_name(".report.html.tmp")
    unfinished.write_text(page, encoding="utf-8")
    unfinished.replace(path)
    return path


def _existing(folder: Path, *names: str) -> Path:
    """Return the first of these files that exists in the folder."""
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(
        f"folder must be a result folder of `neuroclass cluster`; {folder} has no "
        f"{names[0]}. Run `neuroclass cluster RECORDING -o {folder}` to make it."
    )


def _read_result(path: Path) -> dict[str, Any]:
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        found = result["format_version"]
    except (ValueError, KeyError, TypeError) as error:
        raise RecordingError(
            f"{path} must be the result.json of neuroclass; it cannot be read "
            f"({error}). Run `neuroclass cluster` again."
        ) from error
    if found != _FORMAT_VERSION:
        raise RecordingError(
            f"{path} must have format_version {_FORMAT_VERSION}; got {found}. Use the "
            f"neuroclass that wrote it."
        )
    return dict(result)


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


def _read_figure(folder: Path, name: str) -> str:
    """Return a figure as a data address, so that the page is one file."""
    path = _existing(folder, f"figures/{name}.svg", f"figures/{name}.png")
    kind = "svg+xml" if path.suffix == ".svg" else "png"
    content = base64.b64encode(path.read_bytes()).decode("ascii")
    return f"data:image/{kind};base64,{content}"


def _render(
    result: dict[str, Any], units: list[dict[str, str]], figures: dict[str, str]
) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("neuroclass"),
        autoescape=True,  # names of units and stimuli are anybody's text
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": _number,
        "percent": _percent,
        "share": _share,
        "interval": _interval,
        "time": time_text,
        "count": _count,
    }
    return environment.get_template("report.html").render(
        result=result,
        units=units,
        figures=figures,
        captions={name: _CAPTIONS[name] for name in _CAPTIONS if name in figures},
        colors=class_colors(result["n_clusters"]),
        headline=_headline(result),
        support=_support(result),
        notes=_notes(result, units),
        members=_labels_by_recording(units),
        settings=[
            (name, *_setting_text(name, *setting(result, name)))
            for name in result["settings"]
        ],
        methods=methods_paragraph(result),
    )


def _number(value: float | str | None, digits: int = 3) -> str:
    """Return a number to so many digits, a dash where there is none."""
    if value is None or value == "":
        return _DASH
    value = float(value)
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if magnitude < -4:
        return f"{value:.{digits - 1}e}"
    text = f"{value:.{max(digits - 1 - magnitude, 0)}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def _interval(bounds: list[float | None]) -> str:
    """Return "low to high", or nothing."""
    low, high = bounds
    return "" if low is None or high is None else f"{_number(low)} to {_number(high)}"


def _share(value: float | None) -> str:
    """Return a number between -1 and 1 to two places."""
    return _DASH if value is None else f"{value:.2f}".replace("-", "\N{MINUS SIGN}")


def _percent(share: float | None) -> str:
    return _DASH if share is None else f"{100 * share:.0f}\N{NO-BREAK SPACE}%"


def _count(number: int, thing: str) -> str:
    """Return "1 class" or "3 classes"."""
    plural = thing + ("es" if thing.endswith("s") else "s")
    return f"{number} {thing if number == 1 else plural}"


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
        return f"The fewest that lose at most {_percent(loss)} of the information."
    if not why:
        return "The number was given, not found in these data."
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
    notes = [str(note) for note in result["notes"]]
    fewest = min(stimulus["n_repeats"] for stimulus in presentations["stimuli"])
    if fewest < 10:
        information = result["information"]
        low, high = sorted((information["bits_per_word"], information["jackknife"]))
        notes.append(
            f"Only {fewest} repeats: the correction for sampling is rough. Take the "
            f"identity information as {_interval([low, high])} bits per word."
        )
    left_out: dict[str, list[str]] = {}
    for unit in units:
        if not unit["label"]:
            left_out.setdefault(unit["reason"], []).append(unit["unit_id"])
    drift = result["drift"]
    if drift["n_drifting"] and not drift["n_unsafe"]:  # else it is among the notes
        notes.append(f"{drift['summary'][0]}.")
    for reason, names in left_out.items():
        number = _count(len(names), "unit")
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


def _setting_text(name: str, value: Any, why: str) -> tuple[str, str]:
    """Return a setting's value as text, and why it was chosen."""
    if value is None:
        return _DASH, why
    if isinstance(value, float) and name in ("bin_size", "trial_duration"):
        return time_text(value), why
    if name == "memory":
        return f"{value / 1e9:g} GB", why
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False), why
    return str(value), why


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
