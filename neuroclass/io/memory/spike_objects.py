"""Recordings from objects of spikeinterface, pynapple and brian2.

Input: an object, which is known by its methods. Output: a ``neo.Block``.
"""

from __future__ import annotations

from typing import Any

import neo
import numpy as np

from neuroclass._lib.checks import warn_user
from neuroclass.io.arguments import as_array, sorting_times
from neuroclass.io.assemble import UnitTable, assemble_recording
from neuroclass.io.memory.neo_objects import from_segments
from neuroclass.io.memory.unit_trains import plain_id, recording_of_trains

__all__ = ["from_group", "from_monitor", "from_sorting"]


def from_sorting(sorting: Any) -> neo.Block:
    """Return the recording of a sorting; its segments are trials.

    Times are those of the sorting, from where its recording starts. A segment lasts as
    long as the recording that the sorting knows, or else to its last spike.
    """
    ids = [plain_id(unit) for unit in sorting.unit_ids]
    columns = {}
    for key in getattr(sorting, "get_property_keys", list)():
        values = np.asarray(sorting.get_property(key))
        if values.ndim == 1 and values.size == len(ids):
            try:
                columns[str(key)] = as_array(values, str(key)).tolist()
            except ValueError:
                continue  # objects that are neither numbers nor text
    n_segments = getattr(sorting, "get_num_segments", lambda: 1)()
    if n_segments == 1:
        trains = [sorting_times(sorting, unit) for unit in sorting.unit_ids]
        span = _recorded_span(sorting, 0)
        return recording_of_trains(trains, ids, columns, span, kind="sorting")
    segments = []
    for number in range(n_segments):
        trains = [sorting_times(sorting, unit, number) for unit in sorting.unit_ids]
        span = _recorded_span(sorting, number) or (
            0.0,
            max((float(train.max()) for train in trains if train.size), default=0.0),
        )
        segment = neo.Segment(name=str(number))
        segment.annotations["t_start"], segment.annotations["t_stop"] = span
        for row, (unit_id, train) in enumerate(zip(ids, trains, strict=True)):
            bounds = (*span, *train)
            spiketrain = neo.SpikeTrain(
                train, units="s", t_start=min(bounds), t_stop=max(bounds)
            )
            spiketrain.annotate(
                unit_id=unit_id, **{key: entry[row] for key, entry in columns.items()}
            )
            segment.spiketrains.append(spiketrain)
        segments.append(segment)
    if _recorded_span(sorting, 0) is None:
        warn_user(
            f"recording: the {n_segments} segments of the sorting are taken to last "
            "until the last spike of each, for the sorting knows no recording. "
            "Register it (register_recording) for their durations."
        )
    return from_segments(
        segments,
        source="recording",
        name="recording",
        annotations={"format": "sorting"},
    )


def _recorded_span(sorting: Any, segment: int) -> tuple[float, float] | None:
    """Return start and end of the recording of a segment, if the sorting knows it."""
    if not getattr(sorting, "has_recording", bool)():
        return None
    if not hasattr(sorting, "get_end_time"):  # before spikeinterface 0.103
        return None
    return (
        float(sorting.get_start_time(segment_index=segment)),
        float(sorting.get_end_time(segment_index=segment)),
    )


def from_monitor(monitor: Any) -> neo.Block:
    """Return the recording of a ``SpikeMonitor``, neurons that never fire too."""
    times = np.asarray(monitor.t, dtype=np.float64)  # seconds: SI units
    neurons = np.asarray(monitor.i, dtype=np.intp)
    try:
        n_units = len(monitor.source)
    except (AttributeError, TypeError):
        n_units = int(neurons.max(initial=-1)) + 1
    order = np.lexsort((times, neurons))
    stops = np.cumsum(np.bincount(neurons, minlength=n_units))
    return assemble_recording(
        UnitTable(times[order], stops, list(range(n_units)), may_sort=True),
        source="SpikeMonitor",
        annotations={"format": "brian2"},
        name=str(getattr(monitor, "name", "recording")),
        error=ValueError,
    )


def from_group(group: Any) -> neo.Block:
    """Return the recording of a ``TsGroup``, its metadata as unit columns."""
    keys = list(group.keys())
    trains = [np.asarray(group[key].index.values, dtype=np.float64) for key in keys]
    support = np.asarray(group.time_support.values, dtype=np.float64)
    # Without a support of its own a group has the spans of its units, from the first to
    # the last spike of each (pynapple 0.11.4): that is no time of observation.
    fired = [train for train in trains if train.size]
    if np.isin(support[:, 0], [train[0] for train in fired]).all() and (
        np.isin(support[:, 1], [train[-1] for train in fired]).all()
    ):
        support = np.empty((0, 2))
    columns = {}
    metadata = getattr(group, "metadata", None)
    if metadata is not None and hasattr(metadata, "columns"):
        for name in metadata.columns:
            if str(name) != "rate":
                values = np.asarray(metadata[name])
                if values.ndim == 1 and values.size == len(keys):
                    columns[str(name)] = as_array(values, str(name)).tolist()
    recording = recording_of_trains(
        trains,
        [plain_id(key) for key in keys],
        columns,
        (float(support.min()), float(support.max())) if support.size else None,
        "pynapple",
    )
    if support.shape[0] > 1:
        for train in recording.segments[0].spiketrains:
            train.annotations["obs_intervals"] = support.copy()
    return recording
