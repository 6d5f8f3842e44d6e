"""Whether two types would be seen, if there were two, with these neurons and spikes.

Input: spike counts of neurons that pass for one type. Output: the separation that two
simulated types of as many neurons and spikes reach on average.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuroclass.clustering.timing.separation import (
    MIN_NEURONS,
    Profiles,
    Separation,
    halves_of_stimulus,
    pair_separation,
)
from neuroclass.clustering.timing.spike_counts import SpikeCounts, smooth

__all__ = ["TWO_TYPES_ALIKE", "expected_separation", "tilted_profiles"]

TWO_TYPES_ALIKE = 0.7  # timing correlation of the simulated types
_SHARE = 1 / 3  # of the neurons that are of the rarer type
_N_DRAWS = 6
_MOST_NEURONS = 200  # simulated; with more, two types hold apart all the better
_WIDTH = 2.0  # bins of the Gaussian, as for timing correlations
_MOST_TILT = 8.0
_N_HALVINGS = 40
_SEED = 20021


def expected_separation(spikes: SpikeCounts, smoothing: int) -> Separation:
    """Compute how far two types would hold apart in data like these.

    Two types whose responses correlate at .7 are simulated, a third of the neurons of
    one of them, each neuron with the spikes that it has; the mean of six.

    Parameters
    ----------
    spikes : SpikeCounts
        Of the neurons.
    smoothing : int
        Of the profiles in the test, in base bins.

    Returns
    -------
    Separation
        Mean z' and mean z against a Gaussian continuum of the true types; of a single
        condition minus infinity.

    Notes
    -----
    The types have the profile of the population times exp(b d) and exp(-b d), with d a
    Gaussian noise smoothed by two bins, drawn anew each time, and b such that the two
    profiles, smoothed by two bins, correlate at .7 (`tilted_profiles`). Spikes are
    Poisson, as many as the neuron's effective spikes. Neurons of a type do not differ
    otherwise, so that real types are seen less easily.
    """
    if spikes.counts.shape[1] == 1:  # no times in which types could differ
        return Separation(-np.inf, -np.inf)
    n_neurons = min(len(spikes.counts), _MOST_NEURONS)
    rng = np.random.default_rng(_SEED)
    some = spikes.of(rng.permutation(len(spikes.counts))[:n_neurons])
    recorded = some.is_recorded
    pooled = Profiles.from_counts(
        some.rates,
        max(smoothing, _WIDTH),
        some.stimulus,
        None if recorded.all() else recorded,
    ).pooled
    n_rare = max(MIN_NEURONS, round(_SHARE * n_neurons))
    types = np.zeros(n_neurons, np.intp)
    types[:n_rare] = 1
    found = []
    for _ in range(_N_DRAWS):
        tilt = rng.normal(size=(1, len(pooled)))
        both = tilted_profiles(
            pooled, smooth(tilt, _WIDTH, some.stimulus)[0], some.stimulus
        )
        expected = np.where(recorded, both[types], 0.0)
        total = np.maximum(expected.sum(axis=1, keepdims=True), 1e-300)
        counts = rng.poisson(some.effective_spikes[:, None] * expected / total)
        drawn = SpikeCounts.from_sums(
            counts,
            None,
            recorded,
            stimulus=some.stimulus,
            odd=rng.binomial(counts, 0.5),
        )
        halves = halves_of_stimulus(drawn, smoothing)
        found.append(pair_separation(halves, np.arange(n_neurons), types))
    z, z_gaussian = np.mean(found, axis=0)
    return Separation(float(z), float(z_gaussian))


def tilted_profiles(
    profile: NDArray[np.float64],
    tilt: NDArray[np.float64],
    stimulus: NDArray[np.intp],
    correlation: float = TWO_TYPES_ALIKE,
) -> NDArray[np.float64]:
    """Return a profile times exp(b tilt) and exp(-b tilt), (2, n_conditions).

    Parameters
    ----------
    profile : ndarray, (n_conditions,)
        Share of the spikes in each condition.
    tilt : ndarray, (n_conditions,)
        Direction in which the types differ.
    stimulus : ndarray of int, (n_conditions,)
        Stimulus of each condition.
    correlation : float, default .7
        Of the two, smoothed by two bins: b is found by halving an interval, and the
        largest b is taken where none is large enough.
    """
    scale = float(tilt.std())
    d = tilt / scale if scale > 0 else tilt
    low, high = 0.0, _MOST_TILT
    for _ in range(_N_HALVINGS):
        middle = (low + high) / 2
        smoothed = smooth(_tilted(profile, d, middle), _WIDTH, stimulus)
        one, other = smoothed - smoothed.mean(axis=1, keepdims=True)
        size = float(np.sqrt((one @ one) * (other @ other)))
        is_near = size <= 0 or float(one @ other) > correlation * size
        low, high = (middle, high) if is_near else (low, middle)
    return _tilted(profile, d, low)


def _tilted(
    profile: NDArray[np.float64], tilt: NDArray[np.float64], size: float
) -> NDArray[np.float64]:
    both = profile * np.exp(size * np.stack([tilt, -tilt]))
    tilted: NDArray[np.float64] = both / both.sum(axis=1, keepdims=True)
    return tilted
