"""Who takes part: cells that respond, none that fire at random."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.clustering.timing import (
    SpikeCounts,
    find_participants,
    timing_correlations,
)


def test_cells_take_part_and_units_that_fire_at_random_do_not(rng, simulate_types):
    spikes, types, stimulus = simulate_types(rng, [10, 10], n_repeats=20)
    random = rng.poisson(0.3, (6, 20, spikes.shape[2]))
    silent = np.zeros((1, 20, spikes.shape[2]))
    counts = SpikeCounts.from_repeats(
        np.concatenate([spikes, random, silent]), stimulus=stimulus
    )
    found = find_participants(counts)
    assert found.takes_part[: len(types)].sum() >= 19
    assert not found.takes_part[len(types) :].any()
    assert_array_equal(np.flatnonzero(found.is_silent), [26])
    assert found.is_unresponsive[20:26].all()
    assert "7" not in repr(found).split("silent")[0] or "1 silent" in repr(found)


def test_measures_equal_their_definition_on_one_stimulus(rng, simulate_types):
    """Written again with a kernel, as the rule is stated."""
    spikes, _, _ = simulate_types(rng, [5], n_stimuli=1, n_bins=80)
    counts = SpikeCounts.from_repeats(spikes)
    t = np.arange(-8, 9)
    kernel = np.exp(-0.5 * (t / 2.0) ** 2)
    kernel /= kernel.sum()

    def smoothed(x):
        padded = np.pad(x, ((0, 0), (8, 8)), mode="edge")
        return np.array([np.convolve(row, kernel, mode="valid") for row in padded])

    a, b = (smoothed(spikes[:, k::2].sum(axis=1)) for k in (0, 1))
    a -= a.mean(axis=1, keepdims=True)
    b -= b.mean(axis=1, keepdims=True)
    c = (a * b).sum(axis=1)
    n = spikes[:, ::2].sum((1, 2)) * spikes[:, 1::2].sum((1, 2))
    found = find_participants(counts)
    assert_allclose(found.correlation, c / np.sqrt((a**2).sum(1) * (b**2).sum(1)))
    assert_allclose(found.z, c / np.sqrt(n / 80 / (4 * np.sqrt(2 * np.pi))))
    r = np.corrcoef(a, b)[:5, 5:]
    r = (r + r.T) / 2
    own = np.sqrt(np.diag(r))
    assert_allclose(timing_correlations(counts), r / own / own[:, None], rtol=1e-6)


def test_single_bins_are_not_smoothed(rng):
    """Of images, each in one bin, the null is that of single counts."""
    rate = rng.gamma(0.5, 2.0, (8, 60))
    spikes = rng.poisson(rate[:, None], (8, 20, 60))
    random = rng.poisson(1.0, (40, 20, 60))
    counts = SpikeCounts.from_repeats(
        np.concatenate([spikes, random]), stimulus=np.arange(60)
    )
    found = find_participants(counts)
    assert found.takes_part[:8].all()
    assert not found.takes_part[8:].any()
    assert abs(found.z[8:].mean()) < 0.5
    assert 0.7 < found.z[8:].std() < 1.3


def test_neurons_recorded_in_part_are_judged_by_what_was_recorded(rng, simulate_types):
    spikes, _, stimulus = simulate_types(rng, [6, 6], n_repeats=20)
    spikes[0, :, stimulus == 1] = np.nan
    spikes[1, :, stimulus == 0] = np.nan
    counts = SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    whole = find_participants(counts)
    part = find_participants(SpikeCounts.from_repeats(spikes[:1][:, :, stimulus == 0]))
    assert_allclose(whole.correlation[0], part.correlation[0])
    correlations = timing_correlations(counts)
    assert np.isnan(correlations[0, 1])
    assert np.isfinite(correlations[0, 2:]).all()


def test_halves_of_the_repeats_are_needed():
    with pytest.raises(ValueError, match="odd"):
        find_participants(SpikeCounts.from_sums(np.ones((2, 9)), None, 3))
