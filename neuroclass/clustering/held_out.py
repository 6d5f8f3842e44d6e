"""Held-out z of two classes: two cell types, or one continuum cut in two.

Input: word counts and a division of neurons in two, or a partition.
Output: by how much the log likelihood ratios of the neurons on the held-out half of the
stimulus form two groups rather than one continuum, in standard deviations; and the
least such z of any two classes at each number of classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.parallel import run_tasks
from neuroclass.clustering._compiled.loader import MIN_COMPILED
from neuroclass.clustering.continuum_null import cut_null, log_variance_ratio
from neuroclass.clustering.count_matrix import CountMatrix
from neuroclass.clustering.merge_tree import relabel
from neuroclass.clustering.reassignment import refine
from neuroclass.estimators import Estimator

__all__ = [
    "MIN_NEURONS",
    "StimulusHalf",
    "bimodality_z",
    "held_out_z",
    "log_likelihood_ratios",
    "stimulus_halves",
    "weakest_pair_z",
]

MIN_NEURONS = 3  # on each side of a split that is tested
_N_BLOCKS = 20  # of the stimulus, odd against even
_LEAST_SHARE = 0.25  # of the words other than silence, in either half
_MIN_PROFILE = 4  # words other than silence, over all conditions, that make a profile
_BLOCK = 1 << 17  # counts at a time, so that they stay in the cache
_COIN_SEED = 20020
_OF_UNIFORM = 3.0  # highest z of the flattest continuum, of very many neurons


@dataclass(frozen=True)
class StimulusHalf:
    """Word counts of some neurons in one half of the stimulus.

    Attributes
    ----------
    counts : ndarray, (n_neurons, n_words, n_conditions)
        Word counts, in the smallest type of integer that holds them; conditions are the
        last axis, since there are many.
    matrix : CountMatrix
        The same counts, laid out for merging.
    """

    counts: NDArray[Any]
    matrix: CountMatrix

    @classmethod
    def from_counts(
        cls,
        counts: NDArray[Any],
        estimator: Estimator = "miller-madow",
        *,
        min_compiled: int = MIN_COMPILED,
    ) -> Self:
        """Lay out word counts, (n_neurons, n_conditions, n_words), of one half.

        `estimator` and `min_compiled` are those of `CountMatrix`.
        """
        matrix = CountMatrix.from_counts(counts, estimator, min_compiled=min_compiled)
        if counts.dtype.kind in "iu":
            counts = counts.astype(np.min_scalar_type(counts.max(initial=0)))
        return cls(np.ascontiguousarray(counts.transpose(0, 2, 1)), matrix)

    def __repr__(self) -> str:
        n_neurons, n_words, n_conditions = self.counts.shape
        return (
            f"StimulusHalf({n_neurons} neurons, {n_conditions} conditions, "
            f"{n_words} words)"
        )

    @property
    def is_silent(self) -> bool:
        """Whether no word other than silence occurs."""
        return not self.counts[:, self.first_word :].any()

    @property
    def first_word(self) -> int:
        """Index of the first word other than silence, if there are several words."""
        return 1 if self.counts.shape[1] > 1 else 0

    def of(self, neurons: NDArray[np.intp]) -> Self:
        """Return the counts of some neurons."""
        return type(self)(self.counts[neurons], self.matrix.of(neurons))


def stimulus_halves(
    counts: NDArray[Any], estimator: Estimator = "miller-madow"
) -> tuple[StimulusHalf, StimulusHalf]:
    """Divide the stimulus into two halves: the odd and the even of 20 blocks.

    Blocks hold the same number of words other than silence, so that a brief response is
    not all in one half.  With fewer than 20 conditions, or nearly all such words in one
    half, each counted word is assigned to one half or the other by a coin with a fixed
    seed, which needs integer counts; with fractions, or single repeats, both halves are
    the whole.

    Parameters
    ----------
    counts : ndarray, (n_neurons, n_conditions, n_words)
        Word counts; word 0 is silence if there are several.
    estimator : {"miller-madow", "plug-in", "jackknife"}
        Entropy estimator of the losses.

    Returns
    -------
    one, other : StimulusHalf
    """
    n_conditions = counts.shape[1]
    words = counts[:, :, 1:] if counts.shape[2] > 1 else counts
    observed = words.sum(axis=(0, 2)).astype(np.float64)  # (n_conditions,)
    if n_conditions >= _N_BLOCKS and observed.any():
        before = np.cumsum(observed) - observed / 2
        is_odd = (before * _N_BLOCKS / observed.sum()).astype(np.intp) % 2 == 1
        if _LEAST_SHARE < observed[is_odd].sum() / observed.sum() < 1 - _LEAST_SHARE:
            return (
                StimulusHalf.from_counts(counts[:, is_odd], estimator),
                StimulusHalf.from_counts(counts[:, ~is_odd], estimator),
            )
    if counts.dtype.kind not in "iu" or counts.sum(axis=2).max() < 2:
        whole = StimulusHalf.from_counts(counts, estimator)
        return whole, whole
    half = np.random.default_rng(_COIN_SEED).binomial(counts, 0.5)
    return (
        StimulusHalf.from_counts(half, estimator),
        StimulusHalf.from_counts(counts - half, estimator),
    )


def held_out_z(
    one: StimulusHalf, other: StimulusHalf, labels: NDArray[np.intp]
) -> float:
    """Compute the held-out z of a division of neurons in two.

    On one half of the stimulus the neurons are reassigned to the two classes, beginning
    from `labels`; on the other half the log likelihood ratio of each neuron between the
    two classes is computed, the neuron itself left out.  z is by how much these ratios
    form two groups rather than sorted Gaussian numbers cut at the same rank, in
    standard deviations of the latter, as the mean of both directions.  A continuum need
    not be Gaussian, which shows with very many neurons; so z is at most 3 above that
    against uniform numbers.

    Parameters
    ----------
    one, other : StimulusHalf
        From `stimulus_halves`.
    labels : ndarray of int, (n_neurons,)
        Class of each neuron, 0 or 1.

    Returns
    -------
    float
        z; -inf where the mean ratio of a class is not higher for itself than for the
        other class; nan if a half holds no word other than silence.
    """
    if one.is_silent or other.is_silent:
        return float("nan")
    z = []
    for fitted, tested in ((one, other), (other, one)):
        divided, _ = refine(fitted.matrix, labels)
        z.append(bimodality_z(log_likelihood_ratios(tested, divided), divided))
    return float(np.mean(z))


def bimodality_z(x: NDArray[np.float64], labels: NDArray[np.intp]) -> float:
    """Compute by how much two groups of numbers are more than one continuum, cut.

    Parameters
    ----------
    x : ndarray, (n,)
        Numbers.
    labels : ndarray of int, (n,)
        Group of each number, 0 for the low ones and 1 for the high ones.

    Returns
    -------
    float
        z of `log_variance_ratio` against the null of a Gaussian continuum, at most 3
        above that against a uniform one; -inf if group 1 is not above group 0.
    """
    groups = x[labels == 0], x[labels == 1]
    if groups[1].mean() <= groups[0].mean():
        return -np.inf
    ratio = float(log_variance_ratio(*groups))
    above = {}
    for shape in ("gaussian", "uniform"):
        mean, sd = cut_null(len(groups[0]), len(x), shape)
        above[shape] = (ratio - mean) / sd
    return min(above["gaussian"], above["uniform"] + _OF_UNIFORM)


def log_likelihood_ratios(
    half: StimulusHalf, labels: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Compute the mean log likelihood ratio per word of each neuron, class 1 over 0.

    p_A = (n_A + q/2) / (R_A + 1/2) with q the fraction of the word in both classes,
    after the neuron was taken out of its own.  Unless there are very few of them, p is
    divided by its sum over all words other than silence: the times at which a neuron
    fires count, not its rate, because the gain varies from cell to cell within a type.
    For the same reason words are weighted by the square root of their count.

    Parameters
    ----------
    half : StimulusHalf
        Word counts of the neurons.
    labels : ndarray of int, (n_neurons,)
        Class of each neuron, 0 or 1.

    Returns
    -------
    ndarray, (n_neurons,)
        Natural logarithms.
    """
    counts, first = half.counts, half.first_word
    is_profile = counts[0, first:].size >= _MIN_PROFILE
    sums = np.stack([counts[labels == k].sum(axis=0, dtype=np.float64) for k in (0, 1)])
    if half.matrix.loops is not None:
        compiled: NDArray[np.float64] = half.matrix.loops.log_ratios(
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
            whole = p.sum(
                axis=(2, 3)
            )  # 0 only where no word of the other neurons is used
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


def weakest_pair_z(
    halves: tuple[StimulusHalf, StimulusHalf],
    matrix: CountMatrix,
    labels: NDArray[np.intp],
    *,
    n_jobs: int | None = None,
) -> NDArray[np.float64]:
    """Compute the least held-out z of any two classes at each number of classes.

    Neurons are reassigned to the class of least loss; each class is tested against the
    class with which merging loses least; the pair with the least z is merged; and so on
    until one class is left.

    Parameters
    ----------
    halves : tuple of two StimulusHalf
        From `stimulus_halves`.
    matrix : CountMatrix
        Word counts of the whole stimulus.
    labels : ndarray of int, (n_neurons,)
        Initial partition, into too many classes, numbered from 0 without gaps.
    n_jobs : int, optional
        Number of processes, as in joblib.

    Returns
    -------
    ndarray, (n_first + 1,)
        Least `held_out_z` at index K of K classes, up to those of `labels`; nan below
        two.  -inf where two classes are too small to be tested or z is -inf; nan
        everywhere if no two classes could be tested.

    Notes
    -----
    The pair of least z is merged, not that of least loss: types differ in their
    diversity, and a diverse type cut in two can keep more information than two types
    that are alike.  Merging by the loss found fewer types (docs/decisions.md).
    """
    known: dict[bytes, float] = {}
    labels, _ = refine(matrix, labels)
    n_clusters = int(labels.max()) + 1
    weakest = np.full(n_clusters + 1, np.nan)
    while n_clusters > 1:
        pairs, losses = _nearest_pairs(matrix, labels, n_clusters)
        z = _scores_of_pairs(halves, labels, pairs, known, n_jobs)
        z[np.isnan(z)] = -np.inf
        weakest[n_clusters] = z.min()
        a, b = pairs[np.lexsort((losses, z))[0]]
        labels, _ = refine(matrix, relabel(np.where(labels == b, a, labels)))
        n_clusters -= 1
    if np.isnan(list(known.values())).all():
        weakest[:] = np.nan
    return weakest


def _nearest_pairs(
    matrix: CountMatrix, labels: NDArray[np.intp], n_clusters: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return each class with the class of least loss, and these losses."""
    sums = matrix.sums(labels, n_clusters)
    values = matrix.values(sums)
    losses = np.full((n_clusters, n_clusters), np.inf)
    for a in range(n_clusters - 1):
        both = matrix.values(sums[a + 1 :] + sums[a])
        losses[a, a + 1 :] = losses[a + 1 :, a] = values[a] + values[a + 1 :] - both
    pairs = np.stack([np.arange(n_clusters), losses.argmin(axis=1)], axis=1)
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    return pairs, losses[pairs[:, 0], pairs[:, 1]]


def _scores_of_pairs(
    halves: tuple[StimulusHalf, StimulusHalf],
    labels: NDArray[np.intp],
    pairs: NDArray[np.intp],
    known: dict[bytes, float],
    n_jobs: int | None,
) -> NDArray[np.float64]:
    """Return the held-out z of each pair of classes; nan if one is too small.

    Most pairs are the same as before the last merge, and in `known`.
    """
    sizes = np.bincount(labels)
    keys = []
    for a, b in pairs:
        division = np.where(labels == a, 1, np.where(labels == b, 2, 0))
        keys.append(division.astype(np.int8).tobytes())
    new = {
        key: pair
        for key, pair in zip(keys, pairs, strict=True)
        if key not in known and sizes[pair].min() >= MIN_NEURONS
    }
    tasks = []
    for pair in new.values():
        node = np.flatnonzero(np.isin(labels, pair))
        division = (labels[node] == pair[1]).astype(np.intp)
        tasks.append((halves[0].of(node), halves[1].of(node), division))
    scores = run_tasks(held_out_z, tasks, n_jobs)
    known.update(zip(new, scores, strict=True))
    return np.array([known.get(key, np.nan) for key in keys])
