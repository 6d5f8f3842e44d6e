"""Information rates of words of several lengths, and their limit for long words.

Input: information rates of words of one bin width (`ScannedWord`). Output: their limit
for infinitely long words, or the reason why there is none (`Extrapolation`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neuroclass.estimators import bias_aware_interval, jackknife_interval

__all__ = ["Extrapolation", "ScannedWord", "Verdict", "WordRate", "extrapolate"]

_MIN_LENGTHS = 3  # word lengths on a line

Verdict = Literal["good", "few repeats", "saturated"]


@dataclass(frozen=True, repr=False)
class WordRate:
    """Information of words of one length about the neuron identity or the stimulus.

    Attributes
    ----------
    bits_per_word, bits_per_second : float
        Information per word and information rate.
    interval : ndarray of shape (2,)
        95 % interval as of `identity_information`, bits/s.
    gap : float
        1 - blend / jackknife: two corrections that err to opposite sides.
    verdict : {"good", "few repeats", "saturated"}
        Few repeats: a gap above 0.1.  Saturated: more bits per word than a tenth of
        log2 of the number of neurons, or of conditions, the upper bound.
    replicates : ndarray of shape (n_groups,)
        `bits_per_second` without each group of repeats.
    less_biased : ndarray of shape (1 + n_groups,)
        `bits_per_second` by the estimator with the least bias, of all repeats and
        without each group.
    """

    bits_per_word: float
    bits_per_second: float
    interval: NDArray[np.float64]
    gap: float
    verdict: Verdict
    replicates: NDArray[np.float64]
    less_biased: NDArray[np.float64]

    def __repr__(self) -> str:
        return (
            f"WordRate({self.bits_per_word:.3g} bits/word, "
            f"{self.bits_per_second:.3g} bits/s, {self.verdict})"
        )


@dataclass(frozen=True, repr=False)
class ScannedWord:
    """Information of words of one bin width and length.

    Attributes
    ----------
    bin_size : float
        Time bin width, in seconds.
    word_length : int
        Number of bins per word.
    n_words : int
        Number of distinct words observed.
    above_chance : float
        Plug-in identity information less its chance level, bits/s, by which
        `choose_bin_size` compares.
    identity : WordRate
        Information about the neuron identity.
    stimulus : WordRate or None
        Information about the condition, from a word of a known neuron, mean over
        neurons; None where there is one condition.
    """

    bin_size: float
    word_length: int
    n_words: int
    above_chance: float
    identity: WordRate
    stimulus: WordRate | None

    def __repr__(self) -> str:
        return (
            f"ScannedWord({self.word_length} x {1000 * self.bin_size:g} ms, "
            f"{self.n_words} words)"
        )


@dataclass(frozen=True, repr=False)
class Extrapolation:
    """Rate of the information about the stimulus for infinitely long words.

    Attributes
    ----------
    bin_size : float
        Time bin width, in seconds.
    bits_per_second : float
        Intercept of the line through the rates against 1 / word length, bits/s per
        neuron; nan if there is no such line.
    interval : ndarray of shape (2,)
        95 % interval, from leaving out groups of repeats: of noise and bias
        (`bias_aware_interval`).
    slope : float
        Slope of the line, bits: rate = `bits_per_second` + slope / word duration.
    word_lengths : tuple of int
        Lengths of the words on the line, in bins.
    reason : str
        Which words are on the line, or why there is no line.
    """

    bin_size: float
    bits_per_second: float
    interval: NDArray[np.float64]
    slope: float
    word_lengths: tuple[int, ...]
    reason: str

    def __repr__(self) -> str:
        bins = f"bins of {1000 * self.bin_size:g} ms"
        if not self.word_lengths:
            return f"Extrapolation(none, {bins})"
        return (
            f"Extrapolation({self.bits_per_second:.3g} bits/s, {bins}, "
            f"{len(self.word_lengths)} word lengths)"
        )


def extrapolate(words: Sequence[ScannedWord]) -> Extrapolation:
    r"""Extrapolate the information rate about the stimulus to infinitely long words.

    .. math:: I(T) / T = r + a / T

    for words of duration T: neighbouring words share the correlations across their
    border, so the rate nears its limit r as 1/T once T is longer than these.  The line
    goes through the words that are well sampled and not saturated, without the shortest
    ones as long as a parabola fits better (95 %, by the same groups of repeats); with
    fewer than three words there is no line.

    Parameters
    ----------
    words : sequence of ScannedWord
        Words of one bin width, in order of length, with more than one condition.

    Returns
    -------
    Extrapolation

    Notes
    -----
    The information is a difference of two entropies, and so is its limit that of the
    limits of [1]_, taken from the same words.  The rate of identity information has no
    such limit but 0: the information does not exceed log2 of the number of neurons,
    however long the words.  The interval covers the variation over repeats, not over
    stimuli.  ``test_a_line_meets_its_limit``,
    ``test_extrapolation_is_near_the_rate_of_long_words``.

    References
    ----------
    .. [1] Strong, Koberle, de Ruyter van Steveninck & Bialek (1998), Physical Review
       Letters 80:197-200, doi:10.1103/PhysRevLett.80.197.
    """
    bin_size = words[0].bin_size
    rates = {w.word_length: w.stimulus for w in words if w.stimulus}
    reliable = {n: rate for n, rate in rates.items() if rate.verdict == "good"}
    if len(reliable) < _MIN_LENGTHS:
        return _no_line(bin_size, _why_not(list(rates.values()), len(reliable)))
    lengths = list(reliable)
    for first in range(len(lengths) - _MIN_LENGTHS + 1):
        chosen = {n: reliable[n] for n in lengths[first:]}
        if _is_line(bin_size, chosen):
            return _line(bin_size, chosen)
    rate = reliable[lengths[-1]].bits_per_second
    return _no_line(
        bin_size,
        "not extrapolated: the rates of reliable word lengths do not lie on a line "
        f"against 1 / word length; the longest, {lengths[-1]} bins, carry {rate:.3g} "
        "bits/s",
    )


def _why_not(rates: Sequence[WordRate], n_reliable: int) -> str:
    verdicts = {rate.verdict for rate in rates}
    cure = "try more word lengths"
    if "few repeats" in verdicts:
        cure = "longer ones need more repeats"
    elif "saturated" in verdicts:
        cure = "longer ones need a longer stimulus"
    return (
        f"not extrapolated: {n_reliable or 'none'} of the {_MIN_LENGTHS} word lengths "
        f"needed are reliable; {cure}"
    )


def _no_line(bin_size: float, reason: str) -> Extrapolation:
    nan = float("nan")
    return Extrapolation(bin_size, nan, np.full(2, nan), nan, (), reason)


def _fits(
    bin_size: float,
    rates: Mapping[int, WordRate],
    degree: int,
    *,
    is_less_biased: bool = False,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coefficients of 1 / T, constant first: of all repeats, and replicates."""
    per_second = 1 / (bin_size * np.array(list(rates)))
    measured = np.stack(
        [
            r.less_biased
            if is_less_biased
            else np.append(r.bits_per_second, r.replicates)
            for r in rates.values()
        ]
    )  # (n_word_lengths, 1 + n_groups)
    powers = np.vander(per_second * bin_size, degree + 1, increasing=True)
    found = np.linalg.lstsq(powers, measured, rcond=None)[0]
    found *= (bin_size ** np.arange(degree + 1))[:, None]
    return found[:, 0], found[:, 1:].T


def _is_line(bin_size: float, rates: Mapping[int, WordRate]) -> bool:
    value, replicates = _fits(bin_size, rates, 2)
    _, (low, high) = jackknife_interval(value[2], replicates[:, 2])
    rounding = 1e-9 * abs(value[0]) * bin_size**2  # of rates without any error
    return bool(low - rounding <= 0 <= high + rounding)


def _line(bin_size: float, rates: Mapping[int, WordRate]) -> Extrapolation:
    value, _ = _fits(bin_size, rates, 1)
    # Small biases of the rates, all to one side, are a large one where the line ends.
    other, others = _fits(bin_size, rates, 1, is_less_biased=True)
    interval = bias_aware_interval(value[0], other[0], others[:, 0])
    return Extrapolation(
        bin_size=bin_size,
        bits_per_second=float(value[0]),
        interval=interval,
        slope=float(value[1]),
        word_lengths=tuple(rates),
        reason=f"a line through words of {', '.join(map(str, rates))} bins",
    )
