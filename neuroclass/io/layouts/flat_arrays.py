"""Spike times in plain arrays: with the unit of each, an index, padded, one per unit.

Input: arrays of numbers, or the columns of a table. Output: a `SpikeTable`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import warn_user
from neuroclass._lib.wording import some
from neuroclass.exceptions import RecordingError
from neuroclass.io.layouts.array_kinds import as_text, is_array, vector
from neuroclass.io.layouts.array_names import INDEX_NAMES, UNIT_NAMES
from neuroclass.io.layouts.presentation_numbers import add_presentations
from neuroclass.io.layouts.unit_ids import as_ids
from neuroclass.io.spike_table import SpikeTable
from neuroclass.io.text import column_keys, pop_column

__all__ = [
    "from_flat",
    "from_one_array_per_unit",
    "from_padded",
    "from_trains",
    "from_wave_clus",
    "unknown_layout",
]

_LAYOUTS = (
    "spike_times with unit_ids (one per spike) or spike_times_index, one array per "
    "unit, or a cell array of neurons or of neurons x presentations"
)


def from_trains(
    trains: Sequence[NDArray[Any]], unit_ids: Sequence[int | str]
) -> SpikeTable:
    """Return the spikes of one array of times per unit."""
    sizes = [train.size for train in trains]
    parts = [np.ravel(train).astype(np.float64) for train in trains if train.size]
    return SpikeTable(
        times=np.concatenate(parts) if parts else np.empty(0),
        units=np.repeat(np.arange(len(trains)), sizes),
        unit_ids=list(unit_ids),
    )


def from_flat(
    values: NDArray[Any],
    left: dict[str, NDArray[Any]],
    arrays: dict[str, NDArray[Any]],
    source: str,
) -> SpikeTable:
    """Return the spikes of one array of times with its units or its index."""
    index = pop_column(left, INDEX_NAMES, 1.0)
    ids = pop_column(left, UNIT_NAMES, 1.0)
    if index is not None:
        stops = _whole_numbers(index[0], "spike_times_index", source)
        wrong = (np.diff(stops, prepend=0) < 0) | (stops > values.size)
        if wrong.any() or not stops.size or stops[-1] != values.size:
            row = int(np.argmax(wrong)) if wrong.any() else stops.size - 1
            raise RecordingError(
                f"{source}: spike_times_index must ascend to {values.size}, the number "
                f"of spike times; got {stops[row] if stops.size else 'nothing'} in "
                f"row {row}. Save the index with its spike times again."
            )
        unit_ids = as_ids(np.arange(stops.size) if ids is None else ids[0])
        if len(unit_ids) != stops.size:
            raise RecordingError(
                f"{source}: unit_ids must have one entry for each of the {stops.size} "
                f"units of spike_times_index; got {len(unit_ids)}. Give one "
                "id per unit."
            )
        units = np.repeat(np.arange(stops.size), np.diff(stops, prepend=0))
        spikes = SpikeTable(values.astype(np.float64), units, unit_ids)
    elif ids is not None and ids[0].size == values.size:
        spikes = _by_unit(values, ids[0])
    else:
        raise unknown_layout(arrays, source)
    add_presentations(spikes, left, source)
    return spikes


def _by_unit(times: NDArray[Any], ids: NDArray[Any]) -> SpikeTable:
    present, units = np.unique(as_text(ids), return_inverse=True)
    return SpikeTable(times.astype(np.float64), units.ravel(), as_ids(present))


def _whole_numbers(values: NDArray[Any], name: str, source: str) -> NDArray[np.intp]:
    """Return whole numbers along one axis as indices, or refuse what is none."""
    is_whole = values.dtype.kind in "iu" or (
        values.dtype.kind == "f"
        and bool((values == np.floor(values)).all())
        and bool((np.abs(values) < 2**62).all())
    )
    if not is_whole or values.ndim != 1:
        raise RecordingError(
            f"{source}: {name} must be whole numbers along one axis; got shape "
            f"{values.shape} of {values.dtype}. Save it again."
        )
    return values.astype(np.intp)


def from_padded(values: NDArray[Any], source: str) -> SpikeTable:
    """Return the spikes of units x (presentations x) spikes, NaN behind the last."""
    if values.ndim > 3 or not values.shape[0]:
        raise RecordingError(
            f"{source} must hold spike times of shape (units, spikes) or (units, "
            f"presentations, spikes); got {values.shape}. Reshape the array."
        )
    if values.dtype == bool or (values.size and np.isin(values, (0, 1)).all()):
        raise RecordingError(
            f"{source} holds zeros and ones in place of spike times: it looks like "
            "a raster. Load the array with numpy and use from_raster."
        )
    given = ~np.isnan(values)
    late = given[..., 1:] & ~given[..., :-1]
    if late.any():
        unit, index = np.argwhere(late)[0][[0, -1]]
        raise RecordingError(
            f"{source}: the spike times of unit {unit} must be finite up to the "
            f"padding; got nan at index {index}. Put NaN only behind the last spike."
        )
    place = np.nonzero(given)
    spikes = SpikeTable(
        times=values[given].astype(np.float64),
        units=place[0],
        unit_ids=list(range(values.shape[0])),
    )
    if values.ndim == 3:
        spikes.presentations = place[1]
        spikes.stimuli = np.zeros(values.shape[1], dtype=np.intp)
    return spikes


def from_wave_clus(classes: Any, source: str) -> tuple[SpikeTable, float]:
    """Return the spikes of ``cluster_class`` of wave_clus, and seconds per unit.

    Of shape (spikes, 2): the class, where 0 is not sorted, and the time in ms.
    """
    if not is_array(classes) or classes.ndim != 2 or classes.shape[1] != 2:
        raise RecordingError(
            f"{source}: cluster_class must hold class and time of each spike; got "
            f"shape {np.shape(classes)}. Save the file of wave_clus again."
        )
    is_sorted = classes[:, 0] != 0
    if not is_sorted.any():
        raise RecordingError(
            f"{source}: cluster_class must hold sorted spikes; all are of class 0. "
            "Sort them with wave_clus."
        )
    if not is_sorted.all():
        warn_user(
            f"{source}: left out {int((~is_sorted).sum())} spikes of class 0, which "
            "wave_clus did not sort."
        )
    times = classes[is_sorted, 1]
    return _by_unit(times, classes[is_sorted, 0]), 1e-3


def from_one_array_per_unit(left: dict[str, NDArray[Any]], source: str) -> SpikeTable:
    """Return the spikes of arrays that are each named by their unit."""
    trains = [vector(values) for values in left.values()]
    # A single number may be a setting rather than a unit with one spike: refused.
    scalars = [values.shape in ((), (1, 1)) for values in left.values()]
    numeric = [train.ndim == 1 and train.dtype.kind in "iuf" for train in trains]
    names = list(left)
    is_of_spikes = column_keys(left, (*UNIT_NAMES, *INDEX_NAMES))
    if not trains or any(scalars) or not all(numeric) or is_of_spikes:
        raise unknown_layout(left, source)
    numbered = all(name.isdecimal() for name in names)
    return from_trains(trains, [int(name) for name in names] if numbered else names)


def unknown_layout(arrays: dict[str, NDArray[Any]], source: str) -> RecordingError:
    """Return the error for arrays of no known layout, which lists them."""
    found = ", ".join(
        f"{name} {'x'.join(map(str, values.shape)) or 'scalar'} {values.dtype}"
        if isinstance(values, np.ndarray)
        else f"{name} (struct with the fields {some(list(values))})"
        for name, values in list(arrays.items())[:12]
    )
    return RecordingError(
        f"{source} must hold {_LAYOUTS}; got {found or 'nothing'}. Rename or reshape "
        "the arrays; of a raster, name the axes and the time bin width (axes, dt: "
        "--axes neuron,time --dt 1ms)."
    )
