"""How far neurons are from a class, and whether they fit none.

Input: timing matrix and partition of the neurons that make the classes; further
neurons. Output: distances, and which neurons are farther than members are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroclass.clustering.timing.posterior import class_gains, counted_spikes
from neuroclass.clustering.timing.timing_matrix import TimingMatrix

__all__ = ["ClassFit", "fit_to_classes"]

_LN2 = np.log(2.0)
_FARTHEST = 0.98  # share of members that are nearer than the limit
_FEW = 50  # members below which the limit is that of the farthest one


@dataclass(frozen=True, eq=False)
class ClassFit:
    """How well neurons fit the class that they are nearest to.

    Attributes
    ----------
    distance : ndarray, (n_neurons,)
        Loss of merging the neuron into its class, in bits per spike: the timing
        information about whether a spike is its own or one of the class.
    limit : ndarray, (n_neurons,)
        Distance below which a member with as many spikes would be.
    is_outside : ndarray of bool, (n_neurons,)
        Whether the distance is above the limit.
    is_chance : ndarray of bool, (n_neurons,)
        Whether all neurons together predict its spikes as well as the class does.
    """

    distance: NDArray[np.float64]
    limit: NDArray[np.float64]
    is_outside: NDArray[np.bool_]
    is_chance: NDArray[np.bool_]


def fit_to_classes(
    matrix: TimingMatrix,
    labels: NDArray[np.intp],
    others: TimingMatrix,
    other_labels: NDArray[np.intp],
) -> ClassFit:
    """Compare the distances of neurons from their class with those of its members.

    Parameters
    ----------
    matrix : TimingMatrix
        Of the neurons that make the classes.
    labels : ndarray of int, (n_neurons,)
        Their classes, from 0 without gaps.
    others : TimingMatrix
        Neurons with the same columns.
    other_labels : ndarray of int, (n_others,)
        The class that each is nearest to.

    Notes
    -----
    Distance of neuron i from class c: [Phi(i) - Phi(c + i) + Phi(c)] / (W_i n_scales),
    members left out of their own class. With the median m of a class, the ratio
    d / m - 1 of a member scatters with the variance s^2 + 2 / (n m ln 2): that of the
    members and that of sampling n spikes that count. The limit of a neuron is at the
    98th percentile of the members' ratios over their standard deviations (at the
    maximum, for fewer than 50).
    """
    own = _distances(matrix, class_gains(matrix, labels), labels)
    gains = class_gains(matrix, labels, others)
    distance = _distances(others, gains, other_labels)
    size = np.bincount(labels)
    median = np.array([np.median(own[labels == k]) for k in range(len(size))])
    usual = float(np.median(median[size > 1])) if (size > 1).any() else 1.0
    median = np.maximum(np.where(size > 1, median, usual), 1e-9)
    of_several = size[labels] > 1  # the only member is not left out
    ratio = own / median[labels] - 1
    counted = np.maximum(counted_spikes(matrix, matrix.half_weight), 1e-9)
    noise = 2 / (_LN2 * counted * median[labels])
    scatter = _scatter(ratio[of_several], noise[of_several])
    z = np.sort(ratio[of_several] / np.sqrt(scatter + noise[of_several]))
    if not len(z):
        farthest = np.inf
    elif len(z) < _FEW:
        farthest = float(z[-1])
    else:
        farthest = float(np.quantile(z, _FARTHEST))
    of_class = median[other_labels]
    counted = np.maximum(counted_spikes(others, matrix.half_weight), 1e-9)
    width = np.sqrt(scatter + 2 / (_LN2 * counted * of_class))
    limit = of_class * (1 + farthest * width)
    every = np.zeros(len(labels), np.intp)
    of_own = gains[np.arange(len(other_labels)), other_labels]
    of_all = class_gains(matrix, every, others)[:, 0]
    is_alone = int(labels.max()) == 0
    return ClassFit(
        distance=distance,
        limit=limit,
        is_outside=distance > limit,
        is_chance=(of_own <= of_all) & (not is_alone),
    )


def _scatter(ratio: NDArray[np.float64], noise: NDArray[np.float64]) -> float:
    """Return the variance of members beyond that of sampling, robustly."""
    if len(ratio) < 2:
        return 1.0
    spread = 1.4826 * float(np.median(np.abs(ratio - np.median(ratio))))
    return max(spread**2 - float(np.median(noise)), 0.01)


def _distances(
    matrix: TimingMatrix, gains: NDArray[np.float64], labels: NDArray[np.intp]
) -> NDArray[np.float64]:
    weights = matrix.weights * matrix.n_scales
    own = matrix.values(matrix.counts) / np.where(weights > 0, weights, 1.0)
    distances: NDArray[np.float64] = own - gains[np.arange(len(labels)), labels]
    return distances
