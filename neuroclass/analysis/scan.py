"""Information against the width of a bin and the length of a word.

Takes a recording and its presentations, gives the information rate of each kind of word
with its interval, about who spoke and about the stimulus, whether there are enough
repeats for it, and the limit of infinitely long words.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import check_positive_int
from neuroclass.analysis.bin_choice import BIN_SIZES
from neuroclass.information.identity import IdentityInformation, identity_information
from neuroclass.information.word_length_limit import (
    Extrapolation,
    ScannedWord,
    Verdict,
    WordRate,
    extrapolate,
)
from neuroclass.results.information_scan import InformationScan
from neuroclass.presentations.selection import Presentations
from neuroclass.responses.block_counts import (
    CountedRecording,
    check_two_units_speak,
    count_recording,
)

__all__ = ["WORD_LENGTHS", "scan_information"]

WORD_LENGTHS = (1, 2, 3, 4, 6, 8)  # bins

_LARGEST_GAP = 0.1  # between blend and jackknife, of the jackknife
_SATURATED = 0.1  # of log2 of the number of alternatives
_MOST_CELLS = 2**25  # of a table of counts, 256 MiB


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
    is_corrected = estimator in ("blend", "empirical-bayes")
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
        less_biased=np.append(
            found.empirical_bayes if is_corrected else bits,
            found.less_biased_replicates,
        )
        / duration,
    )
