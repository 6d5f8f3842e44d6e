"""What it costs to merge neurons into classes: losses of pairs, the tree of merges.

Takes counts of words; a class is the sum of its members' counts, and merging two
classes loses information about which of the two spoke.  All losses are in bits times
repeats; divide by the number of counted words for bits per word.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroclass.estimators import Estimator, check_counts, repeat_term, word_term

__all__ = ["MergeTree", "Rows", "leaf_order", "merge_tree", "pairwise_losses"]

_BLOCK = 1 << 16  # table look-ups at a time, so that they stay in the cache
_MAX_TABLE = 1 << 22
_MAX_RANK_TABLE = 512


@dataclass(frozen=True)
class Rows:
    """Counts of neurons or classes laid out so that merging is adding two rows.

    Attributes
    ----------
    counts : ndarray, (n_neurons, n_features + n_patterns)
        First the words that anybody spoke, one column per condition and word; then
        the repeats, one column per set of conditions with the same repeats.
    weights : ndarray, (n_patterns,)
        How many conditions share each column of repeats.
    estimator : str
        Which estimator the losses use.
    n_words : int or float
        All counted words, of all rows together.
    """

    counts: NDArray[Any]
    weights: NDArray[np.intp]
    estimator: Estimator
    n_words: float
    _table: NDArray[np.float64] | None
    _repeat_table: NDArray[np.float64] | None

    @classmethod
    def from_counts(
        cls, counts: ArrayLike, estimator: Estimator = "miller-madow"
    ) -> "Rows":
        """Lay out counts of shape (n_neurons, n_conditions, n_words)."""
        array = check_counts(counts)
        repeats = array.sum(axis=2)
        patterns, weights = _distinct_columns(repeats)
        features = array.reshape(len(array), -1)
        features = features[:, features.any(axis=0)]
        is_integer = array.dtype.kind in "iu" or bool(np.all(array == np.floor(array)))
        if not is_integer and estimator == "jackknife":
            raise ValueError("counts must be integers for the jackknife.")
        rows = np.concatenate([features, patterns], axis=1)
        largest = int(patterns.sum(axis=0).max(initial=0)) if is_integer else _MAX_TABLE
        table = repeat_table = None
        if largest < _MAX_TABLE:
            rows = rows.astype(np.intp)
            table = word_term(np.arange(largest + 1), estimator)
            repeat_table = repeat_term(np.arange(largest + 1), estimator)
        return cls(
            counts=np.ascontiguousarray(rows),
            weights=weights,
            estimator=estimator,
            n_words=float(array.sum()),
            _table=table,
            _repeat_table=repeat_table,
        )

    @property
    def n_features(self) -> int:
        """Columns that are words."""
        return int(self.counts.shape[1]) - len(self.weights)

    @property
    def tolerance(self) -> float:
        """Losses closer than this are ties: the rounding of a sum over the columns."""
        scale = float(np.abs(self.values(self.counts)).max())
        return 1e-12 * (scale * math.sqrt(self.counts.shape[1]) + 1.0)

    def values(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """Return sum_w G(n_w) + sum_s c(R_s) of each row, (n_rows,).

        The loss of merging a and b is value(a) + value(b) - value(a + b).
        """
        values = np.empty(len(rows))
        step = max(1, _BLOCK // max(1, rows.shape[1]))
        n = self.n_features
        for start in range(0, len(rows), step):
            block = rows[start : start + step]
            if self._table is None or self._repeat_table is None:
                words = word_term(block[:, :n], self.estimator)
                repeats = repeat_term(block[:, n:], self.estimator)
            else:
                words = self._table.take(block[:, :n])
                repeats = self._repeat_table.take(block[:, n:])
            values[start : start + step] = words.sum(axis=1) + repeats @ self.weights
        return values

    def sums(self, labels: NDArray[np.intp], n_clusters: int) -> NDArray[Any]:
        """Return the summed counts of each class, (n_clusters, n_columns)."""
        sums = np.zeros((n_clusters, self.counts.shape[1]), dtype=self.counts.dtype)
        for label in range(n_clusters):
            sums[label] = self.counts[labels == label].sum(axis=0)
        return sums

    def objective(self, labels: NDArray[np.intp]) -> float:
        """Return J, the summed values of the classes; a merge lowers it by its loss."""
        _, labels = np.unique(labels, return_inverse=True)
        return float(self.values(self.sums(labels, int(labels.max()) + 1)).sum())


def _distinct_columns(
    repeats: NDArray[Any],
) -> tuple[NDArray[Any], NDArray[np.intp]]:
    if (repeats == repeats[:, :1]).all():  # the rule, and sorting columns is slow
        return repeats[:, :1], np.array([repeats.shape[1]])
    return np.unique(repeats, axis=1, return_counts=True)


def pairwise_losses(rows: Rows) -> NDArray[np.float64]:
    """Return the loss of merging each pair of neurons, symmetric, 0 on the diagonal.

    Notes
    -----
    For integer counts up to some hundreds the loss of a word depends on two small
    integers only, and that symmetric table has low rank: its eigenvectors turn all
    pairs into a few matrix products.  The table is used to its full float64 rank, so
    the losses are those of the direct sum to rounding.

    Cost: rank x n_neurons^2 x n_features multiplications, rank about 20.
    ``test_pairwise_losses_equal_the_brute_force_twin``.
    """
    values = rows.values(rows.counts)
    words = rows.counts[:, : rows.n_features]
    if rows._table is not None and words.max(initial=0) <= _MAX_RANK_TABLE:
        losses = _losses_of_words(rows, words)
        repeats = rows.counts[:, rows.n_features :]
        for column, weight in zip(repeats.T, rows.weights, strict=True):
            alone = repeat_term(column, rows.estimator)
            both = repeat_term(column[:, None] + column, rows.estimator)
            losses += weight * (alone[:, None] + alone - both)
    else:
        losses = np.empty((len(values), len(values)))
        for i in range(len(values) - 1):
            others = np.arange(i + 1, len(values))
            both = _values_of_sums(rows, rows.counts, others, i)
            losses[i, others] = losses[others, i] = values[i] + values[others] - both
    np.fill_diagonal(losses, 0.0)
    return losses


def _losses_of_words(rows: Rows, words: NDArray[np.intp]) -> NDArray[np.float64]:
    """Sum phi(a, b) = G(a) + G(b) - G(a + b) over the words, for all pairs."""
    seen, index = np.unique(words, return_inverse=True)
    index = index.reshape(words.shape)
    alone = word_term(seen, rows.estimator)
    phi = alone[:, None] + alone - word_term(seen[:, None] + seen, rows.estimator)
    eigenvalues, vectors = np.linalg.eigh(phi)
    size = np.abs(eigenvalues)
    losses = np.zeros((len(words), len(words)))
    for k in np.flatnonzero(size > 1e-16 * size.max(initial=0.0)):
        projected = vectors[:, k].take(index)
        losses += eigenvalues[k] * (projected @ projected.T)
    return (losses + losses.T) / 2


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
    losses: NDArray[np.float64] | None = None,
    labels: NDArray[np.intp] | None = None,
) -> MergeTree:
    """Merge, again and again, the two classes whose merging loses least.

    Parameters
    ----------
    rows : Rows
        Counts of the neurons.
    losses : ndarray, (n_neurons, n_neurons), optional
        From `pairwise_losses`, if at hand.
    labels : ndarray of int, (n_neurons,), optional
        A partition that the hierarchy has to pass through: no merge across its
        classes until each of them is whole.

    Returns
    -------
    MergeTree
        Ties go to the pair with the lowest neuron.

    References
    ----------
    .. [1] Slonim & Tishby (2000), Agglomerative information bottleneck, NIPS 12.
    """
    losses = pairwise_losses(rows) if losses is None else losses
    n_neurons = len(losses)
    tolerance = rows.tolerance
    node = np.arange(n_neurons)
    if labels is None:
        children, lost = _merge(rows, rows.counts, losses, node, n_neurons, tolerance)
        return MergeTree(children, lost)
    within = np.where(labels[:, None] == labels, losses, np.inf)
    children, lost = _merge(rows, rows.counts, within, node, n_neurons, tolerance)
    # The classes, whole now, are merged in their turn.
    labels = relabel(labels)
    n_clusters = int(labels.max()) + 1
    top = _nodes_of_classes(children, labels, n_clusters)
    sums = rows.sums(labels, n_clusters)
    values = rows.values(sums)
    between = np.zeros((n_clusters, n_clusters))
    for k in range(n_clusters - 1):
        both = _values_of_sums(rows, sums, np.arange(k + 1, n_clusters), k)
        between[k, k + 1 :] = between[k + 1 :, k] = values[k] + values[k + 1 :] - both
    rest, rest_lost = _merge(
        rows, sums, between, top, n_neurons + len(children), tolerance
    )
    return MergeTree(np.concatenate([children, rest]), np.append(lost, rest_lost))


def _merge(
    rows: Rows,
    counts: NDArray[Any],
    losses: NDArray[np.float64],
    node: NDArray[np.intp],
    next_node: int,
    tolerance: float,
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Merge until every loss that is left is infinite.

    A merged class lives in the slot of its lowest neuron, so the lowest slot breaks
    ties.  Each row knows its least loss; a merge changes only the losses to the new
    class, and other rows look again only if their nearest is gone.
    """
    counts, losses, node = counts.copy(), losses.copy(), node.copy()
    np.fill_diagonal(losses, np.inf)
    values = rows.values(counts)
    least = losses.min(axis=1, initial=np.inf)
    nearest = losses.argmin(axis=1) if len(losses) else np.empty(0, np.intp)
    is_alive = np.ones(len(losses), dtype=bool)
    children, lost = [], []
    while len(least) and np.isfinite(bound := least.min()):
        a = int(np.flatnonzero(least <= bound + tolerance)[0])
        b = int(np.flatnonzero(losses[a] <= bound + tolerance)[0])
        children.append(sorted((int(node[a]), int(node[b]))))
        lost.append(losses[a, b])
        counts[a] += counts[b]
        node[a] = next_node + len(children) - 1
        is_alive[b] = False
        is_allowed = is_alive & np.isfinite(losses[a])
        losses[b] = losses[:, b] = losses[a] = losses[:, a] = np.inf
        others = np.flatnonzero(is_allowed)
        values[a] = rows.values(counts[a : a + 1])[0]
        new = values[a] + values[others] - _values_of_sums(rows, counts, others, a)
        losses[a, others] = losses[others, a] = new
        least[b] = np.inf
        is_stale = is_alive & np.isin(nearest, (a, b))
        is_stale[a] = True
        stale = np.flatnonzero(is_stale)
        nearest[stale] = losses[stale].argmin(axis=1)
        least[stale] = losses[stale, nearest[stale]]
        closer = others[new < least[others]]
        nearest[closer] = a
        least[closer] = losses[closer, a]
    return np.array(children, dtype=np.intp).reshape(-1, 2), np.array(lost)


def _values_of_sums(
    rows: Rows, counts: NDArray[Any], others: NDArray[np.intp], a: int
) -> NDArray[np.float64]:
    """Return the values of the classes `others` each merged with `a`, in blocks."""
    values = np.empty(len(others))
    step = max(1, _BLOCK // max(1, counts.shape[1]))
    for start in range(0, len(others), step):
        block = others[start : start + step]
        values[start : start + step] = rows.values(counts[block] + counts[a])
    return values


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
