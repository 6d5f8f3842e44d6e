"""Recordings assembled from checked arrays, the last step of every reader.

Input: all spike times as one flat array with the end of each unit, interval tables and
events. Output: a ``neo.Block``. Spike times are flat because NWB stores them so, and
because checks on one array of ten million times take a tenth of a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import neo
import numpy as np
import quantities as pq
from numpy.typing import ArrayLike, NDArray

from neuroclass._lib.checks import warn_user
from neuroclass._lib.wording import plural, some
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


# Spike times that are checked together: checks take several times their memory.
_BLOCK_SIZE = 1 << 20
# Times that fall back by more than this part of their range restart: they are those of
# another presentation or session, and no sorting makes them right.
_RESTART = 0.1
_MOST_DESCENTS = 0.1  # of all spikes of a unit


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
    may_sort : bool, default False
        Whether `spike_times` are not the caller's own array and may be sorted in place.
    span : tuple of float, optional
        Recorded time, in seconds, where the source has it.
    """

    spike_times: NDArray[np.float64] | StoredSpikeTimes
    stops: NDArray[np.intp]
    ids: Sequence[int | str]
    columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    obs_intervals: Sequence[NDArray[np.float64]] | None = None
    may_sort: bool = False
    span: tuple[float, float] | None = None


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
    _check_ids(unit_ids, source, error)
    if obs_intervals is not None:
        obs_intervals = _forward_intervals(obs_intervals, unit_ids, source)
    bounds, duplicates = [], []
    descents: dict[int, int] = {}  # of the units whose times are sorted
    for first, last in _blocks(spike_times, stops):
        begin = int(stops[first - 1]) if first else 0
        part, ends = stops[first:last] - begin, int(stops[last - 1])
        times = (
            spike_times.read(begin, ends)
            if isinstance(spike_times, StoredSpikeTimes)
            else spike_times[begin:ends]
        )
        found = check_spike_times(times, part, unit_ids[first:last], source, error)
        if found:
            # An array of the caller stays as it is.
            if isinstance(spike_times, np.ndarray) and not units.may_sort:
                spike_times, units = spike_times.copy(), replace(units, may_sort=True)
                times = spike_times[begin:ends]
            for row in found:
                times[slice(*_bounds(part, row))].sort()
                descents[first + row] = found[row]
        duplicates.append(first + _duplicates(times, part))
        if times.size:
            bounds.append(np.array([times.min(), times.max()]))
    _warn_about_descents(descents, stops, unit_ids, source)
    _warn_about_duplicates(np.concatenate(duplicates), unit_ids, source)
    bounds += [np.ravel(intervals) for intervals in obs_intervals or ()]
    for epoch in epochs:
        onsets = epoch.times.magnitude
        bounds += [onsets, onsets + epoch.durations.magnitude]
    bounds = [values for values in (*bounds, np.array(units.span or ())) if values.size]
    # np.min over arrays of very different length: one pass each, no copy.
    t_start = min((float(values.min()) for values in bounds), default=0.0) * pq.s
    t_stop = max((float(values.max()) for values in bounds), default=0.0) * pq.s

    segment = neo.Segment(name=name)
    columns = {key: list(values) for key, values in units.columns.items()}
    first = 0
    for row, (unit_id, stop) in enumerate(zip(unit_ids, stops.tolist(), strict=True)):
        common = {"t_start": t_start, "t_stop": t_stop, "name": str(unit_id)}
        spiketrain: Any = (
            StoredSpikeTrain(
                spike_times, first, stop, is_sorted=row not in descents, **common
            )
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
    if not n_units:
        yield 0, 0
    size = getattr(spike_times, "block_size", _BLOCK_SIZE)
    first = 0
    while first < n_units:
        begin = int(stops[first - 1]) if first else 0
        last = int(np.searchsorted(stops, begin + size, side="right"))
        last = max(first + 1, last)
        yield first, last
        first = last


def check_spike_times(
    spike_times: NDArray[np.float64],
    stops: NDArray[np.intp],
    unit_ids: Sequence[int | str],
    source: str,
    error: type[ValueError] = RecordingError,
) -> dict[int, int]:
    """Return the number of descents of each unit whose times may be sorted.

    Raises if a spike time is not finite or the times of a unit restart.
    """
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
    places = np.flatnonzero(descends) + 1
    rows = np.searchsorted(stops, places, side="right")
    few: dict[int, int] = {}
    for row in np.unique(rows).tolist():
        begin, end = _bounds(stops, row)
        at = places[rows == row]
        drops = spike_times[at - 1] - spike_times[at]
        spread = float(np.ptp(spike_times[begin:end]))
        is_few = at.size <= max(1, _MOST_DESCENTS * (end - begin))
        if not is_few or drops.max() > _RESTART * spread:
            bad = int(at[np.argmax(drops > _RESTART * spread)] if is_few else at[0])
            raise error(
                f"{source}: the spike times of unit {unit_ids[row]} must ascend; got "
                f"{spike_times[bad]:.6g} s after {spike_times[bad - 1]:.6g} s at index "
                f"{bad - begin}. Sort them, or, if time starts again at each "
                "presentation, give the presentation of each spike."
            )
        few[row] = at.size
    return few


def _bounds(stops: NDArray[np.intp], row: int) -> tuple[int, int]:
    """Return the index of the first spike of a unit, and past its last."""
    return int(stops[row - 1]) if row else 0, int(stops[row])


def _warn_about_descents(
    descents: Mapping[int, int],
    stops: NDArray[np.intp],
    unit_ids: Sequence[int | str],
    source: str,
) -> None:
    if not descents:
        return
    n_spikes = sum(end - begin for begin, end in (_bounds(stops, r) for r in descents))
    named = some([str(unit_ids[row]) for row in descents])
    warn_user(
        f"{source}: {sum(descents.values())} of {n_spikes} spike times come before the "
        f"one that precedes them, in {plural(len(descents), 'unit', 'units')} "
        f"({named}); the times are sorted. Check the sorting or the conversion."
    )


def _check_ids(
    unit_ids: Sequence[int | str], source: str, error: type[ValueError]
) -> None:
    """Raise if two ids are read as one, or one is empty."""
    texts = [str(unit_id).strip() for unit_id in unit_ids]
    if "" in texts:
        raise error(
            f"{source}: unit ids must not be empty; that of row {texts.index('')} is. "
            "Name the unit."
        )
    if len(set(texts)) < len(texts):
        twice = next(text for text in texts if texts.count(text) > 1)
        raise error(
            f"{source}: unit ids must differ as text; {twice!r} is there "
            f"{texts.count(twice)} times. Give unique ids."
        )


def _forward_intervals(
    obs_intervals: Sequence[NDArray[np.float64]],
    unit_ids: Sequence[int | str],
    source: str,
) -> list[NDArray[np.float64]]:
    """Leave out intervals that stop before they start, with a warning."""
    used = [np.reshape(rows, (-1, 2)) for rows in obs_intervals]
    is_forward = [
        (rows[:, 1] > rows[:, 0]) & np.isfinite(rows).all(axis=1) for rows in used
    ]
    wrong = [row for row, forward in enumerate(is_forward) if not forward.all()]
    if wrong:
        n_wrong = sum(int((~is_forward[row]).sum()) for row in wrong)
        start, stop = used[wrong[0]][~is_forward[wrong[0]]][0]
        warn_user(
            f"{source}: {plural(n_wrong, 'interval', 'intervals')} of obs_intervals "
            f"must be finite and stop after they start (units "
            f"{some([str(unit_ids[row]) for row in wrong])}; first {start:.6g} to "
            f"{stop:.6g} s); left out. Correct them."
        )
        used = [rows[forward] for rows, forward in zip(used, is_forward, strict=True)]
    return used


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
    # The first times tell nearly always; all of them would take twice their memory.
    first = times[:1000]
    if times.size < 100 or (first != np.floor(first)).any():
        return
    if times.max() >= 100 and (times == np.floor(times)).all():
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

    Where no row has a stop, each lasts until the next one starts; otherwise rows
    without a finite start and stop, and rows that stop before they start, are left
    out; each with a warning. A table without any usable row raises.
    """
    onsets = np.asarray(starts, dtype=np.float64)
    ends = np.asarray(stops, dtype=np.float64)
    if np.isnan(ends).all() and np.isfinite(onsets).sum() > 1:
        ends = _until_next(onsets)
        warn_user(
            f"{source}: no row of table {name!r} has a stop; each is taken to last "
            "until the next one starts. Give stops for other durations."
        )
    is_finite = np.isfinite(onsets) & np.isfinite(ends)
    is_backward = is_finite & (ends < onsets)
    if is_backward.any():
        row = int(np.argmax(is_backward))
        found = f"row {row}, start {onsets[row]:.6g} s, stop {ends[row]:.6g} s"
        if is_backward.all():
            raise error(
                f"{source}: rows of table {name!r} must stop after they start; got "
                f"{found}, and so in all {is_backward.size} rows. Correct the table."
            )
        warn_user(
            f"{source}: {int(is_backward.sum())} of {is_backward.size} rows of table "
            f"{name!r} stop before they start ({found}) and are left out. Correct "
            "them to use them."
        )
    used = is_finite & ~is_backward
    if not is_finite.all():
        rows = np.flatnonzero(~is_finite)
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
    if column.dtype.kind == "T":  # numpy's strings of variable length
        column = column.astype(str)
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


def make_event(
    name: str, times: ArrayLike, labels: NDArray[Any] | None = None
) -> neo.Event:
    """Return trigger times in seconds as an Event, sorted; labels are numbers else."""
    onsets = np.asarray(times, dtype=np.float64)
    order = np.argsort(onsets, kind="stable")
    texts = np.arange(onsets.size).astype(str) if labels is None else labels[order]
    return neo.Event(times=onsets[order] * pq.s, labels=texts, name=name)
