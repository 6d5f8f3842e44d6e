"""Recordings from NWB 2 files, read with pynwb.

Input: the path of a file. Output: a ``neo.Block``.

``neo.io.NWBIO`` is not used: it refuses files without ``obs_intervals``, loses trials,
unit ids and unit columns, and fails on many stimulus types.
"""

from __future__ import annotations

import importlib
import re
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import neo
import numpy as np
from hdmf.common import DynamicTable, EnumData, VectorIndex
from hdmf.container import AbstractContainer
from numpy.typing import NDArray
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.base import TimeSeriesReferenceVectorData
from pynwb.behavior import BehavioralEvents
from pynwb.misc import AnnotationSeries, Units

from neuroclass._lib.checks import warn_user
from neuroclass.exceptions import RecordingError
from neuroclass.io.assemble import (
    UnitTable,
    assemble_recording,
    column_values,
    make_epoch,
    make_event,
    unique_unit_ids,
    warn_if_whole_numbers,
)
from neuroclass.io.files.electrode_positions import electrode_columns
from neuroclass.io.files.neo_units import is_of_segments, segments_of
from neuroclass.io.files.stored_columns import (
    check_numbers,
    read_indices,
    read_numbers,
    reading,
    stored_ids,
)
from neuroclass.io.lazy_spiketrains import StoredSpikeTimes
from neuroclass.io.memory.neo_objects import from_segments

__all__ = ["FILE_FIELDS", "SUBJECT_FIELDS", "TEXT_IDS", "open_nwb", "read_nwb"]

#: Name and description of the units column that holds the ids where they are text,
#: as we write it. Another program's column of this name has another description.
TEXT_IDS = ("unit_name", "unit ids that are text, written by neuroclass")

#: Text fields of an NWB file that travel in the annotations of the block.
FILE_FIELDS = (
    "identifier",
    "session_description",
    "experiment_description",
    "session_id",
    "institution",
    "lab",
    "experimenter",
    "keywords",
    "related_publications",
    "stimulus_notes",
    "notes",
    "data_collection",
)
SUBJECT_FIELDS = ("subject_id", "description", "species", "sex", "age", "genotype")
# Data types of the extension ndx-events and of NWB 2.10 that hold times of events.
_EVENT_TYPES = {"Events", "LabeledEvents", "TTLs"}
_READ_TOGETHER = 1 << 20  # stored values that are converted at a time
_VERY_MANY = 1 << 25  # spike times, a quarter of a gigabyte
_WHOLE_NUMBERS = 1 << 20  # stored spike times whose unit of time is checked
_TRIGGER_NAME = re.compile(r"ttl|trigger|stim.*(onset|time)", re.IGNORECASE)


def open_nwb(
    path: Path, mode: str = "r", *, source: Path | None = None
) -> tuple[NWBHDF5IO, NWBFile]:
    """Return pynwb's handle of an NWB file, to be closed, and the content.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file.
    mode : {"r", "r+"}, default "r"
        Whether the file is only read, or changed.
    source : pathlib.Path, optional
        File that the messages name, where `path` is a copy of it.

    Raises
    ------
    RecordingError
        If pynwb cannot read the file, or another program has it open.
    """
    io, source = None, source or path
    opener: Any = _zarr_opener(source) if path.is_dir() else NWBHDF5IO
    try:
        with warnings.catch_warnings():
            # pynwb warns of the cached version of the schema, which is not used here.
            warnings.simplefilter("ignore")
            io = opener(str(path), mode)
            return io, io.read()
    except BlockingIOError as error:
        raise RecordingError(
            f"{source} is held open by another program. Close it there, then try again."
        ) from error
    except Exception as error:  # pynwb raises what its parts raise: any type.
        if io is not None:
            io.close()
        raise RecordingError(
            f"{source} cannot be read by pynwb: {_reason(error)}. Check it with "
            "`pynwb-validate`, or export it again."
        ) from error


def _reason(error: BaseException) -> str:
    """Return the place that hdmf names, and what was wrong there, in one line."""
    place = re.match(r"\((root[^ ,]*)", str(error))
    inner = error
    while place and inner.__cause__ is not None:
        inner = inner.__cause__
    text = " ".join(str(inner).split())[:200].rstrip(".") or type(inner).__name__
    return f"{place[1]}: {text}" if place else text


def _zarr_opener(source: Path) -> Any:
    try:
        return importlib.import_module("hdmf_zarr").NWBZarrIO
    except ImportError as error:
        raise ImportError(
            f"{source} is a Zarr folder, which needs hdmf-zarr. Install it: pip "
            "install 'neuroclass[zarr]'."
        ) from error


def read_nwb(
    path: Path,
    scale: float = 1.0,
    *,
    lazy: bool | Literal["auto"] = False,
    block_size: int = 1 << 22,
) -> neo.Block:
    """Read units, interval tables and event times of an NWB 2 file.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file, which is only read.
    scale : float, default 1.0
        Seconds per unit of the stored spike times; 1 but for files that break the
        rule of NWB that times are seconds.
    lazy : bool or "auto", default False
        Whether to leave the spike times in the file; "auto": if they are very many.
    block_size : int, default 4194304
        Largest number of spike times that are checked together if `lazy`.

    Returns
    -------
    neo.Block
        Unit columns that hold one number, truth value or text per unit are
        annotations of the spike trains (a reference to another object by its name);
        ragged ones, such as waveforms, are left out. Text ids, as written by
        `write_recording`, are read. Interval tables become Epochs. Where neo's NWBIO
        wrote several segments, a row for each train of each, rows of one name are one
        unit, and the segments its trials.

    Raises
    ------
    RecordingError
        If there are no units or no spike times, or they cannot be used.
    """
    io, file = open_nwb(path)
    with closing(io), reading(path):
        recording = _recording_of(file, path, scale, lazy=lazy, block_size=block_size)
        version = getattr(io, "nwb_version", ("2 (Zarr)",))[0]
        recording.annotations["format"] = f"NWB {version}"
        return recording


def _recording_of(
    file: NWBFile,
    path: Path,
    scale: float,
    *,
    lazy: bool | Literal["auto"],
    block_size: int,
) -> neo.Block:
    """Return the recording of an open file; if lazy, its spikes stay there."""
    source = path.name
    units = _units_table(file, source)
    if units is None or len(units.id) == 0:
        raise RecordingError(
            f"{source} must have a Units table with at least one unit; it has "
            f"{'none' if units is None else 'an empty one'}. Add the sorted units."
        )
    if "spike_times" not in units.colnames:
        raise RecordingError(
            f"{source} must have the column spike_times in its Units table; it has "
            f"{', '.join(units.colnames) or 'no column'}. Add the spike times."
        )
    stored, stops = _ragged(units, "spike_times", source)
    spike_times: NDArray[np.float64] | StoredSpikeTimes
    columns = dict(_scalar_columns(units, source))
    columns |= electrode_columns(units)
    is_by_segment = is_of_segments(columns)
    is_lazy = len(stored) > _VERY_MANY if lazy == "auto" else lazy
    check_numbers(stored, "spike_times", source, fits=not is_lazy)
    if is_lazy and not path.is_dir() and not is_by_segment:
        spike_times = StoredSpikeTimes(
            str(path.resolve()), stored.name, scale, block_size
        )
        beginning = spike_times.read(0, _WHOLE_NUMBERS)
    else:
        beginning = spike_times = _read_times(stored, scale)
    if scale == 1.0:
        warn_if_whole_numbers(beginning, source)
    obs_intervals = None
    if "obs_intervals" in units.colnames:
        obs_intervals = _read_observed(units, scale, source)
    ids: list[int | str] = stored_ids(units.id.data, stored, source).tolist()
    if _has_text_ids(units):
        ids = columns.pop(TEXT_IDS[0])
    table = UnitTable(
        spike_times,
        stops,
        unique_unit_ids(ids, source),
        columns,
        obs_intervals,
        may_sort=True,
    )
    events = list(_read_events(file, source))
    about: dict[str, Any] = {
        "source": source,
        "annotations": _file_annotations(file),
        "name": path.stem,
        "path": str(path),
    }
    if is_by_segment:
        segments = segments_of(table, events)
        recording = from_segments(segments, error=RecordingError, **about)
    else:
        recording = assemble_recording(
            table,
            epochs=[_read_intervals(rows, source) for rows in _interval_tables(file)],
            events=events,
            **about,
        )
    recording.rec_datetime = file.session_start_time
    return recording


def _units_table(file: NWBFile, source: str) -> DynamicTable | None:
    """Return the Units table, which may lie in a processing module."""
    if file.units is not None:
        return file.units
    found = {
        f"processing/{module.name}/{table.name}": table
        for module in (file.processing or {}).values()
        for table in module.data_interfaces.values()
        if isinstance(table, Units)
    }
    if len(found) > 1:
        raise RecordingError(
            f"{source} must have one Units table; it has {', '.join(found)}. Copy the "
            "right one to the top of the file."
        )
    return next(iter(found.values()), None)


def _read_observed(
    units: DynamicTable, scale: float, source: str
) -> list[NDArray[np.float64]]:
    """Return the intervals in which each unit was recorded, in seconds."""
    stored, stops = _ragged(units, "obs_intervals", source, n_axes=2)
    values = read_numbers(stored, "obs_intervals", source, n_axes=2) * scale
    if values.shape[1] != 2:
        raise RecordingError(
            f"{source}: obs_intervals must be starts and stops, of shape (intervals, "
            f"2); got {values.shape}. Export the file again."
        )
    return np.split(values, stops[:-1])


def _read_times(stored: Any, scale: float) -> NDArray[np.float64]:
    """Return stored times in seconds, in little more memory than they take."""
    times = np.empty(len(stored), dtype=np.float64)
    for start in range(0, times.size, _READ_TOGETHER):
        part = slice(start, start + _READ_TOGETHER)
        times[part] = stored[part]
        if scale != 1.0:
            times[part] *= scale
    return times


def _ragged(
    table: DynamicTable, name: str, source: str, n_axes: int = 1
) -> tuple[Any, NDArray[np.intp]]:
    """Return the dataset of a ragged column and the index past each row's end."""
    column = table[name]
    n_rows = len(table.id)
    if not isinstance(column, VectorIndex):
        if n_rows != 1:
            raise RecordingError(
                f"{source}: {name} must have an index with the end of each of the "
                f"{n_rows} units; it has none. Write the file again with pynwb."
            )
        check_numbers(column.data, name, source, n_axes=n_axes, fits=False)
        return column.data, np.array([len(column.data)], dtype=np.intp)
    values = column.target.data
    check_numbers(values, name, source, n_axes=n_axes, fits=False)
    stops = read_indices(column.data, f"{name}_index", source)  # as small as uint8
    if stops.size != n_rows:
        raise RecordingError(
            f"{source}: {name}_index must have one entry for each of the {n_rows} "
            f"units; it has {stops.size}. The file was written wrongly; export it "
            "again."
        )
    wrong = (stops > len(values)) | (np.diff(stops, prepend=0) < 0)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise RecordingError(
            f"{source}: {name}_index must ascend and stay within the {len(values)} "
            f"values of {name}; got {stops[row]} in row {row} (unit "
            f"{table.id[row]}). The file was cut or written wrongly; export it again."
        )
    if stops[-1] != len(values):
        raise RecordingError(
            f"{source}: {name}_index must end at {len(values)}, the number of values "
            f"of {name}; got {stops[-1]}. Values were added without the index; export "
            "the file again."
        )
    return values, stops


def _has_text_ids(units: DynamicTable) -> bool:
    name, description = TEXT_IDS
    return name in units.colnames and units[name].description == description


def _n_axes(stored: Any) -> int:
    """Return the number of axes of a column, 0 of what is no array."""
    shape = getattr(stored, "shape", None)
    return np.ndim(stored) if isinstance(stored, list) else len(shape or ())


def _scalar_columns(
    table: DynamicTable, source: str
) -> Iterator[tuple[str, list[Any]]]:
    """Yield the columns with one number, truth value or text per row."""
    for name in table.colnames:
        column = table[name]
        if isinstance(column, VectorIndex) or _n_axes(column.data) != 1:
            continue
        if len(column.data) != len(table.id):
            warn_user(
                f"{source}: column {name!r} of table {table.name!r} must have one "
                f"entry for each of its {len(table.id)} rows; it has "
                f"{len(column.data)}, and is left out. Export the file again."
            )
            continue
        cells = _cells(column)
        scalars = [
            cell.item() if isinstance(cell, np.generic) else cell for cell in cells
        ]
        if all(isinstance(cell, bool | int | float | str) for cell in scalars):
            yield name, scalars


def _cells(column: Any) -> list[Any]:
    """Return the values of a column that is not ragged, references by their name."""
    if isinstance(column, EnumData):
        names = np.asarray(column.elements.data[:]).astype(str)
        return list(names[np.asarray(column.data[:], dtype=np.intp)])
    return [
        cell.decode("utf-8", "replace")
        if isinstance(cell, bytes)
        else str(cell.name)
        if isinstance(cell, AbstractContainer)
        else cell
        for cell in column.data[:]
    ]


def _interval_tables(file: NWBFile) -> list[DynamicTable]:
    own = [file.trials, file.epochs, file.invalid_times]
    others = sorted((file.intervals or {}).values(), key=lambda table: str(table.name))
    tables = [table for table in own if table is not None]
    named = {table.name for table in tables}
    return tables + [table for table in others if table.name not in named]


def _read_intervals(table: DynamicTable, source: str) -> neo.Epoch:
    columns = {}
    for name in table.colnames:
        column = table[name]
        if name in ("start_time", "stop_time"):
            continue
        if isinstance(column, VectorIndex):
            if not isinstance(column.target, TimeSeriesReferenceVectorData):
                columns[name] = column_values(_joined_rows(column))
        elif not isinstance(column, TimeSeriesReferenceVectorData):
            if _n_axes(column.data) < 1 or len(column.data) != len(table.id):
                raise RecordingError(
                    f"{source}: column {name!r} of table {table.name!r} must have one "
                    f"entry for each of its {len(table.id)} rows; got "
                    f"{np.shape(column.data)}. Export the file again."
                )
            columns[name] = column_values(_cells(column))
    return make_epoch(
        str(table.name),
        _times_of(table, "start_time", source),
        _times_of(table, "stop_time", source),
        columns,
        source,
    )


def _times_of(table: DynamicTable, name: str, source: str) -> NDArray[np.float64]:
    """Return the starts or stops of an interval table, one per row."""
    place = f"{name} of table {table.name!r}"
    if name not in table.colnames:
        raise RecordingError(
            f"{source}: {place} must be there; it has "
            f"{', '.join(table.colnames) or 'no column'}. Export the file again."
        )
    times = read_numbers(table[name].data, place, source)
    if times.size != len(table.id):
        raise RecordingError(
            f"{source}: {place} must have one entry for each of its {len(table.id)} "
            f"rows; got {times.size}. Export the file again."
        )
    return times


def _joined_rows(column: VectorIndex) -> list[str]:
    """Return each row of a ragged column as one text, parts joined with ";"."""
    if isinstance(column.target, VectorIndex):  # ragged twice
        return [str(column[row]) for row in range(len(column.data))]
    cells = _cells(column.target)
    stops = [int(stop) for stop in column.data[:]]
    return [
        ";".join(str(cell) for cell in cells[start:stop])
        for start, stop in zip([0, *stops[:-1]], stops, strict=True)
    ]


def _read_events(file: NWBFile, source: str) -> Iterator[neo.Event]:
    """Yield the series that hold times of events: annotations, TTLs, event tables."""
    containers = list((file.acquisition or {}).values())
    containers += list((file.stimulus or {}).values())
    presented = len(containers) - len(file.stimulus or {})
    for module in (file.processing or {}).values():
        containers += list(module.data_interfaces.values())
    stimuli = {id(one) for one in containers[presented:][: len(file.stimulus or {})]}
    for container in containers:
        if isinstance(container, BehavioralEvents):
            for series in container.time_series.values():
                if series.timestamps is not None:
                    yield _event(series)
        elif _holds_event_times(container, is_stimulus=id(container) in stimuli):
            yield _event(container)
    # Tables of events came with NWB 2.10; an older pynwb has no such attribute.
    for table in (getattr(file, "events", None) or {}).values():
        if "timestamp" in getattr(table, "colnames", ()):
            event = make_event(table.name, table["timestamp"].data[:])
            order = np.argsort(table["timestamp"].data[:], kind="stable")
            for name, values in _scalar_columns(table, source):
                if name != "timestamp":
                    column = column_values(values)
                    event.array_annotations[name] = column[order]
            yield event


def _event(series: Any) -> neo.Event:
    """Return the events of a series, labelled with its values if they differ."""
    times = series.timestamps[:]
    values = series.data
    if values is None or np.ndim(values) != 1 or len(values) != len(times):
        return make_event(series.name, times)
    return make_event(series.name, times, _event_labels(values[:]))


def _event_labels(values: Any) -> NDArray[Any] | None:
    """Return values of events as text where they are labels, else None."""
    labels = column_values(values)
    if labels.dtype.kind == "f":
        whole = labels == np.floor(labels)
        labels = labels.astype(np.int64) if whole.all() else labels
    is_label = labels.dtype.kind in "biuU" and len(np.unique(labels)) < max(
        2, labels.size
    )
    return labels.astype(str) if is_label else None


def _holds_event_times(container: AbstractContainer, *, is_stimulus: bool) -> bool:
    if getattr(container, "timestamps", None) is None:
        return False
    if isinstance(container, AnnotationSeries):
        return True
    if container.neurodata_type in _EVENT_TYPES:
        return True
    if not isinstance(container, TimeSeries):
        return False
    data = container.data
    # Ids of images are whole numbers along one axis, each at its own time.
    are_ids = (
        is_stimulus
        and np.ndim(data) == 1
        and getattr(getattr(data, "dtype", None), "kind", "") in "iu"
        and len(data) == len(container.timestamps)
    )
    return are_ids or _TRIGGER_NAME.search(container.name) is not None


def _file_annotations(file: NWBFile) -> dict[str, Any]:
    annotations: dict[str, Any] = {"format": "NWB"}
    for field in FILE_FIELDS:
        value = getattr(file, field, None)
        if value is not None:
            annotations[field] = (
                value if isinstance(value, str) else [str(part) for part in value]
            )
    if file.subject is not None:
        found = {field: getattr(file.subject, field, None) for field in SUBJECT_FIELDS}
        annotations["subject"] = {
            field: str(value) for field, value in found.items() if value is not None
        }
    return annotations
