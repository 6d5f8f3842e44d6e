"""Test of stationarity: are the repeats of each neuron exchangeable.

Input: words. Output: `Drift`, for each neuron a test of the exchangeability of its
repeats, on which every chance level, interval and z-score of this package stands, with
the size and the time of the changes of its rate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.false_discovery import false_discovery
from neuroclass._lib.wording import plural, some
from neuroclass.responses.rate_changes import (
    LARGE_CHANGE,
    RateChanges,
    RepeatCounts,
    rate_changes,
)
from neuroclass.responses.words import Words

__all__ = ["Drift", "describe_drift", "drift_test"]

_LEVEL = 0.05  # false discovery rate
_MIN_REPEATS = 5
_ROUNDS = (199, 1800)  # permutations for all, and for those that might drift
_MAX_CHANCE = 0.1  # p above which the first round is enough
_SEED = 20020
_VERY_LARGE_CHANGE = 2.0


@dataclass(frozen=True, repr=False)
class Drift:
    """Whether the repeats of each neuron are exchangeable, and how far rates change.

    Significance is no size: of many repeats any neuron drifts. What matters is
    `is_unsafe`, and `rates`.

    Attributes
    ----------
    p_value : ndarray of shape (n_neurons,)
        p-value of no drift; nan for neurons with fewer than five whole repeats, or
        silent.
    q_value : ndarray of shape (n_neurons,)
        Adjusted for the number of neurons (Benjamini & Hochberg).
    is_drifting : ndarray of bool, (n_neurons,)
        Whether q is below .05: one in twenty of them is expected not to drift.
    is_unsafe : ndarray of bool, (n_neurons,)
        Whether the rate of the neuron changes by a factor of more than 1.5, or it
        drifts and was recorded in other repeats than the rest, so that its chance
        levels and z-scores are not to be trusted.
    rates : RateChanges
        Size and time of the changes of the firing rates.
    """

    p_value: NDArray[np.float64] = field(repr=False)
    q_value: NDArray[np.float64] = field(repr=False)
    is_drifting: NDArray[np.bool_] = field(repr=False)
    is_unsafe: NDArray[np.bool_] = field(repr=False)
    rates: RateChanges

    def __repr__(self) -> str:
        return (
            f"Drift({self.rates.n_changed()} of {self.n_tested} tested neurons change "
            f"their rate by more than {LARGE_CHANGE:g}, {int(self.is_unsafe.sum())} "
            "unsafe)"
        )

    @property
    def n_tested(self) -> int:
        """Number of neurons that could be tested."""
        return int(np.isfinite(self.p_value).sum())

    @property
    def rate_change(self) -> NDArray[np.float64]:
        """Firing rate after the largest step of each neuron over that before."""
        return self.rates.rate_change


def drift_test(
    words: Words | Iterable[Words], *, first_repeat: int = 1, block_size: int = 1 << 22
) -> Drift:
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
    first_repeat : int, default 1
        Number of the first repeat, where earlier ones were left out.
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
    tested = [
        (_test_neurons(part, block_size), RepeatCounts.of_words(part)) for part in parts
    ]
    p_value = np.concatenate([p for p, _ in tested])
    counts = RepeatCounts.concatenate([count for _, count in tested])
    q_value = false_discovery(p_value)
    is_drifting = np.nan_to_num(q_value, nan=1.0) < _LEVEL
    rates = rate_changes(counts, first_repeat)
    return Drift(
        p_value=p_value,
        q_value=q_value,
        is_drifting=is_drifting,
        is_unsafe=rates.is_changed | (is_drifting & counts.has_gaps),
        rates=rates,
    )


def _test_neurons(words: Words, block_size: int) -> NDArray[np.float64]:
    """Return p of each neuron."""
    p_value = np.full(words.n_neurons, np.nan)
    pending: dict[tuple[int, ...], dict[int, NDArray[np.float64]]] = defaultdict(dict)
    for neuron, part in enumerate(_by_neuron(words)):
        kernels = _Kernels.of_neuron(*part)
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
    return p_value


@dataclass(frozen=True)
class _Kernels:
    """Products of the repeats of a neuron, of words and of numbers of words."""

    repeats: tuple[int, ...]  # distinct numbers of repeats of the stimuli
    flat: NDArray[np.float64]  # (sum of pairs of repeats, 2): each pair once

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
        flat = []
        repeats = tuple(int(r) for r in np.unique(n_presentations[n_presentations > 1]))
        for r in repeats:
            members = n_presentations[of_stimulus] == r
            row = rank[presentation[members]]
            # One feature: a word at a time of a stimulus.
            cell = feature[members] * len(n_presentations) + of_stimulus[members]
            n_distinct, column = _ranks(cell)
            # Ones, whose products are exact in single precision.
            observed = np.zeros((r, n_distinct), np.float32)
            observed[row, column] = 1.0
            number = np.bincount(row, minlength=r).astype(np.float64)
            number -= number.mean()
            products = (_centred_products(observed), np.outer(number, number))
            pairs = np.triu_indices(r)
            flat.append(np.stack([each[pairs] for each in products], axis=1))
        return cls(
            repeats=repeats,
            flat=np.concatenate(flat) if flat else np.empty((0, 2)),
        )


def _ranks(values: NDArray[np.int64]) -> tuple[int, NDArray[np.intp]]:
    """Return the number of distinct values, and the rank of each among them."""
    if values.max(initial=0) > 64 * len(values):
        distinct, rank = np.unique(values, return_inverse=True)
        return len(distinct), rank
    is_there = np.zeros(int(values.max(initial=-1)) + 1, dtype=bool)
    is_there[values] = True  # no sort
    place = np.cumsum(is_there)
    return int(place[-1]) if len(place) else 0, place[values] - 1


def _centred_products(observed: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the products of the rows, less the mean over rows of each column."""
    products = (observed @ observed.T).astype(np.float64)
    of_mean = products.mean(axis=1)  # of each row with the mean row
    centred: NDArray[np.float64] = (
        products - of_mean[:, None] - of_mean + of_mean.mean()
    )
    return centred


def _by_neuron(
    words: Words,
) -> Iterator[
    tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.intp], NDArray[np.bool_]]
]:
    """Yield presentation and feature of each observed word, neuron after neuron."""
    n_codes, code = _ranks(words.code)
    feature = words.window.astype(np.int64) * max(n_codes, 1) + code
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
    columns = np.stack(kernels, axis=1)  # (sum of pairs of repeats, n_neurons, 2)
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
        one, other = np.triu_indices(r)
        weight = np.where(one == other, 1.0, 2.0)[:, None]
        part = weight * flat[start : start + len(one)]
        step = max(1, block_size // (r * r))
        for first in range(0, len(order), step):
            chosen = order[first : first + step]
            permuted = kernel[chosen[:, one], chosen[:, other]]
            total[first : first + step] += permuted @ part
        start += len(one)
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
    """Describe how many units change by how much, when, and what is unreliable."""
    rates, n_tested = drift.rates, drift.n_tested
    if not n_tested:
        return (f"not tested: fewer than {_MIN_REPEATS} whole repeats that differ",)
    n_changed, n_twice = rates.n_changed(), rates.n_changed(_VERY_LARGE_CHANGE)
    twice = f"{n_twice} by more than {_VERY_LARGE_CHANGE:g}; " if n_twice else ""
    text = (
        f"{n_changed or 'none'} of {n_tested} units "
        f"{'change their' if n_changed > 1 else 'changes its'} rate by more than "
        f"{LARGE_CHANGE:g} over the repeats ({twice}median change "
        f"{100 * (rates.median_change - 1):.0f} %)"
    )
    sentences = ["; ".join((text, *_when(rates)))]
    n_gaps = int((drift.is_unsafe & ~rates.is_changed).sum())
    if n_gaps:
        which = plural(n_gaps, "unit that drifts was", "units that drift were")
        sentences.append(f"{which} not recorded in every repeat")
    if drift.is_unsafe.any():
        sentences.append(
            "Over all repeats, differences between units may be drift: chance levels "
            "and z-scores take repeats to be exchangeable"
        )
    return tuple(sentences)


def _when(rates: RateChanges) -> Iterator[str]:
    """Yield when rates change, and the repeats that are stable."""
    if rates.is_stable:
        return
    if rates.is_changed.any():
        times = rates.changes_after[rates.is_changed]
        if rates.is_gradual:
            yield "gradually"
        elif rates.change_point is not None:
            yield f"most of it after repeat {rates.change_point}"
        elif times.min() == times.max():
            yield f"after repeat {times.min()}"
        else:
            yield f"at no one time, after repeats {times.min()} to {times.max()}"
    if rates.odd_repeats:
        odd = [str(repeat) for repeat in rates.odd_repeats]
        yield (
            f"in {'repeat' if len(odd) == 1 else 'repeats'} {some(odd)} the units "
            "together fire less than half, or more than twice, as much as around it"
        )
    if rates.stable_repeats is None:
        yield f"no {_MIN_REPEATS} repeats one after another are stable"
    else:
        first, last = rates.stable_repeats
        yield f"repeats {first} to {last} are stable: --repeats {first}-{last}"
