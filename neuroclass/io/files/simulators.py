"""Spike files of simulators: SONATA of networks, MEArec of recordings.

Input: the path of a file. Output: a ``neo.Block``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.wording import some
from neuroclass.exceptions import RecordingError
from neuroclass.io.assemble import UnitTable, assemble_recording
from neuroclass.io.files.stored_columns import read_indices, read_numbers, reading

__all__ = ["read_mearec", "read_sonata"]

_SECONDS = {"ms": 1e-3, "milliseconds": 1e-3, "s": 1.0, "seconds": 1.0}


def read_sonata(path: Path) -> neo.Block:
    """Return the recording of a SONATA file of spikes (``/spikes/POPULATION``).

    Units of one population are named by their ``node_id``; of several by
    ``POPULATION:node_id``. Only nodes that fire are in the file.

    Raises
    ------
    RecordingError
        If the file is damaged, or its arrays are not those of the format.
    """
    times, ids, populations = [], [], []
    with reading(path), h5py.File(path, "r") as file:
        group = file["spikes"]
        tables = {"": group} if "timestamps" in group else dict(group.items())
        for name, table in tables.items():
            held = list(table) if isinstance(table, h5py.Group) else []
            keys = [key for key in ("node_ids", "gids") if key in held]
            if not keys or "timestamps" not in held:
                raise RecordingError(
                    f"{path} must hold timestamps and node_ids in /spikes/{name}; got "
                    f"{some(held) or 'neither'}. Write the report again."
                )
            key = keys[0]
            stamps = read_numbers(table["timestamps"], "timestamps", path.name)
            unit = _text(table["timestamps"].attrs.get("units", "ms"))
            if unit not in _SECONDS:
                raise RecordingError(
                    f"{path}: the units of timestamps must be ms or s; got {unit!r}. "
                    "Write the report again."
                )
            nodes = read_indices(table[key], key, path.name)
            if nodes.shape != stamps.shape:
                raise RecordingError(
                    f"{path}: {key} must have one entry for each of the "
                    f"{stamps.size} timestamps; got {nodes.size}. Write it again."
                )
            times.append(stamps * _SECONDS[unit])
            ids.append(nodes.astype(np.int64))
            populations.append(name)
    return _assemble(path, times, ids, populations)


def read_mearec(path: Path) -> neo.Block:
    """Return the true spikes of a file of MEArec (``/spiketrains/NUMBER/times``).

    What MEArec notes of each neuron, such as ``cell_type``, become unit columns; its
    own package, with which neo reads the file, is not needed.

    Raises
    ------
    RecordingError
        If a neuron has no times.
    """
    trains, notes, stops = [], [], [0.0]
    with h5py.File(path, "r") as file:
        group = file["spiketrains"]
        names = sorted(group, key=lambda name: (len(name), name))
        for name in names:
            stored = group[name]
            times = stored.get("times") if isinstance(stored, h5py.Group) else None
            if not isinstance(times, h5py.Dataset) or times.ndim != 1:
                raise RecordingError(
                    f"{path} must hold the times of each neuron in /spiketrains/"
                    f"{name}/times; it has none. Write the file again."
                )
            trains.append(np.asarray(times[()], dtype=np.float64))
            notes.append(_notes_of(stored.get("annotations")))
            if "t_stop" in stored:
                stops.append(float(np.max(stored["t_stop"][()], initial=0.0)))
    if not names:
        raise RecordingError(
            f"{path} must hold spike trains; /spiketrains is empty. Write recordings, "
            "not templates, with MEArec."
        )
    ids = [int(name) if name.isdecimal() else name for name in names]
    columns = {
        key: [note[key] for note in notes]
        for key in dict.fromkeys(key for note in notes for key in note)
        if all(key in note for note in notes)
    }
    return assemble_recording(
        UnitTable(
            np.concatenate(trains),
            np.cumsum([train.size for train in trains]),
            ids,
            columns,
            may_sort=True,
            span=(0.0, max(stops)),
        ),
        source=path.name,
        annotations={"format": "MEArec"},
        name=path.stem,
        path=str(path),
    )


def _notes_of(group: Any) -> dict[str, Any]:
    """Return the numbers and texts that a group holds."""
    notes: dict[str, Any] = {}
    for key, stored in group.items() if isinstance(group, h5py.Group) else ():
        if isinstance(stored, h5py.Dataset) and stored.shape == ():
            value = stored[()]
            if isinstance(value, bytes):
                value = value.decode("utf-8", "replace")
            notes[key] = value.item() if isinstance(value, np.generic) else value
    return {k: v for k, v in notes.items() if isinstance(v, bool | int | float | str)}


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _assemble(
    path: Path,
    times: list[NDArray[np.float64]],
    ids: list[NDArray[np.int64]],
    populations: list[str],
) -> neo.Block:
    flat, stops, names, column = [], [], [], []
    total = 0
    for stamps, nodes, population in zip(times, ids, populations, strict=True):
        order = np.lexsort((stamps, nodes))
        present, counts = np.unique(nodes, return_counts=True)
        flat.append(stamps[order])
        stops.append(total + np.cumsum(counts))
        total += stamps.size
        is_one = len(populations) == 1
        names += [int(n) if is_one else f"{population}:{n}" for n in present]
        column += [population] * present.size
    return assemble_recording(
        UnitTable(
            np.concatenate(flat),
            np.concatenate(stops).astype(np.intp),
            names,
            {"population": column} if any(populations) else {},
            may_sort=True,
        ),
        source=path.name,
        annotations={"format": "SONATA"},
        name=path.stem,
        path=str(path),
    )
