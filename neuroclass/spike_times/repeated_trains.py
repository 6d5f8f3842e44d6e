"""Spike times of each repeat of the stimuli, one train per unit and repeat.

Input: a recording and its presentations. Output: `RepeatedTrains`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass.presentations import Presentations
from neuroclass.responses import read_spikes

__all__ = ["RepeatedTrains", "read_repeated_trains"]

_ROUNDING = 1e-9  # s


@dataclass(frozen=True, repr=False)
class RepeatedTrains:
    """Spike trains of units in each repeat of all stimuli.

    Repeat r of a unit is its r-th recorded presentation of every stimulus, one after
    the other.

    Attributes
    ----------
    times : tuple of tuple of tuple of ndarray
        Spike times by unit, repeat and stimulus, in seconds from the onset of the
        stimulus, ascending.
    durations : ndarray of shape (n_stimuli,)
        Duration of each stimulus, in seconds.
    """

    times: tuple[tuple[tuple[NDArray[np.float64], ...], ...], ...]
    durations: NDArray[np.float64]

    def __repr__(self) -> str:
        return (
            f"RepeatedTrains({self.n_units} units, {self.n_repeats} repeats of "
            f"{self.durations.sum():g} s)"
        )

    @property
    def n_units(self) -> int:
        """Number of units."""
        return len(self.times)

    @property
    def n_repeats(self) -> int:
        """Number of repeats of every unit and stimulus."""
        return len(self.times[0]) if self.times else 0

    def joined(self, unit: int, repeat: int) -> NDArray[np.float64]:
        """Return the spike times of a repeat, all stimuli one after the other, in s."""
        starts = np.cumsum(self.durations) - self.durations
        parts = self.times[unit][repeat]
        return np.concatenate(
            [x + start for x, start in zip(parts, starts, strict=True)]
        )

    def of_repeats(self, repeats: Sequence[int] | NDArray[np.intp]) -> RepeatedTrains:
        """Return the same units in some of the repeats."""
        times = tuple(tuple(of[r] for r in repeats) for of in self.times)
        return replace(self, times=times)


def read_repeated_trains(
    recording: neo.Block,
    presentations: Presentations,
    units: Sequence[int],
    *,
    most_repeats: int | None = None,
) -> RepeatedTrains:
    """Read the spike times of units in each repeat.

    Parameters
    ----------
    recording : neo.Block
        As from `load_recording`.
    presentations : Presentations
        The repeats.
    units : sequence of int
        Positions of the units.
    most_repeats : int, optional
        Number of repeats to take, spread evenly over the recording; default all.

    Returns
    -------
    RepeatedTrains
        With as many repeats as every unit has of every stimulus: a presentation counts
        for the units that were recorded throughout.
    """
    spikes = read_spikes(recording, units)
    starts, stops = presentations.starts, presentations.stops
    members = [
        np.flatnonzero(presentations.stimulus == s)
        for s in range(presentations.n_stimuli)
    ]
    chosen = []  # presentations by unit and stimulus
    for intervals in spikes.recorded:
        is_in = np.ones(len(starts), dtype=bool)
        if intervals is not None:
            begin = intervals[:, 0] <= starts[:, None] + _ROUNDING
            end = intervals[:, 1] >= stops[:, None] - _ROUNDING
            is_in = np.asarray((begin & end).any(axis=1))
        chosen.append([each[is_in[each]] for each in members])
    n_repeats = min((len(each) for of in chosen for each in of), default=0)
    ranks = np.arange(n_repeats)
    if most_repeats is not None and most_repeats < n_repeats:
        ranks = ((np.arange(most_repeats) + 0.5) * n_repeats / most_repeats).astype(int)
    times = []
    for own, of in zip(spikes.times, chosen, strict=True):
        ordered = np.sort(own)
        times.append(
            tuple(
                tuple(_between(ordered, starts[each[r]], stops[each[r]]) for each in of)
                for r in ranks
            )
        )
    return RepeatedTrains(tuple(times), presentations.durations)


def _between(
    times: NDArray[np.float64], start: float, stop: float
) -> NDArray[np.float64]:
    first, last = np.searchsorted(times, [start, stop])
    return times[first:last] - start
