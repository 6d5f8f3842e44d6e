"""Layouts of spike times among named arrays, as described in :mod:`..tables`.

Input: arrays with names. Output: a `SpikeTable`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.wording import some
from neuroclass.exceptions import RecordingError
from neuroclass.io.layouts.array_kinds import (
    is_cell_array,
    is_struct_array,
    vector,
)
from neuroclass.io.layouts.array_names import (
    INDEX_NAMES,
    SPIKE_NAMES,
    UNIT_NAMES,
    named_spikes,
)
from neuroclass.io.layouts.cell_arrays import from_cells, only_cell_array
from neuroclass.io.layouts.flat_arrays import (
    from_flat,
    from_one_array_per_unit,
    from_padded,
    from_wave_clus,
    unknown_layout,
)
from neuroclass.io.layouts.struct_fields import from_structs
from neuroclass.io.layouts.unit_ids import with_ids
from neuroclass.io.spike_table import SpikeTable
from neuroclass.io.text import column_keys, plain_name, pop_column

__all__ = ["find_spikes"]

_CLASSES_OF_SPIKES = "cluster_class"  # of wave_clus


def find_spikes(
    arrays: dict[str, NDArray[Any]], scale: float, source: str
) -> tuple[SpikeTable, float]:
    """Return the spikes that named arrays hold, and the seconds per unit of time.

    Raises
    ------
    RecordingError
        If the arrays have none of the layouts; the message lists what there is.
    """
    if _CLASSES_OF_SPIKES in arrays:
        return from_wave_clus(arrays[_CLASSES_OF_SPIKES], source)
    left = dict(named_spikes(arrays, scale, source))
    structs = {
        name: left.pop(name)
        for name in list(left)
        if isinstance(left[name], dict) or is_struct_array(left[name])
    }
    cells = {name: value for name, value in left.items() if is_cell_array(value)}
    if structs and not cells and not column_keys(left, SPIKE_NAMES):
        return from_structs(structs, left, scale, source)
    if described := column_keys(structs, (*UNIT_NAMES, *INDEX_NAMES)):
        raise RecordingError(
            f"{source}: {described[0]} must be numbers or text along one axis; it is a "
            f"struct with the fields {some(list(structs[described[0]]))}. Save the ids "
            "as an array or a cell array."
        )
    if cells:
        chosen = only_cell_array(cells, source)
        name = next(one for one, value in cells.items() if value is chosen)
        stated = plain_name(name)[1]
        spikes = with_ids(from_cells(chosen, source), left)
        return spikes, scale if stated is None else stated
    found = pop_column(left, SPIKE_NAMES, scale)
    if found is None:
        return from_one_array_per_unit(left, source), scale
    others = [key for key in column_keys(left, SPIKE_NAMES) if _is_time(left[key])]
    if others and not all(np.array_equal(left[key], found[0]) for key in others):
        taken = next(name for name in arrays if arrays[name] is found[0])
        raise RecordingError(
            f"{source} must hold one array or column of spike times; got {taken} and "
            f"{', '.join(others)}. Rename or remove the others."
        )
    values, scale = vector(found[0]), found[1]
    if values.dtype.kind not in "biuf":
        raise unknown_layout(arrays, source)
    if values.ndim > 1:
        return with_ids(from_padded(values, source), left), scale
    left = {name: vector(value) for name, value in left.items()}
    return from_flat(values, left, arrays, source), scale


def _is_time(values: NDArray[Any]) -> bool:
    return bool(values.size > 1 and values.dtype.kind in "iuf")
