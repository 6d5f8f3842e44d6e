"""How sure it is that a neuron belongs to its class, calibrated without known types.

Input: timing matrix and partition.  Output: the probability of each neuron's class
rather than the second best; the classes of neurons that took no part.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuroclass.clustering.timing.posterior import (
    class_gains,
    class_posterior,
    counted_spikes,
)
from neuroclass.clustering.timing.timing_matrix import TimingMatrix

__all__ = ["assign_neurons", "class_confidence"]

_LN2 = np.log(2.0)
# Variance of the neurons of a type over that inside a class that was found: classes
# are cut where neurons are few, and take in no neuron that another fits better.
_TEMPERATURE = 3.2
_LEAST_VARIANCE = 1e-12


def class_confidence(
    matrix: TimingMatrix,
    labels: NDArray[np.intp],
    others: TimingMatrix | None = None,
    other_labels: NDArray[np.intp] | None = None,
) -> NDArray[np.float64]:
    """Compute the probability of each neuron's class rather than the second best.

    Parameters
    ----------
    matrix : TimingMatrix
        Of the neurons that make the classes.
    labels : ndarray of int, (n_neurons,)
        Their classes, from 0 without gaps.
    others : TimingMatrix, optional
        Neurons with the same columns that belong to no class yet; by default the
        neurons of `matrix`, each left out of its own class.
    other_labels : ndarray of int, (n_others,), optional
        Their classes; needed with `others`.

    Returns
    -------
    ndarray, (n_neurons,)
        Probability; 1 where there is one class, nan for the only neuron of a class,
        which has no other to be compared with.

    Notes
    -----
    With the gains b_ic of `class_gains`, in nats per spike, d_i = b_ia - b_ib of a
    neuron of class a against class b.  The neurons of a and of b have the means m_a and
    -m_b of d and the pooled variance s^2 around them, n~ spikes that count (the
    harmonic mean of n' alpha / (n' + alpha)), and neuron i has n_i.  Its log odds are
    those of two Gaussians,

        l_ib = (m_a + m_b) (d_i - (m_a - m_b) / 2) / v_i + ln(|a| / |b|),
        v_i = 3.2 s^2 + (m_a + m_b) max(1 / n_i - 1 / n~, 0),

    and the confidence is 1 / (1 + exp(-min_b l_ib)).  The second term is the sampling
    variance of a log likelihood ratio, twice its mean, of neurons of fewer spikes than
    the others: for very few l_i is that of Poisson neurons.

    A neuron of `others` may be of no class: its log odds are at most those of its class
    against all neurons together, n_i (b_ia - b_i,all) + ln(number of classes), of
    Poisson neurons.

    The scatter of the recording's own neurons says how far a neuron may lie from its
    class; spikes alone do not, and what takes them for independent
    (`class_posterior`) is too sure.  The factor 3.2 was chosen on simulated
    populations of four generators; docs/validation.md has the calibration on others
    and on measured cells. Types that differ along one axis alone are told less surely
    than they are.
    """
    n_clusters = int(labels.max()) + 1
    tested = matrix if others is None else others
    own_labels = labels if other_labels is None else other_labels
    if n_clusters == 1:
        return np.ones(len(tested.counts))
    of_members = _LN2 * class_gains(matrix, labels)
    gains = of_members if others is None else _LN2 * class_gains(matrix, labels, others)
    size = np.bincount(labels, minlength=n_clusters)
    mean, scatter = _moments(of_members, labels)
    gap = np.maximum(mean + mean.T, 0.0)
    n_free = np.maximum(size[:, None] + size - 2, 1)
    variance = np.maximum((scatter + scatter.T) / n_free, _LEAST_VARIANCE)
    usual = _harmonic_means(counted_spikes(matrix, matrix.half_weight), labels)
    usual = 2 / (1 / usual[:, None] + 1 / usual)
    counted = np.maximum(counted_spikes(tested, matrix.half_weight), 1e-9)
    a = own_labels
    excess = np.maximum(1 / counted[:, None] - 1 / usual[a], 0.0)
    d = gains[np.arange(len(a)), a][:, None] - gains
    log_odds = gap[a] * (d - (mean - mean.T)[a] / 2)
    log_odds /= _TEMPERATURE * variance[a] + gap[a] * excess
    log_odds += np.log(size[a][:, None] / size)
    log_odds[np.arange(len(a)), a] = np.inf
    if others is not None:
        of_all = class_gains(matrix, np.zeros(len(labels), np.intp), others)[:, 0]
        rather = counted * (gains[np.arange(len(a)), a] - _LN2 * of_all)
        log_odds[np.arange(len(a)), a] = rather + np.log(n_clusters)
    confidence: NDArray[np.float64] = 1 / (
        1 + np.exp(-np.clip(log_odds.min(axis=1), -500, 500))
    )
    if others is None:
        confidence[size[labels] == 1] = np.nan
    return confidence


def _moments(
    gains: NDArray[np.float64], labels: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and summed squares of b_ia - b_ib over each class a, for all b."""
    n_clusters = gains.shape[1]
    mean, scatter = np.zeros((2, n_clusters, n_clusters))
    for k in range(n_clusters):
        d = gains[labels == k, k][:, None] - gains[labels == k]
        mean[k] = d.mean(axis=0)
        scatter[k] = ((d - mean[k]) ** 2).sum(axis=0)
    return mean, scatter


def _harmonic_means(
    counted: NDArray[np.float64], labels: NDArray[np.intp]
) -> NDArray[np.float64]:
    inverse = np.bincount(labels, 1 / np.maximum(counted, 1e-9)) / np.bincount(labels)
    means: NDArray[np.float64] = 1 / inverse
    return means


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
        Probability of the class rather than the second best: `class_confidence`.  Of a
        neuron that takes part it may be below 1/2.  0 for silent neurons.
    """
    own = matrix.of(takes_part)
    all_labels = np.full(len(takes_part), -1)
    all_labels[takes_part] = labels
    confidence = np.zeros(len(takes_part))
    confidence[takes_part] = class_confidence(own, labels)
    others = np.flatnonzero(~takes_part & (matrix.weights > 0))
    if len(others):
        left = matrix.of(others)
        all_labels[others] = class_posterior(own, labels, left).argmax(axis=1)
        confidence[others] = class_confidence(own, labels, left, all_labels[others])
    return all_labels, confidence
