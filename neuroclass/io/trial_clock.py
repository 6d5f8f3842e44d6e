"""Spike times that count from stimulus onset, put on one clock."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import warn_user
from neuroclass.exceptions import RecordingError

__all__ = ["PAUSE", "lay_out"]

#: Seconds without spikes between two presentations that we put on one clock.
PAUSE = 1.0


def lay_out(
    times: NDArray[np.float64],
    units: NDArray[np.intp],
    presentations: NDArray[np.intp],
    *,
    unit_ids: Sequence[int | str],
    n_presentations: int,
    duration: float | None,
    source: str,
    t_start: float = 0.0,
    error: type[ValueError] = RecordingError,
) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.float64], float]:
    """Place presentations one after the other, a pause between.

    Every spike is kept: presentations are far enough apart that those before the
    onset (negative times) and behind the end stay with their own.

    Parameters
    ----------
    times : ndarray of shape (n_spikes,)
        Seconds from the onset of the spike's presentation.
    units, presentations : ndarray of shape (n_spikes,)
        Row of the unit, and number of the presentation from 0.
    unit_ids : sequence of length n_units
        For the messages.
    n_presentations : int
        How many there are, those without spikes too.
    duration : float or None
        Of each presentation, seconds; None takes the latest spike and warns.
    source : str
        For the messages.
    t_start : float, default 0.0
        Onset of the first presentation, seconds.
    error : type
        Raised for times that cannot be used.

    Returns
    -------
    spike_times : ndarray of shape (n_spikes,)
        On one clock, unit after unit.
    stops : ndarray of shape (n_units,)
        Index past the last spike of each unit.
    onsets : ndarray of shape (n_presentations,)
        Seconds.
    duration : float
        As given or found.
    """
    place = units * np.intp(n_presentations) + presentations
    if (np.diff(place) < 0).any():
        order = np.argsort(place, kind="stable")
        times, units, presentations = times[order], units[order], presentations[order]
        place = place[order]
    _check_within(times, units, presentations, place, unit_ids, source, error)
    latest = float(times.max()) if times.size else 0.0
    if duration is None:
        if latest <= 0:
            raise error(
                f"{source}: no spike comes after a stimulus onset, so nothing tells "
                "how long a presentation lasts. Give trial_duration."
            )
        duration = latest
        warn_user(
            f"{source}: a presentation is taken to last {duration:.6g} s, until the "
            "latest spike of any. Give trial_duration to say how long it did.",
        )
    before = max(0.0, -float(times.min())) if times.size else 0.0
    distance = before + max(duration, latest) + PAUSE
    onsets = t_start + distance * np.arange(n_presentations, dtype=np.float64)
    stops = np.cumsum(np.bincount(units, minlength=len(unit_ids)))
    return onsets[presentations] + times, stops.astype(np.intp), onsets, duration


def _check_within(
    times: NDArray[np.float64],
    units: NDArray[np.intp],
    presentations: NDArray[np.intp],
    place: NDArray[np.intp],
    unit_ids: Sequence[int | str],
    source: str,
    error: type[ValueError],
) -> None:
    finite = np.isfinite(times)
    descends = np.zeros(times.size, dtype=bool)
    descends[1:] = (np.diff(times) < 0) & (np.diff(place) == 0)
    bad = ~finite | descends
    if not bad.any():
        return
    spike = int(np.argmax(bad))
    index = spike - int(np.searchsorted(place, place[spike]))
    rule = "ascend" if finite[spike] else "be finite"
    raise error(
        f"{source}: the spike times of unit {unit_ids[units[spike]]} in presentation "
        f"{presentations[spike]} must {rule}; got {times[spike]:.6g} s at index "
        f"{index}. Correct the times, or the numbers of the presentations."
    )
