"""Information against the width of a bin and the length of a word.

Takes a recording and its presentations, gives the information rate of each kind of word
with its interval, about who spoke and about the stimulus, whether there are enough
repeats for it, and the limit of infinitely long words.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._validation import check_positive_int
from neuroclass.counting import (
    CountedRecording,
    check_two_units_speak,
    count_recording,
)
from neuroclass.information import IdentityInformation, identity_information
from neuroclass.jackknife import jackknife_interval
from neuroclass.presentations import Presentations
from neuroclass.word_choice import BIN_SIZES

__all__ = [
    "WORD_LENGTHS",
    "Extrapolation",
    "InformationScan",
    "ScannedWord",
    "WordRate",
    "extrapolate",
    "scan_information",
]

WORD_LENGTHS = (1, 2, 3, 4, 6, 8)  # bins

_LARGEST_GAP = 0.1  # between blend and jackknife, of the jackknife
_SATURATED = 0.1  # of log2 of the number of alternatives
_FEWEST = 3  # word lengths that make a line
_MOST_CELLS = 2**25  # of a table of counts, 256 MiB

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
    """

    bits_per_word: float
    bits_per_second: float
    interval: NDArray[np.float64]
    gap: float
    verdict: Verdict
    replicates: NDArray[np.float64] = field(repr=False)


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
        95 % interval, from leaving out groups of repeats.
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


@dataclass(frozen=True)
class InformationScan:
    """Information rates over bin widths and word lengths.

    Attributes
    ----------
    words : tuple of ScannedWord
        By bin width, then word length.
    extrapolations : tuple of Extrapolation
        One per bin width; none where there is one condition.
    estimator : str
        Of all rates.
    notes : tuple of str
        What was left out.
    """

    words: tuple[ScannedWord, ...]
    extrapolations: tuple[Extrapolation, ...]
    estimator: str
    notes: tuple[str, ...]


def scan_information(
    recording: neo.Block,
    presentations: Presentations,
    response: Literal["words", "counts"] = "words",
    *,
    estimator: Any = "blend",
    units: Sequence[int] | None = None,
    bin_sizes: Sequence[float] = BIN_SIZES,
    word_lengths: Sequence[int] = WORD_LENGTHS,
    cache: str | Path | None = None,
    progress: Callable[[list[Any]], Iterable[Any]] = iter,
) -> InformationScan:
    """Measure what words of several bin widths and lengths tell.

    About who spoke, the identity information; and about the stimulus, with the limit
    of infinitely long words (`extrapolate`).

    Parameters
    ----------
    recording, presentations, response, units
        As in `bin_words`.
    estimator : str
        As in `identity_information`.
    bin_sizes : sequence of float
        Widths of a bin, s.
    word_lengths : sequence of int
        Bins per word.  Words longer than a presentation are skipped, and words so many
        that a table of their counts had more than 2^25 entries.
    cache : str or Path, optional
        A folder that keeps what was counted: `count_recording`.
    progress : callable, optional
        Wraps the list of what is to be measured, as ``tqdm.tqdm`` does.

    Returns
    -------
    InformationScan

    Raises
    ------
    RecordingError
        If fewer than two units have a spike in the presentations.
    ValueError
        If no word fits into the presentations.

    Notes
    -----
    What a word of a known neuron tells about the condition is the divergence of the
    conditions, as what it tells about the neuron is that of the neurons: the same
    function on the same table, with these two axes exchanged.

    In simulated retinas the truth is between blend and jackknife, so where these are
    near each other both are near it (``test_words_called_good_are_near_the_truth``).
    """
    lengths = sorted({check_positive_int(n, "word_lengths") for n in word_lengths})
    shortest = float(presentations.durations.min())
    fitting = [
        (b, n) for b in bin_sizes for n in lengths if b * n <= shortest * (1 + 1e-6)
    ]
    if not fitting:
        raise ValueError(
            f"bin_sizes times word_lengths must fit into the presentations "
            f"({shortest:g} s); got {min(bin_sizes):g} s and {lengths[0]} at least. "
            "Use smaller bins."
        )
    scanned, notes = [], []
    for bin_size, length in progress(fitting):
        counted = count_recording(
            recording,
            presentations,
            bin_size,
            length,
            response,
            units=units,
            cache=cache,
        )
        check_two_units_speak(counted.n_spikes)
        if math.prod(counted.shape) > _MOST_CELLS:
            notes.append(
                f"words of {length} bins of {1e3 * bin_size:g} ms are left out: too "
                "many different ones to count"
            )
            continue
        scanned.append(_scan_word(counted, bin_size, length, estimator))
    widths = dict.fromkeys(w.bin_size for w in scanned if w.stimulus)
    return InformationScan(
        words=tuple(scanned),
        extrapolations=tuple(
            extrapolate([w for w in scanned if w.bin_size == b]) for b in widths
        ),
        estimator=estimator,
        notes=tuple(notes),
    )


def _scan_word(
    counted: CountedRecording, bin_size: float, length: int, estimator: Any
) -> ScannedWord:
    counts = counted.counts.counts  # (n_neurons, n_conditions, n_words)
    duration = counted.counts.word_duration
    found, identity = _word_rate(counts, counted.groups(), estimator, duration)
    stimulus = None
    if counts.shape[1] > 1:
        _, stimulus = _word_rate(
            counts.swapaxes(0, 1),
            (group.swapaxes(0, 1) for group in counted.groups()),
            estimator,
            duration,
        )
    return ScannedWord(
        bin_size=bin_size,
        word_length=length,
        n_words=counts.shape[2],
        above_chance=(found.plug_in - found.chance_level) / duration,
        identity=identity,
        stimulus=stimulus,
    )


def _word_rate(
    counts: NDArray[np.int64],
    groups: Iterable[NDArray[np.int64]],
    estimator: Any,
    duration: float,
) -> tuple[IdentityInformation, WordRate]:
    """Return the information about which of the first axis a word came from."""
    found = identity_information(counts, estimator=estimator, groups=groups)
    bits = found.bits_per_word
    blend = bits if estimator == "blend" else identity_information(counts).bits_per_word
    gap = 1 - blend / found.jackknife if found.jackknife > 0 else float("inf")
    verdict: Verdict = "good"
    if gap > _LARGEST_GAP:
        verdict = "few repeats"
    elif bits > _SATURATED * np.log2(len(counts)):
        verdict = "saturated"
    return found, WordRate(
        bits_per_word=bits,
        bits_per_second=bits / duration,
        interval=found.interval / duration,
        gap=gap,
        verdict=verdict,
        replicates=found.replicates / duration,
    )


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
    bin_size: float, rates: Mapping[int, WordRate], degree: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coefficients of 1 / T, constant first: of all repeats, and replicates."""
    per_second = 1 / (bin_size * np.array(list(rates)))
    measured = np.stack(
        [np.append(r.bits_per_second, r.replicates) for r in rates.values()]
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
    value, replicates = _fits(bin_size, rates, 1)
    _, interval = jackknife_interval(value[0], replicates[:, 0])
    return Extrapolation(
        bin_size=bin_size,
        bits_per_second=float(value[0]),
        interval=interval,
        slope=float(value[1]),
        word_lengths=tuple(rates),
        reason=f"a line through words of {', '.join(map(str, rates))} bins",
    )
