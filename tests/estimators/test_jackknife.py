"""Intervals by the delete-a-group jackknife: known answers."""

import numpy as np
from numpy.testing import assert_allclose

from neuroclass.estimators import bias_aware_interval, jackknife_interval


def test_jackknife_of_a_mean_is_its_standard_error(rng):
    x = rng.normal(size=10)
    replicates = [(x.sum() - value) / 9 for value in x]
    error, interval = jackknife_interval(x.mean(), replicates)
    assert_allclose(error, x.std(ddof=1) / np.sqrt(10), rtol=1e-12)
    assert_allclose(np.mean(interval), x.mean(), rtol=1e-12)
    assert_allclose(np.ptp(interval) / 2 / error, 2.2622, atol=1e-4)


def test_an_estimate_without_bias_keeps_its_interval(rng):
    x = rng.normal(size=(10, 4))
    replicates = (x.sum(axis=0) - x) / 9
    _, expected = jackknife_interval(x.mean(axis=0), replicates)
    found = bias_aware_interval(x.mean(axis=0), x.mean(axis=0), replicates)
    assert_allclose(found, expected, rtol=1e-12)


def test_an_interval_reaches_the_estimate_and_what_is_left_of_the_bias():
    groups, bias = 10, 3.0  # over the number of groups
    replicates = np.full(groups, 1 + bias / (groups - 1))
    low, high = bias_aware_interval(0.7, 1 + bias / groups, replicates)
    assert_allclose((low, high), (0.7, 1 + bias / groups), rtol=1e-12)
    low, high = bias_aware_interval(1.2, 1 + bias / groups, replicates)
    assert_allclose((low, high), (1.0, 1 + bias / groups), rtol=1e-12)
    low, high = bias_aware_interval(2.0, 1 - bias / groups, 2 - replicates)
    assert_allclose((low, high), (1 - bias / groups, 2.0), rtol=1e-12)


def test_no_estimate_lies_at_an_end_of_its_own_interval(rng):
    x = rng.normal(size=(10, 50))
    replicates = (x.sum(axis=0) - x) / 9
    less_biased = x.mean(axis=0)
    estimates = less_biased + 3 * rng.normal(size=50)
    low, high = bias_aware_interval(estimates, less_biased, replicates).T
    half = np.ptp(jackknife_interval(less_biased, replicates)[1], axis=1) / 2
    assert (estimates - low >= half - 1e-12).all()
    assert (high - estimates >= half - 1e-12).all()


def test_a_third_estimate_is_reached_and_not_surpassed():
    replicates = [1.1, 1.0, 0.9]
    low, high = bias_aware_interval(1.0, 1.0, replicates, as_far_as=-5.0)
    assert low == -5.0
    plain = bias_aware_interval(1.0, 1.0, replicates)
    assert high == plain[1]
    inside = bias_aware_interval(1.0, 1.0, replicates, as_far_as=1.01)
    assert_allclose(inside, plain)
