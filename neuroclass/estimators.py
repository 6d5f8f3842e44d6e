"""Entropy of words from few repeats: estimators on batches of count vectors.

Takes counts of words, gives entropies in bits.  Every estimator here is additive:
the entropy of `R` repeats with word counts `n_w` is

    R * H = -(sum_w G(n_w) + c(R))

so the same two functions `G` (`word_term`) and `c` (`repeat_term`) serve entropies,
informations and the losses of merges, and sums over words may be taken in any order.
"""

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, xlogy

__all__ = [
    "ESTIMATORS",
    "Estimator",
    "entropy",
    "expected_xlog2x",
    "repeat_term",
    "word_term",
    "xlog2x",
]

Estimator = Literal["plug-in", "miller-madow", "jackknife"]
ESTIMATORS: tuple[str, ...] = get_args(Estimator)

_HALF_BIT = 0.5 / np.log(2.0)  # Miller-Madow: one half, in bits, per word seen


def entropy(
    counts: ArrayLike, estimator: Estimator = "plug-in", axis: int = -1
) -> NDArray[np.float64]:
    """Estimate the entropy of words, in bits.

    Plug-in: H = -sum_w (n_w/R) log2 (n_w/R) with R = sum_w n_w.  Miller-Madow adds
    (m - 1) / (2 R ln 2) for m words seen.  The jackknife is R H - (R - 1) times the
    mean of H with one repeat left out, in closed form.

    Parameters
    ----------
    counts : array_like of shape (..., n_words)
        How often each word was seen.
    estimator : {"plug-in", "miller-madow", "jackknife"}
        Which estimator.
    axis : int
        The axis of words.

    Returns
    -------
    ndarray
        Bits, of the shape of `counts` without `axis`; nan where nothing was counted.

    Raises
    ------
    ValueError
        If a count is negative, infinite or nan, or not an integer for the jackknife.

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
    """
    counts = check_counts(counts)
    repeats = counts.sum(axis=axis)
    total = word_term(counts, estimator).sum(axis=axis) + repeat_term(
        repeats, estimator
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        bits: NDArray[np.float64] = np.where(repeats > 0, -total / repeats, np.nan)
    return bits


def check_counts(counts: ArrayLike) -> NDArray[Any]:
    """Return `counts` as an array of finite, non-negative numbers."""
    array = np.asarray(counts)
    if array.dtype.kind not in "iufb":
        raise TypeError(f"counts must be numbers; got dtype {array.dtype}.")
    if array.size and (not np.isfinite(array).all() or array.min() < 0):
        raise ValueError("counts must be finite and at least 0.")
    return array.astype(np.intp) if array.dtype.kind == "b" else array


def xlog2x(x: ArrayLike) -> NDArray[np.float64]:
    """Return x log2 x, with 0 log2 0 = 0."""
    x = np.asarray(x, dtype=np.float64)
    product: NDArray[np.float64] = xlogy(x, x) / np.log(2.0)
    return product


def word_term(
    counts: ArrayLike, estimator: Estimator = "miller-madow"
) -> NDArray[np.float64]:
    """Return G(n), what a word seen n times adds to -R H (bits times repeats).

    Plug-in: n log2 n.  Miller-Madow: n log2 n - [n > 0] / (2 ln 2).  Jackknife:
    n (f(n) - f(n - 1)) with f(n) = n log2 n.  G(0) = 0.
    """
    n = np.asarray(counts, dtype=np.float64)
    if estimator == "plug-in":
        return xlog2x(n)
    if estimator == "miller-madow":
        seen: NDArray[np.float64] = xlog2x(n) - _HALF_BIT * (n > 0)
        return seen
    if estimator == "jackknife":
        return _delete_one(n)
    raise ValueError(
        f"estimator must be one of {', '.join(ESTIMATORS)}; got {estimator!r}."
    )


def repeat_term(
    repeats: ArrayLike, estimator: Estimator = "miller-madow"
) -> NDArray[np.float64]:
    """Return c(R), what R repeats of one condition add to -R H; c(0) = 0."""
    r = np.asarray(repeats, dtype=np.float64)
    if estimator == "plug-in":
        return -xlog2x(r)
    if estimator == "miller-madow":
        repeated: NDArray[np.float64] = _HALF_BIT * (r > 0) - xlog2x(r)
        return repeated
    if estimator == "jackknife":
        return -_delete_one(r)
    raise ValueError(
        f"estimator must be one of {', '.join(ESTIMATORS)}; got {estimator!r}."
    )


def _delete_one(n: NDArray[np.float64]) -> NDArray[np.float64]:
    if np.any(n != np.floor(n)):
        raise ValueError("counts must be integers for the jackknife.")
    return n * (xlog2x(n) - xlog2x(np.maximum(n - 1, 0)))


def expected_xlog2x(
    drawn: ArrayLike, marked: ArrayLike, total: ArrayLike
) -> NDArray[np.float64]:
    """Return E[n log2 n] for n hypergeometric: the chance level of a count.

    If the repeats of several neurons were exchangeable, the number of times that one
    neuron with `drawn` repeats shows a word that is seen `marked` times in all
    `total` repeats is hypergeometric.

    Parameters
    ----------
    drawn, marked, total : array_like of int, broadcast together
        Repeats of the neuron, repeats of everyone with this word, repeats of everyone.

    Returns
    -------
    ndarray of float
        Bits times repeats.  Exact, by summation over all possible counts.

    Notes
    -----
    Each distinct triple is evaluated once, so the cost is the number of distinct
    triples times `drawn`.  The analogue for partitions is the adjusted mutual
    information [1]_.  ``test_chance_level_equals_the_mean_over_all_permutations``.

    References
    ----------
    .. [1] Vinh, Epps & Bailey (2010), J. Machine Learning Research 11:2837-2854.
    """
    drawn, marked, total = np.broadcast_arrays(drawn, marked, total)
    shape = tuple(int(n.max(initial=0)) + 1 for n in (drawn, total, marked))
    keys = np.ravel_multi_index((drawn.ravel(), total.ravel(), marked.ravel()), shape)
    distinct, inverse = np.unique(keys, return_inverse=True)
    draws, totals, marks = np.unravel_index(distinct, shape)
    values = np.empty(len(distinct))
    # Sorted by draws, then totals: each run of both is evaluated in one go.
    is_new = (np.diff(draws) != 0) | (np.diff(totals) != 0)
    for run in np.split(np.arange(len(distinct)), np.flatnonzero(is_new) + 1):
        if len(run):
            values[run] = _hypergeometric_mean(
                int(draws[run[0]]), marks[run], int(totals[run[0]])
            )
    return values[inverse].reshape(drawn.shape)


def _hypergeometric_mean(
    drawn: int, marked: NDArray[Any], total: int, chunk: int = 1 << 20
) -> NDArray[np.float64]:
    n = np.arange(drawn + 1)
    f = xlog2x(n)
    mean = np.empty(len(marked))
    step = max(1, chunk // (drawn + 1))
    for start in range(0, len(marked), step):
        m = marked[start : start + step, None]
        possible = (n <= m) & (drawn - n <= total - m)
        rest = np.where(possible, total - m - drawn + n, 0)
        taken = np.where(possible, m - n, 0)
        # Binomial(m, n) Binomial(total - m, drawn - n), without what n leaves alone.
        log_weight = -(
            gammaln(n + 1)
            + gammaln(taken + 1)
            + gammaln(drawn - n + 1)
            + gammaln(rest + 1)
        )
        log_weight = np.where(possible, log_weight, -np.inf)
        weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
        mean[start : start + step] = (weight @ f) / weight.sum(axis=1)
    return mean
