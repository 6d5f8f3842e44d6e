"""Agglomerative information bottleneck, as a scikit-learn estimator.

Input: word counts of neurons.
Output: classes, and the merge tree that they are a cut of: the method of Schneidman,
Bialek & Berry (2002) with the refinements of its successors.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from neuroclass.clustering.bottleneck import PredictingBottleneck
from neuroclass.clustering.bottleneck_fit import information_of_cuts
from neuroclass.clustering.count_matrix import CountMatrix
from neuroclass.clustering.merge_tree import build_merge_tree, relabel_by_size
from neuroclass.clustering.n_clusters import node_scores, select_n_clusters
from neuroclass.clustering.pairwise_loss import pairwise_losses
from neuroclass.clustering.reassignment import refine
from neuroclass.estimators import Estimator
from neuroclass.information.identity import identity_information

__all__ = ["AgglomerativeBottleneck"]


class AgglomerativeBottleneck(PredictingBottleneck):
    """Agglomerative information bottleneck clustering of neurons.

    Classes keep the most information about neuron identity: the pair of classes whose
    merging loses least is merged, from single neurons to one class.  At the reported
    number of classes neurons are then reassigned one at a time until no move raises the
    information, from the cut of the tree and from disturbed restarts, and the hierarchy
    is built anew through the best partition.

    Parameters
    ----------
    n_clusters : "auto", int or float, default "auto"
        Number of classes: selected by `select_n_clusters`, given, or (a fraction
        between 0 and 1) the fewest that keep this fraction of the identity information,
        corrected for few repeats (the blend of `identity_information`).
    estimator : {"miller-madow", "plug-in", "jackknife"}, default "miller-madow"
        Entropy estimator of the losses.
    n_restarts : int, default 8
        Number of disturbed restarts of the reassignment.
    n_jobs : int, optional
        Number of processes, as in joblib.  The result does not depend on it.
    random_state : int, RandomState or None, default 0
        Seed or generator of the restarts.

    Attributes
    ----------
    labels_ : ndarray of int, (n_neurons,)
        Classes from 0, largest first, ties by lowest neuron.
    n_clusters_ : int
        Number of classes.
    children_ : ndarray of int, (n_neurons - 1, 2)
        Hierarchy, which passes through `labels_`: two nodes of each merge, below
        n_neurons a neuron, else merge ``node - n_neurons``.
    distances_ : ndarray, (n_neurons - 1,)
        Loss of each merge, in bits per word.  Not monotone, and below 0 where two
        neurons differ less than by chance.
    information_ : ndarray, (n_neurons,)
        Information with index + 1 classes of the hierarchy, in bits per word.
    pairwise_losses_ : ndarray, (n_neurons, n_neurons)
        Loss of merging only these two, in bits per word.
    leaf_order_ : ndarray of int, (n_neurons,)
        Neurons in the order of the tree.
    selection_ : ClusterNumber or None
        Support of the selected number; None if it was given.
    n_features_in_ : int
        Number of words (times conditions).

    Notes
    -----
    Cost: ``pairwise_losses`` and as much again for the merges; memory for the matrix
    of pairs.  Ties go to the lowest index.
    ``test_tree_equals_the_brute_force_twin``.

    References
    ----------
    .. [1] Schneidman, Bialek & Berry (2002), NIPS 15, arXiv:physics/0212114.
    .. [2] Slonim & Tishby (2000), Agglomerative information bottleneck, NIPS 12.
    .. [3] Slonim, Friedman & Tishby (2002), SIGIR, doi:10.1145/564376.564401.

    Examples
    --------
    >>> counts = [[[9, 1]], [[8, 2]], [[1, 9]], [[0, 10]]]
    >>> AgglomerativeBottleneck(n_clusters=2).fit(counts).labels_.tolist()
    [0, 0, 1, 1]
    """

    def __init__(
        self,
        n_clusters: Any = "auto",
        *,
        estimator: Estimator = "miller-madow",
        n_restarts: int = 8,
        n_jobs: int | None = None,
        random_state: Any = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.estimator = estimator
        self.n_restarts = n_restarts
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Any, y: object = None) -> Self:  # noqa: N803
        """Find the classes.

        Parameters
        ----------
        X : ResponseCounts or array_like
            Word counts, (n_neurons, n_conditions, n_words), or (n_neurons, n_words)
            for a single condition.
        y : ignored

        Raises
        ------
        ValueError
            If `X` holds negative or infinite numbers, fewer than two neurons, or no
            word at all, or a parameter is out of range.
        """
        self._check_parameters()
        counts = self._check_counts(X)
        self._check_n_clusters(len(counts))
        matrix = CountMatrix.from_counts(counts, self.estimator)
        pairs = pairwise_losses(matrix)
        tree = build_merge_tree(matrix, pairs)

        def identity() -> float:
            # The blend, not the end of the curve: with few repeats that end is mostly
            # what Miller-Madow leaves of the sampling noise.
            whole = float(information_of_cuts(matrix, tree)[-1])
            if counts.dtype.kind in "iu":
                whole = min(whole, identity_information(counts).blend)
            return whole

        labels, self.selection_ = self._partition_of_leaves(
            matrix,
            tree,
            self._generator(),
            select=lambda: select_n_clusters(counts, matrix, tree, n_jobs=self.n_jobs),
            identity_information=identity,
        )
        self.labels_ = relabel_by_size(labels)
        self._set_hierarchy(matrix, pairs, labels)
        self._matrix = matrix
        sums = np.zeros((self.n_clusters_, *counts.shape[1:]))
        np.add.at(sums, self.labels_, counts)
        self._class_counts = sums
        return self

    def node_scores(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Compute the held-out z of each merge of the hierarchy: `node_scores`."""
        check_is_fitted(self)
        counts = self._check_counts(X, reset=False)
        return node_scores(counts, self._tree, self.estimator, n_jobs=self.n_jobs)

    def partition(self, n_clusters: Any) -> NDArray[np.intp]:
        """Return the refined partition into another number of classes.

        The cut of the hierarchy, reassigned; not nested in `labels_`.
        """
        cut = self._cut(n_clusters, "neurons")
        return relabel_by_size(refine(self._matrix, cut)[0])

    def _check_counts(self, X: Any, *, reset: bool = True) -> NDArray[Any]:  # noqa: N803
        counts: NDArray[Any] = self._check_array(X, reset=reset)
        if not counts.any():
            raise ValueError("X must hold at least one word; all counts are 0.")
        return counts
