"""Response reliability."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroclass.tuning import response_reliability


def test_repeats_that_are_the_same_are_fully_reliable(rng):
    one = rng.poisson(3.0, (4, 1, 50))
    assert_allclose(response_reliability(np.repeat(one, 6, axis=1)), 1)


def test_a_response_that_does_not_repeat_has_one_over_the_repeats(rng):
    found = response_reliability(rng.normal(size=(40, 8, 2000)))
    assert found.mean() == pytest.approx(1 / 8, rel=0.02)


def test_silent_neurons_have_none_and_wrong_axes_are_refused():
    assert np.isnan(response_reliability(np.zeros((1, 3, 9)))).all()
    with pytest.raises(ValueError, match="axes neuron, repeat, condition; got 2"):
        response_reliability(np.zeros((3, 9)))
