"""Sums over repeats, smoothing within stimuli, and the base bin."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.clustering.timing import SpikeCounts, choose_base_bin
from neuroclass.clustering.timing.spike_counts import smooth


def test_repeats_are_summed_where_neurons_were_recorded(rng):
    spikes = rng.poisson(2.0, (3, 6, 10)).astype(float)
    spikes[0, 4:] = np.nan
    counts = SpikeCounts.from_repeats(spikes)
    assert_array_equal(counts.repeats[:, 0], [4, 6, 6])
    assert_array_equal(counts.counts[0], spikes[0, :4].sum(axis=0))
    assert_allclose(counts.variance[0], spikes[0, :4].var(axis=0, ddof=1))
    assert_array_equal(counts.odd[1], spikes[1, ::2].sum(axis=0))
    assert_array_equal(counts.even[1], spikes[1, 1::2].sum(axis=0))
    assert "3 neurons, 10 bins of 1 stimuli, 4 to 6 repeats" in repr(counts)


def test_a_single_repeat_has_the_dispersion_of_poisson_neurons():
    counts = SpikeCounts.from_repeats(np.ones((2, 1, 9)))
    assert_allclose(counts.dispersion, 1)
    assert_allclose(counts.effective_spikes, 9)


def test_smoothing_stays_within_a_stimulus():
    x = np.zeros((1, 30))
    x[0, 9] = 1
    for stimulus in (np.repeat([0, 1, 2], 10), np.repeat([0, 1], [10, 20])):
        smoothed = smooth(x, 2.0, stimulus)
        assert smoothed[0, 4:10].all()
        assert not smoothed[0, 10:].any()


@pytest.mark.parametrize(
    ("duration", "resolution", "width"),
    [
        (2.0, 0.0, 0.02),
        (0.3, 0.0, 0.01),
        (0.1, 0.0, 0.005),
        (0.32, 0.0, 0.02),
        (9.9, 0.03, 0.03),
        (9.9, 0.0083, 0.0166),
        (0.3, 0.02, 0.02),
    ],
)
def test_base_bin(duration, resolution, width):
    assert choose_base_bin(duration, resolution) == pytest.approx(width)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ((np.ones(3), None, 2), "axes neuron and condition"),
        ((-np.ones((2, 3)), None, 2), "not negative"),
        ((np.ones((2, 3)), None, 0), "0 where repeats are 0"),
        ((np.ones((2, 3)), np.ones((2, 2)), 2), "variance must have the shape"),
    ],
)
def test_sums_that_do_not_agree_are_refused(arguments, match):
    with pytest.raises(ValueError, match=match):
        SpikeCounts.from_sums(*arguments)


def test_stimuli_and_odd_repeats_that_do_not_agree_are_refused():
    counts = np.ones((2, 4))
    with pytest.raises(ValueError, match="side by side"):
        SpikeCounts.from_sums(counts, None, 2, stimulus=[0, 1, 0, 1])
    with pytest.raises(ValueError, match="one entry per condition"):
        SpikeCounts.from_sums(counts, None, 2, stimulus=[0, 1])
    with pytest.raises(ValueError, match="no more spikes"):
        SpikeCounts.from_sums(counts, None, 2, odd=2 * counts)
    with pytest.raises(ValueError, match="neuron, repeat, condition"):
        SpikeCounts.from_repeats(counts)
    with pytest.raises(ValueError, match="duration must be positive"):
        choose_base_bin(0.0)
