"""To which class each neuron belongs, and how sure that is.

Input: timing matrix and partition.  Output: posterior probabilities of the classes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuroclass.clustering.timing.timing_matrix import TimingMatrix

__all__ = ["assign_neurons", "class_posterior"]

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

    Calibrated below .8, too sure above where types overlap.  There is no "none of
    these": a neuron unlike all classes is put into the nearest.  A class of a single
    neuron is taken for one neuron large when this neuron is left out of it.
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
    sizes = np.tile(np.bincount(labels, minlength=n_clusters), (len(gains), 1))
    if others is None:
        without = matrix.values(sums[labels] - matrix.counts)
        gains[every, labels] = values[labels] - without
        sizes[every, labels] = np.maximum(sizes[every, labels] - 1, 1)
    weights = tested.weights * matrix.n_scales
    bits = gains / np.where(weights > 0, weights, 1.0)[:, None]
    n, alpha = tested.effective_spikes, matrix.half_weight
    counted = n * alpha / np.maximum(n + alpha, 1e-300)
    log_odds = np.log(sizes) + _LN2 * bits * counted[:, None]
    log_odds -= log_odds.max(axis=1, keepdims=True)
    odds = np.exp(log_odds)
    posterior: NDArray[np.float64] = odds / odds.sum(axis=1, keepdims=True)
    return posterior


def assign_neurons(
    matrix: TimingMatrix,
    labels: NDArray[np.intp],
    takes_part: NDArray[np.bool_],
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Assign neurons that took no part in making the classes.

    Parameters
    ----------
    matrix : TimingMatrix
        Of all neurons.
    labels : ndarray of int, (n_that_take_part,)
        Classes of those that take part, from 0 without gaps.
    takes_part : ndarray of bool, (n_neurons,)
        Which these are.

    Returns
    -------
    labels : ndarray of int, (n_neurons,)
        Classes; -1 for silent neurons.
    confidence : ndarray, (n_neurons,)
        Posterior probability of the class; of a neuron that takes part it may be below
        that of another class.  0 for silent neurons.
    """
    own = matrix.of(takes_part)
    all_labels = np.full(len(takes_part), -1)
    all_labels[takes_part] = labels
    confidence = np.zeros(len(takes_part))
    posterior = class_posterior(own, labels)
    confidence[takes_part] = posterior[np.arange(len(labels)), labels]
    others = np.flatnonzero(~takes_part & (matrix.weights > 0))
    if len(others):
        posterior = class_posterior(own, labels, matrix.of(others))
        all_labels[others] = posterior.argmax(axis=1)
        confidence[others] = posterior.max(axis=1)
    return all_labels, confidence
