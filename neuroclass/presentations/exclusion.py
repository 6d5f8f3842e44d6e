"""Exclusion of presentations that cannot be used.

Input: the rows of an interval table and the spikes. Output: the rows within the
recorded time, of stimuli with enough repeats and not truncated, with notes on the
others. Rows on another clock than the spikes are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.issues import Issue
from neuroclass._lib.wording import plural
from neuroclass.exceptions import RecordingError
from neuroclass.io import row_times
from neuroclass.presentations.candidates import (
    STIMULUS,
    length_tolerance,
    medians_by_group,
    ordered_labels,
)
from neuroclass.presentations.interval_rows import IntervalRows
from neuroclass.presentations.interval_tables import (
    as_seconds,
    onset_columns,
    spike_seconds,
)

__all__ = [
    "RecordedSpikes",
    "check_clock",
    "common_durations",
    "drop_rare_stimuli",
    "drop_truncated",
    "drop_unobserved",
    "drop_unrecorded",
    "length_issues",
    "onset_issues",
    "overlap_issues",
    "overlaps_any",
    "unit_issues",
]

_CLOCK_RATIO = 500.0  # milliseconds make 1000, samples more
_SLOW_RATE, _LONG_DURATION = 0.05, 200.0  # Hz and s: a thousandth of the usual ones
_DAY = 86_400.0  # s; longer ones are rather clocks that jumped than recordings
_NO_RATE = 1e-3  # Hz, of units in a day: beyond what any sorting gives
_JITTER = 0.01  # s; onsets that vary by more smear the responses of a bin
# Expected spikes: a row with none of them, of probability 2e-9, was not recorded.
_SURELY_SPIKING = 20.0


@dataclass(frozen=True)
class RecordedSpikes:
    """All spikes of a recording, read one unit at a time for the sake of memory."""

    trains: Sequence[neo.SpikeTrain]
    n_spikes: int
    first: float  # s
    last: float  # s

    @classmethod
    def from_trains(cls, trains: Sequence[neo.SpikeTrain]) -> RecordedSpikes:
        """Return the spikes of some units."""
        n_spikes, first, last = 0, np.inf, -np.inf
        for train in trains:
            if len(train):
                times = spike_seconds(train)
                n_spikes += len(times)
                first, last = min(first, times.min()), max(last, times.max())
        return cls(trains, n_spikes, float(first), float(last))

    def is_any_between(
        self, starts: NDArray[np.float64], stops: NDArray[np.float64]
    ) -> bool:
        """Whether any spike lies in one of the stretches of time."""
        for train in self.trains:
            times = np.sort(spike_seconds(train))
            if (np.searchsorted(times, stops) > np.searchsorted(times, starts)).any():
                return True
        return False


def check_clock(spikes: RecordedSpikes, rows: IntervalRows, source: str) -> None:
    """Raise if spikes and presentations are plainly not on one clock."""
    stops = rows.stops
    is_any_inside = spikes.is_any_between(rows.starts, stops)
    last_spike, last_stop = abs(spikes.last), float(np.abs(stops).max())
    # Spikes in ms beside rows in s overlap at the start of the recording only.
    ratio = max(last_spike, last_stop) / max(min(last_spike, last_stop), 1e-12)
    if is_any_inside and ratio < _CLOCK_RATIO:
        return
    how_many = "hardly any spike" if is_any_inside else "no spike"
    raise RecordingError(
        f"{how_many} in any presentation: spikes run from {spikes.first:.6g} to "
        f"{spikes.last:.6g} s, presentations ({source}) from "
        f"{rows.starts.min():.6g} to {stops.max():.6g} s. One of the two is "
        "plainly in milliseconds or samples, or on another clock; give both in "
        "seconds from the same zero."
    )


def drop_unrecorded(
    rows: IntervalRows,
    spikes: RecordedSpikes,
    span: tuple[float, float],
    *,
    is_placed: bool = False,
) -> IntervalRows:
    """Leave out rows outside the recorded time.

    Rows whose spikes were given from stimulus onset, and placed on one clock by the
    reader (`is_placed`), were recorded even if no unit fires in the first or last.
    """
    starts, stops = rows.starts, rows.stops
    slack = length_tolerance(rows.durations)
    is_inside = (starts >= span[0] - slack) & (stops <= span[1] + slack)
    # The recorded time of a file is often that of its rows only. Rows before the first
    # or after the last spike of the whole population were not recorded if many spikes
    # were to be expected in them.
    first, last = spikes.first, spikes.last
    rate = spikes.n_spikes / max(last - first, 1e-12)
    if not is_placed:
        is_inside &= ((starts < last) & (stops > first)) | (
            rows.durations * rate < _SURELY_SPIKING
        )
    if is_inside.all():
        return rows
    outside = rows.row_labels[~is_inside]
    return rows.take(
        is_inside,
        f"left out {plural(len(outside), 'row', 'rows')} of {rows.name} outside "
        f"the recorded time (row {outside[0]} first)",
    )


def drop_rare_stimuli(rows: IntervalRows, min_repeats: int) -> IntervalRows:
    """Leave out rows without a stimulus, and stimuli with too few repeats."""
    labels = rows.columns[STIMULUS]
    notes = []
    if n_missing := int((labels == "").sum()):
        notes.append(f"left out {plural(n_missing, 'row', 'rows')} without a value")
    names, stimulus_of, counts = np.unique(
        labels, return_inverse=True, return_counts=True
    )
    is_frequent = (counts >= min_repeats) & (names != "")
    rare = ordered_labels(names[(counts < min_repeats) & (names != "")])
    if rare:
        listed = ", ".join(rare[:3]) + (", ..." if len(rare) > 3 else "")
        notes.append(
            f"left out {plural(len(rare), 'stimulus', 'stimuli')} with fewer than "
            f"{min_repeats} presentations ({listed})"
        )
    return rows.take(is_frequent[stimulus_of], *notes)


def drop_truncated(
    rows: IntervalRows, min_repeats: int
) -> tuple[IntervalRows, tuple[Issue, ...]]:
    """Leave out rows far shorter than the others of their stimulus; return issues."""
    issues = []
    names, stimulus_of = np.unique(rows.columns[STIMULUS], return_inverse=True)
    medians = medians_by_group(rows.durations, stimulus_of)
    is_short = rows.durations < medians[stimulus_of] / 2
    n_others = np.bincount(stimulus_of[~is_short], minlength=len(names))
    is_dropped = is_short & (n_others >= min_repeats)[stimulus_of]
    for is_meant, consequence in (
        (is_dropped, "left out"),
        (is_short & ~is_dropped, "all repeats of the same stimulus are cut to these"),
    ):
        if is_meant.any():
            worst = int(np.argmin(np.where(is_meant, rows.durations, np.inf)))
            stimulus = stimulus_of[worst]
            text = (
                f"{plural(int(is_meant.sum()), 'row', 'rows')} of {rows.name} shorter "
                f"than half of the other repeats (row {rows.row_labels[worst]}: "
                f"{rows.durations[worst]:.4g} s where {names[stimulus]} lasts "
                f"{medians[stimulus]:.4g} s): {consequence}."
            )
            issues.append(Issue("truncated presentations", text))
    if not is_dropped.any():
        return rows, tuple(issues)
    n_dropped = plural(int(is_dropped.sum()), "row", "rows")
    taken = rows.take(
        ~is_dropped, f"left out {n_dropped} shorter than half of the other repeats"
    )
    return taken, tuple(issues)


def common_durations(
    rows: IntervalRows, stimuli: tuple[str, ...], stimulus_of: NDArray[np.intp]
) -> tuple[NDArray[np.float64], list[str]]:
    """Return the shortest duration (s) of each stimulus, with notes on what is cut."""
    shortest = np.full(len(stimuli), np.inf)
    longest = np.zeros(len(stimuli))
    np.minimum.at(shortest, stimulus_of, rows.durations)
    np.maximum.at(longest, stimulus_of, rows.durations)
    # Stop minus start is off by rounding; a nanosecond less would cost the last word.
    shortest = np.round(shortest, 9)
    spread = longest - shortest
    notes = []
    if (spread > 1e-3).any():
        worst = int(np.argmax(spread / longest))
        n_unequal = int((spread > 1e-3).sum())
        notes.append(
            "repeats differ in length in "
            f"{plural(n_unequal, 'stimulus', 'stimuli')} (most in {stimuli[worst]}: "
            f"{shortest[worst]:.6g} to {longest[worst]:.6g} s); the common minimum is "
            "used"
        )
    return shortest, notes


def overlap_issues(
    rows: IntervalRows, durations: NDArray[np.float64]
) -> tuple[Issue, ...]:
    """Return whether presentations overlap in time and hence share spikes."""
    stops = rows.starts + durations
    overlaps = np.flatnonzero(
        rows.starts[1:] < (stops - length_tolerance(durations))[:-1]
    )
    if not len(overlaps):
        return ()
    text = (
        f"{plural(len(overlaps), 'presentation', 'presentations')} of {rows.name} "
        f"begin before the one before ends (row {rows.row_labels[overlaps[0] + 1]} "
        "first): they share spikes and are not independent."
    )
    return (Issue("overlapping presentations", text),)


def drop_unobserved(
    rows: IntervalRows, unobserved: NDArray[np.float64]
) -> IntervalRows:
    """Leave out rows that overlap intervals which were not observed."""
    overlaps = overlaps_any(rows.starts, rows.stops, unobserved)
    if not overlaps.any():
        return rows
    n_overlapping = plural(int(overlaps.sum()), "row", "rows")
    return rows.take(
        ~overlaps, f"left out {n_overlapping} of {rows.name} within invalid times"
    )


def overlaps_any(
    starts: NDArray[np.float64],
    stops: NDArray[np.float64],
    intervals: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Whether each stretch of time overlaps any of the intervals."""
    overlaps = np.zeros(len(starts), dtype=bool)
    for begin, end in intervals:
        overlaps |= (starts < end) & (stops > begin)
    return overlaps


def unit_issues(
    spikes: RecordedSpikes, durations: NDArray[np.float64]
) -> tuple[Issue, ...]:
    """Return whether spikes and presentations both look like milliseconds."""
    rate = spikes.n_spikes / max(
        (spikes.last - spikes.first) * len(spikes.trains), 1e-12
    )
    if not (rate < _SLOW_RATE and np.median(durations) > _LONG_DURATION):
        return ()
    text = (
        f"units fire at {rate:.2g} Hz and presentations last "
        f"{np.median(durations):.4g} s: both look like milliseconds. Give time_unit "
        "'ms' (--time-unit ms), which corrects both."
    )
    return (Issue("unit of time", text),)


def length_issues(
    n_spikes: int, n_units: int, seconds: float, *, is_known_slow: bool
) -> tuple[Issue, ...]:
    """Return whether presentations last for days with hardly a spike.

    One lost byte of a time stamp makes days of seconds, whose bins take minutes or
    hours to count: it is said before they are.

    Parameters
    ----------
    n_spikes, n_units : int
        Of the recording.
    seconds : float
        Length of all presentations together.
    is_known_slow : bool
        Whether `unit_issues` says it.

    Raises
    ------
    RecordingError
        If a unit fires less than once in 1,000 s.
    """
    if seconds <= _DAY or n_spikes >= _SLOW_RATE * n_units * seconds:
        return ()
    rate = n_spikes / (n_units * seconds)
    text = (
        f"presentations last {seconds:.4g} s in all ({seconds / _DAY:.3g} days), in "
        f"which {plural(n_units, 'unit fires', 'units fire')} at {rate:.2g} Hz: the "
        "clock jumped, or times are in another unit. Copy the recording again, leave "
        "the time without spikes out (--exclude), or give --time-unit if the file does "
        "not say it."
    )
    if rate < _NO_RATE:
        raise RecordingError(text)
    return () if is_known_slow else (Issue("length", text),)


def onset_issues(epoch: neo.Epoch) -> tuple[Issue, ...]:
    """Return whether a column holds onsets that rows start before, by varying times."""
    if "onsets" in epoch.annotations:
        return ()
    starts = as_seconds(epoch.times)
    stops = starts + as_seconds(epoch.durations)
    for name in onset_columns(epoch):
        values = np.asarray(epoch.array_annotations[name])
        onsets = row_times(values, starts, stops)
        if onsets is None:
            continue
        with np.errstate(invalid="ignore"):
            latency = (onsets - starts)[(onsets >= starts) & (onsets <= stops)]
        if latency.size and np.ptp(latency) > _JITTER:
            text = (
                f"rows of {epoch.name} start {latency.min():.3g} to "
                f"{latency.max():.3g} s before the times in {name}: if the stimulus "
                f"begins there, give align {name!r} (--align {name})."
            )
            return (Issue("jittered onsets", text),)
    return ()
