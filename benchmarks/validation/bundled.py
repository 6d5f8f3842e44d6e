"""What the package says of the bundled recordings, with no option given."""

import warnings
from pathlib import Path

import numpy as np

from neuroclass._lib.wording import between
from neuroclass.analysis import classify_neurons, discriminate_neurons
from neuroclass.clustering import compare_labels
from neuroclass.discrimination import decode_pair, time_to_accuracy
from neuroclass.responses import bin_words, conditions_of_windows

TITLE = "The bundled recordings"
DATA = Path(__file__).resolve().parents[2] / "data"
_SMALL = "salamander_small.nwb"
_MOVIES = ("salamander_movie1.nwb", "salamander_movie2.nwb")
_DECODED = 60  # pairs, evenly by their times
_GIVEN = (4, 6)  # classes, for the agreement of the movies


def cases(quick):
    """Return the recordings, then the numbers of classes given to both movies."""
    if quick:
        return [{"recording": _SMALL}]
    recordings = [{"recording": name} for name in (*_MOVIES, _SMALL)]
    return recordings + [
        {"n_clusters": k, "criterion": criterion}
        for criterion in ("timing", "word")
        for k in _GIVEN
    ]


def measure(recording=None, n_clusters=None, criterion="timing"):
    """Classify and discriminate a recording, or compare the classes of two."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of drift, which is another section's
        if recording is None:
            return _agreement_of_movies(n_clusters, criterion)
        return _of_recording(recording)


def _agreement_of_movies(n_clusters, criterion):
    labels = [
        classify_neurons(
            DATA / name, n_clusters=n_clusters, criterion=criterion, progress=False
        ).labels
        for name in _MOVIES
    ]
    agreement = compare_labels(*labels, random_state=0)
    return {"ami": agreement.adjusted_mutual_information, "p": agreement.p_value}


def _of_recording(recording):
    classes = classify_neurons(DATA / recording, progress=False)
    of_words = classify_neurons(DATA / recording, criterion="word", progress=False)
    assert classes.timing is not None
    discrimination = discriminate_neurons(DATA / recording, progress=False)
    coincident = discrimination.coincident_share[
        np.isfinite(discrimination.coincident_share)
    ]
    ratios = _beside_decoder(discrimination)
    return {
        "neurons": len(classes.unit_ids),
        "bin": classes.settings["bin_size"]["value"],
        "bits": classes.information.bits_per_word,
        "low": float(classes.information.interval[0]),
        "high": float(classes.information.interval[1]),
        "plug_in": classes.information.plug_in,
        "classes": int(classes.labels.max()) + 1,
        "range": classes.timing.range,
        "is_determined": bool(classes.selection.is_determined),
        "headline": classes.timing.headline(classes.n_clusters),
        "cuts": [
            [cut.n_clusters, cut.z, cut.stability] for cut in classes.timing.cuts.ranked
        ],
        "classes_by_words": of_words.n_clusters,
        "is_determined_by_words": bool(of_words.selection.is_determined),
        "distinguished": int(discrimination.is_distinguishable.sum()),
        "pairs": discrimination.n_pairs,
        "coincident": [float(c) for c in coincident],
        "groups": discrimination.n_distinguishable,
        "median": discrimination.median_time_to_accuracy(),
        "median_interval": discrimination.median_time_to_accuracy_interval().tolist(),
        "of_decoder": float(np.nanmedian(ratios[0])),
        "steady_of_decoder": float(np.nanmedian(ratios[1])),
        "decoded": int(np.isfinite(ratios[0]).sum()),
        "why_bin": classes.settings["bin_size"]["why"],
        "changed": classes.drift.rates.n_changed(),
        "stable": classes.drift.rates.stable_repeats,
    }


def _beside_decoder(discrimination):
    """Return times of pairs over those of the decoder, and so the steady ones."""
    pairs = discrimination.divergences
    words = bin_words(
        discrimination.recording,
        discrimination.presentations,
        discrimination.settings["bin_size"]["value"],
    )
    has_time = np.flatnonzero(discrimination.is_distinguishable)
    order = has_time[np.argsort(discrimination.time_to_accuracy()[has_time])]
    taken = order[np.linspace(0, len(order) - 1, _DECODED).astype(int)]
    place = {unit: k for k, unit in enumerate(words.unit_ids)}
    conditions, _, _ = conditions_of_windows(words)
    decoder = []
    for k in taken:
        neurons = (pairs.first[k], pairs.second[k])
        codes = [
            words.codes_of(place[discrimination.unit_ids[neuron]]) for neuron in neurons
        ]
        curve = decode_pair(codes, conditions, words.word_duration)
        decoder.append(curve.time_to(0.9))
    steady = time_to_accuracy(discrimination.information_rate[taken], 0.9)
    decoder = np.array(decoder)
    return discrimination.time_to_accuracy()[taken] / decoder, steady / decoder


def render(found):
    """Return a row per recording, and how the two movies agree."""
    rows = [
        "What `neuroclass cluster` and `neuroclass discriminate` say of them with no",
        "option given; there is no truth to compare with.",
        "",
        "| recording | bin | bits per word (95 %) | uncorrected | classes shown "
        "| range | by words | distinguished pairs | groups | median time to 90 % "
        "(95 %) | over decoder | change by 1.5 | stable repeats |",
        "|---|---:|---|---:|---|---|---|---:|---:|---|---:|---:|---|",
    ]
    coincident, reasons = [], []
    for case, m in found:
        if "recording" not in case:
            continue
        coincident += m["coincident"]
        remark = "" if m["is_determined"] else ", not determined"
        of_words = "" if m["is_determined_by_words"] else ", not determined"
        rows.append(
            f"| `{case['recording']}`, {m['neurons']} cells | {1000 * m['bin']:g} ms "
            f"| {m['bits']:#.3g} ({m['low']:#.3g} to {m['high']:#.3g}) "
            f"| {m['plug_in']:#.3g} | {m['classes']}{remark} | {m['range']} "
            f"| {m['classes_by_words']}{of_words} "
            f"| {m['distinguished']:,} of {m['pairs']:,} | {m['groups']} "
            f"| {m['median']:.3g} s ({between(*m['median_interval'])}) "
            f"| {m['of_decoder']:.2f} | {m['changed']} "
            f"| {' to '.join(map(str, m['stable'] or ('none',)))} |"
        )
        reasons += [
            "",
            f"`{case['recording']}`: bin of {1000 * m['bin']:g} ms, {m['why_bin']}. "
            f"Classes: {m['headline'].rstrip('.')}. Cuts that hold, z, and agreement "
            f"of odd and even repeats: {_listed(m['cuts'])}. Times over those of the "
            f"decoder, which does not see the repeat it is tested on: "
            f"{m['of_decoder']:.2f} (median of the {m['decoded']} of {_DECODED} pairs, "
            "evenly by their times, that the decoder distinguishes within the "
            "stimulus); of steady evidence they would be "
            f"{m['steady_of_decoder']:.2f}.",
        ]
    rows += reasons
    if coincident:
        rows += [
            "",
            f"Of the {len(coincident)} indistinguishable pairs the two share "
            f"{100 * min(coincident):.0f} to {100 * max(coincident):.0f} % of their "
            "spikes within 1 ms, beyond what a shift by one repeat leaves: most likely "
            "single cells sorted twice.",
        ]
    agreement = {
        criterion: " and ".join(
            f"{m['ami']:.2f} ({case['n_clusters']} classes, p = {m['p']:.2g})"
            for case, m in found
            if case.get("criterion") == criterion
        )
        for criterion in ("timing", "word")
    }
    if agreement["timing"]:
        rows += [
            "",
            "Natural movies mix type with place. Given the same number, the groupings "
            "of the same 49 cells under the two movies agree with an adjusted mutual "
            f"information of {agreement['timing']} by timing, {agreement['word']} by "
            "words, of 9,999 permutations: far from chance, and far from the same.",
        ]
    return "\n".join(rows)


def _listed(cuts):
    held = [f"{k} classes {z:.1f}, {stability:.2f}" for k, z, stability in cuts]
    return "; ".join(held) or "none"
