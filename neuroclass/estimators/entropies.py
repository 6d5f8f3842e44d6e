"""Entropy, conditional entropy, mutual information and divergence by any estimator.

Input: tables of counts with any leading axes. Output: bits.  Each is a sum of
entropies, so what holds for an estimator of the entropy holds for all four.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroclass._lib.checks import check_choice, check_positive_int
from neuroclass.estimators.additive import (
    ESTIMATORS,
    Estimator,
    check_counts,
    repeat_term,
    word_term,
)
from neuroclass.estimators.chao_shen import chao_shen
from neuroclass.estimators.deduplication import distinct_vectors
from neuroclass.estimators.extrapolation import quadratic_extrapolation
from neuroclass.estimators.grassberger import grassberger
from neuroclass.estimators.james_stein import shrunk_counts
from neuroclass.estimators.nsb import nsb
from neuroclass.estimators.panzeri_treves import panzeri_treves

__all__ = [
    "ENTROPY_ESTIMATORS",
    "EntropyEstimator",
    "conditional_entropy",
    "entropy",
    "jensen_shannon",
    "mutual_information",
]

EntropyEstimator = Literal[
    "plug-in",
    "miller-madow",
    "panzeri-treves",
    "jackknife",
    "quadratic-extrapolation",
    "grassberger",
    "chao-shen",
    "james-stein",
    "nsb",
]
ENTROPY_ESTIMATORS: tuple[str, ...] = get_args(EntropyEstimator)

_OF_VECTORS: Mapping[str, Callable[[NDArray[np.int64], int], NDArray[np.float64]]] = {
    "panzeri-treves": panzeri_treves,
    "quadratic-extrapolation": quadratic_extrapolation,
    "grassberger": grassberger,
    "chao-shen": chao_shen,
    "nsb": nsb,
}


def entropy(
    counts: ArrayLike,
    estimator: EntropyEstimator = "plug-in",
    axis: int = -1,
    *,
    n_words: int | None = None,
) -> NDArray[np.float64]:
    """Estimate the entropy of words, in bits.

    Plug-in: H = -sum_w (n_w/R) log2 (n_w/R) with R = sum_w n_w.  Miller-Madow adds
    (m - 1) / (2 R ln 2) for m observed words, Panzeri-Treves for m inferred words.  The
    jackknife is R H - (R - 1) times the mean of H with one repeat left out, in closed
    form.  The others are in the modules of their names.

    Parameters
    ----------
    counts : array_like of shape (..., n_words)
        Number of repeats with each word.
    estimator : str
        Entropy estimator, one of `ENTROPY_ESTIMATORS`.
    axis : int
        Axis of the words.
    n_words : int, optional
        Number of possible words, if more than the table has: for "panzeri-treves",
        "james-stein" and "nsb"; the others do not use it.

    Returns
    -------
    ndarray
        Bits, of the shape of `counts` without `axis`; nan where nothing was counted,
        and for the quadratic extrapolation of fewer than 4 repeats.

    Raises
    ------
    ValueError
        If a count is negative, infinite or nan, or not an integer (the plug-in and
        Miller-Madow take any number), if there is no word to count, or `n_words` is
        less than the table has.

    Notes
    -----
    Bias and variance of each estimator: docs/validation.md.  Sums of tabulated terms
    for plug-in, Miller-Madow and jackknife; the others see each distinct sorted count
    vector once.  800,000 vectors of 8 words and 30 repeats take 0.04 to 0.4 s by any of
    them (2,444 are distinct), of 16 words and 100 repeats (771,707 are) up to 9 s, by
    NSB.

    References
    ----------
    .. [1] Paninski (2003), Neural Computation 15:1191-1253,
       doi:10.1162/089976603321780272, Eqs. 4 and 5 and section 3.

    Examples
    --------
    >>> float(entropy([4, 4]))
    1.0
    >>> float(entropy([4, 4], "miller-madow").round(4))
    1.0902
    >>> float(entropy([97, 2, 1, 0], "nsb").round(4))
    0.2484
    """
    counts, n_words = _checked(counts, estimator, axis, n_words)
    return _entropy(np.moveaxis(counts, axis, -1), estimator, n_words)


def conditional_entropy(
    counts: ArrayLike,
    estimator: EntropyEstimator = "plug-in",
    axis: int = -1,
    *,
    given: int = -2,
    n_words: int | None = None,
) -> NDArray[np.float64]:
    """Estimate the conditional entropy of words given the condition, in bits.

    H(W|S) = sum_s P(s) H(W|s), the noise entropy if s is the stimulus; each H(W|s)
    from the repeats of its own condition, and P(s) their share of all.

    Parameters
    ----------
    counts : array_like of shape (..., n_conditions, n_words)
        Number of repeats with each word, by condition.
    estimator, axis, n_words : as in `entropy`
        Estimator, axis of the words and number of possible words.
    given : int
        Axis of the conditions.

    Returns
    -------
    ndarray
        Bits, of the shape of `counts` without the two axes.

    Raises
    ------
    ValueError
        As `entropy`.
    """
    counts, n_words = _checked(counts, estimator, axis, n_words)
    table = np.moveaxis(counts, (given, axis), (-2, -1))
    return _conditional_entropy(table, estimator, n_words)


def mutual_information(
    counts: ArrayLike,
    estimator: EntropyEstimator = "plug-in",
    axis: tuple[int, int] = (-2, -1),
    *,
    n_words: tuple[int, int] | None = None,
) -> NDArray[np.float64]:
    """Estimate the mutual information of two variables counted together, in bits.

    I(X; Y) = H(X) + H(Y) - H(X, Y), symmetric for every estimator.

    Parameters
    ----------
    counts : array_like of shape (..., n_x, n_y)
        Number of observations of each pair of values.
    estimator : str
        Entropy estimator, as in `entropy`.
    axis : tuple of two int
        Axes of the two variables.
    n_words : tuple of two int, optional
        Numbers of possible values, if more than the table has.

    Returns
    -------
    ndarray
        Bits, of the shape of `counts` without the two axes.

    Raises
    ------
    ValueError
        As `entropy`.

    Notes
    -----
    For variables that are both observed.  If one of them is set by the experiment (the
    stimulus, or the neuron recorded), its entropy is no estimate, and `jensen_shannon`,
    which takes the entropies of words alone, has less bias.  James-Stein shrinks the
    table of pairs, and its margins follow [1]_, so that the information is never
    negative.

    References
    ----------
    .. [1] Hausser & Strimmer (2009), J. Machine Learning Research 10:1469-1484,
       arXiv:0811.3579, section 4.

    Examples
    --------
    >>> float(mutual_information([[5, 0], [0, 5]]).round(9))
    1.0
    """
    x, y = axis
    n_x, n_y = (None, None) if n_words is None else n_words
    counts, n_x = _checked(counts, estimator, x, n_x)
    counts, n_y = _checked(counts, estimator, y, n_y)
    table = np.moveaxis(counts, axis, (-2, -1))
    if estimator == "james-stein":
        full = np.zeros((*table.shape[:-2], n_x, n_y))
        full[..., : table.shape[-2], : table.shape[-1]] = table
        pairs = shrunk_counts(full.reshape(*full.shape[:-2], -1), n_x * n_y)
        table, estimator = pairs.reshape(full.shape), "plug-in"
    pairs = table.reshape(*table.shape[:-2], -1)
    return (
        _entropy(table.sum(axis=-1), estimator, n_x)
        + _entropy(table.sum(axis=-2), estimator, n_y)
        - _entropy(pairs, estimator, n_x * n_y)
    )


def jensen_shannon(
    counts: ArrayLike,
    estimator: EntropyEstimator = "plug-in",
    axis: int = -1,
    *,
    among: int = -2,
    n_words: int | None = None,
) -> NDArray[np.float64]:
    """Estimate the Jensen-Shannon divergence of distributions of words, in bits.

    H(sum_i P(i) P(w|i)) - sum_i P(i) H(P(w|i)): the entropy of all repeats together,
    less the mean entropy of each distribution; P(i) is its share of the repeats.  It is
    the mutual information between a word and the distribution that it came from.

    Parameters
    ----------
    counts : array_like of shape (..., n_distributions, n_words)
        Number of repeats with each word, by distribution.
    estimator, axis, n_words : as in `entropy`
        Estimator, axis of the words and number of possible words.
    among : int
        Axis of the distributions.

    Returns
    -------
    ndarray
        Bits, of the shape of `counts` without the two axes.

    Raises
    ------
    ValueError
        As `entropy`.

    Notes
    -----
    ``test_divergence_equals_scipys_squared_distance``.  James-Stein shrinks each
    distribution, and the mixture follows.

    References
    ----------
    .. [1] Lin (1991), IEEE Transactions on Information Theory 37:145-151,
       doi:10.1109/18.61115, Eq. 5.1.

    Examples
    --------
    >>> float(jensen_shannon([[5, 0], [0, 5]]).round(9))
    1.0
    """
    counts, n_words = _checked(counts, estimator, axis, n_words)
    table = np.moveaxis(counts, (among, axis), (-2, -1))
    if estimator == "james-stein":
        table, estimator = shrunk_counts(table, n_words), "plug-in"
    mixture = _entropy(table.sum(axis=-2), estimator, n_words)
    return mixture - _conditional_entropy(table, estimator, n_words)


def _checked(
    counts: ArrayLike, estimator: str, axis: int, n_words: int | None
) -> tuple[NDArray[Any], int]:
    """Return the counts and the number of possible words."""
    check_choice(estimator, "estimator", ENTROPY_ESTIMATORS)
    counts = check_counts(counts)
    is_whole = counts.dtype.kind != "f" or bool((counts == np.floor(counts)).all())
    if not is_whole and estimator not in ("plug-in", "miller-madow"):
        raise ValueError(f"counts must be integers for the {estimator} estimator.")
    n_columns = counts.shape[axis]
    if not n_columns:
        raise ValueError(
            f"counts must have at least one word along axis {axis}; got an array of "
            f"shape {counts.shape}. A word that was never observed counts 0."
        )
    if n_words is None:
        return counts, n_columns
    return counts, check_positive_int(n_words, "n_words", minimum=n_columns)


def _conditional_entropy(
    table: NDArray[Any], estimator: EntropyEstimator, n_words: int
) -> NDArray[np.float64]:
    repeats = table.sum(axis=-1)
    each = np.where(repeats > 0, _entropy(table, estimator, n_words), 0.0)
    with np.errstate(invalid="ignore"):
        bits: NDArray[np.float64] = (repeats * each).sum(axis=-1) / repeats.sum(axis=-1)
    return bits


def _entropy(
    counts: NDArray[Any], estimator: EntropyEstimator, n_words: int
) -> NDArray[np.float64]:
    """Return bits of the last axis."""
    if estimator == "james-stein":
        counts, estimator = shrunk_counts(counts, n_words), "plug-in"
    # A product, because numpy sums slowly over a short axis.
    ones = np.ones(counts.shape[-1])
    if estimator in ESTIMATORS:
        additive = cast("Estimator", estimator)
        repeats = counts.sum(axis=-1)
        total = word_term(counts, additive) @ ones + repeat_term(repeats, additive)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(repeats > 0, 0.0 - total / repeats, np.nan)
    rows = counts.reshape(-1, counts.shape[-1])
    vectors, inverse = distinct_vectors(rows)
    bits = np.full(len(vectors), np.nan)
    is_counted = vectors.any(axis=1)
    bits[is_counted] = _OF_VECTORS[estimator](vectors[is_counted], n_words)
    return bits[inverse].reshape(counts.shape[:-1])
