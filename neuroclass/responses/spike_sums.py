"""Spike counts of a recording in time bins, summed over repeats.

Input: a recording and its presentations. Output: `SpikeSums`, the sum and the variance
over repeats of the spikes of each unit in each bin, and the time resolution of the
spike times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass.presentations import Presentations, spike_seconds
from neuroclass.responses.bin_counts import (
    TimeBins,
    compiled_spike_loops,
    is_always_recorded,
)
from neuroclass.responses.block_counts import blocks_of_units
from neuroclass.responses.counts import conditions_of_windows, repeats_of
from neuroclass.responses.words import (
    UnitSpikes,
    Words,
    bin_spikes,
    bin_words,
    read_spikes,
)

__all__ = ["SpikeSums", "sum_spikes", "time_resolution"]

_FINEST = 1e-4  # s; finer grids are far below any bin
_MOST_TIMES = 200_000  # of the units that are looked at for a grid
_FEWEST_TIMES = 50  # fewer lie on some grid by chance
_ON_GRID = 1e-3  # of a step: rounding of times that were stored


@dataclass(frozen=True, repr=False)
class SpikeSums:
    """Spike counts in time bins, summed over repeats.

    Attributes
    ----------
    counts : ndarray of shape (n_units, n_conditions)
        Spikes of all repeats together; a condition is one bin of one stimulus.
    variance : ndarray of shape (n_units, n_conditions)
        Unbiased variance over repeats; 0 where there are fewer than two.
    repeats : ndarray of int, (n_units, n_conditions)
        Number of repeats in which the unit was recorded.
    odd : ndarray of shape (n_units, n_conditions)
        Spikes of the odd ones among these repeats.
    stimulus : ndarray of int, (n_conditions,)
        Stimulus of each condition.
    bin_size : float
        Time bin width, in seconds.
    unit_ids : tuple
        One per unit.
    """

    counts: NDArray[np.float64]
    variance: NDArray[np.float64]
    repeats: NDArray[np.intp]
    odd: NDArray[np.float64]
    stimulus: NDArray[np.intp]
    bin_size: float
    unit_ids: tuple[Any, ...]

    def __repr__(self) -> str:
        n_units, n_conditions = self.counts.shape
        return (
            f"SpikeSums({n_units} units, {n_conditions} bins of "
            f"{1e3 * self.bin_size:g} ms)"
        )


def sum_spikes(
    recording: neo.Block,
    presentations: Presentations,
    bin_size: float,
    *,
    units: Sequence[int],
) -> SpikeSums:
    """Sum the spikes of each unit over repeats, some units at a time.

    Parameters
    ----------
    recording : neo.Block
        As from `load_recording`.
    presentations : Presentations
        The repeats, conditioned on time.
    bin_size : float
        Time bin width, in seconds.
    units : sequence of int
        Positions of the units.

    Returns
    -------
    SpikeSums

    Notes
    -----
    Odd and even repeats are those of the same stimulus in which a unit was recorded.
    ``test_sums_are_those_of_plain_loops``.
    """
    layout = bin_words(recording, presentations, bin_size, units=[])
    trains = recording.segments[0].spiketrains
    loops = compiled_spike_loops(sum(len(trains[unit]) for unit in units))
    parts = [
        _sums_of_units(read_spikes(recording, block), presentations, layout, loops)
        for block in blocks_of_units(recording, units)
    ]
    parts = parts or [_sums_of_units(read_spikes(recording, []), presentations, layout)]
    counts, squares, repeats, odd = map(np.concatenate, zip(*parts, strict=True))
    mean = counts / np.maximum(repeats, 1)
    variance = (squares - counts * mean) / np.maximum(repeats - 1, 1)
    return SpikeSums(
        counts=counts,
        variance=np.clip(variance, 0.0, None),
        repeats=repeats,
        odd=odd,
        stimulus=conditions_of_windows(layout)[1],
        bin_size=layout.bin_size,
        unit_ids=tuple(trains[unit].annotations["unit_id"] for unit in units),
    )


def _sums_of_units(
    spikes: UnitSpikes,
    presentations: Presentations,
    layout: Words,
    loops: ModuleType | None = None,
) -> tuple[NDArray[Any], ...]:
    """Return counts, sums of squares, repeats and odd counts of each condition."""
    bins = TimeBins.of_layout(layout, presentations)
    if bins is None:
        return _sums_of(
            bin_spikes(spikes, presentations, layout.bin_size, response="counts")
        )
    condition, stimulus, _ = conditions_of_windows(layout)
    n_units = len(spikes.unit_ids)
    sums = np.zeros((3, n_units, len(stimulus)))
    everywhere = np.ones(presentations.n_presentations, dtype=bool)
    one = replace(layout, unit_ids=(0,))
    repeats = np.repeat(repeats_of(one, condition, everywhere), n_units, axis=0)
    is_odd = _ranks(layout) % 2 == 0
    is_always = is_always_recorded(spikes, bins)
    for unit in np.flatnonzero(is_always):
        times = np.ascontiguousarray(spikes.times[unit], np.float64)
        sums[:, unit] = bins.sums(times, is_odd, loops)
    others = np.flatnonzero(~is_always)
    if len(others):  # recorded in part
        words = bin_spikes(
            spikes.of(others), presentations, layout.bin_size, response="counts"
        )
        sums[0, others], sums[1, others], repeats[others], sums[2, others] = _sums_of(
            words
        )
    return sums[0], sums[1], repeats.astype(np.intp), sums[2]


def _ranks(words: Words) -> NDArray[np.intp]:
    """Return the number of each presentation among those of its stimulus."""
    rank = np.empty(words.n_presentations, np.intp)
    for index in range(len(words.stimuli)):
        members = np.flatnonzero(words.stimulus == index)
        rank[members] = np.arange(len(members))
    return rank


def _sums_of(words: Words) -> tuple[NDArray[Any], ...]:
    """Return counts, sums of squares, repeats and odd counts of each condition."""
    condition, stimulus, _ = conditions_of_windows(words)
    shape = (words.n_neurons, len(stimulus))
    cell = words.neuron * shape[1] + condition[words.presentation, words.window]

    def summed(weights: NDArray[Any]) -> NDArray[np.float64]:
        totals = np.bincount(cell, weights=weights, minlength=shape[0] * shape[1])
        return np.asarray(totals, dtype=np.float64).reshape(shape)

    is_odd = _ranks(words)[words.presentation] % 2 == 0  # the first, the third, ...
    for neuron, mask in words.unrecorded.items():
        own = slice(*np.searchsorted(words.neuron, [neuron, neuron + 1]))
        order = _ranks_where_recorded(mask, words.stimulus)
        is_odd[own] = order[words.presentation[own], words.window[own]] % 2 == 0
    everywhere = np.ones(words.n_presentations, dtype=bool)
    count = words.code.astype(np.float64)
    return (
        summed(count),
        summed(count**2),
        repeats_of(words, condition, everywhere).astype(np.intp),
        summed(np.where(is_odd, count, 0.0)),
    )


def _ranks_where_recorded(
    unrecorded: NDArray[np.bool_], stimulus: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Return the rank of each recorded repeat, (n_presentations, n_windows)."""
    ranks = np.zeros(unrecorded.shape, np.intp)
    for index in np.unique(stimulus):
        members = stimulus == index
        ranks[members] = np.cumsum(~unrecorded[members], axis=0) - 1
    return ranks


def time_resolution(recording: neo.Block, units: Sequence[int] | None = None) -> float:
    """Return the step of the grid that the spike times lie on, in seconds.

    Parameters
    ----------
    recording : neo.Block
        As from `load_recording`.
    units : sequence of int, optional
        Positions of the units to look at, default all.

    Returns
    -------
    float
        0 where there is no grid of 0.1 ms or wider.

    Notes
    -----
    A recording of a raster has it as its annotation ``time_resolution``. Else the step
    is the least difference between two times, if all differences are multiples of it.
    Times in frames of a stimulus, or in the bins of a raster, have one; no bin may be
    narrower.
    """
    if (given := recording.annotations.get("time_resolution")) is not None:
        return float(given)
    trains = recording.segments[0].spiketrains
    chosen = range(len(trains)) if units is None else units
    times = np.empty(0)
    for unit in chosen:
        times = np.concatenate([times, spike_seconds(trains[unit])])
        if len(times) > _MOST_TIMES:
            break
    times = np.unique(times)
    steps = np.diff(times)
    # Rounding makes twins of one time: what is far below the finest grid is 0.
    steps = steps[steps > _FINEST * _ON_GRID]
    if (
        len(times) < _FEWEST_TIMES
        or not len(steps)
        or steps.min() < _FINEST * (1 - _ON_GRID)
    ):
        return 0.0
    step = float(np.median(steps[steps < steps.min() * (1 + _ON_GRID)]))
    ratio = (times - times[0]) / step
    drift = np.abs(ratio - np.round(ratio)) / np.maximum(np.round(ratio), 1)
    is_on_grid = (np.abs(steps / step - np.round(steps / step)) < 0.05).all()
    if not is_on_grid or drift.max() > 0.05:
        return 0.0
    # The whole length gives the step more exactly than one difference does.
    return round(float((times[-1] - times[0]) / np.round(ratio[-1])), 9)
