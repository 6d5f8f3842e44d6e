"""How long one listens on, from any moment, until two neurons are told apart.

Takes counts of words and the divergences of pairs; gives that time over the one of
evidence that comes steadily.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from neuroclass.responses.counts import ResponseCounts

__all__ = ["listening_factor"]

_MOST_STARTS = 128  # moments to begin at, evenly over the stimulus
_BLOCK = 1 << 21  # numbers at a time
_PRIOR = 0.5  # repeats: how much the words of both count for either
_MOST_DOUBLINGS = 20


def listening_factor(
    counts: ResponseCounts,
    first: ArrayLike,
    second: ArrayLike,
    bits_per_word: ArrayLike,
    accuracy: ArrayLike = 0.9,
) -> NDArray[np.float64]:
    r"""Return the time to tell two neurons apart, over that of steady evidence.

    Who begins to listen at an arbitrary moment hears the words that follow, and has to
    wait for the next that tell the two apart: longer than steady evidence takes where
    they come together, less where one of them tells all.  After the words of the
    conditions s from one beginning, the fraction of correct answers is

    .. math:: 1 - e^{V / 8 - B} \, \Phi(-\sqrt V / 2) , \qquad
              B = \sum_s -\ln \sum_w \sqrt{P_a P_b} , \quad
              V = \sum_s \mathrm{Var}_s \ln \frac{P_a}{P_b} ,

    with P_a and P_b the probabilities of word w in condition s of the two neurons, and
    the variance under the distribution half-way between them, proportional to
    sqrt(P_a P_b).  The time is that at which its mean over all beginnings reaches
    `accuracy`.

    Parameters
    ----------
    counts : ResponseCounts
        Conditioned on time, else all factors are 1; after the last condition comes the
        first.
    first, second : array_like of int, (n_pairs,)
        The neurons a and b.
    bits_per_word : array_like of shape (n_pairs,)
        Corrected divergence of each pair.  B and V are scaled by it over the divergence
        of the probabilities, which are estimated with the bias of few repeats.
    accuracy : float or array_like of float, default 0.9
        Fraction of correct answers, between 0.5 and 1.

    Returns
    -------
    ndarray of shape (n_pairs,), or (n_accuracies, n_pairs)
        Over the time that `bits_per_word` gives if they came steadily; nan where these
        are not positive.

    Notes
    -----
    The answer is right with probability 1 - sum(min(P_a, P_b)) / 2 over all responses.
    That sum is exp(-B) times the mean of exp(-abs(x) / 2) under the distribution
    half-way, with x the log likelihood ratio, there about Gaussian around 0.  Where
    every step is small B = V / 8 and this is the Gaussian evidence of
    `seconds_to_accuracy`.  ``test_answers_are_as_right_as_simulated_ones``; against
    Monte Carlo in docs/validation.md.  At most 128 beginnings are taken.

    References
    ----------
    .. [1] Kailath (1967), The divergence and Bhattacharyya distance measures in signal
       selection, IEEE Trans. Communication Technology 15:52-60.
    """
    first, second = np.asarray(first), np.asarray(second)
    bits = np.asarray(bits_per_word, dtype=np.float64)
    accuracies = np.atleast_1d(np.asarray(accuracy, dtype=np.float64))
    factor = np.full((len(accuracies), len(first)), np.nan)
    pairs = np.flatnonzero(bits > 0)
    step = max(1, _BLOCK // (counts.counts.shape[1] * counts.counts.shape[2]))
    for begin in range(0, len(pairs), step):
        block = pairs[begin : begin + step]
        if np.isnan(counts.time).any():
            factor[:, block] = 1.0
            continue
        bounds, variances = _scaled_steps(
            counts.counts, first[block], second[block], bits[block]
        )
        for k, wanted in enumerate(accuracies):
            words = _words_until(bounds, variances, wanted)
            steady = ndtri(wanted) ** 2 / (2 * np.log(2)) / bits[block]
            factor[k, block] = words / steady
    return factor.reshape(*np.shape(accuracy), len(first))


def _scaled_steps(
    counts: NDArray[np.int64],
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    bits: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return B and V of each condition, (n_pairs, n_conditions), scaled to `bits`."""
    a, b = counts[first], counts[second]
    repeats_a, repeats_b = a.sum(axis=2, keepdims=True), b.sum(axis=2, keepdims=True)
    both = np.minimum(repeats_a, repeats_b) > 0  # else nothing tells them apart
    pooled = (a + b) / np.maximum(repeats_a + repeats_b, 1)
    p = np.where(both, (a + _PRIOR * pooled) / (repeats_a + _PRIOR), pooled)
    q = np.where(both, (b + _PRIOR * pooled) / (repeats_b + _PRIOR), pooled)
    spoken = pooled > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(spoken, np.log(p) - np.log(q), 0.0)
        middle = np.where(spoken, np.log((p + q) / 2), 0.0)
        of_p = np.where(spoken, np.log(p), 0.0)
    of_q = of_p - ratio
    divergence = (p * (of_p - middle) + q * (of_q - middle)).sum(axis=2) / 2
    half_way = np.sqrt(p * q)
    overlap = np.where(both[..., 0], half_way.sum(axis=2), 1.0)
    mean = (half_way * ratio).sum(axis=2) / overlap
    variance = (half_way * ratio**2).sum(axis=2) / overlap - mean**2
    estimated = divergence.mean(axis=1, keepdims=True) / np.log(2)
    scale = bits[:, None] / np.maximum(estimated, np.finfo(float).tiny)
    return -np.log(overlap) * scale, np.maximum(variance, 0.0) * scale


def _words_until(
    bounds: NDArray[np.float64], variances: NDArray[np.float64], accuracy: float
) -> NDArray[np.float64]:
    """Return after how many words answers are right, (n_pairs,), between two if needed.

    Nan where no number of words is enough.
    """
    listener = _Listener(bounds, variances)
    n_pairs = len(bounds)
    low, high = np.zeros(n_pairs, dtype=np.intp), np.ones(n_pairs, dtype=np.intp)
    at_low = np.full(n_pairs, 0.5)
    at_high = listener.correct(np.arange(n_pairs), high)
    for _ in range(_MOST_DOUBLINGS):
        short = np.flatnonzero(at_high < accuracy)
        if not len(short):
            break
        low[short], at_low[short] = high[short], at_high[short]
        high[short] *= 2
        at_high[short] = listener.correct(short, high[short])
    while len(wide := np.flatnonzero(high - low > 1)):
        middle = (low[wide] + high[wide]) // 2
        found = listener.correct(wide, middle)
        is_short = found < accuracy
        short, enough = wide[is_short], wide[~is_short]
        low[short], at_low[short] = middle[is_short], found[is_short]
        high[enough], at_high[enough] = middle[~is_short], found[~is_short]
    words = low + (accuracy - at_low) / np.maximum(at_high - at_low, 1e-12)
    return np.where(at_high < accuracy, np.nan, words)


class _Listener:
    """Fractions of correct answers after so many words, from many beginnings."""

    def __init__(
        self, bounds: NDArray[np.float64], variances: NDArray[np.float64]
    ) -> None:
        self.n_conditions = bounds.shape[1]
        n_starts = min(self.n_conditions, _MOST_STARTS)
        spread = (np.arange(n_starts) + 0.5) * self.n_conditions / n_starts
        self.starts = spread.astype(np.intp)
        self.sums = [_running_sums(each) for each in (bounds, variances)]

    def correct(
        self, pairs: NDArray[np.intp], n_words: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Return the mean over beginnings of some pairs, after `n_words` of each."""
        rounds, rest = np.divmod(n_words[:, None], self.n_conditions)
        row = pairs[:, None]
        bound, variance = (
            each[row, self.starts + rest]
            - each[row, self.starts]
            + rounds * each[row, self.n_conditions]
            for each in self.sums
        )
        deviation = np.sqrt(variance)
        wrong = np.exp(variance / 8 - bound) * ndtr(-deviation / 2)
        right: NDArray[np.float64] = 1 - wrong.mean(axis=1)
        return right


def _running_sums(each: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sums before each condition, twice through the stimulus."""
    sums = np.zeros((len(each), 2 * each.shape[1] + 1))
    np.cumsum(np.tile(each, 2), axis=1, out=sums[:, 1:])
    return sums
