"""Which stages are timed on which inputs, table by table, and the inputs themselves."""

from pathlib import Path

import numpy as np

from benchmarks.sequential import simulate_counts
from neuroclass.io import write_recording
from neuroclass.simulation import simulate_retina

STAGES = (
    "load",
    "presentations",
    "words",
    "counts",
    "information",
    "information, with intervals",
    "pairs",
    "pairs by scipy pdist",
    "tree",
    "partition at K = 8, 8 restarts",
    "classes, K given",
    "IBM sib, 10 restarts",
    "classes, K chosen",
    "classes by timing, K given",
    "classes by timing, K chosen",
    "classify_neurons, by words",
    "classify_neurons, all of it",
    "the same, 100 resampled stimuli",
    "discriminate_neurons, all of it",
)
GIVEN = ("pairs", "pairs by scipy pdist", "classes, K given", "IBM sib, 10 restarts")
SCALING = ("pairs", "tree", "classes, K given", *GIVEN[1::2])
DISTANCES = (
    "pairs, from spikes",
    "elephant Victor-Purpura",
    "elephant van Rossum",
    "PySpike ISI distance",
    "PySpike SPIKE distance",
)
# Beyond these, a peer tells nothing new for its minutes.
MOST = {
    "pairs by scipy pdist": 800,
    "IBM sib, 10 restarts": 1600,
    "the same, 100 resampled stimuli": 100,
}


def cases(quick=False):
    """Return the cases, a dict of plain values each."""
    sizes = (12,) if quick else (49, 100, 400)
    scaling = (16, 32) if quick else (100, 200, 400, 800, 1600, 3200)
    table = [
        _case("stages", stage, n, *_size(30, 18.0, quick))
        for n in sizes
        for stage in STAGES
        if n <= MOST.get(stage, n)
    ]
    for stage in (*GIVEN, "classes, K chosen"):
        size = _target(quick)
        table.append(_case("target", stage, *size, bin_size=0.005, word_length=2))
    for repeats in (10,) if quick else (10, 30, 100):
        for bin_size, length in ((0.02, 1), (0.005, 2), (0.005, 4)):
            size = (12 if quick else 100, *_size(repeats, 18.0, quick))
            word = {"bin_size": bin_size, "word_length": length}
            table += [_case("words", stage, *size, **word) for stage in GIVEN]
    for n in scaling:
        table += [
            _case("scaling", stage, n, 20, 0.0)
            for stage in SCALING
            if n <= MOST.get(stage, n)
        ]
    for n_bins in (1, 2):
        size = (24, 10, 0.5) if quick else (4000, 100, 20.0)
        word = {"bin_size": 0.02 / n_bins**2, "word_length": n_bins}
        table.append(_case("thousands", "classes, K chosen", *size, **word))
    for n in (8,) if quick else (8, 16):
        size = _size(10, 10.0, quick)
        table += [_case("distances", stage, n, *size) for stage in DISTANCES]
    return table


def _size(n_repeats, duration, quick):
    return (min(n_repeats, 12), 1.0) if quick else (n_repeats, duration)


def _target(quick):
    return (12, 12, 1.0) if quick else (400, 100, 20.0)


def _case(
    table, stage, n_neurons, n_repeats, duration, *, bin_size=0.02, word_length=1
):
    return {
        "table": table,
        "stage": stage,
        "neurons": n_neurons,
        "repeats": n_repeats,
        "duration": duration,
        "bin_size": bin_size,
        "word_length": word_length,
    }


def write_input(case, folder):
    """Write what a case begins with, unless it is there, and return its path.

    A simulated retina of eight types; for the scaling and for thousands of neurons
    counts drawn around eight types, which cost little to make in any number.
    """
    n, repeats, duration = case["neurons"], case["repeats"], case["duration"]
    if case["table"] == "scaling":
        path = Path(folder) / f"counts{n}.npy"
        if not path.exists():
            np.save(path, simulate_counts(n, np.random.default_rng(n))[0].astype(int))
        return str(path)
    if case["table"] == "thousands":
        path = Path(folder) / f"words{n}-{case['word_length']}.npy"
        if not path.exists():
            np.save(path, _draw_words(case, np.random.default_rng(n)))
        return str(path)
    path = Path(folder) / f"retina{n}-{repeats}-{duration:g}.nwb"
    if not path.exists():
        retina = simulate_retina(
            8,
            n,
            repeats,
            duration,
            n_unique=0,
            random_state=n,
            rate_spread=0,
            sparse_share=0,
        )
        write_recording(retina, path)
    return str(path)


def _draw_words(case, rng):
    """Return counts of binary words; a cell has the rate of its type times a gain."""
    n_bins = case["word_length"]
    n_conditions = round(case["duration"] / case["bin_size"] / n_bins)
    drive = rng.normal(-2.5, 1.2, (8, n_conditions, n_bins))
    kind = rng.integers(8, size=case["neurons"])
    shape = (len(kind), n_conditions, 2**n_bins)
    counts = np.empty(shape, dtype=np.int64)
    for first in range(0, len(kind), 200):
        part = slice(first, first + 200)
        gain = rng.normal(0, 0.4, (len(kind[part]), 1, 1))
        own = rng.normal(0, 0.4, (len(gain), n_conditions, 1))
        spike = 1 / (1 + np.exp(-drive[kind[part]] - gain - own))
        words = np.ones((*spike.shape[:2], 1))
        for k in range(n_bins):
            p = spike[:, :, k, None]
            words = np.concatenate([words * (1 - p), words * p], axis=2)
        counts[part] = rng.multinomial(case["repeats"], words)
    return counts
