"""Exact permutation null of the pairwise divergence (hypergeometric moments).

Input: counts of words. Output: mean, variance and third moment of the plug-in
divergence of every pair if the repeats were exchangeable between its two neurons,
without shuffling.  The divergence is
a sum over conditions and words of d(n_a, m) (`word_moments`), with n_a and n_b the
counts of a word and m = n_a + n_b.  Given the sums m the n_a of one condition are
multivariate hypergeometric, and the conditions are independent: every moment is a sum
over conditions of what depends on the m and the repeats there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuroclass.discrimination.word_moments import binary_moments, word_moments

__all__ = ["ChanceMoments", "chance_level", "chance_moments"]

_MAX_TABLE = 512  # repeats up to which sums over pairs are matrix products
_MAX_CELLS = 1 << 22  # of sums of words, at a time


class ChanceMoments(NamedTuple):
    """Moments of the plug-in loss of each pair by chance, (n_neurons, n_neurons).

    Attributes
    ----------
    mean : ndarray
        Mean, bits times repeats; 0 on the diagonal, as all of these.
    variance : ndarray
        Variance.
    third : ndarray
        Third central moment; exact for two words, for more by the scaling of
        `chance_moments`.
    """

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    third: NDArray[np.float64]

    def __repr__(self) -> str:
        n_neurons = len(self.mean)
        return f"ChanceMoments({n_neurons * (n_neurons - 1) // 2} pairs of neurons)"


def chance_level(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return the mean plug-in loss of each pair if its repeats were exchangeable.

    E0(a, b) = sum over conditions and words of B(m), B(m) = E[d(n_a, m)].

    Parameters
    ----------
    counts : ndarray of int, (n_neurons, n_conditions, n_words)
        Number of repeats with each word, by neuron and condition; the repeats of a
        neuron in a condition are the sum over words, and may differ.

    Returns
    -------
    ndarray of shape (n_neurons, n_neurons)
        Bits times repeats, 0 on the diagonal.

    Notes
    -----
    For common repeats B(n_a + n_b) is a symmetric table of low rank, so all pairs are
    a few matrix products: rank (about 10) x n_neurons^2 x n_features multiplications.
    ``test_chance_level_equals_enumeration``,
    ``test_chance_moments_are_those_of_shuffles``.

    References
    ----------
    .. [1] Vinh, Epps & Bailey (2010), J. Machine Learning Research 11:2837-2854: the
       same correction, of the information between two partitions.
    """
    if counts.sum(axis=2).max(initial=0) <= _MAX_TABLE:
        (total,) = _sum_tables(counts, _mean_tables)
    else:
        total = np.zeros((len(counts),) * 2)
        for rows, columns, marked, r_a, r_b in _blocks(counts):
            found, index = np.unique(marked, return_inverse=True)
            mean = word_moments(found, r_a, r_b, spread=False).mean
            total[np.ix_(rows, columns)] += mean[index].sum(axis=-1)
    np.fill_diagonal(total, 0.0)
    return total


def chance_moments(counts: NDArray[Any]) -> ChanceMoments:
    """Return mean, variance and third moment of each pair's plug-in loss by chance.

    Parameters
    ----------
    counts : ndarray of int, (n_neurons, n_conditions, n_words)
        Number of repeats with each word, as in `chance_level`.

    Returns
    -------
    ChanceMoments

    Notes
    -----
    With two words the count of one gives the other's, and the moments of their sum
    are enumerated.  With more, the words of a condition are tied to each other by the
    repeats; their covariances are exact (`WordMoments`).  The third moment would need
    triples of words; it is the sum of the words' own, times the square of the ratio
    of the true variance to the sum of theirs, which is right where counts are large.
    ``test_moments_equal_enumeration``.
    """
    mean = chance_level(counts)
    if counts.shape[2] <= 2 and counts.sum(axis=2).max(initial=0) <= _MAX_TABLE:
        variance, third = _sum_tables(counts[:, :, -1:], _binary_tables, counts)
    else:
        variance, third, alone = (np.zeros_like(mean) for _ in range(3))
        for rows, columns, marked, r_a, r_b in _blocks(counts):
            found, index = np.unique(marked, return_inverse=True)
            word = word_moments(found, r_a, r_b)
            here = np.ix_(rows, columns)
            each = word.variance[index].sum(axis=-1)
            alone[here] += each
            third[here] += word.third[index].sum(axis=-1)
            variance[here] += each
            least = 1e-4 * np.sqrt(word.variance.max())
            for k, b in enumerate(word.shared):
                if np.abs(b).max() > least:  # as a rule the second, a few beside it
                    of_words = b[index]
                    # All pairs of different words.
                    tied = of_words.sum(axis=-1) ** 2 - (of_words**2).sum(axis=-1)
                    variance[here] += tied if k % 2 else -tied
        ratio = np.divide(variance, alone, out=np.zeros_like(alone), where=alone > 0)
        third *= ratio**2
    for moment in (variance, third):
        np.fill_diagonal(moment, 0.0)
    return ChanceMoments(mean, np.maximum(variance, 0.0), third)


class _Factors(NamedTuple):
    """A table T(i + j), i = 0..R_a, j = 0..R_b, as left @ right.T.

    A last row of zeros stands for a neuron that has other repeats.
    """

    left: NDArray[np.float64]
    right: NDArray[np.float64]


def _factorised(table: NDArray[np.float64], r_a: int, r_b: int) -> _Factors:
    sums = np.add.outer(np.arange(r_a + 1), np.arange(r_b + 1))
    u, size, v = np.linalg.svd(table[sums], full_matrices=False)
    significant = size > 1e-14 * size.max(initial=0.0)
    nothing = np.zeros((1, int(significant.sum())))
    return _Factors(
        np.concatenate([u[:, significant] * size[significant], nothing]),
        np.concatenate([v[significant].T, nothing]),
    )


@lru_cache(maxsize=64)
def _mean_tables(r_a: int, r_b: int) -> tuple[_Factors, ...]:
    marked = np.arange(r_a + r_b + 1)
    return (_factorised(word_moments(marked, r_a, r_b, spread=False).mean, r_a, r_b),)


@lru_cache(maxsize=64)
def _binary_tables(r_a: int, r_b: int) -> tuple[_Factors, ...]:
    moments = binary_moments(np.arange(r_a + r_b + 1), r_a, r_b)
    return tuple(_factorised(moment, r_a, r_b) for moment in moments)


def _sum_tables(
    counts: NDArray[Any],
    tables_of: Callable[[int, int], tuple[_Factors, ...]],
    whole: NDArray[Any] | None = None,
) -> tuple[NDArray[np.float64], ...]:
    """Sum tables T(n_a + n_b; R_a, R_b) over conditions and words, for all pairs.

    The factors of the tables turn the sum into matrix products, for each combination
    of repeats that occurs.  Where `counts` leave out words, `whole` gives the repeats.
    """
    repeats = (counts if whole is None else whole).sum(axis=2)
    n_neurons = len(counts)
    of_repeats = []
    for r in np.unique(repeats[repeats > 0]):
        is_r = repeats == r
        rows, columns = np.flatnonzero(is_r.any(axis=1)), is_r.any(axis=0)
        of_repeats.append((int(r), rows, columns, is_r))
    totals: list[NDArray[np.float64]] = []
    for i, (r_a, rows, columns, is_a) in enumerate(of_repeats):
        for r_b, rows_b, columns_b, is_b in of_repeats[i:]:
            shared = np.flatnonzero(columns & columns_b)
            if not len(shared):
                continue
            tables = tables_of(r_a, r_b)
            if not totals:
                totals = [np.zeros((n_neurons, n_neurons)) for _ in tables]
            left = _indices(counts, rows, shared, is_a, r_a)
            right = _indices(counts, rows_b, shared, is_b, r_b)
            for total, table in zip(totals, tables, strict=True):
                block = np.zeros((len(rows), len(rows_b)))
                for u, v in zip(table.left.T, table.right.T, strict=True):
                    block += u.take(left) @ v.take(right).T
                total[np.ix_(rows, rows_b)] += block
                if r_a != r_b:
                    total[np.ix_(rows_b, rows)] += block.T
    if not totals:
        return tuple(np.zeros((n_neurons, n_neurons)) for _ in tables_of(1, 1))
    return tuple((total + total.T) / 2 for total in totals)


def _indices(
    counts: NDArray[Any],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    is_r: NDArray[np.bool_],
    r: int,
) -> NDArray[np.intp]:
    here = np.ix_(rows, columns)
    index = np.where(is_r[here][:, :, None], counts[here], r + 1)
    return index.reshape(len(rows), -1)


def _blocks(
    counts: NDArray[Any],
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[Any], int, int]]:
    """Yield the sums of words of pairs with the same repeats, condition by condition.

    Rows and columns of the block, sums (n_rows, n_columns, n_words), repeats of the
    rows and of the columns.
    """
    repeats = counts.sum(axis=2)
    for condition in range(counts.shape[1]):
        observed = counts[:, condition]
        observed = observed[:, observed.any(axis=0)]
        groups = [
            (int(r), np.flatnonzero(repeats[:, condition] == r))
            for r in np.unique(repeats[:, condition])
            if r > 0
        ]
        for r_a, rows in groups:
            for r_b, columns in groups:
                size = max(1, len(columns) * observed.shape[1])
                step = max(1, _MAX_CELLS // size)
                for start in range(0, len(rows), step):
                    some = rows[start : start + step]
                    marked = observed[some, None] + observed[columns]
                    yield some, columns, marked, r_a, r_b
