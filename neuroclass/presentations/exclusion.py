"""Which showings of a stimulus can be used.

Takes the rows of an interval table, leaves out those outside the recorded time, too
rare or cut short, and says so; refuses rows that are on another clock than the spikes.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.wording import plural
from neuroclass.exceptions import RecordingError
from neuroclass.presentations.candidates import (
    STIMULUS,
    in_order,
    length_tolerance,
    medians_by_group,
)
from neuroclass.presentations.interval_tables import Showings, spike_seconds

__all__ = [
    "Spikes",
    "check_clock",
    "common_durations",
    "inside_recording",
    "often_enough",
    "warn_of_overlap",
    "without_truncated",
]

_CLOCK_RATIO = 500.0  # milliseconds make 1000, samples more
_SURELY_SPIKING = 20.0  # expected spikes: a row with none of them was not recorded


@dataclass(frozen=True)
class Spikes:
    """All spikes of a recording, one unit at a time: they may be too many for more."""

    trains: Sequence[neo.SpikeTrain]
    n_spikes: int
    first: float  # s
    last: float  # s

    @classmethod
    def of(cls, trains: Sequence[neo.SpikeTrain]) -> "Spikes":
        """Return those of some units."""
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
        """Tell whether a spike lies in one of the stretches of time."""
        for train in self.trains:
            times = np.sort(spike_seconds(train))
            if (np.searchsorted(times, stops) > np.searchsorted(times, starts)).any():
                return True
        return False


def check_clock(spikes: Spikes, showings: Showings, source: str) -> None:
    """Raise if spikes and presentations are plainly not on one clock."""
    stops = showings.starts + showings.durations
    is_any_inside = spikes.is_any_between(showings.starts, stops)
    last_spike, last_stop = abs(spikes.last), float(np.abs(stops).max())
    # Spikes in ms beside rows in s overlap at the start of the recording only.
    ratio = max(last_spike, last_stop) / max(min(last_spike, last_stop), 1e-12)
    if is_any_inside and ratio < _CLOCK_RATIO:
        return
    how_many = "hardly any spike" if is_any_inside else "no spike"
    raise RecordingError(
        f"{how_many} in any presentation: spikes run from {spikes.first:.6g} to "
        f"{spikes.last:.6g} s, presentations ({source}) from "
        f"{showings.starts.min():.6g} to {stops.max():.6g} s. One of the two is "
        "plainly in milliseconds or samples, or on another clock; give both in "
        "seconds from the same zero."
    )


def inside_recording(
    showings: Showings, spikes: Spikes, span: tuple[float, float]
) -> Showings:
    """Leave out rows outside the recorded time."""
    starts, stops = showings.starts, showings.starts + showings.durations
    slack = length_tolerance(showings.durations)
    is_inside = (starts >= span[0] - slack) & (stops <= span[1] + slack)
    # A file often tells no recorded time but that of its rows. Rows before the first
    # or after the last spike of the whole population were not recorded if many spikes
    # were to be expected in them.
    first, last = spikes.first, spikes.last
    rate = spikes.n_spikes / max(last - first, 1e-12)
    is_inside &= ((starts < last) & (stops > first)) | (
        showings.durations * rate < _SURELY_SPIKING
    )
    if is_inside.all():
        return showings
    outside = showings.rows[~is_inside]
    return showings.take(
        is_inside,
        f"left out {plural(len(outside), 'row', 'rows')} of {showings.name} outside "
        f"the recorded time (row {outside[0]} first)",
    )


def often_enough(showings: Showings, min_repeats: int) -> Showings:
    """Leave out rows without a stimulus, and stimuli with too few repeats."""
    labels = showings.columns[STIMULUS]
    notes = []
    if n_missing := int((labels == "").sum()):
        notes.append(f"left out {plural(n_missing, 'row', 'rows')} without a value")
    names, stimulus_of, counts = np.unique(
        labels, return_inverse=True, return_counts=True
    )
    is_kept = (counts >= min_repeats) & (names != "")
    rare = in_order(names[(counts < min_repeats) & (names != "")])
    if rare:
        shown = ", ".join(rare[:3]) + (", ..." if len(rare) > 3 else "")
        notes.append(
            f"left out {plural(len(rare), 'stimulus', 'stimuli')} shown fewer than "
            f"{min_repeats} times "
            f"({shown})"
        )
    return showings.take(is_kept[stimulus_of], *notes)


def without_truncated(showings: Showings, min_repeats: int) -> Showings:
    """Leave out rows far shorter than the others of their stimulus, and warn."""
    names, stimulus_of = np.unique(showings.columns[STIMULUS], return_inverse=True)
    medians = medians_by_group(showings.durations, stimulus_of)
    is_short = showings.durations < medians[stimulus_of] / 2
    n_others = np.bincount(stimulus_of[~is_short], minlength=len(names))
    is_dropped = is_short & (n_others >= min_repeats)[stimulus_of]
    for rows, consequence in (
        (is_dropped, "left out"),
        (is_short & ~is_dropped, "all repeats of the same stimulus are cut to these"),
    ):
        if rows.any():
            worst = int(np.argmin(np.where(rows, showings.durations, np.inf)))
            stimulus = stimulus_of[worst]
            warnings.warn(
                f"{plural(int(rows.sum()), 'row', 'rows')} of {showings.name} shorter "
                f"than half of the other repeats (row {showings.rows[worst]}: "
                f"{showings.durations[worst]:.4g} s where {names[stimulus]} lasts "
                f"{medians[stimulus]:.4g} s): {consequence}.",
                stacklevel=3,
            )
    if not is_dropped.any():
        return showings
    n_dropped = plural(int(is_dropped.sum()), "row", "rows")
    return showings.take(
        ~is_dropped, f"left out {n_dropped} shorter than half of the other repeats"
    )


def common_durations(
    showings: Showings, stimuli: tuple[str, ...], stimulus_of: NDArray[np.intp]
) -> tuple[NDArray[np.float64], list[str]]:
    """Return the shortest duration (s) of each stimulus, with notes where it cuts."""
    shortest = np.full(len(stimuli), np.inf)
    longest = np.zeros(len(stimuli))
    np.minimum.at(shortest, stimulus_of, showings.durations)
    np.maximum.at(longest, stimulus_of, showings.durations)
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


def warn_of_overlap(showings: Showings, durations: NDArray[np.float64]) -> None:
    """Warn if presentations share time and hence spikes."""
    stops = showings.starts + durations
    overlaps = np.flatnonzero(
        showings.starts[1:] < (stops - length_tolerance(durations))[:-1]
    )
    if len(overlaps):
        warnings.warn(
            f"{plural(len(overlaps), 'presentation', 'presentations')} of "
            f"{showings.name} begin before the one before ends (row "
            f"{showings.rows[overlaps[0] + 1]} first): they share spikes and are not "
            "independent.",
            stacklevel=3,
        )
