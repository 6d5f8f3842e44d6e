"""Ids and columns of units among named arrays.

Input: arrays with one entry per unit. Output: ids as numbers or text, and columns.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass.exceptions import RecordingError
from neuroclass.io.layouts.array_kinds import as_text
from neuroclass.io.layouts.array_names import ROW_ID_NAMES, UNIT_NAMES
from neuroclass.io.spike_table import SpikeTable
from neuroclass.io.text import column_keys

__all__ = ["as_ids", "with_ids"]

_LARGEST_ID = 2.0**53  # of floats: beyond it not each whole number is one


def as_ids(values: NDArray[Any]) -> list[int | str]:
    """Return unit ids, whole numbers as integers and others as text."""
    if values.ndim != 1 or values.dtype.kind not in "biufUSTO":
        raise RecordingError(
            f"unit ids must be numbers or text along one axis; got shape "
            f"{values.shape} of {values.dtype}. Give one id per unit."
        )
    if values.dtype == object:  # a cell array of text, or text of h5py
        return [str(one) for one in as_text(values)]
    if values.dtype.kind == "S":
        return [value.decode("utf-8", "replace") for value in values.tolist()]
    if values.dtype.kind == "f" and not (np.abs(values) < _LARGEST_ID).all():
        row = int(np.argmin(np.abs(values) < _LARGEST_ID))
        raise RecordingError(
            f"unit ids must be finite numbers below 2^53, or text; got {values[row]}. "
            "Correct it where it is given."
        )
    if values.dtype.kind in "biu" or (
        values.dtype.kind == "f" and (values == np.floor(values)).all()
    ):
        return [int(value) for value in values]
    return [str(value) for value in values]


def with_ids(spikes: SpikeTable, fields: dict[str, Any]) -> SpikeTable:
    """Return spikes with the ids and columns that have one entry per unit."""
    n_units = len(spikes.unit_ids)
    columns: dict[str, list[Any]] = {}
    for name, value in fields.items():
        entries = _entries(value, n_units)
        if entries is not None:
            columns[name] = entries
    for key in column_keys(
        {name: np.array(entries) for name, entries in columns.items()},
        (*UNIT_NAMES, *ROW_ID_NAMES),
    ):
        ids = as_ids(np.array(columns[key]))
        if len(set(ids)) == n_units and "" not in ids:
            del columns[key]
            return replace(spikes, unit_ids=ids, columns=columns)
    return replace(spikes, columns=columns)


def _entries(value: Any, n_units: int) -> list[Any] | None:
    """Return one number or text per unit, if a field holds these."""
    if not isinstance(value, np.ndarray) or value.size != n_units:
        return None
    if value.dtype.kind in "biufU":
        return value.ravel().tolist()
    cells = []
    for cell in value.flat:
        if isinstance(cell, str):
            cells.append(cell)
        elif (
            not isinstance(cell, np.ndarray)
            or cell.dtype.kind not in "biufU"
            or cell.size > 1
        ):
            return None
        else:
            cells.append(cell.item() if cell.size else "")
    is_text = any(isinstance(cell, str) for cell in cells)
    return [str(cell) for cell in cells] if is_text else cells
