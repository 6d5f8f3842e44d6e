"""Distinct count vectors, regardless of the order of their words.

Input: any number of count vectors. Output: the distinct ones with their counts sorted,
and which of them each vector is, so that an estimator evaluates each once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["distinct_vectors"]

_LARGEST_KEY = 2**62


def distinct_vectors(
    counts: NDArray[Any],
) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Return the distinct sorted count vectors, and which of them each row is.

    Parameters
    ----------
    counts : ndarray of int, shape (n_vectors, n_words)
        Number of repeats with each word.

    Returns
    -------
    vectors : ndarray of int, shape (n_distinct, n_observed)
        Each in descending order, without columns of zeros only.
    inverse : ndarray of int, shape (n_vectors,)
        ``vectors[inverse]`` are the rows of `counts`, sorted.

    Notes
    -----
    A sorted row is read as one number with a base for each column, as many columns at a
    time as a number holds, so the cost is that of sorting numbers and not of rows.
    ``test_distinct_vectors_are_those_of_plain_python``.
    """
    # A narrow type sorts several times faster.
    narrow = counts.astype(np.min_scalar_type(int(counts.max(initial=0))))
    columns = np.sort(narrow, axis=1)[:, ::-1]
    largest = columns.max(axis=0, initial=0).astype(np.int64)  # never rises
    columns = columns[:, : np.count_nonzero(largest)]
    key = np.zeros(len(columns), dtype=np.int64)
    size = 1  # keys are below it
    for column, most in enumerate(largest[: columns.shape[1]].tolist()):
        if size > _LARGEST_KEY // (most + 1):
            distinct, key = np.unique(key, return_inverse=True)
            size = len(distinct)
        key = key * (most + 1) + columns[:, column]
        size *= most + 1
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    return columns[first].astype(np.int64), inverse
