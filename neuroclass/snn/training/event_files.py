"""Event-camera files: N-MNIST, AEDAT and HDF5 events, cut into frames.

Input: a folder of files. Output: event counts in frames, a batch at a time. An event is
a time in microseconds, a column, a row and a polarity.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuroclass._lib.checks import warn_user
from neuroclass.exceptions import RecordingError
from neuroclass.snn.training.aedat4_files import read_aedat4

__all__ = ["N_FOLDS", "Events", "read_aedat", "read_event_folder", "read_nmnist"]

EventArrays = tuple[
    NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]
]

_DVS_CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
_MOST_SECONDS = 1000
# Folds that each class of CIFAR10-DVS is cut into.
N_FOLDS = 10
_POLARITY_PACKET = 1
_PACKET_HEADER = np.dtype(
    [
        ("type", "<i2"),
        ("source", "<i2"),
        ("size", "<i4"),
        ("time_offset", "<i4"),
        ("overflow", "<i4"),
        ("capacity", "<i4"),
        ("number", "<i4"),
        ("valid", "<i4"),
    ]
)


@dataclass(frozen=True)
class Events:
    """Event recordings of one split, turned into frames a batch at a time.

    Attributes
    ----------
    paths : tuple of Path
        One file per sample.
    read : callable
        ``path -> (times, columns, rows, polarities)``.
    sensor : int
        Rows and columns of the camera.
    pixels : int
        Rows and columns of a frame; several camera pixels share one of it.
    n_frames : int
        Equal stretches of time from the first event to the last.
    """

    paths: tuple[Path, ...]
    read: Callable[[Path], EventArrays]
    sensor: int
    pixels: int
    n_frames: int

    def __len__(self) -> int:
        return len(self.paths)

    def __repr__(self) -> str:
        return (
            f"Events({len(self)} files, {self.n_frames} frames of {self.pixels} x "
            f"{self.pixels} pixels)"
        )

    def batch(self, indices: Tensor) -> Tensor:
        """Return event counts.  (n_frames, batch, 2, pixels, pixels)."""
        frames = [self._frames(self.paths[int(i)]) for i in indices]
        return torch.from_numpy(np.stack(frames, axis=1))

    def _frames(self, path: Path) -> NDArray[np.float32]:
        times, columns, rows, polarities = self.read(path)
        shape = (self.n_frames, 2, self.pixels, self.pixels)
        if len(times) == 0:
            return np.zeros(shape, np.float32)
        outside = (columns >= self.sensor) | (rows >= self.sensor)
        outside |= (columns < 0) | (rows < 0)
        if outside.any():
            raise RecordingError(
                f"{path}: events must lie on {self.sensor} x {self.sensor} pixels; "
                f"got column {columns[outside][0]}, row {rows[outside][0]}."
            )
        duration = max(int(times.max() - times.min()), 1)
        frame = (times - times.min()) * self.n_frames // duration
        frame = np.minimum(frame, self.n_frames - 1)
        row = rows * self.pixels // self.sensor
        column = columns * self.pixels // self.sensor
        cell = ((frame * 2 + polarities) * self.pixels + row) * self.pixels + column
        counts = np.bincount(cell, minlength=int(np.prod(shape)))
        return counts.reshape(shape).astype(np.float32)


def read_nmnist(path: Path) -> EventArrays:
    """Read 5-byte events: column, row, polarity bit and 23 bits of microseconds."""
    content = np.fromfile(path, np.uint8)
    if len(content) % 5:
        raise RecordingError(
            f"{path}: must hold events of 5 bytes; got {len(content)} bytes. The file "
            "is truncated."
        )
    columns, rows, high, middle, low = content.reshape(-1, 5).T.astype(np.int64)
    times = ((high & 127) << 16) | (middle << 8) | low
    return times, columns, rows, high >> 7


def read_aedat(path: Path) -> EventArrays:
    """Read an AEDAT file: version 2 (jAER), 3 (packets of events) or 4 (DV)."""
    content = path.read_bytes()
    version, start = re.match(rb"#!AER-DAT(\d)", content), 0
    if version is None:
        raise RecordingError(
            f"{path}: is no AEDAT file; its first line must be #!AER-DAT and a digit."
        )
    while content[start : start + 1] == b"#":
        end = content.find(b"\n", start)
        start = len(content) if end < 0 else end + 1
        if content[:start].endswith(b"#!END-HEADER\r\n"):
            break
    if version[1] == b"2":
        return _read_aedat2(path, content[start:])
    if version[1] == b"3":
        return _read_aedat3(path, content[start:])
    if version[1] == b"4":
        times, columns, rows, polarities = read_aedat4(path)
        return times, columns, rows, polarities
    raise RecordingError(
        f"{path}: AEDAT must have version 2, 3 or 4; got {version[1].decode()}."
    )


def _read_aedat2(path: Path, body: bytes) -> EventArrays:
    if len(body) % 8:
        raise RecordingError(f"{path}: must hold events of 8 bytes; it is truncated.")
    words = np.frombuffer(body, ">u4").astype(np.int64).reshape(-1, 2)
    address, times = words[:, 0], words[:, 1]
    # DVS128 addresses: bit 0 is set where it became darker, above it the mirrored
    # column, then the row.
    return times, 127 - (address >> 1 & 127), address >> 8 & 127, 1 - (address & 1)


def _read_aedat3(path: Path, body: bytes) -> EventArrays:
    parts: list[EventArrays] = []
    position = 0
    while position < len(body):
        if len(body) - position < _PACKET_HEADER.itemsize:
            raise RecordingError(f"{path}: is truncated in a packet header.")
        header = np.frombuffer(body, _PACKET_HEADER, 1, position)[0]
        position += _PACKET_HEADER.itemsize
        number, size = int(header["number"]), int(header["size"])
        length = int(header["capacity"]) * size
        is_of_events = header["type"] == _POLARITY_PACKET
        # An address and a time, of four bytes each.
        is_known = not is_of_events or (size == 8 and header["time_offset"] == 4)
        if number < 0 or size <= 0 or not number * size <= length or not is_known:
            raise RecordingError(f"{path}: has a damaged packet header.")
        if len(body) - position < number * size:
            raise RecordingError(f"{path}: is truncated in a packet.")
        if is_of_events:
            words = np.frombuffer(body, "<u4", 2 * number, position).reshape(-1, 2)
            valid = words[words[:, 0] & 1 == 1].astype(np.int64)
            if len(valid) != header["valid"]:
                warn_user(
                    f"{path}: a packet says that {header['valid']} of its {number} "
                    f"events are valid; {len(valid)} are marked so, and read. If that "
                    "was not so before, the file is damaged: copy it again."
                )
            times = valid[:, 1] + (int(header["overflow"]) << 31)
            address = valid[:, 0]
            parts.append(
                (
                    times,
                    address >> 17 & 0x7FFF,
                    address >> 2 & 0x7FFF,
                    address >> 1 & 1,
                )
            )
        position += length
    if not parts:
        empty = np.zeros(0, np.int64)
        return empty, empty, empty, empty
    times, columns, rows, polarities = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    return times, columns, rows, polarities


def _read_hdf5(path: Path) -> EventArrays:
    """Read events with the fields t, x, y and p, as a table or one array each."""
    fields_read: Any = None
    try:
        with h5py.File(path, "r") as file:

            def visit(name: str, node: Any) -> bool | None:
                nonlocal fields_read
                fields = (
                    node.dtype.names if isinstance(node, h5py.Dataset) else node.keys()
                )
                if fields is not None and {"t", "x", "y", "p"} <= set(fields):
                    fields_read = [np.asarray(node[key]) for key in "txyp"]
                    return True
                return None

            if visit("/", file) is None:
                file.visititems(visit)
    except (OSError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise RecordingError(f"{path}: cannot be read as HDF5 ({error}).") from error
    if fields_read is None:
        raise RecordingError(f"{path}: must hold events with fields t, x, y and p.")
    lengths = [array.shape for array in fields_read]
    if len(set(lengths)) > 1 or len(lengths[0]) != 1:
        raise RecordingError(
            f"{path}: t, x, y and p must have one value per event; got shapes "
            f"{', '.join(map(str, lengths))}."
        )
    if any(array.dtype.kind not in "iufb" for array in fields_read):
        raise RecordingError(f"{path}: t, x, y and p must be numbers.")
    times, columns, rows, polarities = fields_read
    return (
        _microseconds(times, path),
        _whole(columns, "x", path),
        _whole(rows, "y", path),
        _as_on(polarities, path),
    )


def _whole(values: NDArray[Any], name: str, path: Path) -> NDArray[np.int64]:
    """Return whole numbers by their value; a cast would make some of any number."""
    with np.errstate(invalid="ignore"):
        wrong = ~((values == np.floor(values)) & (np.abs(values) < 2.0**52))
    if wrong.any():
        index = int(np.argmax(wrong))
        raise RecordingError(
            f"{path}: {name} must be whole numbers; got {values[index]} in event "
            f"{index}. Export the events again."
        )
    return values.astype(np.int64)


def _as_on(polarities: NDArray[Any], path: Path) -> NDArray[np.int64]:
    """Return 1 for ON and 0 for OFF, which is 0 or -1 in the file, not both."""
    found = np.unique(polarities.astype(np.float64))
    if not (set(found.tolist()) <= {0.0, 1.0} or set(found.tolist()) <= {-1.0, 1.0}):
        shown = ", ".join(f"{value:g}" for value in found[:6])
        raise RecordingError(
            f"{path}: p must be 0 and 1, or -1 and 1; got {shown}. Export the events "
            "again."
        )
    return (polarities > 0).astype(np.int64)


def _microseconds(times: NDArray[Any], path: Path) -> NDArray[np.int64]:
    """Return whole microseconds of times in them, or in seconds.

    Numbers with a fraction whose span is below 1000 are seconds: no recording is as
    short as a millisecond, and none of these cameras runs for a quarter of an hour.
    """
    if times.dtype.kind == "f" and len(times):
        if not np.isfinite(times).all():
            index = int(np.argmin(np.isfinite(times)))
            raise RecordingError(
                f"{path}: t must be finite; got {times[index]} in event {index}. "
                "Export the events again."
            )
        times = times.astype(np.float64)
        has_fractions = bool((times != np.floor(times)).any())
        if has_fractions and np.ptp(times) < _MOST_SECONDS:
            times = times * 1e6
        times = np.round(times)  # to the nearest microsecond
    return _whole(times, "t", path)


def _read_dvs(path: Path) -> EventArrays:
    is_aedat = path.suffix in (".aedat", ".aedat4")
    return read_aedat(path) if is_aedat else _read_hdf5(path)


def read_event_folder(
    name: str, path: Path, n_frames: int, *, fold: int = N_FOLDS - 1
) -> tuple[tuple[Events, Sequence[int]], tuple[Events, Sequence[int]]] | None:
    """Return training and test recordings with their labels, None if there are none.

    N-MNIST comes as ``Train/<digit>/*.bin`` and ``Test/<digit>/*.bin``, or as lists
    ``train*.txt`` and ``test*.txt`` of ids and labels beside ``<id>.bs2``.  CIFAR10-DVS
    comes as one folder per class; the files of each, in order of their numbers, are ten
    folds, of which `fold` is the test split: the last one unless it is given.
    """
    if name == "nmnist":
        samples_by_split = _digit_folders(path) or _digit_lists(path)
        read: Callable[[Path], EventArrays] = read_nmnist
        sensor, pixels = 34, 34
    else:
        samples_by_split, read = _class_folders(path, fold), _read_dvs
        sensor, pixels = 128, 48
    if samples_by_split is None:
        return None
    splits = []
    for samples in samples_by_split:
        paths = tuple(sample for sample, _ in samples)
        events = Events(paths, read, sensor, pixels, n_frames)
        splits.append((events, [label for _, label in samples]))
    return splits[0], splits[1]


Samples = list[tuple[Path, int]]


def _digit_folders(path: Path) -> tuple[Samples, Samples] | None:
    splits = []
    for split in ("Train", "Test"):
        files = sorted(
            file
            for file in path.rglob(f"{split}/*/*.bin")
            if not file.name.startswith(".")
        )
        if not files:
            return None
        for file in files:
            digit = file.parent.name
            if not (digit.isascii() and digit.isdigit()):
                raise RecordingError(
                    f"{file}: must lie in a folder named by its digit; got {digit!r}."
                )
        splits.append([(file, int(file.parent.name)) for file in files])
    return splits[0], splits[1]


def _digit_lists(path: Path) -> tuple[Samples, Samples] | None:
    splits = []
    for split in ("train", "test"):
        lists = sorted(path.glob(f"{split}*.txt"))
        if not lists:
            return None
        samples = []
        for number, line in enumerate(_lines(lists[0]), 1):
            if not line.strip() or line.startswith("#"):
                continue
            words = line.split()
            if len(words) != 2 or not "".join(words).isdecimal():
                raise RecordingError(
                    f"{lists[0]}: line {number} must be an id and a label; "
                    f"got {line!r}."
                )
            file = path / f"{words[0]}.bs2"
            if not file.is_file():
                raise FileNotFoundError(f"{file}: named in {lists[0].name}, missing.")
            samples.append((file, int(words[1])))
        splits.append(samples)
    return splits[0], splits[1]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except UnicodeDecodeError as error:
        raise RecordingError(f"{path}: must be a text of ids and labels.") from error


def _class_folders(path: Path, fold: int) -> tuple[Samples, Samples] | None:
    train: Samples = []
    test: Samples = []
    for label, name in enumerate(_DVS_CLASSES):
        files = [
            file
            for suffix in ("*.aedat", "*.aedat4", "*.h5", "*.hdf5")
            for file in path.rglob(f"{name}/{suffix}")
            if not file.name.startswith(".")
        ]
        files.sort(key=_number)
        n_test = max(len(files) // N_FOLDS, 1) if files else 0
        stop = max(len(files) - (N_FOLDS - 1 - fold) * n_test, 0)
        start = max(stop - n_test, 0)
        test += [(file, label) for file in files[start:stop]]
        train += [(file, label) for file in files[:start] + files[stop:]]
    return (train, test) if train and test else None


def _number(path: Path) -> tuple[int, str]:
    """Sort cifar10_cat_10 after cifar10_cat_9."""
    digits = re.findall(r"\d+", path.stem)
    return (int(digits[-1]) if digits else 0, path.name)
