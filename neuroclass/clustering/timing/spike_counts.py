"""Spike counts of a population in the time bins of its stimuli.

Input: spikes per neuron, repeat and bin, or their sums and variances over repeats.
Output: `SpikeCounts`, which every function of this package takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter1d

__all__ = ["SpikeCounts", "choose_base_bin", "smooth"]

_BASE = 0.02  # s
_FINER = (0.01, 0.005)  # s, where conditions are short
_ENOUGH_BINS = 16


@dataclass(frozen=True, eq=False)
class SpikeCounts:
    """Spike counts in base bins, summed over repeats.

    A condition is one time bin of one stimulus.  A neuron may be recorded in part of
    the conditions and of the repeats.

    Attributes
    ----------
    counts : ndarray, (n_neurons, n_conditions)
        Spikes of all repeats together; 0 where not recorded.
    variance : ndarray, (n_neurons, n_conditions)
        Unbiased variance over repeats; not used where there are fewer than 2.
    repeats : ndarray of int, (n_neurons, n_conditions)
        Repeats in which the neuron was recorded.
    stimulus : ndarray of int, (n_conditions,)
        Stimulus of each condition.  Conditions of one stimulus stand side by side, in
        the order of time.
    odd, even : ndarray, (n_neurons, n_conditions), optional
        Spikes of the odd and of the even repeats.
    """

    counts: NDArray[np.float64]
    variance: NDArray[np.float64]
    repeats: NDArray[np.intp]
    stimulus: NDArray[np.intp]
    odd: NDArray[np.float64] | None = None
    even: NDArray[np.float64] | None = None

    @classmethod
    def from_sums(
        cls,
        counts: ArrayLike,
        variance: ArrayLike | None,
        repeats: ArrayLike,
        *,
        stimulus: ArrayLike | None = None,
        odd: ArrayLike | None = None,
    ) -> SpikeCounts:
        """Check and broadcast sums over repeats.

        Parameters
        ----------
        counts : array_like, (n_neurons, n_conditions)
            Spikes of all repeats together.
        variance : array_like, (n_neurons, n_conditions), or None
            Unbiased variance over repeats; None for that of Poisson neurons.
        repeats : array_like of int
            One number, one per condition, or (n_neurons, n_conditions).
        stimulus : array_like of int, (n_conditions,), optional
            Stimulus of each condition; the default is a single stimulus.
        odd : array_like, (n_neurons, n_conditions), optional
            Spikes of the odd repeats.

        Raises
        ------
        ValueError
            If shapes do not agree, counts are negative or not finite, or conditions of
            one stimulus do not stand side by side.
        """
        n = np.asarray(counts, dtype=np.float64)
        if n.ndim != 2 or not n.size:
            raise ValueError(
                "counts must have the axes neuron and condition, and hold both; got "
                f"shape {n.shape}."
            )
        if not np.isfinite(n).all() or n.min() < 0:
            raise ValueError("counts must be finite and not negative.")
        r = np.broadcast_to(np.asarray(repeats, dtype=np.intp), n.shape)
        if (n[r < 1] > 0).any():
            raise ValueError("counts must be 0 where repeats are 0.")
        if stimulus is None:
            s = np.zeros(n.shape[1], np.intp)
        else:
            s = np.asarray(stimulus)
            if s.shape != n.shape[1:]:
                raise ValueError(
                    f"stimulus must have one entry per condition ({n.shape[1]}); got "
                    f"shape {s.shape}."
                )
            change = np.append(True, s[1:] != s[:-1])
            if change.sum() != len(np.unique(s)):
                raise ValueError(
                    "stimulus must hold the conditions of each stimulus side by side."
                )
            s = np.cumsum(change) - 1
        v = n / np.maximum(r, 1) if variance is None else np.asarray(variance, float)
        if v.shape != n.shape:
            raise ValueError(
                f"variance must have the shape of counts {n.shape}; got {v.shape}."
            )
        halves: tuple[NDArray[np.float64] | None, ...] = (None, None)
        if odd is not None:
            of_odd = np.asarray(odd, dtype=np.float64)
            if of_odd.shape != n.shape or (of_odd > n).any():
                raise ValueError(
                    "odd must have the shape of counts, and no more spikes than these."
                )
            halves = of_odd, n - of_odd
        return cls(n, v, r, s, *halves)

    @classmethod
    def from_repeats(
        cls, spikes: ArrayLike, *, stimulus: ArrayLike | None = None
    ) -> SpikeCounts:
        """Sum spikes per repeat.

        Parameters
        ----------
        spikes : array_like, (n_neurons, n_repeats, n_conditions)
            Spikes in each bin; not a number where a neuron was not recorded.
        stimulus : array_like of int, (n_conditions,), optional
            Stimulus of each condition; the default is a single stimulus.
        """
        x = np.asarray(spikes, dtype=np.float64)
        if x.ndim != 3:
            raise ValueError(
                f"spikes must have the axes neuron, repeat, condition; got {x.ndim}."
            )
        recorded = ~np.isnan(x)
        x = np.where(recorded, x, 0.0)
        repeats = recorded.sum(axis=1)
        counts = x.sum(axis=1)
        mean = counts / np.maximum(repeats, 1)
        squares = np.where(recorded, (x - mean[:, None]) ** 2, 0.0).sum(axis=1)
        variance = squares / np.maximum(repeats - 1, 1)
        # Odd and even among the repeats in which the neuron was recorded.
        is_odd = recorded & (np.cumsum(recorded, axis=1) % 2 == 1)
        return cls.from_sums(
            counts,
            variance,
            repeats,
            stimulus=stimulus,
            odd=np.where(is_odd, x, 0.0).sum(axis=1),
        )

    def __repr__(self) -> str:
        low, high = int(self.repeats.min()), int(self.repeats.max())
        repeats = f"{high}" if low == high else f"{low} to {high}"
        return (
            f"SpikeCounts({len(self.counts)} neurons, {len(self.stimulus)} bins of "
            f"{self.n_stimuli} stimuli, {repeats} repeats)"
        )

    def of(self, neurons: NDArray[np.bool_] | NDArray[np.intp]) -> SpikeCounts:
        """Return the counts of some neurons."""
        return SpikeCounts(
            self.counts[neurons],
            self.variance[neurons],
            self.repeats[neurons],
            self.stimulus,
            None if self.odd is None else self.odd[neurons],
            None if self.even is None else self.even[neurons],
        )

    def of_stimuli(self, stimuli: Sequence[int]) -> SpikeCounts:
        """Return the counts in the conditions of some stimuli, numbered from 0."""
        kept = np.isin(self.stimulus, stimuli)
        return SpikeCounts(
            self.counts[:, kept],
            self.variance[:, kept],
            self.repeats[:, kept],
            np.unique(self.stimulus[kept], return_inverse=True)[1].astype(np.intp),
            None if self.odd is None else self.odd[:, kept],
            None if self.even is None else self.even[:, kept],
        )

    @property
    def n_stimuli(self) -> int:
        """Number of stimuli."""
        return int(self.stimulus[-1]) + 1

    @cached_property
    def is_recorded(self) -> NDArray[np.bool_]:
        """Whether each neuron was recorded in each condition."""
        recorded: NDArray[np.bool_] = self.repeats > 0
        return recorded

    @cached_property
    def lifted(self) -> NDArray[np.float64]:
        """Factors that bring each count to the most repeats of its condition.

        1 where all neurons were recorded in the same repeats.
        """
        most = self.repeats.max(axis=0)
        return np.where(self.is_recorded, most / np.maximum(self.repeats, 1), 0.0)

    @cached_property
    def rates(self) -> NDArray[np.float64]:
        """Counts as if every neuron had been recorded in the most repeats."""
        return self.counts * self.lifted

    @cached_property
    def dispersion(self) -> NDArray[np.float64]:
        """Variance over mean of each neuron's counts, shrunk to 1, (n_neurons,).

        F = (sum_s var(s) + 20 / R) / (n / R + 20 / R) within .3 to 10, with n spikes in
        R repeats, over the conditions with two repeats or more.
        """
        counted = self.repeats >= 2
        r = np.where(counted, self.repeats, 1)
        mean = np.where(counted, self.counts / r, 0.0).sum(axis=1)
        variance = np.where(counted, self.variance, 0.0).sum(axis=1)
        n_counted = counted.sum(axis=1)
        per_bin = np.where(counted, self.repeats, 0).sum(axis=1)
        shrunk = 20 / np.where(n_counted > 0, per_bin / np.maximum(n_counted, 1), 1.0)
        factor: NDArray[np.float64] = (variance + shrunk) / (mean + shrunk)
        return np.clip(factor, 0.3, 10.0)

    @cached_property
    def effective_spikes(self) -> NDArray[np.float64]:
        """Spikes of a Poisson neuron with the same precision, (n_neurons,): n / F."""
        total = self.rates.sum(axis=1)
        spread = (self.counts * self.lifted**2).sum(axis=1)
        kish = total**2 / np.where(spread > 0, spread, 1.0)
        effective: NDArray[np.float64] = kish / self.dispersion
        return effective


def smooth(
    counts: NDArray[np.float64], width: float, stimulus: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Smooth along time within each stimulus by a Gaussian of `width` bins."""
    x = np.asarray(counts, dtype=np.float64)
    if not width:
        return x
    lengths = np.bincount(stimulus)
    if (lengths == lengths[0]).all():
        parts = x.reshape(len(x), len(lengths), lengths[0])
        smoothed = gaussian_filter1d(parts, width, axis=2, mode="nearest")
        return np.asarray(smoothed.reshape(x.shape), dtype=np.float64)
    starts = np.append(0, np.cumsum(lengths))
    return np.concatenate(
        [
            gaussian_filter1d(x[:, a:b], width, axis=1, mode="nearest")
            for a, b in pairwise(starts)
        ],
        axis=1,
    )


def choose_base_bin(duration: float, resolution: float = 0.0) -> float:
    """Return the base bin width, in seconds.

    20 ms; 10 ms, then 5 ms where a condition has fewer than 16 bins; a multiple of the
    resolution, and never below it.

    Parameters
    ----------
    duration : float
        Duration of the shortest stimulus, in seconds.
    resolution : float, default 0
        Time resolution of the data, in seconds; 0 if it is far below the bins.
    """
    if not duration > 0 or resolution < 0:
        raise ValueError(
            "duration must be positive and resolution not negative; got "
            f"{duration:g} and {resolution:g} s."
        )
    width = _BASE
    for finer in _FINER:
        if round(duration / width, 6) >= _ENOUGH_BINS:
            break
        width = finer
    if resolution > 0:
        width = max(1, round(width / resolution)) * resolution
    return width
