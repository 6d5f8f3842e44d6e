"""Counts of observed words, and sums over them beside those over all words."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.information.entropy_terms import (
    general_terms,
    two_word_terms,
)
from neuroclass.information.jackknife_bias import jackknife_excess, two_word_excess
from neuroclass.information.observed_words import ObservedWords
from neuroclass.information.two_words import two_word_counts


def draw(rng, repeats, n_neurons=8):
    p = rng.beta(0.2, 1.0, (n_neurons, len(repeats)))
    p[0] = 0.0
    p[:, :2] = 0.0, 1.0  # a word that nobody has, and one that all have
    n = rng.binomial(repeats, p)
    return np.stack([repeats - n, n], axis=2)


def test_entries_hold_the_counts_that_are_not_0(rng):
    counts = rng.multinomial(4, rng.dirichlet(np.full(6, 0.2)), (5, 7))
    counts[2, 3] = 0
    found = ObservedWords.from_counts(counts)
    assert len(found.times) == np.count_nonzero(counts)
    assert_array_equal(counts[found.index], found.times)
    assert_array_equal(found.repeats, counts.sum(axis=2))
    pooled = np.zeros((7, 6), dtype=int)
    word = found.index[2]
    pooled[found.index[1], word] = found.pooled[found.cell]
    assert_array_equal(pooled, counts.sum(axis=0))
    group = counts // 2
    left = found.without(group)
    assert_array_equal(left.repeats, (counts - group).sum(axis=2))
    assert repr(found).startswith(f"ObservedWords({len(found.times)} of 5 neurons, 7")


REPEATS = [
    np.full(50, 20),
    np.full(12, 1),
    np.repeat([9, 0, 30, 255], [20, 3, 30, 4]),
]


@pytest.mark.parametrize("repeats", REPEATS)
def test_two_words_give_the_terms_of_counts_of_any_kind(rng, repeats):
    counts = draw(rng, repeats)
    found = two_word_terms(two_word_counts(counts), "empirical-bayes")
    expected = general_terms(ObservedWords.from_counts(counts), "empirical-bayes")
    names = ("plug-in", "miller-madow", "jackknife", "empirical-bayes")
    assert set(found.neuron) == set(expected.neuron) == set(names)
    for name in names:
        assert_allclose(found.mixture[name], expected.mixture[name], rtol=1e-11)
        assert_allclose(found.mean(name), expected.mean(name), rtol=1e-10, atol=1e-13)
    pairs = [(found.neuron[n], expected.neuron[n]) for n in names]
    pairs += [(getattr(found, n), getattr(expected, n)) for n in ("cross", "chance")]
    for one, other in [*pairs, (found.repeats, expected.repeats)]:
        assert_allclose(one.neuron, other.neuron, rtol=1e-10, atol=1e-9)
        assert_allclose(one.condition, other.condition, rtol=1e-10, atol=1e-9)
        assert_allclose(one.neuron.sum(), one.condition.sum(), rtol=1e-10, atol=1e-9)
    assert_allclose(found.bound, expected.bound, rtol=1e-12)


@pytest.mark.parametrize("repeats", REPEATS)
def test_excess_of_two_words_is_that_of_words_of_any_number(rng, repeats):
    counts = draw(rng, repeats)
    small = two_word_counts(counts)
    neuron, condition = two_word_excess(small, small.tallies())
    expected = jackknife_excess(counts)
    assert_allclose(neuron, expected.sum(axis=1), rtol=1e-9, atol=1e-10)
    assert_allclose(condition, expected.sum(axis=0), rtol=1e-9, atol=1e-10)
    one = two_word_counts(counts[:1])
    assert_array_equal(two_word_excess(one, one.tallies())[0], [0.0])


def test_excess_of_entries_is_that_of_a_word_that_nobody_else_has(rng):
    # Neurons with other repeats, and a third word that never occurs, change nothing
    # for those that stay as they were but for the common prior.
    counts = draw(rng, np.full(40, 12))
    wider = np.pad(counts, ((0, 0), (0, 0), (1, 2)))
    assert_allclose(jackknife_excess(wider), jackknife_excess(counts), rtol=1e-12)
    lost = counts.copy()
    lost[3, :20] = 0
    assert_array_equal(jackknife_excess(lost)[3, :20], 0.0)
    assert (jackknife_excess(lost)[3, 20:] != 0).any()
