"""Which types are found, by us and by peers, in populations that are hard to divide.

100 cells of eight types, diversity doubled (cells of a type differ in gain, timing and
threshold as much as types do), 20 s, binary words of 20 ms, eight classes asked for.
"""

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from benchmarks.suite.stages import is_installed, of_counts
from neuroclass.clustering import AgglomerativeBottleneck
from neuroclass.presentations import select_presentations
from neuroclass.responses import bin_words, count_words, mean_rates
from neuroclass.simulation import simulate_retina

N_TYPES = 8
METHODS = ("neuroclass", "IBM sib, 10 restarts", "k-means on PSTHs")


def populations(quick=False):
    """Return (repeats, seed) of each population."""
    repeats, seeds = ((5,), range(1)) if quick else ((5, 20, 100), range(5))
    return [(r, seed) for r in repeats for seed in seeds]


def rand_indices(n_repeats, seed, *, quick=False):
    """Return the adjusted Rand index of each method with the true types."""
    n_neurons, duration = (16, 2.0) if quick else (100, 20.0)
    retina = simulate_retina(
        N_TYPES,
        n_neurons,
        n_repeats,
        duration,
        n_unique=0,
        diversity=1.0,
        random_state=seed,
        rate_spread=0,
        sparse_share=0,
    )
    truth = [t.annotations["true_type"] for t in retina.segments[0].spiketrains]
    presentations = select_presentations(retina, min_repeats=2)
    counts = count_words(bin_words(retina, presentations, 0.02)).counts
    psth = mean_rates(bin_words(retina, presentations, 0.02, response="counts"))
    labels = {
        "neuroclass": AgglomerativeBottleneck(N_TYPES).fit(counts).labels_,
        "k-means on PSTHs": KMeans(N_TYPES, n_init=10, random_state=0)
        .fit(psth)
        .labels_,
    }
    sib = METHODS[1]
    if is_installed(sib):
        labels[sib] = np.asarray(of_counts(sib, counts)().labels_)
    return {name: adjusted_rand_score(truth, found) for name, found in labels.items()}
