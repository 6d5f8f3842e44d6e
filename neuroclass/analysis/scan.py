"""Information rate against the bin width and the length of a word.

Input: a recording. Output: `InformationScan`, the information rate of each kind of word
with its interval, about the neuron and about the stimulus, whether there are enough
repeats for it, and the limit of infinitely long words.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

import numpy as np
from numpy.typing import NDArray

from neuroclass import plotting
from neuroclass._lib.blas_threads import few_blas_threads
from neuroclass._lib.checks import check_positive_int
from neuroclass._lib.issues import Issue
from neuroclass._lib.progress import progress_bar
from neuroclass.analysis.bin_choice import BIN_SIZES
from neuroclass.analysis.responses import (
    Recordings,
    Responses,
    load_presentations,
    refuse_settled,
    split_options,
)
from neuroclass.information.identity import IdentityInformation, identity_information
from neuroclass.information.word_length_limit import (
    ScannedWord,
    Verdict,
    WordRate,
    extrapolate,
)
from neuroclass.presentations import (
    PresentationOptions,
    Presentations,
    select_units,
)
from neuroclass.responses.block_counts import (
    CountedRecording,
    check_two_units_fire,
    count_recording,
)
from neuroclass.results.information_scan import InformationScan

if TYPE_CHECKING:
    from neuroclass.plotting import ScanPlots

__all__ = ["WORD_LENGTHS", "Scan", "scan_information"]

WORD_LENGTHS = (1, 2, 3, 4, 6, 8)  # bins

_LARGEST_GAP = 0.1  # between blend and jackknife, of the jackknife
_SATURATED = 0.1  # of log2 of the number of alternatives


class Scan(InformationScan):
    """Information rates over bin widths and word lengths: `InformationScan`.

    Made by `scan_information`.
    """

    @property
    def plot(self) -> ScanPlots:
        """Figures: ``plot()`` about the neuron, ``plot.stimulus()``."""
        return plotting.ScanPlots(self)


class ScanOptions(PresentationOptions, total=False):
    """Keywords of `scan_information`: of `ResponseSettings` and `RunSettings`."""

    triggers: Any
    trial_duration: Any
    response: Literal["words", "counts"]
    units: Mapping[str, Sequence[Any]] | None
    cache: str | Path | None
    progress: bool


def scan_information(
    recording: Recordings | Responses,
    *,
    presentations: Presentations | None = None,
    estimator: Any = "empirical-bayes",
    bin_sizes: Sequence[float] = BIN_SIZES,
    word_lengths: Sequence[int] = WORD_LENGTHS,
    max_table: int = 2**25,
    **options: Unpack[ScanOptions],
) -> Scan:
    """Measure the information of words of several bin widths and lengths.

    The identity information, about the neuron; and the information about the stimulus,
    with the limit of infinitely long words (`extrapolate`).

    Parameters
    ----------
    recording : Responses, neo.Block, str or Path, or a sequence of the latter three
        As in `classify_neurons`.
    presentations : Presentations, optional
        The repeats of a recording that is loaded, if they are known already.
    estimator : str, default "empirical-bayes"
        As in `identity_information`.
    bin_sizes : sequence of float
        Time bin widths, in seconds.
    word_lengths : sequence of int
        Numbers of bins per word.  Words longer than a presentation are skipped, and
        words so many that a table of their counts had more than `max_table` entries.
    max_table : int, default 2^25
        Largest number of entries of a table of counts, 256 MiB.
    **options
        Keywords of `ResponseSettings` but for `bin_size` and `word_length`, unless
        `recording` is `Responses`, and of `RunSettings`.

    Returns
    -------
    Scan

    Raises
    ------
    RecordingError
        If fewer than two units have a spike in the presentations.
    TypeError
        If a keyword is unknown.
    ValueError
        If no word fits into the presentations.

    Notes
    -----
    The information of a word of a known neuron about the condition is the divergence of
    the conditions, as that about the neuron is the divergence of the neurons: the same
    function on the same table, with these two axes exchanged.

    In simulated retinas the truth is between blend and jackknife, so where these are
    near each other both are near it (``test_words_called_good_are_near_the_truth``).

    Examples
    --------
    >>> from neuroclass import simulate_retina
    >>> retina = simulate_retina(2, 6, 20, "5s", n_unique=0, random_state=0)
    >>> scan = scan_information(retina, bin_sizes=[0.02], word_lengths=[1, 2])
    >>> [word.word_length for word in scan.words]
    [1, 2]
    """
    for name in ("bin_size", "word_length"):
        if name in options:
            raise TypeError(
                f"scan_information() got an unexpected keyword argument {name!r}. Did "
                f"you mean {name + 's'!r}?"
            )
    settings, run = split_options(
        dict(options),
        "scan_information",
        other_keywords=tuple(scan_information.__kwdefaults__ or ()),
    )
    if isinstance(recording, Responses):
        refuse_settled(dict(options), "scan_information")
        if presentations is not None:
            raise TypeError(
                "scan_information() got 'presentations', which are settled in "
                "responses that are prepared."
            )
        settings = recording.settings
        block, presentations = recording.recording, recording.presentations
        units = list(recording.chosen)
    else:
        block, presentations = load_presentations(
            recording, settings, run, presentations
        )
        units = select_units(block, settings.units)
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
    scanned, issues = [], list(presentations.issues)
    for bin_size, length in progress_bar(
        fitting, desc="kinds of words", progress=run.progress
    ):
        counted = count_recording(
            block,
            presentations,
            bin_size,
            length,
            settings.response,
            units=units,
            cache=run.cache,
        )
        check_two_units_fire(counted.n_spikes)
        if math.prod(counted.shape) > max_table:
            issues.append(
                Issue(
                    "words left out",
                    f"words of {length} bins of {1e3 * bin_size:g} ms are left out: "
                    "too many different ones to count",
                    is_warned=False,
                )
            )
            continue
        with few_blas_threads(len(units)):
            scanned.append(_scan_word(counted, bin_size, length, estimator))
    widths = dict.fromkeys(w.bin_size for w in scanned if w.stimulus)
    return Scan(
        words=tuple(scanned),
        extrapolations=tuple(
            extrapolate([w for w in scanned if w.bin_size == b]) for b in widths
        ),
        estimator=estimator,
        n_units=len(units),
        presentations=presentations,
        issues=tuple(issues),
    )


def _scan_word(
    counted: CountedRecording, bin_size: float, length: int, estimator: Any
) -> ScannedWord:
    counts = counted.counts.counts  # (n_neurons, n_conditions, n_words)
    duration = counted.counts.word_duration
    groups = list(counted.small_groups())  # once for both
    found, identity = _word_rate(counts, groups, estimator, duration)
    stimulus = None
    if counts.shape[1] > 1:
        _, stimulus = _word_rate(
            counts.swapaxes(0, 1),
            (group.swapaxes(0, 1) for group in groups),
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
    groups: Iterable[NDArray[Any]],
    estimator: Any,
    duration: float,
) -> tuple[IdentityInformation, WordRate]:
    """Return the information about which of the first axis a word came from."""
    found = identity_information(counts, estimator=estimator, groups=groups)
    bits = found.bits_per_word
    is_corrected = estimator in ("blend", "empirical-bayes")
    gap = 1 - found.blend / found.jackknife if found.jackknife > 0 else float("inf")
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
