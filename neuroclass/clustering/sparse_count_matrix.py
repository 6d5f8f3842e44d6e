"""Word counts of very many neurons, without the zeros.

Input: word counts as an array, also one mapped from disk, or as a SciPy sparse matrix;
read in blocks of neurons.
Output: a sparse matrix whose rows add when neurons are merged, as those of
`CountMatrix` do where all counts fit into memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from neuroclass.clustering._compiled.loader import MIN_COMPILED, compiled_loops
from neuroclass.clustering.count_matrix import distinct_columns
from neuroclass.estimators import Estimator, check_counts, repeat_term, word_term

__all__ = ["SparseCountMatrix"]


@dataclass(frozen=True)
class SparseCountMatrix:
    """Word counts of neurons, without the zeros.

    Attributes
    ----------
    words : scipy.sparse.csr_array, (n_neurons, n_features)
        Observed words, one column per condition and word.
    repeats : ndarray, (n_neurons, n_patterns)
        Repeats, one column per set of conditions with the same repeats.
    weights : ndarray of int, (n_patterns,)
        Number of conditions that share each column of repeats.
    columns : ndarray of int, (n_features,)
        Positions of the columns in (condition, word), flattened.
    typical : ndarray, (n_features,)
        Mean of the counts above 0 in each column, rounded if counts are integers.
    shape : tuple of int
        (n_neurons, n_conditions, n_words).
    estimator : {"miller-madow", "plug-in", "jackknife"}
        Entropy estimator of the losses.
    n_counted : int or float
        Number of counted words, of all neurons together.
    min_compiled : int
        Least number of counts above 0 for which compiled loops are loaded.
    """

    words: Any
    repeats: NDArray[Any]
    weights: NDArray[np.intp]
    columns: NDArray[np.intp]
    typical: NDArray[Any]
    shape: tuple[int, int, int]
    estimator: Estimator
    n_counted: float
    min_compiled: int
    _word_table: NDArray[np.float64] | None
    _repeat_table: NDArray[np.float64] | None

    @classmethod
    def from_counts(
        cls,
        counts: Any,
        estimator: Estimator = "miller-madow",
        *,
        n_conditions: int = 1,
        min_compiled: int = MIN_COMPILED,
        block_size: int = 1 << 22,
        max_table: int = 1 << 25,
    ) -> SparseCountMatrix:
        """Lay out word counts as a sparse matrix.

        Parameters
        ----------
        counts : array_like or SciPy sparse matrix
            Word counts, (n_neurons, n_conditions, n_words); sparse: (n_neurons,
            n_conditions * n_words), the words of a condition side by side.
        estimator : {"miller-madow", "plug-in", "jackknife"}
            Entropy estimator of the losses.
        n_conditions : int, default 1
            Number of conditions of a sparse matrix.
        min_compiled : int, default 524288
            Least number of counts above 0 for which compiled loops are loaded.
        block_size : int, default 4194304
            Number of counts that are dense at a time.
        max_table : int, default 33554432
            Largest count for which the terms of all counts are tabulated.
        """
        is_sparse: bool = scipy.sparse.issparse(counts)
        if is_sparse:
            n_words, rest = divmod(counts.shape[1], n_conditions)
            if rest:
                raise ValueError(
                    f"n_conditions must divide the columns of a sparse matrix "
                    f"({counts.shape[1]}); got {n_conditions}."
                )
            words = _csr(counts)
            words.sum_duplicates()
            check_counts(words.data)
            shape = (words.shape[0], n_conditions, n_words)
        else:
            shape = counts.shape
            words = _without_zeros(counts, block_size)
        words.eliminate_zeros()
        if words.data.dtype.kind in "fc" and np.all(words.data == np.floor(words.data)):
            words = words.astype(np.int64)
        is_integer = words.data.dtype.kind in "iub"
        if not is_integer and estimator == "jackknife":
            raise ValueError("counts must be integers for the jackknife.")
        repeats = _repeats(words, shape, block_size)
        patterns, weights = distinct_columns(repeats)
        columns = np.flatnonzero(np.bincount(words.indices, minlength=words.shape[1]))
        place = np.zeros(words.shape[1], dtype=np.int32)
        place[columns] = np.arange(len(columns))
        n_used = np.bincount(words.indices, minlength=words.shape[1])[columns]
        typical = words.sum(axis=0)[columns] / np.maximum(n_used, 1)
        if is_integer:
            typical = np.rint(typical).astype(np.int64)
        largest = int(patterns.sum(axis=0, dtype=np.float64).max(initial=0))
        tables: list[Any] = [None, None]
        if is_integer and largest < max_table:
            n = np.arange(largest + 1)
            tables = [word_term(n, estimator), repeat_term(n, estimator)]
        return cls(
            words=_csr(
                (
                    words.data.astype(np.int32) if is_integer else words.data,
                    place[words.indices],
                    words.indptr,
                ),
                shape=(shape[0], len(columns)),
            ),
            repeats=patterns,
            weights=weights,
            columns=columns,
            typical=typical,
            shape=shape,
            estimator=estimator,
            n_counted=float(words.data.sum(dtype=np.float64)),
            min_compiled=min_compiled,
            _word_table=tables[0],
            _repeat_table=tables[1],
        )

    def __repr__(self) -> str:
        n_neurons, n_conditions, n_words = self.shape
        return (
            f"SparseCountMatrix({n_neurons} neurons, {n_conditions} conditions, "
            f"{n_words} words, {self.words.nnz} counts above 0, {self.estimator})"
        )

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return self.shape[0]

    @property
    def sum_type(self) -> type:
        """Type of sums of counts, which outgrow the type of single neurons."""
        return np.int64 if self.words.dtype.kind == "i" else np.float64

    @property
    def loops(self) -> ModuleType | None:
        """Compiled loops, or None where numba is missing or the counts are few."""
        if self._word_table is None:
            return None
        return compiled_loops(self.words.nnz, self.min_compiled)

    @property
    def word_table(self) -> NDArray[np.float64]:
        """Terms G(n) by count, where there are `loops`."""
        if self._word_table is None:
            raise TypeError(
                "counts must be integers, and few enough for a table of their terms."
            )
        return self._word_table

    def word_values(self, counts: NDArray[Any]) -> NDArray[np.float64]:
        """Compute G(n) of each count: `word_term`, from a table where there is one."""
        if self._word_table is None:
            return word_term(counts, self.estimator)
        return self._word_table.take(counts)

    def repeat_values(self, repeats: NDArray[Any]) -> NDArray[np.float64]:
        """Compute c(R) of each number of repeats: `repeat_term`, likewise."""
        if self._repeat_table is None:
            return repeat_term(repeats, self.estimator)
        return self._repeat_table.take(repeats)

    def values(self) -> NDArray[np.float64]:
        """Compute sum_w G(n_w) + sum_s c(R_s) of each neuron, (n_neurons,)."""
        table = _csr(
            (self.word_values(self.words.data), self.words.indices, self.words.indptr),
            shape=self.words.shape,
        )
        values: NDArray[np.float64] = table.sum(axis=1)
        return values + self.repeat_values(self.repeats) @ self.weights

    def sums(
        self, labels: NDArray[np.intp], n_clusters: int
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Compute the summed words and repeats of each class."""
        member = _csr(
            (np.ones(len(labels), self.sum_type), (labels, np.arange(len(labels)))),
            shape=(n_clusters, len(labels)),
        )
        return (member @ self.words).toarray(), member @ self.repeats

    def dense(self, words: NDArray[Any]) -> NDArray[Any]:
        """Return rows of words, (n, n_features), as (n, n_conditions, n_words)."""
        counts = np.zeros((len(words), self.shape[1] * self.shape[2]), words.dtype)
        counts[:, self.columns] = words
        return counts.reshape(-1, *self.shape[1:])


def _csr(content: Any, shape: tuple[int, int] | None = None) -> Any:
    return scipy.sparse.csr_array(content, shape=shape)  # of numbers, whichever


def _without_zeros(counts: NDArray[Any], block_size: int) -> Any:
    step = max(1, block_size // max(1, counts[0].size))
    blocks = []
    for start in range(0, len(counts), step):
        block = check_counts(counts[start : start + step])
        blocks.append(_csr(block.reshape(len(block), -1)))
        if blocks[-1].data.dtype.kind in "iu":
            blocks[-1] = blocks[-1].astype(np.int32)
    return _csr(scipy.sparse.vstack(blocks, format="csr"))


def _repeats(words: Any, shape: tuple[int, int, int], block_size: int) -> NDArray[Any]:
    """Return the number of counted words of each neuron in each condition."""
    repeats = np.empty(shape[:2], words.data.dtype)
    step = max(1, block_size // shape[1])
    for start in range(0, shape[0], step):
        block = words[start : start + step]
        repeats[start : start + step] = _csr(
            (block.data, block.indices // shape[2], block.indptr),
            shape=(block.shape[0], shape[1]),
        ).toarray()
    return repeats
