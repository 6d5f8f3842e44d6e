"""Gains of the timing objective by neurons that join classes, in batches of neurons.

Input: the timing matrix of very many neurons, and their classes.
Output: `TimingSums`, which stands where `ClassSums` stands for counts of words.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroclass.clustering.timing.timing_matrix import TimingMatrix
from neuroclass.clustering.timing.timing_terms import xlog2x

__all__ = ["TimingSums"]


@dataclass
class TimingSums:
    """Summed rows of classes, while neurons move between them.

    Attributes
    ----------
    matrix : TimingMatrix
        Of the neurons.
    rows : ndarray, (n_clusters, n_columns)
        Summed rows of each class.
    sizes : ndarray of int, (n_clusters,)
        Number of neurons of each class.
    values : ndarray, (n_clusters,)
        Phi of each class.
    """

    matrix: TimingMatrix
    rows: NDArray[np.float64]
    sizes: NDArray[np.intp]
    values: NDArray[np.float64]

    @classmethod
    def from_labels(cls, matrix: TimingMatrix, labels: NDArray[np.intp]) -> TimingSums:
        """Sum the rows of each class."""
        sizes = np.bincount(labels)
        rows = matrix.sums(labels, len(sizes))
        return cls(matrix, rows, sizes, matrix.values(rows))

    @classmethod
    def from_seeds(cls, matrix: TimingMatrix, seeds: NDArray[np.intp]) -> TimingSums:
        """Make a class of each of some neurons."""
        rows = matrix.counts[seeds]
        return cls(matrix, rows, np.ones(len(seeds), np.intp), matrix.values(rows))

    def __repr__(self) -> str:
        return f"TimingSums({len(self.sizes)} classes, {self.sizes.sum()} neurons)"

    @property
    def n_columns(self) -> int:
        """Number of columns of the rows."""
        return int(self.rows.shape[1])

    def objective(self) -> float:
        """Compute J, the summed values of the classes."""
        return float(self.values.sum())

    def scores(self, batch: slice) -> NDArray[np.float32]:
        """Compute about the gain of J by each neuron in each class, (n, n_clusters).

        Up to a constant for each neuron; by chords of h, exact where each share of
        spikes is the typical one of its column, and without Miller-Madow's term.
        """
        n = self.matrix.n_features
        x, step = self.rows[:, :n], self.matrix.typical
        slope = (xlog2x(x + step) - xlog2x(x)) / step
        slope -= slope.mean(axis=0)  # common to all classes, but for its rounding
        own = self.matrix.counts[batch, :n].astype(np.float32)
        scores: NDArray[np.float32] = own @ slope.astype(np.float32).T
        for column in range(2 * n, 2 * n + len(self.matrix.total_scale)):
            before = self.rows[:, column]
            both = self.matrix.counts[batch, column, None] + before
            scores -= (xlog2x(both) - xlog2x(before)).astype(np.float32)
        return scores

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
        """
        own = self.matrix.counts[batch]
        values = self.values
        gains = np.empty(candidates.shape)
        for k, places in enumerate(candidates.T):
            if takes_out and k == 0:
                without = self.matrix.values(self.rows[places] - own)
                gains[:, k] = values[places] - without
            else:
                both = self.matrix.values(self.rows[places] + own)
                gains[:, k] = both - values[places]
        if takes_out:
            gains[:, 1:][candidates[:, 1:] == candidates[:, :1]] = -np.inf
        return gains

    def move(self, neuron: int, source: int, target: int) -> None:
        """Move a neuron from one class to another, in place."""
        row = self.matrix.counts[neuron]
        for label, sign in ((source, -1), (target, 1)):
            self.rows[label] += sign * row
            self.sizes[label] += sign
        both = [source, target]
        self.values[both] = self.matrix.values(self.rows[both])
