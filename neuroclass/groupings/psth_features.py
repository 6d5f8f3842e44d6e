"""Features of neurons from their peristimulus time histograms (PSTHs).

Input: spike counts or rates by neuron and time bin.  Output: smoothed and scaled PSTHs,
their principal components, and their correlations as distances.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter1d
from sklearn.decomposition import PCA

from neuroclass._lib.checks import check_choice, check_positive_int

__all__ = [
    "SCALINGS",
    "principal_components",
    "psth_correlation_distances",
    "scale_psth",
]

SCALINGS = ("raw", "z-scored", "maximum", "unit length", "square root")


def scale_psth(
    psth: ArrayLike,
    scaling: str = "z-scored",
    *,
    smoothing: float = 0.0,
    stimulus: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Smooth the PSTHs of neurons within each stimulus, and scale those of each neuron.

    Parameters
    ----------
    psth : array_like, (n_neurons, n_conditions)
        Spike counts or rates; a condition is one time bin of one stimulus.
    scaling : {"raw", "z-scored", "maximum", "unit length", "square root"}
        Nothing; mean 0 and variance 1 of each neuron; over its largest value; over its
        Euclidean norm; the square root of its share of the spikes.
    smoothing : float, default 0
        Standard deviation of a Gaussian, in bins.
    stimulus : array_like of int, (n_conditions,), optional
        Stimulus of each condition, those of one side by side; by default one stimulus.

    Returns
    -------
    ndarray, (n_neurons, n_conditions)
        Neurons without a spike are 0 throughout.

    Raises
    ------
    ValueError
        If the scaling is none of these, or shapes do not agree.
    """
    check_choice(scaling, "scaling", SCALINGS)
    x = np.asarray(psth, dtype=np.float64)
    if x.ndim != 2:
        raise ValueError(
            f"psth must have the axes neuron and condition; got {x.ndim} axes."
        )
    of = np.zeros(x.shape[1], int) if stimulus is None else np.asarray(stimulus)
    if of.shape != x.shape[1:]:
        raise ValueError(
            f"stimulus must have one entry per condition ({x.shape[1]}); got shape "
            f"{of.shape}."
        )
    if smoothing:
        edges = np.flatnonzero(np.diff(of)) + 1
        x = np.concatenate(
            [
                gaussian_filter1d(part, smoothing, axis=1, mode="nearest")
                for part in np.split(x, edges, axis=1)
            ],
            axis=1,
        )
    if scaling == "raw":
        return x
    if scaling == "z-scored":
        centred = x - x.mean(axis=1, keepdims=True)
        scaled: NDArray[np.float64] = centred / (x.std(axis=1, keepdims=True) + 1e-9)
        return scaled
    if scaling == "unit length":
        return x / _no_zero(np.linalg.norm(x, axis=1, keepdims=True))
    if scaling == "square root":
        return np.sqrt(x / _no_zero(x.sum(axis=1, keepdims=True)))
    return x / _no_zero(x.max(axis=1, keepdims=True))


def _no_zero(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(x > 0, x, 1.0)


def principal_components(features: ArrayLike, most: int = 10) -> NDArray[np.float64]:
    """Return the first principal components of features, (n_neurons, at most `most`).

    Parameters
    ----------
    features : array_like, (n_neurons, n_features)
        Such as scaled PSTHs.
    most : int, default 10
        Number of components, if there are so many neurons and features.
    """
    x = np.asarray(features, dtype=np.float64)
    most = check_positive_int(most, "most")
    found: NDArray[np.float64] = PCA(min(most, *x.shape)).fit_transform(x)
    return found


def psth_correlation_distances(psth: ArrayLike) -> NDArray[np.float64]:
    """Return 1 less the Pearson correlation of each two rows, (n_neurons, n_neurons).

    Parameters
    ----------
    psth : array_like, (n_neurons, n_conditions)
        Smoothed PSTHs; a constant one has the distance 1 to all others.
    """
    z = scale_psth(psth, "z-scored")
    distances = np.clip(1.0 - z @ z.T / z.shape[1], 0.0, 2.0)
    np.fill_diagonal(distances, 0.0)
    symmetric: NDArray[np.float64] = (distances + distances.T) / 2
    return symmetric
