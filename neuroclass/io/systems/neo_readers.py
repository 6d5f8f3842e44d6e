"""Readers of ``neo.rawio`` for valid recordings of which neo leaves out a part.

Input: the path of a file or folder, as neo takes it. Output: a reader as neo's own,
with all tetrodes of Axona, all parts of a recording of Neuralynx that was stopped and
started again, and the rising edges of Spike2. What is mended was seen with neo 0.14.6;
each case has a script in ``findings/``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import neo.rawio
import numpy as np
from neo.rawio.neuralynxrawio.nlxheader import NlxHeader
from numpy.typing import NDArray

from neuroclass.exceptions import RecordingError

__all__ = ["AxonaReader", "NeuralynxReader", "Spike2Reader"]

_MOST_TETRODES = 32
# Neuralynx numbers the files of each further start: Events.nev, Events_0001.nev.
_PART = re.compile(r"_\d{4}$")
_PARTS_OF = {".nev", ".nse", ".ntt"}
# Spike2 (.smr): bytes of the file header, and of each channel's after it.
_SON_HEADER = 512
_SON_CHANNEL = np.dtype(
    {
        "names": ["blocks", "high", "title", "kind", "starts_low"],
        "formats": ["<u2", "<u2", "S10", "u1", "u1"],
        "offsets": [14, 20, 108, 122, 124],
        "itemsize": 140,
    }
)
_MOST_BLOCKS = 2**15 - 1  # neo takes the number for a signed one
_LARGE_FILE = 9  # version of the format whose `high` is the upper half of the number
_LEVEL, _MARKER = 4, 5
_FOREVER = 1e9  # s


class AxonaReader(neo.rawio.AxonaRawIO):
    """Reader of all tetrodes of a recording of Axona, named by their files.

    neo stops at the first number without a file, as a tetrode leaves that was off.
    """

    def __init__(self, filename: str) -> None:
        super().__init__(filename)
        files = [
            self.filename.with_suffix(f".{n}") for n in range(1, _MOST_TETRODES + 1)
        ]
        self.tetrode_files = [file for file in files if file.is_file()]

    def _parse_header(self) -> None:
        super()._parse_header()
        for unit, file in zip(
            self.header["spike_channels"], self.tetrode_files, strict=True
        ):
            unit["name"], unit["id"] = f"tetrode {file.suffix[1:]}", file.suffix[1:]


class NeuralynxReader(neo.rawio.NeuralynxRawIO):
    """Reader of the events and spikes of all parts of a recording of Neuralynx.

    neo keeps files by their channel, so that the last part replaces those before, and
    lists its units once for each part.
    """

    def __init__(self, dirname: str) -> None:
        later = [file.name for file in Path(dirname).iterdir() if _is_later(file)]
        super().__init__(dirname, exclude_filenames=later)

    @staticmethod
    def _get_file_map(filename: str | Path) -> NDArray[Any]:
        first = Path(filename)
        read = neo.rawio.NeuralynxRawIO._get_file_map
        if first.suffix.lower() not in _PARTS_OF:
            return np.asarray(read(first))
        parts = [first, *(file for file in first.parent.iterdir() if file != first)]
        rows = [
            read(file)
            for file in parts
            if _name(file) == _name(first)
            and file.stat().st_size > NlxHeader.HEADER_SIZE
        ]
        if len(rows) < 2:
            return np.asarray(read(first))
        together = np.concatenate(rows)
        return together[np.argsort(together["timestamp"], kind="stable")]


def _name(file: Path) -> tuple[str, str]:
    """Return what the parts of one file have in common: its name and suffix."""
    return _PART.sub("", file.stem), file.suffix.lower()


def _is_later(file: Path) -> bool:
    """Return whether a file is a part behind the first of its name that holds data."""
    if file.suffix.lower() not in _PARTS_OF:
        return False
    held = [
        other.stem
        for other in file.parent.iterdir()
        if _name(other) == _name(file) and other.stat().st_size > NlxHeader.HEADER_SIZE
    ]
    return bool(held) and file.stem != min(held)


class Spike2Reader(neo.rawio.Spike2RawIO):
    """Reader of Spike2 (.smr) whose level channels give the edges that rise.

    neo lists both edges of a level under the same label, takes the four codes of a
    marker for one number, and counts the blocks of a channel with sign.
    """

    def _parse_header(self) -> None:
        self.channels = _spike2_channels(Path(self.filename))
        super()._parse_header()

    def _get_event_timestamps(
        self,
        block_index: int,
        seg_index: int,
        event_channel_index: int,
        t_start: float | None,
        t_stop: float | None,
    ) -> tuple[NDArray[Any], None, NDArray[np.str_]]:
        number = int(self.header["event_channels"][event_channel_index]["id"])
        channel = self.channels[number]
        stamps, durations, labels = super()._get_event_timestamps(
            block_index, seg_index, event_channel_index, t_start, t_stop
        )
        if channel["kind"] == _LEVEL:
            edges, _, _ = super()._get_event_timestamps(
                block_index, seg_index, event_channel_index, 0.0, _FOREVER
            )
            rising = edges[0 if channel["starts_low"] else 1 :: 2]
            is_rising = np.isin(stamps, rising)
            stamps, labels = stamps[is_rising], labels[is_rising]
        if channel["kind"] == _MARKER:
            labels = np.array([_codes(label) for label in labels], dtype=np.str_)
        return stamps, durations, labels


def _codes(label: str) -> str:
    """Return the codes of a marker, without zeros behind the last of them."""
    codes = int(label).to_bytes(4, "little", signed=True).rstrip(b"\0")
    return " ".join(str(code) for code in codes) or "0"


def _spike2_channels(path: Path) -> NDArray[Any]:
    """Return the headers of the channels, if neo can read all of their blocks."""
    with path.open("rb") as file:
        head = file.read(_SON_HEADER)
        version, n_channels = (
            int.from_bytes(head[k : k + 2], "little") for k in (0, 30)
        )
        content = file.read(n_channels * _SON_CHANNEL.itemsize)
    channels = np.frombuffer(
        content, _SON_CHANNEL, count=len(content) // _SON_CHANNEL.itemsize
    )
    blocks = channels["blocks"].astype(np.int64)
    if version == _LARGE_FILE:
        blocks += channels["high"].astype(np.int64) << 16
    for channel, n_blocks in zip(channels, blocks, strict=True):
        if n_blocks > _MOST_BLOCKS and channel["kind"]:
            title = bytes(channel["title"])
            name = title[1 : 1 + title[0]].decode("latin-1") if title else ""
            raise RecordingError(
                f"{path} must have at most {_MOST_BLOCKS} blocks in a channel; got "
                f"{n_blocks} in {name!r}, of which neo would read a part without a "
                "word. Export the spikes and events from Spike2 as text or .mat."
            )
    return channels
