"""Recordings from tables of spike times and triggers: npz, csv and mat files.

The layout is recognized by names, never by shapes, without regard to case. Times are
in ``time_unit``, seconds by default.

**One array of spike times** (npz, mat): ``spike_times`` (or ``times``, ``spikes``)
together with

* ``unit_ids`` (or ``spike_units``, ``units``, ``clusters``, ``spike_clusters``), one
  per spike; or
* ``spike_times_index``, the index past the last spike of each unit as in NWB, and
  optionally ``unit_ids``, one per unit.

**One array per unit** (npz, mat): no such name, only arrays of one dimension; the
names are the unit ids. The triggers then need a file or array of their own.

**Padded array** (npz, mat): ``spike_times`` of two dimensions, unit and spike, NaN
behind the last spike of each unit; with three, unit, presentation and spike, times
count from stimulus onset.

**Cell array** (mat, and nested in itself for several stimuli):

* one row or one column: a spike train per unit, one clock;
* neurons x presentations: times count from stimulus onset;
* a cell array of such cell arrays: one per stimulus, numbered from 0 in Matlab's
  order.

**Text** (csv, with comma, semicolon or tab): the first line names the columns,
``unit`` and ``time`` in any order. A unit of time in the name (``time_ms``) takes
precedence over `time_unit`.

**Times that count from stimulus onset**: besides cells and padded arrays, one more
array or column ``presentation`` (``repeat``, ``trial``), whole numbers from 0 or 1,
and optionally ``stimulus``, both with one entry per spike. A presentation without
any spike is known by the numbers around it, but not at the end: then use cells.
Presentations are placed one after the other on one clock, with pauses between
(:func:`neuroclass.io.trial_clock.place_presentations`).

**Triggers inside the file** (npz, mat): an array ``triggers``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import neo
import numpy as np

from neuroclass._lib.checks import check_choice
from neuroclass.exceptions import RecordingError
from neuroclass.io.array_layouts import (
    SPIKE_NAMES,
    UNIT_NAMES,
    as_ids,
    find_spikes,
    from_rows,
)
from neuroclass.io.assemble import (
    UnitTable,
    assemble_recording,
    make_epoch,
    warn_if_whole_numbers,
)
from neuroclass.io.matlab import read_mat
from neuroclass.io.npz import read_npz
from neuroclass.io.spike_table import SpikeTable
from neuroclass.io.text import is_number, pop_column, read_text_columns
from neuroclass.io.trial_clock import place_presentations
from neuroclass.io.triggers import trigger_epoch

__all__ = ["read_arrays", "read_csv", "time_scale"]


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
    columns = read_text_columns(path)
    found = list(columns)
    units = pop_column(columns, UNIT_NAMES, scale)
    times = pop_column(columns, SPIKE_NAMES, scale)
    if units is None or times is None:
        raise RecordingError(
            f"{path.name} must have columns unit and time; got {', '.join(found)}. "
            "Rename them in the first line."
        )
    if times[0].dtype.kind not in "iuf":
        row = next(i for i, cell in enumerate(times[0]) if not is_number(cell))
        (unit,) = as_ids(units[0][[row]])
        raise RecordingError(
            f"{path.name}: times must be numbers; got {str(times[0][row])!r} in row "
            f"{row + 1}, of unit {unit}. Correct or remove that row."
        )
    spikes = from_rows(times[0], units[0], columns, path.name)
    spikes = _in_seconds(spikes, times[1], path.name)
    return _assemble(spikes, path, "csv", duration, [])


def read_arrays(
    path: Path, kind: str, scale: float, duration: float | None
) -> neo.Block:
    """Return the recording of an npz or mat file; see the top of this module."""
    arrays = read_npz(path) if kind == "npz" else read_mat(path, kind)
    triggers = pop_column(arrays, ("triggers", "trigger"), scale)
    spikes, spike_scale = find_spikes(arrays, scale, path.name)
    epochs = []
    if triggers is not None:
        columns = {"time": triggers[0]}
        epochs.append(trigger_epoch(columns, triggers[1], duration, path.name))
    spikes = _in_seconds(spikes, spike_scale, path.name)
    return _assemble(spikes, path, kind, duration, epochs)


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
    epochs: list[neo.Epoch],
) -> neo.Block:
    """Return the recording of spikes with times in seconds."""
    source = path.name
    times = spikes.times
    if spikes.presentations is None or spikes.stimuli is None:
        if (np.diff(spikes.units) < 0).any():
            times = times[np.argsort(spikes.units, kind="stable")]
        stops = np.cumsum(np.bincount(spikes.units, minlength=len(spikes.unit_ids)))
    else:
        placed = place_presentations(spikes, duration=duration, source=source)
        times, stops, onsets, duration = placed
        columns = {"stimulus": spikes.stimuli}
        trials = make_epoch("trials", onsets, onsets + duration, columns, source)
        epochs = [*epochs, trials]
    return assemble_recording(
        UnitTable(times, stops, spikes.unit_ids),
        source=source,
        annotations={"format": kind},
        name=path.stem,
        path=str(path),
        epochs=epochs,
    )
