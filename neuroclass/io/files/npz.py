"""Arrays of numpy's ``.npz`` files, never unpickled.

Input: the path of a file. Output: its arrays by name.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import warn_user
from neuroclass._lib.memory_limits import check_allocation
from neuroclass.exceptions import RecordingError

__all__ = ["SPARSE_ARRAYS", "read_npy", "read_npz"]

#: Arrays that ``scipy.sparse.save_npz`` writes, in every format.
SPARSE_ARRAYS = {"format", "shape", "data"}


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of an npz file; Python objects in it are never loaded."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            names = archive.files
            _check_sizes(path, archive)
            if {"t", "index", "start", "end"} <= set(names):
                # Metadata are Python objects there.
                names = [name for name in names if not _is_pickled(archive, name)]
                if lost := [name for name in archive.files if name not in names]:
                    warn_user(
                        f"{path.name}: {', '.join(lost)} of pynapple is left out, for "
                        "it holds Python objects, which can run code. Give the TsGroup "
                        "itself to use its columns."
                    )
            arrays = {name: archive[name] for name in names}
            for name, values in arrays.items():
                if not isinstance(values, np.ndarray):
                    raise ValueError(f"{name} is no array")
    except RecordingError:
        raise
    except Exception as error:  # zipfile, zlib and numpy each raise their own
        if "allow_pickle" in str(error):
            raise RecordingError(
                f"{path} holds arrays of Python objects, which are not loaded, for "
                "they can run code. Save the spike times of all units in one array, "
                "spike_times, with spike_times_index."
            ) from error
        raise RecordingError(
            f"{path} is a damaged or truncated npz file: {error}. Save or copy it "
            "again."
        ) from error
    if {"t", "index", "start", "end"} <= set(arrays):
        return _pynapple_arrays(arrays)
    if {"unit_ids", "num_segment", "sampling_frequency"} <= set(arrays):
        return _sorting_arrays(arrays, path)
    return arrays


def _is_pickled(archive: Any, name: str) -> bool:
    with archive.zip.open(f"{name}.npy") as file:
        return bool(_header_of(file)[2].hasobject)


def _header_of(file: Any) -> Any:
    """Return shape, order and type that the header of an array declares."""
    version = np.lib.format.read_magic(file)
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    return read(file)


def _check_sizes(path: Path, archive: Any) -> None:
    """Refuse arrays whose headers declare more than memory, before one is read."""
    n_bytes = 0.0
    for member in archive.zip.infolist():
        if not member.filename.endswith(".npy"):
            continue
        with archive.zip.open(member) as file:
            shape, _, dtype = _header_of(file)
        n_bytes += dtype.itemsize * math.prod(float(length) for length in shape)
        check_allocation(
            max(n_bytes, float(member.file_size)),
            f"{path}: what it holds up to {member.filename}",
            "Save the spike times alone.",
            error=RecordingError,
        )


def _pynapple_arrays(arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the arrays of a group of spike trains that pynapple saved.

    ``t`` are the times of all spikes in seconds, ``index`` the unit of each, ``keys``
    all units, of which further arrays are columns.
    """
    index = arrays["index"]
    keys = np.ravel(arrays.get("keys", np.unique(index)))
    order = np.argsort(index, kind="stable")
    counts = [int((index == key).sum()) for key in keys]
    place = np.searchsorted(index[order], keys)
    times = arrays["t"][order]
    trains = [times[start : start + n] for start, n in zip(place, counts, strict=True)]
    return {
        "spike_times": np.concatenate(trains) if trains else np.empty(0),
        "spike_times_index": np.cumsum(counts),
        "unit_ids": keys,
        **{
            name: values
            for name, values in arrays.items()
            if name not in ("t", "index", "keys", "start", "end", "type", "d", "rate")
            and values.shape == keys.shape
        },
    }


def _sorting_arrays(
    arrays: dict[str, NDArray[Any]], path: Path
) -> dict[str, NDArray[Any]]:
    """Return the arrays of a sorting that spikeinterface saved (``NpzSorting``).

    ``spike_indexes_seg0`` are samples, ``spike_labels_seg0`` the unit of each.
    """
    names = ("spike_indexes_seg0", "spike_labels_seg0")
    n_segments = int(np.ravel(arrays["num_segment"])[0])
    rate = float(np.ravel(arrays["sampling_frequency"])[0])
    if n_segments != 1 or not set(names) <= set(arrays):
        raise RecordingError(
            f"{path} must be a sorting of one segment; it has {n_segments}. Load it "
            "with spikeinterface and give the sorting: its segments are then trials."
        )
    samples, labels = (np.ravel(arrays[name]) for name in names)
    if samples.size != labels.size or not rate > 0:
        raise RecordingError(
            f"{path} must hold a label for each of its {samples.size} spikes, and a "
            f"sampling frequency; got {labels.size} labels and {rate:g} Hz. Save it "
            "again."
        )
    ids = np.ravel(arrays["unit_ids"])
    trains = [np.sort(samples[labels == one]) for one in ids]
    if sum(train.size for train in trains) < samples.size:
        raise RecordingError(
            f"{path} has spikes of units that are not among its unit_ids. Save it "
            "again."
        )
    return {
        # The stated unit: no time_unit changes it.
        "spike_times [s]": np.concatenate([*trains, np.empty(0)]) / rate,
        "spike_times_index": np.cumsum([train.size for train in trains]),
        "unit_ids": ids,
    }


def read_npy(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of an npy file whose axes are known.

    A record array has named columns; of two dimensions with NaN behind the last spike
    of each row, each row is a unit.

    Raises
    ------
    RecordingError
        If the axes are unknown, or the file is damaged.
    """
    try:
        # Mapped first: the header may declare more than there is.
        values = np.array(np.load(path, allow_pickle=False, mmap_mode="r"))
    except Exception as error:  # numpy raises several for a damaged file
        if "allow_pickle" in str(error):
            raise RecordingError(
                f"{path} holds Python objects, which are not loaded, for they can run "
                "code. Save one array per unit with numpy.savez."
            ) from error
        raise RecordingError(
            f"{path} is a damaged or truncated npy file: {error}. Save or copy it "
            "again."
        ) from error
    if values.dtype.names:
        return {name: values[name] for name in values.dtype.names}
    if values.ndim in (2, 3) and values.dtype.kind == "f" and np.isnan(values).any():
        return {"spike_times": values}
    raise RecordingError(
        f"{path} is one numpy array of shape {values.shape}, whose axes are unknown. "
        "If it is a raster, name them and the time bin width (axes, dt: --axes "
        "neuron,time --dt 1ms); else save one array per unit with numpy.savez."
    )
