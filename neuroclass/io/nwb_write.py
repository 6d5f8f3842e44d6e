"""Recordings written as NWB 2 files.

Input: a ``neo.Block``. Output: the file.
"""

from __future__ import annotations

import datetime
import uuid
import warnings
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import h5py
import neo
import numpy as np
from hdmf.common import ElementIdentifiers, VectorData, VectorIndex
from numpy.typing import NDArray
from pynwb import NWBHDF5IO, H5DataIO, NWBFile
from pynwb.epoch import TimeIntervals
from pynwb.event import EventsTable, TimestampVectorData
from pynwb.file import Subject
from pynwb.misc import Units

from neuroclass._lib.atomic import write_beside
from neuroclass.io.nwb import FILE_FIELDS, TEXT_IDS

__all__ = ["write_recording"]

# Date of recordings without a date: plainly not that of a recording.
_NO_DATE = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_LEAST_ROOM = 1 << 20  # bytes; what a file takes beside its spikes
_NAMESPACE = uuid.UUID("6f1f3c1e-41f5-5d6e-9d5c-2f1f0d6f8a11")
_DESCRIPTIONS = {
    "spike_times": "spike times in seconds",
    "obs_intervals": "intervals in which the unit was recorded, in seconds",
    "start_time": "start of the interval in seconds",
    "stop_time": "end of the interval in seconds",
    "tags": "user-defined tags",
}


def write_recording(block: neo.Block, path: str | PathLike[str]) -> None:
    """Write a recording as an NWB 2 file.

    Spike times go into one compressed array with an index. Scalar annotations of the
    spike trains become unit columns, every Epoch an interval table (``trials`` and
    ``epochs`` at their places), every Event that no Epoch repeats an
    ``EventsTable``. The same recording gives the same bytes.

    Parameters
    ----------
    block : neo.Block
        Recording with one segment, by the conventions of
        :func:`~neuroclass.load_recording`. Annotations of the block named as the
        fields of an NWB file (``identifier``, ``session_description``, ``keywords``,
        ...) are written into these, a mapping ``subject`` into the subject.
    path : str or path
        Path of the file, replaced as a whole once it is complete; missing folders are
        made.

    Raises
    ------
    ValueError
        If the block does not have exactly one segment with spike trains.

    Notes
    -----
    NWB requires whole numbers as unit ids: where an id is text the rows are numbered
    and the ids go into the column ``unit_name``, from which `load_recording` takes
    them back. A block without ``rec_datetime`` is dated
    1970-01-01, for NWB requires a date.
    """
    if len(block.segments) != 1 or not len(block.segments[0].spiketrains):
        raise ValueError(
            "block must have one segment with spike trains; got "
            f"{len(block.segments)} segments. Merge them first."
        )
    with warnings.catch_warnings():
        # A column called "name" does no harm: columns are not read as attributes.
        warnings.filterwarnings("ignore", message="An attribute '")
        file = _new_file(block)
    n_spikes = sum(train.size for train in block.segments[0].spiketrains)
    with write_beside(Path(path), room=_LEAST_ROOM + 8 * n_spikes) as beside:
        with NWBHDF5IO(str(beside), "w") as io:
            io.write(file)
        _fix_object_ids(beside, file.identifier)


def _new_file(block: neo.Block) -> NWBFile:
    fields = {key: block.annotations.get(key) for key in FILE_FIELDS}
    fields = {key: value for key, value in fields.items() if value is not None}
    date = block.rec_datetime or _NO_DATE
    if date.tzinfo is None:
        date = date.replace(tzinfo=datetime.UTC)
    description = "spike trains written by neuroclass"
    fields.setdefault("session_description", block.description or description)
    fields.setdefault("identifier", str(uuid.uuid5(_NAMESPACE, _fingerprint(block))))
    subject = block.annotations.get("subject")
    file = NWBFile(
        session_start_time=date,
        file_create_date=date,
        subject=Subject(**subject) if subject else None,
        **fields,
    )
    segment = block.segments[0]
    file.units = _units_table(segment.spiketrains)
    for epoch in segment.epochs:
        table = _interval_table(epoch)
        if epoch.name in ("trials", "epochs", "invalid_times"):
            setattr(file, epoch.name, table)
        else:
            file.add_time_intervals(table)
    named = {epoch.name for epoch in segment.epochs}
    for event in segment.events:
        if event.name not in named:
            file.add_events_table(_events_table(event))
    return file


def _fingerprint(block: neo.Block) -> str:
    """Return a text that is unique to the recording, for the identifier."""
    counts = [len(spiketrain) for spiketrain in block.segments[0].spiketrains]
    times = [float(train.magnitude.sum()) for train in block.segments[0].spiketrains]
    return f"{block.name} {counts} {times}"


def _units_table(spiketrains: Sequence[neo.SpikeTrain]) -> Units:
    trains = [spiketrain.rescale("s").magnitude for spiketrain in spiketrains]
    columns = _ragged_columns("spike_times", trains)
    observed = [train.annotations.get("obs_intervals") for train in spiketrains]
    if any(intervals is not None for intervals in observed):
        whole = [
            [[float(train.t_start.rescale("s")), float(train.t_stop.rescale("s"))]]
            for train in spiketrains
        ]
        rows = [
            np.reshape(everything if intervals is None else intervals, (-1, 2))
            for intervals, everything in zip(observed, whole, strict=True)
        ]
        columns += _ragged_columns("obs_intervals", rows)
    ids = [
        spiketrain.annotations.get("unit_id", row)
        for row, spiketrain in enumerate(spiketrains)
    ]
    by_name = not all(isinstance(unit_id, int | np.integer) for unit_id in ids)
    if by_name:
        name, description = TEXT_IDS
        names = [str(unit_id) for unit_id in ids]
        columns.append(VectorData(name=name, description=description, data=names))
    written = {"unit_id", "obs_intervals", *(column.name for column in columns)}
    for spiketrain in spiketrains:
        for key, value in spiketrain.annotations.items():
            if key not in written and np.isscalar(value):
                written.add(key)
                columns.append(_column(key, _scalars(key, spiketrains)))
    return Units(
        name="units",
        description="sorted units",
        id=ElementIdentifiers(name="id", data=np.arange(len(ids)) if by_name else ids),
        columns=columns,
        colnames=[c.name for c in columns if not isinstance(c, VectorIndex)],
    )


def _scalars(key: str, spiketrains: Sequence[neo.SpikeTrain]) -> list[Any]:
    """Return one annotation of all units; NaN or "" where a unit has none."""
    values = [train.annotations.get(key) for train in spiketrains]
    given = [value for value in values if value is not None]
    if any(isinstance(value, str) for value in given):
        return ["" if value is None else str(value) for value in values]
    if len(given) < len(values):
        return [np.nan if value is None else float(value) for value in values]
    return values


def _ragged_columns(
    name: str, rows: Sequence[NDArray[np.float64]]
) -> list[VectorData | VectorIndex]:
    flat = np.concatenate(rows)
    target = _column(name, flat)
    stops = np.cumsum([len(row) for row in rows])
    return [target, VectorIndex(name=f"{name}_index", target=target, data=stops)]


def _column(name: str, values: Any) -> VectorData:
    # h5py cannot compress what is empty; small columns are not worth a chunk.
    if isinstance(values, np.ndarray) and values.size > 1000:
        values = H5DataIO(values, compression="gzip", shuffle=True)
    description = _DESCRIPTIONS.get(name, name.replace("_", " "))
    return VectorData(name=name, description=description, data=values)


def _interval_table(epoch: neo.Epoch) -> TimeIntervals:
    starts = epoch.times.rescale("s").magnitude
    columns = [
        _column("start_time", starts),
        _column("stop_time", starts + epoch.durations.rescale("s").magnitude),
    ]
    for key, values in epoch.array_annotations.items():
        if key == "tags":  # ragged by the schema; joined by load_recording
            rows = [str(value).split(";") for value in values]
            flat = _column("tags", [tag for row in rows for tag in row])
            stops = np.cumsum([len(row) for row in rows])
            columns += [flat, VectorIndex(name="tags_index", target=flat, data=stops)]
        else:
            cells = np.asarray(values)
            columns.append(
                _column(
                    key, list(map(str, cells)) if cells.dtype.kind == "U" else cells
                )
            )
    return TimeIntervals(
        name=epoch.name,
        description=epoch.description or f"intervals {epoch.name}",
        id=ElementIdentifiers(name="id", data=np.arange(starts.size)),
        columns=columns,
        colnames=[c.name for c in columns if not isinstance(c, VectorIndex)],
    )


def _events_table(event: neo.Event) -> EventsTable:
    times = event.times.rescale("s").magnitude
    return EventsTable(
        name=event.name,
        description=event.description or "times of events",
        id=ElementIdentifiers(name="id", data=np.arange(times.size)),
        columns=[
            TimestampVectorData(
                name="timestamp", description="time in seconds", data=times
            ),
            _column("label", [str(label) for label in event.labels]),
        ],
        colnames=["timestamp", "label"],
    )


def _fix_object_ids(path: Path, identifier: str) -> None:
    """Give every object the id that its place in the file determines.

    hdmf draws them at random, which would give each copy other bytes.
    """

    def fix(name: str, item: Any) -> None:
        if "object_id" in item.attrs:
            fixed = str(uuid.uuid5(_NAMESPACE, f"{identifier}/{name}"))
            item.attrs.modify("object_id", fixed)

    with h5py.File(path, "r+") as file:
        fix("", file)
        file.visititems(fix)
