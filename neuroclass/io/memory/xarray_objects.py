"""Recordings from arrays whose axes have names and coordinates, as of xarray.

Input: an array of spikes per time bin. Output: a ``neo.Block``.
"""

from __future__ import annotations

from typing import Any

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.wording import some
from neuroclass.exceptions import RecordingError
from neuroclass.io.arguments import as_array
from neuroclass.io.rasters import from_raster

__all__ = ["from_labelled_array"]

_DIMENSIONS = {
    **dict.fromkeys(("time", "times", "t", "bin", "bins", "time_bin"), "time"),
    **dict.fromkeys(("neuron", "unit", "cell", "neurons", "units", "cells"), "neuron"),
    **dict.fromkeys(("unit_id", "cluster", "channel"), "neuron"),
    **dict.fromkeys(("presentation", "trial", "trials", "repeat"), "presentation"),
    **dict.fromkeys(("presentations", "repeats", "repetition"), "presentation"),
    **dict.fromkeys(("condition", "stimulus", "image", "stimuli"), "condition"),
}


_SECONDS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "usec", "microsecond", "microseconds"), 1e-6),
}


def from_labelled_array(array: Any, scale: float = 1.0) -> neo.Block:
    """Return the recording of an array whose axis time has its times.

    Coordinates along the axis presentation that repeat are the stimulus of each
    presentation. Without that axis the times are those of the recording.

    Parameters
    ----------
    array : xarray.DataArray, or Dataset of one
        Spikes per time bin.
    scale : float, default 1.0
        Seconds per unit of the times, where they have no attribute ``units``.
    """
    array = _only_variable(array)
    names = [str(name) for name in array.dims]
    axes = [_axis_of(name) for name in names]
    if None in axes:
        raise ValueError(
            f"recording must name its axes time and neuron, and may name "
            f"presentation and condition; got {some(names)}. Rename them, or use "
            "from_raster."
        )
    if "time" not in axes or "neuron" not in axes:
        raise ValueError(
            "recording must have an axis time and an axis neuron; got "
            f"{some(names)}. Rename them."
        )
    time = names[axes.index("time")]
    if time not in array.coords or array.sizes[time] < 2:
        raise ValueError(
            f"recording must have coordinates of time along {time}; got none. Use "
            "from_raster(x, dt, axes=...)."
        )
    times = _seconds(array.coords[time], scale)
    steps = np.diff(times)
    if not np.allclose(steps, steps[0], rtol=1e-3):
        raise RecordingError(
            f"recording must have equal time bins; got {steps.min():.6g} to "
            f"{steps.max():.6g} s. Use from_events."
        )
    given: dict[str, Any] = {}
    for axis, keyword in (("neuron", "unit_ids"), ("condition", "condition")):
        if axis in axes and (name := names[axes.index(axis)]) in array.coords:
            given[keyword] = as_array(array.coords[name].values, name).tolist()
    if "neuron" in axes:
        along = names[axes.index("neuron")]
        given["unit_columns"] = {
            name: values.tolist() for name, values in _coordinates(array, along).items()
        }
    if "presentation" in axes and "condition" not in axes:
        along = names[axes.index("presentation")]
        stimulus = _stimulus(_coordinates(array, along))
        if stimulus is not None:
            given["condition"] = stimulus
    if not {"presentation", "condition"} & set(axes):
        given["t_start"] = float(times[0])
    return from_raster(
        array.values,
        float(np.median(steps)),
        axes=[str(axis) for axis in axes],
        **given,
    )


def _only_variable(array: Any) -> Any:
    """Return the one array of a data set that has an axis time and an axis neuron."""
    if not hasattr(array, "data_vars"):
        return array
    found = [
        name
        for name, one in array.data_vars.items()
        if {"time", "neuron"} <= {_axis_of(str(axis)) for axis in one.dims}
    ]
    if len(found) != 1:
        raise ValueError(
            "recording must be one array with the axes time and neuron; got a data "
            f"set of {some([str(name) for name in array.data_vars]) or 'none'}. Give "
            "the array of spikes, such as dataset['spikes']."
        )
    return array[found[0]]


def _axis_of(name: str) -> str | None:
    """Return the axis that a name means; AllenSDK's are long."""
    plain = name.lower()
    if plain in _DIMENSIONS:
        return _DIMENSIONS[plain]
    if plain.startswith("time_relative_to"):
        return "time"
    return "presentation" if plain == "stimulus_presentation_id" else None


def _seconds(coordinate: Any, scale: float) -> NDArray[np.float64]:
    values = np.asarray(coordinate.values)
    if values.dtype.kind == "m":
        return values / np.timedelta64(1, "s")
    unit = str(getattr(coordinate, "attrs", {}).get("units", "")).strip().lower()
    return values.astype(np.float64) * _SECONDS.get(unit, scale)


def _coordinates(array: Any, axis: str) -> dict[str, NDArray[Any]]:
    """Return further coordinates along an axis, beside its own."""
    return {
        str(name): as_array(one.values, str(name))
        for name, one in array.coords.items()
        if tuple(one.dims) == (axis,) and str(name) != axis
    }


def _stimulus(columns: dict[str, NDArray[Any]]) -> list[Any] | None:
    """Return the stimulus of each presentation, by the coordinates that repeat.

    Raises
    ------
    ValueError
        If several coordinates vary and none is named as a stimulus.
    """
    repeated = {
        name: values
        for name, values in columns.items()
        if 1 < np.unique(values).size < values.size
    }
    named = [name for name in repeated if _DIMENSIONS.get(name.lower()) == "condition"]
    chosen = named or list(repeated)
    if len(chosen) > 1:
        raise ValueError(
            "recording must have one coordinate that tells the stimulus of each "
            f"presentation; got {some(chosen)}. Name it stimulus, or drop the others."
        )
    return repeated[chosen[0]].tolist() if chosen else None
