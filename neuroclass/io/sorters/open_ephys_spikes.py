"""Spikes that Open Ephys sorted while it recorded, in its binary format.

Input: the folder of a recording. Output: a ``neo.Block`` with the sorted units and the
rising edges of the TTL lines.

``spikes/.../clusters.npy`` holds the cluster of each spike (0: not sorted),
``sample_numbers.npy`` its sample and ``electrode_indices.npy`` its electrode; before
version 0.6 they were called ``spike_clusters.npy``, ``spike_times.npy`` and
``spike_electrode_indices.npy``. Times count from the first sample that was saved, as
those of sorters do. neo (0.14.6) reads the signals and events of this format only.
"""

from __future__ import annotations

from pathlib import Path

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.wording import some
from neuroclass.exceptions import RecordingError
from neuroclass.io.assemble import UnitTable, assemble_recording, make_event
from neuroclass.io.files.raw_units import raw_units
from neuroclass.io.sorters.open_ephys import read_ttl, stored_array, stream_clock

__all__ = ["read_open_ephys_spikes"]

_CLUSTERS = ("clusters.npy", "spike_clusters.npy")
_SAMPLES = ("sample_numbers.npy", "spike_times.npy")
_ELECTRODES = ("electrode_indices.npy", "spike_electrode_indices.npy")


def read_open_ephys_spikes(folder: Path) -> neo.Block:
    """Return the units that Open Ephys sorted in a recording.

    Raises
    ------
    RecordingError
        If the folder holds several recordings, or no sorted spikes.
    """
    root = _recording_of(folder)
    trains: dict[str, NDArray[np.float64]] = {}
    numbers = []
    for place in _spike_folders(root):
        clusters = stored_array(place, _CLUSTERS)
        samples = stored_array(place, _SAMPLES)
        electrodes = (
            stored_array(place, _ELECTRODES)
            if any((place / name).is_file() for name in _ELECTRODES)
            else np.zeros_like(samples)
        )
        if not clusters.shape == samples.shape == electrodes.shape or samples.ndim != 1:
            raise RecordingError(
                f"{place} must hold a cluster and a sample for each spike; got shapes "
                f"{clusters.shape} and {samples.shape}. Copy the folder again."
            )
        rate, first = stream_clock(root, place, "spikes")
        name = place.relative_to(root / "spikes").as_posix()
        pairs = np.stack([electrodes, clusters]).astype(np.int64)
        for electrode, cluster in np.unique(pairs, axis=1).T.tolist():
            is_of = (pairs[0] == electrode) & (pairs[1] == cluster)
            times = (np.sort(samples[is_of]).astype(np.float64) - first) / rate
            trains[f"{name}/{electrode}.{cluster}"] = times
            numbers.append(f"{electrode}#{cluster}")
    units = raw_units(list(trains), numbers, "openephys-binary", folder.name)
    chosen = [list(trains.values())[row] for row in units.taken]
    return assemble_recording(
        UnitTable(
            np.concatenate([*chosen, np.empty(0)]),
            np.cumsum([train.size for train in chosen], dtype=np.intp),
            [units.ids[row] for row in units.taken],
            may_sort=True,
        ),
        source=folder.name,
        annotations={"format": "openephys-binary"},
        name=folder.name,
        path=str(folder),
        events=_ttl_events(root),
    )


def _recording_of(folder: Path) -> Path:
    """Return the folder of the one recording that a folder is, or holds."""
    roots = sorted(path.parent for path in folder.rglob("structure.oebin"))
    sorted_ones = [root for root in roots if _spike_folders(root)]
    if len(sorted_ones) > 1:
        names = [root.relative_to(folder).as_posix() for root in sorted_ones]
        raise RecordingError(
            f"{folder} must hold one recording; it has {some(names)}. Give the folder "
            "of one of them."
        )
    if not sorted_ones:
        raise RecordingError(
            f"{folder} must hold sorted units; this recording of Open Ephys has none "
            "in spikes/. Give the folder of the sorter, and events/.../TTL as triggers "
            "(--triggers)."
        )
    return sorted_ones[0]


def _spike_folders(root: Path) -> list[Path]:
    found = {
        path.parent for name in _CLUSTERS for path in root.glob(f"spikes/**/{name}")
    }
    return sorted(found)


def _ttl_events(root: Path) -> list[neo.Event]:
    """Return the rising edges of each TTL folder, labelled with their line."""
    events = []
    for folder in sorted(path for path in root.glob("events/**/TTL*") if path.is_dir()):
        columns = read_ttl(folder)
        if columns["time"].size:
            labels = columns.get("line")
            name = folder.relative_to(root / "events").as_posix()
            text = None if labels is None else np.asarray(labels).astype(str)
            events.append(make_event(name, columns["time"], text))
    return events
