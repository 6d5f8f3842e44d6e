"""TTL events that Open Ephys writes beside a recording, as trigger times.

Input: the folder ``events/.../TTL`` of a recording in the binary format, or one of its
arrays. Output: the times of rising edges, on the clock of the continuous data, which is
that of a sorter.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import warn_user
from neuroclass.exceptions import RecordingError

__all__ = ["read_ttl", "stored_array", "stream_clock", "ttl_folder"]

# Version 0.6 and later of Open Ephys, and before. `timestamps.npy` of before holds
# sample numbers, that of later times of a synchronised clock.
_STATES = ("states.npy", "channel_states.npy")
_ARRAYS = ("sample_numbers.npy", "timestamps.npy", *_STATES)


def ttl_folder(path: Path) -> Path | None:
    """Return the folder of TTL events that a path is, or lies in; None for others."""
    folder = path if path.is_dir() else path.parent
    if path.is_file() and path.name not in _ARRAYS:
        return None
    return folder if any((folder / name).is_file() for name in _STATES) else None


def read_ttl(folder: Path) -> dict[str, NDArray[Any]]:
    """Return times of the rising edges of TTL lines.

    Open Ephys counts samples from the start of acquisition, and lists both edges of a
    pulse. A sorter counts from the first sample that was saved.

    Parameters
    ----------
    folder : pathlib.Path
        Folder with ``states.npy`` (the number of the line, negative where it falls) and
        ``sample_numbers.npy``, both of shape (n_edges,).

    Returns
    -------
    dict of str to ndarray of shape (n_rising,)
        ``time`` in seconds from the first sample of the continuous data, and ``line``
        where several lines rise.

    Raises
    ------
    RecordingError
        If arrays are missing or do not fit, or the sample rate is not to be found.
    """
    states = stored_array(folder, _STATES)
    samples = stored_array(folder, ("sample_numbers.npy", "timestamps.npy"))
    is_whole = samples.dtype.kind in "iu" and states.dtype.kind in "iu"
    if states.shape != samples.shape or samples.ndim != 1 or not is_whole:
        raise RecordingError(
            f"{folder} must hold a sample number for every state; got "
            f"{samples.dtype} of shape {samples.shape} and states, {states.dtype}, of "
            f"shape {states.shape}. Copy the folder again."
        )
    root = next(
        (p for p in folder.resolve().parents if (p / "structure.oebin").is_file()), None
    )
    if root is None:
        raise RecordingError(
            f"{folder} must lie in a recording of Open Ephys, whose structure.oebin "
            "tells the sample rate; there is none above it. Copy structure.oebin and "
            "the arrays of the continuous data too, but for continuous.dat."
        )
    rate, first = stream_clock(root, folder, "events")
    is_rising = states > 0
    lines = states[is_rising]
    columns: dict[str, NDArray[Any]] = {
        "time": (samples[is_rising].astype(np.float64) - first) / rate
    }
    if len(set(lines.tolist())) > 1:
        columns["line"] = lines
    return columns


def stored_array(folder: Path, names: tuple[str, ...]) -> NDArray[Any]:
    """Return the array of the first of these names that is there."""
    for name in names:
        if (folder / name).is_file():
            return _load(folder / name)
    raise RecordingError(
        f"{folder} must hold {' or '.join(names)}; it has neither. Copy the complete "
        "folder of the events."
    )


def _load(path: Path) -> NDArray[Any]:
    try:
        # Mapped: its header may declare more than there is.
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except Exception as error:  # numpy parses the header as Python does, and raises so
        raise RecordingError(
            f"{path} must hold an array of numbers: {str(error).splitlines()[0]}. "
            "Copy it again."
        ) from error


def stream_clock(root: Path, folder: Path, kind: str) -> tuple[float, float]:
    """Return sample rate (Hz) and first saved sample of the stream of a folder.

    Parameters
    ----------
    root : pathlib.Path
        Folder of the recording, with ``structure.oebin``.
    folder : pathlib.Path
        Folder in ``events`` or ``spikes`` of the recording.
    kind : {"events", "spikes"}
        Which of these it is.

    Raises
    ------
    RecordingError
        If the rate is not to be found.
    """
    try:
        structure = json.loads((root / "structure.oebin").read_text(encoding="utf-8"))
        stream = folder.resolve().relative_to(root.resolve() / kind).parts[0]
        rates = {
            str(entry.get("folder_name", entry.get("folder", "")))
            .strip("/")
            .split("/")[0]: entry["sample_rate"]
            for several in ("events", "spikes", "continuous")
            for entry in structure.get(several, [])
            if "sample_rate" in entry
        }
        if stream not in rates and kind == "spikes" and len(set(rates.values())) == 1:
            # Named by the processor that found the spikes, not by that of the data.
            rates[stream] = next(iter(rates.values()))
        rate = float(rates[stream])
        if not 0 < rate < np.inf:
            raise ValueError("the sample rate must be positive and finite")
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise RecordingError(
            f"{root / 'structure.oebin'} must give the sample rate of the {kind} in "
            f"{folder.name}. Copy it again, or give their times as a table."
        ) from error
    streams = sorted(path.name for path in root.glob("continuous/*"))
    if stream not in streams and kind == "spikes" and len(streams) == 1:
        (stream,) = streams
    for name in ("sample_numbers.npy", "timestamps.npy"):
        saved = root / "continuous" / stream / name
        if saved.is_file():
            numbers = _load(saved)
            if numbers.dtype.kind in "iu" and numbers.ndim == 1 and numbers.size:
                return rate, float(numbers[0])
    warn_user(
        f"{folder}: the arrays of the continuous data of {stream} are not there, so "
        "triggers count from the start of acquisition. Copy its sample_numbers.npy if "
        "spikes count from the first sample that was saved, as those of sorters do."
    )
    return rate, 0.0
