"""Entropy with the bias correction of Panzeri & Treves (1996), by inferred words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

__all__ = ["inferred_words", "panzeri_treves"]


def panzeri_treves(vectors: NDArray[np.int64], n_words: int) -> NDArray[np.float64]:
    """Estimate the entropy, in bits: the plug-in plus (m - 1) / (2 R ln 2).

    As Miller-Madow, with `m` the number of words that *can* occur (`inferred_words`)
    in place of the number observed.

    Parameters
    ----------
    vectors : ndarray of int, shape (n_vectors, n_observed)
        Number of the `R` repeats with each word.
    n_words : int
        Number of possible words, the upper bound of the inferred number.

    References
    ----------
    .. [1] Panzeri & Treves (1996), Network: Computation in Neural Systems 7:87-107,
       doi:10.1088/0954-898X/7/1/006.
    """
    repeats = vectors.sum(axis=1)
    m = inferred_words(vectors, n_words)
    plug_in = np.log(repeats) - xlogy(vectors, vectors).sum(axis=1) / repeats
    bits: NDArray[np.float64] = (plug_in + (m - 1) / (2 * repeats)) / np.log(2.0)
    return bits


def inferred_words(vectors: NDArray[np.int64], n_words: int) -> NDArray[np.int64]:
    """Infer the number of words that can occur, from the counts of those observed.

    For `u` words that can occur beyond the `m` observed, a word observed n times has
    the frequency (1 - g) (n + 1) / (R + m), one not observed g / u, where an unobserved
    word stays unobserved with probability R / (R + m).  The expected number of words in
    R repeats rises with `u`; the `u` whose expectation is nearest to `m` is taken, the
    first such.  With u = 0 the frequencies are n / R.

    Parameters
    ----------
    vectors : ndarray of int, shape (n_vectors, n_observed)
        Number of the `R` repeats with each word.
    n_words : int
        Number of possible words.

    Returns
    -------
    ndarray of int, shape (n_vectors,)
        m + u, between the number observed and `n_words`.

    Notes
    -----
    ``test_inferred_words_equal_the_search_by_loop``.
    """
    repeats = vectors.sum(axis=1).astype(np.float64)
    observed = np.count_nonzero(vectors, axis=1)
    with np.errstate(divide="ignore"):
        log_missed = np.log1p(-vectors / repeats[:, None])
    # Expected number of missed words, here none of the unobserved ones.
    missed = np.where(vectors > 0, np.exp(repeats[:, None] * log_missed), 0.0)
    distance = missed.sum(axis=1)
    unobserved = np.zeros(len(vectors), dtype=np.int64)
    active = np.flatnonzero(observed < n_words)
    u = 0
    while len(active):
        u += 1
        v, r, m = vectors[active], repeats[active], observed[active]
        each = -np.expm1(np.log(r / (r + m)) / r)  # frequency of an unobserved word
        p = (1 - u * each)[:, None] * (v + 1) / (r + m)[:, None]
        is_missed = np.where(v > 0, np.exp(r[:, None] * np.log1p(-p)), 0.0)
        expected = m - is_missed.sum(axis=1) + u * m / (r + m)
        next_distance = np.abs(expected - m)
        better = (next_distance < distance[active]) & (u * each <= 1)
        active = active[better]
        unobserved[active] = u
        distance[active] = next_distance[better]
        active = active[observed[active] + u < n_words]
    total: NDArray[np.int64] = observed + unobserved
    return total
