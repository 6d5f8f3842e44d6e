"""Counts of two words of neurons that have the same repeats: one small number each.

Input: counts of words. Output: `TwoWordCounts`, of the ordinary case, binary words of
one bin of neurons that were recorded in all repeats, from which sums over conditions
are products of histograms with short tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Tally", "TwoWordCounts", "two_word_counts", "without_group"]

_MOST_REPEATS = 255  # in a byte
_ROWS = 64  # whose counts stay in the cache


@dataclass(frozen=True)
class Tally:
    """How often each count 0, 1, ..., R occurs in the conditions with R repeats.

    Attributes
    ----------
    repeats : int
        R.
    columns : ndarray of int, (n_columns,)
        The conditions.
    cell : ndarray of int, (n_neurons, n_columns)
        Position of each count in the ravelled `of_condition`.
    of_condition : ndarray of int, (n_columns, R + 1)
        Number of neurons of a condition with each count.
    """

    repeats: int
    columns: NDArray[np.intp]
    cell: NDArray[np.intp]
    of_condition: NDArray[np.intp]
    _occurrences: NDArray[np.uint8] = field(repr=False)

    @cached_property
    def of_neuron(self) -> NDArray[np.intp]:
        """Number of conditions of a neuron with each count, (n_neurons, R + 1)."""
        n_neurons, r = len(self._occurrences), self.repeats
        row = (r + 1) * np.arange(n_neurons, dtype=np.intp)[:, None]
        tally = np.bincount(
            (self._occurrences + row).ravel(), None, n_neurons * (r + 1)
        )
        return tally.reshape(-1, r + 1)


@dataclass(frozen=True)
class TwoWordCounts:
    """Counts of the second of two words, of neurons with the same repeats.

    Attributes
    ----------
    occurrences : ndarray of uint8, (n_neurons, n_conditions)
        Repeats with the second word.
    repeats : ndarray of int, (n_conditions,)
        Repeats of each neuron.
    """

    occurrences: NDArray[np.uint8]
    repeats: NDArray[np.int64]

    def __repr__(self) -> str:
        n_neurons, n_conditions = self.shape
        return f"TwoWordCounts({n_neurons} neurons, {n_conditions} conditions)"

    @property
    def shape(self) -> tuple[int, int]:
        """Neurons and conditions."""
        n_neurons, n_conditions = self.occurrences.shape
        return n_neurons, n_conditions

    @property
    def n_words(self) -> int:
        """Number of counted words, of all neurons together."""
        return len(self.occurrences) * int(self.repeats.sum())

    def to_array(self) -> NDArray[np.int64]:
        """Return the counts of both words, (n_neurons, n_conditions, 2)."""
        second = self.occurrences.astype(np.int64)
        return np.stack([self.repeats - second, second], axis=2)

    def of(self, neurons: NDArray[Any]) -> TwoWordCounts:
        """Return the counts of some neurons."""
        return TwoWordCounts(self.occurrences[neurons], self.repeats)

    def sum_by_class(self, labels: ArrayLike) -> NDArray[np.int64]:
        """Return the counts of each class, (n_clusters, n_conditions, 2)."""
        _, label = np.unique(np.asarray(labels), return_inverse=True)
        sizes = np.bincount(label)
        starts = np.cumsum(sizes) - sizes
        ordered = self.occurrences[np.argsort(label, kind="stable")]
        second = np.add.reduceat(ordered, starts, axis=0, dtype=np.int64)
        return np.stack([np.outer(sizes, self.repeats) - second, second], axis=2)

    def tallies(self) -> list[Tally]:
        """Return how often each count occurs, by the repeats of the conditions."""
        of_repeats = []
        for r, occurrences in self.by_repeats():
            columns = np.flatnonzero(self.repeats == r)
            # Numbers of a condition and a count, (n_neurons, n_columns).
            cell = occurrences + (r + 1) * np.arange(len(columns), dtype=np.intp)
            of_condition = np.bincount(cell.ravel(), minlength=len(columns) * (r + 1))
            tally = Tally(
                r, columns, cell, of_condition.reshape(-1, r + 1), occurrences
            )
            of_repeats.append(tally)
        return of_repeats

    def by_repeats(self) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Yield each number of repeats, and the counts of the conditions with it."""
        for r in np.unique(self.repeats[self.repeats > 0]).tolist():
            is_r = self.repeats == r
            here = self.occurrences if is_r.all() else self.occurrences[:, is_r]
            yield r, np.ascontiguousarray(here)


def two_word_counts(counts: NDArray[Any]) -> TwoWordCounts | None:
    """Return counts of two words in small numbers, or None where they are not such.

    Parameters
    ----------
    counts : ndarray of int, (n_neurons, n_conditions, n_words)
        Number of repeats with each word, by neuron and condition.

    Returns
    -------
    TwoWordCounts or None
        None for other than two words, for neurons that differ in repeats, and for more
        than 255 repeats.

    Notes
    -----
    ``test_other_counts_are_left_to_the_general_sums``.
    """
    if counts.shape[2] != 2 or not len(counts):
        return None
    repeats = counts[0].sum(axis=1, dtype=np.int64)
    if repeats.max(initial=0) > _MOST_REPEATS:
        return None
    occurrences = np.empty(counts.shape[:2], dtype=np.uint8)
    for start in range(0, len(counts), _ROWS):
        rows = slice(start, start + _ROWS)
        first, second = counts[rows, :, 0], counts[rows, :, 1]
        if not (first + second == repeats).all():
            return None
        occurrences[rows] = second
    return TwoWordCounts(occurrences, repeats)


def without_group(
    counts: NDArray[np.int64] | TwoWordCounts, group: ArrayLike
) -> NDArray[np.int64] | TwoWordCounts:
    """Return counts without those of a group of repeats.

    Parameters
    ----------
    counts : TwoWordCounts or ndarray of int, (n_neurons, n_conditions, n_words)
        Counts of all repeats.
    group : array_like of int, (n_neurons, n_conditions, n_words)
        Counts of some of the repeats.

    Returns
    -------
    TwoWordCounts or ndarray
        The latter also where the neurons differ in the repeats of the group.
    """
    left_out = np.asarray(group)
    whole = counts
    if isinstance(counts, TwoWordCounts):
        if (small := two_word_counts(left_out)) is not None:
            return TwoWordCounts(
                counts.occurrences - small.occurrences, counts.repeats - small.repeats
            )
        whole = counts.to_array()
    rest: NDArray[np.int64] = whole - left_out
    return rest
