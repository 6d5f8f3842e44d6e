"""Selection of units by the columns of the units table.

Input: a recording and values of its units columns. Output: positions of the units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import neo

from neuroclass.exceptions import RecordingError

__all__ = ["select_units"]


def select_units(
    recording: neo.Block, units: Mapping[str, Sequence[Any]] | None
) -> list[int]:
    """Return the positions of the units with the given values in their columns.

    Parameters
    ----------
    recording : neo.Block
        Recording, as from `load_recording`.
    units : mapping of str to sequence, or None
        Selected values of each column, compared as text, or as numbers where both
        are; a unit has to match in every column. None: all units.

    Raises
    ------
    RecordingError
        If a column does not exist, or no unit matches.
    """
    trains = recording.segments[0].spiketrains
    chosen = list(range(len(trains)))
    for column, values in (units or {}).items():
        if not any(column in train.annotations for train in trains):
            columns = sorted({key for train in trains for key in train.annotations})
            raise RecordingError(
                f"units column {column} must be one of {', '.join(columns)}."
            )
        selected = {_plain(value) for value in values}
        chosen = [
            k for k in chosen if _plain(trains[k].annotations.get(column)) in selected
        ]
    if not chosen:
        raise RecordingError(
            f"units must match at least one unit; {units} match none. "
            "Give other values."
        )
    return chosen


def _plain(value: Any) -> str | float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)
