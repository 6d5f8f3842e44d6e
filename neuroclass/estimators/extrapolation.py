"""Entropy by quadratic extrapolation to infinite repeats (Strong et al. 1998)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuroclass.estimators.additive import xlog2x
from neuroclass.estimators.hypergeometric import expected_xlog2x

__all__ = ["quadratic_extrapolation"]


def quadratic_extrapolation(
    vectors: NDArray[np.int64], n_words: int
) -> NDArray[np.float64]:
    """Estimate the entropy, in bits, as the limit of H(R) = H + a / R + b / R^2.

    The parabola goes through the plug-in entropies of all `R` repeats, of a half and of
    a quarter of them (rounded down).  Those of a half and a quarter are the mean over
    *every* choice of that many repeats, in closed form, instead of one random choice.

    Parameters
    ----------
    vectors : ndarray of int, shape (n_vectors, n_observed)
        Number of the `R` repeats with each word.
    n_words : int
        Not used.

    Returns
    -------
    ndarray of shape (n_vectors,)
        Nan for fewer than 4 repeats, which have no quarter.

    Notes
    -----
    ``test_extrapolation_equals_its_definition_over_all_subsets``.

    References
    ----------
    .. [1] Strong, Koberle, de Ruyter van Steveninck & Bialek (1998), Physical Review
       Letters 80:197-200, doi:10.1103/PhysRevLett.80.197.
    """
    repeats = vectors.sum(axis=1)
    sizes = np.stack([repeats, repeats // 2, repeats // 4], axis=1)
    has_quarter = sizes[:, 2] > 0
    sizes = np.maximum(sizes, 1)
    entropies = np.empty(sizes.shape)
    for k in range(3):
        size = sizes[:, k]
        words = (
            xlog2x(vectors)
            if k == 0
            else expected_xlog2x(size[:, None], vectors, repeats[:, None])
        )
        entropies[:, k] = np.log2(size) - words.sum(axis=1) / size
    # Weights of Lagrange's polynomial in 1 / size, at 0.
    x = 1.0 / sizes
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = np.stack(
            [
                x[:, i] * x[:, j] / ((x[:, i] - x[:, k]) * (x[:, j] - x[:, k]))
                for k, i, j in ((0, 1, 2), (1, 0, 2), (2, 0, 1))
            ],
            axis=1,
        )
        limit = (weights * entropies).sum(axis=1)
    bits: NDArray[np.float64] = np.where(has_quarter, limit, np.nan)
    return bits
