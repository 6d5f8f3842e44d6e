"""Rates of words of several lengths, and their limit for infinitely long words.

Takes what words of one bin width tell per second (`ScannedWord`), gives the limit, or
why there is none (`Extrapolation`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neuroclass.estimators.jackknife import bias_aware_interval, jackknife_interval

__all__ = ["Extrapolation", "ScannedWord", "Verdict", "WordRate", "extrapolate"]

_FEWEST = 3  # word lengths that make a line

Verdict = Literal["good", "few repeats", "saturated"]


@dataclass(frozen=True)
class WordRate:
    """What one kind of word tells about one thing: who spoke, or the stimulus.

    Attributes
    ----------
    bits_per_word, bits_per_second : float
    interval : ndarray of shape (2,)
        95 %, as of `identity_information`, bits/s.
    gap : float
        1 - blend / jackknife: two corrections that err to opposite sides.
    verdict : {"good", "few repeats", "saturated"}
        Few repeats: a gap above 0.1.  Saturated: more bits per word than a tenth of
        log2 of the number of neurons, or of conditions, beyond which no word can tell.
    replicates : ndarray of shape (n_groups,)
        `bits_per_second` without each group of repeats.
    less_biased : ndarray of shape (1 + n_groups,)
        By the estimator that has the least bias, of all repeats and without each group.
    """

    bits_per_word: float
    bits_per_second: float
    interval: NDArray[np.float64]
    gap: float
    verdict: Verdict
    replicates: NDArray[np.float64] = field(repr=False)
    less_biased: NDArray[np.float64] = field(repr=False)


@dataclass(frozen=True)
class ScannedWord:
    """The information of one kind of word.

    Attributes
    ----------
    bin_size : float
        s.
    word_length : int
        Bins.
    n_words : int
        Different words that anybody spoke.
    above_chance : float
        Plug-in identity information over its chance level, bits/s: what
        `choose_bin_size` compares.
    identity : WordRate
        About which neuron spoke.
    stimulus : WordRate or None
        About the condition, from a word of a known neuron, mean over neurons; None
        where there is one condition.
    """

    bin_size: float
    word_length: int
    n_words: int
    above_chance: float
    identity: WordRate
    stimulus: WordRate | None


@dataclass(frozen=True)
class Extrapolation:
    """What infinitely long words tell about the stimulus.

    Attributes
    ----------
    bin_size : float
        s.
    bits_per_second : float
        Where the line through the rates against 1 / word length meets 0, per neuron;
        nan if there is no such line.
    interval : ndarray of shape (2,)
        95 % interval, from leaving out groups of repeats: of noise and bias
        (`bias_aware_interval`), so that the limit itself may be at its end.
    slope : float
        Of the line, bits: rate = `bits_per_second` + slope / word duration.
    word_lengths : tuple of int
        The words on the line, bins.
    reason : str
        One line.
    """

    bin_size: float
    bits_per_second: float
    interval: NDArray[np.float64]
    slope: float
    word_lengths: tuple[int, ...]
    reason: str


def extrapolate(words: Sequence[ScannedWord]) -> Extrapolation:
    r"""Extrapolate what words tell about the stimulus to infinitely long words.

    .. math:: I(T) / T = r + a / T

    for words of duration T: neighbouring words share what correlations reach across
    their border, so the rate nears its limit r as 1/T once T is longer than these.  The
    line goes through the words that are well sampled and not saturated, without the
    shortest ones as long as a parabola fits better (95 %, by the same groups of
    repeats); with less than three words there is no line.

    Parameters
    ----------
    words : sequence of ScannedWord
        Of one bin width, in order of length, with more than one condition.

    Returns
    -------
    Extrapolation

    Notes
    -----
    The information is a difference of two entropies, and so is its limit that of the
    limits of [1]_, taken from the same words.  What words tell about *who* spoke has no
    such limit but 0: it does not exceed log2 of the number of neurons, however long
    they are.  The interval holds what other repeats would change, and not what another
    stimulus would.  ``test_a_line_meets_its_limit``,
    ``test_extrapolation_is_near_the_rate_of_long_words``.

    References
    ----------
    .. [1] Strong, Koberle, de Ruyter van Steveninck & Bialek (1998), Physical Review
       Letters 80:197-200, doi:10.1103/PhysRevLett.80.197.
    """
    bin_size = words[0].bin_size
    rates = {w.word_length: w.stimulus for w in words if w.stimulus}
    good = {n: rate for n, rate in rates.items() if rate.verdict == "good"}
    if len(good) < _FEWEST:
        return _no_line(bin_size, _why_not(list(rates.values()), len(good)))
    lengths = list(good)
    for first in range(len(lengths) - _FEWEST + 1):
        chosen = {n: good[n] for n in lengths[first:]}
        if _is_line(bin_size, chosen):
            return _line(bin_size, chosen)
    rate = good[lengths[-1]].bits_per_second
    return _no_line(
        bin_size,
        "not extrapolated: the rates of words that can be trusted do not lie on a line "
        f"against 1 / word length; the longest, {lengths[-1]} bins, tell {rate:.3g} "
        "bits/s",
    )


def _why_not(rates: Sequence[WordRate], n_good: int) -> str:
    verdicts = {rate.verdict for rate in rates}
    cure = "try more word lengths"
    if "few repeats" in verdicts:
        cure = "longer ones need more repeats"
    elif "saturated" in verdicts:
        cure = "longer ones need a longer stimulus"
    return (
        f"not extrapolated: {n_good or 'none'} of the {_FEWEST} word lengths that are "
        f"needed can be trusted; {cure}"
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
