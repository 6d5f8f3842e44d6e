"""Scaled PSTHs, their components and distances."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import gaussian_filter1d

from neuroclass.groupings import (
    SCALINGS,
    principal_components,
    psth_correlation_distances,
    scale_psth,
)


@pytest.fixture
def psth(rng):
    return rng.poisson(3.0, (5, 40)).astype(float)


@pytest.mark.parametrize("scaling", SCALINGS[1:])
def test_scaling_removes_how_much_a_neuron_fires(psth, scaling):
    gain = np.array([1.0, 2.0, 0.5, 10.0, 0.1])[:, None]
    assert_allclose(scale_psth(psth, scaling), scale_psth(gain * psth, scaling))


def test_scalings_are_what_their_names_say(psth):
    assert_array_equal(scale_psth(psth, "raw"), psth)
    z = scale_psth(psth, "z-scored")
    assert_allclose(z.mean(axis=1), 0, atol=1e-12)
    assert_allclose(z.std(axis=1), 1)
    assert_allclose(scale_psth(psth, "maximum").max(axis=1), 1)
    assert_allclose((scale_psth(psth, "unit length") ** 2).sum(axis=1), 1)
    assert_allclose((scale_psth(psth, "square root") ** 2).sum(axis=1), 1)


@pytest.mark.parametrize("scaling", SCALINGS)
def test_a_silent_neuron_is_zero_throughout(scaling):
    assert_array_equal(scale_psth(np.zeros((2, 9)), scaling), 0)


def test_smoothing_stays_inside_a_stimulus(psth):
    stimulus = np.repeat([0, 1], [15, 25])
    smoothed = scale_psth(psth, "raw", smoothing=2.0, stimulus=stimulus)
    for part in (slice(15), slice(15, None)):
        alone = gaussian_filter1d(psth[:, part], 2.0, axis=1, mode="nearest")
        assert_allclose(smoothed[:, part], alone)


def test_correlation_distances_are_those_of_numpy(psth):
    expected = 1 - np.corrcoef(psth)
    assert_allclose(psth_correlation_distances(psth), expected, atol=1e-7)


def test_components_keep_the_distances_of_few_neurons(psth):
    x = principal_components(psth, 10)
    assert x.shape == (5, 5)
    between = np.linalg.norm(psth[0] - psth[3])
    assert_allclose(np.linalg.norm(x[0] - x[3]), between)


def test_wrong_arrays_are_refused(psth):
    with pytest.raises(ValueError, match="scaling must be"):
        scale_psth(psth, "norm")
    with pytest.raises(ValueError, match="axes neuron and condition; got 1 axes"):
        scale_psth(psth[0])
    with pytest.raises(ValueError, match="one entry per condition"):
        scale_psth(psth, stimulus=[0, 1])
