"""Losses of all pairs in single precision, and trees that do not depend on it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import neuroclass.clustering._compiled.loader
from neuroclass.clustering.count_matrix import Rows
from neuroclass.clustering.merge_tree import _Limits, merge_tree
from neuroclass.clustering.pairwise_loss import pairwise_losses
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
    rows = Rows.from_counts(population(rng, 50, repeats=repeats), estimator)
    exact = pairwise_losses(rows, in_double=True)
    approximate = pairwise_losses(rows, in_double=False)
    off = np.abs(approximate.losses - exact.losses)
    allowed = approximate.error[:, None] + approximate.error
    assert off.max() > exact.error.max()  # it is the approximation that is tested
    assert np.all(off <= allowed)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_losses_in_double_equal_sums_of_rows(rng, estimator):
    rows = Rows.from_counts(population(rng, 30), estimator)
    values = rows.values(rows.counts)
    found = pairwise_losses(rows, in_double=True)
    for a in range(29):
        others = np.arange(a + 1, 30)
        both = rows.values_of_sums(rows.wide(), others, rows.wide()[a])
        expected = values[a] + values[others] - both
        assert_allclose(found.losses[a, others], expected, atol=1e-9)
        assert np.abs(found.losses[a, others] - expected).max() <= (
            found.error[a] + found.error[others].min()
        )


def test_the_tree_of_400_neurons_is_the_same_from_either_precision(rng):
    rows = Rows.from_counts(population(rng, 400))
    exact = merge_tree(rows, pairwise_losses(rows, in_double=True))
    fast = merge_tree(rows, pairwise_losses(rows, in_double=False))
    assert_array_equal(fast.children, exact.children)
    assert_allclose(fast.losses, exact.losses, atol=1e-9)


def test_the_tree_is_the_same_with_and_without_compiled_loops(rng, monkeypatch):
    pytest.importorskip("numba")
    counts = population(rng, 80)
    trees = []
    for least in (0, 1 << 62):
        monkeypatch.setattr(neuroclass.clustering._compiled.loader, "_WORTH_IT", least)
        trees.append(merge_tree(Rows.from_counts(counts)))
    assert_array_equal(trees[0].children, trees[1].children)
    assert_allclose(trees[0].losses, trees[1].losses, atol=1e-9)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("repeats", [2, 30])
def test_bounds_hold_the_losses_of_merged_classes(rng, estimator, repeats):
    counts = population(rng, 40, n_conditions=15, repeats=repeats)
    counts[::3, :5] = 0  # not recorded there
    rows = Rows.from_counts(counts, estimator)
    wide = rows.wide()
    values = rows.values(wide)
    losses = pairwise_losses(rows, in_double=True).losses
    for a, b in ((0, 1), (2, 9), (3, 6), (5, 30)):
        others = np.setdiff1d(np.arange(40), (a, b))
        limits = _Limits.of(rows, wide)
        bound = limits.merge(rows, wide, losses, a, b, others)
        merged = wide[a] + wide[b]
        exact = rows.values(merged[None])[0] + values[others]
        exact -= rows.values_of_sums(wide, others, merged)
        assert np.all(bound <= exact)
        if estimator != "jackknife":  # whose bound says little of few repeats
            assert np.median(bound) > losses.min()
