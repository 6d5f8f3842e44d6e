"""Search for the nearest pair of classes in a matrix of lower bounds of their losses.

In the part of Python that `loops` compiles as it stands.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["least_bound"]


def least_bound(
    bounds: NDArray[Any],
    least: NDArray[Any],
    nearest: NDArray[Any],
    is_stale: NDArray[Any],
    tolerance: float,
) -> float:
    """Return the least of all bounds, plus the tolerance.

    The row of the first class of a pair holds the bound of the pair.

    Parameters
    ----------
    bounds : ndarray, (n, n)
        Bounds of the losses; only those right of the diagonal are read.
    least : ndarray, (n,)
        Least bound of each row, or, where stale, a number not above it.
    nearest : ndarray of int, (n,)
        Column of the least bound.
    is_stale : ndarray of bool, (n,)
        Rows to search again if their turn may have come.  All three are updated in
        place for the rows up to the result.
    tolerance : float
        Distance from the least bound within which rows have to be up to date, too.

    Returns
    -------
    float
    """
    bound = np.where(is_stale, np.inf, least).min()
    for row in np.flatnonzero(is_stale):
        if least[row] <= bound + tolerance and least[row] < np.inf:
            nearest[row] = row + 1 + bounds[row, row + 1 :].argmin()
            least[row] = bounds[row, nearest[row]]
            is_stale[row] = False
            bound = min(bound, least[row])
    return float(bound + tolerance)
