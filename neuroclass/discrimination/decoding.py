"""Who of two neurons spoke: what a decoder achieves on repeats it was not given.

Takes words, gives the fraction of correct answers against the length of the response.
With few repeats it knows the probabilities badly, and could do better.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass.responses.counts import conditions_of_windows
from neuroclass.responses.words import Words

__all__ = ["DecoderCurve", "decode_pair"]

_TIE = 1e-9


@dataclass(frozen=True)
class DecoderCurve:
    """How often a decoder tells which of two neurons spoke.

    Attributes
    ----------
    first, second : int
        The neurons.
    seconds : ndarray of shape (n_durations,)
        Length of the response.
    correct : ndarray of shape (n_durations,)
        Fraction of correct answers, each neuron equally likely.
    standard_error : ndarray of shape (n_durations,)
        From the scatter over presentations.
    """

    first: int
    second: int
    seconds: NDArray[np.float64] = field(repr=False)
    correct: NDArray[np.float64] = field(repr=False)
    standard_error: NDArray[np.float64] = field(repr=False)

    def seconds_to(self, accuracy: float) -> float:
        """Return the length of response (s) that gives `accuracy`; nan if none does."""
        above = np.flatnonzero(self.correct >= accuracy)
        if not len(above):
            return float("nan")
        k = int(above[0])
        if k == 0:
            return float(self.seconds[0])
        ends = slice(k - 1, k + 1)
        return float(np.interp(accuracy, self.correct[ends], self.seconds[ends]))


def decode_pair(
    words: Words, first: int, second: int, *, n_durations: int = 40
) -> DecoderCurve:
    r"""Decode which of two neurons spoke, by likelihood ratio, leaving repeats out.

    A response w_1, w_2, ... under the conditions s_1, s_2, ... is called that of
    neuron a if

    .. math:: \sum_k \ln \frac{\hat P(w_k|a,s_k)}{\hat P(w_k|b,s_k)} > 0, \qquad
              \hat P(w|i,s) = \frac{n_i(s,w) + q(s,w)/2}{R_i(s) + 1/2},

    with the counts n of all presentations but the one that the response is from,
    taken out for both neurons, and q the pooled frequencies of the two.

    Parameters
    ----------
    words : Words
        From `bin_words`.
    first, second : int
        The neurons a and b.
    n_durations : int, default 40
        Lengths of response tried, from one word to the longest stimulus, evenly in
        their logarithm.

    Returns
    -------
    DecoderCurve
        Averaged over presentations, over the two neurons and over where in the
        stimulus the response begins; a tie is half right. Responses that were not
        recorded whole do not count.

    Notes
    -----
    Cost: presentations x windows x (words + `n_durations`).
    ``test_decoder_equals_a_twin_of_loops``,
    ``test_decoder_of_one_word_is_as_good_as_the_overlap_allows``.
    """
    condition, stimulus, _ = conditions_of_windows(words)
    spoken = np.stack([words.codes_of(first), words.codes_of(second)])
    alphabet, code = np.unique(spoken, return_inverse=True)
    # (2, n_presentations, n_windows), -1 where nothing was recorded
    cell = condition * len(alphabet) + code.reshape(spoken.shape)
    cell[spoken < 0] = -1
    scores = _scores(cell, len(stimulus), len(alphabet))
    longest = int(words.n_windows.max())
    lengths = np.unique(np.geomspace(1, longest, n_durations).round().astype(int))
    sums, heard = np.zeros((2, *scores.shape[:2], longest + 1))
    np.cumsum(scores, axis=2, out=sums[:, :, 1:])
    np.cumsum(spoken >= 0, axis=2, out=heard[:, :, 1:])
    correct = np.empty(len(lengths))
    error = np.empty(len(lengths))
    for k, length in enumerate(lengths):
        evidence = sums[:, :, length:] - sums[:, :, :-length]
        exists = heard[:, :, length:] - heard[:, :, :-length] == length
        n_starts = exists.sum(axis=(0, 2)) / 2
        # Half for a tie, which rounding in the sums must not decide.
        is_right = ((evidence > _TIE) * 0.5 + (evidence > -_TIE) * 0.5) * exists
        right = is_right.sum(axis=(0, 2)) / 2
        n_all = (
            n_starts.sum() or np.nan
        )  # no response of this length was recorded whole
        correct[k] = right.sum() / n_all
        deviation = right - correct[k] * n_starts
        error[k] = np.sqrt((deviation**2).sum()) / n_all
    return DecoderCurve(first, second, lengths * words.word_duration, correct, error)


def _scores(
    cell: NDArray[np.intp], n_conditions: int, n_words: int
) -> NDArray[np.float64]:
    """Return how much each word speaks for who spoke it, by the other presentations.

    (2, n_presentations, n_windows), 0 where nothing was recorded.
    """
    n_cells = n_conditions * n_words

    def count(cells: NDArray[np.intp]) -> NDArray[Any]:
        found = np.bincount(cells[cells >= 0], minlength=n_cells)
        return found.reshape(n_conditions, n_words)

    everything = [count(of_neuron) for of_neuron in cell]
    scores = np.zeros(cell.shape)
    for presentation in range(cell.shape[1]):
        own = cell[:, presentation]
        a, b = (n - count(c) for n, c in zip(everything, own, strict=True))
        repeats_a, repeats_b = a.sum(axis=1), b.sum(axis=1)
        pooled = (a + b) / np.maximum(repeats_a + repeats_b, 1)[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.log(a + pooled / 2) - np.log(b + pooled / 2)
        ratio -= np.log((repeats_a + 0.5) / (repeats_b + 0.5))[:, None]
        # A word that neither has spoken before speaks for nobody.
        ratio[pooled == 0] = 0.0
        for neuron, sign in ((0, 1.0), (1, -1.0)):
            is_there = own[neuron] >= 0
            found = ratio.ravel()[own[neuron, is_there]]
            scores[neuron, presentation, is_there] = sign * found
    return scores
