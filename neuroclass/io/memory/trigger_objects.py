"""Triggers in objects: tables, mappings, intervals and events of other packages.

Input: an object. Output: its columns, as those of a file of triggers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass.io.arguments import as_array, in_seconds, time_values
from neuroclass.io.memory.frame_columns import frame_columns, is_frame

__all__ = ["trigger_columns"]


def trigger_columns(triggers: Any, scale: float) -> tuple[dict[str, Any], float]:
    """Return the columns of triggers, and the seconds per unit of their times.

    Parameters
    ----------
    triggers : object
        Onsets as an array, tensor or quantity; rows of start and stop; a table of
        pandas, polars, pyarrow or numpy, or a mapping, with the names of a file of
        triggers; ``neo.Epoch`` or ``neo.Event``; pynapple ``IntervalSet``, ``Ts`` or
        ``Tsd``, whose values are the stimulus.
    scale : float
        Seconds per unit of plain numbers.

    Raises
    ------
    ValueError
        If rows of two columns are no starts and stops.
    """
    if hasattr(triggers, "durations") and hasattr(triggers, "array_annotations"):
        return _of_neo(triggers), 1.0
    if hasattr(triggers, "array_annotations") and hasattr(triggers, "labels"):
        return _of_neo(triggers), 1.0
    if hasattr(triggers, "as_units") and hasattr(triggers, "tot_length"):
        starts = np.asarray(triggers.start, dtype=np.float64)
        stops = np.asarray(triggers.end, dtype=np.float64)
        columns = {"start": starts, "stop": stops, **_metadata(triggers)}
        return columns, 1.0
    if hasattr(triggers, "as_units") and hasattr(triggers, "index"):
        columns = {"time": np.asarray(triggers.index.values, dtype=np.float64)}
        values = np.asarray(getattr(triggers, "values", ()))
        if values.shape == columns["time"].shape and _is_repeated(values):
            columns["stimulus"] = values
        return columns, 1.0
    if is_frame(triggers):
        return frame_columns(triggers, "triggers"), scale
    if isinstance(triggers, Mapping):
        return _of_mapping(triggers, scale), scale
    plain, own_scale = in_seconds(triggers, scale, "triggers")
    if getattr(plain, "ndim", 1) < 2 and not (
        isinstance(plain, list | tuple) and any(np.ndim(one) for one in plain[:1])
    ):
        return {"time": time_values(plain, own_scale, "triggers")}, 1.0
    rows = as_array(plain, "triggers")
    if rows.ndim == 2 and min(rows.shape) == 1:
        return {"time": rows.ravel()}, own_scale
    is_interval = (
        rows.ndim == 2
        and rows.shape[1] == 2
        and rows.dtype.kind in "iuf"
        and bool((rows[:, 1] > rows[:, 0]).all())
        and bool((rows[1:, 0] >= rows[:-1, 1] - 1e-9).all())
    )
    if not is_interval:
        raise ValueError(
            "triggers must be onsets along one axis, or starts and stops that do not "
            f"overlap; got shape {rows.shape}. Name the columns: give a mapping or a "
            "DataFrame with start, and stop or duration, and stimulus."
        )
    return {"start": rows[:, 0], "stop": rows[:, 1]}, own_scale


def _of_neo(triggers: Any) -> dict[str, NDArray[Any]]:
    """Return the columns of an Epoch or Event, with its labels as the stimulus."""
    size = np.size(triggers.times)
    columns = {"start": in_seconds(triggers.times, 1.0, "triggers")[0]}
    if hasattr(triggers, "durations"):
        columns["duration"] = in_seconds(triggers.durations, 1.0, "triggers")[0]
    labels = np.asarray(triggers.labels, dtype=str)
    if labels.size == size and _is_repeated(labels):
        columns["stimulus"] = labels
    for key, values in triggers.array_annotations.items():
        if np.size(values) == size:
            columns.setdefault(str(key), np.asarray(values))
    return columns


def _is_repeated(values: NDArray[Any]) -> bool:
    """Whether values are labels: several, and some of them again."""
    return 1 < len(set(values.tolist())) < values.size


def _metadata(intervals: Any) -> dict[str, NDArray[Any]]:
    """Return the metadata of a pynapple object as columns."""
    table: Any = getattr(intervals, "metadata", None)
    names = [str(name) for name in getattr(table, "columns", ())]
    return {name: as_array(np.asarray(table[name]), name) for name in names}


def _of_mapping(triggers: Mapping[Any, Any], scale: float) -> dict[str, NDArray[Any]]:
    columns = {}
    for key, values in triggers.items():
        name = str(key)
        plain, own = in_seconds(values, np.nan, name)
        array = as_array(plain, name)
        if array.dtype.kind == "m":
            array, own = array / np.timedelta64(1, "s"), 1.0
        # All columns of times are in one unit: that of plain numbers.
        columns[name] = array if np.isnan(own) else array * (own / scale)
    return columns
