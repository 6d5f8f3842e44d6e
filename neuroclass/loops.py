"""Loops over counts in numba: sums of table look-ups, without arrays in between."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from neuroclass import nearest

__all__ = ["find_least", "values", "values_of_sums"]

Array = NDArray[Any]


def _compiled(function: Callable[..., Any]) -> Any:
    # The cache needs a folder that can be written; without one, compile each time.
    try:
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:
        return numba.njit(nogil=True)(function)


find_least = _compiled(nearest.find_least)


@_compiled
def values(table: Array, counts: Array, n_columns: int) -> Array:
    """Return the sum of table[counts[i, c]] over the first columns, for each row."""
    sums = np.empty(len(counts))
    whole = n_columns // 4 * 4
    for i in range(len(counts)):
        # Four sums: one would wait for each addition before it begins the next.
        s0 = s1 = s2 = s3 = 0.0
        for c in range(0, whole, 4):
            s0 += table[np.uint32(counts[i, c])]
            s1 += table[np.uint32(counts[i, c + 1])]
            s2 += table[np.uint32(counts[i, c + 2])]
            s3 += table[np.uint32(counts[i, c + 3])]
        for c in range(whole, n_columns):
            s0 += table[np.uint32(counts[i, c])]
        sums[i] = (s0 + s1) + (s2 + s3)
    return sums


@_compiled
def values_of_sums(
    table: Array, counts: Array, others: Array, row: Array, n_columns: int
) -> Array:
    """Return the same of the rows `others` of the counts, each added to `row`."""
    sums = np.empty(len(others))
    whole = n_columns // 4 * 4
    for k in range(len(others)):
        i = others[k]
        s0 = s1 = s2 = s3 = 0.0
        for c in range(0, whole, 4):
            s0 += table[np.uint32(counts[i, c] + row[c])]
            s1 += table[np.uint32(counts[i, c + 1] + row[c + 1])]
            s2 += table[np.uint32(counts[i, c + 2] + row[c + 2])]
            s3 += table[np.uint32(counts[i, c + 3] + row[c + 3])]
        for c in range(whole, n_columns):
            s0 += table[np.uint32(counts[i, c] + row[c])]
        sums[k] = (s0 + s1) + (s2 + s3)
    return sums
