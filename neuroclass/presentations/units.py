"""Which units of a recording to look at, by the columns of its units table."""

from collections.abc import Mapping, Sequence
from typing import Any

import neo

from neuroclass.exceptions import RecordingError

__all__ = ["select_units"]


def select_units(
    recording: neo.Block, units: Mapping[str, Sequence[Any]] | None
) -> list[int]:
    """Return the positions of the units whose columns have the given values.

    Parameters
    ----------
    recording : neo.Block
        As from `load_recording`.
    units : mapping of str to sequence, or None
        For each column the values that count, compared as text, or as numbers where
        both are; a unit has to match in every column. None: all units.

    Raises
    ------
    RecordingError
        If a column is not there, or no unit matches.
    """
    trains = recording.segments[0].spiketrains
    chosen = list(range(len(trains)))
    for column, values in (units or {}).items():
        if not any(column in train.annotations for train in trains):
            columns = sorted({key for train in trains for key in train.annotations})
            raise RecordingError(
                f"units column {column} must be one of {', '.join(columns)}."
            )
        wanted = {_plain(value) for value in values}
        chosen = [
            k for k in chosen if _plain(trains[k].annotations.get(column)) in wanted
        ]
    if not chosen:
        raise RecordingError(f"units must match at least one unit; {units} match none.")
    return chosen


def _plain(value: Any) -> str | float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)
