"""Losses of merging classes by timing, fast and with a bound on their error.

Input: rows of a timing matrix.  Output: their values in single precision, and
`TimingBounds` for the tree of merges.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["TimingBounds", "values_in_single"]

_UNIT = 2.0**-24  # rounding of single precision
_LANES = 32  # sums that the loops keep apart, at least 8


class _Matrix(Protocol):
    @property
    def n_features(self) -> int: ...

    @property
    def n_totals(self) -> int: ...

    @property
    def loops(self) -> ModuleType | None: ...

    def values(self, rows: NDArray[np.float64]) -> NDArray[np.float64]: ...

    def values_of_sums(
        self,
        counts: NDArray[np.float64],
        others: NDArray[np.intp],
        row: NDArray[np.float64],
    ) -> NDArray[np.float64]: ...


def values_in_single(
    loops: ModuleType,
    rows: NDArray[np.float32],
    others: NDArray[np.intp],
    row: NDArray[np.float32],
    shape: tuple[int, int],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute Phi of the rows `others`, each added to `row`, and a bound on its error.

    Parameters
    ----------
    loops : module
        The compiled loops.
    rows : ndarray of single precision, (n_rows, n_columns)
        Summed rows of classes.
    others : ndarray of int
        Which of them.
    row : ndarray of single precision, (n_columns,)
        What is added to each.
    shape : tuple of int
        Numbers of columns X and Y.

    Notes
    -----
    Every term is off by some roundings of its own and of what it is of; their sum, in 8
    sums or more that are added in the end, by as many roundings as there are additions.
    """
    found = loops.single_values_of_sums(rows, others, row, *shape)
    n_roundings = rows.shape[1] / 8 + _LANES
    return found[0], _UNIT * n_roundings * found[1]


@dataclass
class TimingBounds:
    """Lower bounds of the losses of classes, while they are merged.

    Attributes
    ----------
    matrix : TimingMatrix
        Of the neurons.
    values : ndarray, (n_clusters,)
        Phi of each class.
    rows : ndarray of single precision, (n_clusters, n_columns), or None
        Summed rows of the classes; None where there are no compiled loops, and then the
        bounds are the losses.
    """

    matrix: _Matrix
    values: NDArray[np.float64]
    rows: NDArray[np.float32] | None

    @classmethod
    def from_counts(cls, matrix: _Matrix, counts: NDArray[np.float64]) -> TimingBounds:
        """Begin with the summed rows of classes."""
        rows = None if matrix.loops is None else counts.astype(np.float32)
        return cls(matrix, matrix.values(counts), rows)

    def __repr__(self) -> str:
        return f"TimingBounds({len(self.values)} classes)"

    @property
    def is_exact(self) -> bool:
        """Whether the bounds are the losses themselves."""
        return self.rows is None

    def merge(
        self,
        counts: NDArray[np.float64],
        bounds: NDArray[np.float64],
        pair: tuple[int, int],
        others: NDArray[np.intp],
    ) -> NDArray[np.float64]:
        """Bound the losses of a merged pair with others: `MergeBounds.merge`."""
        a, b = pair
        both = counts[a] + counts[b]
        self.values[a] = self.matrix.values(both[None])[0]
        apart = self.values[a] + self.values[others]
        if self.rows is None or self.matrix.loops is None:
            losses: NDArray[np.float64] = apart - self.matrix.values_of_sums(
                counts, others, both
            )
            return losses
        self.rows[a] = both
        together, error = values_in_single(
            self.matrix.loops,
            self.rows,
            others,
            self.rows[a],
            (self.matrix.n_features, self.matrix.n_totals),
        )
        bounded: NDArray[np.float64] = apart - together - error
        return bounded
