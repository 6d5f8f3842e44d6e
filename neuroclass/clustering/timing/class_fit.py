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
# A cell that made no class lies farther than members, which were put where they fit
# best: by how much the distances of such cells exceed those of members.
_BEYOND = 1.8  # of distances over their median, less 1
_BEYOND_LOG = 1.25  # of the logarithm of that


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
    members left out of their own class. With the median m of a class, r = d / m - 1 of
    a member scatters with the variance s^2 + 2 / (n m ln 2): that of the members and
    that of sampling n spikes that count; ln(d / m), which is less skewed, does with an
    s^2 of its own. Of both, over their standard deviations, the 98th percentile of the
    members is taken (the maximum, for fewer than 50), the first 1.8 times, the second
    1.25 times. The limit is the lower of the two distances. The factors were chosen on
    105 recordings of simulated populations so that of the cells of known types that
    made no class fewer than one in twenty is outside; docs/validation.md has others.
    """
    own = _distances(matrix, class_gains(matrix, labels), labels)
    gains = class_gains(matrix, labels, others)
    distance = _distances(others, gains, other_labels)
    size = np.bincount(labels)
    median = np.array([np.median(own[labels == k]) for k in range(len(size))])
    usual = float(np.median(median[size > 1])) if (size > 1).any() else 1.0
    median = np.maximum(np.where(size > 1, median, usual), 1e-9)
    of_several = size[labels] > 1  # the only member is not left out
    relative = own / median[labels]
    noise = _sampling_variance(matrix, matrix.half_weight, median[labels])
    of_class = median[other_labels]
    noise_of_others = _sampling_variance(others, matrix.half_weight, of_class)
    limits = []
    for values, beyond in (
        (relative - 1, _BEYOND),
        (np.log(np.maximum(relative, 1e-6)), _BEYOND_LOG),
    ):
        scatter = _scatter(values[of_several], noise[of_several])
        width = np.sqrt(scatter + noise)[of_several]
        farthest = beyond * _farthest(values[of_several] / width)
        limits.append(farthest * np.sqrt(scatter + noise_of_others))
    limit = of_class * np.minimum(1 + limits[0], np.exp(np.minimum(limits[1], 50.0)))
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


def _sampling_variance(
    matrix: TimingMatrix, half_weight: float, distance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the variance of sampling of distances over `distance`."""
    counted = np.maximum(counted_spikes(matrix, half_weight), 1e-9)
    variance: NDArray[np.float64] = 2 / (_LN2 * counted * distance)
    return variance


def _farthest(z: NDArray[np.float64]) -> float:
    """Return what hardly a member exceeds, at least its typical deviation."""
    if not len(z):
        return np.inf
    if len(z) < _FEW:
        return max(float(z.max()), 1.0)
    return max(float(np.quantile(z, _FARTHEST)), 1.0)


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
