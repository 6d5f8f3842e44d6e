"""Information bottleneck clustering of very many neurons, as a scikit-learn estimator.

Input: word counts of neurons, where the matrix of all pairs, which
`AgglomerativeBottleneck` uses, does not fit into memory.
Output: classes, and a merge tree of micro-clusters that they are a cut of.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from neuroclass._lib.checks import check_positive_int
from neuroclass.clustering.bottleneck import PredictingBottleneck
from neuroclass.clustering.count_matrix import CountMatrix
from neuroclass.clustering.merge_tree import (
    MergeTree,
    build_merge_tree,
    relabel_by_size,
)
from neuroclass.clustering.micro_clusters import (
    find_micro_clusters,
    gather_micro_clusters,
    refine_sparse,
)
from neuroclass.clustering.n_clusters import (
    ClusterNumber,
    node_scores,
    select_n_clusters,
)
from neuroclass.clustering.pairwise_loss import pairwise_losses
from neuroclass.clustering.sparse_count_matrix import SparseCountMatrix
from neuroclass.estimators import Estimator
from neuroclass.information.identity import identity_information

__all__ = ["SequentialBottleneck"]

_MAX_TESTED = 2000  # neurons on which the splits of the tree are tested
_MIN_TESTED = 200
_MAX_SAMPLE = 1 << 27  # counts of these neurons


class SequentialBottleneck(PredictingBottleneck):
    """Information bottleneck clustering of very many neurons.

    Classes keep the most information about neuron identity: information-bottleneck
    k-means divides the neurons into some hundreds of micro-clusters; these are merged
    by the agglomerative bottleneck; at the reported number of classes single neurons
    are reassigned until no move raises the information.  Time and memory grow as the
    number of neurons, not as its square.

    Parameters
    ----------
    n_clusters : "auto", int or float, default "auto"
        As in `AgglomerativeBottleneck`.  "auto" tests the splits of the tree on at most
        2000 neurons, evenly from all micro-clusters.
    n_micro : int, default 300
        Number of micro-clusters, which are the leaves of the tree; at least the number
        of classes.  With one for every neuron the result is that of
        `AgglomerativeBottleneck`.
    n_conditions : int, default 1
        Number of conditions of a sparse matrix of counts.
    estimator : {"miller-madow", "plug-in", "jackknife"}, default "miller-madow"
        Entropy estimator of the losses.
    n_init : int, default 1
        Number of runs of k-means, each from other seeds; the best is used.
    n_restarts : int, default 8
        Number of disturbed restarts of the reassignment of whole micro-clusters.
    n_jobs : int, optional
        Number of processes, as in joblib.  The result does not depend on it.
    random_state : int, RandomState or None, default 0
        Seed or generator of the seeds of k-means and the restarts.

    Attributes
    ----------
    labels_ : ndarray of int, (n_neurons,)
        Classes from 0, largest first, ties by lowest neuron.
    n_clusters_ : int
        Number of classes.
    micro_labels_ : ndarray of int, (n_neurons,)
        Micro-cluster of each neuron, numbered by its lowest neuron; each lies within a
        class.
    n_micro_ : int
        Number of micro-clusters, at most `n_micro` and one for each class without any.
    children_, distances_, information_, pairwise_losses_, leaf_order_ : ndarray
        As in `AgglomerativeBottleneck`, with micro-clusters for neurons.
    selection_ : ClusterNumber or None
        Support of the selected number; None if it was given.
    n_features_in_ : int
        Number of words (times conditions).

    Notes
    -----
    Cost: n_neurons x n_micro x n_features for each of some ten sweeps, as matrix
    products; memory for the counts that are not 0.  Information within 1 % of the
    tree of all neurons: ``test_information_is_that_of_the_tree_of_all_neurons``.

    References
    ----------
    .. [1] Slonim, Friedman & Tishby (2002), Unsupervised document classification using
       sequential information maximization, SIGIR, doi:10.1145/564376.564401.
    .. [2] Dhillon, Mallela & Kumar (2003), A divisive information-theoretic feature
       clustering algorithm for text classification, J. Machine Learning Research
       3:1265-1287.

    Examples
    --------
    >>> counts = [[[9, 1]], [[8, 2]], [[1, 9]], [[0, 10]]]
    >>> SequentialBottleneck(n_clusters=2, n_micro=3).fit(counts).labels_.tolist()
    [0, 0, 1, 1]
    """

    _accepted = "csr"

    def __init__(
        self,
        n_clusters: Any = "auto",
        *,
        n_micro: int = 300,
        n_conditions: int = 1,
        estimator: Estimator = "miller-madow",
        n_init: int = 1,
        n_restarts: int = 8,
        n_jobs: int | None = None,
        random_state: Any = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.n_micro = n_micro
        self.n_conditions = n_conditions
        self.estimator = estimator
        self.n_init = n_init
        self.n_restarts = n_restarts
        self.n_jobs = n_jobs
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        """Declare that counts may also be sparse."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def fit(self, X: Any, y: object = None) -> Self:  # noqa: N803
        """Find the classes.

        Parameters
        ----------
        X : ResponseCounts, array_like or SciPy sparse matrix
            Word counts, (n_neurons, n_conditions, n_words), or (n_neurons, n_words)
            for a single condition; an array mapped from disk is read in blocks.
            Sparse: (n_neurons, n_conditions * n_words), the words of a condition side
            by side.
        y : ignored

        Raises
        ------
        ValueError
            If `X` holds negative or infinite numbers, fewer than two neurons, or no
            word at all, or a parameter is out of range.
        """
        self._check_parameters()
        n_init = check_positive_int(self.n_init, "n_init")
        counts = self._check_counts(X)
        self._check_n_clusters(counts.n_neurons)
        n_micro = check_positive_int(self.n_micro, "n_micro", minimum=2)
        if isinstance(self.n_clusters, Integral):
            n_micro = max(n_micro, int(self.n_clusters))
        rng = self._generator()
        micro = find_micro_clusters(
            counts, n_micro, n_init=n_init, random_state=rng, n_jobs=self.n_jobs
        )
        matrix = _matrix_of(counts, micro)
        pairs = pairwise_losses(matrix)
        tree = build_merge_tree(matrix, pairs)
        labels, self.selection_ = self._partition_of_leaves(
            matrix,
            tree,
            rng,
            select=lambda: self._select(counts, micro, tree),
            identity_information=lambda: _identity_bits(counts, micro, matrix, tree),
        )
        labels, _ = refine_sparse(counts, labels[micro])
        gathered = gather_micro_clusters(counts, micro, labels)
        if not np.array_equal(gathered, micro):
            micro = gathered
            matrix = _matrix_of(counts, micro)
            pairs = pairwise_losses(matrix)
        _, first = np.unique(micro, return_index=True)
        self.labels_ = relabel_by_size(labels)
        self.micro_labels_ = micro
        self.n_micro_ = len(first)
        self._set_hierarchy(matrix, pairs, labels[first])
        self._counts = counts
        words, _ = counts.sums(self.labels_, self.n_clusters_)
        self._class_counts = counts.dense(words).astype(np.float64)
        return self

    def node_scores(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Compute the held-out z of each merge of the hierarchy: `node_scores`.

        On at most 2000 of the neurons.
        """
        check_is_fitted(self)
        sample = _sample(
            self._check_counts(X, reset=False), self.micro_labels_, self._tree
        )
        scores = node_scores(
            sample.counts, sample.tree, self.estimator, n_jobs=self.n_jobs
        )
        return sample.of_micro(scores)

    def partition(self, n_clusters: Any) -> NDArray[np.intp]:
        """Return the refined partition into another number of classes.

        The cut of the hierarchy, reassigned; not nested in `labels_`.
        """
        cut = self._cut(n_clusters, "micro-clusters")
        return relabel_by_size(refine_sparse(self._counts, cut[self.micro_labels_])[0])

    def _check_counts(self, X: Any, *, reset: bool = True) -> SparseCountMatrix:  # noqa: N803
        counts = SparseCountMatrix.from_counts(
            self._check_array(X, reset=reset, accept_sparse=self._accepted),
            self.estimator,
            n_conditions=check_positive_int(self.n_conditions, "n_conditions"),
        )
        if not counts.n_counted:
            raise ValueError("X must hold at least one word; all counts are 0.")
        return counts

    def _select(
        self, counts: SparseCountMatrix, micro: NDArray[np.intp], tree: MergeTree
    ) -> ClusterNumber:
        sample = _sample(counts, micro, tree)
        selection = select_n_clusters(
            sample.counts,
            CountMatrix.from_counts(sample.counts, self.estimator),
            sample.tree,
            n_jobs=self.n_jobs,
        )
        return replace(selection, node_z=sample.of_micro(selection.node_z))


def _matrix_of(counts: SparseCountMatrix, micro: NDArray[np.intp]) -> CountMatrix:
    """Lay out the summed counts of micro-clusters for merging."""
    words, _ = counts.sums(micro, int(micro.max()) + 1)
    return CountMatrix.from_counts(counts.dense(words), counts.estimator)


def _identity_bits(
    counts: SparseCountMatrix,
    micro: NDArray[np.intp],
    matrix: CountMatrix,
    tree: MergeTree,
) -> float:
    """Compute the identity information of all neurons, in bits per word.

    The smaller of that by the estimator and by the blend, as in
    `AgglomerativeBottleneck`; the blend is computed on a sample of the neurons.
    """
    population = matrix.values(matrix.wide().sum(axis=0)[None])[0]
    whole = float((counts.values().sum() - population) / matrix.n_words)
    if counts.words.dtype.kind == "i":
        sample = _sample(counts, micro, tree).counts
        whole = min(whole, identity_information(sample).blend)
    return whole


@dataclass(frozen=True)
class _Sample:
    """Some neurons from all micro-clusters, and the hierarchy of these neurons."""

    counts: NDArray[Any]  # (n_sampled, n_conditions, n_words)
    tree: MergeTree
    merge: NDArray[np.intp]  # of `tree`, for each merge of micro-clusters, or -1

    def of_micro(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values of merges of the sample for those of micro-clusters, or nan."""
        return np.where(self.merge < 0, np.nan, values[self.merge])


def _sample(
    counts: SparseCountMatrix, micro: NDArray[np.intp], tree: MergeTree
) -> _Sample:
    """Take neurons evenly from all micro-clusters, with the hierarchy above them.

    A micro-cluster does not represent its neurons in the tests of splits: k-means cuts
    a continuum into pieces that lie farther apart than neurons drawn from it.
    """
    n_fitting = _MAX_SAMPLE // (counts.shape[1] * counts.shape[2])
    n = min(counts.n_neurons, _MAX_TESTED, max(_MIN_TESTED, n_fitting))
    spread = ((np.arange(n) + 0.5) * counts.n_neurons / n).astype(np.intp)
    sampled = np.sort(np.argsort(micro, kind="stable")[spread])
    node = np.full(2 * len(tree.children) + 1, -1)
    children: list[tuple[int, int]] = []

    def join(a: int, b: int) -> int:
        if a >= 0 and b >= 0:
            children.append((min(a, b), max(a, b)))
            return n + len(children) - 1
        return max(a, b)

    for place, leaf in enumerate(micro[sampled]):
        node[leaf] = join(node[leaf], place)
    merge = np.full(len(tree.children), -1)
    losses = np.zeros(n - 1)
    for k, (a, b) in enumerate(tree.children):
        node[len(tree.children) + 1 + k] = join(node[a], node[b])
        if node[a] >= 0 and node[b] >= 0:
            merge[k] = len(children) - 1
            losses[merge[k]] = tree.losses[k]
    return _Sample(
        counts.dense(counts.words[sampled].toarray().astype(counts.sum_type)),
        MergeTree(np.array(children, dtype=np.intp).reshape(-1, 2), losses),
        merge,
    )
