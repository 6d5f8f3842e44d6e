"""To which class each neuron belongs, and how sure that is.

Input: timing matrix and partition.  Output: posterior probabilities of the classes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuroclass.clustering.timing.timing_matrix import TimingMatrix

__all__ = ["class_gains", "class_posterior", "counted_spikes"]

_LN2 = np.log(2.0)


def class_posterior(
    matrix: TimingMatrix,
    labels: NDArray[np.intp],
    others: TimingMatrix | None = None,
) -> NDArray[np.float64]:
    """Compute the posterior probability of each class for each neuron.

    Parameters
    ----------
    matrix : TimingMatrix
        Of the neurons that make the classes.
    labels : ndarray of int, (n_neurons,)
        Their classes, from 0 without gaps.
    others : TimingMatrix, optional
        Neurons with the same columns that belong to no class yet; by default the
        neurons of `matrix`, each left out of its own class.

    Returns
    -------
    ndarray, (n_neurons, n_clusters)
        Rows sum to 1.

    Notes
    -----
    b_ic = [Phi(c + i) - Phi(c)] / (W_i n_scales) bits per spike, and

        P(c | i) ~ |c| 2^(b_ic n'_i alpha / (n'_i + alpha)).

    Calibrated below .8, too sure above where types overlap: `class_confidence` is
    calibrated.  There is no "none of these": a neuron unlike all classes is put into
    the nearest.  A class of a single neuron is taken for one neuron large when this
    neuron is left out of it.
    """
    n_clusters = int(labels.max()) + 1
    tested = matrix if others is None else others
    bits = class_gains(matrix, labels, others)
    sizes = np.tile(np.bincount(labels, minlength=n_clusters), (len(bits), 1))
    if others is None:
        every = np.arange(len(bits))
        sizes[every, labels] = np.maximum(sizes[every, labels] - 1, 1)
    counted = counted_spikes(tested, matrix.half_weight)
    log_odds = np.log(sizes) + _LN2 * bits * counted[:, None]
    log_odds -= log_odds.max(axis=1, keepdims=True)
    odds = np.exp(log_odds)
    posterior: NDArray[np.float64] = odds / odds.sum(axis=1, keepdims=True)
    return posterior


def class_gains(
    matrix: TimingMatrix,
    labels: NDArray[np.intp],
    others: TimingMatrix | None = None,
) -> NDArray[np.float64]:
    """Compute how well each class predicts the spike times of each neuron.

    Parameters
    ----------
    matrix, labels, others : as in `class_posterior`

    Returns
    -------
    ndarray, (n_neurons, n_clusters)
        b_ic = [Phi(c + i) - Phi(c)] / (W_i n_scales), in bits per spike: the larger,
        the better; 0 for silent neurons.
    """
    n_clusters = int(labels.max()) + 1
    sums = matrix.sums(labels, n_clusters)
    values = matrix.values(sums)
    tested = matrix if others is None else others
    gains = np.empty((len(tested.counts), n_clusters))
    every = np.arange(len(tested.counts))
    for k in range(n_clusters):
        both = matrix.values_of_sums(tested.counts, every, sums[k])
        gains[:, k] = both - values[k]
    if others is None:
        without = matrix.values(sums[labels] - matrix.counts)
        gains[every, labels] = values[labels] - without
    weights = tested.weights * matrix.n_scales
    bits: NDArray[np.float64] = gains / np.where(weights > 0, weights, 1.0)[:, None]
    return bits


def counted_spikes(tested: TimingMatrix, half_weight: float) -> NDArray[np.float64]:
    """Return the spikes that count as independent: n' alpha / (n' + alpha)."""
    n = tested.effective_spikes
    counted: NDArray[np.float64] = n * half_weight / np.maximum(n + half_weight, 1e-300)
    return counted
