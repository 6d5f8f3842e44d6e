"""The clustering itself, as a scikit-learn estimator.

Takes counts of words, gives classes: the agglomerative information bottleneck of
Schneidman, Bialek & Berry (2002) with the refinements of its successors.
"""

from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from neuroclass._lib.checks import check_choice, check_positive_int
from neuroclass.clustering.count_matrix import Rows
from neuroclass.clustering.merge_tree import MergeTree, leaf_order, merge_tree
from neuroclass.clustering.n_clusters import (
    ClusterNumber,
    node_scores,
    select_n_clusters,
)
from neuroclass.clustering.pairwise_loss import pairwise_losses
from neuroclass.clustering.reassignment import refine, refine_with_restarts
from neuroclass.estimators import ESTIMATORS, Estimator
from neuroclass.information.identity import identity_information

__all__ = ["AgglomerativeBottleneck", "by_size", "check_n_clusters", "information_kept"]


class AgglomerativeBottleneck(ClusterMixin, BaseEstimator):
    """Classes of neurons that keep the most information about who spoke.

    The pair of classes whose merging loses least is merged, from single neurons to
    one class.  At the reported number of classes neurons are then reassigned one at a
    time until none moves, from the tree's cut and from disturbed restarts, and the
    best partition anchors the hierarchy.

    Parameters
    ----------
    n_clusters : "auto", int or float, default "auto"
        How many classes: chosen by `select_n_clusters`, given, or (a fraction between
        0 and 1) the fewest that keep this fraction of the identity information,
        corrected for few repeats (the blend of `identity_information`).
    estimator : {"miller-madow", "plug-in", "jackknife"}, default "miller-madow"
        Which entropy estimator the losses use.
    n_restarts : int, default 8
        Disturbed restarts of the reassignment.
    n_jobs : int, optional
        Processes, as in joblib.  The result does not depend on it.
    random_state : int, RandomState or None, default 0
        Of the restarts.

    Attributes
    ----------
    labels_ : ndarray of shape (n_neurons,)
        Classes from 0, largest first, ties by lowest neuron.
    n_clusters_ : int
        Number of classes.
    children_ : ndarray of shape (n_neurons - 1, 2)
        The hierarchy, which passes through `labels_`: each merge's two nodes, below
        n_neurons a neuron, else merge ``node - n_neurons``.
    distances_ : ndarray of shape (n_neurons - 1,)
        Loss of each merge, bits per word.  Not monotone, and below 0 where two
        neurons differ less than chance.
    information_ : ndarray of shape (n_neurons,)
        Information kept with index + 1 classes of the hierarchy, bits per word.
    pairwise_losses_ : ndarray of shape (n_neurons, n_neurons)
        Loss if only these two are merged, bits per word.
    leaf_order_ : ndarray of shape (n_neurons,)
        Neurons in the order of the tree.
    selection_ : ClusterNumber or None
        The support of the chosen number; None if it was not chosen here.
    n_features_in_ : int
        Words (times conditions).

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

    def __sklearn_tags__(self) -> Tags:
        """Say that counts are not negative and may have three axes."""
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        tags.input_tags.three_d_array = True
        return tags

    def fit(self, X: Any, y: object = None) -> Self:  # noqa: N803
        """Find the classes.

        Parameters
        ----------
        X : ResponseCounts or array_like
            Counts, (n_neurons, n_conditions, n_words), or (n_neurons, n_words) for a
            single condition.
        y : ignored

        Raises
        ------
        ValueError
            If `X` holds negative or infinite numbers, fewer than two neurons, or no
            word at all, or a parameter is out of range.
        """
        check_choice(self.estimator, "estimator", ESTIMATORS)
        n_restarts = check_positive_int(self.n_restarts, "n_restarts", minimum=0)
        counts = self._check_counts(X)
        n_neurons = len(counts)
        check_n_clusters(self.n_clusters, n_neurons)
        rows = Rows.from_counts(counts, self.estimator)
        pairs = pairwise_losses(rows)
        tree = merge_tree(rows, pairs)
        selection: ClusterNumber | None = None
        if self.n_clusters == "auto":
            selection = select_n_clusters(counts, rows, tree, n_jobs=self.n_jobs)
            n_clusters = selection.n_clusters
        elif isinstance(self.n_clusters, Integral):
            n_clusters = int(self.n_clusters)
        else:
            n_clusters = _fewest_that_keep(float(self.n_clusters), counts, rows, tree)
        seed = check_random_state(self.random_state).randint(2**31)
        labels, _ = refine_with_restarts(
            rows,
            tree.labels(n_clusters),
            n_restarts=n_restarts,
            rng=np.random.default_rng(seed),
            n_jobs=self.n_jobs,
        )
        anchored = merge_tree(rows, pairs, labels)
        self.labels_ = by_size(labels)
        self.n_clusters_ = n_clusters
        self.children_ = anchored.children
        self.distances_ = anchored.losses / rows.n_words
        self.information_ = information_kept(rows, anchored)
        self.pairwise_losses_ = pairs.losses
        self.pairwise_losses_ /= rows.n_words
        self.leaf_order_ = leaf_order(anchored.children)
        self.selection_ = selection
        self._rows = rows
        return self

    def node_scores(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Return the held-out z of each merge of the hierarchy: `node_scores`."""
        check_is_fitted(self)
        counts = self._check_counts(X, reset=False)
        tree = MergeTree(self.children_, self.distances_)
        return node_scores(counts, tree, self.estimator, n_jobs=self.n_jobs)

    def partition(self, n_clusters: Any) -> NDArray[np.intp]:
        """Return the refined partition into another number of classes.

        The hierarchy's cut, reassigned; not nested in `labels_`.
        """
        check_is_fitted(self)
        n_neurons = len(self.labels_)
        if (
            not isinstance(n_clusters, Integral)
            or not 1 <= int(n_clusters) <= n_neurons
        ):
            raise ValueError(
                f"n_clusters must be an integer from 1 to the number of neurons "
                f"({n_neurons}); got {n_clusters!r}."
            )
        tree = MergeTree(self.children_, self.distances_)
        return by_size(refine(self._rows, tree.labels(int(n_clusters)))[0])

    def _check_counts(self, X: Any, *, reset: bool = True) -> NDArray[Any]:  # noqa: N803
        counts = getattr(X, "counts", X)
        counts = validate_data(
            self,
            counts,
            reset=reset,
            dtype="numeric",
            allow_nd=True,
            ensure_min_samples=2,
            ensure_non_negative=True,
        )
        if counts.ndim == 2:
            counts = counts[:, None, :]
        if counts.ndim != 3:
            raise ValueError(
                f"X must have the axes neuron, condition, word; got {counts.ndim} axes."
            )
        if not counts.any():
            raise ValueError("X must hold at least one word; all counts are 0.")
        array: NDArray[Any] = counts
        return array


def check_n_clusters(n_clusters: Any, n_neurons: int) -> None:
    """Refuse what is neither "auto", a possible number nor a fraction."""
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
            f"n_clusters must be 'auto', an integer from 1 to the number of neurons "
            f"({n_neurons}), or a fraction between 0 and 1; got {n_clusters!r}."
        )


def information_kept(rows: Rows, tree: MergeTree) -> NDArray[np.float64]:
    """Return the bits per word kept with index + 1 classes of the tree."""
    lost = np.append(0.0, np.cumsum(tree.losses))
    kept: NDArray[np.float64] = (lost[-1] - lost)[::-1] / rows.n_words
    return kept


def _fewest_that_keep(
    share: float, counts: NDArray[Any], rows: Rows, tree: MergeTree
) -> int:
    """Return the least K whose classes keep `share` of the identity information.

    The whole is the blend, not the end of the curve: with few repeats that end is
    mostly what Miller-Madow leaves of the sampling noise.
    """
    kept = information_kept(rows, tree)
    whole = kept[-1]
    if counts.dtype.kind in "iu":
        whole = min(whole, identity_information(counts).bits_per_word)
    return 1 + int(np.argmax(kept >= share * whole))


def by_size(labels: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return labels from 0, the largest class first, ties by lowest neuron."""
    _, first, inverse, sizes = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(len(first), dtype=np.intp)
    rank[np.lexsort((first, -sizes))] = np.arange(len(first))
    return rank[inverse]
