"""Counts in time bins over repeats, without the words of each repeat.

Input: the spikes of some units and the bins of their presentations. Output: in how many
repeats of each group a bin holds a spike, and sums of spike counts over repeats. What
is counted here are single bins at a time of the stimulus, by units that were recorded
in all of it; the rest takes the way of `Words`.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

import neuroclass.responses._compiled as lazy_face
from neuroclass._lib.installed import has_numba
from neuroclass.presentations.selection import Presentations
from neuroclass.responses.counts import conditions_of_windows
from neuroclass.responses.words import (
    EDGE,
    UnitSpikes,
    Words,
    bins_of_spikes,
    unrecorded_windows,
)

__all__ = ["MIN_COMPILED", "TimeBins", "compiled_spike_loops", "is_always_recorded"]

MIN_COMPILED = 1 << 25  # spikes; with fewer, loading numba takes longer than the work


@dataclass(frozen=True)
class TimeBins:
    """Time bins of the presentations, each a condition.

    Attributes
    ----------
    starts : ndarray of shape (n_presentations,)
        Start of each presentation, s.
    n_bins : ndarray of int, (n_presentations,)
        Number of bins of each.
    first_condition : ndarray of int, (n_presentations,)
        Condition of its first bin.
    n_conditions : int
        Number of conditions.
    bin_size : float
        Time bin width, in seconds.
    """

    starts: NDArray[np.float64]
    n_bins: NDArray[np.intp]
    first_condition: NDArray[np.intp]
    n_conditions: int
    bin_size: float

    @classmethod
    def of_layout(cls, layout: Words, presentations: Presentations) -> TimeBins | None:
        """Return the bins of words of single bins; None where others are counted.

        Parameters
        ----------
        layout : Words
            Words of no neuron: `bin_words` with ``units=[]``.
        presentations : Presentations
            Presentations of the words.
        """
        if layout.word_length > 1 or "time" not in layout.condition.split(","):
            return None
        condition, stimulus, _ = conditions_of_windows(layout)
        return cls(
            starts=np.asarray(presentations.starts, np.float64),
            n_bins=layout.n_windows[layout.stimulus],
            first_condition=np.ascontiguousarray(condition[:, 0]),
            n_conditions=len(stimulus),
            bin_size=layout.bin_size,
        )

    def observed(
        self,
        times: NDArray[np.float64],
        group: NDArray[np.intp],
        counts: NDArray[np.unsignedinteger],
        loops: ModuleType | None,
    ) -> int:
        """Count the repeats of each group in which a bin holds a spike.

        Parameters
        ----------
        times : ndarray of shape (n_spikes,)
            Sorted spike times of a unit, s.
        group : ndarray of int, (n_presentations,)
            Group of each presentation.
        counts : ndarray of int, (n_groups, n_conditions)
            Zeros, to which is added.
        loops : module or None
            From `compiled_spike_loops`.

        Returns
        -------
        int
            Number of spikes inside the bins.
        """
        if loops is not None:
            n_spikes: int = loops.count_observed(
                times,
                self.starts,
                self.n_bins,
                self.first_condition,
                group,
                self.bin_size,
                EDGE,
                counts,
            )
            return n_spikes
        index, bins = bins_of_spikes(times, self.starts, self.n_bins, self.bin_size)
        cell = self.first_condition[index] + bins
        # Sorted by presentation and bin: the first spike of each bin.
        is_first = np.ones(len(cell), dtype=bool)
        is_first[1:] = (np.diff(cell) != 0) | (np.diff(index) != 0)
        cell = group[index[is_first]] * self.n_conditions + cell[is_first]
        counts += (
            np.bincount(cell, minlength=counts.size)
            .reshape(counts.shape)
            .astype(counts.dtype)
        )
        return len(index)

    def sums(
        self,
        times: NDArray[np.float64],
        is_odd: NDArray[np.bool_],
        loops: ModuleType | None,
    ) -> NDArray[np.int64]:
        """Sum spike counts, their squares and those of odd repeats over repeats.

        Parameters
        ----------
        times : ndarray of shape (n_spikes,)
            Sorted spike times of a unit, s.
        is_odd : ndarray of bool, (n_presentations,)
            Whether a presentation is an odd repeat of its stimulus.
        loops : module or None
            From `compiled_spike_loops`.

        Returns
        -------
        ndarray of int, (3, n_conditions)
        """
        sums = np.zeros((3, self.n_conditions), np.int64)
        if loops is not None:
            loops.sum_counts(
                times,
                self.starts,
                self.n_bins,
                self.first_condition,
                is_odd,
                self.bin_size,
                EDGE,
                sums,
            )
            return sums
        index, bins = bins_of_spikes(times, self.starts, self.n_bins, self.bin_size)
        cell = self.first_condition[index] + bins
        is_first = np.ones(len(cell), dtype=bool)
        is_first[1:] = (np.diff(cell) != 0) | (np.diff(index) != 0)
        first = np.flatnonzero(is_first)
        count = np.diff(np.append(first, len(cell)))
        sums[0] = np.bincount(cell, minlength=self.n_conditions)
        squares = np.bincount(cell[first], count**2, minlength=self.n_conditions)
        sums[1] = np.rint(squares)
        sums[2] = np.bincount(cell[is_odd[index]], minlength=self.n_conditions)
        return sums


def is_always_recorded(spikes: UnitSpikes, bins: TimeBins) -> NDArray[np.bool_]:
    """Return the units that were recorded in all bins of all presentations."""
    known: dict[bytes, bool] = {}
    is_always = np.ones(len(spikes.unit_ids), dtype=bool)
    for unit, intervals in enumerate(spikes.recorded):
        if intervals is None:
            continue
        name = intervals.tobytes()
        if name not in known:
            known[name] = (
                unrecorded_windows(intervals, bins.starts, bins.bin_size, bins.n_bins)
                is None
            )
        is_always[unit] = known[name]
    return is_always


def compiled_spike_loops(
    n_spikes: int, min_compiled: int = MIN_COMPILED
) -> ModuleType | None:
    """Return the compiled loops, where numba is installed and spikes are many.

    Parameters
    ----------
    n_spikes : int
        Number of spikes that are counted, times the number of bin widths.
    min_compiled : int, default 33554432
        Least number of them that are worth the second that numba takes to load.

    Returns
    -------
    module or None
    """
    if n_spikes < min_compiled or not has_numba():
        return None
    loops: ModuleType = lazy_face.spike_loops
    return loops
