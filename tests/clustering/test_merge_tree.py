"""Losses and trees of merges beside a twin made of plain loops."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.clustering import (
    CountMatrix,
    build_merge_tree,
    leaf_order,
    pairwise_losses,
    relabel,
)
from neuroclass.estimators import ESTIMATORS


def f(x):
    return x * math.log2(x) if x > 0 else 0.0


def value_by_loop(counts, estimator):
    """Sum of G(n) and c(R) over one class, from the table of the specification."""
    total = 0.0
    for condition in counts:
        repeats = sum(condition)
        for n in condition:
            if n == 0:
                continue
            if estimator == "plug-in":
                total += f(n)
            elif estimator == "miller-madow":
                total += f(n) - 1 / (2 * math.log(2))
            else:
                total += n * (f(n) - f(n - 1))
        if repeats == 0:
            continue
        if estimator == "plug-in":
            total -= f(repeats)
        elif estimator == "miller-madow":
            total -= f(repeats) - 1 / (2 * math.log(2))
        else:
            total -= repeats * (f(repeats) - f(repeats - 1))
    return total


def tree_by_loop(counts, estimator):
    """Greedy merging, every loss computed anew at every step."""
    classes = {k: (k, np.array(c, dtype=object)) for k, c in enumerate(counts)}
    children, losses = [], []
    while len(classes) > 1:
        best = None
        for a in sorted(classes):
            for b in sorted(classes):
                if b <= a:
                    continue
                one, other = classes[a][1], classes[b][1]
                loss = (
                    value_by_loop(one, estimator)
                    + value_by_loop(other, estimator)
                    - value_by_loop(one + other, estimator)
                )
                if best is None or loss < best[0] - 1e-9:
                    best = (loss, a, b)
        loss, a, b = best
        children.append(sorted((classes[a][0], classes[b][0])))
        losses.append(loss)
        node = len(counts) + len(children) - 1
        classes[a] = (node, classes[a][1] + classes[b][1])
        del classes[b]
    return np.array(children), np.array(losses)


def random_counts(rng, n_neurons=9, n_conditions=6, n_words=3, repeats=12):
    p = rng.dirichlet(np.full(n_words, 0.5), (n_neurons, n_conditions))
    return rng.multinomial(repeats, p)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_pairwise_losses_equal_the_brute_force_twin(rng, estimator):
    counts = random_counts(rng)
    counts[2, :2] = 0  # a neuron not recorded in two conditions
    expected = np.zeros((9, 9))
    for a in range(9):
        for b in range(9):
            if a != b:
                expected[a, b] = (
                    value_by_loop(counts[a].tolist(), estimator)
                    + value_by_loop(counts[b].tolist(), estimator)
                    - value_by_loop((counts[a] + counts[b]).tolist(), estimator)
                )
    losses = pairwise_losses(CountMatrix.from_counts(counts, estimator)).losses
    assert_allclose(losses, expected, atol=1e-10)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("seed", range(8))
def test_tree_equals_the_brute_force_twin(estimator, seed):
    counts = random_counts(np.random.default_rng(seed), n_neurons=11)
    tree = build_merge_tree(CountMatrix.from_counts(counts, estimator))
    children, losses = tree_by_loop(counts.tolist(), estimator)
    assert_array_equal(tree.children, children)
    assert_allclose(tree.losses, losses, atol=1e-10)


@settings(max_examples=40, deadline=None)
@given(arrays(np.int64, (6, 2, 2), elements=st.integers(0, 3)))
def test_tree_equals_the_twin_where_ties_abound(counts):
    counts[:, :, 0] += 1
    tree = build_merge_tree(CountMatrix.from_counts(counts))
    children, losses = tree_by_loop(counts.tolist(), "miller-madow")
    assert_array_equal(tree.children, children)
    assert_allclose(tree.losses, losses, atol=1e-10)


def test_large_counts_take_the_direct_way_to_the_same_losses(rng):
    counts = random_counts(rng, repeats=4000)
    assert counts.max() > 512
    matrix = CountMatrix.from_counts(counts)
    values = matrix.values(matrix.counts)
    expected = value_by_loop(counts[1].tolist(), "miller-madow")
    assert_allclose(values[1], expected, rtol=1e-12)
    loss = expected + value_by_loop(counts[4].tolist(), "miller-madow")
    loss -= value_by_loop((counts[1] + counts[4]).tolist(), "miller-madow")
    assert_allclose(pairwise_losses(matrix).losses[1, 4], loss, atol=1e-8)


def test_fractions_have_the_losses_of_the_formula(rng):
    counts = rng.random((5, 1, 7))
    matrix = CountMatrix.from_counts(counts, "plug-in")
    p, q = counts[0, 0], counts[3, 0]
    expected = sum(f(a) + f(b) - f(a + b) for a, b in zip(p, q, strict=True)) - (
        f(p.sum()) + f(q.sum()) - f(p.sum() + q.sum())
    )
    assert_allclose(pairwise_losses(matrix).losses[0, 3], expected, atol=1e-12)


def test_losses_add_up_to_all_the_information(rng):
    counts = random_counts(rng)
    matrix = CountMatrix.from_counts(counts)
    singles = matrix.values(matrix.counts).sum()
    population = matrix.values(matrix.counts.sum(axis=0, keepdims=True))[0]
    assert_allclose(
        build_merge_tree(matrix).losses.sum(), singles - population, atol=1e-9
    )


def test_an_anchored_tree_passes_through_the_partition(rng):
    matrix = CountMatrix.from_counts(random_counts(rng, n_neurons=12))
    labels = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 1])
    tree = build_merge_tree(matrix, labels=labels)
    assert_array_equal(tree.labels(3), labels)
    assert_array_equal(tree.labels(12), np.arange(12))
    assert_array_equal(tree.labels(1), np.zeros(12))


def test_a_tree_anchored_in_its_own_cut_merges_the_same_classes(rng):
    matrix = CountMatrix.from_counts(random_counts(rng, n_neurons=12))
    tree = build_merge_tree(matrix)
    anchored = build_merge_tree(matrix, labels=tree.labels(4))
    for n_clusters in (1, 2, 3, 4):
        assert_array_equal(anchored.labels(n_clusters), tree.labels(n_clusters))


def test_members_and_leaves_hold_every_neuron_once(rng):
    tree = build_merge_tree(CountMatrix.from_counts(random_counts(rng)))
    assert_array_equal(tree.members()[-1], np.arange(9))
    assert_array_equal(np.sort(leaf_order(tree.children)), np.arange(9))
    order = list(leaf_order(tree.children))
    for members in tree.members():  # every node is a run of leaves
        places = sorted(order.index(m) for m in members)
        assert places == list(range(places[0], places[0] + len(places)))


def test_labels_are_numbered_by_their_lowest_neuron():
    assert_array_equal(relabel(np.array([7, 3, 7, 1, 3])), [0, 1, 0, 2, 1])


def test_fractions_are_refused_by_the_jackknife():
    with pytest.raises(ValueError, match="integers for the jackknife"):
        CountMatrix.from_counts(np.full((2, 1, 2), 0.5), "jackknife")
