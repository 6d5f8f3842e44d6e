"""Shrinkage of counts towards equal frequencies (Hausser & Strimmer 2009)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["shrunk_counts"]


def shrunk_counts(counts: NDArray[Any], n_words: int) -> NDArray[np.float64]:
    """Return counts whose frequencies are shrunk towards 1 / `n_words`.

    p_w = k / n_words + (1 - k) n_w / R with the James-Stein intensity
    k = (1 - sum_w (n_w/R)^2) / ((R - 1) sum_w (1/n_words - n_w/R)^2), between 0 and 1.
    The entropy, information or divergence of these counts by the plug-in is that of
    the shrinkage estimator.

    Parameters
    ----------
    counts : ndarray of int, shape (..., n_columns)
        Number of the `R` repeats with each word.
    n_words : int
        Number of possible words, at least `n_columns`.

    Returns
    -------
    ndarray of shape (..., n_words)
        They sum to `R`.

    References
    ----------
    .. [1] Hausser & Strimmer (2009), J. Machine Learning Research 10:1469-1484,
       arXiv:0811.3579, Eqs. 5 and 8.
    """
    repeats = counts.sum(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = counts / repeats
        squares = (p * p).sum(axis=-1, keepdims=True)
        # The frequencies sum to 1, so the distance needs no term for each word.
        intensity = (1 - squares) / ((repeats - 1) * (squares - 1 / n_words))
    # 0/0 where there is one repeat, or where all words are equally frequent already.
    intensity = np.where(np.isnan(intensity), 1.0, np.clip(intensity, 0.0, 1.0))
    shape = (*counts.shape[:-1], n_words)
    shrunk: NDArray[np.float64] = np.broadcast_to(
        intensity * repeats / n_words, shape
    ).copy()
    shrunk[..., : counts.shape[-1]] += (1 - intensity) * counts
    return shrunk
