"""Response reliability: how much of a neuron's variation the stimulus makes.

Input: spike counts of each repeat. Output: one number per neuron.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["response_reliability"]


def response_reliability(counts: ArrayLike) -> NDArray[np.float64]:
    r"""Return the variance of the mean response over the mean of the variances.

    .. math:: Q = \mathrm{Var}_t \langle C \rangle_r / \langle \mathrm{Var}_t C
              \rangle_r

    with C(r, t) the response in repeat r and bin t: 1 if all repeats are the same,
    1 / R for R repeats of a response that does not repeat.

    Parameters
    ----------
    counts : array_like, (n_neurons, n_repeats, n_conditions)
        Spike counts, smoothed as the response is wanted: the wider, the more reliable.

    Returns
    -------
    ndarray of shape (n_neurons,)
        Nan for neurons that do not fire, or fire the same in every bin.

    References
    ----------
    .. [1] Baden et al. (2016), Nature 529:345-350, Methods, quality index.
    """
    c = np.asarray(counts, dtype=np.float64)
    if c.ndim != 3:
        raise ValueError(
            f"counts must have the axes neuron, repeat, condition; got {c.ndim} axes."
        )
    of_mean = c.mean(axis=1).var(axis=-1)
    mean_of = c.var(axis=-1).mean(axis=1)
    found: NDArray[np.float64] = np.divide(
        of_mean, mean_of, out=np.full(len(c), np.nan), where=mean_of > 0
    )
    return found
