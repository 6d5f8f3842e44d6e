"""Coincident spikes of two units, as of one neuron that was sorted into two units.

Input: spike times of two units and the presentations, in seconds. Output: share of
spikes that coincide beyond chance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["coincident_share"]

_COINCIDENCE = 1.001e-3  # s, for times in whole ms


def coincident_share(
    first: ArrayLike,
    second: ArrayLike,
    starts: ArrayLike,
    stimulus: ArrayLike,
    durations: ArrayLike,
) -> float:
    r"""Return the share of spikes of two units that coincide beyond chance.

    .. math:: (c - c') / (1 - c')

    with c the share of the spikes of the unit with fewer spikes that come within 1 ms
    of a spike of the other, and c' the share that come within 1 ms of a spike in the
    next repeat of the same stimulus.

    Parameters
    ----------
    first, second : array_like of shape (n_spikes,)
        Spike times of the two units, in seconds; spikes outside of the presentations
        do not count.
    starts : array_like of shape (n_presentations,)
        Stimulus onsets, in seconds.
    stimulus : array_like of int, (n_presentations,)
        Index into `durations` of each presentation.
    durations : array_like of shape (n_stimuli,)
        Duration of the presentations of each stimulus, in seconds.

    Returns
    -------
    float
        Nan if the unit with fewer spikes has none in the presentations.

    Notes
    -----
    ``test_one_neuron_sorted_into_two_units_shares_its_spikes``.

    Examples
    --------
    >>> coincident_share([0.1, 1.3], [0.1, 0.7, 1.3], [0.0, 1.0], [0, 0], [1.0])
    1.0
    """
    fewer, more = sorted((np.asarray(first), np.asarray(second)), key=len)
    spikes, shifted = _shift_by_a_repeat(
        fewer, np.asarray(starts), np.asarray(stimulus), np.asarray(durations)
    )
    if not len(spikes):
        return float("nan")
    share, by_chance = _near(spikes, more), _near(shifted, more)
    return (share - by_chance) / (1 - by_chance) if by_chance < 1 else 0.0


def _near(spikes: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """Return the share of spikes within 1 ms of one of the others."""
    others = np.sort(others)
    early = np.searchsorted(others, spikes - _COINCIDENCE)
    late = np.searchsorted(others, spikes + _COINCIDENCE)
    return float((late > early).mean())


def _shift_by_a_repeat(
    spikes: NDArray[np.float64],
    starts: NDArray[np.float64],
    stimulus: NDArray[np.intp],
    durations: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the spikes in presentations, and the same times in the next repeat."""
    spikes = np.sort(spikes)
    inside, shifted = [], []
    for index, duration in enumerate(durations):
        onsets = starts[stimulus == index]
        first = np.searchsorted(spikes, onsets)
        last = np.searchsorted(spikes, onsets + duration)
        # How far the next repeat is, for each spike of a repeat.
        step = np.roll(onsets, -1) - onsets
        inside += [spikes[a:b] for a, b in zip(first, last, strict=True)]
        shifted.append(np.repeat(step, last - first))
    here = np.concatenate(inside)
    return here, here + np.concatenate(shifted)
