"""Losses of all pairs in single precision, and trees that do not depend on it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.clustering import CountMatrix, build_merge_tree, pairwise_losses
from neuroclass.clustering.merge_tree import LossBounds
from neuroclass.estimators import ESTIMATORS


def population(rng, n_neurons, n_conditions=60, repeats=40, n_words=3):
    """Return counts of neurons of a few types that differ in rate and timing."""
    rates = rng.gamma(0.5, 0.3, size=(5, n_conditions, n_words))
    rates[:, :, 0] += 1.0
    p = rates[rng.integers(5, size=n_neurons)]
    p = p * rng.gamma(8, 1 / 8, size=p.shape)
    return rng.multinomial(repeats, p / p.sum(axis=2, keepdims=True))


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("repeats", [4, 40, 200])
def test_single_precision_keeps_its_bound(rng, estimator, repeats):
    matrix = CountMatrix.from_counts(population(rng, 50, repeats=repeats), estimator)
    exact = pairwise_losses(matrix, in_double=True)
    approximate = pairwise_losses(matrix, in_double=False)
    off = np.abs(approximate.losses - exact.losses)
    allowed = approximate.error[:, None] + approximate.error
    assert off.max() > exact.error.max()  # it is the approximation that is tested
    assert np.all(off <= allowed)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_losses_in_double_equal_sums_of_rows(rng, estimator):
    matrix = CountMatrix.from_counts(population(rng, 30), estimator)
    values = matrix.values(matrix.counts)
    found = pairwise_losses(matrix, in_double=True)
    for a in range(29):
        others = np.arange(a + 1, 30)
        both = matrix.values_of_sums(matrix.wide(), others, matrix.wide()[a])
        expected = values[a] + values[others] - both
        assert_allclose(found.losses[a, others], expected, atol=1e-9)
        assert np.abs(found.losses[a, others] - expected).max() <= (
            found.error[a] + found.error[others].min()
        )


def test_the_tree_of_400_neurons_is_the_same_from_either_precision(rng):
    matrix = CountMatrix.from_counts(population(rng, 400))
    exact = build_merge_tree(matrix, pairwise_losses(matrix, in_double=True))
    fast = build_merge_tree(matrix, pairwise_losses(matrix, in_double=False))
    assert_array_equal(fast.children, exact.children)
    assert_allclose(fast.losses, exact.losses, atol=1e-9)


def test_the_tree_is_the_same_with_and_without_compiled_loops(rng):
    pytest.importorskip("numba")
    counts = population(rng, 80)
    trees = []
    for least in (0, 1 << 62):
        matrix = CountMatrix.from_counts(counts, min_compiled=least)
        assert (matrix.loops is None) == (least > 0)
        trees.append(build_merge_tree(matrix))
    assert_array_equal(trees[0].children, trees[1].children)
    assert_allclose(trees[0].losses, trees[1].losses, atol=1e-9)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("repeats", [2, 30])
def test_bounds_hold_the_losses_of_merged_classes(rng, estimator, repeats):
    counts = population(rng, 40, n_conditions=15, repeats=repeats)
    counts[::3, :5] = 0  # not recorded there
    matrix = CountMatrix.from_counts(counts, estimator)
    wide = matrix.wide()
    values = matrix.values(wide)
    losses = pairwise_losses(matrix, in_double=True).losses
    for a, b in ((0, 1), (2, 9), (3, 6), (5, 30)):
        others = np.setdiff1d(np.arange(40), (a, b))
        loss_bounds = LossBounds.from_counts(matrix, wide)
        bound = loss_bounds.merge(wide, losses, (a, b), others)
        merged = wide[a] + wide[b]
        exact = matrix.values(merged[None])[0] + values[others]
        exact -= matrix.values_of_sums(wide, others, merged)
        assert np.all(bound <= exact)
        if estimator != "jackknife":  # whose bound says little of few repeats
            assert np.median(bound) > losses.min()
