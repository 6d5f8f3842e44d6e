"""Simulated populations as the groupings take them."""

import numpy as np

from neuroclass.analysis.comparison import NeuronsToGroup
from neuroclass.clustering.timing import SpikeCounts, find_participants
from neuroclass.spike_times import RepeatedTrains

BIN = 0.02  # s
DISTANCE_UNITS, DISTANCE_REPEATS = 25, 4
_TIME_CONSTANT = 0.05  # s


def neurons_of(population, seed, *, n_units=DISTANCE_UNITS, n_repeats=DISTANCE_REPEATS):
    """Return the neurons whose response repeats, and their types.

    Spike times are drawn inside the bins that the population has counts in.
    """
    counts = SpikeCounts.from_repeats(population.spikes, stimulus=population.stimulus)
    part = np.flatnonzero(find_participants(counts).takes_part)
    spikes = population.spikes[part]
    rng = np.random.default_rng([2040, seed])
    sample = np.sort(rng.permutation(len(part))[:n_units])
    every = spikes.shape[1]
    chosen = np.arange(every)
    if n_repeats < every:
        chosen = ((np.arange(n_repeats) + 0.5) * every / n_repeats).astype(int)
    trains = _trains(spikes, population.stimulus, rng)
    sampled = tuple(tuple(trains.times[k][r] for r in chosen) for k in sample)
    neurons = NeuronsToGroup(
        spikes=counts.of(part),
        words=_words(spikes),
        word_halves=(_words(spikes[:, ::2]), _words(spikes[:, 1::2])),
        trains=trains,
        sample=sample,
        sampled=RepeatedTrains(sampled, trains.durations),
        bin_size=BIN,
        time_constant=_TIME_CONSTANT,
    )
    return neurons, population.types[part]


def _words(spikes):
    fired = (spikes > 0).sum(axis=1)
    return np.stack([spikes.shape[1] - fired, fired], axis=2)


def _trains(spikes, stimulus, rng):
    edges = np.flatnonzero(np.diff(stimulus)) + 1
    n_bins = np.diff([0, *edges, len(stimulus)])
    times = tuple(
        tuple(
            tuple(_times(part, rng) for part in np.split(repeat, edges))
            for repeat in unit
        )
        for unit in spikes
    )
    return RepeatedTrains(times, BIN * n_bins)


def _times(counts, rng):
    bins = np.repeat(np.arange(len(counts)), counts)
    return np.sort(BIN * (bins + rng.random(len(bins))))
