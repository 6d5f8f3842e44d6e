"""Number of classes: types, and cuts through a continuum."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from neuroclass.clustering import (
    CountMatrix,
    MergeTree,
    build_merge_tree,
    node_scores,
    select_n_clusters,
)
from neuroclass.clustering.n_clusters import count_splits


def choose(counts):
    matrix = CountMatrix.from_counts(counts)
    return select_n_clusters(counts, matrix, build_merge_tree(matrix))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sizes", [(30,), (12, 18), (8, 10, 12, 14, 6)])
def test_types_are_counted(sizes, seed, simulate_kinds):
    chosen = choose(simulate_kinds(np.random.default_rng(seed), sizes)[0])
    assert chosen.n_clusters == len(sizes)
    assert chosen.low <= len(sizes) <= chosen.high


def test_a_continuum_is_one_class(rng):
    # One response that shifts smoothly from neuron to neuron.
    place = np.sort(rng.normal(size=40))[:, None]
    basis = rng.normal(size=(2, 200))
    own = -2 + basis[0] + 0.5 * place * basis[1]
    observed = rng.binomial(25, 1 / (1 + np.exp(-own)))
    chosen = choose(np.stack([25 - observed, observed], axis=2))
    assert chosen.n_clusters == 1
    assert "continuum" in chosen.reason


def test_gain_alone_makes_no_classes(rng):
    # Two groups of gain, one response: the rate differs, not the times.
    drive = rng.normal(-2, 1.2, 200)
    own = drive + np.repeat([-0.5, 0.5], 15)[:, None]
    observed = rng.binomial(25, 1 / (1 + np.exp(-own)))
    assert choose(np.stack([25 - observed, observed], axis=2)).n_clusters == 1


def test_few_conditions_are_halved_by_repeats(rng, simulate_kinds):
    counts, _ = simulate_kinds(rng, (12, 12), n_conditions=15, repeats=60, spread=0.1)
    assert choose(counts).n_clusters == 2


def test_brief_responses_are_halved_too(rng):
    # Two types that answer a flash at once, or 50 ms later, in two seconds.
    p = np.full((2, 200), 0.0)
    p[0, 0:4], p[1, 5:9] = 0.5, 0.5
    p = p.repeat(15, axis=0) * rng.uniform(0.7, 1.3, (30, 1))
    observed = rng.binomial(30, p)
    assert choose(np.stack([30 - observed, observed], axis=2)).n_clusters == 2


def test_silent_neurons_are_no_split(rng, simulate_kinds):
    counts, _ = simulate_kinds(rng, (15, 15))
    counts[:6] = [25, 0]
    assert choose(counts).n_clusters in (2, 3)


def test_what_cannot_be_tested_is_not_determined(rng, simulate_kinds):
    counts, _ = simulate_kinds(rng, (2, 2))
    chosen = choose(counts)
    assert chosen.n_clusters == 1
    assert not chosen.is_determined
    assert "no two classes of 3 neurons or more could be tested" in chosen.reason


def test_splits_are_counted_with_what_they_contain():
    #      6            z of the merges 4, 5, 6 (of 4 neurons)
    #    4   5
    tree = MergeTree(np.array([[0, 1], [2, 3], [4, 5]]), np.zeros(3))
    assert count_splits(tree, np.array([np.nan, np.nan, np.nan]), 3) == 1
    assert count_splits(tree, np.array([9.0, np.nan, 0.0]), 3) == 3
    assert count_splits(tree, np.array([0.0, np.nan, 9.0]), 3) == 2
    assert count_splits(tree, np.array([9.0, 9.0, -np.inf]), 3) == 4


def test_only_merges_of_three_and_three_are_scored(rng, simulate_kinds):
    counts, _ = simulate_kinds(rng, (4, 9))
    tree = build_merge_tree(CountMatrix.from_counts(counts))
    scored = np.isfinite(node_scores(counts, tree)) | np.isinf(
        node_scores(counts, tree)
    )
    sizes = dict.fromkeys(range(13), 1)
    for k, (a, b) in enumerate(tree.children):
        assert scored[k] == (min(sizes[a], sizes[b]) >= 3)
        sizes[13 + k] = sizes[a] + sizes[b]


def test_of_many_neurons_a_few_are_no_side_of_a_split(rng, simulate_kinds):
    for n_rest, is_scored in ((165, True), (205, False)):  # 3 % are 5, and 6
        counts, kinds = simulate_kinds(rng, (5, n_rest), n_conditions=60, spread=0.2)
        tree = build_merge_tree(CountMatrix.from_counts(counts), labels=kinds)
        assert np.bincount(tree.labels(2)).tolist() == [5, n_rest]
        assert np.isnan(node_scores(counts, tree)[-1]) != is_scored


def test_scores_do_not_depend_on_the_number_of_processes(rng, simulate_kinds):
    counts, _ = simulate_kinds(rng, (6, 9))
    tree = build_merge_tree(CountMatrix.from_counts(counts))
    assert_array_equal(
        node_scores(counts, tree, n_jobs=1), node_scores(counts, tree, n_jobs=2)
    )


def test_more_kinds_than_classes_at_first_are_counted_too(rng, simulate_kinds):
    counts, _ = simulate_kinds(rng, (5,) * 13, spread=0.1)
    chosen = choose(counts)
    assert len(chosen.weakest_z) == 1 + 28
    assert chosen.n_clusters == 13
