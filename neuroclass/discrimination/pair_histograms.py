r"""Losses and chance moments of pairs of neurons, by one histogram of each pair.

Input: counts of two words of neurons with the same repeats. Output: sums over
conditions of what depends there on the sum of both counts.

With two words and R repeats each, the loss of merging two neurons is a sum over
conditions of v(n_a) + v(n_b) - V(n_a + n_b), and the moments of the loss by chance are
sums of functions of n_a + n_b, too. So all of them are products of a histogram of
n_a + n_b, 0 to 2 R, with short tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.parallel import run_tasks, runs_of_work
from neuroclass.discrimination._compiled.pair_loader import compiled_pair_loops
from neuroclass.discrimination.word_moments import binary_moments, word_moments
from neuroclass.estimators import Estimator, repeat_term, word_term
from neuroclass.information import TwoWordCounts

__all__ = ["MIN_COMPILED", "PairSums", "blocks_of_sums", "sums_by_histograms"]

MIN_COMPILED = 1 << 26  # pairs times conditions; numpy takes a fifth of a second
_PAIRS = 1024  # histograms at a time
_MIN_TASK = 1 << 32  # pairs times conditions, 1.5 s of compiled loops
_NEVER = 1 << 62
_CELLS = 1 << 15  # sums at a time, so that they stay in the cache
_ESTIMATORS: tuple[Estimator, ...] = ("plug-in", "jackknife")


class PairSums(NamedTuple):
    """Sums over conditions of all pairs, in the order of `PairDivergences`.

    Attributes
    ----------
    plug_in, jackknife : ndarray of shape (n_pairs,)
        Loss of merging the two neurons, bits times repeats.
    level : ndarray of shape (n_pairs,)
        Mean of `plug_in` by chance, bits times repeats.
    words : ndarray of shape (n_pairs,)
        Sum of 4 R_a R_b / (R_a + R_b).
    variance, third : ndarray of shape (n_pairs,)
        Central moments of `plug_in` by chance; empty where not asked for.
    """

    plug_in: NDArray[np.float64]
    jackknife: NDArray[np.float64]
    level: NDArray[np.float64]
    words: NDArray[np.float64]
    variance: NDArray[np.float64] = np.empty(0)
    third: NDArray[np.float64] = np.empty(0)


def sums_by_histograms(
    counts: TwoWordCounts,
    *,
    spread: bool = True,
    min_compiled: int = MIN_COMPILED,
    n_jobs: int | None = 1,
    min_task: int = _MIN_TASK,
) -> PairSums:
    """Return losses and chance moments of all pairs.

    Parameters
    ----------
    counts : TwoWordCounts
        Counts of the neurons.
    spread : bool, default True
        Whether to compute variance and third moment.
    min_compiled : int, default 2^26
        Least number of pairs times conditions for which compiled loops are loaded.
    n_jobs : int, optional
        Processes, as in joblib; the same numbers with any.
    min_task : int, default 2^32
        Least number of pairs times conditions that are worth a task.

    Returns
    -------
    PairSums

    Notes
    -----
    Histograms are exact, so compiled loops and numpy give the same bits
    (``test_compiled_histograms_give_the_same_bits``).  Cost: one count for each pair
    and condition, .35 ns compiled and 2 ns by numpy.
    """
    n_neurons, n_conditions = counts.shape
    n_pairs = n_neurons * (n_neurons - 1) // 2
    is_compiled = compiled_pair_loops(n_pairs * n_conditions, min_compiled) is not None
    runs = runs_of_work(
        n_pairs, n_jobs, step=_PAIRS, least=min_task // max(n_conditions, 1)
    )
    if len(runs) > 1:
        tasks = ((counts, spread, is_compiled, run) for run in runs)
        sums = np.concatenate(list(run_tasks(_sums_of_run, tasks, n_jobs)))
    else:
        sums = _sums_of_run(counts, spread, is_compiled, slice(None))
    words = np.full(len(sums), 2.0 * counts.repeats.sum())
    plug_in, jackknife, level, *moments = np.ascontiguousarray(sums.T)
    return PairSums(plug_in, jackknife, level, words, *moments)


def _sums_of_run(
    counts: TwoWordCounts, spread: bool, is_compiled: bool, run: slice
) -> NDArray[np.float64]:
    """Return the sums of a run of pairs, (n_pairs_of_run, 3 or 5)."""
    least = 0 if is_compiled else _NEVER
    blocks = blocks_of_sums(counts, spread=spread, min_compiled=least, run=run)
    return np.concatenate([np.empty((0, 5 if spread else 3)), *blocks])


def blocks_of_sums(
    counts: TwoWordCounts,
    *,
    spread: bool = True,
    min_compiled: int = MIN_COMPILED,
    run: slice = slice(None),
) -> Iterator[NDArray[np.float64]]:
    """Yield the sums of some pairs after others: those of `sums_by_histograms`.

    Plug-in, jackknife and mean by chance, with `spread` variance and third moment,
    (n_pairs_of_block, 3 or 5); of a run of all pairs.
    """
    n_neurons, n_conditions = counts.occurrences.shape
    first, second = (each[run] for each in np.triu_indices(n_neurons, 1))
    loops = compiled_pair_loops(len(first) * n_conditions, min_compiled)
    count = histograms_of_sums if loops is None else loops.histograms_of_sums
    parts = []
    for repeats, occurrences in counts.by_repeats():
        of_neuron, of_pair = _tables(repeats)
        own = _histograms(occurrences, repeats + 1) @ of_neuron
        tables = np.ascontiguousarray(of_pair[:, : 5 if spread else 3])
        parts.append((occurrences, own, tables, np.empty((_PAIRS, len(tables)))))
    for start in range(0, len(first), _PAIRS):
        a, b = (each[start : start + _PAIRS] for each in (first, second))
        total = np.zeros((len(a), 5 if spread else 3))
        for occurrences, own, tables, histograms in parts:
            found = histograms[: len(a)]
            count(occurrences, a, b, found)
            total += found @ tables
            total[:, : own.shape[1]] += own[a] + own[b]
        yield total


@lru_cache(maxsize=64)
def _tables(repeats: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return v(n), (R + 1, 2), and the terms of n_a + n_b, (2 R + 1, 5).

    These are -V by plug-in and jackknife, and mean, variance and third moment.
    """
    n, marked = np.arange(repeats + 1), np.arange(2 * repeats + 1)
    of_neuron, of_pair = [], []
    for estimator in _ESTIMATORS:
        word, both = word_term(n, estimator), word_term(marked, estimator)
        of_neuron.append(word + word[::-1] + repeat_term(repeats, estimator))
        of_pair.append(-both - both[::-1] - repeat_term(2 * repeats, estimator))
    mean = word_moments(marked, repeats, repeats, spread=False).mean
    of_pair += [mean + mean[::-1], *binary_moments(marked, repeats, repeats)]
    return np.stack(of_neuron, axis=1), np.stack(of_pair, axis=1)


def _histograms(numbers: NDArray[Any], n_numbers: int) -> NDArray[np.intp]:
    """Return how often each row holds 0, 1, ..., (n_rows, n_numbers)."""
    at = numbers + n_numbers * np.arange(len(numbers))[:, None]
    counted = np.bincount(at.ravel(), minlength=len(at) * n_numbers)
    return counted.reshape(-1, n_numbers)


def histograms_of_sums(
    counts: NDArray[Any],
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    histograms: NDArray[np.float64],
) -> None:
    """Count how often each sum of two rows is 0, 1, ..., into `histograms`.

    `histograms` is (n_pairs, n_sums), of the rows `first` and `second` of `counts`.
    """
    step = max(1, _CELLS // max(1, counts.shape[1]))
    for start in range(0, len(first), step):
        here = slice(start, start + step)
        sums = counts[first[here]].astype(np.intp)
        sums += counts[second[here]]
        histograms[here] = _histograms(sums, histograms.shape[1])
