"""Terms of each word and each repeat in an entropy.

Input: counts of words. Output: bits times repeats.  The entropy of `R` repeats with
word counts `n_w` is

    R * H = -(sum_w G(n_w) + c(R))

so the same two functions `G` (`word_term`) and `c` (`repeat_term`) serve entropies,
informations and the losses of merges, and sums over words may be taken in any order.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy

__all__ = [
    "ESTIMATORS",
    "Estimator",
    "check_counts",
    "repeat_term",
    "word_term",
    "xlog2x",
]

Estimator = Literal["plug-in", "miller-madow", "jackknife"]
ESTIMATORS: tuple[str, ...] = get_args(Estimator)

_MANY = 4096  # counts from which on a table is faster
_HALF_BIT = 0.5 / np.log(2.0)  # Miller-Madow: half a nat per observed word


def check_counts(counts: ArrayLike) -> NDArray[Any]:
    """Return `counts` as an array of finite, non-negative numbers."""
    array = np.asarray(counts)
    if array.dtype.kind not in "iufb":
        raise TypeError(f"counts must be numbers; got dtype {array.dtype}.")
    is_finite = array.dtype.kind != "f" or bool(np.isfinite(array).all())
    if array.size and not (is_finite and array.min() >= 0):
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
    """Return G(n), the term of a word observed n times in -R H (bits times repeats).

    Plug-in: n log2 n.  Miller-Madow: n log2 n - [n > 0] / (2 ln 2).  Jackknife:
    n (f(n) - f(n - 1)) with f(n) = n log2 n.  G(0) = 0.
    """
    n = np.asarray(counts)
    if _is_worth_a_table(n):
        return np.take(word_term(np.arange(n.max() + 1.0), estimator), n)
    n = n.astype(np.float64)
    if estimator == "plug-in":
        return xlog2x(n)
    if estimator == "miller-madow":
        term: NDArray[np.float64] = xlog2x(n) - _HALF_BIT * (n > 0)
        return term
    if estimator == "jackknife":
        return _delete_one(n)
    raise ValueError(
        f"estimator must be one of {', '.join(ESTIMATORS)}; got {estimator!r}."
    )


def repeat_term(
    repeats: ArrayLike, estimator: Estimator = "miller-madow"
) -> NDArray[np.float64]:
    """Return c(R), the term of R repeats of one condition in -R H; c(0) = 0."""
    r = np.asarray(repeats)
    if _is_worth_a_table(r):
        return np.take(repeat_term(np.arange(r.max() + 1.0), estimator), r)
    r = r.astype(np.float64)
    if estimator == "plug-in":
        return -xlog2x(r)
    if estimator == "miller-madow":
        term: NDArray[np.float64] = _HALF_BIT * (r > 0) - xlog2x(r)
        return term
    if estimator == "jackknife":
        return -_delete_one(r)
    raise ValueError(
        f"estimator must be one of {', '.join(ESTIMATORS)}; got {estimator!r}."
    )


def _is_worth_a_table(n: NDArray[Any]) -> bool:
    """Return whether numbers are integers and many, so that most occur repeatedly."""
    return n.dtype.kind in "iu" and n.size > _MANY and int(n.max()) < n.size


def _delete_one(n: NDArray[np.float64]) -> NDArray[np.float64]:
    if np.any(n != np.floor(n)):
        raise ValueError("counts must be integers for the jackknife.")
    return n * (xlog2x(n) - xlog2x(np.maximum(n - 1, 0)))
