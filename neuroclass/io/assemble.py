"""Recordings assembled from checked arrays, the last step of every reader.

Input: all spike times as one flat array with the end of each unit, interval tables and
events. Output: a ``neo.Block``. Spike times are flat because NWB stores them so, and
because checks on one array of ten million times take a tenth of a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import neo
import numpy as np
import quantities as pq
from numpy.typing import ArrayLike, NDArray

from neuroclass._lib.checks import warn_user
from neuroclass.exceptions import RecordingError
from neuroclass.io.lazy_spiketrains import StoredSpikeTimes, StoredSpikeTrain

__all__ = [
    "UnitTable",
    "assemble_recording",
    "check_spike_times",
    "column_values",
    "make_epoch",
    "make_event",
    "unique_unit_ids",
    "warn_if_whole_numbers",
]


@dataclass(frozen=True)
class UnitTable:
    """Spike times, ids and columns of all units.

    Attributes
    ----------
    spike_times : ndarray of shape (n_spikes,), or StoredSpikeTimes
        Spike times in seconds, unit after unit, ascending within each unit. Stored
        times are checked in blocks and stay in their file.
    stops : ndarray of shape (n_units,)
        Index past the last spike of each unit.
    ids : sequence of int or str, length n_units
        Unique ids; all units are kept, silent ones too.
    columns : mapping of str to sequence of length n_units
        Scalars that become annotations of each spike train.
    obs_intervals : sequence of n_units arrays of shape (m, 2), optional
        Recorded time of each unit, in seconds, where the file has it.
    """

    spike_times: NDArray[np.float64] | StoredSpikeTimes
    stops: NDArray[np.intp]
    ids: Sequence[int | str]
    columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    obs_intervals: Sequence[NDArray[np.float64]] | None = None


def assemble_recording(
    units: UnitTable,
    *,
    source: str,
    annotations: Mapping[str, Any],
    name: str,
    path: str | None = None,
    epochs: Sequence[neo.Epoch] = (),
    events: Sequence[neo.Event] = (),
    error: type[ValueError] = RecordingError,
) -> neo.Block:
    """Return the recording of units, interval tables and events.

    Parameters
    ----------
    units : UnitTable
        Spike times and columns of all units.
    source : str
        Name of the file or argument, for the messages.
    annotations : mapping
        Annotations of the block; ``"format"`` at least.
    name, path : str
        Name of the block, and path of its file.
    epochs, events : sequence of neo.Epoch, neo.Event
        Interval tables and trigger times.
    error : type, default RecordingError
        Exception raised for times that cannot be used.

    Returns
    -------
    neo.Block
        One segment; all spike trains share ``t_start`` and ``t_stop``, the extremes
        over all units and intervals: a unit's own extremes would hide when it was
        silent.

    Raises
    ------
    RecordingError
        If a spike time is not finite or the times of a unit descend.
    """
    spike_times, stops, unit_ids = units.spike_times, units.stops, units.ids
    obs_intervals = units.obs_intervals
    bounds, duplicates = [], []
    for first, last in _blocks(spike_times, stops):
        begin = int(stops[first - 1]) if first else 0
        part, ends = stops[first:last] - begin, int(stops[last - 1])
        times = (
            spike_times.read(begin, ends)
            if isinstance(spike_times, StoredSpikeTimes)
            else spike_times[begin:ends]
        )
        check_spike_times(times, part, unit_ids[first:last], source, error)
        duplicates.append(first + _duplicates(times, part))
        if times.size:
            bounds.append(np.array([times.min(), times.max()]))
    _warn_about_duplicates(np.concatenate(duplicates), unit_ids, source)
    bounds += [np.ravel(intervals) for intervals in obs_intervals or ()]
    for epoch in epochs:
        onsets = epoch.times.magnitude
        bounds += [onsets, onsets + epoch.durations.magnitude]
    bounds = [values for values in bounds if values.size]
    # np.min over arrays of very different length: one pass each, no copy.
    t_start = min((float(values.min()) for values in bounds), default=0.0) * pq.s
    t_stop = max((float(values.max()) for values in bounds), default=0.0) * pq.s

    segment = neo.Segment(name=name)
    columns = {key: list(values) for key, values in units.columns.items()}
    first = 0
    for row, (unit_id, stop) in enumerate(zip(unit_ids, stops.tolist(), strict=True)):
        common = {"t_start": t_start, "t_stop": t_stop, "name": str(unit_id)}
        spiketrain: Any = (
            StoredSpikeTrain(spike_times, first, stop, **common)
            if isinstance(spike_times, StoredSpikeTimes)
            else neo.SpikeTrain(spike_times[first:stop], units=pq.s, **common)
        )
        spiketrain.annotations["unit_id"] = unit_id
        for key, values in columns.items():
            spiketrain.annotations[key] = values[row]
        if obs_intervals is not None:
            spiketrain.annotations["obs_intervals"] = obs_intervals[row]
        segment.spiketrains.append(spiketrain)
        first = stop
    for epoch in epochs:
        segment.epochs.append(epoch)
    for event in events:
        segment.events.append(event)
    block = neo.Block(name=name, file_origin=path)
    block.annotations.update(annotations)
    block.segments.append(segment)
    return block


def _blocks(
    spike_times: NDArray[np.float64] | StoredSpikeTimes, stops: NDArray[np.intp]
) -> Iterator[tuple[int, int]]:
    """Yield the first and past the last of units that are checked together."""
    n_units = len(stops)
    if not isinstance(spike_times, StoredSpikeTimes):
        yield 0, n_units
        return
    first = 0
    while first < n_units:
        begin = int(stops[first - 1]) if first else 0
        last = int(np.searchsorted(stops, begin + spike_times.block_size, side="right"))
        last = max(first + 1, last)
        yield first, last
        first = last


def check_spike_times(
    spike_times: NDArray[np.float64],
    stops: NDArray[np.intp],
    unit_ids: Sequence[int | str],
    source: str,
    error: type[ValueError] = RecordingError,
) -> None:
    """Raise if a spike time is not finite or the times of a unit descend."""
    finite = np.isfinite(spike_times)
    if not finite.all():
        bad = int(np.argmin(finite))
        unit, index = _locate(bad, stops)
        raise error(
            f"{source}: the spike times of unit {unit_ids[unit]} must be finite; got "
            f"{spike_times[bad]} at index {index}. Remove it (after finding its "
            "cause) before loading."
        )
    descends = np.diff(spike_times) < 0
    descends[stops[(stops > 0) & (stops < spike_times.size)] - 1] = False
    if descends.any():
        bad = int(np.argmax(descends)) + 1
        unit, index = _locate(bad, stops)
        raise error(
            f"{source}: the spike times of unit {unit_ids[unit]} must ascend; got "
            f"{spike_times[bad]:.6g} s after {spike_times[bad - 1]:.6g} s at index "
            f"{index}. Sort them, or, if time starts again at each presentation, "
            "give the presentation of each spike."
        )


def _locate(flat_index: int, stops: NDArray[np.intp]) -> tuple[int, int]:
    """Return the row of the unit and the index within it."""
    unit = int(np.searchsorted(stops, flat_index, side="right"))
    return unit, flat_index - (int(stops[unit - 1]) if unit else 0)


def _duplicates(
    spike_times: NDArray[np.float64], stops: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Return the unit of each spike time that equals the one before."""
    same = spike_times[1:] == spike_times[:-1]
    same[stops[(stops > 0) & (stops < spike_times.size)] - 1] = False
    return np.searchsorted(stops, np.flatnonzero(same) + 1, side="right")


def _warn_about_duplicates(
    units: NDArray[np.intp], unit_ids: Sequence[int | str], source: str
) -> None:
    if not units.size:
        return
    distinct = np.unique(units)
    named = ", ".join(str(unit_ids[unit]) for unit in distinct[:5])
    warn_user(
        f"{source}: {units.size} spike times are given twice or more in "
        f"{distinct.size} {'unit' if distinct.size == 1 else 'units'} ({named}"
        f"{', ...' if distinct.size > 5 else ''}); they are kept. Duplicates often "
        "come from a sorting merged twice: check the sorting.",
    )


def unique_unit_ids(unit_ids: Sequence[int | str], source: str) -> list[int | str]:
    """Return the ids, or the row numbers with a warning where ids are repeated."""
    if len(set(unit_ids)) == len(unit_ids):
        return list(unit_ids)
    n_repeated = len(unit_ids) - len(set(unit_ids))
    warn_user(
        f"{source}: {n_repeated} unit ids are given twice or more; the units are "
        "named by their row, from 0, instead. Give unique ids.",
    )
    return list(range(len(unit_ids)))


def warn_if_whole_numbers(times: NDArray[np.float64], source: str) -> None:
    """Warn if times in seconds are all whole numbers: milliseconds or samples."""
    if times.size >= 100 and times.max() >= 100 and (times == np.floor(times)).all():
        warn_user(
            f"{source}: all {times.size} spike times are whole numbers of seconds, up "
            f"to {times.max():.0f}; they look like milliseconds or samples. Give "
            "time_unit.",
        )


def make_epoch(
    name: str,
    starts: ArrayLike,
    stops: ArrayLike,
    columns: Mapping[str, ArrayLike],
    source: str,
    *,
    error: type[ValueError] = RecordingError,
) -> neo.Epoch:
    """Return an interval table as an Epoch; labels are row numbers from 0.

    A row that stops before it starts raises. Where no row has a stop, each lasts until
    the next one starts; otherwise rows without a finite start and stop are left out;
    both with a warning.
    """
    onsets = np.asarray(starts, dtype=np.float64)
    ends = np.asarray(stops, dtype=np.float64)
    if np.isnan(ends).all() and np.isfinite(onsets).sum() > 1:
        ends = _until_next(onsets)
        warn_user(
            f"{source}: no row of table {name!r} has a stop; each is taken to last "
            "until the next one starts. Give stops for other durations."
        )
    backward = ends < onsets
    if backward.any():
        row = int(np.argmax(backward))
        raise error(
            f"{source}: row {row} of table {name!r} must stop after it starts; got "
            f"start {onsets[row]:.6g} s, stop {ends[row]:.6g} s. Correct the row."
        )
    used = np.isfinite(onsets) & np.isfinite(ends)
    if not used.all():
        rows = np.flatnonzero(~used)
        named = ", ".join(map(str, rows[:5])) + (", ..." if rows.size > 5 else "")
        warn_user(
            f"{source}: {rows.size} of {used.size} rows of table {name!r} have no "
            f"finite start and stop (row {named}) and are left out. "
            "Complete them to use them.",
        )
    epoch = neo.Epoch(
        times=onsets[used] * pq.s,
        durations=(ends - onsets)[used] * pq.s,
        labels=np.flatnonzero(used).astype(str),
        name=name,
    )
    epoch.array_annotations.update(
        {key: column_values(values)[used] for key, values in columns.items()}
    )
    return epoch


def _until_next(starts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the next start after each, a median gap after the last."""
    known = np.unique(starts[np.isfinite(starts)])
    ends = np.append(known[1:], known[-1] + np.median(np.diff(known)))
    following = np.searchsorted(known, starts)  # NaN comes behind the last
    return np.where(
        np.isfinite(starts), ends[np.minimum(following, known.size - 1)], np.nan
    )


def column_values(values: ArrayLike) -> NDArray[Any]:
    """Return a column as an array of numbers, booleans or text."""
    column = np.asarray(values)
    if column.ndim == 1 and column.dtype.kind in "biufU":
        return column
    # Objects, bytes and nested values become text: neo takes no other arrays.
    return np.array(
        [
            cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)
            for cell in values  # type: ignore[union-attr]
        ],
        dtype=str,
    )


def make_event(name: str, times: ArrayLike) -> neo.Event:
    """Return trigger times in seconds as an Event, sorted."""
    onsets = np.sort(np.asarray(times, dtype=np.float64))
    labels = np.arange(onsets.size).astype(str)
    return neo.Event(times=onsets * pq.s, labels=labels, name=name)
