"""Bayesian entropy estimator of Nemenman, Shafee & Bialek (2002), on a grid."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray
from scipy.special import betaln, gammaln, polygamma, psi

__all__ = ["nsb"]

_STEP = 0.15  # of log beta; finer where many words were observed
_CHUNK = 1 << 21  # numbers in memory at a time


def nsb(vectors: NDArray[np.int64], n_words: int) -> NDArray[np.float64]:
    """Estimate the entropy, in bits: its posterior mean under a flat prior of H.

    Frequencies have a symmetric Dirichlet prior of concentration b, and b a prior that
    makes the expected entropy x(b) = psi(K b + 1) - psi(b + 1) of K words uniform:

        H = int db (dx/db) P(n|b) E[H|n, b] / int db (dx/db) P(n|b)

        P(n|b) ~ Gamma(K b) / Gamma(R + K b) prod_w Gamma(n_w + b) / Gamma(b)

        E[H|n, b] = psi(R + K b + 1) - sum_w (n_w + b) psi(n_w + b + 1) / (R + K b)

    Parameters
    ----------
    vectors : ndarray of int, shape (n_vectors, n_observed)
        Number of the `R` repeats with each word.
    n_words : int
        K, the number of possible words.

    Notes
    -----
    Sums over a grid of log b, which converge faster than any power of its step, since
    both ends vanish; sums over words are products of the number of words observed n
    times with a table of n and b.  ``test_nsb_equals_the_documented_values``,
    ``test_nsb_equals_direct_integration``.

    References
    ----------
    .. [1] Nemenman, Shafee & Bialek (2002), NIPS 14, arXiv:physics/0108025, Eqs. 5 to
       9.
    .. [2] Wolpert & Wolf (1995), Physical Review E 52:6841-6854,
       doi:10.1103/PhysRevE.52.6841.
    """
    if n_words == 1:
        return np.zeros(len(vectors))
    repeats, which = np.unique(vectors.sum(axis=1), return_inverse=True)
    # The posterior is narrow where many words were observed.
    step = _STEP / (1 + np.sqrt(vectors.shape[1]) / 10)
    b = np.exp(np.arange(np.log(1e-12 / n_words), np.log(1e12), step))  # (n_grid,)
    all_b = n_words * b
    # dx / d log b; the difference is rounding where b is huge, and nothing there.
    slope = b * (n_words * polygamma(1, all_b + 1) - polygamma(1, b + 1))
    with np.errstate(divide="ignore"):
        log_prior = np.log(np.maximum(slope, 0.0))
    total = repeats[:, None] + all_b  # (n_repeats, n_grid)
    log_prior = log_prior - _log_rising(all_b, repeats)
    mean = psi(total + 1) - all_b * psi(b + 1) / total
    n, code = np.unique(vectors, return_inverse=True)
    code = code.reshape(vectors.shape)
    # Unobserved words are in log_prior and mean already: they add 0 here.
    log_likelihood = _log_rising(b, n)  # (n_different, n_grid)
    surprise = (n[:, None] + b) * psi(n[:, None] + b + 1) - b * psi(b + 1)
    bits = np.empty(len(vectors))
    rows = max(1, _CHUNK // len(b))
    for start in range(0, len(vectors), rows):
        here = slice(start, start + rows)
        n_of_count = _count_of_counts(code[here], len(n))  # (n_rows, n_different)
        log_weight = n_of_count @ log_likelihood
        log_weight += log_prior[which[here]]
        log_weight -= log_weight.max(axis=1, keepdims=True)
        weight = np.exp(log_weight, out=log_weight)
        entropy = n_of_count @ surprise
        entropy /= total[which[here]]
        np.subtract(mean[which[here]], entropy, out=entropy)
        nats = np.einsum("vb,vb->v", weight, entropy) / weight.sum(axis=1)
        bits[here] = nats / np.log(2.0)
    return bits


def _log_rising(b: NDArray[np.float64], n: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return log Gamma(b + n) / Gamma(b), shape (len(n), len(b)); 0 for n = 0."""
    some = np.maximum(n, 1)[:, None]
    # By the beta function: the difference of two log Gammas is lost for large b.
    return np.where(n[:, None] > 0, gammaln(some) - betaln(b, some), 0.0)


def _count_of_counts(
    code: NDArray[np.intp], n_different: int
) -> scipy.sparse.csr_array:
    """Return the number of words of each vector with each count."""
    n_vectors, n_words = code.shape
    starts = np.arange(n_vectors + 1) * n_words
    ones = np.ones(code.size)
    matrix = scipy.sparse.csr_array(
        (ones, code.ravel(), starts), shape=(n_vectors, n_different)
    )
    matrix.sum_duplicates()
    return matrix
