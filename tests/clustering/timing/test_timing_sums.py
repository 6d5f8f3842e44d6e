"""Micro-clusters by timing: gains beside a twin, and partitions like the tree's."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import adjusted_rand_score

from neuroclass.clustering import build_merge_tree, find_micro_clusters, refine
from neuroclass.clustering.micro_clusters import gather_micro_clusters, refine_sparse
from neuroclass.clustering.timing import SpikeCounts, TimingMatrix
from neuroclass.clustering.timing.timing_sums import TimingSums


def matrix_of(rng, simulate_types, sizes):
    spikes, types, stimulus = simulate_types(rng, sizes)
    counts = SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    return TimingMatrix.from_spikes(counts), types


def test_gains_are_differences_of_the_objective(rng, simulate_types):
    matrix, types = matrix_of(rng, simulate_types, [4, 5, 3])
    sums = TimingSums.from_labels(matrix, types)
    candidates = np.tile([0, 1, 2], (12, 1))
    candidates = np.concatenate([types[:, None], candidates], axis=1)
    gains = sums.gains(slice(0, 12), candidates, takes_out=True)
    alone = matrix.values(matrix.counts)
    for i in range(12):
        # With its own class as the last, an extra class of the neuron alone.
        for k in range(3):
            if k == types[i]:
                assert gains[i, 1 + k] == -np.inf
                continue
            moved = types.copy()
            moved[i] = k
            change = matrix.objective(moved) - matrix.objective(types)
            assert_allclose(gains[i, 1 + k] - gains[i, 0], change, atol=1e-9)
    assert_allclose(
        TimingSums.from_seeds(matrix, np.arange(12)).objective(), alone.sum()
    )
    assert_allclose(sums.objective(), matrix.objective(types))
    sums.move(0, 0, 2)
    moved = np.where(np.arange(12) == 0, 2, types)
    assert_allclose(sums.rows, matrix.sums(moved, 3), atol=1e-12)
    assert "3 classes" in repr(sums)


def test_scores_rank_classes_as_gains_do(rng, simulate_types):
    matrix, types = matrix_of(rng, simulate_types, [20, 20, 20])
    sums = TimingSums.from_labels(matrix, types)
    assert_array_equal(sums.scores(slice(0, 60)).argmax(axis=1), types)


def test_one_micro_cluster_for_each_neuron_is_the_neurons(rng, simulate_types):
    matrix, _ = matrix_of(rng, simulate_types, [4, 4])
    assert_array_equal(find_micro_clusters(matrix, 8), np.arange(8))


def test_micro_clusters_lead_to_the_types(rng, simulate_types):
    matrix, types = matrix_of(rng, simulate_types, [60, 50, 40])
    micro = find_micro_clusters(matrix, 24, random_state=0)
    assert micro.max() + 1 <= 24
    merged = matrix.merged(micro)
    assert_allclose(merged.n_words, matrix.n_words)
    labels, _ = refine(merged, build_merge_tree(merged).labels(3))
    labels, objective = refine_sparse(matrix, labels[micro])
    assert adjusted_rand_score(types, labels) > 0.95
    direct = refine(matrix, build_merge_tree(matrix).labels(3))[1]
    assert objective > direct - 0.01 * abs(direct)
    gathered = gather_micro_clusters(matrix, micro, labels)
    for k in range(gathered.max() + 1):
        assert len(np.unique(labels[gathered == k])) == 1
