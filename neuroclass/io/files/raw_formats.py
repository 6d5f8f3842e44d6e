"""Formats of recording systems, read through ``neo.rawio``.

Input: the path of a file or folder. Output: a ``neo.Block`` with the spikes of all
units and the event channels.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import neo
import neo.rawio
import numpy as np
import quantities as pq
from neo.rawio import openephysrawio
from numpy.typing import NDArray

from neuroclass._lib.checks import warn_user
from neuroclass.exceptions import RecordingError
from neuroclass.io.files.raw_units import RawUnits, raw_units
from neuroclass.io.memory.neo_objects import from_segments
from neuroclass.io.systems.neo_readers import (
    AxonaReader,
    NeuralynxReader,
    Spike2Reader,
)

__all__ = ["RAW_FORMATS", "raw_format_of", "read_raw"]

#: Names of the formats, and the readers of neo.
RAW_FORMATS = {
    "blackrock": neo.rawio.BlackrockRawIO,
    "plexon": neo.rawio.PlexonRawIO,
    "plexon2": neo.rawio.Plexon2RawIO,
    "neuroexplorer": neo.rawio.NeuroExplorerRawIO,
    "neuralynx": NeuralynxReader,
    "spike2": neo.rawio.CedRawIO,
    "spike2-old": Spike2Reader,
    "tdt": neo.rawio.TdtRawIO,
    "axona": AxonaReader,
    "nix": neo.rawio.NIXRawIO,
    "openephys": neo.rawio.OpenEphysRawIO,
}
_MAGIC = {
    b"NEURALEV": "blackrock",
    b"BREVENTS": "blackrock",
    b"PLEX": "plexon",
    b"XELP": "plexon",
    b"NEX1": "neuroexplorer",
    b"########": "neuralynx",  # its Events.nev is no Blackrock file
}
_SUFFIXES = {
    ".nev": "blackrock",
    ".plx": "plexon",
    ".pl2": "plexon2",
    ".nex": "neuroexplorer",
    ".smrx": "spike2",
    ".smr": "spike2-old",
    ".nix": "nix",
    ".set": "axona",
}
_IN_FOLDERS = {
    ".nse": "neuralynx",
    ".ntt": "neuralynx",
    ".ncs": "neuralynx",
    ".tbk": "tdt",
    ".tsq": "tdt",
    ".oebin": "openephys-binary",
    ".spikes": "openephys",
    ".set": "axona",
}
# Open Ephys before its binary format: bytes of the header, and the type of a TTL edge.
_EVENT_HEADER = 1024
_TTL = 3
# Without bounds (s) neo 0.14.6 takes sample numbers of Open Ephys for seconds, and has
# no spike; of Plexon it drops what is later than the last block of the file, which need
# not be the latest, and of Spike2 what is outside of the sampled signals, if there are
# any.
_BOUNDS = {"t_start": 0.0, "t_stop": 1e9}
_BOUNDED_SPIKES = {"openephys", "plexon", "spike2-old"}
_BOUNDED_EVENTS = {"plexon", "spike2-old"}
_OPTIONS = {"plexon": {"progress_bar": False}}
_CURES = {
    "spike2-old": "Sort the spikes into a WaveMark channel, or export the times of "
    "event channels as text.",
}
# Packages beyond neo's own that its readers import, and what to do without.
_NEEDED = {
    "spike2": "sonpy of CED (pip install sonpy; for Windows, elsewhere from Python "
    "3.14 on), or text or .mat from Spike2",
    "nix": "nixio (pip install nixio)",
}
# neo 0.14.6 downloads this library of Plexon when a .pl2 file is opened, and runs it.
_PLEXON_LIBRARIES = ".plexon_dlls_for_neo"


def raw_format_of(path: Path, head: bytes = b"") -> str | None:
    """Return the format of a file by its bytes or suffix, of a folder by its files."""
    if path.is_dir():
        for found in sorted(path.rglob("*")):
            if found.suffix.lower() in _IN_FOLDERS:
                return _IN_FOLDERS[found.suffix.lower()]
        return None
    for magic, name in _MAGIC.items():
        if head.startswith(magic):
            return name
    return _SUFFIXES.get(path.suffix.lower())


def read_raw(path: Path, name: str) -> neo.Block:
    """Return the recording of a file or folder of a recording system.

    Parameters
    ----------
    path : pathlib.Path
        The file or folder.
    name : str
        Its format, one of `RAW_FORMATS`.

    Raises
    ------
    RecordingError
        If neo cannot read it, or it has no sorted units.
    """
    if name == "nix":
        return _read_nix(path)
    if name == "plexon2" and not any((Path.home() / _PLEXON_LIBRARIES).glob("*.dll")):
        raise RecordingError(
            f"{path} is a .pl2 file of Plexon, which only Plexon's own library reads; "
            "neo would download and run it. Save the file as .plx or .nex "
            "(OfflineSorter, PlexUtil), or convert it to NWB 2 (neuroconv); or fetch "
            f"the library once with neo.rawio.Plexon2RawIO, which puts it into "
            f"~/{_PLEXON_LIBRARIES}."
        )
    reader_class = RAW_FORMATS[name]
    place = _place(path, name, is_folder=reader_class.rawmode == "one-dir")
    with _errors_of_neo(path, name):
        reader = reader_class(str(place), **_OPTIONS.get(name, {}))
        reader.parse_header()
        names, numbers = _channel_names(reader, name)
    units = raw_units(names, numbers, name, path.name)
    with _errors_of_neo(path, name):
        segments = list(_segments(reader, units, name))
    if not segments or not segments[0].spiketrains:
        raise RecordingError(
            f"{path} must hold sorted units; neo finds none in this {name} recording. "
            f"{_CURES.get(name, 'Give the file of the sorted spikes.')}"
        )
    if len(segments) > 1:
        warn_user(
            f"{path.name}: the clock of this {name} recording stops or starts again, "
            f"so that it has {len(segments)} segments; inspect lists them, and where "
            "they are placed. If it was recorded in one go, the file is damaged: copy "
            "it again."
        )
    return from_segments(
        segments,
        source=path.name,
        name=path.stem,
        path=str(path),
        annotations={"format": name},
        error=RecordingError,
    )


def _read_nix(path: Path) -> neo.Block:
    """Return the first block of a NIX file, with the columns of its epochs.

    The raw reader of neo (0.14.6) gives labels of epochs, but not their array
    annotations: the stimulus of each presentation would be lost.
    """
    with _errors_of_neo(path, "nix"):
        with neo.NixIO(str(path), mode="ro") as file:
            blocks = file.read_all_blocks()
        segments = blocks[0].segments
    if len(blocks) > 1:
        warn_user(
            f"{path.name}: {len(blocks)} blocks are in this file; the first is read "
            f"({blocks[0].name or 'without a name'}). Save each in a file of its own."
        )
    return from_segments(
        segments,
        source=path.name,
        name=path.stem,
        path=str(path),
        annotations={"format": "nix"},
        error=RecordingError,
    )


def _place(path: Path, name: str, *, is_folder: bool) -> Path:
    """Return what the reader of neo wants: the folder, or one of its files."""
    if name == "axona" and path.is_dir():
        return next(iter(sorted(path.rglob("*.set"))), path)
    if name == "tdt":
        # A folder is a tank, with a folder for each block; a block is one of its files.
        return next(iter(sorted(path.glob("*.tsq"))), path) if path.is_dir() else path
    return path.parent if is_folder and not path.is_dir() else path


@contextmanager
def _errors_of_neo(path: Path, name: str) -> Iterator[None]:
    """Turn whatever a reader of neo raises into one line; keep its warnings quiet."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ImportError as error:
        needed = _NEEDED.get(name, "another package")
        raise ImportError(
            f"{path} is read by neo as {name}, which needs {needed}: {error}"
        ) from error
    except RecordingError:
        raise
    except Exception as error:  # each reader raises its own
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise RecordingError(
            f"{path} cannot be read by neo as {name}: {reason.rstrip('.')}. Copy the "
            "complete recording again, or convert it to NWB 2 (neuroconv)."
        ) from error


def _channel_names(reader: Any, name: str) -> tuple[list[str], list[str]]:
    """Return names and ids of the spike channels."""
    channels = reader.header["spike_channels"]
    names = [str(channel["name"]) for channel in channels]
    if name == "tdt":
        # neo names a unit by channel and sort code only; a tank has several stores.
        stores = [
            reader.internal_unit_ids[unit][0].decode() for unit in range(len(names))
        ]
        if len(set(stores)) > 1:
            names = [f"{a} {b}" for a, b in zip(stores, names, strict=True)]
    return names, [str(channel["id"]) for channel in channels]


def _event_labels(labels: Any, name: str) -> NDArray[np.str_]:
    """Return the labels of events as text."""
    values = np.asarray(labels)
    if name == "tdt" and values.size:
        # TDT stores the value of an event as a float in the field that neo (0.14.6)
        # gives as a whole number: its bits, not its value.
        return values.astype(np.int64).view(np.float64).astype(str)
    return values.astype(str)


def _rising_edges(folder: Path) -> NDArray[np.int64]:
    """Return the sample numbers of rising TTL edges of Open Ephys' older format.

    neo lists falling edges too, under the same labels.
    """
    edges = [
        np.fromfile(path, dtype=openephysrawio.events_dtype, offset=_EVENT_HEADER)
        for path in folder.rglob("*.events")
        if path.name != "messages.events"
    ]
    if not edges:
        return np.empty(0, dtype=np.int64)
    found = np.concatenate(edges)
    is_ttl = found["event_type"] == _TTL
    return np.asarray(found["timestamp"][is_ttl & (found["event_id"] == 1)])


def _segments(reader: Any, units: RawUnits, name: str) -> Iterator[neo.Segment]:
    """Yield the segments of the first block, with spikes and event channels."""
    channels = reader.header["spike_channels"]
    kinds = reader.header["event_channels"]
    n_segments = reader.segment_count(0)
    # Segments of Spike2 lie between pauses on one clock: each keeps its own ends.
    is_bounded = name != "spike2-old" or n_segments == 1
    spike_bounds, event_bounds = (
        _BOUNDS if is_bounded and name in bounded else {}
        for bounded in (_BOUNDED_SPIKES, _BOUNDED_EVENTS)
    )
    for k in range(n_segments):
        t_start = float(reader.segment_t_start(0, k))
        t_stop = float(reader.segment_t_stop(0, k))
        segment = neo.Segment(name=str(k))
        latest = t_stop
        for channel in units.taken:
            stamps = reader.get_spike_timestamps(0, k, channel, **spike_bounds)
            times = reader.rescale_spike_timestamp(stamps, dtype="float64")
            times = np.asarray(times, dtype=np.float64)
            train = neo.SpikeTrain(
                times * pq.s,
                t_start=min([t_start, *times[:1], times.min(initial=t_start)]) * pq.s,
                t_stop=max(t_stop, times.max(initial=t_stop)) * pq.s,
                name=units.ids[channel],
            )
            train.annotations["unit_id"] = units.ids[channel]
            train.annotations["channel_id"] = str(channels[channel]["id"])
            segment.spiketrains.append(train)
            latest = max(latest, times.max(initial=t_stop))
        segment.annotations["t_start"], segment.annotations["t_stop"] = t_start, latest
        for channel in range(len(kinds)):
            stamps, durations, labels = reader.get_event_timestamps(
                0, k, channel, **event_bounds
            )
            if name == "openephys":
                is_rising = np.isin(stamps, _rising_edges(Path(reader.dirname)))
                stamps, labels = stamps[is_rising], np.asarray(labels)[is_rising]
            if not len(stamps):
                continue
            times = reader.rescale_event_timestamp(
                stamps, dtype="float64", event_channel_index=channel
            )
            event = str(kinds[channel]["name"] or kinds[channel]["id"])
            text = _event_labels(labels, name)
            if kinds[channel]["type"] == b"epoch" and durations is not None:
                lengths = reader.rescale_epoch_duration(
                    durations, dtype="float64", event_channel_index=channel
                )
                segment.epochs.append(
                    neo.Epoch(
                        np.asarray(times) * pq.s,
                        np.asarray(lengths) * pq.s,
                        labels=text,
                        name=event,
                    )
                )
            segment.events.append(
                neo.Event(np.asarray(times) * pq.s, labels=text, name=event)
            )
        yield segment
