"""Reassignment of neurons and its restarts."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.clustering import (
    CountMatrix,
    build_merge_tree,
    refine,
    refine_with_restarts,
)
from neuroclass.estimators import ESTIMATORS


def retina(rng, n_types=4, per_type=6, n_conditions=60, repeats=8, spread=0.6):
    """Binary words of types that scatter, in random order; returns counts, types."""
    types = rng.permutation(np.repeat(np.arange(n_types), per_type))
    drive = rng.normal(-2, 1.2, (n_types, n_conditions))
    own = drive[types] + spread * rng.normal(size=(len(types), n_conditions))
    observed = rng.binomial(repeats, 1 / (1 + np.exp(-own)))
    return np.stack([repeats - observed, observed], axis=2), types


def test_no_single_move_raises_what_was_found(rng):
    counts, _ = retina(rng)
    matrix = CountMatrix.from_counts(counts)
    labels, objective = refine(matrix, rng.integers(0, 4, len(counts)))
    assert_allclose(objective, matrix.objective(labels), rtol=1e-12)
    sizes = np.bincount(labels)
    for neuron, own in enumerate(labels):
        for other in range(4):
            if other == own or sizes[own] == 1:
                continue
            moved = labels.copy()
            moved[neuron] = other
            assert matrix.objective(moved) <= objective + matrix.tolerance


def test_refining_never_lowers_the_objective_of_the_tree(rng):
    for _ in range(5):
        counts, _ = retina(rng, spread=1.5, repeats=4)
        matrix = CountMatrix.from_counts(counts)
        cut = build_merge_tree(matrix).labels(4)
        _, refined = refine(matrix, cut)
        _, restarted = refine_with_restarts(matrix, cut, random_state=0)
        assert matrix.objective(cut) <= refined + matrix.tolerance
        assert refined <= restarted + matrix.tolerance


def test_restarts_find_more_than_the_greedy_tree_where_types_overlap():
    gains = []
    for seed in range(6):
        counts, _ = retina(np.random.default_rng(seed), spread=1.5, repeats=4)
        matrix = CountMatrix.from_counts(counts)
        cut = build_merge_tree(matrix).labels(4)
        best = refine_with_restarts(matrix, cut, random_state=0)[1]
        gains.append(best - matrix.objective(cut))
    assert min(gains) >= 0
    assert np.count_nonzero(gains) >= 5


def test_true_types_are_found(rng):
    counts, types = retina(rng, repeats=30)
    matrix = CountMatrix.from_counts(counts)
    labels, _ = refine_with_restarts(
        matrix, build_merge_tree(matrix).labels(4), random_state=rng
    )
    pairs = np.unique(np.stack([labels, types]), axis=1)
    assert pairs.shape[1] == 4


def test_no_class_is_ever_lost(rng):
    counts, _ = retina(rng, n_types=1, per_type=10)
    matrix = CountMatrix.from_counts(counts)
    for n_clusters in (1, 2, 7, 9, 10):
        cut = build_merge_tree(matrix).labels(n_clusters)
        labels, _ = refine_with_restarts(matrix, cut, random_state=1)
        assert len(np.unique(labels)) == n_clusters


def test_number_of_processes_does_not_change_the_result(rng):
    counts, _ = retina(rng, spread=1.5, repeats=4)
    matrix = CountMatrix.from_counts(counts)
    cut = build_merge_tree(matrix).labels(5)
    one = refine_with_restarts(matrix, cut, random_state=3, n_jobs=1)
    two = refine_with_restarts(matrix, cut, random_state=3, n_jobs=2)
    assert_array_equal(one[0], two[0])
    assert one[1] == two[1]


def test_identical_neurons_stay_where_they_are():
    counts = np.tile([[[3, 1]]], (6, 5, 1))
    labels = np.array([0, 0, 1, 1, 2, 2])
    found, _ = refine(CountMatrix.from_counts(counts, "plug-in"), labels)
    assert_array_equal(found, labels)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_reassignment_is_the_same_with_and_without_compiled_loops(rng, estimator):
    pytest.importorskip("numba")
    counts, _ = retina(rng, n_types=5, per_type=12, spread=1.2)
    counts[::4, :9] = 0  # not recorded there: several columns of repeats
    start = rng.integers(0, 6, len(counts))
    found = []
    for least in (0, 1 << 62):
        matrix = CountMatrix.from_counts(counts, estimator, min_compiled=least)
        assert (matrix.loops is None) == (least > 0)
        found.append(refine(matrix, start))
    assert not np.array_equal(found[0][0], start)
    assert_array_equal(found[0][0], found[1][0])
    assert_allclose(found[0][1], found[1][1], rtol=1e-12)


def test_gains_kept_between_partitions_change_nothing(rng):
    for _ in range(4):
        counts, _ = retina(rng, spread=1.5, repeats=4)
        matrix = CountMatrix.from_counts(counts)
        tree, gains = build_merge_tree(matrix), {}
        for n_clusters in range(8, 1, -1):
            cut = tree.labels(n_clusters)
            labels, objective = refine(matrix, cut, gains)
            alone, of_alone = refine(matrix, cut)
            assert_array_equal(labels, alone)
            assert_allclose(objective, of_alone, rtol=1e-12)
        assert len(gains) > 8  # of classes, each once
