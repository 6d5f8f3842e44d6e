"""Units tables that neo's NWBIO wrote: a row for each spike train of each segment.

Input: units as they lie in such a table, events of the file. Output: the segments that
were written, the trials of the neurons, whose rows the table holds apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import neo
import numpy as np

from neuroclass.io.assemble import UnitTable

__all__ = ["is_of_segments", "segments_of"]

_NAME, _SEGMENT, _BLOCK = "_name", "segment", "block"


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
    for row, (name, times) in enumerate(
        zip(units.columns[_SEGMENT], rows, strict=True)
    ):
        seen = units.obs_intervals[row] if units.obs_intervals is not None else times
        if np.size(seen):
            train = neo.SpikeTrain(
                times,
                units="s",
                t_start=float(np.min(seen)),
                t_stop=float(np.max(seen)),
                name=units.columns[_NAME][row],
            )
            segments[name].spiketrains.append(train)
    for event in events:
        for name, segment in segments.items():
            of_segment = rf"{re.escape(str(name))}\s+(.+)\s+\d+"
            if own := re.fullmatch(of_segment, event.name or ""):
                segment.events.append(
                    neo.Event(event.times, labels=event.labels, name=own.group(1))
                )
    return list(segments.values())
