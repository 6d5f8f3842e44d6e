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

    Examples
    --------
    >>> error, interval = jackknife_interval(2.0, [1.9, 2.0, 2.1])
    >>> round(float(error), 4)
    0.1155
    """
    value = np.asarray(value, dtype=np.float64)
    replicates = np.asarray(replicates, dtype=np.float64)
    n_groups = len(replicates)
    squares = ((replicates - replicates.mean(axis=0)) ** 2).sum(axis=0)
    error = np.sqrt((n_groups - 1) / n_groups * squares)
    half = stdtrit(n_groups - 1, 0.975) * error
    return error, np.stack([value - half, value + half], axis=-1)


def bias_aware_interval(
    value: ArrayLike,
    less_biased: ArrayLike,
    replicates: ArrayLike,
    *,
    as_far_as: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Return 95 % intervals of an estimate whose bias is not small.

    From the estimate, from another with less bias, and from that one less the part of
    its bias that falls as one over the repeats (the jackknife's own correction): half
    a width (`jackknife_interval`) below the lowest of the three to half a width above
    the highest, so that no estimate lies at an end of its own interval.

    Parameters
    ----------
    value : array_like of shape (...,)
        Estimate from all repeats.
    less_biased : array_like of shape (...,)
        Another estimate of the same quantity, from all repeats.
    replicates : array_like of shape (n_groups, ...)
        That other estimate without each group of repeats.
    as_far_as : array_like of shape (...,), optional
        A third estimate, which the interval must reach and need not surpass: one that
        errs to the other side.

    Returns
    -------
    ndarray of shape (..., 2)
        95 % intervals, in the unit of `value`.

    References
    ----------
    .. [1] Quenouille (1956), Biometrika 43:353-360, doi:10.1093/biomet/43.3-4.353.

    Examples
    --------
    >>> bias_aware_interval(1.0, 1.2, [1.2, 1.2, 1.2]).tolist()
    [1.0, 1.2]
    """
    value, less_biased = np.asarray(value), np.asarray(less_biased)
    replicates = np.asarray(replicates, dtype=np.float64)
    _, interval = jackknife_interval(less_biased, replicates)
    half = interval[..., 1] - less_biased
    bias = (len(replicates) - 1) * (replicates.mean(axis=0) - less_biased)
    lowest = np.minimum(value, less_biased - np.maximum(bias, 0.0))
    highest = np.maximum(value, less_biased - np.minimum(bias, 0.0))
    low, high = lowest - half, highest + half
    if as_far_as is not None:
        low, high = np.minimum(low, as_far_as), np.maximum(high, as_far_as)
    return np.stack([low, high], axis=-1)
