"""What trees and partitions need of the neurons, whatever the criterion.

Input: nothing.  Output: the protocol that `TimingMatrix` and the counts of words meet.
"""

from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["AdditiveMatrix", "MergeBounds"]


class MergeBounds(Protocol):
    """Lower bounds of the losses of classes, while they are merged."""

    @property
    def is_exact(self) -> bool:
        """Whether the bounds are the losses themselves."""

    def merge(
        self,
        counts: NDArray[Any],
        bounds: NDArray[np.float64],
        pair: tuple[int, int],
        others: NDArray[np.intp],
    ) -> NDArray[np.float64]:
        """Bound the losses of merging a merged pair of classes with the others.

        Parameters
        ----------
        counts : ndarray, (n_clusters, n_columns)
            Summed rows of the classes, before the merge.
        bounds : ndarray, (n_clusters, n_clusters)
            Lower bounds of the losses, before the merge.
        pair : tuple of int
            The classes that are merged; the first stands for both from then on.
        others : ndarray of int
            All the other classes.
        """


class AdditiveMatrix(Protocol):
    """Rows of neurons that add up to rows of classes, each with a value Phi.

    The loss of merging a and b is Phi(a) + Phi(b) - Phi(a + b).
    """

    @property
    def counts(self) -> NDArray[Any]:
        """The rows of the neurons, (n_neurons, n_columns)."""

    @property
    def min_compiled(self) -> int:
        """Least number of counts for which compiled loops are loaded."""

    @property
    def tolerance(self) -> float:
        """Losses closer than this are ties."""

    @property
    def n_words(self) -> float:
        """What losses are divided by for bits per word, or per spike."""

    def of(self, neurons: NDArray[Any]) -> Self:
        """Return the rows of some neurons, with all the columns."""

    def wide(self) -> NDArray[Any]:
        """Return a copy of the rows in a type that holds sums of rows."""

    def sums(self, labels: NDArray[np.intp], n_clusters: int) -> NDArray[Any]:
        """Return the summed rows of each class, (n_clusters, n_columns)."""

    def values(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """Return Phi of each row, (n_rows,)."""

    def values_of_sums(
        self, counts: NDArray[Any], others: NDArray[np.intp], row: NDArray[Any]
    ) -> NDArray[np.float64]:
        """Return Phi of the rows `others` of `counts`, each added to `row`."""

    def pair_losses(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return losses of all pairs of neurons, and the error that each may add."""

    def merge_bounds(self, counts: NDArray[Any]) -> MergeBounds:
        """Return what bounds the losses of classes with these summed rows."""
