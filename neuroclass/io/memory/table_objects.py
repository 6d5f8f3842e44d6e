"""Recordings from tables in memory: of pandas, polars, pyarrow and numpy.

Input: a table with a row per spike, a row per unit, or a column per unit; or a Series.
Output: a ``neo.Block``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass.io.arguments import as_array, time_values
from neuroclass.io.layouts.array_names import ROW_ID_NAMES, SPIKE_NAMES, UNIT_NAMES
from neuroclass.io.memory.frame_columns import frame_columns
from neuroclass.io.memory.unit_trains import named, plain_id, recording_of_trains
from neuroclass.io.tables import read_columns
from neuroclass.io.text import column_keys

__all__ = ["from_frame", "from_series", "is_series"]


def from_frame(frame: Any, scale: float, duration: float | None) -> neo.Block:
    """Return the recording of a table; see :func:`neuroclass.io.memory.objects`."""
    columns = frame_columns(frame, "DataFrame")
    lists = [name for name, values in columns.items() if values.dtype == object]
    if lists:
        index = getattr(frame, "index", None)
        return _from_table_of_units(columns, lists, scale, index)
    if all(name.isdecimal() for name in columns):  # ids of units, a column for each
        arrays = {name: columns[name][~np.isnan(columns[name])] for name in columns}
        ids = [int(name) for name in arrays]
        trains = [time_values(one, scale, name) for name, one in arrays.items()]
        return recording_of_trains(trains, ids, {})
    recording = read_columns(columns, Path("DataFrame"), "arrays", scale, duration)
    return named(recording)


def _from_table_of_units(
    columns: dict[str, NDArray[Any]], lists: list[str], scale: float, index: Any
) -> neo.Block:
    """Return the recording of a row per unit, with an array of its spike times."""
    (name, *_) = column_keys({one: columns[one] for one in lists}, SPIKE_NAMES) or lists
    if len(lists) > 1 and name not in column_keys(columns, SPIKE_NAMES):
        raise ValueError(
            "DataFrame must have one column of spike times, with an array in each row; "
            f"got {', '.join(lists)}. Name the right one spike_times."
        )
    trains = [time_values(one, scale, name) for one in columns[name]]
    others = {key: values for key, values in columns.items() if key not in lists}
    keys = column_keys(others, UNIT_NAMES) or [
        key
        for key in column_keys(others, ROW_ID_NAMES)
        if len(set(others[key].tolist())) == len(trains)
    ]
    if keys:
        ids = others.pop(keys[0]).tolist()
    elif hasattr(index, "tolist"):
        ids = index.tolist()
    else:
        ids = list(range(len(trains)))
    columns_of_units = {key: values.tolist() for key, values in others.items()}
    return recording_of_trains(trains, [plain_id(one) for one in ids], columns_of_units)


def is_series(source: Any) -> bool:
    """Whether an object is a Series of pandas, which has an index."""
    return hasattr(source, "iloc") and hasattr(source, "to_numpy")


def from_series(series: Any, scale: float, duration: float | None) -> neo.Block:
    """Return the recording of a Series: arrays by unit, or times with their unit."""
    values = series.to_numpy()
    ids = [plain_id(one) for one in series.index]
    if values.dtype == object and any(np.ndim(one) for one in values[:1]):
        trains = [time_values(one, scale, f"unit {k}") for k, one in enumerate(values)]
        return recording_of_trains(trains, ids, {})
    name = "time [s]" if values.dtype.kind == "m" else "time"
    columns = {
        "unit": as_array(series.index.to_numpy(), "unit"),
        name: np.asarray(time_values(values, 1.0, "recording")),
    }
    return named(read_columns(columns, Path("Series"), "arrays", scale, duration))
