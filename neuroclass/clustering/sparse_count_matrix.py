"""Counts of very many neurons: only the words that each of them spoke.

Takes counts as an array (one mapped from disk, too) or a SciPy sparse matrix, reads it
in blocks of neurons, and lays it out so that putting neurons together is adding rows,
as `merging.Rows` does where all fit.
"""

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from neuroclass.clustering._compiled.loader import compiled
from neuroclass.estimators import Estimator, check_counts, repeat_term, word_term

__all__ = ["SparseCounts"]

_BLOCK = 1 << 22  # counts that are dense at a time
_MAX_TABLE = 1 << 25


@dataclass(frozen=True)
class SparseCounts:
    """How often each neuron spoke each word, without the zeros.

    Attributes
    ----------
    words : scipy.sparse.csr_array, (n_neurons, n_features)
        One column per condition and word that anybody spoke.
    repeats : ndarray, (n_neurons, n_patterns)
        One column per set of conditions with the same repeats.
    weights : ndarray of int, (n_patterns,)
        How many conditions share each column of repeats.
    columns : ndarray of int, (n_features,)
        Where the columns are in (condition, word), flattened.
    typical : ndarray, (n_features,)
        Mean of what is not 0 in each column, rounded if counts are integers.
    shape : tuple of int
        (n_neurons, n_conditions, n_words).
    estimator : str
        Which estimator the losses use.
    n_spoken : int or float
        All counted words, of all neurons together.
    """

    words: Any
    repeats: NDArray[Any]
    weights: NDArray[np.intp]
    columns: NDArray[np.intp]
    typical: NDArray[Any]
    shape: tuple[int, int, int]
    estimator: Estimator
    n_spoken: float
    _word_table: NDArray[np.float64] | None
    _repeat_table: NDArray[np.float64] | None

    @classmethod
    def from_counts(
        cls,
        counts: Any,
        estimator: Estimator = "miller-madow",
        *,
        n_conditions: int = 1,
    ) -> "SparseCounts":
        """Lay out counts of shape (n_neurons, n_conditions, n_words).

        A sparse matrix has the shape (n_neurons, n_conditions * n_words) with the words
        of a condition side by side; `n_conditions` says how many conditions there are.
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
            words = _without_zeros(counts)
        words.eliminate_zeros()
        if words.data.dtype.kind in "fc" and np.all(words.data == np.floor(words.data)):
            words = words.astype(np.int64)
        is_integer = words.data.dtype.kind in "iub"
        if not is_integer and estimator == "jackknife":
            raise ValueError("counts must be integers for the jackknife.")
        repeats = _repeats(words, shape)
        patterns, weights = _distinct_columns(repeats)
        columns = np.flatnonzero(np.bincount(words.indices, minlength=words.shape[1]))
        place = np.zeros(words.shape[1], dtype=np.int32)
        place[columns] = np.arange(len(columns))
        n_used = np.bincount(words.indices, minlength=words.shape[1])[columns]
        typical = words.sum(axis=0)[columns] / np.maximum(n_used, 1)
        if is_integer:
            typical = np.rint(typical).astype(np.int64)
        largest = int(patterns.sum(axis=0, dtype=np.float64).max(initial=0))
        tables: list[Any] = [None, None]
        if is_integer and largest < _MAX_TABLE:
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
            n_spoken=float(words.data.sum(dtype=np.float64)),
            _word_table=tables[0],
            _repeat_table=tables[1],
        )

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return self.shape[0]

    @property
    def sum_type(self) -> type:
        """Of sums of counts, which outgrow what single neurons need."""
        return np.int64 if self.words.dtype.kind == "i" else np.float64

    @property
    def loops(self) -> ModuleType | None:
        """The compiled loops, if they are there and there are counts worth it."""
        return None if self._word_table is None else compiled(self.words.nnz)

    @property
    def word_table(self) -> NDArray[np.float64]:
        """G(n) of each count, where `loops` are."""
        if self._word_table is None:
            raise TypeError("counts are no integers, or too many for a table.")
        return self._word_table

    def word_values(self, counts: NDArray[Any]) -> NDArray[np.float64]:
        """Return G(n) of each count: `word_term`, from a table where there is one."""
        if self._word_table is None:
            return word_term(counts, self.estimator)
        return self._word_table.take(counts)

    def repeat_values(self, repeats: NDArray[Any]) -> NDArray[np.float64]:
        """Return c(R) of each number of repeats: `repeat_term`, likewise."""
        if self._repeat_table is None:
            return repeat_term(repeats, self.estimator)
        return self._repeat_table.take(repeats)

    def values(self) -> NDArray[np.float64]:
        """Return sum_w G(n_w) + sum_s c(R_s) of each neuron, (n_neurons,)."""
        table = _csr(
            (self.word_values(self.words.data), self.words.indices, self.words.indptr),
            shape=self.words.shape,
        )
        values: NDArray[np.float64] = table.sum(axis=1)
        return values + self.repeat_values(self.repeats) @ self.weights

    def sums(
        self, labels: NDArray[np.intp], n_clusters: int
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the summed words and repeats of each class."""
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


def _without_zeros(counts: NDArray[Any]) -> Any:
    step = max(1, _BLOCK // max(1, counts[0].size))
    blocks = []
    for start in range(0, len(counts), step):
        block = check_counts(counts[start : start + step])
        blocks.append(_csr(block.reshape(len(block), -1)))
        if blocks[-1].data.dtype.kind in "iu":
            blocks[-1] = blocks[-1].astype(np.int32)
    return _csr(scipy.sparse.vstack(blocks, format="csr"))


def _repeats(words: Any, shape: tuple[int, int, int]) -> NDArray[Any]:
    """Return the counted words of each neuron in each condition."""
    repeats = np.empty(shape[:2], words.data.dtype)
    step = max(1, _BLOCK // shape[1])
    for start in range(0, shape[0], step):
        block = words[start : start + step]
        repeats[start : start + step] = _csr(
            (block.data, block.indices // shape[2], block.indptr),
            shape=(block.shape[0], shape[1]),
        ).toarray()
    return repeats


def _distinct_columns(
    repeats: NDArray[Any],
) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return the distinct columns and how often each comes."""
    if (repeats == repeats[:, :1]).all():  # the rule, and sorting columns is slow
        return repeats[:, :1].copy(), np.array([repeats.shape[1]])
    return np.unique(repeats, axis=1, return_counts=True)
