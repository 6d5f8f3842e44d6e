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

from neuroclass.io.assemble import UnitTable, assemble_recording, make_epoch
from neuroclass.io.spike_table import SpikeTable
from neuroclass.io.trial_clock import place_presentations

__all__ = ["as_array", "checked_columns", "checked_ids", "presented_recording"]


def as_array(values: Any, name: str) -> NDArray[Any]:
    """Return an array; a tensor is recognized by its method ``detach``."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    message = (
        f"{name} must be one array of equal rows; got a ragged one. Pad or flatten it."
    )
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(message) from error
    if array.dtype == object:
        raise ValueError(message)
    return array


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
            **({"time_resolution": time_resolution} if time_resolution else {}),
        },
        name="recording",
        epochs=[make_epoch("trials", placed.onsets, stops, columns, source)],
        error=ValueError,
    )
