"""Micro-clusters of very many neurons, and the gains that they are found by."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.clustering import (
    CountMatrix,
    SparseCountMatrix,
    find_micro_clusters,
    refine,
)
from neuroclass.clustering.class_sums import ClassSums
from neuroclass.clustering.micro_clusters import (
    assign_to_seeds,
    gather_micro_clusters,
    reassign_in_batches,
    refine_sparse,
)
from neuroclass.estimators import ESTIMATORS


def random_counts(rng, n_neurons=40, n_conditions=12, n_words=3):
    p = rng.dirichlet(np.ones(n_words), (n_neurons, n_conditions))
    return rng.multinomial(8, p)


@pytest.mark.parametrize("is_compiled", [False, True])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_gain_is_the_change_of_the_objective(estimator, is_compiled, rng):
    if is_compiled:
        pytest.importorskip("numba")
    array = random_counts(rng)
    array[::3, :4] = 0  # not recorded
    counts = SparseCountMatrix.from_counts(
        array, estimator, min_compiled=0 if is_compiled else 1 << 62
    )
    assert (counts.loops is not None) == is_compiled
    matrix = CountMatrix.from_counts(array, estimator)
    labels = np.arange(40) % 5
    classes = ClassSums.from_labels(counts, labels)
    assert classes.objective() == pytest.approx(matrix.objective(labels))
    candidates = np.concatenate(
        [labels[:, None], np.tile(np.arange(5), (40, 1))], axis=1
    )
    gains = classes.gains(slice(0, 40), candidates, takes_out=True)
    for neuron in range(40):
        for k, other in enumerate(candidates[neuron, 1:], start=1):
            if other == labels[neuron]:
                assert gains[neuron, k] == -np.inf
                continue
            moved = labels.copy()
            moved[neuron] = other
            change = matrix.objective(moved) - matrix.objective(labels)
            assert gains[neuron, k] - gains[neuron, 0] == pytest.approx(change)


def test_score_is_the_gain_where_every_word_occurs_its_typical_number_of_times(rng):
    array = np.zeros((30, 10, 2), dtype=int)
    array[:, :, 1] = 3 * rng.integers(2, size=(30, 10))
    array[:, :, 0] = 5 * rng.integers(2, size=(30, 10))
    counts = SparseCountMatrix.from_counts(array)
    classes = ClassSums.from_labels(counts, np.arange(30) % 4)
    scores = classes.scores(slice(0, 30))
    gains = classes.gains(slice(0, 30), np.tile(np.arange(4), (30, 1)))
    centred = gains - gains.mean(axis=1, keepdims=True)
    assert_allclose(scores - scores.mean(axis=1, keepdims=True), centred, atol=1e-3)


def test_no_sweep_lowers_the_objective(rng):
    counts = SparseCountMatrix.from_counts(random_counts(rng, 300))
    before = assign_to_seeds(counts, 30, rng)
    objectives = [ClassSums.from_labels(counts, before).objective()]
    after = reassign_in_batches(counts, before)
    objectives.append(ClassSums.from_labels(counts, after).objective())
    for _ in range(5):
        after, objective = refine_sparse(counts, after, max_sweeps=1)
        objectives.append(objective)
    assert (np.diff(objectives) >= -1e-9).all()
    assert objectives[2] > objectives[1] > objectives[0]


def test_where_all_classes_are_candidates_no_single_move_is_left(rng):
    array = random_counts(rng, 60)
    labels, objective = refine_sparse(
        SparseCountMatrix.from_counts(array), np.arange(60) % 6
    )
    further, best = refine(CountMatrix.from_counts(array), labels)
    assert_array_equal(further, labels)
    assert objective == pytest.approx(best)


def test_a_short_list_loses_next_to_nothing(rng):
    array = random_counts(rng, 200)
    start = np.arange(200) % 40
    _, objective = refine_sparse(SparseCountMatrix.from_counts(array), start)
    matrix = CountMatrix.from_counts(array)
    _, best = refine(matrix, start)
    gained = best - matrix.objective(start)
    assert objective - matrix.objective(start) > 0.97 * gained


def test_batches_and_blocks_of_words_change_nothing(rng):
    counts = SparseCountMatrix.from_counts(random_counts(rng, 200))
    whole = find_micro_clusters(counts, 20, random_state=1)
    blocks = find_micro_clusters(counts, 20, random_state=1, column_block=7)
    assert_array_equal(whole, blocks)


def test_fractions_are_counts_too(rng):
    array = random_counts(rng, 50) / 4 + 0.1
    labels = find_micro_clusters(
        SparseCountMatrix.from_counts(array), 8, random_state=rng
    )
    assert labels.max() + 1 <= 8


def test_gathered_micro_clusters_lie_within_classes(rng):
    counts = SparseCountMatrix.from_counts(random_counts(rng, 80))
    micro = np.arange(80) % 10
    labels = np.where(np.arange(80) < 60, micro % 3, np.arange(80) % 3)
    labels[3] = 3  # a class without a micro-cluster
    gathered = gather_micro_clusters(counts, micro, labels)
    pairs = np.unique(np.stack([gathered, labels]), axis=1)
    assert pairs.shape[1] == gathered.max() + 1 == 11
    assert_array_equal(gather_micro_clusters(counts, gathered, labels), gathered)
