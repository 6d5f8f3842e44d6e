"""Observation time after which two neurons are distinguished with a given accuracy.

Input: divergences of pairs of neurons, and counts of words by condition. Output: times,
their ratio to those of steady evidence, and medians with intervals.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from neuroclass._lib.parallel import run_tasks, runs_of_work
from neuroclass.discrimination._compiled.pair_loader import compiled_pair_loops
from neuroclass.discrimination.condition_evidence import MOST_REPEATS, ConditionEvidence
from neuroclass.discrimination.divergence import PairDivergences
from neuroclass.discrimination.two_word_evidence import TwoWordEvidence
from neuroclass.discrimination.words_to_accuracy import words_to_accuracy
from neuroclass.estimators import bias_aware_interval, jackknife_interval
from neuroclass.information import TwoWordCounts, two_word_counts

__all__ = [
    "CountsInTime",
    "median_time_to_accuracy",
    "observation_time_ratio",
    "time_ratio_of_pairs",
    "time_to_accuracy",
]

_PRIOR = 0.5  # repeats: weight of the pooled word frequencies
MIN_COMPILED = 1 << 24  # pairs times conditions; numpy takes about a second
_BLOCKS_OF_TASK = 1024  # worth a task: 4 s of compiled loops, where a process costs 2


class CountsInTime(Protocol):
    """Counts of words whose conditions may be times, such as `ResponseCounts`.

    ``counts`` are integers, (n_neurons, n_conditions, n_words); ``time`` is the start
    of each condition after stimulus onset, in seconds, (n_conditions,), nan where
    times are pooled.
    """

    @property
    def counts(self) -> NDArray[np.int64]: ...  # noqa: D102

    @property
    def time(self) -> NDArray[np.float64]: ...  # noqa: D102


def time_to_accuracy(information_rate: ArrayLike, accuracy: float) -> Any:
    r"""Return the observation time that distinguishes two neurons by steady evidence.

    .. math:: t = \frac{z^2}{2 \ln 2 \, J}

    with the information rate J (bits/s) of the pair and the Gaussian quantile z of the
    accuracy: 1.185 bits for 90 % correct, 1.952 bits for 95 %.

    Parameters
    ----------
    information_rate : array_like
        Jensen-Shannon divergence over the duration of a word, in bits/s; positive.
    accuracy : float
        Fraction of correct answers, between 0.5 and 1.

    Returns
    -------
    ndarray or float
        Seconds.

    Raises
    ------
    ValueError
        If `accuracy` is not between 0.5 and 1.

    Notes
    -----
    The evidence for one neuron against the other grows by small independent steps, so
    it is Gaussian, and each step's divergence is an eighth of its squared distance in
    standard deviations (over ln 2).  Chernoff's bound would give 1.3 to 2 times as
    much.  ``test_times_are_those_of_gaussian_evidence``; against Monte Carlo in
    docs/validation.md.  Where evidence is not steady: `observation_time_ratio`.

    Examples
    --------
    >>> round(time_to_accuracy(2.0, 0.9), 3)
    0.592
    """
    if not 0.5 < accuracy < 1:
        raise ValueError(f"accuracy must be between 0.5 and 1; got {accuracy!r}.")
    seconds = ndtri(accuracy) ** 2 / (2 * np.log(2)) / np.asarray(information_rate)
    return float(seconds) if seconds.ndim == 0 else seconds


def observation_time_ratio(
    counts: CountsInTime,
    first: ArrayLike,
    second: ArrayLike,
    bits_per_word: ArrayLike,
    accuracy: ArrayLike = 0.9,
    *,
    block_size: int = 1 << 18,
    min_compiled: int = MIN_COMPILED,
    n_jobs: int | None = 1,
) -> NDArray[np.float64]:
    r"""Return the ratio of the observation time of pairs to that of steady evidence.

    Observation starts at a uniformly random time of the stimulus; the time to reach the
    accuracy includes the wait for informative words.  It is longer than by steady
    evidence where informative words come together, and shorter where a single word
    nearly suffices.  After the words of the conditions s from one start, the fraction
    of correct answers is

    .. math:: 1 - e^{V / 8 - B} \, \Phi(-\sqrt V / 2) , \qquad
              B = \sum_s -\ln \sum_w \sqrt{P_a P_b} , \quad
              V = \sum_s \mathrm{Var}_s \ln \frac{P_a}{P_b} ,

    with P_a and P_b the probabilities of word w in condition s of the two neurons, and
    the variance under the distribution half-way between them, proportional to
    sqrt(P_a P_b).  Both are corrected for few repeats (`ConditionEvidence`).  The time
    is that at which the mean over all starts reaches `accuracy`.

    Parameters
    ----------
    counts : CountsInTime
        Counts of words, such as `ResponseCounts`, conditioned on time, else all ratios
        are 1; after the last condition comes the first.
    first, second : array_like of int, (n_pairs,)
        Positions of the neurons a and b of each pair.
    bits_per_word : array_like of shape (n_pairs,)
        Corrected divergence of each pair, in bits per word, from which the time by
        steady evidence is taken.  With more than 2000 repeats B and V are those of the
        frequencies of words, scaled by it over their divergence.
    accuracy : float or array_like of float, default 0.9
        Fraction of correct answers, between 0.5 and 1.
    block_size : int, default 2^18
        Number of array elements computed at a time, which bounds the memory.
    min_compiled : int, default 2^24
        Least number of pairs times conditions for which compiled loops are loaded.
    n_jobs : int, optional
        Processes that share the pairs, as in joblib; the same numbers with any.

    Returns
    -------
    ndarray of shape (n_pairs,), or (n_accuracies, n_pairs)
        Ratio to `time_to_accuracy` of the same `bits_per_word`; nan where these are not
        positive.

    Notes
    -----
    The answer is right with probability 1 - sum(min(P_a, P_b)) / 2 over all responses.
    That sum is exp(-B) times the mean of exp(-abs(x) / 2) under the distribution
    half-way, with x the log likelihood ratio, there about Gaussian around 0.  Where
    every step is small B = V / 8 and this is the Gaussian evidence of
    `time_to_accuracy`.  ``test_answers_are_as_right_as_simulated_ones``; against
    Monte Carlo in docs/validation.md.  At most 128 starts are taken.

    The ratio times the time by steady evidence does not depend on `bits_per_word`: its
    own error, and what the blend leaves of its bias, cancel.

    References
    ----------
    .. [1] Kailath (1967), The divergence and Bhattacharyya distance measures in signal
       selection, IEEE Trans. Communication Technology 15:52-60.
    """
    first, second = np.asarray(first), np.asarray(second)
    bits = np.asarray(bits_per_word, dtype=np.float64)
    accuracies = np.atleast_1d(np.asarray(accuracy, dtype=np.float64))
    order = np.argsort(accuracies)
    ratio = np.full((len(accuracies), len(first)), np.nan)
    pairs = np.flatnonzero(bits > 0)
    if np.isnan(counts.time).any():
        ratio[:, pairs] = 1.0
        return ratio.reshape(*np.shape(accuracy), len(first))
    n_conditions, n_words = counts.counts.shape[1:]
    loops = compiled_pair_loops(len(pairs) * n_conditions, min_compiled)
    step = max(1, block_size // (n_conditions * n_words))
    runs = runs_of_work(len(pairs), n_jobs, step=step, least=_BLOCKS_OF_TASK * step)
    blocks = [pairs[run] for run in runs]
    given = two_word_counts(counts.counts) or counts.counts
    how = accuracies[order], step, loops is not None
    tasks = (
        (given, (first[block], second[block], bits[block]), *how) for block in blocks
    )
    found = (
        run_tasks(_words_of_run, tasks, n_jobs)
        if len(runs) > 1
        else (_words_of_run(*task) for task in tasks)
    )
    for block, words in zip(blocks, found, strict=True):
        for k, level_words in zip(order.tolist(), words, strict=True):
            steady = ndtri(accuracies[k]) ** 2 / (2 * np.log(2)) / bits[block]
            ratio[k, block] = level_words / steady
    return ratio.reshape(*np.shape(accuracy), len(first))


def _words_of_run(
    counts: NDArray[np.int64] | TwoWordCounts,
    pairs: tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]],
    accuracies: NDArray[np.float64],
    step: int,
    is_compiled: bool,
) -> NDArray[np.float64]:
    """Return numbers of words to accuracies, (n_accuracies, n_pairs), of some pairs."""
    loops = compiled_pair_loops(1, 0) if is_compiled else None
    evidence = _evidence_of(counts, loops)
    first, second, bits = pairs
    words = np.empty((len(accuracies), len(first)))
    for begin in range(0, len(first), step):
        block = slice(begin, begin + step)
        if evidence is not None:
            found = evidence.of_pairs(first[block], second[block])
        else:
            assert not isinstance(counts, TwoWordCounts), "these have evidence"
            found = _scaled_steps(counts, first[block], second[block], bits[block])
        words[:, block] = words_to_accuracy(found, accuracies, loops)
    return words


def _evidence_of(
    counts: NDArray[np.int64] | TwoWordCounts, loops: ModuleType | None
) -> TwoWordEvidence | ConditionEvidence | None:
    """Return what gives B and V; none where frequencies are sharp enough."""
    if isinstance(counts, TwoWordCounts):
        return TwoWordEvidence(counts, loops)
    if counts.sum(axis=2).max(initial=0) <= MOST_REPEATS:
        return ConditionEvidence(counts)
    return None


def _scaled_steps(
    counts: NDArray[np.int64],
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    bits: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return B and V, (2, n_pairs, n_conditions), of a divergence of `bits`."""
    a, b = counts[first], counts[second]
    repeats_a, repeats_b = a.sum(axis=2, keepdims=True), b.sum(axis=2, keepdims=True)
    # Where one of them was not recorded there is no evidence.
    both = np.minimum(repeats_a, repeats_b) > 0
    pooled = (a + b) / np.maximum(repeats_a + repeats_b, 1)
    p = np.where(both, (a + _PRIOR * pooled) / (repeats_a + _PRIOR), pooled)
    q = np.where(both, (b + _PRIOR * pooled) / (repeats_b + _PRIOR), pooled)
    is_observed = pooled > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(is_observed, np.log(p) - np.log(q), 0.0)
        middle = np.where(is_observed, np.log((p + q) / 2), 0.0)
        of_p = np.where(is_observed, np.log(p), 0.0)
    of_q = of_p - ratio
    divergence = (p * (of_p - middle) + q * (of_q - middle)).sum(axis=2) / 2
    half_way = np.sqrt(p * q)
    overlap = np.where(both[..., 0], half_way.sum(axis=2), 1.0)
    mean = (half_way * ratio).sum(axis=2) / overlap
    variance = (half_way * ratio**2).sum(axis=2) / overlap - mean**2
    estimated = divergence.mean(axis=1, keepdims=True) / np.log(2)
    scale = bits[:, None] / np.maximum(estimated, np.finfo(float).tiny)
    return np.stack([-np.log(overlap) * scale, np.maximum(variance, 0.0) * scale])


def time_ratio_of_pairs(
    counts: CountsInTime,
    pairs: PairDivergences,
    accuracy: ArrayLike = 0.9,
    *,
    n_jobs: int | None = 1,
) -> NDArray[np.float64]:
    """Return the `observation_time_ratio` of pairs, nan for indistinguishable ones.

    Parameters
    ----------
    counts : CountsInTime
        Counts of words of the neurons, such as `ResponseCounts`.
    pairs : PairDivergences
        Divergences of these counts, from `pair_divergences`.
    accuracy : float or array_like of float, default 0.9
        Fraction of correct answers, between 0.5 and 1.
    n_jobs : int, optional
        Processes that share the pairs, as in joblib.

    Returns
    -------
    ndarray of shape (n_pairs,), or (n_accuracies, n_pairs)
    """
    bits = np.where(pairs.is_distinguishable, pairs.bits_per_word, np.nan)
    return observation_time_ratio(
        counts, pairs.first, pairs.second, bits, accuracy, n_jobs=n_jobs
    )


def median_time_to_accuracy(
    pairs: PairDivergences,
    word_duration: float,
    which: NDArray[np.bool_] | None = None,
    *,
    accuracy: float = 0.9,
    ratio: ArrayLike = 1.0,
) -> tuple[float, NDArray[np.float64]]:
    """Return the median observation time of pairs to an accuracy, and its interval.

    Pairs that are not distinguishable take longer than all others.

    Parameters
    ----------
    pairs : PairDivergences
        Divergences, from `pair_divergences`.
    word_duration : float
        Duration of a word, in seconds.
    which : ndarray of bool, (n_pairs,), optional
        Pairs to take, by default all.
    accuracy : float, default 0.9
        Fraction of correct answers, between 0.5 and 1.
    ratio : array_like of shape (n_pairs,), default 1
        Ratio of each time to that of steady evidence: `observation_time_ratio`.

    Returns
    -------
    median : float
        Seconds; nan if more than half have no time, or there is no pair.
    interval : ndarray of shape (2,)
        95 % interval, in seconds, by the delete-a-group jackknife of the logarithm
        (`jackknife_interval`), of times by steady evidence of noise and bias
        (`bias_aware_interval`); which pairs are distinguishable stays as it is.  Nan
        where there is no median, or without groups of repeats.

    Notes
    -----
    ``test_the_interval_of_the_median_time_holds_that_of_many_repeats``, for steady
    evidence.  The interval takes `ratio` as known: its logarithm and that of the
    divergence have about the same error, of which it holds one.  Times with that ratio
    are corrected for few repeats and do not have the bias of the divergence: widened by
    it, intervals held the truth too often.  Coverage, at 10, 20 and 60 repeats:
    docs/validation.md.
    """
    is_taken = np.ones(len(pairs.z), dtype=bool) if which is None else which
    # (1 + n_groups, n_taken): of all repeats, and without each group.
    bits = np.vstack([pairs.bits_per_word, pairs.replicates])[:, is_taken]
    has_time = pairs.is_distinguishable[is_taken] & (bits > 0)
    seconds = np.full(bits.shape, np.inf)
    seconds[has_time] = time_to_accuracy(bits[has_time] / word_duration, accuracy)
    ratios = np.broadcast_to(np.asarray(ratio, dtype=np.float64), len(pairs.z))
    seconds *= np.nan_to_num(ratios[is_taken], nan=np.inf)
    if not bits.shape[1]:
        return float("nan"), np.full(2, np.nan)
    median, *others = np.median(seconds, axis=1).tolist()
    if not np.isfinite(median):
        return float("nan"), np.full(2, np.nan)
    if len(others) < 2 or not np.isfinite(others).all():
        return median, np.full(2, np.nan)
    log = np.log(median)
    if np.all(ratios[is_taken] == 1):  # the bias of the divergence is that of the time
        return median, np.exp(bias_aware_interval(log, log, np.log(others)))
    _, interval = jackknife_interval(log, np.log(others))
    return median, np.exp(interval)
