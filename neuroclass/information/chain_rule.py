"""How much of identity information lies in firing rates, how much in spike timing.

Input: spike counts in narrow bins and classes.  Output: `RateAndTiming`, in bits/s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["RateAndTiming", "rate_and_timing"]

_LN2 = np.log(2.0)


@dataclass(frozen=True)
class RateAndTiming:
    """Identity information split by the chain rule.

    Attributes
    ----------
    rate : float
        Information of the firing rates, in bits per second.
    timing : float
        Information of the times of the spikes, in bits per second, corrected for few
        spikes; not below 0.
    """

    rate: float
    timing: float

    @property
    def total(self) -> float:
        """Information of rates and times, in bits per second."""
        return self.rate + self.timing

    @property
    def rate_share(self) -> float:
        """Share of the rates; not a number where there is no information."""
        return self.rate / self.total if self.total > 0 else float("nan")

    @property
    def timing_share(self) -> float:
        """Share of the times; not a number where there is no information."""
        return self.timing / self.total if self.total > 0 else float("nan")


def rate_and_timing(
    counts: ArrayLike,
    repeats: ArrayLike,
    bin_size: float,
    labels: ArrayLike | None = None,
    *,
    dispersion: ArrayLike = 1.0,
) -> RateAndTiming:
    r"""Split the information about neurons, or classes, into rate and timing.

    Parameters
    ----------
    counts : array_like, (n_neurons, n_conditions)
        Spikes of all repeats together; a condition is one bin of one stimulus.
    repeats : array_like of int
        Repeats: one number, one per condition, or (n_neurons, n_conditions); 0 where a
        neuron was not recorded.
    bin_size : float
        Bin width, in seconds.
    labels : array_like of int, (n_neurons,), optional
        Classes; by default each neuron is its own.
    dispersion : array_like, (n_neurons,), default 1
        Variance over mean of the counts of each neuron.

    Returns
    -------
    RateAndTiming

    Notes
    -----
    In the limit of narrow bins, with P(c) the share of neurons in class c,
    :math:`\lambda_c` its rate per neuron, :math:`\lambda = \sum_c P(c) \lambda_c`,
    q_c(s) its share of spikes in bin s and q* that of all spikes,

    .. math:: I_{rate} = \sum_c P(c) \lambda_c \log_2 (\lambda_c / \lambda), \quad
              I_{timing} = \sum_c P(c) \lambda_c D_{KL}(q_c \| q^*).

    Their sum is :math:`\sum_c P(c) \langle \lambda_c(s) \log_2 (\lambda_c(s) /
    \lambda(s)) \rangle_s`: ``test_rate_and_timing_sum_to_the_whole``.  From the timing
    Miller-Madow takes (S_c - 1) P(c) :math:`\lambda_c` F_c / (2 n_c ln 2) of each
    class, with n_c spikes in S_c bins and dispersion F_c, and gives back that of all.

    Where neurons were recorded in part of the conditions, each block of conditions that
    the same neurons were recorded in is split on its own, and blocks count by their
    duration.
    """
    n = np.asarray(counts, dtype=np.float64)
    if n.ndim != 2:
        raise ValueError(
            f"counts must have the axes neuron and condition; got {n.ndim} axes."
        )
    if not bin_size > 0:
        raise ValueError(f"bin_size must be positive; got {bin_size} s.")
    r = np.broadcast_to(np.asarray(repeats, dtype=np.float64), n.shape)
    factor = np.broadcast_to(np.asarray(dispersion, dtype=np.float64), len(n))
    classes = np.arange(len(n)) if labels is None else np.asarray(labels)
    if classes.shape != (len(n),):
        raise ValueError(
            f"labels must have one entry per neuron ({len(n)}); got {classes.shape}."
        )
    recorded = r > 0
    patterns, block = np.unique(recorded, axis=1, return_inverse=True)
    rate = timing = 0.0
    for k, present in enumerate(patterns.T):
        bins = np.flatnonzero(block.ravel() == k)
        if not present.any():
            continue
        part = _of_block(
            n[np.ix_(present, bins)],
            r[np.ix_(present, bins)] * bin_size,
            np.unique(classes[present], return_inverse=True)[1],
            factor[present],
        )
        rate += part[0] * len(bins)
        timing += part[1] * len(bins)
    n_bins = max(1, int(recorded.any(axis=0).sum()))
    return RateAndTiming(max(rate / n_bins, 0.0), max(timing / n_bins, 0.0))


def _of_block(
    counts: NDArray[np.float64],
    seconds: NDArray[np.float64],
    labels: NDArray[np.intp],
    dispersion: NDArray[np.float64],
) -> tuple[float, float]:
    """Return information of rates and of times, in bits per second."""
    share = np.bincount(labels) / len(labels)
    member = labels == np.arange(len(share))[:, None]
    rates = (member @ (counts / seconds)) / member.sum(axis=1, keepdims=True)
    pooled = share @ rates  # (n_bins,)
    rate = rates.mean(axis=1)
    whole = float(pooled.mean())
    if not whole:
        return 0.0, 0.0
    of_rate = float((share * _xlog2(rate, whole)).sum())
    total = float((share @ _xlog2(rates, pooled)).mean())
    spikes = member @ counts
    n = spikes.sum(axis=1)
    weighted = member @ (counts.sum(axis=1) * dispersion)  # n_c F_c
    fires = n > 0
    used = np.count_nonzero(spikes, axis=1) - 1
    excess = (used * share * rate * weighted)[fires] / n[fires] ** 2
    of_all = (np.count_nonzero(pooled) - 1) * whole * weighted.sum() / n.sum() ** 2
    bias = float(excess.sum() - of_all) / (2 * _LN2)
    return of_rate, total - of_rate - bias


def _xlog2(
    x: NDArray[np.float64], reference: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    """Return x log2(x / reference), 0 where x is 0."""
    y = np.broadcast_to(reference, x.shape)
    ratio = np.divide(x, y, out=np.ones(x.shape), where=x > 0)
    term: NDArray[np.float64] = x * np.log2(ratio)
    return term
