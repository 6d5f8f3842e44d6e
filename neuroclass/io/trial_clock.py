"""Presentations with spike times from stimulus onset, placed on one clock.

Input: spikes with times from the onset of their presentation. Output: spike times and
onsets on one clock, with pauses between presentations.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import warn_user
from neuroclass.exceptions import RecordingError
from neuroclass.io.spike_table import SpikeTable

__all__ = ["PAUSE", "PlacedSpikes", "place_presentations"]

#: Seconds between two presentations that are placed on one clock.
PAUSE = 1.0


class PlacedSpikes(NamedTuple):
    """Spikes and presentations on one clock.

    Attributes
    ----------
    times : ndarray of shape (n_spikes,)
        Spike times in seconds, unit after unit.
    stops : ndarray of shape (n_units,)
        Index past the last spike of each unit.
    onsets : ndarray of shape (n_presentations,)
        Onset of each presentation, in seconds.
    duration : float
        Duration of each presentation, in seconds.
    """

    times: NDArray[np.float64]
    stops: NDArray[np.intp]
    onsets: NDArray[np.float64]
    duration: float


def place_presentations(
    spikes: SpikeTable,
    *,
    duration: float | None,
    source: str,
    t_start: float = 0.0,
    error: type[ValueError] = RecordingError,
) -> PlacedSpikes:
    """Place presentations one after the other, with a pause between.

    All spikes are kept: presentations are far enough apart that spikes before the
    onset (negative times) and after the end stay with their own.

    Parameters
    ----------
    spikes : SpikeTable
        Spikes with their presentations; times in seconds from stimulus onset.
    duration : float or None
        Duration of each presentation, in seconds; None takes the latest spike and
        warns.
    source : str
        Name of the file or argument, for the messages.
    t_start : float, default 0.0
        Onset of the first presentation, in seconds.
    error : type
        Exception raised for times that cannot be used.

    Returns
    -------
    PlacedSpikes
        Spike times, onsets and duration, in seconds.
    """
    if spikes.presentations is None or spikes.stimuli is None:
        raise ValueError("spikes must have presentations and stimuli; got none.")
    times, units, presentations = spikes.times, spikes.units, spikes.presentations
    n_presentations = spikes.stimuli.size
    place = units * np.intp(n_presentations) + presentations
    if (np.diff(place) < 0).any():
        order = np.argsort(place, kind="stable")
        times, units, presentations = times[order], units[order], presentations[order]
        place = place[order]
    checked = SpikeTable(times, units, spikes.unit_ids, presentations)
    _check_within(checked, place, source, error)
    latest = float(times.max()) if times.size else 0.0
    if duration is None:
        if latest <= 0:
            raise error(
                f"{source}: no spike comes after a stimulus onset, so the duration "
                "of a presentation is unknown. Give trial_duration."
            )
        duration = latest
        warn_user(
            f"{source}: a presentation is taken to last {duration:.6g} s, until the "
            "latest spike of any. Give trial_duration to set its duration.",
        )
    before = max(0.0, -float(times.min())) if times.size else 0.0
    distance = before + max(duration, latest) + PAUSE
    onsets = t_start + distance * np.arange(n_presentations, dtype=np.float64)
    stops = np.cumsum(np.bincount(units, minlength=len(spikes.unit_ids)))
    return PlacedSpikes(
        onsets[presentations] + times, stops.astype(np.intp), onsets, duration
    )


def _check_within(
    spikes: SpikeTable,
    place: NDArray[np.intp],
    source: str,
    error: type[ValueError],
) -> None:
    """Raise if times are not finite or descend within a unit and presentation."""
    times = spikes.times
    finite = np.isfinite(times)
    descends = np.zeros(times.size, dtype=bool)
    descends[1:] = (np.diff(times) < 0) & (np.diff(place) == 0)
    bad = ~finite | descends
    if not bad.any():
        return
    spike = int(np.argmax(bad))
    index = spike - int(np.searchsorted(place, place[spike]))
    number = 0 if spikes.presentations is None else spikes.presentations[spike]
    rule = "ascend" if finite[spike] else "be finite"
    raise error(
        f"{source}: the spike times of unit {spikes.unit_ids[spikes.units[spike]]} in "
        f"presentation {number} must {rule}; got {times[spike]:.6g} s at index "
        f"{index}. Correct the times, or the numbers of the presentations."
    )
