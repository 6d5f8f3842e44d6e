"""The clustering of very many neurons, as a scikit-learn estimator.

Takes counts of words, gives classes: where the matrix of all pairs, on which
`AgglomerativeBottleneck` stands, does not fit, the tree is made of micro-classes.
"""

from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from neuroclass._lib.checks import check_choice, check_positive_int
from neuroclass.clustering.agglomerative import (
    by_size,
    check_n_clusters,
    information_kept,
)
from neuroclass.clustering.count_matrix import Rows
from neuroclass.clustering.merge_tree import MergeTree, leaf_order, merge_tree
from neuroclass.clustering.micro_clusters import find_micro_classes, gather, reassign
from neuroclass.clustering.n_clusters import (
    ClusterNumber,
    node_scores,
    select_n_clusters,
)
from neuroclass.clustering.pairwise_loss import pairwise_losses
from neuroclass.clustering.reassignment import refine_with_restarts
from neuroclass.clustering.sparse_count_matrix import SparseCounts
from neuroclass.estimators import ESTIMATORS, Estimator
from neuroclass.information.identity import identity_information

__all__ = ["METHODS", "SequentialBottleneck", "choose_method"]

METHODS = ("auto", "agglomerative", "sequential")

_MAX_TESTED = 2000  # neurons on which the splits of the tree are tested
_MEMORY = 4e9  # bytes
_MATRICES = 3  # losses, a copy that shrinks as classes merge, and what comes out
_MIN_TESTED = 200
_MAX_SAMPLE = 1 << 27  # counts of these neurons


def choose_method(
    method: str, n_neurons: int, memory: float = _MEMORY
) -> dict[str, str]:
    """Return as "value" which of the methods is used, and "why".

    Parameters
    ----------
    method : {"auto", "agglomerative", "sequential"}
        What was asked for.
    n_neurons : int
        How many neurons there are.
    memory : float, default 4e9
        Bytes that the matrix of pairs may take, with its copies while it is merged.
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


class SequentialBottleneck(ClusterMixin, BaseEstimator):
    """Classes of very many neurons that keep the most information about who spoke.

    Information-bottleneck k-means puts the neurons into some hundreds of micro-classes;
    these are merged by the agglomerative bottleneck; at the reported number of classes
    single neurons are reassigned until none moves.  Time and memory grow as the number
    of neurons, not as its square.

    Parameters
    ----------
    n_clusters : "auto", int or float, default "auto"
        As in `AgglomerativeBottleneck`.  "auto" tests the splits of the tree on at most
        2000 neurons, evenly from all micro-classes.
    n_micro : int, default 300
        Micro-classes, which are the leaves of the tree; at least the classes wanted.
        With one for every neuron the result is that of `AgglomerativeBottleneck`.
    n_conditions : int, default 1
        Conditions of a sparse matrix of counts.
    estimator : {"miller-madow", "plug-in", "jackknife"}, default "miller-madow"
        Which entropy estimator the losses use.
    n_init : int, default 1
        How often k-means begins anew, from other seeds; the best is kept.
    n_restarts : int, default 8
        Disturbed restarts of the reassignment, of whole micro-classes.
    n_jobs : int, optional
        Processes, as in joblib.  The result does not depend on it.
    random_state : int, RandomState or None, default 0
        Of seeds and restarts.

    Attributes
    ----------
    labels_ : ndarray of shape (n_neurons,)
        Classes from 0, largest first, ties by lowest neuron.
    n_clusters_ : int
        Number of classes.
    micro_labels_ : ndarray of shape (n_neurons,)
        Micro-class of each neuron, numbered by its lowest neuron; each lies within a
        class.
    n_micro_ : int
        Number of micro-classes, at most `n_micro` but for those that a class without
        one gets.
    children_ : ndarray of shape (M - 1, 2)
        The hierarchy, which passes through `labels_`: each merge's two nodes, below
        M a micro-class, else merge ``node - M``.
    distances_ : ndarray of shape (M - 1,)
        Loss of each merge, bits per word.
    information_ : ndarray of shape (M,)
        Information kept with index + 1 classes of the hierarchy, bits per word.
    pairwise_losses_ : ndarray of shape (M, M)
        Loss if only these two micro-classes are merged, bits per word.
    leaf_order_ : ndarray of shape (M,)
        Micro-classes in the order of the tree.
    selection_ : ClusterNumber or None
        The support of the chosen number; None if it was not chosen here.
    n_features_in_ : int
        Words (times conditions).

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
        """Say that counts are not negative, and may have three axes or be sparse."""
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        tags.input_tags.three_d_array = True
        tags.input_tags.sparse = True
        return tags

    def fit(self, X: Any, y: object = None) -> Self:  # noqa: N803
        """Find the classes.

        Parameters
        ----------
        X : ResponseCounts, array_like or SciPy sparse matrix
            Counts, (n_neurons, n_conditions, n_words), or (n_neurons, n_words) for a
            single condition; an array mapped from disk is read in blocks.  Sparse:
            (n_neurons, n_conditions * n_words), the words of a condition side by side.
        y : ignored

        Raises
        ------
        ValueError
            If `X` holds negative or infinite numbers, fewer than two neurons, or no
            word at all, or a parameter is out of range.
        """
        check_choice(self.estimator, "estimator", ESTIMATORS)
        n_restarts = check_positive_int(self.n_restarts, "n_restarts", minimum=0)
        n_init = check_positive_int(self.n_init, "n_init")
        counts = self._check_counts(X)
        n_neurons = counts.n_neurons
        check_n_clusters(self.n_clusters, n_neurons)
        n_micro = check_positive_int(self.n_micro, "n_micro", minimum=2)
        if isinstance(self.n_clusters, Integral):
            n_micro = max(n_micro, int(self.n_clusters))
        rng = np.random.default_rng(
            check_random_state(self.random_state).randint(2**31)
        )
        micro = find_micro_classes(
            counts, n_micro, n_init=n_init, rng=rng, n_jobs=self.n_jobs
        )
        rows = _rows(counts, micro)
        pairs = pairwise_losses(rows)
        tree = merge_tree(rows, pairs)
        selection: ClusterNumber | None = None
        if self.n_clusters == "auto":
            sample = _sample(counts, micro, tree)
            selection = select_n_clusters(
                sample.counts,
                Rows.from_counts(sample.counts, self.estimator),
                sample.tree,
                n_jobs=self.n_jobs,
            )
            selection = replace(selection, node_z=sample.of_micro(selection.node_z))
            n_clusters = min(selection.n_clusters, len(rows.counts))
        elif isinstance(self.n_clusters, Integral):
            n_clusters = int(self.n_clusters)
        else:
            n_clusters = _fewest_that_keep(
                float(self.n_clusters), counts, micro, rows, tree
            )
        labels, _ = refine_with_restarts(
            rows,
            tree.labels(n_clusters),
            n_restarts=n_restarts,
            rng=rng,
            n_jobs=self.n_jobs,
        )
        labels, _ = reassign(counts, labels[micro])
        gathered = gather(counts, micro, labels)
        if not np.array_equal(gathered, micro):
            micro = gathered
            rows = _rows(counts, micro)
            pairs = pairwise_losses(rows)
        _, first = np.unique(micro, return_index=True)
        anchored = merge_tree(rows, pairs, labels[first])
        self.labels_ = by_size(labels)
        self.n_clusters_ = n_clusters
        self.micro_labels_ = micro
        self.n_micro_ = len(first)
        self.children_ = anchored.children
        self.distances_ = anchored.losses / rows.n_words
        self.information_ = information_kept(rows, anchored)
        self.pairwise_losses_ = pairs.losses
        self.pairwise_losses_ /= rows.n_words
        self.leaf_order_ = leaf_order(anchored.children)
        self.selection_ = selection
        self._counts = counts
        return self

    def node_scores(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Return the held-out z of each merge of the hierarchy: `node_scores`.

        On at most 2000 of the neurons.
        """
        check_is_fitted(self)
        counts = self._check_counts(X, reset=False)
        tree = MergeTree(self.children_, self.distances_)
        sample = _sample(counts, self.micro_labels_, tree)
        scores = node_scores(
            sample.counts, sample.tree, self.estimator, n_jobs=self.n_jobs
        )
        return sample.of_micro(scores)

    def partition(self, n_clusters: Any) -> NDArray[np.intp]:
        """Return the reassigned partition into another number of classes.

        The hierarchy's cut, reassigned; not nested in `labels_`.
        """
        check_is_fitted(self)
        if (
            not isinstance(n_clusters, Integral)
            or not 1 <= int(n_clusters) <= self.n_micro_
        ):
            raise ValueError(
                f"n_clusters must be an integer from 1 to the number of micro-classes "
                f"({self.n_micro_}); got {n_clusters!r}."
            )
        tree = MergeTree(self.children_, self.distances_)
        cut = tree.labels(int(n_clusters))[self.micro_labels_]
        return by_size(reassign(self._counts, cut)[0])

    def _check_counts(self, X: Any, *, reset: bool = True) -> SparseCounts:  # noqa: N803
        counts = validate_data(
            self,
            getattr(X, "counts", X),
            reset=reset,
            accept_sparse="csr",
            dtype="numeric",
            allow_nd=True,
            ensure_min_samples=2,
            ensure_non_negative=True,
        )
        if counts.ndim == 2 and not issparse(counts):
            counts = counts[:, None, :]
        if counts.ndim not in (2, 3):
            raise ValueError(
                f"X must have the axes neuron, condition, word; got {counts.ndim} axes."
            )
        laid_out = SparseCounts.from_counts(
            counts,
            self.estimator,
            n_conditions=check_positive_int(self.n_conditions, "n_conditions"),
        )
        if not laid_out.n_spoken:
            raise ValueError("X must hold at least one word; all counts are 0.")
        return laid_out


def _rows(counts: SparseCounts, micro: NDArray[np.intp]) -> Rows:
    """Lay out micro-classes for merging."""
    words, _ = counts.sums(micro, int(micro.max()) + 1)
    return Rows.from_counts(counts.dense(words), counts.estimator)


@dataclass(frozen=True)
class _Sample:
    """Some neurons from all micro-classes, and what the hierarchy is for them."""

    counts: NDArray[Any]  # (n_sampled, n_conditions, n_words)
    tree: MergeTree
    merge: NDArray[np.intp]  # of `tree`, for each merge of micro-classes, or -1

    def of_micro(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values of the sample's merges for those of micro-classes, or nan."""
        return np.where(self.merge < 0, np.nan, values[self.merge])


def _sample(counts: SparseCounts, micro: NDArray[np.intp], tree: MergeTree) -> _Sample:
    """Take neurons evenly from all micro-classes, and the hierarchy above them.

    A micro-class is no stand-in for its neurons: k-means cuts a continuum into pieces
    that lie farther apart than neurons drawn from it.
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


def _fewest_that_keep(
    share: float,
    counts: SparseCounts,
    micro: NDArray[np.intp],
    rows: Rows,
    tree: MergeTree,
) -> int:
    """Return the least K whose classes keep `share` of the identity information.

    That of all neurons is the smaller of what the estimator and the blend say, as in
    `AgglomerativeBottleneck`; the blend is measured on a sample of the neurons.
    """
    kept = information_kept(rows, tree)
    everyone = rows.values(rows.wide().sum(axis=0)[None])[0]
    whole = (counts.values().sum() - everyone) / rows.n_words
    if counts.words.dtype.kind == "i":
        sample = _sample(counts, micro, tree).counts
        whole = min(whole, identity_information(sample).bits_per_word)
    if kept.max() < share * whole:
        raise ValueError(
            f"n_micro must be enough to keep {share:g} of the information; "
            f"{len(kept)} micro-classes keep {kept.max() / whole:.3g}. Take more."
        )
    return 1 + int(np.argmax(kept >= share * whole))
