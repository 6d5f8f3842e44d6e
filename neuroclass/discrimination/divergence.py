"""Jensen-Shannon divergences of the responses of all pairs of neurons.

Input: counts of words. Output: divergence of each pair corrected for few repeats, with
its interval and a test against chance, and the groups of distinguishable neurons.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from neuroclass._lib.false_discovery import false_discovery
from neuroclass.clustering import CountMatrix, pairwise_losses
from neuroclass.discrimination.pair_histograms import (
    MIN_COMPILED,
    PairSums,
    blocks_of_sums,
    sums_by_histograms,
)
from neuroclass.discrimination.permutation_null import chance_level, chance_moments
from neuroclass.estimators import jackknife_interval
from neuroclass.information import (
    TwoWordCounts,
    WordCounts,
    blend,
    check_integer_counts,
    two_word_counts,
    without_group,
)

__all__ = [
    "FALSE_DISCOVERY_RATE",
    "LEAST_Z",
    "PairDivergences",
    "distinguishable_groups",
    "distinguished_pairs",
    "pair_deviates",
    "pair_divergences",
    "pair_z",
    "sums_by_products",
]

FALSE_DISCOVERY_RATE = 0.05
LEAST_Z = 2.5  # of a pair that is distinguishable


@dataclass(frozen=True, repr=False)
class PairDivergences:
    """Jensen-Shannon divergences of all pairs of neurons, bits per word.

    One entry per pair a < b, in the order (0, 1), (0, 2), ..., (1, 2), ...:
    ``scipy.spatial.distance.squareform`` makes the matrix.

    Attributes
    ----------
    first, second : ndarray of int, (n_pairs,)
        Positions of the neurons of each pair.
    bits_per_word : ndarray of shape (n_pairs,)
        Divergence by the blend, averaged over conditions; below 0 where the neurons
        differ less than by chance; nan for neurons that share no condition.
    interval : ndarray of shape (n_pairs, 2)
        95 % intervals of `bits_per_word`; nan without groups of repeats.
    plug_in, jackknife : ndarray of shape (n_pairs,)
        Divergence by other estimators, bits per word.
    chance_level : ndarray of shape (n_pairs,)
        Mean of `plug_in` if the repeats were exchangeable between the two neurons, bits
        per word.
    z : ndarray of shape (n_pairs,)
        Standard Gaussian deviate of `plug_in` under exchangeability: `pair_z`.
    replicates : ndarray of float32, shape (n_groups, n_pairs)
        `bits_per_word` without each group of repeats; none without groups.
    """

    first: NDArray[np.intp] = field(repr=False)
    second: NDArray[np.intp] = field(repr=False)
    bits_per_word: NDArray[np.float64] = field(repr=False)
    interval: NDArray[np.float64] = field(repr=False)
    plug_in: NDArray[np.float64] = field(repr=False)
    jackknife: NDArray[np.float64] = field(repr=False)
    chance_level: NDArray[np.float64] = field(repr=False)
    z: NDArray[np.float64] = field(repr=False)
    replicates: NDArray[np.float32] = field(repr=False)

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return (1 + math.isqrt(1 + 8 * len(self.z))) // 2

    @property
    def is_distinguishable(self) -> NDArray[np.bool_]:
        """Which pairs are distinguishable: z of at least 2.5, and interval above 0."""
        low = np.nan_to_num(self.interval[:, 0])
        is_distinguishable: NDArray[np.bool_] = (self.z >= LEAST_Z) & (low > 0)
        return is_distinguishable

    def __repr__(self) -> str:
        n_found = int(self.is_distinguishable.sum())
        return (
            f"PairDivergences({len(self.z)} pairs of {self.n_neurons} neurons, "
            f"{n_found} distinguishable)"
        )


def pair_divergences(
    counts: WordCounts | ArrayLike,
    *,
    groups: Iterable[ArrayLike] | None = None,
    n_jobs: int | None = 1,
) -> PairDivergences:
    r"""Estimate the Jensen-Shannon divergence of all pairs of neurons.

    Mutual information between a word and which of two equally likely neurons emitted
    it, on average over conditions s:

    .. math:: J(a, b) = \sum_s P(s) \sum_{i = a, b} \tfrac12 \sum_w P(w|i,s)
              \log_2 \frac{P(w|i,s)}{\frac12 [P(w|a,s) + P(w|b,s)]} .

    The plug-in loss of merging the two, L, is corrected by the blend: with the chance
    level E0 and the jackknife's L_J, lambda = min(1, E0 / L),
    L - lambda E0 - (1 - lambda) (L - L_J).

    Parameters
    ----------
    counts : ResponseCounts or array_like of int, (n_neurons, n_conditions, n_words)
        Number of repeats with each word, by neuron and condition, or an object with
        such an array as ``counts``; neurons may differ in repeats.
    groups : iterable of array_like like `counts`, optional
        Counts of groups of repeats (`count_groups`), for delete-a-group jackknife
        intervals.
    n_jobs : int, optional
        Processes that share blocks of pairs, as in joblib, of very many neurons; the
        same numbers with any.

    Returns
    -------
    PairDivergences

    Raises
    ------
    ValueError
        If `counts` has not three axes, holds negative numbers, or is not integer.

    Notes
    -----
    Where one neuron has R_a repeats and the other R_b, losses are divided by
    4 R_a R_b / (R_a + R_b): for common repeats that is the number of words, and
    otherwise it makes up for the uneven weights, to first order in the divergence
    (``test_uneven_repeats_do_not_shrink_the_divergence``).

    ``test_pairs_equal_a_twin_of_loops``.  Cost: with two words, and repeats that the
    neurons have in common, one histogram of each pair (`sums_by_histograms`), 11 times
    with ten groups: 400 neurons and 1,800 conditions under a second on one core with
    numba.  Other counts take matrix products, about seventeen times as long.

    References
    ----------
    .. [1] Schneidman, Bialek & Berry (2002), NIPS 15, arXiv:physics/0212114, Eq. 2.
    .. [2] Lin (1991), IEEE Trans. Information Theory 37:145-151.

    Examples
    --------
    >>> counts = [[[10, 0]], [[0, 10]]]  # two neurons without a common word
    >>> pair_divergences(counts).plug_in.round(9)
    array([1.])
    """
    array = check_integer_counts(counts)
    first, second = np.triu_indices(len(array), 1)
    # Groups are as much work again, each.
    least = MIN_COMPILED if groups is None else MIN_COMPILED // 4
    whole = two_word_counts(array) or array
    sums = _sums(whole, least, n_jobs)
    z = pair_z(sums.plug_in - sums.level, sums.variance, sums.third)
    value = _blended(sums)
    interval = np.full((len(first), 2), np.nan)
    replicates = np.empty((0, len(first)))
    if groups is not None:
        replicates = np.array(
            [
                _blended(_sums(without_group(whole, g), least, n_jobs, spread=False))
                for g in groups
            ]
        )
        if len(replicates) < 2:
            raise ValueError(f"groups must be at least two; got {len(replicates)}.")
        _, interval = jackknife_interval(value, replicates)
    return PairDivergences(
        first=first,
        second=second,
        bits_per_word=value,
        interval=interval,
        plug_in=_per_word(sums.plug_in, sums.words),
        jackknife=_per_word(sums.jackknife, sums.words),
        chance_level=_per_word(sums.level, sums.words),
        z=z,
        replicates=replicates.astype(np.float32),
    )


def pair_deviates(counts: WordCounts | ArrayLike) -> NDArray[np.float64]:
    """Return z of all pairs: that of `pair_divergences`, in little memory.

    Parameters
    ----------
    counts : ResponseCounts or array_like of int, (n_neurons, n_conditions, n_words)
        As for `pair_divergences`.

    Returns
    -------
    ndarray of shape (n_pairs,)
    """
    array = check_integer_counts(counts)
    small = two_word_counts(array)
    if small is None:
        return pair_divergences(array).z
    found = [np.empty(0)]
    for sums in blocks_of_sums(small):
        plug_in, _, level, variance, third = sums.T
        found.append(pair_z(plug_in - level, variance, third))
    return np.concatenate(found)


def _sums(
    counts: NDArray[np.int64] | TwoWordCounts,
    min_compiled: int,
    n_jobs: int | None,
    *,
    spread: bool = True,
) -> PairSums:
    """Return losses and chance moments, by histograms where the counts allow."""
    if isinstance(counts, TwoWordCounts):
        return sums_by_histograms(
            counts, spread=spread, min_compiled=min_compiled, n_jobs=n_jobs
        )
    return sums_by_products(counts, spread=spread)


def sums_by_products(counts: NDArray[np.int64], *, spread: bool = True) -> PairSums:
    """Return losses and chance moments of all pairs, for counts of any kind.

    Parameters
    ----------
    counts : ndarray of int, (n_neurons, n_conditions, n_words)
        Number of repeats with each word, by neuron and condition.
    spread : bool, default True
        Whether to compute variance and third moment.

    Returns
    -------
    PairSums
    """
    pairs = np.triu_indices(len(counts), 1)
    rows = CountMatrix.from_counts(counts, "plug-in")
    plug_in, jackknife = (
        pairwise_losses(laid_out, in_double=True).losses[pairs]
        for laid_out in (rows, CountMatrix.from_counts(counts, "jackknife"))
    )
    words = _balanced_words(rows)
    if not spread:
        return PairSums(plug_in, jackknife, chance_level(counts)[pairs], words)
    mean, variance, third = (each[pairs] for each in chance_moments(counts))
    return PairSums(plug_in, jackknife, mean, words, variance, third)


def _blended(sums: PairSums) -> NDArray[np.float64]:
    """Return bits per word of each pair by the blend."""
    value = blend(sums.plug_in, sums.level, sums.plug_in - sums.jackknife)
    return _per_word(value, sums.words)


def _balanced_words(rows: CountMatrix) -> NDArray[np.float64]:
    """Return sum over conditions of 4 R_a R_b / (R_a + R_b) of each pair."""
    repeats = rows.counts[:, rows.n_features :].astype(np.float64)
    total = np.zeros((len(repeats),) * 2)
    for r, weight in zip(repeats.T, rows.weights, strict=True):
        total += weight * 4 * r[:, None] * r / np.maximum(r[:, None] + r, 1)
    return total[np.triu_indices(len(repeats), 1)]


def _per_word(
    total: NDArray[np.float64], words: NDArray[np.float64]
) -> NDArray[np.float64]:
    nothing = np.full(len(words), np.nan)
    bits: NDArray[np.float64] = np.divide(total, words, out=nothing, where=words > 0)
    return bits


def pair_z(
    excess: ArrayLike, variance: ArrayLike, third: ArrayLike
) -> NDArray[np.float64]:
    r"""Return the standard Gaussian deviate of a divergence under exchangeability.

    With t = (L - E0) / sd0 and the skewness g = third / sd0^3 of L by chance,

    .. math:: z = \frac{6}{g} \left[ \left( 1 + \tfrac12 g t \right)^{1/3} - 1 \right]
              + \frac{g}{6} ,

    Wilson and Hilferty's cube root, which makes the chi-square-like L Gaussian.

    Parameters
    ----------
    excess : array_like
        L - E0, loss above its chance level, bits times repeats.
    variance, third : array_like
        Central moments of L by chance, bits times repeats to the power 2 and 3.

    Returns
    -------
    ndarray
        About t where there are many conditions; 0 where chance leaves no choice, as
        with a silent pair.

    Notes
    -----
    Without the cube root, z of pairs that fired in few conditions is skewed, and its
    upper tail, which counts, too heavy.
    ``test_z_of_exchangeable_pairs_is_gaussian``.

    References
    ----------
    .. [1] Wilson & Hilferty (1931), PNAS 17:684-688, doi:10.1073/pnas.17.12.684.
    """
    excess, variance, third = np.broadcast_arrays(excess, variance, third)
    # Rounding of the sums: a pair that cannot vary must not seem to.
    sd = np.sqrt(np.where(variance > 1e-9, variance, 0.0))
    some = sd > 0
    t = np.divide(excess, sd, out=np.zeros(sd.shape), where=some)
    g = np.divide(third, sd**3, out=np.zeros(sd.shape), where=some)
    g = np.where(np.abs(g) < 1e-4, 1e-4, g)  # below, z = t to four digits
    z: NDArray[np.float64] = 6 / g * (np.cbrt(1 + g * t / 2) - 1) + g / 6
    return np.where(some, z, 0.0)


def distinguished_pairs(
    z: ArrayLike, false_discovery_rate: float = FALSE_DISCOVERY_RATE
) -> NDArray[np.bool_]:
    """Return which pairs are distinguished, at a false discovery rate.

    Benjamini and Hochberg's step-up rule on the one-sided p-values of `z`: of the
    distinguished pairs, at most this share do not differ, on average.

    Parameters
    ----------
    z : array_like of shape (n_pairs,)
        Standard Gaussian deviates where two neurons do not differ: `pair_z`.
    false_discovery_rate : float, default 0.05
        False discovery rate, between 0 and 1.

    Returns
    -------
    ndarray of bool, (n_pairs,)

    Notes
    -----
    Pairs that share a neuron depend on each other, positively as a rule, which the
    rule allows for.

    References
    ----------
    .. [1] Benjamini & Hochberg (1995), J. Royal Statistical Society B 57:289-300.
    """
    p = ndtr(-np.nan_to_num(np.asarray(z, dtype=np.float64)))
    is_distinguished: NDArray[np.bool_] = false_discovery(p) <= false_discovery_rate
    return is_distinguished


def distinguishable_groups(
    z: ArrayLike, false_discovery_rate: float = FALSE_DISCOVERY_RATE
) -> NDArray[np.intp]:
    """Return the groups of neurons that are distinguishable from each other.

    Two groups are distinguishable if more than half of the pairs between them are
    `distinguished_pairs`; other groups are joined, the closest first (average
    linkage).  The number of groups is reported as ``n_distinguishable``.

    Parameters
    ----------
    z : array_like of shape (n_pairs,)
        Standard Gaussian deviates of all pairs, in the order of `PairDivergences`.
    false_discovery_rate : float, default 0.05
        False discovery rate of the distinguished pairs, between 0 and 1.

    Returns
    -------
    ndarray of int, (n_neurons,)
        Group of each neuron, numbered from 0 by their lowest neuron.

    Notes
    -----
    It counts differences, not classes: neurons of one type differ, too, and with enough
    repeats every neuron is a group of its own.  Neither a stricter nor a laxer
    definition works.  If one indistinguishable pair joined two groups (single linkage),
    one silent neuron would join all; if one distinguished pair split a group (complete
    linkage), the few false discoveries that the rate allows would split every large
    group in several.  The majority is robust to both
    (``test_a_silent_neuron_joins_no_groups``,
    ``test_false_discoveries_split_no_group``).  The false discovery rate is that of
    the pairs; the number of groups carries no error rate of its own.
    """
    z = np.nan_to_num(np.asarray(z, dtype=np.float64))
    if not len(z):
        return np.zeros(1, dtype=np.intp)
    is_distinguished = distinguished_pairs(z, false_discovery_rate)
    # Of equal shares, those with the lower z are joined first.
    rank = np.empty(len(z), dtype=np.intp)
    rank[np.argsort(z, kind="stable")] = np.arange(len(z))
    distance = is_distinguished + 1e-6 * rank / len(z)
    hierarchy = scipy.cluster.hierarchy
    merges = hierarchy.linkage(distance, "average")
    labels = hierarchy.fcluster(merges, 0.5 + 1e-6, "distance")
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    by_first: NDArray[np.intp] = np.argsort(np.argsort(first))[inverse]
    return by_first
