"""Positions of the electrodes that the units of an NWB file were recorded with.

Input: the Units table. Output: the columns ``electrode_x_um`` and ``electrode_y_um``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hdmf.common import DynamicTable, VectorIndex
from numpy.typing import NDArray

from neuroclass.io.files.stored_columns import read_indices

__all__ = ["ELECTRODE_COLUMNS", "electrode_columns"]

ELECTRODE_COLUMNS = ("electrode_x_um", "electrode_y_um")
# On the probe, which is what distances are measured on; else in the brain.
_PLANES = (("rel_x", "rel_y"), ("x", "y"))


def electrode_columns(units: DynamicTable) -> dict[str, list[float]]:
    """Return the mean position of the electrodes of each unit, in micrometres.

    Parameters
    ----------
    units : hdmf.common.DynamicTable
        Units table, whose column ``electrodes`` refers to the table of electrodes.

    Returns
    -------
    dict
        The two columns, nan for units without; empty where the file does not say, or
        all units are at one place.
    """
    if "electrodes" not in units.colnames:
        return {}
    column = units["electrodes"]
    is_ragged = isinstance(column, VectorIndex)
    region: Any = column.target if is_ragged else column
    table = getattr(region, "table", None)
    plane = next(
        (p for p in _PLANES if {*p} <= {*getattr(table, "colnames", ())}), None
    )
    if table is None or plane is None:
        return {}
    try:
        rows = read_indices(region.data, "electrodes", "")
        stops = np.arange(1, len(rows) + 1)
        if is_ragged:
            stops = read_indices(column.data, "electrodes_index", "")
        if len(stops) != len(units.id) or (np.diff(stops, prepend=0) < 0).any():
            return {}
        place = np.stack(
            [np.asarray(table[name].data[:], dtype=np.float64) for name in plane]
        )
    except (TypeError, ValueError):  # text, or none, or no numbers of electrodes
        return {}
    if rows.size and (rows.min() < 0 or rows.max() >= place.shape[1]):
        return {}
    parts = np.split(rows, stops.astype(np.intp)[:-1])
    positions = np.array([_mean(place[:, part]) for part in parts])
    known = positions[np.isfinite(positions).all(axis=1)]
    if len(np.unique(known, axis=0)) < 2:
        return {}
    return {name: positions[:, k].tolist() for k, name in enumerate(ELECTRODE_COLUMNS)}


def _mean(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of known positions, (2,), nan without one."""
    known = places[:, np.isfinite(places).all(axis=0)]
    return known.mean(axis=1) if known.size else np.full(2, np.nan)
