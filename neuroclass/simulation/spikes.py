"""Poisson spike trains with a dead time.

Input: firing rates in Hz, and the onsets of presentations in seconds. Output: spike
times in seconds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["draw_spikes", "drop_refractory"]

_REFRACTORY_PERIOD = 0.003  # s


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
