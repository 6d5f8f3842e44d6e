"""The number of classes: what is real, what is a cut through a continuum."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.merging import MergeTree, Rows, merge_tree
from neuroclass.selection import (
    _count_nodes,
    _log_ratios,
    _null_of_cut,
    node_scores,
    select_n_clusters,
)


def population(rng, sizes, n_conditions=200, repeats=25, spread=0.4):
    types = np.repeat(np.arange(len(sizes)), sizes)
    drive = rng.normal(-2, 1.2, (len(sizes), n_conditions))
    gain = 0.4 * rng.normal(size=(len(types), 1))
    own = drive[types] + gain + spread * rng.normal(size=(len(types), n_conditions))
    spoken = rng.binomial(repeats, 1 / (1 + np.exp(-own)))
    return np.stack([repeats - spoken, spoken], axis=2), types


def choose(counts):
    rows = Rows.from_counts(counts)
    return select_n_clusters(counts, rows, merge_tree(rows))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sizes", [(30,), (12, 18), (8, 10, 12, 14, 6)])
def test_types_are_counted(sizes, seed):
    chosen = choose(population(np.random.default_rng(seed), sizes)[0])
    assert chosen.n_clusters == len(sizes)
    assert chosen.low <= len(sizes) <= chosen.high


def test_a_continuum_is_one_class(rng):
    # One response that shifts smoothly from neuron to neuron.
    place = np.sort(rng.normal(size=40))[:, None]
    basis = rng.normal(size=(2, 200))
    own = -2 + basis[0] + 0.5 * place * basis[1]
    spoken = rng.binomial(25, 1 / (1 + np.exp(-own)))
    chosen = choose(np.stack([25 - spoken, spoken], axis=2))
    assert chosen.n_clusters == 1
    assert "continuum" in chosen.reason


def test_gain_alone_makes_no_classes(rng):
    # Two groups of gain, one response: how much is said, not when.
    drive = rng.normal(-2, 1.2, 200)
    own = drive + np.repeat([-0.5, 0.5], 15)[:, None]
    spoken = rng.binomial(25, 1 / (1 + np.exp(-own)))
    assert choose(np.stack([25 - spoken, spoken], axis=2)).n_clusters == 1


def test_few_conditions_are_halved_by_repeats(rng):
    counts, _ = population(rng, (12, 12), n_conditions=15, repeats=60, spread=0.1)
    assert choose(counts).n_clusters == 2


def test_splits_are_counted_with_what_they_contain():
    #      6            z of the merges 4, 5, 6 (of 4 neurons)
    #    4   5
    tree = MergeTree(np.array([[0, 1], [2, 3], [4, 5]]), np.zeros(3))
    assert _count_nodes(tree, np.array([np.nan, np.nan, np.nan]), 3) == 1
    assert _count_nodes(tree, np.array([9.0, np.nan, 0.0]), 3) == 3
    assert _count_nodes(tree, np.array([0.0, np.nan, 9.0]), 3) == 2
    assert _count_nodes(tree, np.array([9.0, 9.0, -np.inf]), 3) == 4


def test_null_is_what_cutting_sorted_gaussians_gives():
    rng = np.random.default_rng(77)
    values = []
    for _ in range(4000):
        x = np.sort(rng.normal(size=14))
        low, high = x[:5], x[5:]
        between = 5 * 9 / 14 * (high.mean() - low.mean()) ** 2
        within = ((low - low.mean()) ** 2).sum() + ((high - high.mean()) ** 2).sum()
        values.append(np.log(between / within))
    mean, sd = _null_of_cut(5, 14)
    assert_allclose(mean, np.mean(values), atol=4 * sd / np.sqrt(2000))
    assert_allclose(sd, np.std(values), rtol=0.06)


def test_log_ratios_equal_the_loop(rng):
    counts, types = population(rng, (4, 5), n_conditions=30, repeats=6)
    expected = []
    for i in range(9):
        p = []
        rest = [
            sum(counts[j] for j in range(9) if types[j] == label and j != i)
            for label in (0, 1)
        ]
        q = (rest[0] + rest[1]) / (rest[0] + rest[1]).sum(axis=1, keepdims=True)
        for label in (0, 1):
            repeats = rest[label].sum(axis=1, keepdims=True)
            spoken = ((rest[label] + q / 2) / (repeats + 0.5))[:, 1]
            p.append(spoken / spoken.sum())
        top = bottom = 0.0
        for s in range(30):
            n = counts[i, s, 1]
            if n and q[s, 1]:
                top += n**0.5 * np.log(p[1][s] / p[0][s])
                bottom += n**0.5
        expected.append(top / bottom)
    assert_allclose(_log_ratios(counts, types), expected, rtol=1e-12)


def test_only_merges_of_three_and_three_are_scored(rng):
    counts, _ = population(rng, (4, 9))
    tree = merge_tree(Rows.from_counts(counts))
    scored = np.isfinite(node_scores(counts, tree)) | np.isinf(
        node_scores(counts, tree)
    )
    sizes = dict.fromkeys(range(13), 1)
    for k, (a, b) in enumerate(tree.children):
        assert scored[k] == (min(sizes[a], sizes[b]) >= 3)
        sizes[13 + k] = sizes[a] + sizes[b]


def test_scores_do_not_depend_on_the_number_of_processes(rng):
    counts, _ = population(rng, (6, 9))
    tree = merge_tree(Rows.from_counts(counts))
    assert_array_equal(
        node_scores(counts, tree, n_jobs=1), node_scores(counts, tree, n_jobs=2)
    )
