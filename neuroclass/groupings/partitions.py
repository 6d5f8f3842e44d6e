"""Partitions of neurons by classical methods, with a number of groups or their own.

Input: features, distances or spike counts of neurons.  Output: `Partition`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import silhouette_score
from sklearn.mixture import GaussianMixture

from neuroclass._lib.checks import check_choice

try:
    from sib import SIB
except ImportError:  # a peer, not a dependency
    SIB = None

__all__ = [
    "LINKAGES",
    "MOST_GROUPS",
    "Partition",
    "has_sib",
    "k_means_partition",
    "linkage_partition",
    "mixture_partition",
    "sib_partition",
]

LINKAGES = ("average", "ward")
MOST_GROUPS = 14  # that an automatic number is chosen among
_LEAST_VARIANCE = 1e-3  # added to those of a mixture
_Number = Literal["auto"] | int


@dataclass(frozen=True, eq=False)
class Partition:
    """Groups of neurons.

    Attributes
    ----------
    labels : ndarray of int, (n_neurons,)
        Group of each neuron, from 0.
    criterion : {"silhouette", "BIC", "given"}
        How the number of groups was chosen.
    score : float
        Value of the criterion; nan for a given number.
    """

    labels: NDArray[np.intp]
    criterion: str
    score: float = float("nan")

    def __repr__(self) -> str:
        groups = f"{self.n_groups} group{'s' * (self.n_groups != 1)}"
        how = "given" if self.criterion == "given" else f"by {self.criterion}"
        score = "" if np.isnan(self.score) else f" {self.score:.2f}"
        return f"Partition({len(self.labels)} neurons, {groups} {how}{score})"

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return len(np.unique(self.labels))


def k_means_partition(
    features: ArrayLike,
    n_groups: _Number = "auto",
    *,
    n_init: int = 10,
    random_state: int | None = 0,
) -> Partition:
    """Partition neurons by k-means.

    Parameters
    ----------
    features : array_like, (n_neurons, n_features)
        Such as scaled PSTHs or their principal components.
    n_groups : "auto" or int, default "auto"
        Number of groups; "auto" is that of the largest mean silhouette, of 2 to
        `MOST_GROUPS`. No silhouette is defined for one group.
    n_init : int, default 10
        Number of starts.
    random_state : int, optional
        Seed of the starts.

    References
    ----------
    .. [1] Rousseeuw (1987), J. Computational and Applied Mathematics 20:53-65.
    """
    x = np.asarray(features, dtype=np.float64)

    def into(k: int) -> NDArray[np.intp]:
        model = KMeans(k, n_init=n_init, random_state=random_state)
        labels: NDArray[np.intp] = model.fit_predict(x)
        return labels

    with warnings.catch_warnings():
        # Fewer distinct neurons than groups: fewer groups, which the labels show.
        warnings.simplefilter("ignore", ConvergenceWarning)
        if n_groups != "auto":
            return Partition(into(_checked(n_groups, len(x))), "given")
        return _by_silhouette(into, len(x), lambda labels: silhouette_score(x, labels))


def linkage_partition(
    distances: ArrayLike,
    n_groups: _Number = "auto",
    *,
    linkage: Literal["average", "ward"] = "average",
) -> Partition:
    """Cut the tree of an agglomerative linkage.

    Parameters
    ----------
    distances : array_like, (n_neurons, n_neurons)
        Symmetric, 0 on the diagonal.
    n_groups : "auto" or int, default "auto"
        As in `k_means_partition`.
    linkage : {"average", "ward"}
        Mean distance between groups; or Ward's, the increase of squared distances
        within groups, which keeps single neurons from becoming groups.
    """
    check_choice(linkage, "linkage", LINKAGES)
    d = np.asarray(distances, dtype=np.float64)
    tree = hierarchy.linkage(squareform(d, checks=False), method=linkage)

    def into(k: int) -> NDArray[np.intp]:
        return np.asarray(hierarchy.fcluster(tree, k, "maxclust") - 1, dtype=np.intp)

    if n_groups != "auto":
        return Partition(into(_checked(n_groups, len(d))), "given")
    return _by_silhouette(
        into, len(d), lambda labels: silhouette_score(d, labels, metric="precomputed")
    )


def _by_silhouette(
    into: Callable[[int], NDArray[np.intp]],
    n_neurons: int,
    silhouette: Callable[[NDArray[np.intp]], float],
) -> Partition:
    best = Partition(np.zeros(n_neurons, np.intp), "silhouette")
    for k in range(2, min(MOST_GROUPS, n_neurons - 1) + 1):
        labels = into(k)
        if not 2 <= len(np.unique(labels)) < n_neurons:
            continue
        score = float(silhouette(labels))
        if np.isnan(best.score) or score > best.score:
            best = Partition(labels, "silhouette", score)
    return best


def mixture_partition(
    features: ArrayLike,
    n_groups: _Number = "auto",
    *,
    random_state: int | None = 0,
) -> Partition:
    """Partition neurons by a mixture of Gaussians of diagonal covariance.

    Parameters
    ----------
    features : array_like, (n_neurons, n_features)
        Such as principal components of scaled PSTHs.
    n_groups : "auto" or int, default "auto"
        Number of Gaussians; "auto" is that of the least Bayesian information
        criterion, of 1 to `MOST_GROUPS`.
    random_state : int, optional
        Seed of the start.

    References
    ----------
    .. [1] Baden et al. (2016), Nature 529:345-350.
    """
    x = np.asarray(features, dtype=np.float64)
    if n_groups == "auto":
        several = range(1, min(MOST_GROUPS, len(x)) + 1)
    else:
        several = range(_checked(n_groups, len(x)), int(n_groups) + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixtures = [
            GaussianMixture(
                k,
                covariance_type="diag",
                reg_covar=_LEAST_VARIANCE,
                random_state=random_state,
            ).fit(x)
            for k in several
        ]
    scores = [mixture.bic(x) for mixture in mixtures]
    best = int(np.argmin(scores))
    labels = np.unique(mixtures[best].predict(x), return_inverse=True)[1]
    if n_groups == "auto":
        return Partition(labels, "BIC", float(scores[best]))
    return Partition(labels, "given")


def has_sib() -> bool:
    """Return whether the package sib-clustering is installed."""
    return SIB is not None


def sib_partition(
    counts: ArrayLike, n_groups: int, *, random_state: int | None = 0
) -> Partition:
    """Partition neurons by the sequential information bottleneck of IBM.

    Parameters
    ----------
    counts : array_like, (n_neurons, n_conditions)
        Spikes of all repeats; a neuron is a distribution over conditions.
    n_groups : int
        Number of groups; the method has none of its own.
    random_state : int, optional
        Seed of the starts.

    Raises
    ------
    ImportError
        If the package sib-clustering is not installed.

    References
    ----------
    .. [1] Slonim, Friedman & Tishby (2002), SIGIR 25:129-136.
    """
    if SIB is None:
        raise ImportError(
            "the sequential information bottleneck needs sib-clustering: pip install "
            "neuroclass[bench]"
        )
    x = np.asarray(counts, dtype=np.float64)
    number = _checked(n_groups, len(x))
    model = SIB(number, n_init=10, n_jobs=1, random_state=random_state)
    return Partition(np.asarray(model.fit(x).labels_, dtype=np.intp), "given")


def _checked(n_groups: int, n_neurons: int) -> int:
    if not 1 <= n_groups <= n_neurons:
        raise ValueError(
            f"n_groups must be from 1 to the number of neurons ({n_neurons}); got "
            f"{n_groups}."
        )
    return int(n_groups)
