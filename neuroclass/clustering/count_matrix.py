"""Word counts of neurons as a matrix: merging two neurons adds two rows.

Input: word counts, (n_neurons, n_conditions, n_words).
Output: the value of each row for the objective; losses of merges and gains of moves
are differences of values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroclass.clustering._compiled.loader import MIN_COMPILED, compiled_loops
from neuroclass.estimators import Estimator, check_counts, repeat_term, word_term

__all__ = ["CountMatrix", "distinct_columns"]

_BLOCK = 1 << 16  # table look-ups at a time, so that they stay in the cache
_MAX_TABLE = 1 << 22


@dataclass(frozen=True)
class CountMatrix:
    """Word counts of neurons, one row each.

    Attributes
    ----------
    counts : ndarray, (n_neurons, n_features + n_patterns)
        First the observed words, one column per condition and word; then the repeats,
        one column per set of conditions with the same repeats.  In the smallest type
        of integer that holds them; `sums` of rows are wider.
    weights : ndarray, (n_patterns,)
        Number of conditions that share each column of repeats.
    estimator : {"miller-madow", "plug-in", "jackknife"}
        Entropy estimator of the losses.
    n_words : int or float
        Number of counted words, of all rows together.
    min_compiled : int
        Least number of counts for which compiled loops are loaded.
    """

    counts: NDArray[Any]
    weights: NDArray[np.intp]
    estimator: Estimator
    n_words: float
    min_compiled: int
    _table: NDArray[np.float64] | None
    _repeat_table: NDArray[np.float64] | None
    _n_counts: int
    _tolerance: float | None = None

    @classmethod
    def from_counts(
        cls,
        counts: ArrayLike,
        estimator: Estimator = "miller-madow",
        *,
        min_compiled: int = MIN_COMPILED,
    ) -> CountMatrix:
        """Lay out word counts as a matrix.

        Parameters
        ----------
        counts : array_like, (n_neurons, n_conditions, n_words)
            Word counts.
        estimator : {"miller-madow", "plug-in", "jackknife"}
            Entropy estimator of the losses.
        min_compiled : int, default 524288
            Least number of counts for which compiled loops are loaded.
        """
        array = check_counts(counts)
        is_integer = array.dtype.kind in "iu" or bool(np.all(array == np.floor(array)))
        if not is_integer and estimator == "jackknife":
            raise ValueError("counts must be integers for the jackknife.")
        repeats = _sum_of_words(array, np.int64 if is_integer else np.float64)
        patterns, weights = distinct_columns(repeats)
        largest = int(patterns.sum(axis=0).max(initial=0)) if is_integer else _MAX_TABLE
        table = repeat_table = None
        if largest < _MAX_TABLE:
            array = array.astype(np.min_scalar_type(patterns.max(initial=0)))
            table = word_term(np.arange(largest + 1), estimator)
            repeat_table = repeat_term(np.arange(largest + 1), estimator)
        features = array.reshape(len(array), -1)
        used = np.flatnonzero(features.any(axis=0))
        # Row by row in memory: a neuron is read whole, and a mask would turn it round.
        rows = np.empty((len(array), len(used) + patterns.shape[1]), array.dtype)
        np.take(features, used, axis=1, out=rows[:, : len(used)])
        rows[:, len(used) :] = patterns
        return cls(
            counts=rows,
            weights=weights,
            estimator=estimator,
            n_words=float(repeats.sum()),
            min_compiled=min_compiled,
            _table=table,
            _repeat_table=repeat_table,
            _n_counts=rows.size,
        )

    def __repr__(self) -> str:
        return (
            f"CountMatrix({len(self.counts)} neurons, {self.n_features} columns of "
            f"words, {self.n_words:g} words, {self.estimator})"
        )

    def of(self, neurons: NDArray[np.intp]) -> CountMatrix:
        """Return the rows of some neurons, with all columns."""
        counts = self.counts[neurons]
        repeats = counts[:, self.n_features :].sum(axis=0, dtype=self._wide_type)
        table, repeat_table = self._table, self._repeat_table
        if table is not None and repeat_table is not None:
            largest = int(repeats.max(initial=0))
            table, repeat_table = table[: largest + 1], repeat_table[: largest + 1]
        return replace(
            self,
            counts=counts,
            n_words=float(repeats @ self.weights),
            _table=table,
            _repeat_table=repeat_table,
            _tolerance=self.tolerance,
        )

    @property
    def loops(self) -> ModuleType | None:
        """Compiled loops, or None where numba is missing or the counts are few.

        Counts of a part of the neurons are as many as those of all neurons here.
        """
        if self._table is None:
            return None
        return compiled_loops(self._n_counts, self.min_compiled)

    @property
    def tables(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Terms of a word and of a repeat by their count, where `has_tables`."""
        if self._table is None or self._repeat_table is None:
            raise TypeError(
                "counts must be integers, and few enough for a table of their terms."
            )
        return self._table, self._repeat_table

    @property
    def n_features(self) -> int:
        """Number of columns that are words."""
        return int(self.counts.shape[1]) - len(self.weights)

    @property
    def has_tables(self) -> bool:
        """Whether counts are integers, and few enough for tables of their terms."""
        return self._table is not None

    @cached_property
    def tolerance(self) -> float:
        """Difference below which losses are ties: rounding of a sum over columns."""
        if self._tolerance is not None:
            return self._tolerance
        # Without the compiled loops, which take longer to load than this takes.
        scale = float(np.abs(self._values_in_blocks(self.counts)).max())
        return 1e-12 * (scale * math.sqrt(self.counts.shape[1]) + 1.0)

    def values(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """Compute sum_w G(n_w) + sum_s c(R_s) of each row, (n_rows,).

        The loss of merging a and b is value(a) + value(b) - value(a + b).
        """
        n = self.n_features
        if self.loops is not None:
            words: NDArray[np.float64] = self.loops.values(self._table, rows, n)
            return words + self._values_of_repeats(rows[:, n:])
        return self._values_in_blocks(rows)

    def _values_in_blocks(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        n = self.n_features
        values = np.empty(len(rows))
        step = max(1, _BLOCK // max(1, rows.shape[1]))
        for start in range(0, len(rows), step):
            block = rows[start : start + step]
            terms = (
                word_term(block[:, :n], self.estimator)
                if self._table is None
                else self._table.take(block[:, :n])
            )
            values[start : start + step] = terms.sum(axis=1)
        return values + self._values_of_repeats(rows[:, n:])

    def values_of_sums(
        self, counts: NDArray[Any], others: NDArray[np.intp], row: NDArray[Any]
    ) -> NDArray[np.float64]:
        """Compute the values of the rows `others` of `counts`, each added to `row`."""
        n = self.n_features
        if self.loops is not None:
            words: NDArray[np.float64] = self.loops.values_of_sums(
                self._table, counts, others, row, n
            )
            return words + self._values_of_repeats(counts[others, n:] + row[n:])
        values = np.empty(len(others))
        step = max(1, _BLOCK // max(1, counts.shape[1]))
        for start in range(0, len(others), step):
            block = others[start : start + step]
            values[start : start + step] = self.values(counts[block] + row)
        return values

    def _values_of_repeats(self, repeats: NDArray[Any]) -> NDArray[np.float64]:
        terms = (
            repeat_term(repeats, self.estimator)
            if self._repeat_table is None
            else self._repeat_table.take(repeats)
        )
        values: NDArray[np.float64] = terms @ self.weights
        return values

    def wide(self) -> NDArray[Any]:
        """Return a copy of the counts, in a type that holds the sums of rows."""
        return self.counts.astype(self._wide_type)

    @property
    def _wide_type(self) -> Any:
        if self.counts.dtype.kind == "f":
            return self.counts.dtype
        return np.int64 if self._table is None else np.int32

    def sums(self, labels: NDArray[np.intp], n_clusters: int) -> NDArray[Any]:
        """Compute the summed counts of each class, (n_clusters, n_columns)."""
        sums = np.zeros((n_clusters, self.counts.shape[1]), dtype=self._wide_type)
        for label in range(n_clusters):
            self.counts[labels == label].sum(
                axis=0, dtype=self._wide_type, out=sums[label]
            )
        return sums

    def objective(self, labels: NDArray[np.intp]) -> float:
        """Compute J, the summed values of classes; a merge lowers it by its loss."""
        _, labels = np.unique(labels, return_inverse=True)
        return float(self.values(self.sums(labels, int(labels.max()) + 1)).sum())


def _sum_of_words(counts: NDArray[Any], dtype: Any) -> NDArray[Any]:
    """Return the sums over the last axis; numpy is slow where this axis is short."""
    total = np.zeros(counts.shape[:2], dtype=dtype)
    if counts.shape[2] > 64:
        total += counts.sum(axis=2, dtype=dtype)
        return total
    for word in range(counts.shape[2]):
        total += counts[:, :, word].astype(dtype, copy=False)
    return total


def distinct_columns(
    repeats: NDArray[Any],
) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return the distinct columns, and the number of columns equal to each."""
    if (repeats == repeats[:, :1]).all():  # the rule, and sorting columns is slow
        return repeats[:, :1].copy(), np.array([repeats.shape[1]])
    return np.unique(repeats, axis=1, return_counts=True)
