"""Seconds until two neurons are told apart, from the divergence of their responses.

Takes divergences of pairs; gives times, and medians of them with intervals.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from neuroclass.discrimination.divergence import PairDivergences
from neuroclass.discrimination.listening import listening_factor
from neuroclass.estimators.jackknife import bias_aware_interval
from neuroclass.responses.counts import ResponseCounts

__all__ = ["factor_of_pairs", "median_seconds", "seconds_to_accuracy"]


def seconds_to_accuracy(information_rate: ArrayLike, accuracy: float) -> Any:
    r"""Return how long two neurons are heard until told apart, if evidence is steady.

    .. math:: t = \frac{z^2}{2 \ln 2 \, J}

    with the information rate J (bits/s) of the pair and the Gaussian quantile z of the
    accuracy: 1.185 bits for 90 % correct, 1.952 bits for 95 %.

    Parameters
    ----------
    information_rate : array_like
        Jensen-Shannon divergence over the duration of a word, bits/s; positive.
    accuracy : float
        Fraction of correct answers, between 0.5 and 1.

    Returns
    -------
    ndarray or float
        s.

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
    docs/validation.md.  Where evidence is not steady: `listening_factor`.

    Examples
    --------
    >>> round(seconds_to_accuracy(2.0, 0.9), 3)
    0.592
    """
    if not 0.5 < accuracy < 1:
        raise ValueError(f"accuracy must be between 0.5 and 1; got {accuracy!r}.")
    seconds = ndtri(accuracy) ** 2 / (2 * np.log(2)) / np.asarray(information_rate)
    return float(seconds) if seconds.ndim == 0 else seconds


def factor_of_pairs(
    counts: ResponseCounts, pairs: PairDivergences, accuracy: ArrayLike = 0.9
) -> NDArray[np.float64]:
    """Return the `listening_factor` of pairs, nan where they are not distinguishable.

    Parameters
    ----------
    counts : ResponseCounts
        Of the neurons.
    pairs : PairDivergences
        From `pair_divergences` of these counts.
    accuracy : float or array_like of float, default 0.9
        Fraction of correct answers.
    """
    bits = np.where(pairs.is_distinguishable, pairs.bits_per_word, np.nan)
    return listening_factor(counts, pairs.first, pairs.second, bits, accuracy)


def median_seconds(
    pairs: PairDivergences,
    word_duration: float,
    which: NDArray[np.bool_] | None = None,
    *,
    accuracy: float = 0.9,
    factor: ArrayLike = 1.0,
) -> tuple[float, NDArray[np.float64]]:
    """Return the median time until two neurons are told apart, and its 95 % interval.

    Pairs that are not distinguishable take longer than all others.

    Parameters
    ----------
    pairs : PairDivergences
        From `pair_divergences`.
    word_duration : float
        s.
    which : ndarray of bool, (n_pairs,), optional
        The pairs; by default all.
    accuracy : float, default 0.9
        As in `seconds_to_accuracy`.
    factor : array_like of shape (n_pairs,), default 1
        How much longer than steady evidence: `listening_factor`.

    Returns
    -------
    median : float
        s; nan if more than half have no time, or there is no pair.
    interval : ndarray of shape (2,)
        By the delete-a-group jackknife of its logarithm, of noise and bias
        (`bias_aware_interval`); which pairs are distinguishable stays as it is.  Nan
        where there is no median, or without groups of repeats.

    Notes
    -----
    ``test_the_interval_of_the_median_time_holds_that_of_many_repeats``, for steady
    evidence.  The interval takes `factor` as known.  Estimated from few repeats it is
    too low: medians are 4 to 5 % short of those of many repeats, and the interval holds
    these in 83, 48 and 31 % with 10, 20 and 60 repeats (docs/validation.md).
    """
    is_taken = np.ones(len(pairs.z), dtype=bool) if which is None else which
    # (1 + n_groups, n_taken): of all repeats, and without each group.
    bits = np.vstack([pairs.bits_per_word, pairs.replicates])[:, is_taken]
    has_time = pairs.is_distinguishable[is_taken] & (bits > 0)
    seconds = np.full(bits.shape, np.inf)
    seconds[has_time] = seconds_to_accuracy(bits[has_time] / word_duration, accuracy)
    longer = np.broadcast_to(np.asarray(factor, dtype=np.float64), len(pairs.z))
    seconds *= np.nan_to_num(longer[is_taken], nan=np.inf)
    if not bits.shape[1]:
        return float("nan"), np.full(2, np.nan)
    median, *others = np.median(seconds, axis=1).tolist()
    if not np.isfinite(median):
        return float("nan"), np.full(2, np.nan)
    if len(others) < 2 or not np.isfinite(others).all():
        return median, np.full(2, np.nan)
    log = np.log(median)
    return median, np.exp(bias_aware_interval(log, log, np.log(others)))
