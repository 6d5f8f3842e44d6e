"""Rasters in files: one array of spikes per time bin, whose axes the caller names.

Input: the path of a ``.mat``, ``.npz`` or ``.npy`` file, dense, logical or sparse.
Output: a ``neo.Block``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import neo
import numpy as np
import scipy
from numpy.typing import NDArray

from neuroclass._lib.memory_limits import check_allocation
from neuroclass.exceptions import RecordingError
from neuroclass.io.files.matlab import read_mat
from neuroclass.io.files.npz import SPARSE_ARRAYS, read_npz
from neuroclass.io.rasters import axis_names, from_raster

__all__ = ["RASTER_FORMATS", "read_raster"]

RASTER_FORMATS = ("mat", "mat-v7.3", "npz", "npy")
_IDS = ("unit_ids", "unit_id", "neuron", "neurons", "cell", "cells")
_STIMULI = ("stimulus", "stimuli", "condition", "conditions")


def read_raster(path: Path, kind: str, axes: Any, dt: Any) -> neo.Block:
    """Return the recording of the one array of a file that has the named axes.

    Without an axis presentation or condition the raster lies on one clock, which
    starts at 0, and needs triggers. Arrays ``unit_ids`` (n_neurons,) and ``stimulus``
    (n_conditions,), or (n_presentations,) without conditions, name units and stimuli.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    kind : str
        Format, one of `RASTER_FORMATS`.
    axes, dt
        Names of the axes and time bin width: `from_raster`.

    Raises
    ------
    RecordingError
        If no array, or several, have as many axes, or the values are no counts.
    ValueError
        If the axes or the bin width cannot be used.
    """
    names = axis_names(axes)
    arrays = _arrays(path, kind)
    fitting = [
        name
        for name, values in arrays.items()
        if isinstance(values, np.ndarray)
        and values.dtype.kind in "biuf"
        and values.ndim == len(names)
        and max(values.shape, default=0) < values.size
    ]
    if len(fitting) != 1:
        found = ", ".join(
            f"{name} {'x'.join(map(str, np.shape(values)))}"
            for name, values in arrays.items()
        )
        raise RecordingError(
            f"{path.name} must hold one array with the axes {', '.join(names)}; got "
            f"{found or 'no array'}. Save the raster alone, and name its axes (axes)."
        )
    raster = arrays[fitting[0]]
    sizes = dict(zip(names, raster.shape, strict=True))
    along = [n for name, n in zip(names, raster.shape, strict=True) if name == "neuron"]
    has_trials = "presentation" in sizes or "condition" in sizes
    n_labels = sizes.get("condition", sizes.get("presentation", 0))
    try:
        recording = from_raster(
            raster,
            dt,
            axes=names,
            unit_ids=_vector(arrays, _IDS, int(np.prod(along))),
            condition=_vector(arrays, _STIMULI, n_labels),
        )
    except ValueError as error:
        raise RecordingError(f"{path.name}, array {fitting[0]}: {error}") from error
    recording.name, recording.file_origin = path.stem, str(path)
    recording.annotations["format"] = kind
    if not has_trials:
        recording.segments[0].epochs.clear()
    return recording


def _arrays(path: Path, kind: str) -> dict[str, Any]:
    if kind.startswith("mat"):
        return read_mat(path, kind)
    if kind == "npy":
        try:
            # Mapped first: the header may declare more than there is.
            mapped = np.load(path, allow_pickle=False, mmap_mode="r")
            return {path.stem: np.array(mapped)}
        except Exception as error:  # numpy parses the header as Python does
            raise RecordingError(
                f"{path} must hold an array of numbers: {error}. Save it again."
            ) from error
    arrays = read_npz(path)
    if set(arrays) >= SPARSE_ARRAYS:
        return {path.stem: _dense(path)}
    return arrays


def _dense(path: Path) -> NDArray[Any]:
    try:
        sparse = scipy.sparse.load_npz(path)
        check_allocation(
            float(sparse.dtype.itemsize) * float(np.prod(sparse.shape, dtype=float)),
            f"{path}: a sparse array of shape {sparse.shape}, written out,",
            "Save a part of it.",
            error=RecordingError,
        )
        return np.asarray(sparse.toarray())
    except RecordingError:
        raise
    except (ValueError, TypeError, KeyError, NotImplementedError) as error:
        raise RecordingError(
            f"{path} must hold a sparse array of scipy: {error}. Save it again."
        ) from error


def _vector(
    arrays: dict[str, Any], names: tuple[str, ...], n_entries: int
) -> list[Any] | None:
    for name, values in arrays.items():
        if name.lower() in names and np.size(values) == n_entries:
            return list(np.ravel(values).tolist())
    return None
