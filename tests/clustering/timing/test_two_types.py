"""Whether two types would be seen in data that look like one."""

import numpy as np
import pytest

from neuroclass.clustering.timing import SpikeCounts, find_cluster_cuts
from neuroclass.clustering.timing.spike_counts import smooth
from neuroclass.clustering.timing.two_types import (
    expected_separation,
    tilted_profiles,
)


def one_type(rng, n_neurons, n_repeats, scale=1.0):
    profile = np.exp(smooth(2.5 * rng.normal(size=(1, 120)), 2.0, np.zeros(120, int)))
    rate = scale * np.exp(0.5 * rng.normal(size=(n_neurons, 1))) * profile
    return SpikeCounts.from_repeats(
        rng.poisson(rate[:, None], (n_neurons, n_repeats, 120))
    )


@pytest.mark.parametrize("correlation", [0.5, 0.7, 0.9])
def test_tilted_profiles_correlate_as_asked(rng, correlation):
    stimulus = np.repeat([0, 1], 60)
    profile = rng.gamma(2, 1, 120)
    tilt = smooth(rng.normal(size=(1, 120)), 2.0, stimulus)[0]
    both = tilted_profiles(profile, tilt, stimulus, correlation)
    np.testing.assert_allclose(both.sum(axis=1), 1)
    found = np.corrcoef(smooth(both, 2.0, stimulus))[0, 1]
    assert found == pytest.approx(correlation, abs=1e-6)


def test_more_spikes_and_more_neurons_show_two_types_better(rng):
    few = expected_separation(one_type(rng, 10, 4, 0.2), 1)
    spikes = expected_separation(one_type(rng, 10, 40), 1)
    neurons = expected_separation(one_type(rng, 60, 40), 1)
    assert few.z < spikes.z < neurons.z
    assert neurons.z > 3
    assert all(each.z <= each.z_gaussian - 1 + 1e-9 for each in (few, spikes, neurons))


def test_one_class_is_determined_only_where_two_would_show(rng):
    enough = find_cluster_cuts(one_type(rng, 40, 30))
    assert enough.is_determined
    assert enough.two_types_z > 3
    few = find_cluster_cuts(one_type(np.random.default_rng(0), 12, 4, 0.1))
    assert few.is_alike
    assert few.two_types_z < 3
    assert (few.low, few.n_clusters) == (1, 1)
    assert not few.is_determined
    assert few.high >= 2
    assert "two types might not be seen" in few.why_open


def test_neurons_recorded_in_part_are_simulated_where_they_were(rng):
    counts = one_type(rng, 30, 20)
    repeats = counts.repeats.copy()
    repeats[:15, :60] = 0
    in_part = SpikeCounts.from_sums(
        np.where(repeats > 0, counts.counts, 0), None, repeats, odd=None
    )
    assert np.isfinite(expected_separation(in_part, 1).z)


def test_a_single_bin_shows_no_types(rng):
    counts = SpikeCounts.from_repeats(rng.poisson(5, (12, 8, 1)))
    assert expected_separation(counts, 0).z < 3
