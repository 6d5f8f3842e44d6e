"""Timing information per spike at dyadic time scales, as sums that classes add up.

Input: spike counts in base bins.  Output: `TimingMatrix`, one row per neuron; the sum
of rows is a class, and losses of merges are differences of the values of sums.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuroclass.clustering._compiled.loader import (
    MIN_COMPILED,
    compiled_timing_loops,
)
from neuroclass.clustering.timing.spike_counts import SpikeCounts
from neuroclass.clustering.timing.timing_bounds import TimingBounds, values_in_single
from neuroclass.clustering.timing.timing_terms import NONE, sums_of_terms, terms

__all__ = ["TimingMatrix"]

_LN2 = math.log(2.0)
_BLOCK = 1 << 15  # numbers of sums at a time, so that they stay in the cache
_NEURONS = 4096  # laid out at a time


class _Grid(NamedTuple):
    """Bins of one scale in one phase, as runs of conditions."""

    scale: int
    share: float  # weight of the phase
    starts: NDArray[np.intp]  # first condition of each bin
    block: NDArray[np.intp]  # of conditions that the same neurons were recorded in

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return int(self.block.max()) + 1


@dataclass(frozen=True, eq=False)
class TimingMatrix:
    """Weighted spike profiles of neurons at all time scales.

    Attributes
    ----------
    counts : ndarray, (n_neurons, n_columns)
        Side by side X and V, (n_features,) each, and Y and U, (n_totals,) each: the
        weighted share of a neuron's spikes in each bin and its sampling variance; the
        same of all bins of a scale, phase and block together.
    weights : ndarray, (n_neurons,)
        Reliability W of each neuron's profile.
    effective_spikes : ndarray, (n_neurons,)
        Spikes over dispersion.
    half_weight : float
        Effective spikes of a neuron with the weight 1/2: alpha.
    n_scales : int
        Time scales.
    feature_scale : ndarray of int, (n_features,)
        Scale of each column of X; -1 for the rate.
    total_scale : ndarray of int, (n_totals,)
        Scale of each column of Y.
    widths : ndarray of int, (n_scales,)
        Base bins in a bin of each scale, the whole of shorter stimuli.
    min_compiled : int
        Least number of counts for which the compiled loops are loaded.
    rate_weight : float
        Weight of the firing rate beside the time scales.

    Notes
    -----
    c_i(s) spikes of neuron i in base bin s, n_i of all bins, q_i = c_i / n_i.

    * Dispersion F_i and effective spikes n'_i = n_i / F_i: `SpikeCounts`.
    * Reliability W_i = n'_i / (n'_i + alpha), the precision of a profile whose class
      scatters as Dirichlet(alpha times the profile of the class).
    * Scales k = 0 .. m, bins of 2^k base bins within each stimulus, up to the whole
      stimulus (one less if there is a single one).  From k = 1 on in two phases, half
      a bin apart, of weight a = 1/2 each.
    * X = a W q, V = a^2 W^2 q / n', Y = a W, and

          Phi(c) = sum_bins [h(X_c) - V_c / (2 ln2 X_c)] - sum_phases h(Y_c)

      of sums over members, h(x) = x log2 x.  J = sum_c Phi(c); merging a and b loses
      Phi(a) + Phi(b) - Phi(a + b).  The second term is Miller-Madow's for weighted
      mixtures.
    * (J - Phi(all)) / (sum_i W_i n_scales) is the mean over scales of the information
      between the class of a neuron and the time of a spike, in bits per spike.

    Neurons recorded in part of the conditions: conditions fall into blocks that the
    same neurons were recorded in, and bins end where blocks end.  Y is the share of
    each block, Y = a W q(block), U its sampling variance, and Phi gains U / (2 ln2 Y).
    By the chain rule this leaves out what the blocks themselves tell, which depends on
    when a neuron was recorded.  A block in which only one of two neurons was recorded
    adds exactly nothing to the loss of merging them
    (``test_conditions_that_a_pair_does_not_share_add_nothing``).
    Where neurons were recorded in different numbers of repeats, c is brought to the
    most repeats of its condition, and n' is that of the precision of the sum.

    A silent neuron is a row of zeros: it merges without loss.  One condition tells
    nothing: every loss is 0.
    """

    counts: NDArray[np.float64]
    weights: NDArray[np.float64]
    effective_spikes: NDArray[np.float64]
    half_weight: float
    n_scales: int
    feature_scale: NDArray[np.intp]
    total_scale: NDArray[np.intp]
    widths: NDArray[np.intp]
    min_compiled: int
    rate_weight: float
    _n_counts: int
    _tolerance: float | None = None

    @classmethod
    def from_spikes(
        cls,
        spikes: SpikeCounts,
        *,
        half_weight: float | None = None,
        rate_weight: float = 0.0,
        median_rate: float | None = None,
        min_compiled: int = MIN_COMPILED,
    ) -> TimingMatrix:
        """Lay out spike counts.

        Parameters
        ----------
        spikes : SpikeCounts
            In base bins.
        half_weight : float, optional
            alpha; the default is taken from the data.
        rate_weight : float, default 0
            beta: weight of the firing rate beside the time scales, as columns
            beta W (p, 1 - p) with p = 1 - 2^(-n / median n) for n spikes a condition.
        median_rate : float, optional
            That median; by default of the neurons that fire.
        min_compiled : int, default 524288
            Least number of counts for which the compiled loops are loaded.
        """
        if rate_weight < 0 or (half_weight is not None and half_weight < 0):
            raise ValueError(
                "rate_weight and half_weight must not be negative; got "
                f"{rate_weight} and {half_weight}."
            )
        rates, effective = spikes.rates, spikes.effective_spikes
        total = rates.sum(axis=1)
        profile = rates / np.where(total > 0, total, 1.0)[:, None]
        alpha = half_weight
        if alpha is None:
            alpha = _half_weight(profile, effective, spikes.is_recorded)
        # Tiny, so that a profile counts at all where alpha is immense.
        weights = np.where(
            total > 0,
            np.maximum(effective / np.maximum(effective + alpha, 1e-300), 1e-9),
            0.0,
        )
        widths, grids = _grids(spikes)
        in_bins = rates.sum(axis=0)
        used = [np.add.reduceat(in_bins, grid.starts) > 0 for grid in grids]
        feature_scale = [
            np.full(int(u.sum()), g.scale) for u, g in zip(used, grids, strict=True)
        ]
        total_scale = [np.full(grid.n_blocks, grid.scale) for grid in grids]
        if rate_weight:
            feature_scale.append(np.full(2, -1))
            total_scale.append(np.full(1, -1))
        n_rate = 2 if rate_weight else 0
        n, m = sum(map(len, feature_scale)), sum(map(len, total_scale))
        rows = np.zeros((len(profile), 2 * (n + m)))  # a neuron is read whole
        x, v = rows[:, : n - n_rate], rows[:, n : 2 * n - n_rate]
        y, u = rows[:, 2 * n : 2 * n + m], rows[:, 2 * n + m :]
        scatter = _scatter(spikes, profile)
        for start in range(0, len(rows), _NEURONS):
            part = slice(start, start + _NEURONS)
            _fill(
                (x[part], v[part], y[part], u[part]),
                grids,
                used,
                (profile[part], scatter[part], weights[part]),
            )
        if rate_weight:
            rate = spikes.counts.sum(axis=1) / np.maximum(spikes.repeats.sum(axis=1), 1)
            median = median_rate
            if median is None:
                median = float(np.median(rate[total > 0])) if total.any() else 1.0
            p = 1 - 2.0 ** (-rate / median)
            shares = np.stack([p, 1 - p], axis=1)
            rows[:, n - 2 : n] = rate_weight * weights[:, None] * shares
            y[:, -1] = rate_weight * weights
        return cls(
            counts=rows,
            weights=weights,
            effective_spikes=effective,
            half_weight=float(alpha),
            n_scales=len(widths),
            feature_scale=np.concatenate(feature_scale),
            total_scale=np.concatenate(total_scale),
            widths=widths,
            min_compiled=min_compiled,
            rate_weight=float(rate_weight),
            _n_counts=rows.size,
        )

    def __repr__(self) -> str:
        return (
            f"TimingMatrix({len(self.counts)} neurons, {self.n_scales} time scales of "
            f"1 to {self.widths[-1]} bins, {self.n_features} columns)"
        )

    def of(self, neurons: NDArray[np.bool_] | NDArray[np.intp]) -> TimingMatrix:
        """Return the rows of some neurons, with all the columns and the weights."""
        return replace(
            self,
            counts=self.counts[neurons],
            weights=self.weights[neurons],
            effective_spikes=self.effective_spikes[neurons],
            _tolerance=self.tolerance,
        )

    @property
    def n_features(self) -> int:
        """Columns of X."""
        return len(self.feature_scale)

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return len(self.counts)

    @cached_property
    def typical(self) -> NDArray[np.float64]:
        """Mean of what is not 0 in each column of X, (n_features,)."""
        x = self.counts[:, : self.n_features]
        used = np.count_nonzero(x, axis=0)
        mean: NDArray[np.float64] = x.sum(axis=0) / np.maximum(used, 1)
        return np.maximum(mean, NONE)

    @property
    def n_totals(self) -> int:
        """Columns of Y."""
        return len(self.total_scale)

    @cached_property
    def n_words(self) -> float:
        """What losses are divided by for bits per spike: sum_i W_i n_scales."""
        return float(self.weights.sum()) * self.n_scales or 1.0

    @cached_property
    def tolerance(self) -> float:
        """Losses closer than this are ties: the rounding of a sum over the columns."""
        if self._tolerance is not None:
            return self._tolerance
        scale = float(np.abs(self.values(self.counts)).max(initial=0.0))
        return 1e-12 * (scale * math.sqrt(self.counts.shape[1]) + 1.0)

    @property
    def loops(self) -> ModuleType | None:
        """The compiled loops, where numba is installed and there are many counts."""
        return compiled_timing_loops(self._n_counts, self.min_compiled)

    def values(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return Phi of each row, (n_rows,)."""
        if self.loops is not None:
            nothing = np.zeros(rows.shape[1])
            return self.values_of_sums(rows, np.arange(len(rows)), nothing)
        x, v, y, u = self._parts(rows)
        return sums_of_terms(x, v) - sums_of_terms(y, u)

    def values_of_sums(
        self,
        counts: NDArray[np.float64],
        others: NDArray[np.intp],
        row: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Return Phi of the rows `others` of `counts`, each added to `row`."""
        if self.loops is not None:
            compiled: NDArray[np.float64] = self.loops.values_of_sums(
                counts, others, row, self.n_features, self.n_totals
            )
            return compiled
        values = np.empty(len(others))
        step = max(1, _BLOCK // max(1, counts.shape[1]))
        for start in range(0, len(others), step):
            block = others[start : start + step]
            values[start : start + step] = self.values(counts[block] + row)
        return values

    def merged(self, labels: NDArray[np.intp]) -> TimingMatrix:
        """Return the rows of classes, as those of neurons that are to be merged.

        Parameters
        ----------
        labels : ndarray of int, (n_neurons,)
            Classes, or micro-clusters, from 0 without gaps.
        """
        clusters = range(int(labels.max()) + 1)
        return replace(
            self,
            counts=self.sums(labels, len(clusters)),
            weights=np.array([self.weights[labels == k].sum() for k in clusters]),
            effective_spikes=np.array(
                [self.effective_spikes[labels == k].sum() for k in clusters]
            ),
            _tolerance=None,
        )

    def pair_losses(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return losses of all pairs of neurons, and the error that each may add.

        In single precision where the compiled loops are.
        """
        values = self.values(self.counts)
        losses = np.zeros((len(values), len(values)))
        error = np.zeros(len(values))
        loops, shape = self.loops, (self.n_features, self.n_totals)
        single = self.counts.astype(np.float32) if loops is not None else None
        for i in range(len(values) - 1):
            others = np.arange(i + 1, len(values))
            if loops is None or single is None:
                both = self.values_of_sums(self.counts, others, self.counts[i])
            else:
                both, off = values_in_single(loops, single, others, single[i], shape)
                error[i] = max(error[i], off.max())
                error[others] = np.maximum(error[others], off)
            losses[i, others] = values[i] + values[others] - both
        losses += losses.T
        return losses, error / 2

    def merge_bounds(self, counts: NDArray[np.float64]) -> TimingBounds:
        """Return what bounds the losses of classes with these summed rows."""
        return TimingBounds.from_counts(self, counts)

    def values_by_scale(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the part of Phi of each scale, (n_rows, n_scales)."""
        x, v, y, u = self._parts(rows)
        features, totals = terms(x, v), terms(y, u)
        return np.stack(
            [
                features[:, self.feature_scale == k].sum(axis=1)
                - totals[:, self.total_scale == k].sum(axis=1)
                for k in range(self.n_scales)
            ],
            axis=1,
        )

    def _parts(self, rows: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        n, m = self.n_features, self.n_totals
        x, v = rows[:, :n], rows[:, n : 2 * n]
        return [x, v, rows[:, 2 * n : 2 * n + m], rows[:, 2 * n + m :]]

    def wide(self) -> NDArray[np.float64]:
        """Return a copy of the rows, to add to."""
        return self.counts.copy()

    def sums(self, labels: NDArray[np.intp], n_clusters: int) -> NDArray[Any]:
        """Return the summed rows of each class, (n_clusters, n_columns)."""
        sums = np.zeros((n_clusters, self.counts.shape[1]))
        for label in range(n_clusters):
            self.counts[labels == label].sum(axis=0, out=sums[label])
        return sums

    def objective(self, labels: NDArray[np.intp]) -> float:
        """Return J, the summed values of the classes; a merge lowers it by its loss."""
        _, labels = np.unique(labels, return_inverse=True)
        return float(self.values(self.sums(labels, int(labels.max()) + 1)).sum())

    def information(self, labels: NDArray[np.intp]) -> float:
        """Return the timing information of classes, in bits per spike.

        The mean over scales of the information between the class of a neuron and the
        time of a spike.
        """
        whole = self.objective(np.zeros(len(labels), np.intp))
        return (self.objective(labels) - whole) / self.n_words

    def information_by_scale(self, labels: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the timing information of classes at each scale, in bits per spike."""
        _, labels = np.unique(labels, return_inverse=True)
        classes = self.sums(labels, int(labels.max()) + 1)
        of_classes = self.values_by_scale(classes).sum(axis=0)
        whole = self.values_by_scale(self.counts.sum(axis=0)[None])[0]
        weight = float(self.weights.sum()) or 1.0
        information: NDArray[np.float64] = (of_classes - whole) / weight
        return information


def _scatter(spikes: SpikeCounts, profile: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sampling variance of each share of spikes, q / n'.

    That of a count is F c, lifted to the most repeats.
    """
    if spikes.counts.shape[1] == 1:  # a share of 1 whatever the spikes
        return np.zeros(profile.shape)
    total = spikes.rates.sum(axis=1)
    lifted = (spikes.lifted * spikes.rates).sum(axis=1)
    per_spike = np.maximum(spikes.effective_spikes, 1.0) * np.divide(
        lifted, total, out=np.ones(len(total)), where=total > 0
    )
    scatter: NDArray[np.float64] = spikes.lifted * profile / per_spike[:, None]
    return scatter


def _fill(
    parts: tuple[NDArray[np.float64], ...],
    grids: list[_Grid],
    used: list[NDArray[np.bool_]],
    neurons: tuple[NDArray[np.float64], ...],
) -> None:
    """Fill X, V, Y and U of some neurons from their profile, scatter and weights."""
    x, v, y, u = parts
    profile, scatter, weights = neurons
    first = first_total = 0
    for grid, is_used in zip(grids, used, strict=True):
        last, last_total = first + int(is_used.sum()), first_total + grid.n_blocks
        weight = grid.share * weights[:, None]
        share = np.add.reduceat(profile, grid.starts, axis=1)
        variance = weight**2 * np.add.reduceat(scatter, grid.starts, axis=1)
        x[:, first:last] = weight * share[:, is_used]
        v[:, first:last] = variance[:, is_used]
        if grid.n_blocks == 1:
            y[:, first_total:last_total] = weight
        else:
            in_block = grid.block[:, None] == np.arange(grid.n_blocks)
            of_block = share @ in_block
            y[:, first_total:last_total] = weight * of_block
            u[:, first_total:last_total] = variance @ in_block * (1 - of_block)
        first, first_total = last, last_total


def _half_weight(
    profile: NDArray[np.float64],
    effective: NDArray[np.float64],
    is_recorded: NDArray[np.bool_],
) -> float:
    """Return alpha: effective spikes at which information is at its chance level.

    Of the typical neuron among the busier half.
    """
    fires = effective > 0
    if not fires.any():
        return 1.0
    q, n, recorded = profile[fires], effective[fires], is_recorded[fires]
    median = np.median(n)
    weight = np.minimum(n, median)
    present = weight @ recorded
    pooled = np.divide(weight @ q, present, out=np.zeros(q.shape[1]), where=present > 0)
    busy = n >= median
    q, n = q[busy], n[busy]
    expected = pooled * recorded[busy]
    expected /= expected.sum(axis=1, keepdims=True)
    ratio = np.divide(q, expected, out=np.ones(q.shape), where=q > 0)
    divergence = (q * np.log2(ratio)).sum(axis=1)
    used = np.minimum(1.0, n[:, None] * expected).sum(axis=1) - 1
    chance = used / (2 * _LN2 * n)
    typical = float(np.median(np.maximum(divergence - chance, 1e-3)))
    return max(float(np.median(used)), 1.0) / (2 * _LN2 * typical)


def _grids(spikes: SpikeCounts) -> tuple[NDArray[np.intp], list[_Grid]]:
    """Return the widths of the scales and their bins in each phase."""
    block = _blocks(spikes.is_recorded)
    change = (spikes.stimulus[1:] != spikes.stimulus[:-1]) | (block[1:] != block[:-1])
    starts = np.append(0, 1 + np.flatnonzero(change))  # of segments
    lengths = np.diff(np.append(starts, len(block)))
    # The whole of a segment tells nothing if it is all of its block.
    is_whole = len(lengths) == int(block.max()) + 1
    widths = _widths(int(lengths.max()), is_whole)
    grids = []
    for scale, width in enumerate(widths):
        n_phases = min(2, width)
        for phase in range(n_phases):
            first = [
                start + _starts_of_bins(length, min(width, length), phase, n_phases)
                for start, length in zip(starts, lengths, strict=True)
            ]
            bins = np.concatenate(first)
            grids.append(_Grid(scale, 1 / n_phases, bins, block[bins]))
    return np.array(widths, dtype=np.intp), grids


def _starts_of_bins(
    length: int, width: int, phase: int, n_phases: int
) -> NDArray[np.intp]:
    shift = phase * width // n_phases
    starts = np.arange(-shift, length, width)
    return np.maximum(starts[starts + width > 0], 0)


def _widths(n_bins: int, is_whole: bool) -> list[int]:
    """Return 1, 2, 4 .. base bins up to the segment, less this if it is the whole."""
    widths = [1]
    while widths[-1] * 2 < n_bins * 1.99:
        widths.append(widths[-1] * 2)
    if widths[-1] >= n_bins and is_whole and len(widths) > 1:
        widths.pop()
    return [min(width, n_bins) for width in widths]


def _blocks(is_recorded: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the block of each condition: those that the same neurons recorded."""
    if is_recorded.all():
        return np.zeros(is_recorded.shape[1], np.intp)
    _, first, block = np.unique(
        is_recorded, axis=1, return_index=True, return_inverse=True
    )
    rank = np.empty(len(first), np.intp)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.asarray(rank[block.ravel()], dtype=np.intp)
