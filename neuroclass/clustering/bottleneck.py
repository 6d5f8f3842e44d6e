"""Common part of the information bottleneck estimators.

Input: the leaves of a merge tree, which are neurons or micro-clusters, and a partition.
Output: the attributes that both estimators have in common, and their checks.
"""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

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

__all__ = ["InformationBottleneck", "information_of_cuts"]


class InformationBottleneck(ClusterMixin, BaseEstimator):
    """Base class of `AgglomerativeBottleneck` and `SequentialBottleneck`.

    These make leaves of a merge tree, which are neurons or micro-clusters, and assign
    neurons to the classes of the leaves; the rest is here.
    """

    n_clusters: Any
    estimator: Estimator
    n_restarts: int
    n_jobs: int | None
    random_state: Any

    def __sklearn_tags__(self) -> Tags:
        """Declare that counts are not negative and may have three axes."""
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        tags.input_tags.three_d_array = True
        return tags

    def _generator(self) -> np.random.Generator:
        return np.random.default_rng(
            check_random_state(self.random_state).randint(2**31)
        )

    def _check_parameters(self) -> None:
        check_choice(self.estimator, "estimator", ESTIMATORS)
        check_positive_int(self.n_restarts, "n_restarts", minimum=0)

    def _check_array(self, X: Any, *, reset: bool, **options: Any) -> Any:  # noqa: N803
        """Return `X` as numbers, with the axes neuron, condition, word if dense."""
        counts = validate_data(
            self,
            getattr(X, "counts", X),
            reset=reset,
            dtype="numeric",
            allow_nd=True,
            ensure_min_samples=2,
            ensure_non_negative=True,
            **options,
        )
        is_sparse = not isinstance(counts, np.ndarray)
        if counts.ndim == 2 and not is_sparse:
            counts = counts[:, None, :]
        if counts.ndim != 3 and not is_sparse:
            raise ValueError(
                f"X must have the axes neuron, condition, word; got {counts.ndim} axes."
            )
        return counts

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
        check_is_fitted(self)
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
