"""Evidence of each condition about which of two neurons responds, of two words.

Input: counts of two words of neurons with the same repeats. Output: what
`ConditionEvidence` gives for them, from tables that are made once: likelihood and
evidence of each two counts of a condition, at each size of the difference.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from neuroclass.discrimination.condition_evidence import (
    TINY,
    States,
    grid_of_differences,
    mix,
    terms_of_states,
    unsigned,
)
from neuroclass.information import TwoWordCounts

__all__ = ["TwoWordEvidence"]

_PAIRS_AT_A_TIME = 16  # as many counts are common to them


class TwoWordEvidence:
    """Evidence of each condition about which neuron of a pair responds.

    Parameters
    ----------
    counts : TwoWordCounts
        Counts of the neurons.
    loops : module, optional
        Compiled loops; without them numpy does the same.

    Notes
    -----
    ``test_evidence_of_two_words_is_that_of_words_of_any_number``.
    """

    def __init__(self, counts: TwoWordCounts, loops: ModuleType | None = None) -> None:
        self._loops = loops
        repeats = np.unique(counts.repeats)
        # States are numbered by repeats, then by count.
        offset = np.cumsum(repeats + 1) - (repeats + 1)
        self._state = (
            counts.occurrences
            + offset.astype(np.uint32)[np.searchsorted(repeats, counts.repeats)]
        )  # (n_neurons, n_conditions)
        known = States(
            np.repeat(repeats, repeats + 1),
            np.concatenate([np.arange(r + 1) for r in repeats.tolist()]),
        )
        one, other = np.nonzero(known.repeats[:, None] == known.repeats)
        one, other = one[one <= other], other[one <= other]
        terms, likelihood, is_informative = terms_of_states(
            States(*(each[one] for each in known)),
            States(*(each[other] for each in known)),
            grid_of_differences(int(repeats[-1])),
            is_binary=True,
        )
        # The row of each two states in the tables, or the one after the last.
        n_codes = len(likelihood)
        self._code = np.full((len(known.repeats),) * 2, n_codes, dtype=np.uint32)
        row = np.where(is_informative, np.cumsum(is_informative) - 1, n_codes)
        self._code[one, other] = self._code[other, one] = row
        self._likelihood = unsigned(likelihood)  # (n_codes, n_sizes)
        self._terms = np.stack([unsigned(likelihood * term) for term in terms])

    def __repr__(self) -> str:
        n_neurons, n_conditions = self._state.shape
        return f"TwoWordEvidence({n_neurons} neurons, {n_conditions} conditions)"

    def of_pairs(
        self, first: NDArray[np.intp], second: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Return B, in nats, and V of the pairs of neurons `first` and `second`.

        (2, n_pairs, n_conditions), 0 where there were no repeats.
        """
        found = np.empty((2, len(first), self._state.shape[1]))
        if self._loops is not None:
            tables = self._state, self._code, self._likelihood, self._terms
            self._loops.evidence(*tables, first, second, found)
        else:
            for start in range(0, len(first), _PAIRS_AT_A_TIME):
                block = slice(start, start + _PAIRS_AT_A_TIME)
                self._write(first[block], second[block], found[:, block])
        return found

    def _write(
        self,
        first: NDArray[np.intp],
        second: NDArray[np.intp],
        found: NDArray[np.float64],
    ) -> None:
        """Write B and V of some pairs into `found`, (2, n_pairs, n_conditions)."""
        n_pairs, n_rows = len(first), len(self._likelihood) + 1
        row = self._code[self._state[first], self._state[second]].astype(np.intp)
        row += n_rows * np.arange(n_pairs)[:, None]
        times = np.bincount(row.ravel(), minlength=n_pairs * n_rows)
        times = times.reshape(n_pairs, n_rows)[:, :-1]
        used = np.flatnonzero(times.any(axis=0))
        given = self._likelihood[used]
        weights = mix(times[:, used], given)
        mixture = np.maximum(weights @ given.T, TINY)
        for each, term in zip(found, self._terms, strict=True):
            expected = np.zeros((n_pairs, n_rows))
            expected[:, used] = weights @ term[used].T / mixture
            expected.ravel().take(row, out=each, mode="clip")
        np.maximum(found[1], 0.0, out=found[1])
