"""Refractory violations and autocorrelograms."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroclass.tuning import autocorrelogram, refractory_violations


def test_violations_are_the_share_of_short_intervals():
    assert refractory_violations([0.0, 0.001, 0.002, 0.01, 0.02]) == 0.5
    assert refractory_violations([0.02, 0.0]) == 0
    assert np.isnan(refractory_violations([1.0]))


def test_the_autocorrelogram_is_that_of_a_plain_loop(rng):
    times = np.sort(rng.uniform(0, 2, 120))
    lags = np.array([b - a for a in times for b in times if b > a])
    expected = np.histogram(lags, np.arange(0, 0.0501, 0.001))[0]
    assert_allclose(autocorrelogram(times), expected / (120 * 0.001))


def test_a_poisson_train_has_its_rate_and_a_refractory_one_a_gap(rng):
    times = np.sort(rng.uniform(0, 500, 10_000))
    assert autocorrelogram(times).mean() == pytest.approx(20, rel=0.05)
    refractory = np.cumsum(0.003 + rng.exponential(0.05, 5000))
    assert_allclose(autocorrelogram(refractory)[:3], 0)
    assert np.isnan(autocorrelogram([])).all()
