"""Adjusted p-values beside those of scipy."""

import numpy as np
from numpy.testing import assert_allclose
from scipy.stats import false_discovery_control

from neuroclass._lib.false_discovery import false_discovery


def test_false_discovery_is_that_of_scipy(rng):
    p = rng.random(40) ** 3
    assert_allclose(false_discovery(p), false_discovery_control(p))
    with_gap = false_discovery([*p, np.nan])
    assert_allclose(with_gap[:-1], false_discovery_control(p))
    assert np.isnan(with_gap[-1])


def test_no_p_values_are_adjusted_to_none():
    assert len(false_discovery([])) == 0
