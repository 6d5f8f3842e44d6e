"""Terms of timing information, x log2 x less Miller-Madow's correction.

Input: weighted shares of spikes and their sampling variance. Output: their terms, or
the sum of these in each row.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["NONE", "sums_of_terms", "terms", "xlog2x"]

NONE = 1e-12  # shares below are what subtracting rows leaves of 0
_LN2 = math.log(2.0)
_BLOCK = 1 << 14  # terms at a time, so that they stay in the cache


def terms(x: NDArray[np.float64], variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return h(x) = x log2 x less Miller-Madow's correction, 0 where x is 0."""
    some = x > NONE
    inside = np.where(some, x, 1.0)
    term: NDArray[np.float64] = inside * np.log2(inside)
    term -= np.where(some, variance, 0.0) / (2 * _LN2 * inside)
    return term


def sums_of_terms(
    x: NDArray[np.float64], variance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the sum of `terms` in each row, (n_rows,).

    Where x is 0 the variance is too, but for what subtracting rows leaves of it, which
    is far below the rounding of the sum.
    """
    sums = np.empty(len(x))
    step = max(1, _BLOCK // max(1, x.shape[1]))
    for start in range(0, len(x), step):
        part = slice(start, start + step)
        inside = np.where(x[part] > NONE, x[part], 1.0)
        total = np.vecdot(inside, np.log2(inside))
        np.reciprocal(inside, out=inside)
        sums[part] = total - np.vecdot(variance[part], inside) / (2 * _LN2)
    return sums


def xlog2x(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute h(x) = x log2 x, 0 where x is 0."""
    return terms(x, np.zeros(1))
