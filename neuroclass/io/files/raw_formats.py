"""Formats of recording systems, read through ``neo.rawio``.

Input: the path of a file or folder. Output: a ``neo.Block`` with the spikes of all
units and the event channels.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import neo
import neo.rawio
import numpy as np
import quantities as pq

from neuroclass.exceptions import RecordingError
from neuroclass.io.memory.neo_objects import from_segments

__all__ = ["RAW_FORMATS", "raw_format_of", "read_raw"]

#: Names of the formats, and the readers of neo.
RAW_FORMATS = {
    "blackrock": neo.rawio.BlackrockRawIO,
    "plexon": neo.rawio.PlexonRawIO,
    "plexon2": neo.rawio.Plexon2RawIO,
    "neuroexplorer": neo.rawio.NeuroExplorerRawIO,
    "neuralynx": neo.rawio.NeuralynxRawIO,
    "spike2": neo.rawio.CedRawIO,
    "spike2-old": neo.rawio.Spike2RawIO,
    "tdt": neo.rawio.TdtRawIO,
    "axona": neo.rawio.AxonaRawIO,
    "nix": neo.rawio.NIXRawIO,
    "mearec": neo.rawio.MEArecRawIO,
    "openephys": neo.rawio.OpenEphysRawIO,
    "openephys-binary": neo.rawio.OpenEphysBinaryRawIO,
}
_MAGIC = {
    b"NEURALEV": "blackrock",
    b"BREVENTS": "blackrock",
    b"PLEX": "plexon",
    b"XELP": "plexon",
    b"NEX1": "neuroexplorer",
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
    reader_class = RAW_FORMATS[name]
    place = path
    if name == "axona" and path.is_dir():
        place = next(iter(sorted(path.rglob("*.set"))), path)
    is_folder = reader_class.rawmode == "one-dir"
    if is_folder and not path.is_dir():
        place = path.parent
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader = reader_class(str(place))
            reader.parse_header()
            segments = list(_segments(reader))
    except Exception as error:  # each reader raises its own
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise RecordingError(
            f"{path} cannot be read by neo as {name}: {reason.rstrip('.')}. Copy the "
            "complete recording again, or convert it to NWB 2 (neuroconv)."
        ) from error
    if not segments or not segments[0].spiketrains:
        raise RecordingError(
            f"{path} must hold sorted units; neo finds none in this {name} recording. "
            "Give the file of the sorted spikes."
        )
    return from_segments(
        segments,
        source=path.name,
        name=path.stem,
        path=str(path),
        annotations={"format": name},
        error=RecordingError,
    )


def _segments(reader: Any) -> Any:
    """Yield the segments of the first block, with spikes and event channels."""
    channels = reader.header["spike_channels"]
    kinds = reader.header["event_channels"]
    for k in range(reader.segment_count(0)):
        t_start = float(reader.segment_t_start(0, k))
        t_stop = float(reader.segment_t_stop(0, k))
        segment = neo.Segment(name=str(k))
        segment.annotations["t_start"], segment.annotations["t_stop"] = t_start, t_stop
        for channel in range(len(channels)):
            stamps = reader.get_spike_timestamps(0, k, channel)
            times = reader.rescale_spike_timestamp(stamps, dtype="float64")
            times = np.asarray(times, dtype=np.float64)
            train = neo.SpikeTrain(
                times * pq.s,
                t_start=min([t_start, *times[:1], times.min(initial=t_start)]) * pq.s,
                t_stop=max(t_stop, times.max(initial=t_stop)) * pq.s,
                name=str(channels[channel]["name"]),
            )
            train.annotations["channel_id"] = str(channels[channel]["id"])
            segment.spiketrains.append(train)
        for channel in range(len(kinds)):
            stamps, durations, labels = reader.get_event_timestamps(0, k, channel)
            if not len(stamps):
                continue
            times = reader.rescale_event_timestamp(
                stamps, dtype="float64", event_channel_index=channel
            )
            name = str(kinds[channel]["name"] or kinds[channel]["id"])
            text = np.asarray(labels).astype(str)
            if kinds[channel]["type"] == b"epoch" and durations is not None:
                lengths = reader.rescale_epoch_duration(
                    durations, dtype="float64", event_channel_index=channel
                )
                segment.epochs.append(
                    neo.Epoch(
                        np.asarray(times) * pq.s,
                        np.asarray(lengths) * pq.s,
                        labels=text,
                        name=name,
                    )
                )
            segment.events.append(
                neo.Event(np.asarray(times) * pq.s, labels=text, name=name)
            )
        yield segment
