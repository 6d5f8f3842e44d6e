"""Checks of arguments, and the last step, common to `from_raster` and `from_events`.

Input: what the caller gave. Output: arrays, ids and columns that fit each other, and
the recording of spikes with presentations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import as_seconds
from neuroclass.io.assemble import UnitTable, assemble_recording, make_epoch
from neuroclass.io.spike_table import SpikeTable
from neuroclass.io.trial_clock import place_presentations

__all__ = [
    "as_array",
    "checked_columns",
    "checked_ids",
    "in_seconds",
    "presented_recording",
    "signed_seconds",
    "sorting_times",
    "time_values",
]


def as_array(values: Any, name: str) -> NDArray[Any]:
    """Return an array from arrays, tensors, sparse ones and quantities of any package.

    A tensor is recognized by its method ``detach``, a sparse array by ``toarray`` or
    ``to_dense``. Text in arrays of objects becomes text, bytes are decoded.
    """
    values = _dense(values)
    message = (
        f"{name} must be one array of equal rows; got a ragged one. Pad or flatten it."
    )
    try:
        array = np.ma.asanyarray(values) if np.ma.isMA(values) else np.asarray(values)
    except ValueError as error:
        raise ValueError(message) from error
    if array.dtype == object:
        cells = array.ravel().tolist()
        if not all(isinstance(cell, bytes | str | int | float) for cell in cells):
            raise ValueError(message)
        is_text = any(isinstance(cell, bytes | str) for cell in cells)
        texts = [_decoded(cell) for cell in cells] if is_text else cells
        array = np.array(texts).reshape(array.shape)
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8", "replace")
    return np.asarray(array.astype(str) if array.dtype.kind == "T" else array)


def _decoded(cell: Any) -> str:
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)


def _dense(values: Any) -> Any:
    """Return tensors and sparse arrays as arrays of numpy, also within lists."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        if getattr(values, "layout", None) is not None and "strided" not in str(
            values.layout
        ):
            values = values.to_dense()
        if "bfloat16" in str(getattr(values, "dtype", "")):  # unknown to numpy
            values = values.float()
        return values.numpy()
    if hasattr(values, "toarray") and hasattr(values, "nnz"):
        return values.toarray()
    if isinstance(values, list | tuple) and any(hasattr(v, "detach") for v in values):
        return [_dense(value) for value in values]
    return values


def time_values(values: Any, scale: float, name: str) -> NDArray[np.float64]:
    """Return times in seconds, whatever package their quantity is of.

    Parameters
    ----------
    values : array-like, tensor or quantity
        Times; masked ones are left out.
    scale : float
        Seconds per unit of plain numbers.
    name : str
        Name of the argument, for the message.

    Raises
    ------
    ValueError
        If they are no times along one axis.
    """
    values, scale = in_seconds(values, scale, name)
    if hasattr(values, "as_units") and hasattr(values, "index"):  # of pynapple
        values = np.asarray(values.index.values)
    if isinstance(values, list | tuple) and any(map(_is_quantity, values[:1])):
        parts = [in_seconds(value, scale, name) for value in values]
        values, scale = [float(number) * factor for number, factor in parts], 1.0
    if np.ma.isMA(values):
        values = np.ma.compressed(values)
    times = np.ravel(as_array(values, name))
    if times.dtype.kind == "m":
        return times / np.timedelta64(1, "s")
    if times.size and times.dtype.kind not in "iufb":
        raise ValueError(
            f"{name} must hold times as numbers; got {times.dtype}. Convert them to "
            "seconds from the start of the recording."
        )
    return times.astype(np.float64) * scale


def _is_quantity(value: Any) -> bool:
    """Whether one time brings its unit; numpy would drop it without a word."""
    return hasattr(value, "rescale") or (
        hasattr(value, "to") and (hasattr(value, "unit") or hasattr(value, "magnitude"))
    )


def in_seconds(values: Any, scale: float, name: str) -> tuple[Any, float]:
    """Return plain numbers and the seconds per unit, from a quantity or numbers.

    Raises
    ------
    ValueError
        If the quantity is not one of time.
    """
    try:
        if hasattr(values, "rescale"):  # quantities, neo
            return np.asarray(values.rescale("s").magnitude), 1.0
        if hasattr(values, "to") and hasattr(values, "unit"):  # astropy
            return np.asarray(values.to("s").value), 1.0
        if hasattr(values, "to") and hasattr(values, "magnitude"):  # pint
            return np.asarray(values.to("s").magnitude), 1.0
    except Exception as error:  # each package has its own
        raise ValueError(f"{name} must be times; got {values!r:.60}.") from error
    if hasattr(values, "get_best_unit"):  # brian2, whose numbers are in SI units
        return np.asarray(values), 1.0
    return values, scale


def checked_ids(unit_ids: Sequence[int | str] | None, n_units: int) -> list[int | str]:
    """Return unit ids, one per unit and unique; 0, 1, ... by default."""
    if unit_ids is None:
        return list(range(n_units))
    ids = [item.item() if isinstance(item, np.generic) else item for item in unit_ids]
    if len(ids) != n_units or len(set(ids)) != n_units:
        raise ValueError(
            f"unit_ids must be unique and one per neuron ({n_units}); got {len(ids)}, "
            f"{len(set(ids))} of them different."
        )
    return ids


def checked_columns(
    unit_columns: Mapping[str, Sequence[Any]] | None, n_units: int
) -> dict[str, list[Any]]:
    """Return unit columns as lists, one entry per unit."""
    columns = {}
    for name, values in (unit_columns or {}).items():
        if len(values) != n_units:
            raise ValueError(
                f"unit_columns must have {n_units} entries each; got {len(values)} for "
                f"{name!r}."
            )
        columns[name] = np.asarray(values).tolist()
    return columns


def presented_recording(
    spikes: SpikeTable,
    *,
    unit_columns: Mapping[str, Sequence[Any]] | None,
    repeats: NDArray[Any] | None,
    duration: float,
    t_start: float,
    source: str,
    time_resolution: float | None = None,
) -> neo.Block:
    """Return the recording of spikes whose times count from stimulus onset."""
    placed = place_presentations(
        spikes, duration=duration, source=source, t_start=t_start, error=ValueError
    )
    columns = {"stimulus": np.asarray(spikes.stimuli)}
    if repeats is not None:
        columns["presentation"] = repeats
    ids = spikes.unit_ids
    stops = placed.onsets + duration
    return assemble_recording(
        UnitTable(
            placed.times, placed.stops, ids, checked_columns(unit_columns, len(ids))
        ),
        source=source,
        annotations={
            "format": "arrays",
            # One presentation may as well be the whole recording.
            **({"times": "from onset"} if placed.onsets.size > 1 else {}),
            **({"time_resolution": time_resolution} if time_resolution else {}),
        },
        name="recording",
        epochs=[make_epoch("trials", placed.onsets, stops, columns, source)],
        error=ValueError,
    )


def sorting_times(
    sorting: Any, unit: Any, segment: int | None = None
) -> NDArray[np.float64]:
    """Return the spike times of a unit on the clock of the sorting, in seconds."""
    given = {} if segment is None else {"segment_index": segment}
    try:
        times = sorting.get_unit_spike_train(unit, return_times=True, **given)
    except TypeError:  # another package's sorting, or an old one
        samples = np.asarray(
            sorting.get_unit_spike_train(unit, **given), dtype=np.float64
        )
        return samples / float(sorting.get_sampling_frequency())
    return np.asarray(times, dtype=np.float64)


def signed_seconds(value: Any, name: str) -> float:
    """Return a time in seconds, of either sign, from a number, text or quantity."""
    if isinstance(value, str):
        sign = -1.0 if value.strip().startswith("-") else 1.0
        return sign * as_seconds(value.strip().lstrip("-"), name)
    number, _ = in_seconds(value, 1.0, name)
    try:
        seconds = float(number)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a time; got {value!r}.") from error
    if not np.isfinite(seconds):
        raise ValueError(f"{name} must be a finite time; got {value!r}.")
    return seconds
