"""Coincident spikes of two units beyond chance."""

import numpy as np
from numpy.testing import assert_allclose

from neuroclass.discrimination import coincident_share

STARTS = np.arange(20) * 3.0
STIMULUS = np.arange(20) % 2
DURATIONS = [2.0, 1.5]


def poisson(rng, n_spikes=3000):
    """Spike times over all presentations and the pauses between them, in seconds."""
    return np.sort(rng.uniform(0, 60, n_spikes))


def share_by_loop(first, second):
    """The share of spikes that coincide beyond chance, spike by spike."""
    fewer, more = sorted((first, second), key=len)
    near, by_chance = [], []
    for stimulus, duration in enumerate(DURATIONS):
        onsets = [
            start for start, s in zip(STARTS, STIMULUS, strict=True) if s == stimulus
        ]
        for k, onset in enumerate(onsets):
            shift = onsets[(k + 1) % len(onsets)] - onset
            for spike in fewer:
                if onset <= spike < onset + duration:
                    near.append(np.abs(more - spike).min() < 1.001e-3)
                    by_chance.append(np.abs(more - spike - shift).min() < 1.001e-3)
    chance = np.mean(by_chance)
    return (np.mean(near) - chance) / (1 - chance)


def test_share_equals_a_twin_of_loops(rng):
    first = poisson(rng, 400)
    second = np.sort(np.append(poisson(rng), first[::3] + 0.0005))
    found = coincident_share(first, second, STARTS, STIMULUS, DURATIONS)
    assert_allclose(found, share_by_loop(first, second), rtol=1e-12)
    assert found == coincident_share(second, first, STARTS, STIMULUS, DURATIONS)


def test_one_neuron_sorted_into_two_units_shares_its_spikes(rng):
    spikes = poisson(rng)
    part = spikes[rng.random(len(spikes)) < 0.9]
    assert_allclose(coincident_share(part, spikes, STARTS, STIMULUS, DURATIONS), 1)


def test_independent_neurons_share_no_spikes_beyond_chance(rng):
    share = coincident_share(poisson(rng), poisson(rng), STARTS, STIMULUS, DURATIONS)
    assert abs(share) < 0.05


def test_without_spikes_in_presentations_there_is_no_share():
    between = np.array([2.5, 5.5])
    assert np.isnan(
        coincident_share(between, np.arange(60), STARTS, STIMULUS, DURATIONS)
    )
    assert np.isnan(coincident_share([], between, STARTS, STIMULUS, DURATIONS))
