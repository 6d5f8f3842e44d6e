"""95 % intervals by the delete-a-group jackknife.

Input: an estimate from all repeats, and from all but each group. Output: intervals in
the unit of the estimate.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

__all__ = ["bias_aware_interval", "jackknife_interval"]


def jackknife_interval(
    value: ArrayLike, replicates: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return standard errors and 95 % intervals by the delete-a-group jackknife.

    Parameters
    ----------
    value : array_like of shape (...,)
        Estimate from all repeats.
    replicates : array_like of shape (n_groups, ...)
        Estimate without each group of repeats.

    Returns
    -------
    standard_error : ndarray of shape (...,)
        Standard error, in the unit of `value`.
    interval : ndarray of shape (..., 2)
        95 % interval, from Student's t with n_groups - 1 degrees of freedom.

    References
    ----------
    .. [1] Kott (2001), J. Official Statistics 17:521-526.
    """
    value = np.asarray(value, dtype=np.float64)
    replicates = np.asarray(replicates, dtype=np.float64)
    n_groups = len(replicates)
    squares = ((replicates - replicates.mean(axis=0)) ** 2).sum(axis=0)
    error = np.sqrt((n_groups - 1) / n_groups * squares)
    half = stdtrit(n_groups - 1, 0.975) * error
    return error, np.stack([value - half, value + half], axis=-1)


def bias_aware_interval(
    value: ArrayLike, less_biased: ArrayLike, replicates: ArrayLike
) -> NDArray[np.float64]:
    """Return 95 % intervals of an estimate whose bias is not small.

    From another estimate, with less bias, and from that estimate less the part of its
    bias that falls as one over the repeats (the jackknife's own correction): half a
    width (`jackknife_interval`) below the lower of the two to half a width above the
    higher, and as far as the estimate itself.

    Parameters
    ----------
    value : array_like of shape (...,)
        Estimate from all repeats.
    less_biased : array_like of shape (...,)
        Another estimate of the same quantity, from all repeats.
    replicates : array_like of shape (n_groups, ...)
        That other estimate without each group of repeats.

    Returns
    -------
    ndarray of shape (..., 2)
        95 % intervals, in the unit of `value`.

    References
    ----------
    .. [1] Quenouille (1956), Biometrika 43:353-360, doi:10.1093/biomet/43.3-4.353.
    """
    value, less_biased = np.asarray(value), np.asarray(less_biased)
    replicates = np.asarray(replicates, dtype=np.float64)
    _, interval = jackknife_interval(less_biased, replicates)
    bias = (len(replicates) - 1) * (replicates.mean(axis=0) - less_biased)
    low = interval[..., 0] - np.maximum(bias, 0.0)
    high = interval[..., 1] - np.minimum(bias, 0.0)
    return np.stack([np.minimum(low, value), np.maximum(high, value)], axis=-1)
