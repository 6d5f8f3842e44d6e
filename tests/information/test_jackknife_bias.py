"""Bias of the jackknife estimate: identities, simulated truth."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import binom

from neuroclass.estimators import entropy
from neuroclass.information import information_terms, jackknife_excess
from neuroclass.information.jackknife_bias import PROBABILITIES, count_likelihood


def binary(p):
    return np.stack([1 - p, p], axis=2)


@pytest.mark.parametrize("repeats", [1, 7, 30])
def test_the_excess_of_two_words_is_that_of_the_entropy(repeats):
    n = np.arange(repeats + 1)
    estimated = entropy(np.stack([repeats - n, n], axis=1), "jackknife")
    expected = binom.pmf(n, repeats, PROBABILITIES[:, None]) @ estimated
    p, q = PROBABILITIES, 1 - PROBABILITIES
    true = -(p * np.log2(p) + q * np.log2(q))
    excess = count_likelihood(repeats).excess
    both = excess + excess[::-1]  # the grid is symmetric
    assert_allclose(both, repeats * (true - expected), atol=1e-7)


@pytest.mark.parametrize("repeats", [5, 10, 20])
@pytest.mark.parametrize("population", ["sparse", "one type"])
def test_excess_is_that_of_simulated_neurons(rng, population, repeats):
    p = np.clip(rng.gamma(0.3, 0.3, (24, 250)), 0.002, 0.9)
    p = binary(p[:1].repeat(24, axis=0) if population == "one type" else p)
    truth = (p * np.log2(p / p.mean(axis=0))).sum(axis=2).mean()
    before, after = [], []
    for _ in range(20):
        counts = rng.multinomial(repeats, p)
        excess = jackknife_excess(counts).sum() / counts.sum()
        before.append(information_terms(counts).mean("jackknife") - truth)
        after.append(before[-1] - excess)
    assert np.mean(before) > 0.003
    assert abs(np.mean(after)) < 0.6 * np.mean(before)


def test_where_nothing_is_uncertain_there_is_no_excess(rng):
    assert_allclose(jackknife_excess(np.full((3, 4, 1), 9)), 0)  # one word
    assert_allclose(jackknife_excess(rng.integers(1, 9, (1, 5, 3))), 0)  # one neuron
    many = rng.multinomial(201, [0.9, 0.1], (3, 5))
    assert_allclose(jackknife_excess(many), 0)
    apart = np.zeros((2, 30, 2), dtype=int)
    apart[0, :, 0] = apart[1, :, 1] = 20
    assert_allclose(jackknife_excess(apart) / 20, 0, atol=1e-3)


def test_the_order_of_neurons_conditions_and_words_does_not_matter(rng):
    counts = rng.multinomial(12, rng.dirichlet(np.ones(4), (6, 20)))
    order = rng.permutation(20)
    shuffled = counts[::-1][:, order][:, :, [2, 0, 3, 1]]
    assert_allclose(
        jackknife_excess(shuffled)[::-1], jackknife_excess(counts)[:, order]
    )


def test_neurons_may_have_other_repeats_and_miss_conditions(rng):
    p = np.clip(rng.gamma(0.3, 0.3, (1, 400)), 0.002, 0.9).repeat(20, axis=0)
    common = jackknife_excess(rng.multinomial(15, binary(p)))
    counts = rng.multinomial(np.where(np.arange(20) < 10, 15, 14)[:, None], binary(p))
    other = jackknife_excess(counts)
    assert_allclose(other.mean(), common.mean(), rtol=0.2)
    counts[0] = 0
    counts[1, :200] = 0
    found = jackknife_excess(counts)
    assert (found[0] == 0).all()
    assert (found[1, :200] == 0).all()
    assert_allclose(found[2:].mean(), other[2:].mean(), rtol=0.1)
    assert found[1, 200:].any()
