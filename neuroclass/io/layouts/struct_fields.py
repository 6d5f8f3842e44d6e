"""Spike times in structs of Matlab, and in arrays of them.

Input: dictionaries of fields. Output: a `SpikeTable`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.wording import some
from neuroclass.exceptions import RecordingError
from neuroclass.io.layouts.array_kinds import (
    is_array,
    is_cell_array,
    is_struct_array,
    vector,
)
from neuroclass.io.layouts.array_names import SPIKE_NAMES
from neuroclass.io.layouts.cell_arrays import from_cells
from neuroclass.io.layouts.flat_arrays import from_flat, from_padded
from neuroclass.io.layouts.unit_ids import with_ids
from neuroclass.io.spike_table import SpikeTable
from neuroclass.io.text import column_keys, plain_name

__all__ = ["from_structs"]


def from_structs(
    structs: dict[str, Any], left: dict[str, NDArray[Any]], scale: float, source: str
) -> tuple[SpikeTable, float]:
    """Return the spikes of the one struct that has a field of spike times."""
    groups = dict(_walk(structs))
    found = {name: fields for name, fields in groups.items() if _spike_field(fields)}
    if len(found) != 1:
        seen = "; ".join(
            f"{name} with the fields {some(list(fields), 8)}"
            for name, fields in (found or groups).items()
        )
        raise RecordingError(
            f"{source} must hold one struct with a field of spike times "
            f"({some(SPIKE_NAMES, 4)}); got {seen}. Rename the field, or save the "
            "spike times as a cell array spike_times."
        )
    ((name, fields),) = found.items()
    key = str(_spike_field(fields))
    values = fields[key]
    stated = plain_name(key)[1]
    rest = {other: value for other, value in fields.items() if other != key}
    if is_cell_array(values):
        spikes = from_cells(values, source)
    else:
        flat = {other: vector(v) for other, v in rest.items() if is_array(v)}
        train = vector(values)
        if train.ndim > 1:
            spikes = from_padded(train, source)
        else:
            return (
                from_flat(
                    train, flat, {f"{name}.{k}": v for k, v in flat.items()}, source
                ),
                scale if stated is None else stated,
            )
    return with_ids(spikes, rest), scale if stated is None else stated


def _walk(structs: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the name and fields of each struct, those within others too."""
    for name, value in structs.items():
        if isinstance(value, dict):
            yield prefix + name, value
            yield from _walk(value, f"{prefix}{name}.")
        elif is_struct_array(value):  # a cell array of structs
            joined = {}
            for key in dict.fromkeys(k for cell in value.flat for k in cell):
                cells = np.empty(value.size, dtype=object)
                for place, cell in enumerate(value.flat):
                    cells[place] = cell.get(key, np.empty(0))
                joined[key] = cells
            yield prefix + name, joined


def _spike_field(fields: dict[str, Any]) -> str | None:
    arrays = {
        name: value
        for name, value in fields.items()
        if is_cell_array(value)
        or (is_array(value) and value.dtype.kind in "iuf" and value.size > 1)
    }
    keys = column_keys(arrays, SPIKE_NAMES)
    return keys[0] if keys else None
