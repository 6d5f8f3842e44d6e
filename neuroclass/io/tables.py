"""Recordings from tables of spike times and triggers: npz, npy, csv and mat files.

Input: the path of a file, or named columns. Output: a ``neo.Block``.

The layout is recognized by names, never by shapes, without regard to case; the names
and layouts are those of ``docs/formats.md``. Times are in `time_unit`, seconds by
default; a unit of time in the name of a column (``time_ms``) takes precedence. Spikes
that count from stimulus onset are placed one presentation after the other on one clock,
with pauses between (:func:`neuroclass.io.trial_clock.place_presentations`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import check_choice
from neuroclass.exceptions import RecordingError
from neuroclass.io.assemble import (
    UnitTable,
    assemble_recording,
    make_epoch,
    make_event,
    warn_if_whole_numbers,
)
from neuroclass.io.files.matlab import read_mat
from neuroclass.io.files.neo_units import segments_of_struct
from neuroclass.io.files.npz import SPARSE_ARRAYS, read_npy, read_npz
from neuroclass.io.layouts.array_names import (
    SPIKE_NAMES,
    UNIT_NAMES,
    event_arrays,
    named_spikes,
)
from neuroclass.io.layouts.flat_arrays import from_trains
from neuroclass.io.layouts.row_tables import from_list_cells, from_rows
from neuroclass.io.layouts.spike_layouts import find_spikes
from neuroclass.io.layouts.unit_ids import as_ids
from neuroclass.io.memory.neo_objects import from_segments
from neuroclass.io.spike_table import SpikeTable
from neuroclass.io.text import (
    column_keys,
    has_names,
    is_number,
    padded_numbers,
    pop_column,
    read_number_lines,
    read_text_columns,
)
from neuroclass.io.trial_clock import place_presentations
from neuroclass.io.triggers import trigger_epoch, trigger_fields

__all__ = [
    "read_arrays",
    "read_columns",
    "read_csv",
    "recording_of_arrays",
    "time_scale",
]


def time_scale(time_unit: str, sampling_rate: float | None) -> float:
    """Return seconds per unit of time.

    Raises
    ------
    ValueError
        If the unit is unknown, or a sampling rate is missing or given in vain.
    """
    check_choice(time_unit, "time_unit", ("s", "ms", "us", "samples"))
    if (time_unit == "samples") != (sampling_rate is not None):
        raise ValueError(
            "sampling_rate must be given with time_unit 'samples', and only then; got "
            f"{sampling_rate!r} with {time_unit!r}."
        )
    if sampling_rate is None:
        return {"s": 1.0, "ms": 1e-3, "us": 1e-6}[time_unit]
    if not (np.isfinite(sampling_rate) and sampling_rate > 0):
        raise ValueError(
            f"sampling_rate must be a positive number of Hz; got {sampling_rate!r}."
        )
    return 1.0 / float(sampling_rate)


def read_csv(path: Path, scale: float, duration: float | None) -> neo.Block:
    """Return the recording of a text table; see the top of this module."""
    if not has_names(path):
        return _read_numbers(path, scale, duration)
    columns = read_text_columns(path)
    if path.suffix.lower() == ".csv" and {"timestamps", "node_ids"} <= set(columns):
        scale = 1e-3  # SONATA: milliseconds by definition
        columns = _with_populations(columns)
    return read_columns(columns, path, "csv", scale, duration)


def _with_populations(columns: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return columns of SONATA, whose nodes are numbered in each population anew."""
    populations = columns.get("population")
    nodes = columns["node_ids"]
    if populations is None or len(set(populations.tolist())) < 2:
        return columns
    pairs = zip(populations.tolist(), as_ids(nodes), strict=True)
    return columns | {"node_ids": np.array([f"{p}:{node}" for p, node in pairs])}


def read_columns(
    columns: dict[str, NDArray[Any]],
    path: Path,
    kind: str,
    scale: float,
    duration: float | None,
) -> neo.Block:
    """Return the recording of the named columns of a table."""
    found = list(columns)
    columns = dict(named_spikes(columns, scale, path.name))
    units = pop_column(columns, UNIT_NAMES, scale)
    others = column_keys(columns, SPIKE_NAMES)
    times = pop_column(columns, SPIKE_NAMES, scale)
    if times is not None and not all(
        np.array_equal(columns[key], times[0]) for key in others[1:]
    ):
        raise RecordingError(
            f"{path.name} must have one column of spike times; got "
            f"{', '.join(others)}. Rename or remove the others."
        )
    if units is None and times is None:
        wide = {name: padded_numbers(values) for name, values in columns.items()}
        is_named = not any(is_number(name, None) for name in wide)
        if (
            is_named
            and len(wide) > 1
            and all(train is not None for train in wide.values())
        ):
            trains = {name: np.asarray(train) for name, train in wide.items()}
            events = event_arrays(trains, scale, path.name)
            spikes = from_trains(list(trains.values()), list(trains))
            spikes = _in_seconds(spikes, scale, path.name)
            return _assemble(spikes, path, kind, duration, events=events)
    if units is None or times is None:
        raise RecordingError(
            f"{path.name} must have columns unit and time, or a column of spike times "
            f"per unit; got {', '.join(found)}. Rename them in the first line."
        )
    lists = from_list_cells(times[0], units[0], columns, path.name)
    if lists is not None:
        return _assemble(_in_seconds(lists, times[1], path.name), path, kind, duration)
    if times[0].dtype.kind not in "iuf":
        wrong = (i for i, cell in enumerate(times[0]) if not is_number(cell))
        row = next(wrong, None)
        if row is None:
            raise RecordingError(
                f"{path.name}: times must be numbers; a cell holds characters that do "
                "not show. Export the file again."
            )
        (unit,) = as_ids(units[0][[row]])
        raise RecordingError(
            f"{path.name}: times must be numbers; got {str(times[0][row])[:60]!r} in "
            f"row {row + 1}, of unit {unit}. Correct or remove that row."
        )
    spikes = from_rows(times[0], units[0], columns, path.name)
    spikes = _in_seconds(spikes, times[1], path.name)
    return _assemble(spikes, path, kind, duration)


def _read_numbers(path: Path, scale: float, duration: float | None) -> neo.Block:
    """Return the recording of a table without names, where its numbers are plain."""
    rows = read_number_lines(path)
    widths = {row.size for row in rows}
    if widths == {2}:
        table = np.array(rows)
        whole = (table == np.floor(table)).all(axis=0)
        n_values = [np.unique(column).size for column in table.T]
        # Unit ids are whole and repeated, times are not.
        if len(rows) < 3:
            raise _unnamed(path, rows)
        if whole[0] != whole[1]:
            unit = 0 if whole[0] else 1
        elif path.suffix.lower() == ".gdf":
            unit = 0
        else:
            raise _unnamed(path, rows)
        if n_values[unit] == len(rows) and len(rows) > 20:
            raise _unnamed(path, rows)
        # NEST writes sender and time in ms, without names.
        scale = 1e-3 if path.suffix.lower() == ".gdf" else scale
        columns = {"unit": table[:, unit], "time": table[:, 1 - unit]}
        return read_columns(columns, path, "csv", scale, duration)
    ascending = [bool((np.diff(row) >= 0).all()) for row in rows]
    is_row_per_unit = len(rows) > 1 and all(ascending) and max(widths) > 1
    table = np.array(rows) if len(widths) == 1 else np.empty((0, 0))
    is_wide = table.shape[0] > 1 and bool((np.diff(table, axis=0) >= 0).all())
    if is_row_per_unit and not is_wide:
        spikes = from_trains(rows, list(range(len(rows))))
    elif is_wide and not is_row_per_unit and table.shape[1] > 1:
        spikes = from_trains(list(table.T), list(range(table.shape[1])))
    else:
        raise _unnamed(path, rows)
    spikes = _in_seconds(spikes, scale, path.name)
    return _assemble(spikes, path, "csv", duration)


def _unnamed(path: Path, rows: list[NDArray[np.float64]]) -> RecordingError:
    first = " ".join(f"{value:g}" for value in rows[0][:6])
    return RecordingError(
        f"{path} must name its columns in the first line, for example unit,time, or "
        f"hold the ascending spike times of one unit per line; got lines such as "
        f"{first!r}. Add that line."
    )


def read_arrays(
    path: Path, kind: str, scale: float, duration: float | None
) -> neo.Block:
    """Return the recording of an npz or mat file; see the top of this module."""
    if kind == "npy":
        arrays = read_npy(path)
    else:
        arrays = read_mat(path, kind) if kind.startswith("mat") else read_npz(path)
    segments = segments_of_struct(arrays.get("block"), path.name)
    if segments is not None:
        return from_segments(
            segments,
            source=path.name,
            name=path.stem,
            path=str(path),
            annotations={"format": kind},
            error=RecordingError,
        )
    return recording_of_arrays(arrays, path, kind, scale, duration)


def recording_of_arrays(
    arrays: dict[str, Any],
    path: Path,
    kind: str,
    scale: float,
    duration: float | None,
) -> neo.Block:
    """Return the recording of named arrays; see the top of this module."""
    arrays = dict(arrays)
    if set(arrays) >= SPARSE_ARRAYS:
        raise RecordingError(
            f"{path.name} is a sparse array that scipy saved, whose axes are unknown. "
            "Of a raster, name them and the time bin width (axes, dt: --axes "
            "neuron,time --dt 1ms)."
        )
    triggers = None
    if not isinstance(arrays.get("triggers"), dict):
        triggers = pop_column(arrays, ("triggers", "trigger"), scale)
    events = event_arrays(arrays, scale, path.name)
    epochs = list(_interval_structs(arrays, scale, duration, path.name))
    spikes, spike_scale = find_spikes(arrays, scale, path.name)
    if triggers is not None:
        columns = {"time": triggers[0]}
        epochs.append(trigger_epoch(columns, triggers[1], duration, path.name))
    spikes = _in_seconds(spikes, spike_scale, path.name)
    return _assemble(spikes, path, kind, duration, epochs=epochs, events=events)


def _interval_structs(
    arrays: dict[str, Any], scale: float, duration: float | None, source: str
) -> Iterator[neo.Epoch]:
    """Yield and remove structs with a start and a stop or duration in each row.

    ``trials.start``, ``trials.stop``, ``trials.stimulus`` and the like.
    """
    for name, fields in list(arrays.items()):
        if not isinstance(fields, dict) or column_keys(fields, UNIT_NAMES):
            continue
        columns = trigger_fields(fields)
        if columns is not None:
            del arrays[name]
            epoch = trigger_epoch(columns, scale, duration, f"{source}: {name}")
            epoch.name = name
            yield epoch


def _in_seconds(spikes: SpikeTable, scale: float, source: str) -> SpikeTable:
    """Return spikes with times in seconds; warn where these look like another unit."""
    if scale == 1.0:
        warn_if_whole_numbers(spikes.times, source)
    return replace(spikes, times=spikes.times * scale)


def _assemble(
    spikes: SpikeTable,
    path: Path,
    kind: str,
    duration: float | None,
    *,
    epochs: Sequence[neo.Epoch] = (),
    events: dict[str, NDArray[np.float64]] | None = None,
) -> neo.Block:
    """Return the recording of spikes with times in seconds."""
    source = path.name
    times = spikes.times
    annotations = {"format": kind}
    if spikes.presentations is None or spikes.stimuli is None:
        if (np.diff(spikes.units) < 0).any():
            times = times[np.argsort(spikes.units, kind="stable")]
        stops = np.cumsum(np.bincount(spikes.units, minlength=len(spikes.unit_ids)))
    else:
        annotations["times"] = "from onset"
        placed = place_presentations(spikes, duration=duration, source=source)
        times, stops, onsets, duration = placed
        columns = {"stimulus": spikes.stimuli}
        trials = make_epoch("trials", onsets, onsets + duration, columns, source)
        epochs = [*epochs, trials]
    return assemble_recording(
        UnitTable(times, stops, spikes.unit_ids, spikes.columns, may_sort=True),
        source=source,
        annotations=annotations,
        name=path.stem,
        path=str(path),
        epochs=epochs,
        events=[make_event(name, times) for name, times in (events or {}).items()],
    )
