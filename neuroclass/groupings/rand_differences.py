"""Adjusted Rand index, and by how much two partitions differ in it.

Input: labels.  Output: the index, and its difference with a standard error.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["rand_difference", "rand_index"]


def rand_index(labels: ArrayLike, reference: ArrayLike) -> float:
    """Return the adjusted Rand index of two labellings of the same neurons.

    Parameters
    ----------
    labels, reference : array_like, (n_neurons,)
        Any labels. Two labellings that each have one group, or only groups of one
        neuron, agree fully: 1.

    References
    ----------
    .. [1] Hubert & Arabie (1985), J. Classification 2:193-218, Eq. 5.

    Examples
    --------
    >>> rand_index([0, 0, 1, 1], [1, 1, 0, 0])
    1.0
    """
    return float(_indices(_table(labels, reference)))


def rand_difference(
    labels: ArrayLike,
    others: ArrayLike,
    reference: ArrayLike,
    other_reference: ArrayLike | None = None,
) -> tuple[float, float]:
    """Return how much better labels agree with a reference than others, and its error.

    Parameters
    ----------
    labels, others : array_like, (n_neurons,)
        Two partitions of the same neurons.
    reference : array_like, (n_neurons,)
        What they are compared with, such as known types.
    other_reference : array_like, (n_neurons,), optional
        What `others` are compared with, if it is not the same.

    Returns
    -------
    difference : float
        Adjusted Rand index of `labels` less that of `others`.
    error : float
        Its standard error over the neurons, from leaving out each in turn (the
        jackknife): that of the neurons recorded, for partitions that are given.
    """
    if other_reference is None:
        other_reference = reference
    pairs = ((labels, reference), (others, other_reference))
    one, other = (_table(*pair) for pair in pairs)
    left_out = _indices(_without_each(one, _cells(*pairs[0]))) - _indices(
        _without_each(other, _cells(*pairs[1]))
    )
    n = len(left_out)
    error = np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum())
    return float(_indices(one) - _indices(other)), float(error)


def _cells(labels: ArrayLike, reference: ArrayLike) -> NDArray[np.intp]:
    """Return the row and the column of each neuron in the table, (2, n_neurons)."""
    return np.stack(
        [np.unique(np.asarray(x), return_inverse=True)[1] for x in (labels, reference)]
    )


def _table(labels: ArrayLike, reference: ArrayLike) -> NDArray[np.float64]:
    """Return the contingency table, (n_labels, n_reference)."""
    _, one = np.unique(np.asarray(labels), return_inverse=True)
    _, other = np.unique(np.asarray(reference), return_inverse=True)
    if len(one) != len(other) or len(one) < 2:
        raise ValueError(
            f"labels and reference must label the same two or more neurons; got "
            f"{len(one)} and {len(other)} labels."
        )
    table = np.zeros((one.max() + 1, other.max() + 1))
    np.add.at(table, (one, other), 1.0)
    return table


def _without_each(
    table: NDArray[np.float64], cell: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the table without each neuron in turn, (n_neurons, *table.shape)."""
    tables = np.repeat(table[None], cell.shape[1], axis=0)
    tables[np.arange(cell.shape[1]), cell[0], cell[1]] -= 1.0
    return tables


def _indices(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the adjusted Rand index of tables, (...,) of (..., n_labels, n_types)."""

    def pairs(n: NDArray[np.float64]) -> NDArray[np.float64]:
        return n * (n - 1) / 2

    both = pairs(tables).sum(axis=(-2, -1))
    of_one = pairs(tables.sum(axis=-1)).sum(axis=-1)
    of_other = pairs(tables.sum(axis=-2)).sum(axis=-1)
    n_pairs = pairs(tables.sum(axis=(-2, -1)))
    expected = of_one * of_other / np.maximum(n_pairs, 1.0)
    largest = (of_one + of_other) / 2
    found: NDArray[np.float64] = np.divide(
        both - expected,
        largest - expected,
        out=np.ones_like(both),
        where=np.abs(largest - expected) > 1e-12,
    )
    return found
