"""Blocks of neo as its NWBIO and NeoMatlabIO write them.

Input: a Units table with a row for each spike train of each segment, and the events of
the file; or the struct ``block`` of a .mat file. Output: the segments that were
written, which are the trials of the neurons.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass.exceptions import RecordingError
from neuroclass.io.assemble import UnitTable

__all__ = ["is_of_segments", "segments_of", "segments_of_struct"]

_NAME, _SEGMENT, _BLOCK = "_name", "segment", "block"
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}


def is_of_segments(columns: Mapping[str, Sequence[Any]]) -> bool:
    """Whether columns are those of several segments of one block of neo."""
    return (
        {_NAME, _SEGMENT, _BLOCK} <= set(columns)
        and len(set(columns[_BLOCK])) == 1
        and len(set(columns[_SEGMENT])) > 1
    )


def segments_of(units: UnitTable, events: Sequence[neo.Event]) -> list[neo.Segment]:
    """Return the segments, in the order of the table.

    Parameters
    ----------
    units : UnitTable
        All rows, spike times in memory. A row without observed time spans its
        spikes.
    events : sequence of neo.Event
        Of the file; neo writes the name of the segment before that of the event and a
        number after it. Others belong to no segment and are left out.
    """
    segments = {
        name: neo.Segment(name=str(name))
        for name in dict.fromkeys(units.columns[_SEGMENT])
    }
    rows = np.split(np.asarray(units.spike_times), units.stops[:-1])
    others = sorted(set(units.columns) - {_NAME, _SEGMENT, _BLOCK})
    for row, (name, times) in enumerate(
        zip(units.columns[_SEGMENT], rows, strict=True)
    ):
        seen = times
        if units.obs_intervals is not None:  # spikes outside are refused by neo
            seen = np.append(times, units.obs_intervals[row])
        if seen.size:
            train = neo.SpikeTrain(
                times,
                units="s",
                t_start=float(np.min(seen)),
                t_stop=float(np.max(seen)),
                name=units.columns[_NAME][row],
            )
            train.annotate(**{key: units.columns[key][row] for key in others})
            segments[name].spiketrains.append(train)
    for event in events:
        for name, segment in segments.items():
            of_segment = rf"{re.escape(str(name))}\s+(.+)\s+\d+"
            if own := re.fullmatch(of_segment, event.name or ""):
                segment.events.append(
                    neo.Event(event.times, labels=event.labels, name=own.group(1))
                )
    return list(segments.values())


def segments_of_struct(block: Any, source: str) -> list[neo.Segment] | None:
    """Return the segments of the struct of a block; None if it is no block of neo.

    Spike trains, and the times of events. NeoMatlabIO of neo is not asked: it takes
    names of classes and units from the file.

    Raises
    ------
    RecordingError
        If times have another unit than s, ms or us.
    """
    if not isinstance(block, dict) or not {"neo_id", "segments"} <= set(block):
        return None
    segments = []
    for stored in _structs(block["segments"]):
        segment = neo.Segment(name=_text(stored.get("name")))
        for train in _structs(stored.get("spiketrains")):
            times = _seconds(train, "times", source)
            t_start, t_stop = (
                _seconds(train, key, source) for key in ("t_start", "t_stop")
            )
            segment.spiketrains.append(
                neo.SpikeTrain(
                    times,
                    units="s",
                    t_start=t_start[0],
                    t_stop=t_stop[0],
                    name=_text(train.get("name")),
                )
            )
        for event in _structs(stored.get("events")):
            times = _seconds(event, "times", source)
            segment.events.append(
                neo.Event(
                    times,
                    labels=np.full(len(times), "", dtype=str),
                    units="s",
                    name=_text(event.get("name")),
                )
            )
        segments.append(segment)
    return segments


def _structs(value: Any) -> list[dict[str, Any]]:
    """Return one struct, or the structs of an array."""
    found = [value] if isinstance(value, dict) else np.ravel(value)
    return [one for one in found if isinstance(one, dict)]


def _text(value: Any) -> str | None:
    return str(np.ravel(value)[0]) if value is not None and np.size(value) else None


def _seconds(struct: Mapping[str, Any], key: str, source: str) -> NDArray[np.float64]:
    unit = _text(struct.get(f"{key}_units"))
    if unit not in _SECONDS:
        raise RecordingError(
            f"{source}: {key} must be in s, ms or us; got {unit!r}. Rescale the block "
            "before it is written."
        )
    return np.ravel(struct[key]).astype(np.float64) * _SECONDS[unit]
