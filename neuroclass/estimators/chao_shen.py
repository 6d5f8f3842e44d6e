"""Entropy estimator of Chao & Shen (2003): coverage from words observed once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["chao_shen"]


def chao_shen(vectors: NDArray[np.int64], n_words: int) -> NDArray[np.float64]:
    """Estimate the entropy, in bits, with the coverage estimated from singletons.

    H = -sum_w C p_w log2(C p_w) / (1 - (1 - C p_w)^R) over the observed
    words, with p_w = n_w / R and the coverage C = 1 - (words observed once) / R: each
    word is weighed by the inverse of its probability to be observed at all (Horvitz &
    Thompson).

    Parameters
    ----------
    vectors : ndarray of int, shape (n_vectors, n_observed)
        Number of the `R` repeats with each word.
    n_words : int
        Not used.

    Notes
    -----
    If every word was observed once, C would be 0 and H undefined; C = 1/R is taken, as
    if one had been observed twice.  Of one repeat H is 0.
    ``test_coverage_when_every_word_was_observed_once``.

    References
    ----------
    .. [1] Chao & Shen (2003), Environmental and Ecological Statistics 10:429-443,
       doi:10.1023/A:1026096204727, Eq. 6.
    """
    repeats = vectors.sum(axis=1)
    once = np.minimum((vectors == 1).sum(axis=1), repeats - 1)
    coverage = 1 - once / repeats
    p = vectors * (coverage / repeats)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        # -expm1(R log1p(-p)) is 1 - (1 - p)^R without its rounding; 1 where p = 1.
        p_observed = -np.expm1(repeats[:, None] * np.log1p(-p))
        terms = np.where(vectors > 0, -p * np.log2(p) / p_observed, 0.0)
    bits: NDArray[np.float64] = terms.sum(axis=1)
    return bits
