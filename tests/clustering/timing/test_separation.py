"""The test of two classes: a twin made of loops, types apart, a continuum not."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.clustering.continuum_null import cut_null
from neuroclass.clustering.timing.separation import (
    Profiles,
    choose_smoothing,
    halves_of_stimulus,
    halvings_of_stimulus,
    mean_separation,
    nearest_pairs,
    pair_separation,
    reassign_profiles,
)
from neuroclass.clustering.timing.spike_counts import SpikeCounts


def log_ratios_by_loop(counts, labels):
    """log(p_1 / p_0) per spike of each neuron, itself left out of its own class."""
    n = counts.sum(axis=1)
    w = n / (n + 50)
    q = counts / n[:, None]
    pooled = (w[:, None] * q).sum(axis=0)
    pooled /= pooled.sum()
    ratios = np.empty(len(counts))
    for i in range(len(counts)):
        log_p = []
        for k in (0, 1):
            members = [j for j in np.flatnonzero(labels == k) if j != i]
            total = sum(w[j] * q[j] for j in members) + 0.5 * pooled + 1e-9
            log_p.append(np.log(total / (sum(w[j] for j in members) + 0.5)))
        ratios[i] = q[i] @ (log_p[1] - log_p[0])
    return ratios


def test_separation_equals_the_brute_force_twin(rng, simulate_types):
    spikes, types, _ = simulate_types(rng, [9, 8], n_stimuli=1, n_bins=100)
    counts = SpikeCounts.from_repeats(spikes)
    # Both halves the same and labels that no neuron leaves: a score without refitting.
    profiles = Profiles.from_counts(counts.counts, 0, counts.stimulus)
    labels, _ = reassign_profiles(profiles, types)
    assert_array_equal(labels, types)
    x = log_ratios_by_loop(counts.counts, types)
    likelihood = profiles.log_likelihoods(types, 2)
    assert_allclose(likelihood[:, 1] - likelihood[:, 0], x)
    low, high = x[types == 0], x[types == 1]
    between = 9 * 8 / 17 * (high.mean() - low.mean()) ** 2
    ratio = np.log(between / (9 * low.var() + 8 * high.var()))
    z = [
        (ratio - cut_null(9, 17, shape)[0]) / cut_null(9, 17, shape)[1]
        for shape in ("gaussian", "uniform")
    ]
    found = pair_separation((profiles, profiles), np.arange(17), types)
    assert_allclose(found.z, min(z[0] - 1, z[1]))
    assert_allclose(found.z_gaussian, z[0])


def test_types_hold_apart_and_a_continuum_does_not(rng, simulate_types):
    spikes, types, stimulus = simulate_types(rng, [20, 20], n_repeats=20, n_bins=100)
    halves = halves_of_stimulus(SpikeCounts.from_repeats(spikes, stimulus=stimulus), 1)
    neurons = np.arange(40)
    assert pair_separation(halves, neurons, types).z > 3
    profile = rng.gamma(1.0, 1.0, (2, 200))
    share = np.linspace(0, 1, 40)[:, None]
    rate = share * profile[0] + (1 - share) * profile[1]
    spikes = rng.poisson(rate[:, None], (40, 30, 200))
    halves = halves_of_stimulus(SpikeCounts.from_repeats(spikes), 1)
    labels = (np.arange(40) >= 20).astype(int)
    assert pair_separation(halves, neurons, labels).z < 3


def test_classes_too_small_or_alike_are_not_apart(rng, simulate_types):
    spikes, _, stimulus = simulate_types(rng, [12])
    halves = halves_of_stimulus(SpikeCounts.from_repeats(spikes, stimulus=stimulus), 1)
    few = np.array([0] * 10 + [1] * 2)
    assert pair_separation(halves, np.arange(12), few).z == -10


def test_several_halvings_begin_with_odd_and_even_blocks(rng, simulate_types):
    spikes, types, stimulus = simulate_types(rng, [8, 7], n_bins=100)
    counts = SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    halvings = halvings_of_stimulus(counts, 1)
    assert len(halvings) == 4
    n_conditions = counts.counts.shape[1]
    for halves in halvings:
        widths = [half.share.shape[1] for half in halves]
        assert sum(widths) == n_conditions
        assert min(widths) > n_conditions / 4
    for half, first in zip(halves_of_stimulus(counts, 1), halvings[0], strict=True):
        assert_array_equal(half.smoothed, first.smoothed)
    again = halvings_of_stimulus(counts, 1)
    assert_array_equal(again[3][0].share, halvings[3][0].share)
    neurons = np.arange(15)
    each = [pair_separation(halves, neurons, types) for halves in halvings]
    found = mean_separation(halvings, neurons, types)
    assert_allclose(found, np.mean(each, axis=0))


def test_few_conditions_are_halved_once_by_repeats(rng, simulate_types):
    spikes, _, _ = simulate_types(rng, [5, 5])
    single = SpikeCounts.from_repeats(spikes[:, :, :1])
    assert len(halvings_of_stimulus(single, 0)) == 1


def test_halves_hold_half_of_the_spikes_each(rng, simulate_types):
    spikes, _, stimulus = simulate_types(rng, [5, 5])
    one, other = halves_of_stimulus(
        SpikeCounts.from_repeats(spikes, stimulus=stimulus), 0
    )
    assert one.share.shape[1] + other.share.shape[1] == len(stimulus)
    # All spikes in one bin: halves of the repeats.
    single = np.zeros((4, 6, 30))
    single[:, :, 7] = 5
    one, other = halves_of_stimulus(SpikeCounts.from_repeats(single), 0)
    assert one.share.shape == other.share.shape == (4, 30)
    sums = SpikeCounts.from_sums(single.sum(axis=1), None, 6)
    one, other = halves_of_stimulus(sums, 0)
    assert_array_equal(one.share, other.share)


def test_neurons_recorded_in_part_do_not_dilute_a_class(rng):
    profile = rng.gamma(1.0, 1.0, 40)
    counts = np.tile(1000 * profile, (4, 1))
    recorded = np.ones((4, 40), bool)
    recorded[0, :20] = False
    counts[0, :20] = 0
    profiles = Profiles.from_counts(counts, 0, np.zeros(40, int), recorded)
    sums, weights = profiles.sums(np.zeros(4, int), 1)
    assert_allclose(sums[0] / weights[0], profile / profile.sum(), rtol=1e-6)


def test_each_class_has_its_nearest(rng, simulate_types):
    spikes, types, stimulus = simulate_types(rng, [5, 5, 5])
    counts = SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    profiles = Profiles.from_counts(counts.counts, 1, stimulus)
    pairs = nearest_pairs(profiles, types, 3)
    assert 2 <= len(pairs) <= 3
    for divergence, a, b in pairs:
        sums, w = profiles.sums(types, 3)
        p, q = sums[a] / w[a], sums[b] / w[b]
        m = (w[a] * p + w[b] * q) / (w[a] + w[b])
        js = w[a] * (p * np.log(p / m)).sum() + w[b] * (q * np.log(q / m)).sum()
        assert_allclose(divergence, js, rtol=1e-3)


def test_smoothing_is_one_of_four(rng, simulate_types):
    spikes, _, stimulus = simulate_types(rng, [6, 6])
    counts = SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    assert choose_smoothing(counts) in (0, 1, 2, 4)
