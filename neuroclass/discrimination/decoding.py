"""Leave-one-repeat-out decoding of the neuron identity, for pairs of neurons.

Input: word codes of two neurons, repeat by repeat. Output: fraction of correct answers
against the duration of the response. With few repeats the decoder knows the word
probabilities badly: the best possible decoder may do better.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["DecoderCurve", "decode_pair"]

_TIE = 1e-9


@dataclass(frozen=True, repr=False)
class DecoderCurve:
    """Accuracy of the decoder of a pair of neurons, by duration of the response.

    Attributes
    ----------
    first, second : int
        Positions of the two neurons.
    durations : ndarray of shape (n_durations,)
        Durations of the response, in seconds.
    correct : ndarray of shape (n_durations,)
        Fraction of correct answers, each neuron equally likely.
    standard_error : ndarray of shape (n_durations,)
        Standard error of `correct`, from the scatter over presentations.
    """

    first: int
    second: int
    durations: NDArray[np.float64]
    correct: NDArray[np.float64]
    standard_error: NDArray[np.float64]

    def __repr__(self) -> str:
        return (
            f"DecoderCurve(neurons {self.first} and {self.second}, "
            f"{len(self.durations)} durations up to {self.durations[-1]:.3g} s)"
        )

    def time_to(self, accuracy: float) -> float:
        """Return the shortest duration that reaches `accuracy`, in seconds.

        Interpolated between durations; nan if `accuracy` is not reached.
        """
        above = np.flatnonzero(self.correct >= accuracy)
        if not len(above):
            return float("nan")
        k = int(above[0])
        if k == 0:
            return float(self.durations[0])
        ends = slice(k - 1, k + 1)
        return float(np.interp(accuracy, self.correct[ends], self.durations[ends]))


def decode_pair(
    words: ArrayLike,
    conditions: ArrayLike,
    word_duration: float,
    *,
    neurons: tuple[int, int] = (0, 1),
    n_durations: int = 40,
) -> DecoderCurve:
    r"""Decode which of two neurons fired, by likelihood ratio, leaving repeats out.

    A response w_1, w_2, ... under the conditions s_1, s_2, ... is assigned to neuron a
    if

    .. math:: \sum_k \ln \frac{\hat P(w_k|a,s_k)}{\hat P(w_k|b,s_k)} > 0, \qquad
              \hat P(w|i,s) = \frac{n_i(s,w) + q(s,w)/2}{R_i(s) + 1/2},

    with the counts n of all presentations but the one that the response is from,
    taken out for both neurons, and q the pooled frequencies of the two.

    Parameters
    ----------
    words : array_like of int, (2, n_presentations, n_windows)
        Word codes of the neurons a and b, window by window; negative where the window
        does not exist or was not recorded.
    conditions : array_like of int, (n_presentations, n_windows)
        Condition of each window, from 0; negative where the window does not exist.
    word_duration : float
        Duration of a word, in seconds.
    neurons : tuple of two int, default (0, 1)
        Positions of the neurons a and b in their population, for the result.
    n_durations : int, default 40
        Number of response durations, from one word to the longest presentation, evenly
        spaced in their logarithm.

    Returns
    -------
    DecoderCurve
        Averaged over presentations, over the two neurons and over the start of the
        response within the stimulus; a tie counts one half. Responses that were not
        recorded whole do not count.

    Raises
    ------
    ValueError
        If the shapes of `words` and `conditions` do not agree.

    Notes
    -----
    Cost: presentations x windows x (words + `n_durations`).
    ``test_decoder_equals_a_twin_of_loops``,
    ``test_decoder_of_one_word_is_as_good_as_the_overlap_allows``.
    """
    codes, condition = np.asarray(words), np.asarray(conditions)
    if condition.ndim != 2 or codes.shape != (2, *condition.shape):
        raise ValueError(
            "words must have the shape (2, n_presentations, n_windows), with "
            "n_presentations and n_windows those of conditions; got words of shape "
            f"{codes.shape} and conditions of shape {condition.shape}."
        )
    is_recorded = (codes >= 0) & (condition >= 0)
    alphabet, code = np.unique(codes, return_inverse=True)
    # (2, n_presentations, n_windows), -1 where nothing was recorded
    cell = condition * len(alphabet) + code.reshape(codes.shape)
    cell[~is_recorded] = -1
    ratios = _log_likelihood_ratios(
        cell, int(condition.max(initial=-1)) + 1, len(alphabet)
    )
    longest = int(condition.shape[1])
    lengths = np.unique(np.geomspace(1, longest, n_durations).round().astype(int))
    sums, n_recorded = np.zeros((2, *ratios.shape[:2], longest + 1))
    np.cumsum(ratios, axis=2, out=sums[:, :, 1:])
    np.cumsum(is_recorded, axis=2, out=n_recorded[:, :, 1:])
    correct = np.empty(len(lengths))
    error = np.empty(len(lengths))
    for k, length in enumerate(lengths):
        evidence = sums[:, :, length:] - sums[:, :, :-length]
        is_whole = n_recorded[:, :, length:] - n_recorded[:, :, :-length] == length
        n_starts = is_whole.sum(axis=(0, 2)) / 2
        # Half for a tie, which rounding in the sums must not decide.
        is_right = ((evidence > _TIE) * 0.5 + (evidence > -_TIE) * 0.5) * is_whole
        right = is_right.sum(axis=(0, 2)) / 2
        # nan if no response of this length was recorded whole
        n_responses = n_starts.sum() or np.nan
        correct[k] = right.sum() / n_responses
        deviation = right - correct[k] * n_starts
        error[k] = np.sqrt((deviation**2).sum()) / n_responses
    first, second = neurons
    return DecoderCurve(first, second, lengths * word_duration, correct, error)


def _log_likelihood_ratios(
    cell: NDArray[np.intp], n_conditions: int, n_words: int
) -> NDArray[np.float64]:
    """Return the log likelihood ratio of each word for the neuron that emitted it.

    By the counts of all other presentations; (2, n_presentations, n_windows), 0 where
    nothing was recorded.
    """
    n_cells = n_conditions * n_words

    def count(cells: NDArray[np.intp]) -> NDArray[np.intp]:
        counted = np.bincount(cells[cells >= 0], minlength=n_cells)
        return counted.reshape(n_conditions, n_words)

    totals = [count(of_neuron) for of_neuron in cell]
    ratios = np.zeros(cell.shape)
    for presentation in range(cell.shape[1]):
        own = cell[:, presentation]
        a, b = (n - count(c) for n, c in zip(totals, own, strict=True))
        repeats_a, repeats_b = a.sum(axis=1), b.sum(axis=1)
        pooled = (a + b) / np.maximum(repeats_a + repeats_b, 1)[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.log(a + pooled / 2) - np.log(b + pooled / 2)
        ratio -= np.log((repeats_a + 0.5) / (repeats_b + 0.5))[:, None]
        # A word that was observed from neither neuron elsewhere is no evidence.
        ratio[pooled == 0] = 0.0
        for neuron, sign in ((0, 1.0), (1, -1.0)):
            is_recorded = own[neuron] >= 0
            of_words = ratio.ravel()[own[neuron, is_recorded]]
            ratios[neuron, presentation, is_recorded] = sign * of_words
    return ratios
