"""Exact chance level of a count (hypergeometric mean of n log2 n).

Input: repeats of one neuron and of the population, and how many of the latter have a
word. Output: mean term of the word if repeats were exchangeable between all neurons.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from neuroclass.estimators.additive import xlog2x

__all__ = ["expected_xlog2x"]

_NEIGHBOURS = 16  # expected counts that are summed together, beside the spread
_LONGEST_TABLE = 1 << 20
_TAIL = 10.0  # standard deviations on either side that are summed


def expected_xlog2x(
    drawn: ArrayLike, marked: ArrayLike, total: ArrayLike
) -> NDArray[np.float64]:
    """Return E[n log2 n] for n hypergeometric: the chance level of a count.

    If the repeats of several neurons were exchangeable, the number of times that one
    neuron with `drawn` repeats has a word that occurs `marked` times in all `total`
    repeats is hypergeometric.

    Parameters
    ----------
    drawn, marked, total : array_like of int, broadcast together
        Repeats of the neuron, repeats of the population with this word, and all repeats
        of the population.

    Returns
    -------
    ndarray of float
        Bits times repeats.  Exact, by summation over the counts that are possible.

    Notes
    -----
    Each distinct triple is evaluated once, over the ten standard deviations on either
    side that hold all but rounding.  The analogue for partitions is the adjusted mutual
    information [1]_.  ``test_chance_level_equals_the_mean_over_all_permutations``.

    References
    ----------
    .. [1] Vinh, Epps & Bailey (2010), J. Machine Learning Research 11:2837-2854.
    """
    drawn, marked, total = np.broadcast_arrays(drawn, marked, total)
    values = np.empty(drawn.shape)
    stride = int(total.max(initial=0)) + 1
    pairs = drawn.astype(np.int64) * stride + total
    for pair in np.unique(pairs):
        cells = pairs == pair
        distinct, inverse = np.unique(marked[cells], return_inverse=True)
        r, t = divmod(int(pair), stride)
        values[cells] = _hypergeometric_mean(r, distinct, t)[inverse]
    return values


def _hypergeometric_mean(
    drawn: int, marked: NDArray[Any], total: int
) -> NDArray[np.float64]:
    """Return E[n log2 n] for each of `marked`, which ascend."""
    log_factorial = _log_factorial(total)
    mean = np.empty(len(marked))
    expected = marked * (drawn / max(total, 1))
    # Neighbours share a window; what lies outside of it has less than rounding.
    spread = expected * ((total - marked) / max(total, 1))
    spread *= (total - drawn) / max(total - 1, 1)
    reach = _TAIL * (np.sqrt(spread) + 2)
    start = 0
    while start < len(marked):
        end = expected[start] + reach[start] / 2 + _NEIGHBOURS
        part = slice(start, int(np.searchsorted(expected, end)))
        start = part.stop
        low = max(0, int((expected[part] - reach[part]).min()))
        high = min(drawn, int((expected[part] + reach[part]).max()) + 1)
        n = np.arange(low, high + 1)
        m = marked[part, None]
        possible = (n <= m) & (drawn - n <= total - m)
        rest = np.where(possible, total - m - drawn + n, 0)
        taken = np.where(possible, m - n, 0)
        # Binomial(m, n) Binomial(total - m, drawn - n), without what n leaves alone.
        log_weight = -(
            log_factorial(n)
            + log_factorial(taken)
            + log_factorial(drawn - n)
            + log_factorial(rest)
        )
        log_weight = np.where(possible, log_weight, -np.inf)
        weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
        mean[part] = (weight @ xlog2x(n)) / weight.sum(axis=1)
    return mean


@lru_cache(maxsize=4)  # of 8 MB at most
def _log_factorial(largest: int) -> Callable[[NDArray[Any]], NDArray[np.float64]]:
    """Return log n! of integers up to a largest: a table, unless that is long."""
    if largest > _LONGEST_TABLE:
        return lambda n: gammaln(n + 1)
    return gammaln(np.arange(largest + 1) + 1).take
