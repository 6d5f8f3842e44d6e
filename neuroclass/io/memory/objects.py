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

from neuroclass.io.arguments import as_array, in_seconds, time_values
from neuroclass.io.memory.frame_columns import is_frame
from neuroclass.io.memory.neo_objects import from_block, from_segments, is_ours
from neuroclass.io.memory.spike_objects import from_group, from_monitor, from_sorting
from neuroclass.io.memory.table_objects import from_frame, from_series, is_series
from neuroclass.io.memory.unit_trains import named, plain_id, recording_of_trains
from neuroclass.io.memory.xarray_objects import from_labelled_array
from neuroclass.io.tables import recording_of_arrays

__all__ = ["recording_of"]


def recording_of(
    source: Any, scale: float = 1.0, duration: float | None = None
) -> neo.Block:
    """Return the recording that an object holds.

    Parameters
    ----------
    source : object
        ``neo.Block``, ``Segment`` or list of ``SpikeTrain``; list or mapping of arrays
        of spike times, one per unit; list of units of lists of presentations, whose
        times count from stimulus onset; mapping of the named arrays of a table; table
        of pandas, polars, pyarrow or numpy with columns unit and time, or a row per
        unit; pandas Series of arrays; pynapple ``TsGroup``; spikeinterface sorting or
        analyzer; brian2 ``SpikeMonitor``; xarray with an axis time.
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
        return from_sorting(source)
    if hasattr(source, "spike_trains") and hasattr(source, "i"):
        return from_monitor(source)
    if hasattr(source, "to_tsd") and hasattr(source, "keys"):
        return from_group(source)
    if hasattr(source, "dims") and hasattr(source, "coords"):
        return from_labelled_array(source, scale)
    if is_frame(source):
        return from_frame(source, scale, duration)
    if is_series(source):
        return from_series(source, scale, duration)
    if isinstance(source, Mapping):
        return _from_mapping(source, scale, duration)
    if isinstance(source, neo.SpikeTrain):
        source = [source]
    if getattr(source, "is_nested", False):  # a tensor of trains of any length
        source = list(source.unbind())
    if type(source).__name__ in ("ObjectList", "SpikeTrainList"):  # neo's lists
        source = list(source)
    if isinstance(source, Sequence) and not isinstance(source, str | bytes):
        return _from_list(source, scale, duration)
    if isinstance(source, np.ndarray) and source.dtype == object:
        return _from_list([_as_list(one) for one in source], scale, duration)
    if isinstance(source, np.ndarray) and _is_padded(source):
        arrays = {"spike_times": source}
        return named(
            recording_of_arrays(arrays, Path("array"), "arrays", scale, duration)
        )
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


def _as_list(one: Any) -> Any:
    """Return a row of an array of arrays as a list of its presentations."""
    return list(one) if getattr(getattr(one, "dtype", None), "kind", "") == "O" else one


def _is_padded(source: np.ndarray) -> bool:
    """Whether rows are units, with NaN behind the last spike of each."""
    return (
        source.ndim in (2, 3)
        and source.dtype.kind == "f"
        and bool(np.isnan(source).any())
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
    if all(_is_scalar(one) for one in several):
        raise ValueError(
            "recording must hold the spike times of each unit; got one list of "
            f"{len(several)} numbers. Give a list of lists, or from_events(times, "
            "units)."
        )
    trains = [time_values(one, scale, f"unit {k}") for k, one in enumerate(several)]
    return recording_of_trains(trains, list(range(len(trains))), {})


def _is_scalar(one: Any) -> bool:
    if isinstance(one, list | tuple) or hasattr(one, "as_units"):
        return False
    one = _without_unit(one)
    return len(one.shape) == 0 if hasattr(one, "shape") else np.ndim(one) == 0


def _without_unit(one: Any) -> Any:
    if hasattr(one, "detach"):
        return one
    return getattr(one, "magnitude", getattr(one, "value", one))


def _has_unit(value: Any) -> bool:
    """Whether times bring their unit, or are those of an object of its own."""
    return (
        not np.isnan(in_seconds(value, np.nan, "recording")[1])
        or hasattr(value, "as_units")
        or getattr(getattr(value, "dtype", None), "kind", "") == "m"
    )


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
    arrays = {"spike_times": cells}
    return named(recording_of_arrays(arrays, Path("list"), "arrays", 1.0, duration))


def _from_mapping(
    source: Mapping[Any, Any], scale: float, duration: float | None
) -> neo.Block:
    names = list(source)
    if not names:
        raise ValueError("recording must hold at least one unit; got an empty mapping.")
    if any(isinstance(value, Mapping) for value in source.values()) and not all(
        isinstance(name, str)
        for value in source.values()
        for name in (value if isinstance(value, Mapping) else ())
    ):
        raise ValueError(
            "recording must hold the spike times of each unit, or the list of its "
            "presentations; got a mapping of mappings. Give a list of arrays for each "
            "unit, one per presentation."
        )
    if all(isinstance(name, str) for name in names) and not any(
        _has_unit(value) or _is_nested(value) for value in source.values()
    ):
        arrays = {
            name: value if isinstance(value, dict) else as_array(value, name)
            for name, value in source.items()
        }
        return named(
            recording_of_arrays(arrays, Path("mapping"), "arrays", scale, duration)
        )
    ids = [plain_id(name) for name in names]
    if any(_is_nested(value) for value in source.values()):
        recording = _from_nested(list(source.values()), scale, duration)
        for train, one in zip(recording.segments[0].spiketrains, ids, strict=True):
            train.annotations["unit_id"], train.name = one, str(one)
        return recording
    trains = [time_values(one, scale, f"unit {k}") for k, one in source.items()]
    return recording_of_trains(trains, ids, {})
