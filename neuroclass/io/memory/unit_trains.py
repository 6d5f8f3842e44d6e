"""The recording of one array of spike times per unit.

Input: arrays, ids and columns of units. Output: a ``neo.Block``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass.io.assemble import UnitTable, assemble_recording
from neuroclass.io.layouts.flat_arrays import from_trains

__all__ = ["named", "plain_id", "recording_of_trains"]


def recording_of_trains(
    trains: Sequence[NDArray[np.float64]],
    ids: Sequence[int | str],
    columns: Mapping[str, Sequence[Any]],
    span: tuple[float, float] | None = None,
    kind: str = "arrays",
) -> neo.Block:
    """Return the recording of units with their ids, columns and recorded time."""
    spikes = from_trains(trains, ids)
    stops = np.cumsum(np.bincount(spikes.units, minlength=len(ids)))
    return assemble_recording(
        UnitTable(spikes.times, stops, list(ids), columns, may_sort=True, span=span),
        source="recording",
        annotations={"format": kind},
        name="recording",
        error=ValueError,
    )


def plain_id(name: Any) -> int | str:
    """Return an id as a whole number or text."""
    if isinstance(name, np.generic):
        name = name.item()
    if isinstance(name, bytes):
        return name.decode("utf-8", "replace")
    if isinstance(name, float) and name.is_integer():
        return int(name)
    return name if isinstance(name, int | str) else str(name)


def named(recording: neo.Block) -> neo.Block:
    """Return a recording without the path of a file, which it has not."""
    recording.file_origin = None
    recording.name = recording.segments[0].name = "recording"
    return recording
