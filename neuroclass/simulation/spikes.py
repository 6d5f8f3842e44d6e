"""Poisson spike trains with a dead time, bursts, and spikes at random times.

Input: firing rates in Hz, and the onsets of presentations in seconds. Output: spike
times in seconds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["add_bursts", "draw_random_spikes", "draw_spikes", "drop_refractory"]

_REFRACTORY_PERIOD = 0.003  # s
_BURST_INTERVAL = 0.002  # s, mean beyond the dead time
_SPARSE_SPIKES = (1.0, 150.0)  # expected in the whole recording


def draw_spikes(
    rate: NDArray[np.float64],
    step: float,
    starts: NDArray[np.float64],
    gain: NDArray[np.float64],
    rng: np.random.Generator,
) -> list[NDArray[np.float64]]:
    """Draw Poisson spike times of every cell in presentations of one segment.

    Parameters
    ----------
    rate : ndarray of shape (n_neurons, n_steps)
        Firing rate at each time step, in Hz.
    step : float
        Time step, in seconds.
    starts : ndarray of shape (n_presentations,)
        Onsets of the presentations, in seconds.
    gain : ndarray of shape (n_neurons, n_presentations)
        Factor of the rate of each cell in each presentation.
    rng : numpy.random.Generator
        Generator.

    Returns
    -------
    list of ndarray
        Spike times of each cell, in seconds, not sorted.
    """
    expected = np.zeros((rate.shape[0], rate.shape[1] + 1))
    np.cumsum(rate * step, axis=1, out=expected[:, 1:])
    n_spikes = rng.poisson(expected[:, -1:] * gain)
    edges = np.arange(expected.shape[1]) * step
    # The inverse of the expected number of spikes turns uniform into spike times.
    return [
        np.repeat(starts, counts)
        + np.interp(rng.uniform(0, cumulative[-1], counts.sum()), cumulative, edges)
        for cumulative, counts in zip(expected, n_spikes, strict=True)
    ]


def add_bursts(
    times: NDArray[np.float64], bursts: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the spike times and those that follow them in bursts, not sorted.

    Each spike is followed by a Poisson number of spikes, `bursts` on average, at
    intervals of the dead time and an exponential one of 2 ms.
    """
    if not bursts:
        return times
    n_more = rng.poisson(bursts, len(times))
    intervals = _REFRACTORY_PERIOD + rng.exponential(_BURST_INTERVAL, n_more.sum())
    # Intervals add up within each burst: all of them, less those of earlier bursts.
    elapsed = np.append(0.0, np.cumsum(intervals))
    first = np.cumsum(n_more) - n_more
    since = elapsed[1:] - np.repeat(elapsed[first], n_more)
    return np.concatenate([times, np.repeat(times, n_more) + since])


def draw_random_spikes(
    n_neurons: int, duration: float, rng: np.random.Generator
) -> list[NDArray[np.float64]]:
    """Draw a few spikes of each neuron at times that no stimulus drives.

    A Poisson number, its mean between 1 and 150 with a flat logarithm, at uniformly
    random times of the whole recording; in seconds, not sorted.
    """
    low, high = np.log(_SPARSE_SPIKES)
    expected = np.exp(rng.uniform(low, high, n_neurons))
    n_spikes = rng.poisson(expected, n_neurons)
    return [rng.uniform(0, duration, n) for n in n_spikes]


def drop_refractory(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sorted spike times without those in the dead time of the last one left."""
    while True:
        is_close = np.diff(times, prepend=-np.inf) < _REFRACTORY_PERIOD
        if not is_close.any():
            return times
        # A spike is certain to be dropped if the close spike before it is certain to
        # stay: the first ones of each run. The next pass treats the others.
        is_first = is_close & ~np.append(False, is_close[:-1])
        times = times[~is_first]
