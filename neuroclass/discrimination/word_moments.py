"""Exact permutation null of the term of one word in the divergence of two neurons.

Input: m, the repeats of both neurons together with the word, and their repeats R_a and
R_b. Output: moments of the term if the repeats were exchangeable between the neurons.
With n_a and n_b the counts of the word, R = R_a + R_b and pi = R_a / R, the term is

    d(n_a, m) = n_a log2 [n_a / (m pi)] + n_b log2 [n_b / (m (1 - pi))]

bits times repeats, and n_a is hypergeometric.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from neuroclass.estimators import xlog2x

__all__ = ["EXACT_BELOW", "WordMoments", "binary_moments", "word_moments"]

_MAX_CELLS = 1 << 20  # of a table of probabilities, at a time
EXACT_BELOW = 100  # from this expected count on, means are within .1 %, variances 1 %
_N_POLYNOMIALS = 12
_BITS = 1.0 / np.log(4.0)  # d is about this times a chi-square of one degree of freedom


class WordMoments(NamedTuple):
    """Moments of d(n_a, m) of one word, (n_marked,), and covariances with others.

    Attributes
    ----------
    mean, variance, third : ndarray of shape (n_marked,)
        Central moments.
    shared : ndarray of shape (n_polynomials, n_marked)
        b_k(m), k = 1, 2, ...: the covariance of two words of one condition with the
        sums m and m' is sum_k (-1)^k b_k(m) b_k(m').
    """

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    third: NDArray[np.float64]
    shared: NDArray[np.float64]


def word_moments(
    marked: NDArray[Any],
    r_a: int,
    r_b: int,
    *,
    spread: bool = True,
    exact_below: float = EXACT_BELOW,
) -> WordMoments:
    r"""Return the moments of d(n_a, m) for n_a hypergeometric, at each m.

    Exact by summation where the smaller expected count, m min(pi, 1 - pi), is below
    `exact_below`.  Above, with u = (R - m) / (R - 1), the mean is

    .. math:: \frac{u}{2 \ln 2} + \frac{u}{12 \ln 2} \left( \frac{1}{m \pi}
              + \frac{1}{m (1 - \pi)} - \frac{1}{m} \right)

    and the others those of u times a chi-square variable of one degree of freedom.

    Parameters
    ----------
    marked : ndarray of int, (n_marked,)
        m, the repeats of both neurons together with this word.
    r_a, r_b : int
        Repeats of either neuron, at least 1.
    spread : bool, default True
        Whether to compute more than the mean.
    exact_below : float, default 100
        Expected count below which moments are exact.

    Returns
    -------
    WordMoments

    Notes
    -----
    Orthonormal polynomials P_k of n_a at one word are, as expectations given n_a of
    another, (-1)^k rho_k times those of the other, with rho_k^2 the ratio of falling
    factorials (m)_k (m')_k / [(R - m)_k (R - m')_k]; so with a_k(m) = E[d P_k] the
    covariance of two words is a sum of products, b_k = a_k sqrt[(m)_k / (R - m)_k].
    ``test_words_of_a_condition_covary_as_in_enumeration``.
    """
    marked = np.asarray(marked)
    r_a, r_b = sorted((int(r_a), int(r_b)))  # d is symmetric, and n_a has fewer values
    total, share = r_a + r_b, r_a / (r_a + r_b)
    expected = marked * share
    free = (total - marked) / (total - 1)
    m = np.maximum(marked, 1)
    sides = (1 / share + 1 / (1 - share) - 1) / m
    mean = free * (_BITS + sides / (12 * np.log(2)))
    shared = np.zeros((_N_POLYNOMIALS, len(marked)))
    shared[1] = np.sqrt(2.0) * _BITS * marked / (total - 1)
    variance, third = 2 * (free * _BITS) ** 2, 8 * (free * _BITS) ** 3
    for chosen, n, p in _distributions(marked, expected < exact_below, r_a, r_b):
        d = _divergence(n, marked[chosen, None], share)
        mean[chosen] = (p * d).sum(axis=1)
        if spread:
            d = np.where(p > 0, d - mean[chosen, None], 0.0)
            variance[chosen] = (p * d**2).sum(axis=1)
            third[chosen] = (p * d**3).sum(axis=1)
            shared[:, chosen] = _shared(n, p, d, marked[chosen], total)
    return WordMoments(mean, variance, third, shared)


def _divergence(n: NDArray[Any], m: NDArray[Any], share: float) -> NDArray[np.float64]:
    """Return d(n, m), bits times repeats; without meaning where n is not possible."""
    rest = np.maximum(m - n, 0)
    expected = np.log2(np.maximum(m, 1) * share)
    expected_rest = np.log2(np.maximum(m, 1) * (1 - share))
    d: NDArray[np.float64] = xlog2x(n) + xlog2x(rest)
    d -= n * expected + rest * expected_rest
    return d


def _distributions(
    marked: NDArray[Any], is_chosen: NDArray[np.bool_], r_a: int, r_b: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]]:
    """Yield positions, n = 0, 1, ... and P(n_a = n) at some of `marked` at a time."""
    positions = np.flatnonzero(is_chosen)
    if not len(positions):
        return
    positions = positions[np.argsort(marked[positions], kind="stable")]
    step = max(1, _MAX_CELLS // (min(r_a, int(marked[positions[-1]])) + 1))
    for start in range(0, len(positions), step):
        chosen = positions[start : start + step]
        m = marked[chosen, None]
        n = np.arange(min(r_a, int(m[-1, 0])) + 1)
        possible = (n <= m) & (m - n <= r_b)
        taken = np.where(possible, m - n, 0)
        # Binomial(m, n) Binomial(R - m, R_a - n), without what n leaves alone.
        log_weight = -(
            gammaln(n + 1)
            + gammaln(taken + 1)
            + gammaln(r_a - n + 1)
            + gammaln(np.where(possible, r_b - m + n, 0) + 1)
        )
        log_weight[~possible] = -np.inf
        weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
        yield chosen, n, weight / weight.sum(axis=1, keepdims=True)


def _shared(
    n: NDArray[np.intp],
    p: NDArray[np.float64],
    d: NDArray[np.float64],
    marked: NDArray[Any],
    total: int,
) -> NDArray[np.float64]:
    """Return b_k(m), (n_polynomials, n_marked), by Stieltjes' recurrence."""
    mean = p @ n
    x = n - mean[:, None]
    deviation = np.sqrt((p * x**2).sum(axis=1, keepdims=True))
    x = np.divide(x, deviation, out=np.zeros_like(x), where=deviation > 1e-9)
    before, now = np.zeros_like(x), np.ones_like(x)
    norm = np.zeros((len(p), 1))  # of the polynomial before it was normalised
    ratio = np.ones(len(p))
    b = np.zeros((_N_POLYNOMIALS, len(p)))
    for k in range(_N_POLYNOMIALS):
        level = (p * x * now**2).sum(axis=1, keepdims=True)
        following = (x - level) * now - norm * before
        norm = np.sqrt((p * following**2).sum(axis=1, keepdims=True))
        norm[norm < 1e-6] = 0.0  # as many polynomials as there are possible counts
        before = now
        now = np.divide(following, norm, out=np.zeros_like(following), where=norm > 0)
        fall = np.maximum(total - marked - k, 0)
        ratio = ratio * np.divide(
            np.maximum(marked - k, 0), fall, out=np.zeros(len(p)), where=fall > 0
        )
        b[k] = (p * d * now).sum(axis=1) * np.sqrt(ratio)
    return b


def binary_moments(
    marked: NDArray[Any], r_a: int, r_b: int, *, exact_below: float = EXACT_BELOW
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return variance and third moment of d(n_a, m) + d(R_a - n_a, R - m).

    With two words, the whole of a condition depends on the count of one.

    Parameters
    ----------
    marked : ndarray of int, (n_marked,)
        m, the repeats of both neurons together with one of the words.
    r_a, r_b : int
        Repeats of either neuron, at least 1.
    exact_below : float, default 100
        Expected count below which moments are exact.

    Returns
    -------
    variance, third : ndarray of shape (n_marked,)
        Exact where the smaller expected count is below `exact_below`; above, of a
        chi-square of one degree of freedom.
    """
    r_a, r_b = sorted((int(r_a), int(r_b)))
    total, share = r_a + r_b, r_a / (r_a + r_b)
    rarer = np.minimum(marked, total - marked)
    variance = np.full(len(marked), 2 * _BITS**2)
    third = np.full(len(marked), 8 * _BITS**3)
    for chosen, n, p in _distributions(rarer, rarer * share < exact_below, r_a, r_b):
        m = rarer[chosen, None]
        d = _divergence(n, m, share) + _divergence(r_a - n, total - m, share)
        d = np.where(p > 0, d - (p * d).sum(axis=1, keepdims=True), 0.0)
        variance[chosen] = (p * d**2).sum(axis=1)
        third[chosen] = (p * d**3).sum(axis=1)
    return variance, third
