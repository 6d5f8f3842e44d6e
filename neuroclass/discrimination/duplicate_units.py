"""Spikes of two units that come together, as those of one cell that is sorted twice.

Takes a recording, its presentations and pairs of units, gives the share of spikes that
coincide beyond chance.
"""

from collections.abc import Iterable

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass.presentations.interval_tables import spike_seconds
from neuroclass.presentations.pooling import RECORDING
from neuroclass.presentations.selection import Presentations

__all__ = ["coincident_spikes"]

_COINCIDENCE = 1.001e-3  # s, for times in whole ms


def coincident_spikes(
    recording: neo.Block,
    presentations: Presentations,
    pairs: Iterable[tuple[int, int]],
) -> NDArray[np.float64]:
    r"""Return the share of spikes of two units that coincide beyond chance.

    .. math:: (c - c') / (1 - c')

    with c the share of the spikes of the unit with fewer that come within 1 ms of one
    of the other, and c' the share that come within 1 ms of one in the next repeat.

    Parameters
    ----------
    recording : neo.Block
        As from `load_recording`.
    presentations : Presentations
        The repeats; spikes outside are not looked at.
    pairs : iterable of (int, int)
        Positions of units.

    Returns
    -------
    ndarray of shape (n_pairs,)
        Nan where the unit with fewer has no spikes, and for units that were pooled
        from two recordings: nothing of them came at the same time.

    Notes
    -----
    ``test_one_cell_sorted_into_two_units_is_told``.
    """
    trains = recording.segments[0].spiketrains
    shares = []
    for pair in pairs:
        first, second = (trains[unit] for unit in pair)
        if first.annotations.get(RECORDING) != second.annotations.get(RECORDING):
            shares.append(np.nan)
            continue
        fewer, more = sorted((spike_seconds(first), spike_seconds(second)), key=len)
        spikes, shifted = _shift_by_a_repeat(fewer, presentations)
        if not len(spikes):
            shares.append(np.nan)
            continue
        share, by_chance = _near(spikes, more), _near(shifted, more)
        shares.append((share - by_chance) / (1 - by_chance) if by_chance < 1 else 0.0)
    return np.array(shares)


def _near(spikes: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """Return the share of spikes with one of the others close by."""
    others = np.sort(others)
    early = np.searchsorted(others, spikes - _COINCIDENCE)
    late = np.searchsorted(others, spikes + _COINCIDENCE)
    return float((late > early).mean())


def _shift_by_a_repeat(
    spikes: NDArray[np.float64], presentations: Presentations
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the spikes in presentations, and the same times in the next repeat."""
    inside, shifted = [], []
    for stimulus, duration in enumerate(presentations.durations):
        starts = presentations.starts[presentations.stimulus == stimulus]
        for start, following in zip(starts, np.roll(starts, -1), strict=True):
            here = spikes[(spikes >= start) & (spikes < start + duration)]
            inside.append(here)
            shifted.append(here - start + following)
    return np.concatenate(inside), np.concatenate(shifted)
