"""Number of words until evidence that comes unevenly suffices for an accuracy.

Input: evidence of each condition of pairs of neurons. Output: words to each accuracy,
on average over the time at which observation starts: `observation_time_ratio` says
what is averaged.

The fraction of wrong answers never rises with the number of words, so the two
neighbouring numbers between which it passes the level are found by any search: here by
interpolation of its logarithm, from what steady evidence would take.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

__all__ = ["words_to_accuracy"]

_MAX_STARTS = 128  # of observations, evenly over the stimulus
_MOST_WORDS = 1 << 20
_LEAST = 1e-14  # fraction of wrong answers, and fall of its logarithm
_Numbers = NDArray[np.intp]


def words_to_accuracy(
    evidence: NDArray[np.float64],
    accuracies: NDArray[np.float64],
    loops: ModuleType | None = None,
) -> NDArray[np.float64]:
    """Return the number of words to each accuracy, interpolated between two.

    Parameters
    ----------
    evidence : ndarray of shape (2, n_pairs, n_conditions)
        B and V of each condition, neither below 0.
    accuracies : ndarray of shape (n_accuracies,)
        Fractions of correct answers, ascending.
    loops : module, optional
        Compiled loops; without them numpy does the same.

    Returns
    -------
    ndarray of shape (n_accuracies, n_pairs)
        Nan where a million words are not enough.

    Notes
    -----
    ``test_words_are_those_of_a_search_one_by_one``.
    """
    n_conditions = evidence.shape[2]
    n_starts = min(n_conditions, _MAX_STARTS)
    spread = (np.arange(n_starts) + 0.5) * n_conditions / n_starts
    starts = spread.astype(np.intp)
    needed = ndtri(accuracies) ** 2 / 2  # B of small steps
    words = np.full((len(accuracies), evidence.shape[1]), np.nan)
    if loops is not None:
        loops.words_to_accuracy(
            evidence, starts, accuracies, needed, _MOST_WORDS, words
        )
        return words
    observer = _Observer(evidence, starts)
    pairs = np.arange(evidence.shape[1])
    low, at_low = np.zeros(len(pairs), dtype=np.intp), np.full(len(pairs), 0.5)
    per_word = observer.sums[0][:, -1] / n_conditions
    guess = needed[0] / np.maximum(per_word, needed[0] / _MOST_WORDS)
    for k, accuracy in enumerate(accuracies.tolist()):
        high = np.ceil(np.minimum(guess[pairs], _MOST_WORDS)).astype(np.intp)
        high = np.maximum(high, low[pairs] + 1)
        bracket = _Bracket(pairs, low[pairs], high, at_low[pairs])
        _search(bracket, observer, accuracy)
        is_found = 1 - bracket.at_high >= accuracy
        pairs = pairs[is_found]  # the others are not found for the next
        low[pairs], at_low[pairs] = bracket.low[is_found], bracket.at_low[is_found]
        gain = np.maximum(at_low[pairs] - bracket.at_high[is_found], 1e-12)
        words[k, pairs] = low[pairs] + (accuracy - (1 - at_low[pairs])) / gain
        # What it took beside the guess, it will take again.
        guess = words[k] * (needed[min(k + 1, len(needed) - 1)] / needed[k])
    return words


class _Observer:
    """Fractions of wrong answers by number of words, averaged over starts."""

    def __init__(self, evidence: NDArray[np.float64], starts: _Numbers) -> None:
        self.n_conditions = evidence.shape[2]
        self.starts = starts
        # Before each condition, and after the last.
        self.sums = np.zeros((*evidence.shape[:2], self.n_conditions + 1))
        np.cumsum(evidence, axis=2, out=self.sums[:, :, 1:])

    def wrong(self, pairs: _Numbers, n_words: _Numbers) -> NDArray[np.float64]:
        """Return the mean over starts for some pairs, after `n_words` of each."""
        rounds, rest = np.divmod(n_words[:, None], self.n_conditions)
        more, stop = np.divmod(self.starts + rest, self.n_conditions)
        stop += pairs[:, None] * (self.n_conditions + 1)
        start = self.starts + pairs[:, None] * (self.n_conditions + 1)
        bound, variance = (
            each.ravel().take(stop)
            - each.ravel().take(start)
            + (rounds + more) * each[pairs, -1:]
            for each in self.sums
        )
        np.maximum(variance, 0.0, out=variance)
        wrong = np.exp(variance / 8 - bound)
        wrong *= ndtr(np.sqrt(variance, out=variance) / -2)
        mean: NDArray[np.float64] = wrong.mean(axis=1)
        return mean


class _Bracket:
    """Numbers of words of some pairs, too low and not too low, once searched."""

    def __init__(
        self,
        pairs: _Numbers,
        low: _Numbers,
        high: _Numbers,
        at_low: NDArray[np.float64],
    ) -> None:
        self.pairs, self.low, self.high = pairs, low, high
        self.at_low, self.at_high = at_low, np.zeros_like(at_low)


def _search(bracket: _Bracket, observer: _Observer, accuracy: float) -> None:
    """Move the numbers of words together until they are neighbours."""
    b, level = bracket, 1 - accuracy
    b.at_high = observer.wrong(b.pairs, b.high)
    while True:
        short = np.flatnonzero((1 - b.at_high < accuracy) & (b.high < _MOST_WORDS))
        if not len(short):
            break
        low, high = b.low[short], b.high[short]
        slope = np.log(b.at_low[short] / b.at_high[short]) / (high - low)
        # Longer by the slope of the logarithm, and by a bit.
        further = 1.1 * np.log(b.at_high[short] / level)
        reach = np.minimum(
            4 * high, high + further / np.maximum(slope, further / (3 * high))
        )
        b.low[short], b.at_low[short] = high, b.at_high[short]
        b.high[short] = np.clip(np.ceil(reach).astype(np.intp), high + 1, _MOST_WORDS)
        b.at_high[short] = observer.wrong(b.pairs[short], b.high[short])
    is_found = 1 - b.at_high >= accuracy
    step = 0
    while len(wide := np.flatnonzero((b.high - b.low > 1) & is_found)):
        step += 1
        low, high = b.low[wide], b.high[wide]
        middle = (low + high) // 2
        if step % 3:
            at_low, at_high = b.at_low[wide], b.at_high[wide]
            fall = np.log(at_low / np.maximum(at_high, _LEAST))
            part = np.log(at_low / level) / np.maximum(fall, _LEAST)
            middle = low + np.ceil(np.clip(part, 0, 1) * (high - low)).astype(np.intp)
            middle = np.clip(middle, low + 1, high - 1)
        at_middle = observer.wrong(b.pairs[wide], middle)
        is_short = 1 - at_middle < accuracy
        short, enough = wide[is_short], wide[~is_short]
        b.low[short], b.at_low[short] = middle[is_short], at_middle[is_short]
        b.high[enough], b.at_high[enough] = middle[~is_short], at_middle[~is_short]
