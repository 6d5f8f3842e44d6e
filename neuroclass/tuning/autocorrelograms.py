"""Refractory violations and autocorrelogram of spike trains.

Input: spike times. Output: a share, and rates by lag.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["REFRACTORY", "autocorrelogram", "refractory_violations"]

REFRACTORY = 0.0015  # s


def refractory_violations(spikes: ArrayLike, period: float = REFRACTORY) -> float:
    """Return the share of intervals between spikes that a neuron cannot have.

    Parameters
    ----------
    spikes : array_like, (n_spikes,)
        Spike times, in seconds.
    period : float, default 0.0015
        Refractory period, in seconds.

    Returns
    -------
    float
        Nan with fewer than two spikes. A unit of two neurons, or of one and noise, has
        some.
    """
    intervals = np.diff(np.sort(np.asarray(spikes, dtype=np.float64)))
    return float((intervals < period).mean()) if len(intervals) else float("nan")


def autocorrelogram(
    spikes: ArrayLike, bin_size: float = 0.001, duration: float = 0.05
) -> NDArray[np.float64]:
    """Return the rate of a neuron at each time after one of its spikes, in Hz.

    Parameters
    ----------
    spikes : array_like, (n_spikes,)
        Spike times, in seconds.
    bin_size, duration : float
        Width of the bins and longest lag, in seconds.

    Returns
    -------
    ndarray of shape (n_bins,)
        From lag 0 on; nan without spikes.
    """
    times = np.sort(np.asarray(spikes, dtype=np.float64))
    n_bins = max(1, round(duration / bin_size))
    if not len(times):
        return np.full(n_bins, np.nan)
    counts = np.zeros(n_bins)
    for shift in range(1, len(times)):
        lags = times[shift:] - times[:-shift]
        lags = lags[lags < n_bins * bin_size]
        if not len(lags):
            break
        bins = np.minimum((lags / bin_size).astype(np.intp), n_bins - 1)
        counts += np.bincount(bins, minlength=n_bins)
    return counts / (len(times) * bin_size)
