"""Common part of the fits of the information bottleneck, without scikit-learn.

Input: the leaves of a merge tree, which are neurons or micro-clusters, and a partition.
Output: the attributes that all fits have in common, and the checks of their parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import check_choice, check_positive_int
from neuroclass.clustering.additive_matrix import AdditiveMatrix
from neuroclass.clustering.count_matrix import CountMatrix
from neuroclass.clustering.merge_tree import (
    MergeTree,
    build_merge_tree,
    leaf_order,
)
from neuroclass.clustering.n_clusters import ClusterNumber
from neuroclass.clustering.pairwise_loss import PairLosses
from neuroclass.clustering.reassignment import refine_with_restarts
from neuroclass.estimators import ESTIMATORS, Estimator

__all__ = ["METHODS", "BottleneckFit", "choose_method", "information_of_cuts"]

METHODS = ("auto", "agglomerative", "sequential")

_MEMORY = 4e9  # bytes
_MATRICES = 3  # losses, a copy that shrinks as classes merge, and the result


def choose_method(
    method: str, n_neurons: int, memory: float = _MEMORY
) -> dict[str, str]:
    """Choose the method of clustering by the memory of the matrix of all pairs.

    Parameters
    ----------
    method : {"auto", "agglomerative", "sequential"}
        Method, or "auto".
    n_neurons : int
        Number of neurons.
    memory : float, default 4e9
        Memory for the matrix of all pairs and its copies while merging, in bytes.

    Returns
    -------
    dict
        The method as "value", how it was "chosen", and "why".

    Examples
    --------
    >>> choose_method("auto", 100)["value"]
    'agglomerative'
    """
    needed = _MATRICES * 8.0 * n_neurons**2
    value = method
    if method == "auto":
        value = "sequential" if needed > memory else "agglomerative"
    fits = "does not fit" if needed > memory else "fits"
    why = (
        f"the matrix of all pairs of {n_neurons} neurons ({needed / 1e9:.2g} GB) "
        f"{fits} into {memory / 1e9:.2g} GB"
    )
    return {"value": value, "chosen": "auto", "why": why}


class BottleneckFit:
    """What all fits of the information bottleneck have in common.

    They make leaves of a merge tree, which are neurons or micro-clusters, and assign
    neurons to the classes of the leaves; the rest is here. `InformationBottleneck`
    makes them estimators of scikit-learn, which takes half a second to load.
    """

    n_clusters: Any
    estimator: Estimator
    n_restarts: int
    n_jobs: int | None
    random_state: Any

    def _generator(self) -> np.random.Generator:
        # Legacy, as scikit-learn makes of an integer: seeds keep their results.
        legacy = np.random.RandomState(self.random_state)
        return np.random.default_rng(legacy.randint(2**31))

    def _check_parameters(self) -> None:
        check_choice(self.estimator, "estimator", ESTIMATORS)
        check_positive_int(self.n_restarts, "n_restarts", minimum=0)

    def _check_n_clusters(self, n_neurons: int) -> None:
        """Refuse what is neither "auto", a possible number nor a fraction."""
        n_clusters = self.n_clusters
        if isinstance(n_clusters, bool):
            is_valid = False
        elif isinstance(n_clusters, Integral):
            is_valid = 1 <= int(n_clusters) <= n_neurons
        elif isinstance(n_clusters, Real):
            is_valid = 0 < float(n_clusters) < 1
        else:
            is_valid = n_clusters == "auto"
        if not is_valid:
            raise ValueError(
                f"n_clusters must be 'auto', an integer from 1 to the number of "
                f"neurons ({n_neurons}), or a fraction between 0 and 1; got "
                f"{n_clusters!r}."
            )

    def _partition_of_leaves(
        self,
        matrix: CountMatrix,
        tree: MergeTree,
        rng: np.random.Generator,
        *,
        select: Callable[[], ClusterNumber],
        identity_information: Callable[[], float],
    ) -> tuple[NDArray[np.intp], ClusterNumber | None]:
        """Choose the number of classes and refine the cut of the tree.

        Parameters
        ----------
        matrix : CountMatrix
            Word counts of the leaves.
        tree : MergeTree
            Their merge tree.
        rng : numpy.random.Generator
            Generator of the restarts.
        select : callable
            Selection of the number, for "auto".
        identity_information : callable
            Identity information of all neurons in bits per word, for a fraction.
        """
        selection: ClusterNumber | None = None
        if self.n_clusters == "auto":
            selection = select()
            n_clusters = min(selection.n_clusters, len(matrix.counts))
        elif isinstance(self.n_clusters, Integral):
            n_clusters = int(self.n_clusters)
        else:
            n_clusters = _fewest_classes(
                information_of_cuts(matrix, tree),
                float(self.n_clusters),
                identity_information(),
            )
        labels, _ = refine_with_restarts(
            matrix,
            tree.labels(n_clusters),
            n_restarts=self.n_restarts,
            random_state=rng,
            n_jobs=self.n_jobs,
        )
        return labels, selection

    def _set_hierarchy(
        self,
        matrix: CountMatrix | AdditiveMatrix,
        pairs: PairLosses,
        labels: NDArray[np.intp],
    ) -> None:
        """Set the attributes of the merge tree that passes through `labels`."""
        tree = build_merge_tree(matrix, pairs, labels)
        self.n_clusters_ = int(labels.max()) + 1
        self.children_ = tree.children
        self.distances_ = tree.losses / matrix.n_words
        self.information_ = information_of_cuts(matrix, tree)
        self.pairwise_losses_ = pairs.losses
        self.pairwise_losses_ /= matrix.n_words
        self.leaf_order_ = leaf_order(tree.children)

    def _cut(self, n_clusters: Any, leaves: str) -> NDArray[np.intp]:
        """Return the class of each leaf where the hierarchy has `n_clusters`."""
        n_leaves = len(self.leaf_order_)
        if not isinstance(n_clusters, Integral) or not 1 <= int(n_clusters) <= n_leaves:
            raise ValueError(
                f"n_clusters must be an integer from 1 to the number of {leaves} "
                f"({n_leaves}); got {n_clusters!r}."
            )
        return self._tree.labels(int(n_clusters))

    @property
    def _tree(self) -> MergeTree:
        return MergeTree(self.children_, self.distances_)


def information_of_cuts(
    matrix: CountMatrix | AdditiveMatrix, tree: MergeTree
) -> NDArray[np.float64]:
    """Compute the class information of each cut of a merge tree.

    Parameters
    ----------
    matrix : CountMatrix or AdditiveMatrix
        Word counts, or timing, of the leaves.
    tree : MergeTree
        Their merge tree.

    Returns
    -------
    ndarray, (n_leaves,)
        Information with index + 1 classes, in bits per word, or per spike.
    """
    lost = np.append(0.0, np.cumsum(tree.losses))
    information: NDArray[np.float64] = (lost[-1] - lost)[::-1] / matrix.n_words
    return information


def _fewest_classes(
    information: NDArray[np.float64], fraction: float, whole: float
) -> int:
    """Return the least number of classes with a fraction of the whole information."""
    if information.max() < fraction * whole:
        raise ValueError(
            f"n_micro must be enough to keep {fraction:g} of the information; "
            f"{len(information)} micro-clusters keep {information.max() / whole:.3g}. "
            "Take more."
        )
    return 1 + int(np.argmax(information >= fraction * whole))
