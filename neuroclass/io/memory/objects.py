"""Recordings from objects in memory: of neo, pandas, pynapple, spikeinterface, brian2.

Input: an object. Output: a ``neo.Block``. Objects of other packages are recognized by
their methods, so that none of these packages has to be there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.wording import some
from neuroclass.exceptions import RecordingError
from neuroclass.io.arguments import as_array, sorting_times, time_values
from neuroclass.io.assemble import UnitTable, assemble_recording
from neuroclass.io.layouts.array_names import UNIT_NAMES
from neuroclass.io.layouts.flat_arrays import from_trains
from neuroclass.io.memory.neo_objects import from_block, from_segments, is_ours
from neuroclass.io.rasters import from_raster
from neuroclass.io.tables import read_columns, recording_of_arrays

__all__ = ["recording_of"]

_DIMENSIONS = {
    **dict.fromkeys(("time", "times", "t", "bin", "bins", "time_bin"), "time"),
    **dict.fromkeys(("neuron", "unit", "cell", "neurons", "units", "cells"), "neuron"),
    **dict.fromkeys(("unit_id", "cluster", "channel"), "neuron"),
    **dict.fromkeys(("presentation", "trial", "trials", "repeat"), "presentation"),
    **dict.fromkeys(("presentations", "repeats", "repetition"), "presentation"),
    **dict.fromkeys(("condition", "stimulus", "image", "stimuli"), "condition"),
}


def recording_of(
    source: Any, scale: float = 1.0, duration: float | None = None
) -> neo.Block:
    """Return the recording that an object holds.

    Parameters
    ----------
    source : object
        ``neo.Block``, ``Segment`` or list of ``SpikeTrain``; list or mapping of arrays
        of spike times, one per unit; list of units of lists of presentations, whose
        times count from stimulus onset; mapping of the named arrays of a table; pandas
        DataFrame with a column unit and a column time; pynapple ``TsGroup``;
        spikeinterface sorting or analyzer; brian2 ``SpikeMonitor``; xarray with an axis
        time.
    scale : float, default 1.0
        Seconds per unit of plain numbers; a quantity has its own unit.
    duration : float, optional
        Duration of each presentation, in seconds, where times count from onset.

    Raises
    ------
    TypeError
        If the object is of an unknown type.
    ValueError
        If what it holds cannot be used.
    """
    if isinstance(source, neo.Block):
        return source if is_ours(source) else from_block(source)
    if isinstance(source, neo.Segment):
        return from_segments([source], source="segment", name="recording")
    if hasattr(source, "sorting") and hasattr(source, "get_extension"):
        source = source.sorting  # an analyzer of spikeinterface
    if hasattr(source, "get_unit_spike_train"):
        return _from_sorting(source)
    if hasattr(source, "spike_trains") and hasattr(source, "i"):
        return _from_monitor(source)
    if hasattr(source, "to_tsd") and hasattr(source, "keys"):
        return _from_group(source)
    if hasattr(source, "dims") and hasattr(source, "coords"):
        return _from_labelled_array(source)
    if hasattr(source, "iloc") and hasattr(source, "columns"):
        return _from_frame(source, scale, duration)
    if isinstance(source, Mapping):
        return _from_mapping(source, scale, duration)
    if isinstance(source, neo.SpikeTrain):
        source = [source]
    if isinstance(source, Sequence) and not isinstance(source, str | bytes):
        return _from_list(source, scale, duration)
    if isinstance(source, np.ndarray) and source.dtype == object:
        return _from_list(list(source), scale, duration)
    if hasattr(source, "shape") or hasattr(source, "detach"):
        raise TypeError(
            f"recording is one {type(source).__name__} of shape "
            f"{tuple(source.shape)}, whose axes and time bin width are unknown. Name "
            "them: from_raster(x, dt, axes=...), or from_events(times, units)."
        )
    raise TypeError(
        "recording must be a neo.Block, a path, or spike times in a list, mapping, "
        f"DataFrame or sorting; got {type(source).__name__}. from_raster and "
        "from_events make recordings from arrays."
    )


def _from_list(
    several: Sequence[Any], scale: float, duration: float | None
) -> neo.Block:
    if not several:
        raise ValueError("recording must hold at least one unit; got an empty list.")
    if all(isinstance(one, neo.SpikeTrain) for one in several):
        segment = neo.Segment(name="recording")
        segment.spiketrains.extend(several)
        return from_segments([segment], source="list", name="recording")
    if all(isinstance(one, neo.Segment) for one in several):
        return from_segments(several, source="list", name="recording")
    if any(_is_nested(one) for one in several):
        return _from_nested(several, scale, duration)
    if all(np.ndim(_without_unit(one)) == 0 for one in several):
        raise ValueError(
            "recording must hold the spike times of each unit; got one list of "
            f"{len(several)} numbers. Give a list of lists, or from_events(times, "
            "units)."
        )
    trains = [time_values(one, scale, f"unit {k}") for k, one in enumerate(several)]
    return _from_trains(trains, list(range(len(trains))), {})


def _without_unit(one: Any) -> Any:
    if hasattr(one, "detach"):
        return one
    return getattr(one, "magnitude", getattr(one, "value", one))


def _is_nested(one: Any) -> bool:
    """Whether a unit is a list of presentations, each with its own spike times."""
    return isinstance(one, list | tuple) and any(np.ndim(part) == 1 for part in one)


def _from_nested(
    several: Sequence[Any], scale: float, duration: float | None
) -> neo.Block:
    n_presentations = {len(one) for one in several}
    if len(n_presentations) > 1:
        raise ValueError(
            "recording must hold as many presentations of each unit; got "
            f"{min(n_presentations)} to {max(n_presentations)}. Give an empty list for "
            "a presentation without a spike."
        )
    cells = np.empty((len(several), n_presentations.pop()), dtype=object)
    for unit, one in enumerate(several):
        for number, part in enumerate(one):
            cells[unit, number] = time_values(part, scale, f"unit {unit}")
    named = {"spike_times": cells}
    return _named(recording_of_arrays(named, Path("list"), "arrays", 1.0, duration))


def _named(recording: neo.Block) -> neo.Block:
    """Return a recording without the path of a file, which it has not."""
    recording.file_origin = None
    recording.name = recording.segments[0].name = "recording"
    return recording


def _from_trains(
    trains: Sequence[NDArray[np.float64]],
    ids: Sequence[int | str],
    columns: Mapping[str, Sequence[Any]],
    span: tuple[float, float] | None = None,
    kind: str = "arrays",
) -> neo.Block:
    spikes = from_trains(trains, ids)
    stops = np.cumsum(np.bincount(spikes.units, minlength=len(ids)))
    return assemble_recording(
        UnitTable(spikes.times, stops, list(ids), columns, may_sort=True, span=span),
        source="recording",
        annotations={"format": kind},
        name="recording",
        error=ValueError,
    )


def _from_mapping(
    source: Mapping[Any, Any], scale: float, duration: float | None
) -> neo.Block:
    names = list(source)
    if not names:
        raise ValueError("recording must hold at least one unit; got an empty mapping.")
    if all(isinstance(name, str) for name in names) and not any(
        hasattr(value, "rescale") or _is_nested(value) for value in source.values()
    ):
        arrays = {
            name: value if isinstance(value, dict) else as_array(value, name)
            for name, value in source.items()
        }
        return _named(
            recording_of_arrays(arrays, Path("mapping"), "arrays", scale, duration)
        )
    ids = [_plain_id(name) for name in names]
    if any(_is_nested(value) for value in source.values()):
        recording = _from_nested(list(source.values()), scale, duration)
        for train, one in zip(recording.segments[0].spiketrains, ids, strict=True):
            train.annotations["unit_id"], train.name = one, str(one)
        return recording
    trains = [time_values(one, scale, f"unit {k}") for k, one in source.items()]
    return _from_trains(trains, ids, {})


def _plain_id(name: Any) -> int | str:
    if isinstance(name, np.generic):
        name = name.item()
    if isinstance(name, bytes):
        return name.decode("utf-8", "replace")
    if isinstance(name, float) and name.is_integer():
        return int(name)
    return name if isinstance(name, int | str) else str(name)


def _from_frame(frame: Any, scale: float, duration: float | None) -> neo.Block:
    columns = {}
    names = [str(name) for name in frame.columns]
    index = frame.index.name
    if index is not None and str(index) not in names:
        columns[str(index)] = as_array(frame.index.to_numpy(), str(index))
    for position, name in enumerate(names):
        column = frame.iloc[:, position]
        values = column.to_numpy()
        # One array of spike times per row: a table of units.
        if values.dtype == object and len(values) and np.ndim(values[0]) == 1:
            return _from_table_of_units(frame, names, position, scale)
        columns[name] = as_array(values, name)
    recording = read_columns(columns, Path("DataFrame"), "arrays", scale, duration)
    return _named(recording)


def _from_table_of_units(
    frame: Any, names: list[str], position: int, scale: float
) -> neo.Block:
    values = frame.iloc[:, position].to_numpy()
    trains = [time_values(one, scale, names[position]) for one in values]
    columns = {
        name: as_array(frame.iloc[:, k].to_numpy(), name).tolist()
        for k, name in enumerate(names)
        if k != position and np.ndim(frame.iloc[0, k]) == 0
    }
    key = next((name for name in columns if name.lower() in UNIT_NAMES), None)
    ids = columns.pop(key) if key else frame.index.tolist()
    return _from_trains(trains, [_plain_id(one) for one in ids], columns)


def _from_sorting(sorting: Any) -> neo.Block:
    n_segments = getattr(sorting, "get_num_segments", lambda: 1)()
    if n_segments != 1:
        raise ValueError(
            f"recording must be a sorting of one segment; got {n_segments}. Select one "
            "(select_segments) or concatenate them."
        )
    ids = [_plain_id(unit) for unit in sorting.unit_ids]
    trains = [sorting_times(sorting, unit) for unit in sorting.unit_ids]
    columns = {}
    for key in getattr(sorting, "get_property_keys", list)():
        values = np.asarray(sorting.get_property(key))
        if values.ndim == 1 and values.size == len(ids):
            try:
                columns[str(key)] = as_array(values, str(key)).tolist()
            except ValueError:
                continue  # objects that are neither numbers nor text
    return _from_trains(trains, ids, columns, kind="sorting")


def _from_monitor(monitor: Any) -> neo.Block:
    times = np.asarray(monitor.t, dtype=np.float64)  # seconds: SI units
    neurons = np.asarray(monitor.i, dtype=np.intp)
    try:
        n_units = len(monitor.source)
    except (AttributeError, TypeError):
        n_units = int(neurons.max(initial=-1)) + 1
    order = np.lexsort((times, neurons))
    stops = np.cumsum(np.bincount(neurons, minlength=n_units))
    return assemble_recording(
        UnitTable(times[order], stops, list(range(n_units)), may_sort=True),
        source="SpikeMonitor",
        annotations={"format": "brian2"},
        name=str(getattr(monitor, "name", "recording")),
        error=ValueError,
    )


def _from_group(group: Any) -> neo.Block:
    keys = list(group.keys())
    trains = [np.asarray(group[key].index.values, dtype=np.float64) for key in keys]
    support = np.asarray(group.time_support.values, dtype=np.float64)
    # Without a support of its own a group has the spans of its units, from the first to
    # the last spike of each (pynapple 0.11.4): that is no time of observation.
    fired = [train for train in trains if train.size]
    if np.isin(support[:, 0], [train[0] for train in fired]).all() and (
        np.isin(support[:, 1], [train[-1] for train in fired]).all()
    ):
        support = np.empty((0, 2))
    columns = {}
    metadata = getattr(group, "metadata", None)
    if metadata is not None and hasattr(metadata, "columns"):
        for name in metadata.columns:
            if str(name) != "rate":
                values = np.asarray(metadata[name])
                if values.ndim == 1 and values.size == len(keys):
                    columns[str(name)] = as_array(values, str(name)).tolist()
    recording = _from_trains(
        trains,
        [_plain_id(key) for key in keys],
        columns,
        (float(support.min()), float(support.max())) if support.size else None,
        "pynapple",
    )
    if support.shape[0] > 1:
        for train in recording.segments[0].spiketrains:
            train.annotations["obs_intervals"] = support.copy()
    return recording


def _from_labelled_array(array: Any) -> neo.Block:
    """Return the recording of an xarray whose axis time has its times."""
    axes = []
    for name in array.dims:
        axis = _DIMENSIONS.get(str(name).lower())
        if axis is None:
            raise ValueError(
                f"recording must name its axes time and neuron, and may name "
                f"presentation and condition; got {some([str(n) for n in array.dims])}."
                " Rename them, or use from_raster."
            )
        axes.append(axis)
    if "time" not in axes or "neuron" not in axes:
        raise ValueError(
            "recording must have an axis time and an axis neuron; got "
            f"{some([str(n) for n in array.dims])}. Rename them."
        )
    time = str(array.dims[axes.index("time")])
    if time not in array.coords or array.sizes[time] < 2:
        raise ValueError(
            f"recording must have coordinates of time along {time}; got none. Use "
            "from_raster(x, dt, axes=...)."
        )
    times = np.asarray(array.coords[time].values)
    if times.dtype.kind == "m":
        times = times / np.timedelta64(1, "s")
    steps = np.diff(times.astype(np.float64))
    if not np.allclose(steps, steps[0], rtol=1e-3):
        raise RecordingError(
            f"recording must have equal time bins; got {steps.min():.6g} to "
            f"{steps.max():.6g} s. Use from_events."
        )
    given: dict[str, Any] = {}
    for axis, keyword in (("neuron", "unit_ids"), ("condition", "condition")):
        if axis in axes and (name := str(array.dims[axes.index(axis)])) in array.coords:
            given[keyword] = as_array(array.coords[name].values, name).tolist()
    return from_raster(array.values, float(np.median(steps)), axes=axes, **given)
