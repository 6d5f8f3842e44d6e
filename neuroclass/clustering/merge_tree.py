"""The tree of merges: from single neurons to one class.

Takes counts of words; a class is the sum of its members' counts, and merging two
classes loses information about which of the two spoke.  All losses are in bits times
repeats; divide by the number of counted words for bits per word.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass.clustering._compiled.loader import compiled
from neuroclass.clustering._compiled.nearest_pair import find_least
from neuroclass.clustering.count_matrix import Rows
from neuroclass.clustering.pairwise_loss import PairLosses, pairwise_losses

__all__ = ["MergeTree", "leaf_order", "merge_tree", "relabel"]

_AT_ONCE = 32  # losses; more cost little more, and fewer are looked for again
_HALF_BIT = 0.5 / np.log(2.0)  # Miller-Madow's correction for a word


@dataclass(frozen=True)
class MergeTree:
    """A hierarchy of merges.

    Attributes
    ----------
    children : ndarray of shape (n_neurons - 1, 2)
        The two nodes of each merge: below n_neurons a neuron, else merge
        ``node - n_neurons``, as in scikit-learn.
    losses : ndarray of shape (n_neurons - 1,)
        Bits times repeats lost by each merge.
    """

    children: NDArray[np.intp]
    losses: NDArray[np.float64]

    def labels(self, n_clusters: int) -> NDArray[np.intp]:
        """Return the partition into `n_clusters` that the tree passes through.

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
        """Return the neurons below each merge, sorted."""
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
    """Return labels from 0 in the order of each class's lowest neuron."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.intp)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def merge_tree(
    rows: Rows,
    pairs: PairLosses | None = None,
    labels: NDArray[np.intp] | None = None,
) -> MergeTree:
    """Merge, again and again, the two classes whose merging loses least.

    Parameters
    ----------
    rows : Rows
        Counts of the neurons.
    pairs : PairLosses, optional
        From `pairwise_losses`, if at hand.
    labels : ndarray of int, (n_neurons,), optional
        A partition that the hierarchy has to pass through: no merge across its
        classes until each of them is whole.

    Returns
    -------
    MergeTree
        Ties go to the pair with the lowest neuron.

    Notes
    -----
    Every loss begins as a lower bound: that of `pairs`, less its error, and for a
    merged class one that follows from the losses of its two parts.  Only a bound that
    is the least of all is replaced by the loss itself, summed in double precision, so
    the tree is that of exact losses (`test_tree_equals_the_brute_force_twin`,
    `test_bounds_hold_the_losses_of_merged_classes`): 56 losses a merge of 400
    neurons with 2,000 conditions, 256 of 4,000 with 1,000.

    References
    ----------
    .. [1] Slonim & Tishby (2000), Agglomerative information bottleneck, NIPS 12.
    """
    pairs = pairwise_losses(rows) if pairs is None else pairs
    n_neurons = len(pairs.losses)
    bounds = pairs.losses - pairs.error[:, None]
    bounds -= pairs.error
    is_exact = np.full(bounds.shape, not pairs.error.any())
    node = np.arange(n_neurons)
    if labels is None:
        children, lost = _merge(rows, rows.wide(), bounds, is_exact, node, n_neurons)
        return MergeTree(children, lost)
    labels = relabel(labels)
    bounds[labels[:, None] != labels] = np.inf
    children, lost = _merge(rows, rows.wide(), bounds, is_exact, node, n_neurons)
    # The classes, whole now, are merged in their turn.
    n_clusters = int(labels.max()) + 1
    top = _nodes_of_classes(children, labels, n_clusters)
    sums = rows.sums(labels, n_clusters)
    values = rows.values(sums)
    between = np.zeros((n_clusters, n_clusters))
    for k in range(n_clusters - 1):
        both = rows.values_of_sums(sums, np.arange(k + 1, n_clusters), sums[k])
        between[k, k + 1 :] = between[k + 1 :, k] = values[k] + values[k + 1 :] - both
    is_exact = np.ones(between.shape, dtype=bool)
    next_node = n_neurons + len(children)
    rest, rest_lost = _merge(rows, sums, between, is_exact, top, next_node)
    return MergeTree(np.concatenate([children, rest]), np.append(lost, rest_lost))


def _merge(
    rows: Rows,
    counts: NDArray[Any],
    bounds: NDArray[np.float64],
    is_exact: NDArray[np.bool_],
    node: NDArray[np.intp],
    next_node: int,
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Merge until every loss that is left is infinite; works in its arguments.

    A merged class lives in the slot of its lowest neuron, so the lowest slot breaks
    ties.  Each row knows the least bound to later slots, or at least what that is not
    below: a row whose nearest is gone is looked through again only when its turn may
    have come.
    """
    node = node.copy()
    np.fill_diagonal(bounds, np.inf)
    limits = _Limits.of(rows, counts)
    values = rows.values(counts)
    n_slots = len(bounds)
    least = np.full(n_slots, -np.inf)
    least[-1:] = np.inf  # nothing is right of the last
    nearest = np.zeros(n_slots, dtype=np.intp)
    is_stale = least < 0

    children, lost = [], []
    loops = compiled(bounds.size)
    search = find_least if loops is None else loops.find_least
    while len(least) and np.isfinite(
        bound := search(bounds, least, nearest, is_stale, rows.tolerance)
    ):
        a = int(np.flatnonzero(least <= bound)[0])
        places = np.flatnonzero(bounds[a] <= bound)
        if not is_exact[a, places].all():
            # The next ones, too: their turn comes soon, and several cost like one.
            others = _lowest(bounds[a], is_exact[a])
            both = rows.values_of_sums(counts, others, counts[a])
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
        after = limits.merge(rows, counts, bounds, a, b, others)
        counts[a] += counts[b]
        values[a] = rows.values(counts[a : a + 1])[0]
        node[a] = next_node + len(children) - 1
        bounds[b] = bounds[:, b] = np.inf
        bounds[a, others] = bounds[others, a] = after
        is_exact[a] = is_exact[:, a] = False
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
    """Return the places of a few of the lowest bounds that are no losses yet."""
    places = np.flatnonzero(~is_exact & np.isfinite(bounds))
    if len(places) > _AT_ONCE:
        places = places[np.argpartition(bounds[places], _AT_ONCE)[:_AT_ONCE]]
    return places


@dataclass(frozen=True)
class _Limits:
    """What is known of each class before any loss with it is computed.

    Plug-in losses are divergences, so those of three classes a, b, j obey, by the
    concavity of entropy,

        P(ab, j) >= max(P(a, j), P(b, j), (P(a, j) + P(b, j) + P(a, b)) / 2) - P(a, b).

    Miller-Madow takes 1 / (2 ln 2) off for every word that both use and gives it back
    for every condition in which both were recorded.  The jackknife takes no more than
    `jackknife_words` of both off beyond that, nor gives more than `jackknife_repeats`.
    """

    half_bit: float
    used: NDArray[np.float64]  # words that each class uses
    jackknife_words: NDArray[np.float64]
    jackknife_repeats: NDArray[np.float64]

    @classmethod
    def of(cls, rows: Rows, counts: NDArray[Any]) -> "_Limits":
        n = rows.n_features
        words, repeats = np.zeros((2, len(counts)))
        if rows.estimator == "jackknife":
            for k, row in enumerate(counts):
                words[k] = _beyond_miller_madow(row[:n]).sum()
                repeats[k] = _beyond_miller_madow(row[n:]) @ rows.weights
        return cls(
            half_bit=0.0 if rows.estimator == "plug-in" else _HALF_BIT,
            used=np.array([np.count_nonzero(row[:n]) for row in counts], dtype=float),
            jackknife_words=words,
            jackknife_repeats=repeats,
        )

    def merge(
        self,
        rows: Rows,
        counts: NDArray[Any],
        bounds: NDArray[np.float64],
        a: int,
        b: int,
        others: NDArray[np.intp],
    ) -> NDArray[np.float64]:
        """Bound the losses of a and b, merged, with others; a stands for both then."""
        n = rows.n_features
        used, of_words, of_repeats = (
            self.used,
            self.jackknife_words,
            self.jackknife_repeats,
        )
        # All three losses as Miller-Madow would have them.
        lost = bounds[a, b] + of_words[a] + of_words[b]
        from_a = bounds[a, others] - of_repeats[a] - of_repeats[others]
        from_b = bounds[b, others] - of_repeats[b] - of_repeats[others]
        shared = np.count_nonzero((counts[a, :n] > 0) & (counts[b, :n] > 0))
        union = used[a] + used[b] - shared
        recorded = ((counts[a, n:] > 0) & (counts[b, n:] > 0)) @ rows.weights
        # Words that at least two of the three use, at most.
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
        if rows.estimator == "jackknife":
            both = counts[a] + counts[b]
            of_words[a] = _beyond_miller_madow(both[:n]).sum()
            of_repeats[a] = _beyond_miller_madow(both[n:]) @ rows.weights
        after -= of_words[a] + of_words[others] + rows.tolerance
        bounded: NDArray[np.float64] = after
        return bounded


def _beyond_miller_madow(n: NDArray[Any]) -> NDArray[np.float64]:
    """Return by how much less than Miller-Madow the jackknife makes of a count.

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
    """Return the node that holds each whole class."""
    n_neurons = len(labels)
    node_label = np.append(labels, np.zeros(len(children), dtype=np.intp))
    top = np.empty(n_clusters, dtype=np.intp)
    top[labels[::-1]] = np.arange(n_neurons)[::-1]
    for k, pair in enumerate(children):
        node_label[n_neurons + k] = node_label[pair[0]]
        top[node_label[pair[0]]] = n_neurons + k
    return top


def leaf_order(children: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the neurons in the order of the tree, (n_neurons,)."""
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
