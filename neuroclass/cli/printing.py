"""Output of the command line: text 80 columns wide, or JSON for programs.

Input: results as plain numbers and strings. Output: lines on stdout.
"""

import json
import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from neuroclass._lib.json_text import plain
from neuroclass._lib.wording import estimate, rounded, some

__all__ = [
    "describe_drifting",
    "describe_groups",
    "describe_information",
    "describe_words",
    "presentation_notes",
    "print_families",
    "print_item",
    "print_json",
    "print_result",
    "print_table",
]

_INDENT = 18
_MOST_PAIRS = 6  # of recordings, listed; those that agree least
_MOST_CUTS = 8  # listed, and the shown one
_MOST_STIMULI = 10
_MOST_NAME = 24  # characters
_MOST_SIZES = 8  # classes of a cut whose neurons are listed
# A path stays in one piece, to be copied, even where it is longer.
_LINES = textwrap.TextWrapper(
    80 - _INDENT, break_long_words=False, break_on_hyphens=False
)


def print_result(result: dict[str, Any]) -> None:
    """Print the main results of result.json."""
    n_units, timing = result["input"]["n_units"], result["timing"]
    n_left_out = n_units - result["n_neurons"]
    lines = []
    if timing:
        n_left_out -= len(timing["set_aside"]) + len(timing["silent"])
        lines = _describe_units(timing)
    if n_left_out:
        lines.append(f"{n_left_out} of {n_units} left out: see labels.csv")
    if lines:
        print_item("units", *lines)
    presentations, selection = result["presentations"], result["selection"]
    print_item("repeats", presentations["reason"], *presentation_notes(result))
    print_item("words", describe_words(result["settings"]))
    print_item("neuron identity", *describe_information(result["information"]))
    print_item("drift", *describe_drifting(result["drift"]))
    method = result["settings"]["method"]
    if isinstance(method, dict) and method["value"] == "sequential":
        print_item("method", f"sequential, for {method['why']}")
    criterion = result["settings"]["criterion"]
    if isinstance(criterion, dict):
        print_item("criterion", f"{criterion['value']}, since {criterion['why']}")
    number, low, high = result["n_clusters"], selection["low"], selection["high"]
    if timing:
        print_item("classes", timing["headline"], *timing["sentences"])
    else:
        span = f"{low}" if low == high else f"{low} to {high}"
        support = "" if low == high == number else f" (these data support {span})"
        print_item("classes", f"{number}{support}", selection["reason"])
    if result["n_distinguishable"] is not None:
        print_item(
            "", f"{describe_groups(result['n_distinguishable'])}: see discriminate"
        )
    class_information = result["information"]["class_information"]
    if number == 1:
        # One class has no class information, by definition.
        if not selection["is_determined"]:
            print_item(
                "",
                "--n-clusters INT cuts finer; the report has the class information by "
                "number of classes",
            )
    elif timing:
        print_item("class information", *_describe_shares(result))
    elif class_information["share"] is not None:
        print_item("class information", _describe_share(class_information))
    if result["stability"]:
        print_item("stability", *_describe_stability(result["stability"]))
    elif result["settings"]["stability"]:
        print_item("stability", "one class is stable by definition")
    agreement = result["agreement"]
    if agreement and number == 1:
        print_item("agreement", f"with {agreement['name']}: undefined for one class")
    elif agreement:
        print_item(
            "agreement",
            f"with {agreement['name']}, {agreement['n_units']} units: adjusted mutual "
            f"information {agreement['adjusted_mutual_information']:.3g}, "
            f"p = {agreement['p_value']:.2g} of {agreement['n_permutations']} "
            "permutations",
        )
    by_recording = result["by_recording"]
    if by_recording and number > 1:
        print_item(
            "recordings",
            "pooled: adjusted mutual information of classes and recordings "
            f"{by_recording['adjusted_mutual_information']:.3g}, "
            f"p = {by_recording['p_value']:.2g}",
        )
    if result.get("mosaics"):
        _print_mosaics(result["mosaics"])
    if timing:
        _print_cuts(timing)
    has_stability = result["classes"][0]["stability"] is not None
    print_table(
        ("class", "neurons", "Hz", "bits/word", "95 %", *["stability"] * has_stability),
        (
            (
                part["label"],
                part["n_neurons"],
                part["firing_rate_hz"],
                *_beside(part["information_bits"], part["information_interval"]),
                *[part.get("stability", "")] * has_stability,
            )
            for one in result["classes"]
            for part in (one, *one["subclasses"])
        ),
    )
    if result.get("advice"):
        _print_advice(result["advice"])
    if result.get("description"):
        _print_description(result["description"])
    if any(one["subclasses"] for one in result["classes"]):
        print_item(
            "subclasses",
            "0.0, 0.1, ...: the sides of a real split inside class 0; neurons outside "
            "of it are in none",
        )


def _print_advice(advice: dict[str, Any]) -> None:
    """Print what the stimuli tell, and what to record next."""
    print_item("next", *advice["sentences"])
    told = sorted(advice["stimuli"], key=lambda one: -one["class_information_bits"])
    print_table(
        ("stimulus", "repeats", "s", "neurons", "classes", "pairs separated"),
        (
            (
                str(one["stimulus"])[:_MOST_NAME],
                one["n_repeats"],
                one["duration_seconds"],
                one["neuron_information_bits"],
                one["class_information_bits"],
                f"{one['n_pairs_separated']} of {one['n_pairs']}",
            )
            for one in told[:_MOST_STIMULI]
        ),
    )
    notes = ["neurons, classes: information about them, in bits per spike"]
    if len(told) > _MOST_STIMULI:
        notes.append(f"{len(told) - _MOST_STIMULI} more stimuli in the report")
    print_item("stimuli", *notes)


def _print_description(described: dict[str, Any]) -> None:
    """Print what the classes respond to."""
    for k, one in enumerate(described["classes"]):
        violations = one["refractory_violations"]
        parts = [one["description"]] if one["description"] else []
        if one["reliability"] is not None:
            parts.append(f"reliability {one['reliability']:.2f}")
        if violations is not None:
            parts.append(f"violations {100 * violations:.2g} %")
        print_item("" if k else "responses", f"{one['class']}: {'; '.join(parts)}")
    print_item(
        "",
        "medians of units; reliability: 1 if all repeats are the same; violations: "
        "intervals below 1.5 ms",
    )


def _describe_units(timing: dict[str, Any]) -> list[str]:
    """Return the units that did not make the classes, in sentences."""
    sentences = []
    if timing["set_aside"]:
        names = [
            f"{one['unit_id']} (class {one['label']}, {one['confidence']:.2f})"
            if one["confidence"] is not None
            else f"{one['unit_id']} (class {one['label']})"
            for one in timing["set_aside"]
        ]
        sentences.append(
            f"{len(names)} set aside, their response does not repeat; in brackets the "
            f"class that they are assigned to, and its probability: {some(names)}"
        )
    if unassigned := timing.get("unassigned"):
        aside = {one["unit_id"] for one in timing["set_aside"]}
        names = [
            f"{one['unit_id']} (class {one['label']}, {one['confidence']:.2f})"
            for one in unassigned
            if one["unit_id"] not in aside
        ]
        n_aside = len(unassigned) - len(names)
        text = f"{len(unassigned)} unassigned, confidence below "
        text += f"{timing['min_confidence']:g}"
        parts = [f"{n_aside} of those set aside"] if n_aside else []
        if names:
            parts.append(
                f"in brackets the nearest class, which counts them: {some(names)}"
            )
        sentences.append(f"{text}: {'; '.join(parts)}")
    if timing["silent"]:
        names = [str(unit_id) for unit_id in timing["silent"]]
        sentences.append(f"{len(names)} silent, in no class: {some(names, 12)}")
    return sentences


def _describe_shares(result: dict[str, Any]) -> list[str]:
    """Return the share of the classes in the information by timing and by words."""
    curve = result["information_curve"]["information"]
    lines = []
    if curve[-1] > 0:
        share = curve[result["n_clusters"] - 1] / curve[-1]
        lines.append(f"{100 * share:.0f} % of the timing information of the neurons")
    if result["information"]["class_information"]["share"] is not None:
        lines.append(_describe_share(result["information"]["class_information"]))
    return lines


def _describe_share(class_information: dict[str, Any]) -> str:
    low, high = class_information["share_interval"]
    share = 100 * class_information["share"]
    if low is None:
        return f"{share:.0f} % of the identity information"
    value, ends = estimate(share, 100 * low, 100 * high)
    return f"{value} % of the identity information (95 % interval {ends})"


def _print_cuts(timing: dict[str, Any]) -> None:
    """Print the ranked cuts as a table, and how to see another."""
    cuts = timing["ranked_cuts"]
    if not cuts:
        print_item("cuts", "none may hold")
        return
    listed = [cut for k, cut in enumerate(cuts) if k < _MOST_CUTS or cut["is_shown"]]
    print_table(
        (
            "cut",
            "z",
            "holds",
            "least alike",
            "timing",
            "stable",
            "neurons of each class",
        ),
        (
            (
                f"{cut['n_clusters']}{'*' * cut['is_shown']}",
                f"{cut['z']:.1f}",
                "surely" if cut["support"] == "sure" else "perhaps",
                _least_alike(cut),
                f"{100 * cut['share']:.0f} %",
                "-" if cut["stability"] is None else f"{cut['stability']:.2f}",
                " ".join(map(str, cut["sizes"][:_MOST_SIZES]))
                + " ..." * (len(cut["sizes"]) > _MOST_SIZES),
            )
            for cut in listed
        ),
    )
    others = [str(cut["n_clusters"]) for cut in cuts if not cut["is_shown"]]
    notes = [
        "z: separation of the two least separate classes (surely above 3); least "
        "alike: class with the lowest timing correlations, and their 10th percentile; "
        "timing: share of the timing information; stable: adjusted Rand index of the "
        "classes of odd with those of even repeats, which a cut through a continuum "
        "may have, too"
    ]
    if len(listed) < len(cuts):
        notes.append(f"{len(cuts) - len(listed)} more in the report")
    if others:
        shows = "shows the other" if len(others) == 1 else "shows another"
        star = "* is shown; " if len(others) < len(cuts) else ""
        notes.append(f"{star}--cut {others[0]} {shows if star else 'shows the first'}")
    print_item("cuts", *notes)


def _print_mosaics(mosaics: dict[str, Any]) -> None:
    """Print what the positions say, and the table of the classes."""
    print_item("mosaics", *mosaics["sentences"])
    has_radii = any(one["coverage"] is not None for one in mosaics["classes"])
    print_table(
        ("class", "placed", "index", "random", "um", *["coverage"] * has_radii, "is"),
        (
            (
                one["label"],
                one["n_cells"],
                _two_places(one["nearest_neighbour_index"]),
                " to ".join(map(_two_places, one["random_index"])),
                _rounded_um(one["effective_radius_um"]),
                *[_two_places(one["coverage"])] * has_radii,
                one["verdict"],
            )
            for one in mosaics["classes"]
        ),
    )
    print_item(
        "",
        "index: regularity of nearest neighbours, and 95 % of cells at random; um: "
        "effective radius of exclusion"
        + ("; coverage: 1 where fields tile" if has_radii else ""),
    )


def _two_places(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _rounded_um(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def _least_alike(cut: dict[str, Any]) -> str:
    known = [(r, k) for k, r in enumerate(cut["alike"]) if r is not None]
    if not known:
        return "-"
    correlation, label = min(known)
    return f"{label}: {correlation:.2f}"


def presentation_notes(result: dict[str, Any]) -> list[str]:
    """Return what was left out of the presentations, or shortened."""
    issues = result["issues"]
    return [one["text"] for one in issues if one["kind"] == "presentations"]


def _beside(
    value: float, interval: tuple[float | None, float | None]
) -> tuple[str, str | None]:
    """Return the cells of an estimate and of its interval."""
    text, ends = estimate(value, *interval)
    return text, ends or None


def describe_drifting(drift: dict[str, Any]) -> list[str]:
    """Return sentences on the units that drift, and the information without them."""
    sentences = list(drift["summary"])
    rest = drift["information_without"]
    if rest:
        value, ends = estimate(rest["bits_per_word"], *rest["interval"])
        sentences.append(
            f"without them, of {rest['n_neurons']} neurons: {value} bits per word"
            + (f" (95 % interval {ends})" if ends else "")
        )
    elif drift["n_unsafe"]:
        sentences.append(
            "without them too few neurons are left to measure the information"
        )
    return sentences


def _describe_stability(stability: dict[str, Any]) -> list[str]:
    agreement = "; ".join(
        f"{one['n_clusters']} classes {one['adjusted_rand_index']:.2f} "
        f"({one['interval'][0]:.2f} to {one['interval'][1]:.2f})"
        for one in stability["by_number"]
    )
    return [
        f"agreement with {stability['n_replicates']} resampled stimuli, adjusted Rand "
        f"index (95 %): {agreement}"
    ]


def describe_groups(n_distinguishable: int) -> str:
    """Return the number of distinguishable groups of neurons, as text."""
    if n_distinguishable == 1:
        return "no neurons are distinguishable"
    return f"{n_distinguishable} groups of neurons are distinguishable"


def print_families(result: dict[str, Any]) -> None:
    """Print the main results of families.json."""
    print_item("words", describe_words(result["settings"]))
    print_table(
        ("recording", "neurons", "classes"),
        [(r["name"], r["n_neurons"], r["n_clusters"]) for r in result["recordings"]],
    )
    names = [recording["name"] for recording in result["recordings"]]
    print_item(
        "families",
        f"{len(result['families'])}: classes of different recordings that are each "
        "other's nearest, in responses. A distance near that of the nearest other "
        "family is a doubtful match",
    )
    print_table(
        ("family", "recordings", "neurons", "distance", "nearest"),
        (
            (
                family["family"],
                sum(n > 0 for n in family["n_neurons"].values()),
                sum(family["n_neurons"].values()),
                family["distance"],
                family["nearest"],
            )
            for family in result["families"]
        ),
    )
    several = [k for k, r in enumerate(result["recordings"]) if r["n_clusters"] > 1]
    pairs = [(a, b) for a in several for b in several if a != b]
    if not pairs:
        print_item("agreement", "undefined for one class")
    by_agreement = sorted(pairs, key=lambda pair: result["agreement"][pair[0]][pair[1]])
    for a, b in by_agreement[:_MOST_PAIRS]:
        print_item(
            "agreement" if (a, b) == by_agreement[0] else "",
            f"neurons of {names[b]}, assigned to the classes of {names[a]}: adjusted "
            f"mutual information with their own {result['agreement'][a][b]:.3g}, "
            f"p = {result['p_value'][a][b]:.2g}",
        )
    if len(by_agreement) > _MOST_PAIRS:
        print_item("", f"the other {len(by_agreement) - _MOST_PAIRS} pairs agree more")


def describe_words(settings: dict[str, Any]) -> str:
    """Return the definition of a word, and its reason, from the settings."""
    bin_size, why = settings["bin_size"], "as given"
    if isinstance(bin_size, dict):
        bin_size, why = bin_size["value"], bin_size["why"]
    length = settings["word_length"]
    bins = "a bin" if length == 1 else f"{length} bins"
    content = "spike counts" if settings["response"] == "counts" else "spike or none"
    return f"{content} in {bins} of {1e3 * bin_size:g} ms: {why}"


def describe_information(information: dict[str, Any]) -> tuple[str, str]:
    """Return the identity information in its units, and its correction, as text."""
    per_word = information["bits_per_word"]
    low, high = information["interval"]

    def value_text(key: str, unit: str) -> str:
        value = information[key]
        # Durations and spikes are counted, not estimated: the interval only scales.
        scale = value / per_word if per_word and low is not None else None
        if scale is None:
            return f"{rounded(value)} {unit}"
        text, ends = estimate(value, low * scale, high * scale)
        return f"{text} {unit} ({ends})"

    units = {
        "bits_per_word": "bits per word",
        "bits_per_second": "bits/s",
        "bits_per_spike": "bits per spike",
    }
    values = [value_text(key, unit) for key, unit in units.items() if information[key]]
    values = values or ["0 bits per word"]
    estimator = information["estimator"]
    others = f"chance level {information['chance_level']:.2g}"
    if estimator != "plug-in":
        others = f"plug-in {rounded(information['plug_in'])}, {others}"
    other = "blend" if estimator == "empirical-bayes" else "empirical_bayes"
    others = f"{other.replace('_b', ' B')} {rounded(information[other])}, {others}"
    correction = "not corrected for few repeats"
    if estimator != "plug-in":
        correction = f"corrected for few repeats by {estimator}"
        if estimator == "empirical-bayes":
            correction += ", the estimate with the least bias"
    if low is not None:
        correction = f"95 % intervals in brackets; {correction}"
    return (", ".join(values), f"{correction}; {others}")


def print_item(name: str, *paragraphs: str) -> None:
    """Print a name and, beside it, paragraphs that fit in 80 columns."""
    for paragraph in paragraphs:
        for line in _LINES.wrap(paragraph) or [""]:
            print(f"{name:<{_INDENT}}{line}".rstrip())
            name = ""


def print_table(
    header: Sequence[str], rows: Iterable[Sequence[Any]], *, is_last: bool = True
) -> None:
    """Print a table between empty lines: first column to the left, others right.

    The empty line below is left to the next table unless it is the last.
    """
    cells = [list(header), *([_cell(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    print()
    for first, *others in cells:
        right = (f"{c:>{w}}" for c, w in zip(others, widths[1:], strict=True))
        print("  ".join((f"{first:<{widths[0]}}", *right)))
    if is_last:
        print()


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if math.isfinite(value) else "-"
    return "-" if value is None else str(value)


def print_json(result: object) -> None:
    """Print JSON; what is not a number is null."""
    print(json.dumps(plain(result), indent=2, allow_nan=False))
