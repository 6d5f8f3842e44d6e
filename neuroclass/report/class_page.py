"""Page of a result folder of `cluster`, from the files in it alone.

Input: the folder. Output: its ``report.html``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neuroclass._lib.wording import plural, some
from neuroclass.clustering import REAL_SPLIT
from neuroclass.exceptions import RecordingError
from neuroclass.plotting import (
    DESCRIPTION_FIGURE_NAMES,
    MOSAIC_FIGURE_NAMES,
    TIMING_FIGURE_NAMES,
    class_colors,
)
from neuroclass.report.csv_files import LABEL_COLUMNS, read_rows
from neuroclass.report.methods import methods_paragraph, setting
from neuroclass.report.rendering import (
    PageFrame,
    as_interval,
    as_percent,
    existing,
    read_result,
    write_page,
)
from neuroclass.report.result_schema import CLASS_SCHEMA

__all__ = ["write_class_page"]

_NUMBERS = (
    *("n_spikes", "firing_rate_hz", "information_bits", "information_low_bits"),
    *("information_high_bits", "stability", "drift_q_value", "confidence"),
    *("x_um", "y_um"),
)


def write_class_page(folder: Path) -> Path:
    """Render report.html from the files of a result folder of `cluster`.

    Parameters
    ----------
    folder : pathlib.Path
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
    result = read_result(folder, "result.json", CLASS_SCHEMA, command="cluster")
    path = existing(folder, "labels.csv", command="cluster")
    units = _read_labels(path, result["n_clusters"])
    of_criterion = _TIMING_CAPTIONS if result.get("timing") else {}
    described = result.get("description")
    has_filters = bool(described and described["spike_triggered_average"])
    captions = {
        name: caption
        for name, caption in (_CAPTIONS | of_criterion).items()
        if (name != "co_clustering" or result.get("stability"))
        and (name not in MOSAIC_FIGURE_NAMES or result.get("mosaics"))
        and (name not in DESCRIPTION_FIGURE_NAMES or described)
        and (name != "stimulus_filters" or has_filters)
    }
    frame = PageFrame(
        folder=folder, command="cluster", template="classes.html", captions=captions
    )

    def contents() -> dict[str, Any]:
        drifting = {
            str(unit)
            for issue in result["issues"]
            if issue["kind"] == "drift"
            for unit in issue["units"]
        }
        return {
            "title": result["input"]["name"],
            "headline": _headline(result),
            "issue_texts": _issues(result, units),
            "support": _support(result),
            "colors": class_colors(result["n_clusters"]),
            "units": [unit | {"remarks": _remarks(unit, drifting)} for unit in units],
            "n_counted": sum(unit["information_bits"] != "" for unit in units),
            "members": _labels_by_recording(units),
            "methods": methods_paragraph(result),
            "inline_figures": (
                *TIMING_FIGURE_NAMES,
                *MOSAIC_FIGURE_NAMES,
                *DESCRIPTION_FIGURE_NAMES,
            ),
            "described": described,
            "advice": result.get("advice"),
            "measures": _measures(described),
            "words": {
                one["class"]: one["description"]
                for one in described["classes"]
                if one["description"]
            }
            if described
            else {},
            "mosaics": result.get("mosaics"),
            "unassigned": (result["timing"] or {}).get("unassigned", []),
            "cuts": _cuts(result),
            "timing_share": _timing_share(result),
        }

    return write_page(frame, result, contents)


def _read_labels(path: Path, n_clusters: int) -> list[dict[str, str]]:
    """Return the rows of labels.csv, each cell of the type of its column."""
    columns, units = read_rows(path)
    missing = set(LABEL_COLUMNS) - set(columns)
    if missing:
        raise RecordingError(
            f"{path} must have the columns {', '.join(LABEL_COLUMNS)}; missing: "
            f"{', '.join(sorted(missing))}. Run `neuroclass cluster` again."
        )
    for number, unit in enumerate(units, start=1):
        wrong = [name for name in _NUMBERS if not _is_number_or_empty(unit[name])]
        label = unit["label"]
        if label and not (label.isdecimal() and int(label[:9]) < n_clusters):
            wrong.append("label")
        if wrong:
            raise RecordingError(
                f"{path}: row {number} must hold numbers, and labels below "
                f"{n_clusters}; got {unit[wrong[0]][:40]!r} for {wrong[0]}. Run "
                "`neuroclass cluster` again."
            )
    return units


def _is_number_or_empty(cell: str) -> bool:
    try:
        return not cell or abs(float(cell)) < 1e300
    except ValueError:
        return False


def _remarks(unit: dict[str, str], drifting: set[str]) -> str:
    """Return why a unit was left out or set aside, and what is doubtful about it."""
    remarks = [unit["reason"]] if unit["reason"] else []
    if unit["is_silent"] == "true" and not unit["reason"].startswith("silent"):
        remarks.insert(0, "silent")
    if unit["unit_id"] in drifting:
        remarks.append("drifts")
    return "; ".join(remarks)


def _cuts(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the ranked cuts, each with its class whose neurons respond least alike."""
    if not result["timing"]:
        return []
    cuts = []
    for cut in result["timing"]["ranked_cuts"]:
        known = [(r, k) for k, r in enumerate(cut["alike"]) if r is not None]
        cuts.append(cut | {"least_alike": min(known) if known else None})
    return cuts


def _timing_share(result: dict[str, Any]) -> float | None:
    """Return the share of the classes in the timing information, if that is known."""
    curve = result["information_curve"]["information"]
    if not result["timing"] or not curve[-1]:
        return None
    return float(curve[result["n_clusters"] - 1] / curve[-1])


def _measures(described: dict[str, Any] | None) -> list[tuple[str, str, str, float]]:
    """Return key, name, unit and factor of what the described classes were measured by.

    In the order of the table; of steps, flicker and directions those that are there.
    """
    if not described or not described["classes"]:
        return []
    return [one for one in _MEASURES if one[0] in described["classes"][0]]


_MEASURES = (
    ("on_off_index", "ON/OFF index", "steps", 1.0),
    ("step_latency_seconds", "Latency", "ms", 1e3),
    ("transience", "Transience", "", 1.0),
    ("sta_time_to_peak_seconds", "Time to peak", "ms", 1e3),
    ("sta_biphasic_index", "Biphasic index", "", 1.0),
    ("direction_index", "Direction index", "", 1.0),
    ("orientation_index", "Orientation index", "", 1.0),
)


def _headline(result: dict[str, Any]) -> str:
    if result["timing"]:
        return str(result["timing"]["title"])
    n_neurons, n_clusters = result["n_neurons"], result["n_clusters"]
    if n_clusters == 1:
        return f"All {n_neurons} neurons form one functional class"
    return f"{n_neurons} neurons fall into {n_clusters} functional classes"


def _support(result: dict[str, Any]) -> str:
    """Return a sentence or two on the support of the number of classes."""
    selection, n_clusters = result["selection"], result["n_clusters"]
    low, high = selection["low"], selection["high"]
    span = f"{low}" if low == high else f"{low} to {high}"
    _, why = setting(result, "n_clusters")
    loss, _ = setting(result, "max_information_loss")
    if result["timing"]:
        fewest = "" if loss is None else f" {_fewest(loss)}"
        return f"{result['timing']['explanation']}{fewest}"
    if loss is not None:
        return _fewest(loss)
    if not why:
        return (
            "The number was given, not chosen from these data: the splits of the tree "
            f"support {span}."
        )
    if not selection["is_determined"]:
        return (
            f"The number is not determined by these data: {span} are supported, and "
            "the two counts of classes disagree."
        )
    if low == high == n_clusters:
        return "The number is determined by these data."
    return f"The number is determined by these data within {span}."


def _fewest(loss: float) -> str:
    return f"The fewest that lose at most {as_percent(loss)} of the information."


def _issues(result: dict[str, Any], units: list[dict[str, str]]) -> list[str]:
    """Return what limits the conclusions, or was left out."""
    presentations = result["presentations"]
    issues = [str(issue["text"]) for issue in result["issues"]]
    fewest = min(stimulus["n_repeats"] for stimulus in presentations["stimuli"])
    if fewest < 10:
        information = result["information"]
        low, high = sorted((information["bits_per_word"], information["jackknife"]))
        issues.append(
            f"Only {fewest} repeats: the correction for sampling is rough. Take the "
            f"identity information as {as_interval([low, high])} bits per word."
        )
    left_out: dict[str, list[str]] = {}
    timing = result["timing"] or {}
    named = {str(unit_id) for unit_id in timing.get("silent", [])}
    named |= {str(unit["unit_id"]) for unit in timing.get("unassigned", [])}
    for unit in units:
        if not unit["label"] and unit["unit_id"] not in named:
            left_out.setdefault(unit["reason"], []).append(unit["unit_id"])
    for reason, names in left_out.items():
        number = plural(len(names), "unit", "units")
        issues.append(f"Left out: {number} ({reason}): {some(names, 12)}.")
    if presentations["condition"] == "none":
        issues.append(
            "Responses are not conditioned on a stimulus: neurons are classified by "
            "their word statistics alone."
        )
    return issues


def _labels_by_recording(units: list[dict[str, str]]) -> dict[str, list[str]]:
    labels: dict[str, list[str]] = {}
    for unit in units:
        labels.setdefault(unit["recording"], []).append(unit["label"])
    return labels


_DRIFTS = 0.05  # q-value below which a unit drifts

# Title, caption and place of each figure, in their order on the page.
_CAPTIONS = {
    "information_curve": (
        "Information of the classes",
        "Class information against the number of classes; at the right end every "
        "neuron is its own class. Dot: the chosen number of classes; vertical band: "
        "its supported range; band along the curve: 95 % interval. Dotted line: "
        "identity information of all neurons, corrected for few repeats; the part of "
        "the curve above it is sampling noise.",
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
        "Neurons are merged step by step, each time with the smallest loss of "
        "information. Height: cumulative loss. A dashed line cuts the tree into the "
        "classes, if there are several. Numbers are z-scores of a split on held-out "
        f"parts of the stimulus; a split with z > {REAL_SPLIT:g} (filled) is real.",
        "wide",
    ),
    "pairwise_loss": (
        "Pairwise losses",
        "Information lost by merging two neurons, in the order of the tree. Dark "
        "blocks on the diagonal are neurons with similar responses.",
        "alone",
    ),
    "co_clustering": (
        "Stability of the classes",
        "Share of resampled stimuli (in blocks) in which two neurons are of one class, "
        "in the order of the tree; lines are the boundaries of the classes. Black "
        "blocks along the diagonal, and white elsewhere, are stable classes.",
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
        "The most typical neurons of each class: those whose mean response correlates "
        "best with that of the others. Each row is one repeat.",
        "wide",
    ),
}

_CAPTIONS["class_maps"] = (
    "Where the neurons of each class lie",
    "A map per class, its neurons coloured, those of other classes grey; circles are "
    "receptive fields, where their radii are known. Index: mean over standard "
    "deviation of the distances to nearest neighbours.",
    "wide",
)

_CAPTIONS["recovery_profiles"] = (
    "How far apart the neurons of each class are",
    "Density of the neurons of a class against the distance from one of them (density "
    "recovery profile), over its mean (dashed); vertical line: effective radius. "
    "Neurons that keep a distance lack neighbours at the left.",
    "wide",
)
_CAPTIONS["autocorrelograms"] = (
    "Autocorrelograms",
    "Rate after a spike over the rate at long lags (dotted: 1), each unit faint, their "
    "median strong. Grey: the first 1.5 ms, in which one neuron does not fire; "
    "violations: median share of the intervals inside of it.",
    "wide",
)
_CAPTIONS["stimulus_filters"] = (
    "Spike-triggered averages",
    "Mean light before a spike, in its standard deviations; up is brighter. Each unit "
    "with a clear lobe faint, their mean strong. Dotted: the mean light.",
    "wide",
)

# The same of classes by timing; the first two stand beside their tables.
_TIMING_CAPTIONS = {
    "cuts": (
        "The ranked cuts",
        "One band per cut, at most six. Left: neurons in tree order, coloured by "
        "class. Right: mean response of each class over its own peak, the largest "
        "class on top. Classes have the colours of those shown with which they share "
        "most neurons. The cuts are tested partitions, not all nested in the tree.",
        "wide",
    ),
    "time_resolution": (
        "Information against time resolution",
        "Information between the time of a spike, to the width of a bin, and the "
        "neuron that fired it, or its class. Where the curve of the classes nears that "
        "of the neurons, the neurons of a class do not differ at that resolution.",
        "alone",
    ),
    "confidence": (
        "Confidence of each unit",
        "Probability that a unit belongs to its class rather than to the second best, "
        "calibrated: of the units called .9, about 90 % are in the class of their "
        "type. Hollow: set aside, and assigned afterwards. Grey: unassigned, below "
        "the bound (dashed). Right: units that are assigned.",
        "alone",
    ),
    "information_curve": (
        "Information of the classes",
        "Timing information of the classes, the mean over time resolutions, against "
        "their number; at the right end every neuron is its own class. Dot: the "
        "number of classes that is shown; vertical band: the range that these data "
        "leave open.",
        "half",
    ),
    "class_sizes": (
        "Class sizes and firing rates",
        "Neurons that made each class, and the firing rate of each inside the "
        "presentations; the line is the median. Rates take no part in the classes.",
        "half",
    ),
    "merge_tree": (
        "Merge tree",
        "Neurons that made the classes are merged step by step, each time with the "
        "smallest loss of timing information. Height: cumulative loss. A dashed line "
        "cuts the tree into the classes, if there are several.",
        "wide",
    ),
    "pairwise_loss": (
        "Pairwise losses",
        "Timing information lost by merging two neurons, in the order of the tree. "
        "Dark blocks on the diagonal are neurons with similar responses.",
        "alone",
    ),
}
