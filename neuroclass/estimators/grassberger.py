"""Entropy estimator of Grassberger (2003)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import psi

__all__ = ["digamma_of_counts", "grassberger"]


def grassberger(vectors: NDArray[np.int64], n_words: int) -> NDArray[np.float64]:
    """Estimate the entropy, in bits: ln R - (1/R) sum_w n_w G(n_w), over ln 2.

    Parameters
    ----------
    vectors : ndarray of int, shape (n_vectors, n_observed)
        Number of the `R` repeats with each word.
    n_words : int
        Not used.

    Notes
    -----
    Derived for many words that are each rare.  Of few words it is too high by up to
    1 / (2 R) nats: H of a single possible word is ln R - G(R), not 0.

    References
    ----------
    .. [1] Grassberger (2003), arXiv:physics/0307138, Eqs. 30 and 35.
    """
    repeats = vectors.sum(axis=1)
    n = np.arange(int(vectors.max(initial=0)) + 1)
    table = n * digamma_of_counts(np.maximum(n, 1))
    nats = np.log(repeats) - table[vectors].sum(axis=1) / repeats
    bits: NDArray[np.float64] = nats / np.log(2.0)
    return bits


def digamma_of_counts(n: ArrayLike) -> NDArray[np.float64]:
    """Return G(n) = psi(n) + (-1)^n / 2 [psi((n + 1) / 2) - psi(n / 2)], n >= 1.

    ``test_digamma_of_counts_follows_its_recursion``.
    """
    n = np.asarray(n)
    sign = np.where(n % 2, -1.0, 1.0)
    value: NDArray[np.float64] = psi(n) + sign / 2 * (psi((n + 1) / 2) - psi(n / 2))
    return value
