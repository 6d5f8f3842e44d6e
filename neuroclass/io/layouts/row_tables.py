"""Tables with a row per spike, or with a row per unit and its times in one cell.

Input: the columns of a table. Output: a `SpikeTable`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.wording import plural, some
from neuroclass.exceptions import RecordingError
from neuroclass.io.layouts.array_kinds import as_text
from neuroclass.io.layouts.flat_arrays import from_trains
from neuroclass.io.layouts.presentation_numbers import (
    PRESENTATION_NAMES,
    STIMULUS_NAMES,
    add_presentations,
)
from neuroclass.io.layouts.unit_ids import as_ids
from neuroclass.io.spike_table import SpikeTable
from neuroclass.io.text import plain_name

__all__ = ["from_list_cells", "from_rows"]

# Within each of these the numbers of units may start again.
_PARTS = re.compile(
    r"(channel|chan|electrode|tetrode|shank|probe|array|population|session|animal"
    r"|mouse|subject|recording|experiment)s?(_?(id|ids|name|number|no|nr|index))?",
    re.IGNORECASE,
)
# What a recording has for each unit anyway.
_RESERVED = ("unit_id", "obs_intervals", "name")
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_LIST = re.compile(
    rf"\s*(?:array\()?[\[({{]?\s*(?:{_NUMBER}(?:[\s,;]+{_NUMBER})*[\s,;]*)?[\])}}]?\)?\s*"
)


def from_rows(
    times: NDArray[Any],
    ids: NDArray[Any],
    columns: dict[str, NDArray[Any]],
    source: str,
) -> SpikeTable:
    """Return the spikes of a table with one row per spike.

    Columns that are the same in all rows of each unit are columns of the units.

    Raises
    ------
    RecordingError
        If a unit lies on several channels: its number may be that of several units.
    """
    present, first, units = np.unique(
        as_text(ids), return_index=True, return_inverse=True
    )
    units = units.ravel()
    spikes = SpikeTable(times.astype(np.float64), units, as_ids(present))
    add_presentations(spikes, columns, source)
    if len(present) == len(times):
        return spikes  # one spike each: every column would be one of the units
    of_units: dict[str, list[Any]] = {}
    for name, values in columns.items():
        plain = plain_name(name)[0]
        if (
            values.shape != times.shape
            or plain in (*PRESENTATION_NAMES, *STIMULUS_NAMES)
            or not name
            or name in _RESERVED
        ):
            continue
        differs = values[first][units] != values
        if values.dtype.kind == "f":
            differs &= ~(np.isnan(values[first][units]) & np.isnan(values))
        if not differs.any():
            of_units[name] = _plain_values(values[first])
        elif _PARTS.fullmatch(plain):
            row = units[np.argmax(differs)]
            parts = [str(one) for one in _plain_values(np.unique(values[units == row]))]
            raise RecordingError(
                f"{source}: a unit must be in one {name}; unit {spikes.unit_ids[row]} "
                f"is in {some(parts, 3)}. Where the numbers of units start again in "
                f"each {name}, join both into one column of units; else remove the "
                f"column {name}."
            )
    return replace(spikes, columns=of_units)


def _plain_values(values: NDArray[Any]) -> list[Any]:
    """Return whole numbers as such, and numbers with empty cells between as numbers."""
    if values.dtype.kind == "U":
        filled = np.where(values == "", "nan", values)
        try:
            values = filled.astype(np.float64)
        except ValueError:
            return list(values.tolist())
    if values.dtype.kind == "f" and (values == np.floor(values)).all():
        return [int(value) for value in values.tolist()]
    return list(values.tolist())


def from_list_cells(
    cells: NDArray[Any],
    ids: NDArray[Any],
    columns: dict[str, NDArray[Any]],
    source: str,
) -> SpikeTable | None:
    """Return the spikes of a table with one row per unit; None of another table.

    Each cell holds all spike times of its unit: ``[0.1, 0.2]``, ``0.1 0.2``.

    Raises
    ------
    RecordingError
        If numpy has left out times where it wrote them, or a unit has several rows.
    """
    if cells.dtype.kind != "U" or not cells.size:
        return None
    texts = cells.tolist()
    shortened = next((row for row, text in enumerate(texts) if "..." in text), None)
    if shortened is not None and texts[shortened].strip().startswith(("[", "(")):
        raise RecordingError(
            f"{source}: the spike times of unit {as_ids(ids[[shortened]])[0]} are "
            "shortened by '...', as numpy prints long arrays. Save them as lists "
            "(tolist()), or a row per spike."
        )
    is_list = [text.strip()[:1] in ("[", "(") for text in texts]
    is_list_of_several = any(len(text.split()) > 1 for text in texts)
    if not (any(is_list) or is_list_of_several):
        return None
    if not all(_LIST.fullmatch(text) for text in texts):
        return None
    unit_ids = as_ids(as_text(ids))
    if len(set(unit_ids)) < len(unit_ids):
        twice = next(one for one in unit_ids if unit_ids.count(one) > 1)
        raise RecordingError(
            f"{source} must have one row per unit where a cell holds all its spike "
            f"times; got {plural(unit_ids.count(twice), 'row', 'rows')} of unit "
            f"{twice}. Give a row per spike, with a column presentation."
        )
    trains = [np.array(re.findall(_NUMBER, text), dtype=np.float64) for text in texts]
    of_units = {
        name: _plain_values(values)
        for name, values in columns.items()
        if values.shape == cells.shape and name and name not in _RESERVED
    }
    return replace(from_trains(trains, unit_ids), columns=of_units)
