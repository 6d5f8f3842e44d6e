"""Methods paragraph of a classification.

Input: the content of result.json. Output: one paragraph of plain text.
"""

from typing import Any

from neuroclass._lib.wording import estimate, plural
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
    if result["timing"]:
        n_aside, n_silent = (
            len(result["timing"][name]) for name in ("set_aside", "silent")
        )
        left_out -= n_aside + n_silent
        if n_aside:
            sentences.append(_participation(n_aside))
        if n_silent:
            units = plural(n_silent, "unit", "units")
            sentences.append(f"{units} without a spike had no class.")
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


def _participation(n_aside: int) -> str:
    """Return who made the classes, and what became of the others."""
    units = plural(n_aside, "further unit", "further units")
    was, them = ("was", "it") if n_aside == 1 else ("were", "them")
    return (
        "Neurons made the classes whose response repeated: at least 20 spikes, and "
        "smoothed spike counts of odd and even repeats that correlate (r of .25 or "
        f"more, and z of 4 or more against random times). {units[0].upper()}"
        f"{units[1:]} {was} set aside and assigned afterwards, by the posterior "
        f"probability that the classes give to {them}."
    )


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
    if why and result["timing"] and "base bin" in why:
        text += ", the base bin of the time scales"
    elif why:
        text += f"; the bin size was chosen from the data ({why.rstrip('.')})"
    condition = _CONDITIONS[result["presentations"]["condition"]]
    return [
        f"{text}.",
        f"The response distribution of each neuron was estimated {condition}.",
    ]


_ESTIMATORS = {
    "blend": "a blend of the jackknife and of subtracting the exact chance level",
    "empirical-bayes": "the jackknife without the excess that it is expected to leave "
    "(empirical Bayes), the estimate with the least bias",
    "plug-in": "the plug-in estimator, without correction",
    "miller-madow": "the Miller-Madow correction",
    "jackknife": "the jackknife over repeats",
}


def _information(result: dict[str, Any]) -> list[str]:
    information = result["information"]
    estimator = _ESTIMATORS.get(information["estimator"], information["estimator"])

    def value_text(key: str, interval: str, unit: str) -> str:
        value, ends = estimate(information[key], *information[interval])
        return f"{value} {unit}" + (f" ({ends})" if ends else "")

    values = [value_text("bits_per_word", "interval", "bits per word")]
    values.append(value_text("bits_per_second", "bits_per_second_interval", "bits/s"))
    if information["bits_per_spike"] is not None:
        unit = "bits per spike"
        values.append(value_text("bits_per_spike", "bits_per_spike_interval", unit))
    is_raw = information["estimator"] == "plug-in"
    corrected = "not corrected for sampling" if is_raw else f"corrected by {estimator}"
    interval_of = "it"
    if information["estimator"] == "blend":
        interval_of = "an estimate with less bias (empirical Bayes)"
    return [
        "The identity information, the Jensen-Shannon divergence of the neurons' "
        "response distributions averaged over conditions, was "
        f"{corrected}; intervals are by the jackknife over groups of repeats, of "
        f"{interval_of} and of the bias that {interval_of} may keep.",
        f"It was {', '.join(values)}; 95 % intervals in brackets.",
    ]


def _classes(result: dict[str, Any]) -> list[str]:
    _, why = setting(result, "n_clusters")
    loss, _ = setting(result, "max_information_loss")
    selection, timing = result["selection"], result["timing"]
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
    lost = "timing information" if timing else "information"
    is_path = timing and loss is None and (why or setting(result, "cut")[0] is not None)
    refined = "sequential reassignment" + ("" if is_path else " with restarts")
    sentences = [
        *(_timing_criterion(result) if timing else ()),
        f"{before}{leaf} were merged into classes by agglomerative information "
        f"bottleneck, at each step the pair whose merging loses least {lost} "
        f"(Miller-Madow corrected), and the partition was refined by {refined}.",
    ]
    if loss is not None:
        sentences.append(
            f"The number of classes was the smallest that loses at most {loss:.3g} of "
            f"the {lost}: {name}."
        )
    elif is_path:
        sentences += _timing_number(result)
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
    curve = result["information_curve"]["information"]
    if timing and n_clusters > 1 and curve[-1] > 0:
        sentences.append(
            f"The classes keep {100 * curve[n_clusters - 1] / curve[-1]:.0f} % of the "
            "timing information of the neurons."
        )
    if timing:
        sentences += timing["sentences"]
    kept = "identity information" if timing else "information"
    share = result["information"]["class_information"]["share"]
    if share is not None and n_clusters > 1:
        sentences.append(
            f"The classes keep {100 * share:.0f} % of the {kept}, both parts of "
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


def _timing_criterion(result: dict[str, Any]) -> list[str]:
    """Return which information the classes by timing are made of, and why."""
    timing = result["timing"]
    scales = timing["time_resolution"]["seconds"]
    beta, _ = setting(result, "rate_weight")
    base, widest = time_text(scales[0]), time_text(scales[-1])
    widths = (
        f"in bins of {base}"
        if len(scales) == 1
        else f"in bins of {base} and of each twofold up to {widest} ({len(scales)} "
        "time scales; all but the narrowest in two phases, half a bin apart)"
    )
    rate = (
        "Mean firing rates took no part, since neurons of one type differ in rate by "
        "far more than types do"
        if not beta
        else f"Mean firing rates took part with a weight of {beta:g}"
    )
    return [
        "Classes were made of the timing information per spike: the mutual information "
        "between the neuron that fired a spike and the time of that spike in the "
        f"stimulus, given that the neuron fired, {widths}, and averaged over the "
        "scales. It is the Jensen-Shannon information of Schneidman et al. (2002) of "
        "the times of spikes; it takes no metric on responses or stimuli, but its "
        "nested bins use the order of time.",
        f"{rate}; a neuron weighs by the reliability of its profile, its effective "
        "spikes (corrected for the variance over repeats) over these and the number at "
        "which sampling noise equals the scatter within a class.",
    ]


def _timing_number(result: dict[str, Any]) -> list[str]:
    """Return how the number of classes by timing was found."""
    timing, n_clusters = result["timing"], result["n_clusters"]
    name = "one class" if n_clusters == 1 else f"{n_clusters} classes"
    found = "shown" if not timing["is_determined"] else "found"
    sentences = [
        "For their number, from more classes than may hold, the two least separate "
        "were merged again and again, all neurons being reassigned; the classes are "
        "one of these partitions. Two classes are separate if on held-out parts of the "
        "stimulus (20 blocks of equal spikes, odd against even, and three times ten at "
        "random against the others) the scores of their neurons leave a gap that "
        "neither a Gaussian nor a flat continuum would: they surely hold apart at z "
        "above 3 (the mean of these), and may above 0. Neurons of a class respond "
        "alike if the 10th percentile of the timing correlations between them, over "
        "their reliability, is .4 or more. The number is determined if every two "
        "classes surely hold apart, their neurons respond alike (at .6 if it is one "
        "class, and two simulated types that correlate at .7 would surely hold apart; "
        "at .7 in each of several classes of fewer than 16 neurons), and no more may "
        "hold: "
        f"{name} {found} (left open by these data: {timing['range']})."
    ]
    if not timing["is_determined"]:
        sentences.append("With these data the number is not determined.")
    cut, _ = setting(result, "cut")
    if cut is not None:
        sentences.append(f"The cut into {cut} was asked for.")
    return sentences
