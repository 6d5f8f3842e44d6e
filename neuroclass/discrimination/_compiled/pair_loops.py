"""Loops over pairs of neurons and conditions, compiled by numba.

Input and output: those of the numpy functions with the same task in this package.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.compiled_loop import compile_loop

__all__ = ["histograms_of_sums"]

Array = NDArray[Any]


@compile_loop
def histograms_of_sums(
    counts: Array, first: Array, second: Array, histograms: Array
) -> None:
    """Count how often each sum of two rows is 0, 1, ..., into `histograms`."""
    n_columns, n_sums = counts.shape[1], histograms.shape[1]
    # Eight histograms: one would wait for its last count before it counts the next.
    parts = np.empty((8, n_sums), dtype=np.int32)
    whole = n_columns // 8 * 8
    for k in range(len(first)):
        a, b = counts[first[k]], counts[second[k]]
        parts[:] = 0
        for c in range(0, whole, 8):
            parts[0, np.uint32(a[c] + b[c])] += 1
            parts[1, np.uint32(a[c + 1] + b[c + 1])] += 1
            parts[2, np.uint32(a[c + 2] + b[c + 2])] += 1
            parts[3, np.uint32(a[c + 3] + b[c + 3])] += 1
            parts[4, np.uint32(a[c + 4] + b[c + 4])] += 1
            parts[5, np.uint32(a[c + 5] + b[c + 5])] += 1
            parts[6, np.uint32(a[c + 6] + b[c + 6])] += 1
            parts[7, np.uint32(a[c + 7] + b[c + 7])] += 1
        for c in range(whole, n_columns):
            parts[0, np.uint32(a[c] + b[c])] += 1
        for m in range(n_sums):
            histograms[k, m] = (
                (parts[0, m] + parts[1, m])
                + (parts[2, m] + parts[3, m])
                + (parts[4, m] + parts[5, m])
                + (parts[6, m] + parts[7, m])
            )
