"""Counts of the words that were observed, of any kind of counts.

Input: counts of words. Output: `ObservedWords`, of which most of many possible words
take no place, and from which sums over words are sums over what was observed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["ObservedWords"]


@dataclass(frozen=True)
class ObservedWords:
    """Counts of the words that were observed, one entry for each.

    Attributes
    ----------
    shape : tuple of int
        Neurons, conditions and words.
    index : tuple of ndarray of int, (n_observed,)
        Neuron, condition and word of each entry.
    times : ndarray of int, (n_observed,)
        Repeats with this word; 0 where they were left out.
    cell : ndarray of int, (n_observed,)
        Position of the condition and word of each entry among those that any neuron
        had.
    condition : ndarray of int, (n_cells,)
        Conditions of the latter.
    """

    shape: tuple[int, int, int]
    index: tuple[NDArray[np.intp], ...]
    times: NDArray[np.int64]
    cell: NDArray[np.intp]
    condition: NDArray[np.intp]

    @classmethod
    def from_counts(cls, counts: NDArray[Any]) -> ObservedWords:
        """Return the observed words of counts, (n_neurons, n_conditions, n_words)."""
        n_neurons, n_conditions, n_words = counts.shape
        observed = np.flatnonzero(counts)
        row, word = np.divmod(observed, n_words)
        neuron, condition = np.divmod(row, n_conditions)
        code = condition * n_words + word
        occurs = np.zeros(n_conditions * n_words, dtype=np.bool_)
        occurs[code] = True
        cells = np.flatnonzero(occurs)
        position = np.cumsum(occurs) - 1
        index = neuron, condition, word
        return cls(
            shape=(n_neurons, n_conditions, n_words),
            index=index,
            times=counts[index].astype(np.int64),
            cell=position[code],
            condition=cells // n_words,
        )

    def __repr__(self) -> str:
        n_neurons, n_conditions, n_words = self.shape
        return (
            f"ObservedWords({len(self.times)} of {n_neurons} neurons, {n_conditions} "
            f"conditions and {n_words} words)"
        )

    def without(self, group: ArrayLike) -> ObservedWords:
        """Return the counts without those of some of the repeats."""
        return replace(self, times=self.times - np.asarray(group)[self.index])

    @cached_property
    def row(self) -> NDArray[np.intp]:
        """Position of each entry in a table of neurons and conditions."""
        return self.index[0] * self.shape[1] + self.index[1]

    def sum_by_row(self, each: NDArray[Any]) -> NDArray[np.float64]:
        """Return the sums of a number of each entry, (n_neurons, n_conditions)."""
        n_neurons, n_conditions, _ = self.shape
        summed: NDArray[Any] = np.bincount(self.row, each, n_neurons * n_conditions)
        return summed.reshape(n_neurons, n_conditions)

    def sum_by_condition(self, each: NDArray[Any]) -> NDArray[np.float64]:
        """Return the sums of a number of each cell, (n_conditions,)."""
        summed: NDArray[Any] = np.bincount(self.condition, each, self.shape[1])
        return summed

    @cached_property
    def repeats(self) -> NDArray[np.int64]:
        """Repeats of each neuron in each condition, (n_neurons, n_conditions)."""
        return self.sum_by_row(self.times).astype(np.int64)

    @cached_property
    def pooled(self) -> NDArray[np.int64]:
        """Counts of all neurons together, (n_cells,)."""
        summed: NDArray[Any] = np.bincount(self.cell, self.times, len(self.condition))
        return summed.astype(np.int64)
