"""Agglomerative merge tree of neurons by least loss of identity information.

Input: word counts; a class is the sum of the counts of its members, and merging two
classes loses the information about which of the two fired a word.
Output: `MergeTree`.  All losses are in bits times repeats; divided by the number of
counted words they are bits per word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass.clustering._compiled.loader import compiled_loops
from neuroclass.clustering._compiled.nearest_pair import least_bound
from neuroclass.clustering.additive_matrix import AdditiveMatrix, MergeBounds
from neuroclass.clustering.count_matrix import CountMatrix
from neuroclass.clustering.pairwise_loss import PairLosses, pairwise_losses

__all__ = [
    "LossBounds",
    "MergeTree",
    "build_merge_tree",
    "leaf_order",
    "relabel",
    "relabel_by_size",
]

_AT_ONCE = 32  # losses computed together; fewer would need more searches
_HALF_BIT = 0.5 / np.log(2.0)  # Miller-Madow's correction for a word


@dataclass(frozen=True)
class MergeTree:
    """Hierarchy of merges, from single neurons to one class.

    Attributes
    ----------
    children : ndarray of int, (n_neurons - 1, 2)
        Two nodes of each merge: below n_neurons a neuron, else merge
        ``node - n_neurons``, as in scikit-learn.
    losses : ndarray, (n_neurons - 1,)
        Loss of each merge, in bits times repeats.
    """

    children: NDArray[np.intp]
    losses: NDArray[np.float64]

    def __repr__(self) -> str:
        return f"MergeTree({len(self.children) + 1} leaves)"

    def labels(self, n_clusters: int) -> NDArray[np.intp]:
        """Return the cut of the tree into `n_clusters` classes.

        Classes are numbered by their lowest neuron.
        """
        n_neurons = len(self.children) + 1
        parent = np.arange(2 * n_neurons - 1)
        for k, pair in enumerate(self.children[: n_neurons - n_clusters]):
            parent[pair] = n_neurons + k
        for node in range(len(parent) - 1, -1, -1):
            parent[node] = parent[parent[node]]
        return relabel(parent[:n_neurons])

    def members(self) -> list[NDArray[np.intp]]:
        """Return the neurons of each merge, sorted."""
        n_neurons = len(self.children) + 1
        below: list[NDArray[np.intp]] = []
        for pair in self.children:
            parts = [
                np.array([node]) if node < n_neurons else below[node - n_neurons]
                for node in pair
            ]
            below.append(np.sort(np.concatenate(parts)))
        return below


def relabel(labels: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return labels from 0, numbered by the lowest neuron of each class."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.intp)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def relabel_by_size(labels: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return labels from 0, the largest class first, ties by lowest neuron.

    Examples
    --------
    >>> import numpy as np
    >>> relabel_by_size(np.array([0, 1, 1, 2, 1, 2])).tolist()
    [2, 0, 0, 1, 0, 1]
    """
    _, first, inverse, sizes = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(len(first), dtype=np.intp)
    rank[np.lexsort((first, -sizes))] = np.arange(len(first))
    return rank[inverse]


def build_merge_tree(
    matrix: CountMatrix | AdditiveMatrix,
    pairs: PairLosses | None = None,
    labels: NDArray[np.intp] | None = None,
) -> MergeTree:
    """Build the merge tree: merge the two classes of least loss until one is left.

    Parameters
    ----------
    matrix : CountMatrix
        Word counts of the neurons.
    pairs : PairLosses, optional
        Losses of all pairs, if known: `pairwise_losses`.
    labels : ndarray of int, (n_neurons,), optional
        Partition that the tree has to pass through: no merge across its classes until
        each of them is whole.

    Returns
    -------
    MergeTree
        Ties go to the pair with the lowest neuron.

    Notes
    -----
    Every loss begins as a lower bound: that of `pairs`, less its error, and for a
    merged class the bound that follows from the losses of its two parts
    (`LossBounds`).  Only a bound that is the least of all is replaced by the loss
    itself, summed in double precision, so the tree is that of exact losses
    (`test_tree_equals_the_brute_force_twin`,
    `test_bounds_hold_the_losses_of_merged_classes`): 56 losses a merge of 400
    neurons with 2,000 conditions, 256 of 4,000 with 1,000.

    References
    ----------
    .. [1] Slonim & Tishby (2000), Agglomerative information bottleneck, NIPS 12.
    """
    pairs = pairwise_losses(matrix) if pairs is None else pairs
    n_neurons = len(pairs.losses)
    bounds = pairs.losses - pairs.error[:, None]
    bounds -= pairs.error
    is_exact = np.full(bounds.shape, not pairs.error.any())
    node = np.arange(n_neurons)
    if labels is None:
        children, lost = _merge(
            matrix, matrix.wide(), bounds, is_exact, node=node, next_node=n_neurons
        )
        return MergeTree(children, lost)
    labels = relabel(labels)
    bounds[labels[:, None] != labels] = np.inf
    children, lost = _merge(
        matrix, matrix.wide(), bounds, is_exact, node=node, next_node=n_neurons
    )
    # Each class is one node now; these are merged next.
    n_clusters = int(labels.max()) + 1
    top = _nodes_of_classes(children, labels, n_clusters)
    sums = matrix.sums(labels, n_clusters)
    values = matrix.values(sums)
    between = np.zeros((n_clusters, n_clusters))
    for k in range(n_clusters - 1):
        both = matrix.values_of_sums(sums, np.arange(k + 1, n_clusters), sums[k])
        between[k, k + 1 :] = between[k + 1 :, k] = values[k] + values[k + 1 :] - both
    is_exact = np.ones(between.shape, dtype=bool)
    next_node = n_neurons + len(children)
    rest, rest_lost = _merge(
        matrix, sums, between, is_exact, node=top, next_node=next_node
    )
    return MergeTree(np.concatenate([children, rest]), np.append(lost, rest_lost))


def _merge(
    matrix: CountMatrix | AdditiveMatrix,
    counts: NDArray[Any],
    bounds: NDArray[np.float64],
    is_exact: NDArray[np.bool_],
    *,
    node: NDArray[np.intp],
    next_node: int,
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Merge until every loss that is left is infinite; changes its arguments in place.

    A merged class is stored in the slot of its lowest neuron, so the lowest slot breaks
    ties.  Each row stores the least bound to later slots, or a number not above it: a
    row whose nearest class was merged is searched again only when its turn may have
    come.
    """
    node = node.copy()
    np.fill_diagonal(bounds, np.inf)
    loss_bounds: MergeBounds = (
        LossBounds.from_counts(matrix, counts)
        if isinstance(matrix, CountMatrix)
        else matrix.merge_bounds(counts)
    )
    values = matrix.values(counts)
    n_slots = len(bounds)
    least = np.full(n_slots, -np.inf)
    least[-1:] = np.inf  # no column is right of the last row
    nearest = np.zeros(n_slots, dtype=np.intp)
    is_stale = least < 0

    children, lost = [], []
    loops = compiled_loops(bounds.size, matrix.min_compiled)
    search = least_bound if loops is None else loops.least_bound
    while len(least) and np.isfinite(
        bound := search(bounds, least, nearest, is_stale, matrix.tolerance)
    ):
        a = int(np.flatnonzero(least <= bound)[0])
        places = np.flatnonzero(bounds[a] <= bound)
        if not is_exact[a, places].all():
            # The next bounds, too: needed soon, and several cost as much as one.
            others = _lowest(bounds[a], is_exact[a])
            both = matrix.values_of_sums(counts, others, counts[a])
            bounds[a, others] = bounds[others, a] = values[a] + values[others] - both
            is_exact[a, others] = is_exact[others, a] = True
            is_stale[others[(others < a) & (nearest[others] == a)]] = True
            is_stale[a] = True
            continue
        b = int(places[0])
        children.append(sorted((int(node[a]), int(node[b]))))
        lost.append(bounds[a, b])
        others = np.flatnonzero(np.isfinite(bounds[a]))
        others = others[others != b]
        after = loss_bounds.merge(counts, bounds, (a, b), others)
        counts[a] += counts[b]
        values[a] = matrix.values(counts[a : a + 1])[0]
        node[a] = next_node + len(children) - 1
        bounds[b] = bounds[:, b] = np.inf
        bounds[a, others] = bounds[others, a] = after
        is_exact[a] = is_exact[:, a] = loss_bounds.is_exact
        is_stale[(nearest == a) | (nearest == b)] = True
        least[b] = np.inf
        is_closer = (after < least[others]) & (others < a)
        closer = others[is_closer]
        nearest[closer] = a
        least[closer] = after[is_closer]
        is_stale[closer] = False
        least[a] = after[others > a].min(initial=np.inf)
        is_stale[a] = True
    return np.array(children, dtype=np.intp).reshape(-1, 2), np.array(lost)


def _lowest(
    bounds: NDArray[np.float64], is_exact: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """Return the positions of a few of the lowest bounds that are not exact yet."""
    places = np.flatnonzero(~is_exact & np.isfinite(bounds))
    if len(places) > _AT_ONCE:
        places = places[np.argpartition(bounds[places], _AT_ONCE)[:_AT_ONCE]]
    return places


@dataclass(frozen=True)
class LossBounds:
    """Lower bounds of the losses of merged classes, without computing any loss.

    Plug-in losses are divergences, so those of three classes a, b, j obey, by the
    concavity of entropy,

        P(ab, j) >= max(P(a, j), P(b, j), (P(a, j) + P(b, j) + P(a, b)) / 2) - P(a, b).

    Miller-Madow subtracts 1 / (2 ln 2) for every word that occurs in both and adds it
    for every condition in which both were recorded.  Beyond that the jackknife
    subtracts no more than `jackknife_words` of both, and adds no more than
    `jackknife_repeats`.

    Attributes
    ----------
    matrix : CountMatrix
        Word counts of the neurons.
    half_bit : float
        1 / (2 ln 2), or 0 for the plug-in estimator.
    used : ndarray, (n_classes,)
        Number of words that occur in each class.
    jackknife_words, jackknife_repeats : ndarray, (n_classes,)
        Bounds of the terms of the jackknife.
    """

    matrix: CountMatrix
    half_bit: float
    used: NDArray[np.float64]
    jackknife_words: NDArray[np.float64]
    jackknife_repeats: NDArray[np.float64]

    @property
    def is_exact(self) -> bool:
        """Whether the bounds are the losses themselves: never."""
        return False

    @classmethod
    def from_counts(cls, matrix: CountMatrix, counts: NDArray[Any]) -> LossBounds:
        """Compute the terms of each class; `counts` are rows as those of `matrix`."""
        n = matrix.n_features
        words, repeats = np.zeros((2, len(counts)))
        if matrix.estimator == "jackknife":
            for k, row in enumerate(counts):
                words[k] = _beyond_miller_madow(row[:n]).sum()
                repeats[k] = _beyond_miller_madow(row[n:]) @ matrix.weights
        return cls(
            matrix=matrix,
            half_bit=0.0 if matrix.estimator == "plug-in" else _HALF_BIT,
            used=np.array([np.count_nonzero(row[:n]) for row in counts], dtype=float),
            jackknife_words=words,
            jackknife_repeats=repeats,
        )

    def merge(
        self,
        counts: NDArray[Any],
        bounds: NDArray[np.float64],
        pair: tuple[int, int],
        others: NDArray[np.intp],
    ) -> NDArray[np.float64]:
        """Bound the losses of others with the merged class of a pair.

        Parameters
        ----------
        counts : ndarray, (n_classes, n_columns)
            Summed counts of the classes before the merge.
        bounds : ndarray, (n_classes, n_classes)
            Bounds of the losses before the merge, exact for the pair.
        pair : tuple of int
            The two classes; the first stands for both from now on.
        others : ndarray of int, (n_others,)
            Other classes.

        Returns
        -------
        ndarray, (n_others,)
        """
        matrix, (a, b) = self.matrix, pair
        n = matrix.n_features
        used, of_words, of_repeats = (
            self.used,
            self.jackknife_words,
            self.jackknife_repeats,
        )
        # All three losses by Miller-Madow.
        lost = bounds[a, b] + of_words[a] + of_words[b]
        from_a = bounds[a, others] - of_repeats[a] - of_repeats[others]
        from_b = bounds[b, others] - of_repeats[b] - of_repeats[others]
        shared = np.count_nonzero((counts[a, :n] > 0) & (counts[b, :n] > 0))
        union = used[a] + used[b] - shared
        recorded = ((counts[a, n:] > 0) & (counts[b, n:] > 0)) @ matrix.weights
        # At most so many words occur in at least two of the three.
        two = np.minimum(union, (used[a] + used[b] + used[others]) / 2)
        two = np.minimum(two, shared + used[others])
        after = np.maximum(
            from_a - self.half_bit * (used[b] - recorded),
            from_b - self.half_bit * (used[a] - recorded),
        )
        after = np.maximum(
            after - lost,
            (from_a + from_b - lost - self.half_bit * (two - recorded)) / 2,
        )
        used[a] = union
        if matrix.estimator == "jackknife":
            both = counts[a] + counts[b]
            of_words[a] = _beyond_miller_madow(both[:n]).sum()
            of_repeats[a] = _beyond_miller_madow(both[n:]) @ matrix.weights
        after -= of_words[a] + of_words[others] + matrix.tolerance
        bounded: NDArray[np.float64] = after
        return bounded


def _beyond_miller_madow(n: NDArray[Any]) -> NDArray[np.float64]:
    """Return the term of Miller-Madow less that of the jackknife, by count.

    n / ln 2 - 1 / (2 ln 2) - G(n) + n log2 n, with G of the jackknife: positive,
    falling from 0.72 for n = 1 as 0.12 / n; 0 for n = 0.
    """
    several = np.maximum(n, 2).astype(np.float64)
    beyond = several * (1 + (several - 1) * np.log1p(-1 / several)) / np.log(2)
    beyond = np.where(n == 1, 2 * _HALF_BIT, beyond) - _HALF_BIT
    return np.where(n > 0, np.maximum(beyond, 0.0), 0.0)


def _nodes_of_classes(
    children: NDArray[np.intp], labels: NDArray[np.intp], n_clusters: int
) -> NDArray[np.intp]:
    """Return the node of each class."""
    n_neurons = len(labels)
    node_label = np.append(labels, np.zeros(len(children), dtype=np.intp))
    top = np.empty(n_clusters, dtype=np.intp)
    top[labels[::-1]] = np.arange(n_neurons)[::-1]
    for k, pair in enumerate(children):
        node_label[n_neurons + k] = node_label[pair[0]]
        top[node_label[pair[0]]] = n_neurons + k
    return top


def leaf_order(children: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the neurons in the order of the tree, (n_neurons,).

    Examples
    --------
    >>> import numpy as np
    >>> leaf_order(np.array([[0, 2], [1, 3]])).tolist()
    [1, 0, 2]
    """
    n_neurons = len(children) + 1
    order: list[int] = []
    stack = [2 * n_neurons - 2]
    while stack:
        node = stack.pop()
        if node < n_neurons:
            order.append(node)
        else:
            stack.extend(int(child) for child in children[node - n_neurons][::-1])
    return np.array(order, dtype=np.intp)
