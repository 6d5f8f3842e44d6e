"""Methods paragraph of a classification.

Input: the content of result.json. Output: one paragraph of plain text.
"""

from typing import Any

from neuroclass._lib.wording import between, rounded
from neuroclass.clustering import DOUBTFUL_PAIR, REAL_SPLIT, SURE_PAIR

__all__ = ["methods_paragraph", "setting", "time_text"]


def methods_paragraph(result: dict[str, Any]) -> str:
    """Return a Methods paragraph for these data and settings.

    Parameters
    ----------
    result : dict
        Content of result.json.

    Returns
    -------
    str
        One paragraph of plain text, ready to paste.

    Raises
    ------
    KeyError
        If `result` lacks a key that `neuroclass.report.write_result_json` writes.
    """
    return " ".join(
        [
            *_data(result),
            *_responses(result),
            *_information(result),
            *_classes(result),
        ]
    )


def setting(result: dict[str, Any], name: str) -> tuple[Any, str]:
    """Return the value of a setting, and the reason of an automatic choice, or ""."""
    value = result["settings"].get(name)
    if isinstance(value, dict) and "chosen" in value:
        return value["value"], value["why"] if value["chosen"] == "auto" else ""
    return value, ""


def time_text(seconds: float) -> str:
    """Return a time with its unit: ms below a second."""
    return f"{1000 * seconds:.4g} ms" if seconds < 1 else f"{seconds:.4g} s"


def _data(result: dict[str, Any]) -> list[str]:
    n_units, n_neurons = result["input"]["n_units"], result["n_neurons"]
    presentations = result["presentations"]
    stimuli = presentations["stimuli"]
    n_repeats = sorted({stimulus["n_repeats"] for stimulus in stimuli})
    durations = sorted({round(stimulus["duration_seconds"], 6) for stimulus in stimuli})
    repeats = _span([str(n) for n in n_repeats])
    lengths = _span([time_text(duration) for duration in durations])
    left_out = n_units - n_neurons
    pooled = result["input"]["recordings"]
    sentences = [
        f"Functional classes of {n_neurons} neurons were found with neuroclass "
        f"{result['neuroclass_version']} from the information that their responses "
        "carry about neuron identity (Schneidman, Bialek & Berry, 2002)."
    ]
    if left_out:
        was = "was" if left_out == 1 else "were"
        sentences.append(f"Of the {n_units} units recorded, {left_out} {was} left out.")
    if pooled:
        sentences.append(
            f"They are of {len(pooled)} recordings under the same stimulus, pooled "
            "into one population; stimuli were matched by name and time."
        )
    if presentations["condition"] == "none":
        sentences.append(
            f"The recording was cut into {repeats} stretches of {lengths}, without "
            "reference to a stimulus."
        )
    else:
        what = "one stimulus" if len(stimuli) == 1 else f"{len(stimuli)} stimuli"
        each = "" if len(stimuli) == 1 else " each"
        sentences.append(
            f"Responses to {what} of {lengths}, presented {repeats} times{each}, were "
            "used."
        )
    return sentences


def _span(texts: list[str]) -> str:
    """Return "a" or "a to b"."""
    return texts[0] if len(texts) == 1 else f"{texts[0]} to {texts[-1]}"


_CONDITIONS = {
    "stimulus,time": "for every stimulus and every time after its onset",
    "stimulus": "for every stimulus, pooled over the time after its onset",
    "time": "for every time after onset, with all stimuli pooled",
    "none": "over the whole recording, without conditioning on a stimulus",
}


def _responses(result: dict[str, Any]) -> list[str]:
    _, why = setting(result, "bin_size")
    word_length, _ = setting(result, "word_length")
    response, _ = setting(result, "response")
    duration = time_text(result["word_duration_seconds"])
    has_counts = response == "counts"
    content = "spike counts" if has_counts else "binary words (spike or no spike)"
    if word_length and word_length > 1:
        size = time_text(result["word_duration_seconds"] / word_length)
        text = (
            f"Spike trains were binned into {content} of {word_length} bins of {size} "
            f"({duration} in all)"
        )
    else:
        text = f"Spike trains were binned into {content} in bins of {duration}"
    if why:
        text += f"; the bin size was chosen from the data ({why.rstrip('.')})"
    condition = _CONDITIONS[result["presentations"]["condition"]]
    return [
        f"{text}.",
        f"The response distribution of each neuron was estimated {condition}.",
    ]


_ESTIMATORS = {
    "blend": "a blend of the jackknife and of subtracting the exact chance level",
    "empirical-bayes": "the jackknife without the excess that it is expected to leave",
    "plug-in": "the plug-in estimator, without correction",
    "miller-madow": "the Miller-Madow correction",
    "jackknife": "the jackknife over repeats",
}


def _information(result: dict[str, Any]) -> list[str]:
    information = result["information"]
    estimator = _ESTIMATORS.get(information["estimator"], information["estimator"])

    def value_text(key: str, interval: str, unit: str) -> str:
        ends = between(*information[interval])
        value = f"{rounded(information[key])} {unit}"
        return value + (f" ({ends})" if ends else "")

    values = [value_text("bits_per_word", "interval", "bits per word")]
    values.append(value_text("bits_per_second", "bits_per_second_interval", "bits/s"))
    if information["bits_per_spike"] is not None:
        unit = "bits per spike"
        values.append(value_text("bits_per_spike", "bits_per_spike_interval", unit))
    is_raw = information["estimator"] == "plug-in"
    corrected = "not corrected for sampling" if is_raw else f"corrected by {estimator}"
    return [
        "The identity information, the Jensen-Shannon divergence of the neurons' "
        "response distributions averaged over conditions, was "
        f"{corrected}; intervals are by the jackknife over groups of repeats, of "
        "an estimate with less bias (empirical Bayes) and of its remainder.",
        f"It was {', '.join(values)}; 95 % intervals in brackets.",
    ]


def _classes(result: dict[str, Any]) -> list[str]:
    _, why = setting(result, "n_clusters")
    loss, _ = setting(result, "max_information_loss")
    selection = result["selection"]
    n_clusters = result["n_clusters"]
    name = "one class" if n_clusters == 1 else f"{n_clusters} classes"
    supported = _span(sorted({str(selection["low"]), str(selection["high"])}, key=int))
    leaf, before = "Neurons", ""
    if setting(result, "method")[0] == "sequential":
        leaf = f"{len(result['merge_tree']['leaf_order'])} micro-clusters"
        before = (
            "Neurons were put into micro-clusters by information-bottleneck k-means "
            "with sequential reassignment. "
        )
    sentences = [
        f"{before}{leaf} were merged into classes by agglomerative information "
        "bottleneck, at each step the pair whose merging loses least information "
        "(Miller-Madow corrected), and the partition was refined by sequential "
        "reassignment with restarts."
    ]
    if loss is not None:
        sentences.append(
            f"The number of classes was the smallest that loses at most {loss:.3g} of "
            f"the information: {name}."
        )
    elif why:
        sentences.append(
            "The number of classes was bounded on held-out parts of the stimulus, from "
            "below by the largest number at which the two least separate classes are "
            f"distinct (z above {SURE_PAIR:g}) and by the real splits of the tree (z "
            f"above {REAL_SPLIT:g}), from above by the largest at which they may be (z "
            f"above {DOUBTFUL_PAIR:g}), and set, between these bounds, by the largest "
            "relative drop of the gain from one more class: "
            f"{name} (supported by these data: {supported})."
        )
        if not selection["is_determined"]:
            sentences.append("With these data the number is not determined.")
    else:
        sentences.append(f"The number of classes was set to {n_clusters}.")
    share = result["information"]["class_information"]["share"]
    if share is not None and n_clusters > 1:
        sentences.append(
            f"The classes keep {100 * share:.0f} % of the information, both parts of "
            "the chain rule being corrected for sampling as above."
        )
    by_recording = result["by_recording"]
    if by_recording and n_clusters > 1:
        sentences.append(
            "The classes' adjusted mutual information with the recording is "
            f"{by_recording['adjusted_mutual_information']:.2f} "
            f"(p = {by_recording['p_value']:.2g}, "
            f"{by_recording['n_permutations']} permutations)."
        )
    agreement = result["agreement"]
    if agreement:
        sentences.append(
            f"Agreement with {agreement['name']} ({agreement['n_units']} units): "
            f"adjusted mutual information "
            f"{agreement['adjusted_mutual_information']:.2f}, adjusted Rand index "
            f"{agreement['adjusted_rand_index']:.2f}, p = {agreement['p_value']:.2g} "
            f"({agreement['n_permutations']} permutations)."
        )
    return sentences
