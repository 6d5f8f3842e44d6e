"""Whether two classes are two kinds, or two halves of one continuum.

Takes counts and a division of neurons in two; gives how much more their evidence on
unseen stimulus falls into two groups than a continuum does that is cut.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from neuroclass.clustering.continuum_null import log_variance_ratio, null_of_cut
from neuroclass.clustering.count_matrix import Rows
from neuroclass.clustering.reassignment import refine
from neuroclass.estimators import Estimator

__all__ = ["MIN_NEURONS", "Half", "halves_of_stimulus", "held_out_z"]

MIN_NEURONS = 3  # on each side of a split that is tested
_N_BLOCKS = 20  # of the stimulus, odd against even
_LEAST_SHARE = 0.25  # of the spoken words, in either half
_MIN_PROFILE = 4  # spoken words, over all conditions, that make a profile
_BLOCK = 1 << 17  # counts at a time, so that they stay in the cache
_COIN_SEED = 20020
_OF_UNIFORM = 3.0  # what the flattest continuum scores at most, if neurons are many


@dataclass(frozen=True)
class Half:
    """Half of a stimulus, as some neurons answered it.

    Attributes
    ----------
    counts : ndarray of shape (n_neurons, n_words, n_conditions)
        How often each neuron spoke each word in each condition, in as small integers
        as hold it; conditions last, since there are many.
    rows : Rows
        The same counts, laid out for merging.
    """

    counts: NDArray[Any]
    rows: Rows

    @classmethod
    def from_counts(cls, counts: NDArray[Any], estimator: Estimator) -> Self:
        """Lay out counts of shape (n_neurons, n_conditions, n_words)."""
        rows = Rows.from_counts(counts, estimator)
        if counts.dtype.kind in "iu":
            counts = counts.astype(np.min_scalar_type(counts.max(initial=0)))
        return cls(np.ascontiguousarray(counts.transpose(0, 2, 1)), rows)

    @property
    def is_silent(self) -> bool:
        """Whether nothing was said but the silent word."""
        return not self.counts[:, self.first :].any()

    @property
    def first(self) -> int:
        """The first word to look at: after the silent one, if there are others."""
        return 1 if self.counts.shape[1] > 1 else 0

    def of(self, neurons: NDArray[np.intp]) -> Self:
        """Return what these neurons answered."""
        return type(self)(self.counts[neurons], self.rows.of(neurons))


def halves_of_stimulus(
    counts: NDArray[Any], estimator: Estimator = "miller-madow"
) -> tuple[Half, Half]:
    """Return either half of the stimulus: odd and even of 20 blocks.

    Blocks hold the same number of spoken words, so that a brief response is not all in
    one half.  Where blocks would be too few (20 conditions), or all is said in one of
    them, each spoken or silent word goes to one half or the other by a coin with a
    fixed seed, which needs integer counts; with fractions, or single repeats, both
    halves are the whole.
    """
    n_conditions = counts.shape[1]
    spoken = counts[:, :, 1:] if counts.shape[2] > 1 else counts
    spoken = spoken.sum(axis=(0, 2)).astype(np.float64)
    if n_conditions >= _N_BLOCKS and spoken.any():
        before = np.cumsum(spoken) - spoken / 2
        is_odd = (before * _N_BLOCKS / spoken.sum()).astype(np.intp) % 2 == 1
        if _LEAST_SHARE < spoken[is_odd].sum() / spoken.sum() < 1 - _LEAST_SHARE:
            return (
                Half.from_counts(counts[:, is_odd], estimator),
                Half.from_counts(counts[:, ~is_odd], estimator),
            )
    if counts.dtype.kind not in "iu" or counts.sum(axis=2).max() < 2:
        whole = Half.from_counts(counts, estimator)
        return whole, whole
    half = np.random.default_rng(_COIN_SEED).binomial(counts, 0.5)
    return (
        Half.from_counts(half, estimator),
        Half.from_counts(counts - half, estimator),
    )


def held_out_z(one: Half, other: Half, labels: NDArray[np.intp]) -> float:
    """Score a division of neurons in two on halves of the stimulus.

    With one half the neurons are divided anew, beginning from `labels`, and on the
    other half each neuron gets its log likelihood ratio between the two classes, itself
    left out.  The score says how much more the ratios fall into two groups than sorted
    Gaussian numbers cut at the same rank, in standard deviations of the latter, as the
    mean of both directions.  A continuum need not be Gaussian, and with very many
    neurons that shows; so it is no more than 3 above what uniform numbers would score.

    Parameters
    ----------
    one, other : Half
        From `halves_of_stimulus`.
    labels : ndarray of int, (n_neurons,)
        Class of each neuron, 0 or 1.

    Returns
    -------
    float
        z; -inf where the two classes do not even attract their own, nan if a half has
        nothing to say.
    """
    if one.is_silent or other.is_silent:
        return float("nan")
    z = []
    for fitted, tested in ((one, other), (other, one)):
        divided, _ = refine(fitted.rows, labels)
        z.append(_bimodality(_log_ratios(tested, divided), divided))
    return float(np.mean(z))


def _bimodality(x: NDArray[np.float64], labels: NDArray[np.intp]) -> float:
    groups = x[labels == 0], x[labels == 1]
    if groups[1].mean() <= groups[0].mean():
        return -np.inf
    ratio = float(log_variance_ratio(*groups))
    above = {}
    for shape in ("gaussian", "uniform"):
        mean, sd = null_of_cut(len(groups[0]), len(x), shape)
        above[shape] = (ratio - mean) / sd
    return min(above["gaussian"], above["uniform"] + _OF_UNIFORM)


def _log_ratios(half: Half, labels: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return each neuron's mean log likelihood ratio per spoken word, 1 over 0.

    p_A = (n_A + q/2) / (R_A + 1/2) with q the word's share in both classes, after the
    neuron was taken out of its own. Unless there are very few of them, p is divided by
    its sum over all spoken words: what counts is when a neuron speaks, not how much,
    because gain varies from cell to cell within a type. Words weigh by the square root
    of their number, for the same reason.
    """
    counts, first = half.counts, half.first
    is_profile = counts[0, first:].size >= _MIN_PROFILE
    sums = np.stack([counts[labels == k].sum(axis=0, dtype=np.float64) for k in (0, 1)])
    if half.rows.loops is not None:
        compiled: NDArray[np.float64] = half.rows.loops.log_ratios(
            counts, labels, sums, first, is_profile
        )
        return compiled
    return _log_ratios_in_blocks(counts, labels, sums, first, is_profile)


def _log_ratios_in_blocks(
    counts: NDArray[Any],
    labels: NDArray[np.intp],
    sums: NDArray[np.float64],
    first: int,
    is_profile: bool,
) -> NDArray[np.float64]:
    ratios = np.empty(len(counts))
    step = max(1, _BLOCK // sums.size)
    for start in range(0, len(counts), step):
        n, own = counts[start : start + step], labels[start : start + step]
        rest = np.repeat(sums[None], len(n), axis=0)  # (neuron, class, word, condition)
        rest[np.arange(len(n)), own] -= n
        repeats = rest.sum(axis=2, keepdims=True)
        both = repeats.sum(axis=1)
        q = np.divide(rest.sum(axis=1), both, out=np.zeros(n.shape), where=both > 0)
        p = (rest + q[:, None] / 2) / (repeats + 0.5)
        p, n, q = p[:, :, first:], n[:, first:], q[:, first:]
        used = (n > 0) & (q > 0)
        odds = p[:, 1][used] / p[:, 0][used]
        if is_profile:
            whole = p.sum(axis=(2, 3))  # 0 only where nobody else spoke, and none used
            share = np.divide(
                whole[:, 0], whole[:, 1], out=np.ones(len(n)), where=whole[:, 1] > 0
            )
            odds *= share.repeat(used.sum(axis=(1, 2)))
        weight = np.where(used, np.sqrt(n, dtype=np.float64), 0.0)
        evidence = np.zeros(n.shape)
        evidence[used] = weight[used] * np.log(odds)
        ratios[start : start + step] = evidence.sum(axis=(1, 2)) / np.maximum(
            weight.sum(axis=(1, 2)), 1.0
        )
    return ratios
