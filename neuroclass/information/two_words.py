"""Counts of two words of neurons that have the same repeats: one small number each.

Input: counts of words. Output: `TwoWordCounts`, of the ordinary case, binary words of
one bin of neurons that were recorded in all repeats, from which sums over conditions
are products of histograms with short tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["TwoWordCounts", "two_word_counts"]

_MOST_REPEATS = 255  # in a byte
_ROWS = 64  # whose counts stay in the cache


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
        n_neurons, n_conditions = self.occurrences.shape
        return f"TwoWordCounts({n_neurons} neurons, {n_conditions} conditions)"

    def without(self, group: ArrayLike) -> TwoWordCounts | None:
        """Return the counts without a group of repeats, (n_neurons, n_conditions, 2).

        None where the group is none that `two_word_counts` takes.
        """
        left_out = two_word_counts(np.asarray(group))
        if left_out is None:
            return None
        return TwoWordCounts(
            self.occurrences - left_out.occurrences, self.repeats - left_out.repeats
        )

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
