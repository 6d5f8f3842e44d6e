"""Automatic choice of the time bin width, by information rate above chance.

Input: a recording and its presentations. Output: the bin width with the highest
identity information per second above its chance level (`BinChoice`), and the counts of
the words of this width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.wording import between, rounded
from neuroclass.clustering.timing import choose_base_bin
from neuroclass.estimators.jackknife import jackknife_interval
from neuroclass.information.entropy_terms import above_chance
from neuroclass.information.two_words import two_word_counts, without_group
from neuroclass.presentations.selection import Presentations
from neuroclass.responses.block_counts import CountedRecording, count_bin_sizes
from neuroclass.responses.counts import ResponseCounts
from neuroclass.responses.spike_sums import time_resolution

__all__ = [
    "BIN_SIZES",
    "BinChoice",
    "RecordedUnits",
    "choose_bin_size",
    "choose_counts",
    "count_recorded_units",
    "fitting_bin_sizes",
]

BIN_SIZES = (0.005, 0.010, 0.020, 0.050)  # s


@dataclass(frozen=True)
class BinChoice:
    """The chosen width of a bin.

    Attributes
    ----------
    bin_size : float
        s.
    bin_sizes : tuple of float
        Those tried, s.
    rates : tuple of float
        Plug-in identity information above its chance level, bits/s, of each.
    intervals : ndarray of shape (n_bin_sizes, 2)
        95 % intervals of what these are on average with as many repeats.
    as_good : tuple of float
        Other widths whose rate may be the same: the 95 % interval of the difference
        holds 0.
    reason : str
        One line.
    """

    bin_size: float
    bin_sizes: tuple[float, ...]
    rates: tuple[float, ...]
    intervals: NDArray[np.float64]
    as_good: tuple[float, ...]
    reason: str


def choose_bin_size(
    recording: neo.Block,
    presentations: Presentations,
    word_length: int = 1,
    response: Literal["words", "counts"] = "words",
    *,
    units: Sequence[int] | None = None,
    bin_sizes: Sequence[float] = BIN_SIZES,
    cache: str | Path | None = None,
    progress: bool = False,
) -> BinChoice:
    """Choose the bin width with the highest chance-adjusted information rate.

    (I_plug-in - chance level) / word duration.  Neither the raw nor the Miller-Madow
    rate will do, which pick the finest words always, nor bits per word, which picks
    the coarsest.

    Parameters
    ----------
    recording, presentations, word_length, response, units : as in `bin_words`
    bin_sizes : sequence of float
        Widths to try, in seconds; those that leave no whole word in a presentation are
        skipped.
    cache, progress : as in `count_recording`

    Returns
    -------
    BinChoice
        Of equals the widest.

    Raises
    ------
    ValueError
        If no width fits into the presentations.

    Examples
    --------
    >>> from neuroclass import select_presentations, simulate_retina
    >>> retina = simulate_retina(2, 6, 20, "5s", n_unique=0, random_state=0)
    >>> choose_bin_size(retina, select_presentations(retina)).bin_size
    0.005
    """
    counted = count_bin_sizes(
        recording,
        presentations,
        fitting_bin_sizes(
            presentations,
            word_length,
            bin_sizes,
            resolution=time_resolution(recording, units),
        ),
        word_length,
        response,
        units=units,
        cache=cache,
        progress=progress,
    )
    return choose_counts(counted)[0]


def fitting_bin_sizes(
    presentations: Presentations,
    word_length: int = 1,
    bin_sizes: Sequence[float] = BIN_SIZES,
    *,
    resolution: float = 0.0,
) -> tuple[float, ...]:
    """Return the bin widths with which a word fits into every presentation.

    None is below the time resolution of the data (s), unless all are: then that
    resolution itself.

    Raises
    ------
    ValueError
        If there is none.
    """
    shortest = float(presentations.durations.min())
    fitting = tuple(
        b
        for b in bin_sizes
        if b * word_length <= shortest * (1 + 1e-6) and b >= resolution * (1 - 1e-6)
    )
    if not fitting and 0 < resolution * word_length <= shortest * (1 + 1e-6):
        return (resolution,)
    if not fitting:
        raise ValueError(
            f"bin_size must be given: the presentations of {shortest:g} s are shorter "
            f"than any automatic word."
        )
    return fitting


def choose_counts(
    counted: Sequence[CountedRecording],
) -> tuple[BinChoice, CountedRecording]:
    """Choose between counts of several bin widths.

    Parameters
    ----------
    counted : sequence of CountedRecording
        Of the same neurons, with words of equal length in bins: `count_bin_sizes`.

    Returns
    -------
    choice : BinChoice
        The chosen width, and why.
    counted : CountedRecording
        The counts of this width.
    """
    fitting = tuple(one.bin_size for one in counted)
    # (n_bin_sizes, 1 + n_groups): of all repeats, and without each group
    measured = np.array([_rates(one) for one in counted])
    rates, replicates = measured[:, 0], measured[:, 1:].T
    # Of equals the widest: fewer, better sampled words.
    best = max(range(len(fitting)), key=lambda k: (rates[k], fitting[k]))
    _, intervals = jackknife_interval(rates, replicates)
    _, less = jackknife_interval(
        rates - rates[best], replicates - replicates[:, best : best + 1]
    )
    as_good = tuple(
        b for k, b in enumerate(fitting) if k != best and less[k, 0] <= 0 <= less[k, 1]
    )
    listed = ", ".join(
        f"{_ms(b)} {rounded(rate)}" + (f" ({ends})" if (ends := between(*one)) else "")
        for b, rate, one in zip(fitting, rates, intervals, strict=True)
    )
    others = f"; {' and '.join(map(_ms, as_good))} may be as good" if as_good else ""
    choice = BinChoice(
        bin_size=fitting[best],
        bin_sizes=fitting,
        rates=tuple(rates.tolist()),
        intervals=intervals,
        as_good=as_good,
        reason=f"highest information rate above chance, in bits/s: {listed}{others}",
    )
    return choice, counted[best]


def _rates(counted: CountedRecording) -> list[float]:
    """Return the rate above chance, of all repeats and without each group, bits/s."""
    counts = counted.counts
    left_out = [float("nan")] * 2  # a single repeat cannot be left out
    whole = two_word_counts(counts.counts) or counts.counts
    if counted.n_groups > 1:
        left_out = [
            above_chance(without_group(whole, group)) for group in counted.groups()
        ]
    bits = [above_chance(whole), *left_out]
    return [one / counts.word_duration for one in bits]


def _ms(seconds: float) -> str:
    return f"{1e3 * seconds:g} ms"


@dataclass(frozen=True)
class RecordedUnits:
    """Counts of the units that were recorded in some presentation.

    Attributes
    ----------
    counted : CountedRecording
        Counts of the words of each of these units.
    units : list of int
        Positions of these units in the recording.
    bin_size : float
        Time bin width, in seconds.
    bin_setting : float or dict
        The same; if it was chosen here ``{"value", "chosen": "auto", "why"}``.
    """

    counted: CountedRecording
    units: list[int]
    bin_size: float
    bin_setting: Any

    @property
    def counts(self) -> ResponseCounts:
        """Counts of all repeats."""
        return self.counted.counts


def base_bin(
    recording: neo.Block,
    presentations: Presentations,
    units: Sequence[int] | None = None,
) -> float:
    """Return the base bin width of classes by timing, in seconds: `choose_base_bin`.

    Parameters
    ----------
    recording, presentations, units : as in `bin_words`
    """
    shortest = float(presentations.durations.min())
    resolution = time_resolution(recording, units)
    # A stimulus shorter than any bin is one bin.
    return min(choose_base_bin(shortest, resolution), shortest)


def count_recorded_units(
    recording: neo.Block,
    presentations: Presentations,
    bin_size: Any,
    word_length: int = 1,
    response: Literal["words", "counts"] = "words",
    *,
    units: Sequence[int],
    cache: str | Path | None = None,
    progress: bool = False,
) -> RecordedUnits:
    """Count the words of the units that were recorded in some presentation.

    Parameters
    ----------
    recording, presentations, word_length, response, units : as in `bin_words`
    bin_size : "auto", float, str or quantities.Quantity
        As in `bin_words`; "auto" for the choice of `choose_bin_size`, of which the
        counts are kept.
    cache, progress : as in `count_recording`

    Returns
    -------
    RecordedUnits
    """
    if isinstance(bin_size, str) and bin_size == "base":
        base = base_bin(recording, presentations, units)
        of_base = count_recorded_units(
            recording,
            presentations,
            base,
            word_length,
            response,
            units=units,
            cache=cache,
            progress=progress,
        )
        why = "base bin of the time scales"
        return replace(
            of_base, bin_setting={"value": base, "chosen": "auto", "why": why}
        )
    is_auto = isinstance(bin_size, str) and bin_size == "auto"
    counted = count_bin_sizes(
        recording,
        presentations,
        fitting_bin_sizes(
            presentations, word_length, resolution=time_resolution(recording, units)
        )
        if is_auto
        else (bin_size,),
        word_length,
        response,
        units=units,
        cache=cache,
        progress=progress,
    )
    if is_auto:
        choice, counts = choose_counts(counted)
        seconds: float = choice.bin_size
        setting: Any = {"value": seconds, "chosen": "auto", "why": choice.reason}
    else:
        (counts,) = counted
        seconds = setting = counts.bin_size
    is_recorded = counts.is_recorded
    return RecordedUnits(
        counted=counts.take(is_recorded),
        units=[k for k, is_in in zip(units, is_recorded, strict=True) if is_in],
        bin_size=seconds,
        bin_setting=setting,
    )
