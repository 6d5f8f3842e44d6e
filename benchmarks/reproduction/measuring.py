"""What each claim of 2002 comes to on a recording: plain numbers, from seed or file.

Input: a simulated salamander retina, whose types are known, or a recording of `data/`.
Output: a dict of plain values, which `page` turns into docs/reproduction.md.
"""

import warnings
from pathlib import Path

import numpy as np

from neuroclass import (
    classify_neurons,
    discriminate_neurons,
    identity_information,
    load_recording,
    prepare_responses,
    scan_information,
)
from neuroclass.clustering import compare_labels
from neuroclass.simulation import simulate_salamander

DATA = Path(__file__).resolve().parents[2] / "data"
BIN = 0.02  # s
WORDS = (1, 2, 3, 4, 5, 6, 8)  # bins
REPEATS = 100
SEEDS = range(1000, 1010)  # those below were for trying the measurements
RECORDINGS = ("salamander_movie1", "salamander_movie2", "salamander_small")
_LAGS = np.arange(0, 0.4, 0.005)  # s, before a spike


def measure(seed=None, recording=None):
    """Measure every claim on the retina of a seed, or on a recording of `data/`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of drift, which the page names
        if recording is None:
            return _of_recording(simulate_salamander(REPEATS, random_state=seed))
        return _of_recording(load_recording(DATA / f"{recording}.nwb"))


def measure_movies():
    """Compare the classes, five each, of the same cells under two movies."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        labels = [
            classify_neurons(DATA / f"salamander_{name}.nwb", n_clusters=5).labels
            for name in ("movie1", "movie2")
        ]
    agreement = compare_labels(*labels, random_state=0)
    return {"ami": agreement.adjusted_mutual_information, "p": agreement.p_value}


def _of_recording(recording):
    responses = prepare_responses(recording, bin_size=BIN)
    trains = recording.segments[0].spiketrains
    truth = {
        name: np.array([str(train.annotations.get(name, "")) for train in trains])
        for name in ("true_type", "true_subtype")
    }
    is_known = bool(truth["true_type"][0])
    types = len(set(truth["true_type"])) if is_known else 5
    subtypes = len(set(truth["true_subtype"])) if is_known else 7
    automatic = classify_neurons(responses)
    cuts = automatic.timing.cuts
    given = {
        criterion: classify_neurons(responses, n_clusters=types, criterion=criterion)
        for criterion in ("timing", "word")
    }
    found = {
        "neurons": len(trains),
        "rates": responses.rates.mean[responses.rates.mean > 0].tolist(),
        "headline": automatic.headline(),
        "n_clusters": int(cuts.n_clusters),
        "range": [int(cuts.low), int(cuts.high)],
        "is_determined": bool(cuts.is_determined),
        "cuts": [[int(c.n_clusters), float(c.z), c.support] for c in cuts.ranked],
        "types": types,
        "subtypes": subtypes,
        "curve": automatic.curve.information.tolist(),
        "share": {k: c.class_information.share for k, c in given.items()},
        "words": _words(recording),
        "stimulus": _stimulus_information(responses, given["timing"].labels),
        "pairs": _pairs(responses, given["timing"].labels, truth if is_known else {}),
    }
    if is_known:
        finer = {
            criterion: classify_neurons(
                responses, n_clusters=subtypes, criterion=criterion
            )
            for criterion in ("timing", "word")
        }
        found["agreement"] = {
            criterion: {
                "types": _ari(truth["true_type"], given[criterion].labels),
                "subtypes": _ari(truth["true_subtype"], finer[criterion].labels),
            }
            for criterion in ("timing", "word")
        }
        found["polarity"] = _polarity(recording, given["timing"].labels)
    return found


def _ari(truth, labels):
    agreement = compare_labels(truth, labels, n_permutations=1, random_state=0)
    return agreement.adjusted_rand_index


def _words(recording):
    """Return the information of words of each length, and the limit about stimuli."""
    scan = scan_information(recording, bin_sizes=[BIN], word_lengths=WORDS)
    (limit,) = scan.extrapolations
    return {
        "length": [word.word_length for word in scan.words],
        "identity_bits": [word.identity.bits_per_word for word in scan.words],
        "identity_rate": [word.identity.bits_per_second for word in scan.words],
        "stimulus_rate": [word.stimulus.bits_per_second for word in scan.words],
        "verdict": [word.identity.verdict for word in scan.words],
        "limit": limit.bits_per_second if limit.word_lengths else None,
    }


def _stimulus_information(responses, labels):
    """Return stimulus information of a neuron, and of one known by its class only.

    In bits/s: the mean over neurons of I(w; s | i), and over the classes, by their
    sizes, of I(w; s | c), where a class answers with the mixture of its members.
    """
    counts = responses.counts.counts  # (n_neurons, n_conditions, n_words)
    labels = labels[list(responses.units)]

    def rate(table):
        swapped = np.asarray(table)[:, np.newaxis]  # (n_conditions, 1, n_words)
        return identity_information(swapped).bits_per_word / BIN

    of_neuron = np.mean([rate(neuron) for neuron in counts[labels >= 0]])
    of_class = (
        sum(
            (labels == label).sum() * rate(counts[labels == label].sum(axis=0))
            for label in range(labels.max() + 1)
        )
        / (labels >= 0).sum()
    )
    return {"neuron": float(of_neuron), "class": float(of_class)}


def _pairs(responses, labels, truth):
    """Return how pairs are distinguished, by what their neurons share."""
    found = discriminate_neurons(responses)
    pairs, units = found.divergences, np.array(responses.units)
    first, second = units[pairs.first], units[pairs.second]
    everything = {"all": np.ones(found.n_pairs, dtype=bool)}
    for name, of_unit in {"class": labels, **truth}.items():
        is_same = of_unit[first] == of_unit[second]
        everything[f"within {name}"] = is_same
        everything[f"between {name}"] = ~is_same
    seconds, spikes = found.time_to_accuracy(), found.spikes_to_accuracy()
    return {
        "groups": found.n_distinguishable,
        "bits_of_neighbours": _neighbours(found, first, second, truth),
        **{
            name: {
                "n": int(which.sum()),
                "distinguished": int(found.is_distinguishable[which].sum()),
                "bits": float(np.median(found.information_rate[which])),
                "seconds": _median_with_rest(seconds[which]),
                "spikes": _median_with_rest(spikes[which]),
            }
            for name, which in everything.items()
            if which.any()
        },
    }


def _neighbours(found, first, second, truth):
    """Return the mean divergence of two subtypes of a type, and of two types."""
    if not truth:
        return None
    of_unit = truth["true_subtype"]
    means = []
    for a, b in (
        ("medium OFF, biphasic", "medium OFF, monophasic"),
        ("medium OFF, monophasic", "slow OFF, quicker"),
    ):
        is_pair = (of_unit[first] == a) & (of_unit[second] == b)
        is_pair |= (of_unit[first] == b) & (of_unit[second] == a)
        means.append(float(found.information_rate[is_pair].mean()))
    return means


def _median_with_rest(values):
    """Return the median, where pairs that are not distinguishable take longest."""
    median = float(np.median(np.where(np.isnan(values), np.inf, values)))
    return median if np.isfinite(median) else None


def _polarity(recording, labels):
    """Compare classes with spike-triggered averages: polarity, latency.

    The share of the variance of the latency that lies between classes; and the classes
    that hold both cells that prefer light and cells that prefer dark.
    """
    (light,) = recording.segments[0].analogsignals
    averages = spike_triggered_averages(recording, light)
    peak = np.abs(averages).argmax(axis=1)
    sign = np.sign(averages[np.arange(len(peak)), peak])
    latency = _LAGS[peak]
    total = ((latency - latency.mean()) ** 2).sum()
    within = sum(
        ((latency[labels == k] - latency[labels == k].mean()) ** 2).sum()
        for k in set(labels)
    )
    is_on = np.array(
        [t.annotations["true_type"] == "ON" for t in recording.segments[0].spiketrains]
    )
    return {
        "mixed_classes": sum(len(set(sign[labels == k])) > 1 for k in set(labels)),
        "wrong_sign": int((is_on != (sign > 0)).sum()),
        "latency_share": float(1 - within / total),
    }


def spike_triggered_averages(recording, light):
    """Return the mean light before a spike of each unit, (n_units, n_lags)."""
    frames = np.asarray(light.magnitude).ravel()
    frame_rate = float(light.sampling_rate.rescale("Hz"))
    averages = []
    for train in recording.segments[0].spiketrains:
        times = train.times.rescale("s").magnitude
        times = times[times > _LAGS[-1]]
        index = ((times[:, np.newaxis] - _LAGS) * frame_rate).astype(int)
        averages.append(frames[np.minimum(index, len(frames) - 1)].mean(axis=0))
    return np.array(averages)
