"""Size and time of changes of the firing rate over the repeats.

Input: spikes of each neuron in each repeat. Output: `RateChanges`, for each neuron the
largest step of its rate, and for the population a change point and the longest stretch
of repeats in which the rates are stable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from neuroclass.responses.words import Words

__all__ = [
    "LARGE_CHANGE",
    "RateChanges",
    "RepeatCounts",
    "is_tolerable",
    "population_change_point",
    "rate_changes",
]

LARGE_CHANGE = 1.5  # of the rate, beyond which z of two alike neurons is too large
_MIN_Z = 3.0  # score of the step of a rate, below which it may be noise
_FALSE_DISCOVERY_RATE = 0.05
_N_NULLS = 100  # permutations, of which every neuron gives a score
_STABLE_SHARE = 0.05  # of the units may change in a stable stretch
_MIN_STRETCH = 5  # repeats: fewer cannot be tested
_SEGMENT = 2  # repeats on either side of a change: a single one is no new level
_SEGMENT_SHARE = 10  # and a tenth of them: at the ends noise is chosen
_ODD = 2.0  # factor of the population's rate between a repeat and its neighbours
_N_NEIGHBOURS = 3  # repeats before and after, whose median an odd repeat leaves
_SURELY_SPIKING = 20.0  # spikes of the population expected in a repeat
_LEVEL = 0.01  # of the change point
_SEED = 20021
_PRIOR_TERMS = 4.0  # weight of a Poisson neuron in the dispersion of few repeats
_MAX_REPEATS = 100  # more are joined to as many blocks
_MAX_ENDS = 40  # ends of stretches that are compared
_MEDIAN = 0.67449  # of |x|, x standard normal


@dataclass(frozen=True, repr=False)
class RateChanges:
    """Size and time of changes of the firing rate over the repeats.

    Repeats are numbered from 1 within their stimulus.

    Attributes
    ----------
    n_repeats : int
        Largest number of repeats of a stimulus.
    rate_change : ndarray of shape (n_neurons,)
        Firing rate after the largest step of the neuron over that before; nan for
        neurons without a spike or with fewer than four repeats. Noise makes it differ
        from 1, too, the more so the fewer the spikes.
    changes_after : ndarray of int, (n_neurons,)
        Repeat after which that step is, by least squares; 0 where there is none.
    is_changed : ndarray of bool, (n_neurons,)
        Whether the rate changes by a factor of more than 1.5 and beyond noise, at a
        false discovery rate of 5 %; of at least five repeats.
    median_change : float
        Median over neurons of the factor by which rates differ between the halves of
        the repeats, beyond that of noise, as a factor of at least 1; nan without
        neurons.
    change_point : int or None
        Repeat after which the rates of the population change; None where no change
        point is significant (p < .01), or no unit changes.
    change_point_p_value : float
        Its p-value, from permuted repeats; nan where it is not tested.
    is_gradual : bool
        Whether a steady trend explains more of that change than a step.
    odd_repeats : tuple of int
        Repeats in which the whole population fires less than half or more than twice
        as much as before and after, such as one that was not recorded to its end.
        They are left out of what is measured of the others.
    stable_repeats : tuple of int, or None
        First and last repeat of the longest stretch in which at most 5 % of the
        neurons change by more than 1.5 and no repeat is odd; None if there is none of
        five repeats, or most neurons were recorded in part of the repeats only.
    """

    n_repeats: int
    rate_change: NDArray[np.float64] = field(repr=False)
    changes_after: NDArray[np.intp] = field(repr=False)
    is_changed: NDArray[np.bool_] = field(repr=False)
    median_change: float
    change_point: int | None
    change_point_p_value: float
    is_gradual: bool
    odd_repeats: tuple[int, ...]
    stable_repeats: tuple[int, int] | None

    def __repr__(self) -> str:
        return (
            f"RateChanges({self.n_changed()} of {len(self.is_changed)} neurons change "
            f"by more than {LARGE_CHANGE:g} over {self.n_repeats} repeats)"
        )

    @property
    def is_stable(self) -> bool:
        """Whether all repeats are stable."""
        return not self.odd_repeats and is_tolerable(self.is_changed)

    def n_changed(self, factor: float = LARGE_CHANGE) -> int:
        """Return the number of neurons whose rate changes by more than `factor`."""
        size = np.abs(np.log(self.rate_change[self.is_changed]))
        return int((size > np.log(factor)).sum())


def is_tolerable(is_changed: NDArray[np.bool_]) -> bool:
    """Whether at most 5 % of the neurons change."""
    return bool(is_changed.sum() <= _STABLE_SHARE * len(is_changed))


@dataclass(frozen=True)
class RepeatCounts:
    """Spikes of each neuron in each repeat of the stimuli.

    Stimuli of equally many repeats are taken together, as rounds.

    Attributes
    ----------
    spikes : ndarray of shape (n_neurons, n_columns)
        Spikes in whole repeats.
    expected : ndarray of shape (n_neurons, n_columns)
        The same if the response of the neuron to each stimulus stayed as it is on
        average: more where more stimuli are repeated so often and recorded.
    round_size : ndarray of int, (n_columns,)
        Number of repeats of the stimuli of a column.
    repeat : ndarray of int, (n_columns,)
        Repeat of the column, from 0.
    has_gaps : ndarray of bool, (n_neurons,)
        Whether the neuron was recorded in part of the repeats only.
    """

    spikes: NDArray[np.float64]
    expected: NDArray[np.float64]
    round_size: NDArray[np.intp]
    repeat: NDArray[np.intp]
    has_gaps: NDArray[np.bool_]

    @classmethod
    def of_words(cls, words: Words) -> RepeatCounts:
        """Count the spikes of words."""
        n_presentations = np.bincount(words.stimulus)
        order = np.argsort(words.stimulus, kind="stable")
        order = order[n_presentations[words.stimulus[order]] > 1]
        stimulus = words.stimulus[order]
        begins = np.flatnonzero(np.diff(stimulus, prepend=-1))
        sizes = np.diff(begins, append=len(order))
        rank = np.arange(len(order)) - np.repeat(begins, sizes)
        columns, column = np.unique(
            np.stack([np.repeat(sizes, sizes), rank], axis=1).astype(np.intp),
            axis=0,
            return_inverse=True,
        )
        column = column.ravel()
        is_whole = np.ones((words.n_neurons, len(order)), dtype=bool)
        has_gaps = np.zeros(words.n_neurons, dtype=bool)
        for neuron, gaps in words.unrecorded.items():
            is_whole[neuron] = np.logical_not(gaps.any(axis=1))[order]
            has_gaps[neuron] = not is_whole[neuron].all()
        spikes = np.where(is_whole, words.n_spikes[:, order], 0).astype(float)
        expected = np.zeros_like(spikes)
        if len(order):
            total = np.add.reduceat(spikes, begins, axis=1)
            n_whole = np.add.reduceat(is_whole, begins, axis=1, dtype=float)
            mean = np.divide(
                total, n_whole, out=np.zeros_like(total), where=n_whole > 0
            )
            expected = np.repeat(mean, sizes, axis=1) * is_whole
        return cls(
            _summed(spikes, column),
            _summed(expected, column),
            columns[:, 0],
            columns[:, 1],
            has_gaps,
        )

    @classmethod
    def concatenate(cls, parts: Sequence[RepeatCounts]) -> RepeatCounts:
        """Return the counts of some neurons after those of others."""
        return cls(
            np.concatenate([part.spikes for part in parts]),
            np.concatenate([part.expected for part in parts]),
            parts[0].round_size,
            parts[0].repeat,
            np.concatenate([part.has_gaps for part in parts]),
        )

    @property
    def n_repeats(self) -> int:
        """Largest number of repeats of a stimulus."""
        return int(self.repeat.max(initial=-1)) + 1

    def joined(self, n_blocks: int) -> tuple[RepeatCounts, NDArray[np.intp]]:
        """Return blocks of repeats, at most `n_blocks`, and the last repeat of each."""
        size = -(-max(self.n_repeats, 1) // n_blocks)
        last = np.minimum(
            np.arange(size, self.n_repeats + size, size, dtype=np.intp), self.n_repeats
        )
        if size == 1:
            return self, last
        keys = np.stack([self.round_size, self.repeat // size], axis=1)
        columns, column = np.unique(keys, axis=0, return_inverse=True)
        column = column.ravel()
        joined = RepeatCounts(
            _summed(self.spikes, column),
            _summed(self.expected, column),
            columns[:, 0],
            columns[:, 1],
            self.has_gaps,
        )
        return joined, last

    def without(self, odd: Sequence[int]) -> RepeatCounts:
        """Return the same without the spikes of some repeats."""
        if not len(odd):
            return self
        keep = ~np.isin(self.repeat, odd)
        spikes, expected = self.spikes * keep, self.expected * keep
        total = expected.sum(axis=1, keepdims=True)
        scale = np.divide(
            spikes.sum(axis=1, keepdims=True),
            total,
            out=np.zeros_like(total),
            where=total > 0,
        )
        return replace(self, spikes=spikes, expected=scale * expected)

    def by_repeat(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return spikes and expected spikes of all stimuli, (n_neurons, n_repeats)."""
        return _summed(self.spikes, self.repeat), _summed(self.expected, self.repeat)


def _summed(
    values: NDArray[np.float64], column: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the sums of the values of each column, (n_neurons, n_columns)."""
    into = np.zeros((len(column), int(column.max(initial=-1)) + 1))
    into[np.arange(len(column)), column] = 1.0
    summed: NDArray[np.float64] = values @ into
    return summed


def rate_changes(counts: RepeatCounts, first_repeat: int = 1) -> RateChanges:
    r"""Measure the changes of firing rates over the repeats, and when they are.

    With n_r the spikes of a neuron in repeat r and e_r those expected of its mean
    responses, the step after repeat t has the score

    .. math:: z_t = \sum_{r \le t} (n_r - e_r)
        \Big/ \sqrt{F \textstyle\sum_r n_r \; w_t (1 - w_t)}, \quad
        w_t = \sum_{r \le t} e_r \Big/ \sum_r e_r ,

    F being the dispersion of successive repeats, which a slow drift does not raise.
    The largest z squared is the change point of least squares.

    Parameters
    ----------
    counts : RepeatCounts
        Spikes of each repeat.
    first_repeat : int, default 1
        Number of the first repeat, where earlier ones were left out.

    Returns
    -------
    RateChanges

    Notes
    -----
    The z beyond which a step of more than 1.5 is no noise is that at which, of whole
    repeats permuted for all neurons together, there are at most 5 % of those in the
    true order, and at least 3. A test of each neuron by itself could not find any step
    in 10 repeats: it is one of 210 ways to place 4 of them first.

    The change point of the population is the maximum over t of the sum over neurons of
    the squares between segments of their standardised spikes, compared with its value
    when whole repeats are permuted for all neurons together: noise that neurons share
    within a repeat is none.
    """
    odd = _odd_repeats(*counts.by_repeat())
    counts = counts.without(odd)
    spikes, expected = counts.by_repeat()
    dispersion = _dispersion(spikes, expected)
    segment = _segment(counts.n_repeats)
    after, ratio, z = _largest_steps(spikes, expected, dispersion, segment)
    threshold = _score_threshold(spikes, expected, _sizes(ratio, z), segment)
    is_changed = _sizes(ratio, z) >= threshold
    point, p_value, is_gradual = None, np.nan, False
    if is_changed.any() and counts.n_repeats >= 2 * segment:
        blocks, last = counts.joined(_MAX_REPEATS)
        block, p_value, is_gradual = population_change_point(blocks)
        point = int(last[block]) if p_value <= _LEVEL else None
    shift = first_repeat - 1
    edge = None if is_gradual else point
    if not odd and is_tolerable(is_changed):
        stable: tuple[int, int] | None = (1, counts.n_repeats)
    else:
        stable = _stable_repeats(counts, odd, edge)
    return RateChanges(
        n_repeats=counts.n_repeats,
        rate_change=ratio,
        changes_after=np.where(after > 0, after + shift, 0),
        is_changed=is_changed,
        median_change=_median_change(spikes, expected, dispersion),
        change_point=None if point is None else point + shift,
        change_point_p_value=float(p_value),
        is_gradual=is_gradual and point is not None,
        odd_repeats=tuple(r + first_repeat for r in odd),
        stable_repeats=stable and (stable[0] + shift, stable[1] + shift),
    )


def _dispersion(
    spikes: NDArray[np.float64], expected: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return variance over mean of the spikes of a repeat, from successive repeats."""
    # Of a stretch of repeats, those expected of its own mean.
    total = expected.sum(axis=1, keepdims=True)
    own = spikes.sum(axis=1, keepdims=True)
    expected = expected * np.divide(
        own, total, out=np.zeros_like(total), where=total > 0
    )
    usable = expected > 0
    inverse = np.divide(1.0, expected, out=np.zeros_like(expected), where=usable)
    step = np.diff(spikes * inverse, axis=1)
    is_pair = usable[:, 1:] & usable[:, :-1]
    noise = inverse[:, 1:] + inverse[:, :-1]
    terms = np.divide(step**2, noise, out=np.zeros_like(step), where=is_pair)
    shrunk: NDArray[np.float64] = (terms.sum(axis=1) + _PRIOR_TERMS) / (
        is_pair.sum(axis=1) + _PRIOR_TERMS
    )
    return shrunk


def _odd_repeats(
    spikes: NDArray[np.float64], expected: NDArray[np.float64]
) -> list[int]:
    """Return the repeats (from 0) in which the population does not fire as usual."""
    # Between a mean of neurons, which the sparse make noisy, and one of spikes.
    weight = 1 / np.sqrt(np.maximum(spikes.sum(axis=1, keepdims=True), 1.0))
    relative = (weight * spikes).sum(axis=0) / np.maximum(
        (weight * expected).sum(axis=0), 1e-12
    )
    is_busy = expected.sum(axis=0) >= _SURELY_SPIKING
    odd = []
    for r in np.flatnonzero(is_busy):
        sides = (relative[max(r - _N_NEIGHBOURS, 0) : r], relative[r + 1 :])
        usual = np.array([np.median(s[:_N_NEIGHBOURS]) for s in sides if len(s)])
        if (relative[r] * _ODD < usual).all() or (relative[r] > _ODD * usual).all():
            odd.append(int(r))
    # Half of the repeats are no exception.
    return odd if 3 * len(odd) < len(relative) else []


def _largest_steps(
    spikes: NDArray[np.float64],
    expected: NDArray[np.float64],
    dispersion: NDArray[np.float64],
    segment: int,
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Return repeats before the largest step, rate after over before, and z."""
    n_neurons, n_repeats = spikes.shape
    after = np.zeros(n_neurons, dtype=np.intp)
    ratio = np.full(n_neurons, np.nan)
    z = np.zeros(n_neurons)
    if n_repeats < 2 * segment or not n_neurons:
        return after, ratio, z
    splits = slice(segment - 1, n_repeats - segment)
    n, e = np.cumsum(spikes, axis=1), np.cumsum(expected, axis=1)
    n_total, e_total = n[:, -1:], e[:, -1:]
    n, e = n[:, splits], e[:, splits]
    share = np.divide(e, e_total, out=np.zeros_like(e), where=e_total > 0)
    # Within a stretch of repeats the neuron's expected spikes are not its own.
    excess = n - share * n_total
    variance = dispersion[:, None] * n_total * share * (1 - share)
    usable = variance > 1e-12
    scores = np.divide(
        excess, np.sqrt(variance, where=usable, out=np.ones_like(variance)),
        out=np.zeros_like(excess), where=usable,
    )  # fmt: skip
    best = np.abs(scores).argmax(axis=1)
    rows = np.flatnonzero(usable.any(axis=1))
    best = best[rows]
    n_before, n_after = n[rows, best], n_total[rows, 0] - n[rows, best]
    w = share[rows, best]
    after[rows] = best + segment
    half = 0.5 * ((n_before == 0) | (n_after == 0))
    ratio[rows] = (n_after + half) / (n_before + half) * w / (1 - w)
    z[rows] = -scores[rows, best]
    return after, ratio, z


def _segment(n_repeats: int) -> int:
    """Return the least number of repeats before and after a change."""
    return max(_SEGMENT, n_repeats // _SEGMENT_SHARE)


def _sizes(ratio: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the size of z of steps larger than 1.5, 0 of others."""
    size = np.abs(np.log(np.nan_to_num(ratio, nan=1.0)))
    return np.where(size > np.log(LARGE_CHANGE), np.abs(z), 0.0)


def _score_threshold(
    spikes: NDArray[np.float64],
    expected: NDArray[np.float64],
    scores: NDArray[np.float64],
    segment: int,
) -> float:
    """Return the least z of large steps at a false discovery rate of 5 %."""
    n_repeats = spikes.shape[1]
    observed = np.sort(scores[scores >= _MIN_Z])
    if n_repeats < _MIN_STRETCH or not len(observed):
        return np.inf
    rng = np.random.default_rng([_SEED, n_repeats])
    nulls = []
    for _ in range(_N_NULLS):
        order = rng.permutation(n_repeats)
        permuted = spikes[:, order], expected[:, order]
        _, ratio, z = _largest_steps(*permuted, _dispersion(*permuted), segment)
        sizes = _sizes(ratio, z)
        nulls.append(sizes[sizes >= _MIN_Z])
    null = np.sort(np.concatenate(nulls))
    n_above = len(observed) - np.arange(len(observed))
    n_false = (len(null) - np.searchsorted(null, observed)) / _N_NULLS
    is_safe = n_false <= _FALSE_DISCOVERY_RATE * n_above
    return float(observed[np.argmax(is_safe)]) if is_safe.any() else np.inf


def _median_change(
    spikes: NDArray[np.float64],
    expected: NDArray[np.float64],
    dispersion: NDArray[np.float64],
) -> float:
    """Return the median factor between the halves, beyond that of noise.

    The logarithms of the factors are taken for normal with a variance that all neurons
    share, to which each adds that of its noise; the shared one makes the median of the
    standardised sizes that of a normal variable.
    """
    half = spikes.shape[1] // 2
    early, late = slice(0, half), slice(spikes.shape[1] - half, None)
    n = np.stack([spikes[:, part].sum(axis=1) for part in (early, late)])
    e = np.stack([expected[:, part].sum(axis=1) for part in (early, late)])
    usable = (e > 0).all(axis=0)
    if not usable.any():
        return np.nan
    n, e = n[:, usable] + 0.5, e[:, usable] + 0.5
    size = np.log(n[1] / e[1]) - np.log(n[0] / e[0])
    noise = dispersion[usable] * (1 / n).sum(axis=0)

    def is_too_small(shared: float) -> bool:
        return bool(np.median(np.abs(size) / np.sqrt(shared**2 + noise)) > _MEDIAN)

    low, high = 0.0, 5.0
    if not is_too_small(low):
        return 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if is_too_small(middle) else (low, middle)
    return float(np.exp(_MEDIAN * high))


def population_change_point(
    counts: RepeatCounts, n_permutations: int = 499
) -> tuple[int, float, bool]:
    """Find the change point of least squares of the standardised spikes per repeat.

    Parameters
    ----------
    counts : RepeatCounts
        Of at least four repeats.
    n_permutations : int, default 499
        Number of permutations of whole repeats.

    Returns
    -------
    last_before : int
        Index of the last repeat before the change, from 0.
    p_value : float
        Share of the permutations with a change as large.
    is_gradual : bool
        Whether a steady trend explains more than a step.
    """
    # Sums over neurons of squares are quadratic forms of the products of repeats, which
    # are permuted instead of the spikes of each neuron.
    residual = counts.spikes - counts.expected
    norm = np.sqrt((residual**2).sum(axis=1, keepdims=True))
    residual = np.divide(residual, norm, out=np.zeros_like(residual), where=norm > 0)
    order = np.argsort(counts.repeat, kind="stable")
    products = (residual.T @ residual)[np.ix_(order, order)]
    repeat, size = counts.repeat[order], counts.round_size[order]
    share = counts.expected.sum(axis=0)[order]
    share = share / share.sum()
    n_repeats = counts.n_repeats
    segment = _segment(n_repeats)
    # Index of the last column of each repeat, the last before a possible change.
    last = np.searchsorted(repeat, np.arange(n_repeats), side="right") - 1
    last = last[segment - 1 : n_repeats - segment]
    before = np.cumsum(share)[last]
    is_usable = (before > 0) & (before < 1 - 1e-12)
    trend = repeat - (share * repeat).sum()
    trend = trend / np.sqrt((share * trend**2).sum())

    rng = np.random.default_rng([_SEED, n_repeats])
    steps = []
    for number in range(n_permutations + 1):
        chosen = np.arange(len(repeat))
        if number:
            for r in np.unique(size):
                members = np.flatnonzero(size == r)
                chosen[members] = rng.permutation(members)
        permuted = products[np.ix_(chosen, chosen)]
        sums = np.cumsum(np.cumsum(permuted, axis=0), axis=1)[last, last]
        steps.append(sums[is_usable] / (before * (1 - before))[is_usable])
    largest = np.max(steps, axis=1)
    of_trend = trend @ products @ trend
    p_value = float((largest >= largest[0] * (1 - 1e-9)).mean())
    block = int(np.flatnonzero(is_usable)[np.argmax(steps[0])]) + segment - 1
    return block, p_value, bool(of_trend > largest[0])


def _stable_repeats(
    counts: RepeatCounts,
    odd: Sequence[int],
    edge: int | None,
) -> tuple[int, int] | None:
    """Return first and last repeat (from 1) of the longest stable stretch.

    None if it has fewer than five, or most neurons have gaps: repeats are then not the
    same ones for all.
    """
    n_neurons = len(counts.spikes)
    if 2 * counts.has_gaps.sum() > n_neurons:
        return None
    blocks, last = counts.joined(_MAX_ENDS)
    spikes, expected = blocks.by_repeat()
    begins = np.concatenate([[0], last[:-1]])
    stretches = [
        (first, end)
        for first in range(len(last))
        for end in range(first, len(last))
        if last[end] - begins[first] >= _MIN_STRETCH
        and not any(begins[first] <= r < last[end] for r in odd)
        and not (edge and begins[first] < edge < last[end])
    ]
    for first, end in sorted(
        stretches, key=lambda ends: begins[ends[0]] - last[ends[1]]
    ):
        part = slice(first, end + 1)
        counted = spikes[:, part], expected[:, part]
        dispersion = _dispersion(*counted)
        # A single repeat at an end may be of another level. The threshold is the least
        # that the stretch may have by itself, so that it is stable when it is taken.
        is_changed = np.zeros(len(spikes), dtype=bool)
        for segment in (1, _segment(end + 1 - first)):
            _, ratio, z = _largest_steps(*counted, dispersion, segment)
            is_changed |= _sizes(ratio, z) >= _MIN_Z
        if is_changed.sum() <= _STABLE_SHARE * n_neurons:
            return int(begins[first]) + 1, int(last[end])
    return None
