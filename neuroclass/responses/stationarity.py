"""Test of stationarity: are the repeats of each neuron exchangeable.

Input: words. Output: `Drift`, for each neuron a test of the exchangeability of its
repeats, on which every chance level, interval and z-score of this package stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.false_discovery import false_discovery
from neuroclass.responses.words import Words

__all__ = ["Drift", "describe_drift", "drift_test"]

_LEVEL = 0.05  # false discovery rate
_MIN_REPEATS = 5
_ROUNDS = (199, 1800)  # permutations for all, and for those that might drift
_MAX_CHANCE = 0.1  # p above which the first round is enough
_SEED = 20020
_LARGE_CHANGE = 1.5  # of the rate, beyond which z of two alike neurons is too large


@dataclass(frozen=True, repr=False)
class Drift:
    """Whether the repeats of each neuron are exchangeable.

    Attributes
    ----------
    p_value : ndarray of shape (n_neurons,)
        p-value of no drift; nan for neurons with fewer than five whole repeats, or
        silent.
    q_value : ndarray of shape (n_neurons,)
        Adjusted for the number of neurons (Benjamini & Hochberg).
    is_drifting : ndarray of bool, (n_neurons,)
        Whether q is below .05: one in twenty of them is expected not to drift.
    rate_change : ndarray of shape (n_neurons,)
        Ratio of the observed words in the later half of the repeats to those in the
        earlier half; nan where the earlier half has none.
    is_unsafe : ndarray of bool, (n_neurons,)
        Whether the neuron drifts so far, by a factor of more than 1.5 from one half to
        the other, or was recorded in other repeats than the rest, that its chance
        levels and z-scores are not to be trusted.
    """

    p_value: NDArray[np.float64] = field(repr=False)
    q_value: NDArray[np.float64] = field(repr=False)
    is_drifting: NDArray[np.bool_] = field(repr=False)
    rate_change: NDArray[np.float64] = field(repr=False)
    is_unsafe: NDArray[np.bool_] = field(repr=False)

    def __repr__(self) -> str:
        return (
            f"Drift({int(self.is_drifting.sum())} of {self.n_tested} tested neurons "
            f"drift, {int(self.is_unsafe.sum())} unsafe)"
        )

    @property
    def n_tested(self) -> int:
        """Number of neurons that could be tested."""
        return int(np.isfinite(self.p_value).sum())


def drift_test(words: Words | Iterable[Words], *, block_size: int = 1 << 22) -> Drift:
    r"""Test whether the responses of each neuron change over the repeats.

    With x_r the words of the neuron in repeat r of R, and x their mean over repeats,

    .. math:: T = \sum_{t<R} \Big\| \sum_{r \le t} (x_r - x) \Big\|^2 ,

    the squared distance of the running sum from a straight line, once for the number
    of observed words of a repeat, which shows a drift of the rate, and once for the
    words and their times, which shows one of the response. The larger of the two, each
    in standard deviations of its own permutations, is compared with its value when
    whole repeats are permuted: correlations within a repeat are no drift.

    Parameters
    ----------
    words : Words, or iterable of Words
        From `bin_words`, presentations in the order of time; of all neurons, or of
        some of them after others.
    block_size : int, default 2^22
        Numbers of permuted kernels in memory at a time.

    Returns
    -------
    Drift

    Notes
    -----
    p is uniform without drift, whatever the noise within a repeat, and at least 1 /
    2,000 (``test_p_is_uniform_without_drift``). Repeats in which a neuron was
    recorded only in part are left out of its test. Stimuli with equally many
    presentations are permuted together, as rounds.

    The divergence of the words of the earlier half of the repeats from those of the
    later half, also with permutations, is a weaker test: docs/decisions.md.

    References
    ----------
    .. [1] Page (1954), Biometrika 41:100-115, doi:10.1093/biomet/41.1-2.100: the
       running sum.
    .. [2] Benjamini & Hochberg (1995), J. R. Statistical Society B 57:289-300.

    Examples
    --------
    >>> from neuroclass import bin_words, select_presentations, simulate_retina
    >>> retina = simulate_retina(2, 6, 30, "5s", n_unique=0, drift=1.0, random_state=0)
    >>> words = bin_words(retina, select_presentations(retina), 0.02)
    >>> int(drift_test(words).is_drifting.sum())
    4
    """
    parts = (words,) if isinstance(words, Words) else words
    p_value, halves, has_gaps = map(
        np.concatenate,
        zip(*(_test_neurons(part, block_size) for part in parts), strict=True),
    )
    q_value = false_discovery(p_value)
    is_drifting = np.nan_to_num(q_value, nan=1.0) < _LEVEL
    early, late = halves.T
    rate_change = np.divide(
        late, early, out=np.full(len(late), np.nan), where=early > 0
    )
    is_far = ~((rate_change < _LARGE_CHANGE) & (rate_change > 1 / _LARGE_CHANGE))
    return Drift(
        p_value=p_value,
        q_value=q_value,
        is_drifting=is_drifting,
        rate_change=rate_change,
        is_unsafe=is_drifting & (is_far | has_gaps),
    )


def _test_neurons(
    words: Words, block_size: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return p, the observed words of either half, and whether there are gaps."""
    p_value = np.full(words.n_neurons, np.nan)
    halves = np.zeros((words.n_neurons, 2))
    pending: dict[tuple[int, ...], dict[int, NDArray[np.float64]]] = defaultdict(dict)
    for neuron, part in enumerate(_by_neuron(words)):
        kernels = _Kernels.of_neuron(*part)
        halves[neuron] = kernels.halves
        if max(kernels.repeats, default=0) < _MIN_REPEATS or not kernels.is_observed:
            continue
        alike = pending[kernels.repeats]
        alike[neuron] = kernels.flat
        if len(alike) * kernels.flat.size > block_size:
            p_value[list(alike)] = _p_values(
                kernels.repeats, list(alike.values()), block_size
            )
            alike.clear()
    for repeats, alike in pending.items():
        if alike:
            p_value[list(alike)] = _p_values(repeats, list(alike.values()), block_size)
    has_gaps = np.isin(np.arange(words.n_neurons), list(words.unrecorded))
    return p_value, halves, has_gaps


@dataclass(frozen=True)
class _Kernels:
    """Products of the repeats of a neuron, of words and of numbers of words."""

    repeats: tuple[int, ...]  # distinct numbers of repeats of the stimuli
    flat: NDArray[np.float64]  # (sum of repeats^2, 2)
    halves: tuple[float, float]  # observed words of the earlier and the later half

    @property
    def is_observed(self) -> bool:
        return bool(self.flat.any())

    @classmethod
    def of_neuron(
        cls,
        presentation: NDArray[np.intp],
        feature: NDArray[np.int64],
        stimulus: NDArray[np.intp],
        is_whole: NDArray[np.bool_],
    ) -> _Kernels:
        """Lay out the words of a neuron, stimuli of equally many repeats together."""
        usable = np.flatnonzero(is_whole)
        n_presentations = np.bincount(
            stimulus[usable], minlength=int(stimulus.max()) + 1
        )
        rank = np.full(len(stimulus), -1)
        for index in np.flatnonzero(n_presentations):
            members = usable[stimulus[usable] == index]
            rank[members] = np.arange(len(members))
        is_used = is_whole[presentation]
        presentation, feature = presentation[is_used], feature[is_used]
        of_stimulus = stimulus[presentation]
        flat, halves = [], np.zeros(2)
        repeats = tuple(int(r) for r in np.unique(n_presentations[n_presentations > 1]))
        for r in repeats:
            members = n_presentations[of_stimulus] == r
            row = rank[presentation[members]]
            # One feature: a word at a time of a stimulus.
            cell = feature[members] * len(n_presentations) + of_stimulus[members]
            distinct, column = np.unique(cell, return_inverse=True)
            observed = np.zeros((r, len(distinct)))
            observed[row, column] = 1.0
            number = observed.sum(axis=1)
            halves += number[: r // 2].sum(), number[r - r // 2 :].sum()
            number = number - number.mean()
            observed -= observed.mean(axis=0)
            products = (observed @ observed.T, np.outer(number, number))
            flat.append(np.stack([each.ravel() for each in products], axis=1))
        return cls(
            repeats=repeats,
            flat=np.concatenate(flat) if flat else np.empty((0, 2)),
            halves=(float(halves[0]), float(halves[1])),
        )


def _by_neuron(
    words: Words,
) -> Iterator[
    tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.intp], NDArray[np.bool_]]
]:
    """Yield presentation and feature of each observed word, neuron after neuron."""
    alphabet, code = np.unique(words.code, return_inverse=True)
    feature = words.window.astype(np.int64) * max(len(alphabet), 1) + code
    nothing = np.zeros((words.n_presentations, 1), dtype=bool)
    bounds = np.searchsorted(words.neuron, np.arange(words.n_neurons + 1))
    for neuron in range(words.n_neurons):
        part = slice(bounds[neuron], bounds[neuron + 1])
        gaps = words.unrecorded.get(neuron, nothing)
        is_whole: NDArray[np.bool_] = np.logical_not(gaps.any(axis=1))
        yield words.presentation[part], feature[part], words.stimulus, is_whole


def _p_values(
    repeats: tuple[int, ...], kernels: Sequence[NDArray[np.float64]], block_size: int
) -> NDArray[np.float64]:
    """Return p of neurons that have the same numbers of repeats."""
    columns = np.stack(kernels, axis=1)  # (sum of repeats^2, n_neurons, 2)
    rng = np.random.default_rng([_SEED, *repeats])
    drawn = _statistics(
        repeats, columns, _permutations(repeats, _ROUNDS[0], rng), block_size
    )
    p_value = _exceeded(drawn)
    again = np.flatnonzero(p_value <= _MAX_CHANCE)
    if len(again):
        more = _permutations(repeats, _ROUNDS[1], rng)
        rest = _statistics(repeats, columns[:, again], more, block_size)
        p_value[again] = _exceeded(np.concatenate([drawn[:, again], rest[1:]]))
    return p_value


def _permutations(
    repeats: tuple[int, ...], n: int, rng: np.random.Generator
) -> list[NDArray[np.intp]]:
    """Return `n` orders of the repeats, after the true one, for each number of them."""
    return [
        np.concatenate([[np.arange(r)], np.argsort(rng.random((n, r)), axis=1)])
        for r in repeats
    ]


def _statistics(
    repeats: tuple[int, ...],
    columns: NDArray[np.float64],
    orders: Sequence[NDArray[np.intp]],
    block_size: int,
) -> NDArray[np.float64]:
    """Return T under each order of the repeats, (n_orders, n_neurons, 2)."""
    flat = columns.reshape(len(columns), -1)
    total = np.zeros((len(orders[0]), flat.shape[1]))
    start = 0
    for r, order in zip(repeats, orders, strict=True):
        kernel = _running_sum_kernel(r)
        part = flat[start : start + r * r]
        step = max(1, block_size // (r * r))
        for first in range(0, len(order), step):
            chosen = order[first : first + step]
            permuted = kernel[chosen[:, :, None], chosen[:, None, :]]
            total[first : first + step] += permuted.reshape(-1, r * r) @ part
        start += r * r
    return total.reshape(len(total), *columns.shape[1:])


def _running_sum_kernel(r: int) -> NDArray[np.float64]:
    """Return A with T = sum over pairs of repeats of A times their product."""
    t = np.arange(1, r)
    until = (np.arange(r)[:, None] < t) - t / r  # (r, r - 1)
    kernel: NDArray[np.float64] = until @ until.T
    return kernel


def _exceeded(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of orders whose T is at least that of the first, true one."""
    deviation = drawn.std(axis=0)
    z = (drawn - drawn.mean(axis=0)) / np.where(deviation > 0, deviation, np.inf)
    largest = z.max(axis=2)
    p_value: NDArray[np.float64] = (largest >= largest[0] - 1e-9).mean(axis=0)
    return p_value


def describe_drift(drift: Drift) -> tuple[str, ...]:
    """Describe the number of drifting neurons, the change, and what is unreliable."""
    n_drifting, n_unsafe = int(drift.is_drifting.sum()), int(drift.is_unsafe.sum())
    if not drift.n_tested:
        return (f"not tested: fewer than {_MIN_REPEATS} whole repeats that differ",)
    if not n_drifting:
        return (f"none of {drift.n_tested} units found to drift over the repeats",)
    text = (
        f"{n_drifting} of {drift.n_tested} units "
        f"{'drifts' if n_drifting == 1 else 'drift'} over the repeats (false discovery "
        f"rate {100 * _LEVEL:g} %)"
    )
    change = drift.rate_change[drift.is_drifting]
    change = change[np.isfinite(change)]
    if len(change):
        span = " to ".join(
            dict.fromkeys(f"{x:.2g}" for x in (change.min(), change.max()))
        )
        text += f"; ratio of words in the later half to the earlier: {span}"
    if not n_unsafe:
        return (text,)
    changes, was = (
        ("changes its rate", "was") if n_unsafe == 1 else ("change their rates", "were")
    )
    return text, (
        f"{n_unsafe} of them {changes} by a factor of more than {_LARGE_CHANGE:g}, or "
        f"{was} not recorded in every repeat. There, differences between units may be "
        "drift: chance levels and z-scores take repeats to be exchangeable"
    )
