"""Gains of the objective by neurons that join classes, in batches of neurons.

Input: the sparse word counts of very many neurons, and their classes.
Output: `ClassSums`, the summed counts of the classes while neurons move, with exact
gains of the objective for a few candidate classes and approximate scores for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass.clustering.sparse_count_matrix import SparseCountMatrix

__all__ = ["COLUMN_BLOCK", "ClassSums"]

COLUMN_BLOCK = 2048  # columns of a score at a time


@dataclass
class ClassSums:
    """Summed word counts of classes, while neurons move between them.

    Attributes
    ----------
    counts : SparseCountMatrix
        Word counts of the neurons.
    words : ndarray, (n_clusters, n_features)
        Summed words of each class.
    repeats : ndarray, (n_clusters, n_patterns)
        Summed repeats of each class.
    sizes : ndarray of int, (n_clusters,)
        Number of neurons of each class.
    column_block : int
        Number of columns of words for which scores are computed at a time.
    """

    counts: SparseCountMatrix
    words: NDArray[Any]
    repeats: NDArray[Any]
    sizes: NDArray[np.intp]
    column_block: int = COLUMN_BLOCK

    @classmethod
    def from_labels(
        cls,
        counts: SparseCountMatrix,
        labels: NDArray[np.intp],
        column_block: int = COLUMN_BLOCK,
    ) -> ClassSums:
        """Sum the counts of each class."""
        sizes = np.bincount(labels)
        words, repeats = counts.sums(labels, len(sizes))
        return cls(counts, words, repeats, sizes, column_block)

    @classmethod
    def from_seeds(
        cls,
        counts: SparseCountMatrix,
        seeds: NDArray[np.intp],
        column_block: int = COLUMN_BLOCK,
    ) -> ClassSums:
        """Make a class of each of some neurons."""
        words = counts.words[seeds].toarray().astype(counts.sum_type)
        sizes = np.ones(len(seeds), np.intp)
        return cls(counts, words, counts.repeats[seeds], sizes, column_block)

    def __repr__(self) -> str:
        return f"ClassSums({len(self.sizes)} classes, {self.sizes.sum()} neurons)"

    @property
    def n_columns(self) -> int:
        """Number of columns of words."""
        return int(self.words.shape[1])

    def objective(self) -> float:
        """Compute J, the summed values of the classes, in bits times repeats."""
        words = sum(float(self.counts.word_values(row).sum()) for row in self.words)
        repeats = self.counts.repeat_values(self.repeats) @ self.counts.weights
        return words + float(repeats.sum())

    def scores(self, batch: slice) -> NDArray[np.float32]:
        """Compute about the gain of J by each neuron in each class.

        Parameters
        ----------
        batch : slice
            Range of neurons.

        Returns
        -------
        ndarray, (n, n_clusters)
            Gains, up to a constant for each neuron; exact where each word occurs its
            typical number of times.
        """
        counts = self.counts
        scores = self._repeat_gains(batch).astype(np.float32)
        block = counts.words[batch]
        for start in range(0, block.shape[1], self.column_block):
            part = slice(start, start + self.column_block)
            summed, step = self.words[:, part], counts.typical[part]
            slope = (
                counts.word_values(summed + step) - counts.word_values(summed)
            ) / step
            slope -= slope.mean(axis=0)  # common to all classes, but for its rounding
            observed = block[:, part].toarray().astype(np.float32)
            scores += observed @ slope.astype(np.float32).T
        return scores

    def _repeat_gains(self, batch: slice) -> NDArray[np.float64]:
        counts = self.counts
        gains = np.zeros((len(counts.repeats[batch]), len(self.sizes)))
        for k, weight in enumerate(counts.weights):
            distinct, inverse = np.unique(counts.repeats[batch, k], return_inverse=True)
            summed = self.repeats[:, k]
            both = counts.repeat_values(distinct[:, None] + summed)
            gains += weight * (both - counts.repeat_values(summed))[inverse]
        return gains

    def gains(
        self, batch: slice, candidates: NDArray[np.intp], *, takes_out: bool = False
    ) -> NDArray[np.float64]:
        """Compute exactly the gain of J by each neuron in each candidate class.

        Parameters
        ----------
        batch : slice
            Range of neurons.
        candidates : ndarray of int, (n, n_candidates)
            Candidate classes of each neuron.
        takes_out : bool, default False
            Whether the first candidate is the neuron's own class: its gain is then that
            over the class without the neuron, and -inf where it is a candidate again.

        Returns
        -------
        ndarray, (n, n_candidates)
            Gains, in bits times repeats.
        """
        counts = self.counts
        gains = self._word_gains(batch, candidates, takes_out)
        repeats = counts.repeats[batch]
        for k, places in enumerate(candidates.T):
            recorded = self.repeats[places]
            if takes_out and k == 0:
                recorded = recorded - repeats
            both = counts.repeat_values(recorded + repeats)
            gains[:, k] += (both - counts.repeat_values(recorded)) @ counts.weights
        if takes_out:
            gains[:, 1:][candidates[:, 1:] == candidates[:, :1]] = -np.inf
        return gains

    def _word_gains(
        self, batch: slice, candidates: NDArray[np.intp], takes_out: bool
    ) -> NDArray[np.float64]:
        counts = self.counts
        starts, columns, observed = self._entries(batch)
        if counts.loops is not None:
            compiled: NDArray[np.float64] = counts.loops.gains(
                counts.word_table,
                starts,
                columns,
                observed,
                self.words,
                candidates,
                takes_out,
            )
            return compiled
        row = np.repeat(np.arange(len(candidates)), np.diff(starts))
        all_words = self.words.reshape(-1)
        gains = np.empty(candidates.shape)
        for k, places in enumerate(candidates.T):
            summed = all_words.take(places[row] * self.words.shape[1] + columns)
            if takes_out and k == 0:
                summed -= observed
            change = counts.word_values(summed + observed) - counts.word_values(summed)
            gains[:, k] = np.bincount(row, change, len(candidates))
        return gains

    def _entries(
        self, batch: slice
    ) -> tuple[NDArray[np.intp], NDArray[np.int32], NDArray[Any]]:
        """Return where the entries of each neuron begin, their columns and counts."""
        words = self.counts.words
        starts = words.indptr[batch.start : batch.stop + 1]
        part = slice(starts[0], starts[-1])
        return starts - starts[0], words.indices[part], words.data[part]

    def move(self, neuron: int, source: int, target: int) -> None:
        """Move a neuron from one class to another, in place."""
        _, columns, observed = self._entries(slice(neuron, neuron + 1))
        for label, sign in ((source, -1), (target, 1)):
            self.words[label, columns] += sign * observed
            self.repeats[label] += sign * self.counts.repeats[neuron]
            self.sizes[label] += sign
