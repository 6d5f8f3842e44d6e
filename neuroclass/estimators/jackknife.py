"""95 % intervals from leaving out groups of repeats.

Takes an estimate from all repeats and from all but each group.
"""

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
        The estimate from all repeats.
    replicates : array_like of shape (n_groups, ...)
        The estimate with each group of repeats left out.

    Returns
    -------
    standard_error : ndarray of shape (...,)
    interval : ndarray of shape (..., 2)
        From Student's t with n_groups - 1 degrees of freedom.

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
    """Return 95 % intervals where the estimate has a bias that is not small.

    From another estimate, with less bias, and from what is left of that once the part
    of its bias that falls as one over the repeats is taken off (the jackknife's own
    correction): half a width (`jackknife_interval`) below the lower of the two to half
    a width above the higher, and as far as the estimate itself.

    Parameters
    ----------
    value : array_like of shape (...,)
        The estimate, from all repeats.
    less_biased : array_like of shape (...,)
        Another estimate of the same, from all repeats.
    replicates : array_like of shape (n_groups, ...)
        That other estimate with each group of repeats left out.

    Returns
    -------
    ndarray of shape (..., 2)

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
