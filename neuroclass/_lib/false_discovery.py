"""Adjustment of p-values for their number (Benjamini & Hochberg).

Agrees with `scipy.stats.false_discovery_control`, which refuses nan, and whose import
takes about a second.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["false_discovery"]


def false_discovery(p_value: ArrayLike) -> NDArray[np.float64]:
    """Return p-values adjusted for their number (Benjamini & Hochberg); nan stays.

    Parameters
    ----------
    p_value : array_like of shape (n_tests,)
        P-values; nan for what was not tested.

    Returns
    -------
    ndarray of shape (n_tests,)
        Lowest false discovery rates at which each test is a discovery.

    References
    ----------
    .. [1] Benjamini & Hochberg (1995), J. Royal Statistical Society B 57:289-300.

    Examples
    --------
    >>> false_discovery([0.01, 0.5, 0.02, float("nan")]).tolist()
    [0.03, 0.5, 0.03, nan]
    """
    p_value = np.asarray(p_value, dtype=np.float64)
    adjusted = np.full(p_value.shape, np.nan)
    tested = np.flatnonzero(np.isfinite(p_value))
    order = tested[np.argsort(p_value[tested], kind="stable")]
    scaled = p_value[order] * len(order) / np.arange(1, len(order) + 1)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted
