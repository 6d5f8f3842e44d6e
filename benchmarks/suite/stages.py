"""What is timed: each stage of the package, and what its peers do in its place.

Takes the name of a stage and a prepared input file, gives the call to time, with all
that comes before the stage done. Peers get what their users would give them.
"""

import importlib.util

import numpy as np
import quantities as pq
from scipy.sparse import csr_matrix
from scipy.spatial.distance import pdist

from neuroclass.analysis import (
    classify_neurons,
    discriminate_neurons,
    prepare_responses,
)
from neuroclass.clustering import (
    AgglomerativeBottleneck,
    CountMatrix,
    build_merge_tree,
    pairwise_losses,
    refine_with_restarts,
)
from neuroclass.clustering.timing import SpikeCounts, TimingBottleneck
from neuroclass.information import identity_information
from neuroclass.io import load_recording
from neuroclass.presentations import select_presentations
from neuroclass.responses import bin_words, count_groups, count_words

# What is no part of this package, and the package that it needs.
PEERS = {
    "pairs by scipy pdist": "scipy",
    "IBM sib, 10 restarts": "sib",
    "elephant Victor-Purpura": "elephant",
    "elephant van Rossum": "elephant",
    "PySpike ISI distance": "pyspike",
    "PySpike SPIKE distance": "pyspike",
}
N_CLUSTERS = 8


def is_installed(stage):
    """Return whether what the stage needs is there."""
    return importlib.util.find_spec(PEERS.get(stage, "neuroclass")) is not None


def prepare(stage, path, bin_size=0.02, word_length=1):
    """Return the call of a stage; `path` is a recording, or counts as .npy."""
    if str(path).endswith(".npy"):
        return of_counts(stage, np.load(path))
    if stage == "load":
        return lambda: load_recording(path)
    recording = load_recording(path)
    if stage in PEERS and PEERS[stage] in ("elephant", "pyspike"):
        return of_spiketrains(stage, recording)
    if stage == "presentations":
        return lambda: select_presentations(recording)
    if stage == "classify_neurons, all of it":
        return lambda: classify_neurons(recording, progress=False)
    if stage == "the same, 100 resampled stimuli":
        return lambda: classify_neurons(recording, stability=100, progress=False)
    if stage == "classify_neurons, by words":
        return lambda: classify_neurons(recording, criterion="word", progress=False)
    if stage.startswith("classes by timing"):
        return of_spikes(stage, recording)
    if stage == "discriminate_neurons, all of it":
        return lambda: discriminate_neurons(recording, progress=False)
    presentations = select_presentations(recording)
    if stage == "words":
        return lambda: bin_words(recording, presentations, bin_size, word_length)
    if stage == "pairs, from spikes":
        return lambda: pairwise_losses(
            CountMatrix.from_counts(
                count_words(bin_words(recording, presentations, bin_size)).counts
            )
        )
    words = bin_words(recording, presentations, bin_size, word_length)
    if stage == "counts":
        return lambda: count_words(words)
    counts = count_words(words)
    if stage == "information":
        return lambda: identity_information(counts)
    if stage == "information, with intervals":
        return lambda: identity_information(counts, groups=count_groups(words))
    return of_counts(stage, counts.counts)


def of_spikes(stage, recording):
    """Return the call of a stage that begins with spikes in bins."""
    sums = prepare_responses(recording, progress=False).spike_sums
    spikes = SpikeCounts.from_sums(
        sums.counts, sums.variance, sums.repeats, stimulus=sums.stimulus, odd=sums.odd
    )
    given = stage == "classes by timing, K given"
    model = TimingBottleneck(N_CLUSTERS if given else "auto")
    return lambda: model.fit(spikes)


def of_counts(stage, counts):
    """Return the call of a stage that begins with counts."""
    flat = counts.reshape(len(counts), -1)
    if stage == "pairs by scipy pdist":
        # The cheapest way to compare all pairs without this package: probabilities.
        p = flat / flat[0].sum()
        return lambda: pdist(p, "jensenshannon")
    if stage == "IBM sib, 10 restarts":
        from sib import SIB  # noqa: PLC0415 - an optional peer

        # Sparse, which it handles fastest; one job, as all others here have.
        x = csr_matrix(flat)
        model = SIB(min(N_CLUSTERS, len(flat)), n_init=10, n_jobs=1, random_state=0)
        return lambda: model.fit(x)
    if stage == "classes, K given":
        return lambda: AgglomerativeBottleneck(N_CLUSTERS).fit(counts)
    if stage == "classes, K chosen":
        return lambda: AgglomerativeBottleneck().fit(counts)
    rows = CountMatrix.from_counts(counts)
    if stage == "pairs":
        return lambda: pairwise_losses(rows)
    losses = pairwise_losses(rows)
    if stage == "tree":
        return lambda: build_merge_tree(rows, losses)
    cut = build_merge_tree(rows, losses).labels(N_CLUSTERS)
    return lambda: refine_with_restarts(rows, cut, random_state=0)


def of_spiketrains(stage, recording):
    """Return the call of a distance between all pairs of whole spike trains."""
    trains = list(recording.segments[0].spiketrains)
    if stage.startswith("elephant"):
        from elephant import spike_train_dissimilarity as distance  # noqa: PLC0415

        if stage == "elephant Victor-Purpura":
            return lambda: distance.victor_purpura_distance(trains, 50 * pq.Hz)
        return lambda: distance.van_rossum_distance(trains, 20 * pq.ms)
    import pyspike  # noqa: PLC0415 - an optional peer

    spikes = [pyspike.SpikeTrain(t.magnitude, [0, float(t.t_stop)]) for t in trains]
    if stage == "PySpike ISI distance":
        return lambda: pyspike.isi_distance_matrix(spikes)
    return lambda: pyspike.spike_distance_matrix(spikes)
