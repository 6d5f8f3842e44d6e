"""Which two classes may be the nearest: the search through a matrix of bounds.

In the part of Python that `loops` compiles as it stands.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["find_least"]


def find_least(
    bounds: NDArray[Any],
    least: NDArray[Any],
    nearest: NDArray[Any],
    is_stale: NDArray[Any],
    tolerance: float,
) -> float:
    """Return the least of all bounds, plus the tolerance.

    Every pair is known to the row of its first class.

    Parameters
    ----------
    bounds : ndarray, (n, n)
        The matrix; what is right of the diagonal counts.
    least : ndarray, (n,)
        The least of each row, or, where stale, something that is not above it.
    nearest : ndarray of int, (n,)
        Where it is.
    is_stale : ndarray of bool, (n,)
        The rows to look through if their turn may have come.  All three are brought up
        to date for the rows up to the result.
    tolerance : float
        How close to the least other rows have to be up to date, too.
    """
    bound = np.where(is_stale, np.inf, least).min()
    for row in np.flatnonzero(is_stale):
        if least[row] <= bound + tolerance and least[row] < np.inf:
            nearest[row] = row + 1 + bounds[row, row + 1 :].argmin()
            least[row] = bounds[row, nearest[row]]
            is_stale[row] = False
            bound = min(bound, least[row])
    return float(bound + tolerance)
