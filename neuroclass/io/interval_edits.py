"""Changes of the interval tables of a recording: triggers, onsets, durations.

Input: a recording and what the caller knows of its presentations. Output: the same
recording with other interval tables (Epochs).
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import neo
import numpy as np
import quantities as pq
from numpy.typing import NDArray

from neuroclass._lib.checks import warn_user
from neuroclass._lib.wording import plural, some
from neuroclass.exceptions import RecordingError
from neuroclass.io.arguments import in_seconds
from neuroclass.io.assemble import make_epoch, make_event
from neuroclass.io.memory.trigger_objects import trigger_columns
from neuroclass.io.triggers import read_triggers, trigger_epoch

__all__ = [
    "INVALID_TIMES",
    "align_rows",
    "exclude_intervals",
    "rescaled",
    "row_times",
    "set_durations",
    "set_triggers",
]

INVALID_TIMES = "invalid_times"  # NWB's name of what was not observed


def set_triggers(
    recording: neo.Block, triggers: Any, scale: float, duration: float | None
) -> None:
    """Add triggers as the interval table and the Event ``"triggers"``."""
    segment = recording.segments[0]
    event = _named_event(segment, triggers)
    if event is not None:
        columns, _ = trigger_columns(event, 1.0)
        epoch = trigger_epoch(columns, 1.0, duration, str(event.name))
    else:
        epoch = read_triggers(triggers, scale, duration)
    # A table of the file with this name would hide the given one.
    segment.epochs[:] = [other for other in segment.epochs if other.name != epoch.name]
    segment.epochs.append(epoch)
    segment.events.append(make_event("triggers", epoch.times.magnitude))
    _extend_span(segment, epoch)


def _named_event(segment: neo.Segment, triggers: Any) -> neo.Event | None:
    """Return the events of the recording that are named, if any are."""
    if isinstance(triggers, neo.Event):
        return triggers
    if not isinstance(triggers, str | PathLike) or Path(triggers).exists():
        return None
    events = {str(event.name): event for event in segment.events}
    name = str(triggers)
    if name in events:
        return events[name]
    if name in [str(epoch.name) for epoch in segment.epochs]:
        raise RecordingError(
            f"triggers {name!r} is an interval table of the recording, not events. "
            "Give it as intervals (--intervals) instead."
        )
    known = some([f"{key} ({event.times.size})" for key, event in events.items()], 12)
    raise FileNotFoundError(
        f"triggers {name} must be an existing file, or name events of the recording, "
        f"which are: {known or 'none'}."
    )


def _extend_span(segment: neo.Segment, epoch: neo.Epoch) -> None:
    # Common to all units: the extremes over all units and intervals.
    starts = epoch.times.magnitude
    stops = starts + epoch.durations.magnitude
    if not starts.size or not segment.spiketrains:
        return
    t_start, t_stop = segment.spiketrains[0].t_start, segment.spiketrains[0].t_stop
    t_start = min(float(t_start), float(starts.min())) * pq.s
    t_stop = max(float(t_stop), float(stops.max())) * pq.s
    for spiketrain in segment.spiketrains:
        spiketrain.t_start, spiketrain.t_stop = t_start, t_stop


def _with_rows(
    epoch: neo.Epoch,
    starts: NDArray[np.float64],
    durations: NDArray[np.float64],
    used: NDArray[np.bool_],
) -> neo.Epoch:
    """Return the used rows of a table with other onsets and durations."""
    changed = neo.Epoch(
        times=starts[used] * pq.s,
        durations=durations[used] * pq.s,
        labels=np.asarray(epoch.labels, dtype=str)[used],
        name=epoch.name,
    )
    changed.annotations.update(epoch.annotations)
    changed.array_annotations.update(
        {
            str(key): np.asarray(values)[used]
            for key, values in epoch.array_annotations.items()
        }
    )
    return changed


def rescaled(epoch: neo.Epoch, factor: float) -> neo.Epoch:
    """Return an interval table with onsets and durations times a factor."""
    used = np.ones(epoch.times.size, dtype=bool)
    starts, durations = _seconds(epoch.times), _seconds(epoch.durations)
    return _with_rows(epoch, starts * factor, durations * factor, used)


def _seconds(quantity: Any) -> NDArray[np.float64]:
    return np.asarray(quantity.rescale("s").magnitude, dtype=np.float64)


def set_durations(recording: neo.Block, duration: float) -> None:
    """Let each row of the interval tables last so many seconds."""
    segment = recording.segments[0]
    for k, epoch in enumerate(segment.epochs):
        if epoch.name != INVALID_TIMES:
            starts = _seconds(epoch.times)
            used = np.ones(starts.size, dtype=bool)
            changed = _with_rows(epoch, starts, np.full(starts.size, duration), used)
            changed.annotations["duration"] = "given"
            segment.epochs[k] = changed
            _extend_span(segment, changed)


def align_rows(recording: neo.Block, column: str) -> None:
    """Take the onset of each row from a column of its table.

    Times within the rows, or from the start of each row; whichever more rows agree
    with. Rows without an onset, or with one after their stop, are left out.

    Raises
    ------
    RecordingError
        If no table has the column, or it holds no times inside the rows.
    """
    segment = recording.segments[0]
    is_found = False
    for k, epoch in enumerate(segment.epochs):
        if column not in epoch.array_annotations:
            continue
        values = np.asarray(epoch.array_annotations[column])
        starts, durations = _seconds(epoch.times), _seconds(epoch.durations)
        onsets = row_times(values, starts, starts + durations)
        if onsets is None:
            raise RecordingError(
                f"align must name a column with times inside the rows of its table; "
                f"{column!r} of {epoch.name} holds {some([str(v) for v in values], 3)} "
                f"where rows last {np.median(durations):.4g} s. Name another column."
            )
        is_found = True
        left = starts + durations - onsets
        used = np.isfinite(onsets) & (left >= 0)
        if not used.all():
            rows = np.asarray(epoch.labels, dtype=str)[~used].tolist()
            warn_user(
                f"{epoch.name}: {plural(len(rows), 'row', 'rows')} without an onset in "
                f"{column} before the stop (row {some(rows)}) are left out."
            )
        changed = _with_rows(epoch, onsets, left, used)
        changed.annotations["onsets"] = column
        segment.epochs[k] = changed
    if not is_found:
        tables = "; ".join(
            f"{epoch.name}: {', '.join(map(str, epoch.array_annotations)) or 'none'}"
            for epoch in segment.epochs
        )
        raise RecordingError(
            f"align must name a column of an interval table; got {column!r}. The "
            f"columns are: {tables or 'none, for there is no table'}."
        )


def row_times(
    values: NDArray[Any], starts: NDArray[np.float64], stops: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Return times inside the rows on the clock of the rows, or None for others.

    Values may count from the start of each row. Nine of ten that are finite have to
    lie inside their row.
    """
    if values.dtype.kind not in "iuf" or not values.size:
        return None
    times = values.astype(np.float64)
    finite = np.isfinite(times)
    if not finite.any():
        return None
    slack = 1e-6
    best, most = None, 0.9 * finite.sum()
    for shifted in (times, starts + times):
        with np.errstate(invalid="ignore"):
            inside = (shifted >= starts - slack) & (shifted <= stops + slack)
        if inside.sum() >= most and inside.any():
            best, most = shifted, inside.sum() + 1
    return best


def exclude_intervals(recording: neo.Block, exclude: Any, scale: float) -> None:
    """Add intervals to the table of what was not observed, ``invalid_times``."""
    segment = recording.segments[0]
    tables = {str(epoch.name): epoch for epoch in segment.epochs}
    excluded = ""
    if isinstance(exclude, str) and exclude in tables:
        added, excluded = tables[exclude], exclude
    elif isinstance(exclude, str | PathLike):
        if not Path(exclude).exists():
            raise FileNotFoundError(
                f"exclude must be an existing file, or an interval table of the "
                f"recording; nothing is named {str(exclude)!r}. Its tables are: "
                f"{', '.join(tables) or 'none'}."
            )
        added = read_triggers(exclude, scale, None)
    else:
        exclude, scale = in_seconds(exclude, scale, "exclude")
        rows = np.asarray(exclude, dtype=np.float64) * scale
        if rows.ndim != 2 or rows.shape[1] != 2:
            raise ValueError(
                "exclude must have a start and a stop in each row; got shape "
                f"{rows.shape}."
            )
        added = make_epoch(
            "exclude", rows[:, 0], rows[:, 1], {}, "exclude", error=ValueError
        )
    parts = [added] + ([tables[INVALID_TIMES]] if INVALID_TIMES in tables else [])
    starts = np.concatenate([_seconds(part.times) for part in parts])
    stops = starts + np.concatenate([_seconds(part.durations) for part in parts])
    joined = make_epoch(INVALID_TIMES, starts, stops, {}, "exclude")
    # A table that is excluded holds no presentations.
    segment.epochs[:] = [
        epoch
        for epoch in segment.epochs
        if str(epoch.name) not in (INVALID_TIMES, excluded)
    ]
    segment.epochs.append(joined)
