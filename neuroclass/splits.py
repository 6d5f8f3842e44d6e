"""Whether two classes are two kinds, or two halves of one continuum.

Takes counts and a division of neurons in two; gives how much more their evidence on
unseen stimulus falls into two groups than a continuum does that is cut.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass.estimators import Estimator
from neuroclass.refinement import refine
from neuroclass.rows import Rows

__all__ = ["MIN_NEURONS", "halves_of_stimulus", "held_out_z"]

MIN_NEURONS = 3  # on each side of a split that is tested
_N_BLOCKS = 20  # of the stimulus, odd against even
_LEAST_SHARE = 0.25  # of the spoken words, in either half
_MIN_PROFILE = 4  # spoken words, over all conditions, that make a profile
_BLOCK = 1 << 17  # counts at a time, so that they stay in the cache
_N_DRAWS = 4000
_NULL_SEED = 20020


def halves_of_stimulus(counts: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the counts of either half of the stimulus: odd and even of 20 blocks.

    Blocks hold the same number of spoken words, so that a brief response is not all in
    one half.  Where blocks would be too few (20 conditions), or all is said in one of
    them, each spoken or silent word goes to one half or the other by a coin with a
    fixed seed, which needs integer counts; with fractions, or single repeats, both
    halves are the whole.
    """
    n_conditions = counts.shape[1]
    spoken = _spoken(counts).sum(axis=(0, 2)).astype(np.float64)
    if n_conditions >= _N_BLOCKS and spoken.any():
        before = np.cumsum(spoken) - spoken / 2
        is_odd = (before * _N_BLOCKS / spoken.sum()).astype(np.intp) % 2 == 1
        if _LEAST_SHARE < spoken[is_odd].sum() / spoken.sum() < 1 - _LEAST_SHARE:
            return counts[:, is_odd], counts[:, ~is_odd]
    if counts.dtype.kind not in "iu" or counts.sum(axis=2).max() < 2:
        return counts, counts
    half = np.random.default_rng(_NULL_SEED).binomial(counts, 0.5)
    return half, counts - half


def _spoken(counts: NDArray[Any]) -> NDArray[Any]:
    """Return the counts without the silent word, if there are others."""
    return counts[:, :, 1:] if counts.shape[2] > 1 else counts


def held_out_z(
    one: NDArray[Any],
    other: NDArray[Any],
    labels: NDArray[np.intp],
    estimator: Estimator,
) -> float:
    """Score a division of neurons in two on halves of the stimulus.

    With one half the neurons are divided anew, beginning from `labels`, and on the
    other half each neuron gets its log likelihood ratio between the two classes, itself
    left out.  The score says how much more the ratios fall into two groups than sorted
    Gaussian numbers cut at the same rank, in standard deviations of the latter, as the
    mean of both directions.

    Parameters
    ----------
    one, other : ndarray of shape (n_neurons, n_conditions, n_words)
        From `halves_of_stimulus`.
    labels : ndarray of int, (n_neurons,)
        Class of each neuron, 0 or 1.
    estimator : str
        For the division.

    Returns
    -------
    float
        z; -inf where the two classes do not even attract their own, nan if a half has
        nothing to say.
    """
    if not (_spoken(one).any() and _spoken(other).any()):
        return float("nan")
    z = []
    for fitted, tested in ((one, other), (other, one)):
        divided, _ = refine(Rows.from_counts(fitted, estimator), labels)
        z.append(_bimodality(_log_ratios(tested, divided), divided))
    return float(np.mean(z))


def _log_ratios(counts: NDArray[Any], labels: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return each neuron's mean log likelihood ratio per spoken word, 1 over 0.

    p_A = (n_A + q/2) / (R_A + 1/2) with q the word's share in both classes, after the
    neuron was taken out of its own. Unless there are very few of them, p is divided by
    its sum over all spoken words: what counts is when a neuron speaks, not how much,
    because gain varies from cell to cell within a type. Words weigh by the square root
    of their number, for the same reason.
    """
    first = 1 if counts.shape[2] > 1 else 0  # the silent word, if there are others
    is_profile = counts[0, :, first:].size >= _MIN_PROFILE
    sums = np.stack([counts[labels == label].sum(axis=0) for label in (0, 1)])
    ratios = np.empty(len(counts))
    step = max(1, _BLOCK // sums.size)
    for start in range(0, len(counts), step):
        n, own = counts[start : start + step], labels[start : start + step]
        rest = np.repeat(sums[None], len(n), axis=0)  # (neuron, class, condition, word)
        rest[np.arange(len(n)), own] -= n
        repeats = rest.sum(axis=3, keepdims=True)
        both = repeats.sum(axis=1)
        q = np.divide(rest.sum(axis=1), both, out=np.zeros(n.shape), where=both > 0)
        p = (rest + q[:, None] / 2) / (repeats + 0.5)
        p, n, q = p[:, :, :, first:], n[:, :, first:], q[:, :, first:]
        used = (n > 0) & (q > 0)
        odds = p[:, 1][used] / p[:, 0][used]
        if is_profile:
            whole = p.sum(axis=(2, 3))  # 0 only where nobody else spoke, and none used
            share = np.divide(
                whole[:, 0], whole[:, 1], out=np.ones(len(n)), where=whole[:, 1] > 0
            )
            odds *= share.repeat(used.sum(axis=(1, 2)))
        weight = np.where(used, np.sqrt(n), 0.0)
        evidence = np.zeros(n.shape)
        evidence[used] = weight[used] * np.log(odds)
        ratios[start : start + step] = evidence.sum(axis=(1, 2)) / np.maximum(
            weight.sum(axis=(1, 2)), 1.0
        )
    return ratios


def _bimodality(x: NDArray[np.float64], labels: NDArray[np.intp]) -> float:
    groups = x[labels == 0], x[labels == 1]
    if groups[1].mean() <= groups[0].mean():
        return -np.inf
    mean, sd = _null_of_cut(len(groups[0]), len(x))
    return (float(_log_variance_ratio(*groups)) - mean) / sd


def _log_variance_ratio(
    low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return ln(between / within sum of squares) of two groups along the last axis."""
    n, m = low.shape[-1], high.shape[-1]
    between = n * m / (n + m) * (high.mean(axis=-1) - low.mean(axis=-1)) ** 2
    within = n * low.var(axis=-1) + m * high.var(axis=-1)
    tiny = np.finfo(np.float64).tiny
    ratio: NDArray[np.float64] = np.log(np.maximum(between, tiny)) - np.log(
        np.maximum(within, tiny)
    )
    return ratio


@lru_cache(maxsize=4096)
def _null_of_cut(n_low: int, n: int) -> tuple[float, float]:
    """Return mean and sd of the statistic when one Gaussian is cut at a rank."""
    rng = np.random.default_rng([_NULL_SEED, n])
    draws = np.sort(rng.standard_normal((_N_DRAWS, n)), axis=1)
    statistic = _log_variance_ratio(draws[:, :n_low], draws[:, n_low:])
    return float(statistic.mean()), float(statistic.std())
