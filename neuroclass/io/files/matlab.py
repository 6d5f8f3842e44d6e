"""Variables of ``.mat`` files of versions 5, 7 (scipy) and 7.3 (HDF5).

Input: the path of a file. Output: its variables as arrays. A cell array becomes an
object array of the same shape, a struct a dictionary of its fields, a struct array a
dictionary of object arrays.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import scipy

from neuroclass._lib.memory_limits import available_bytes, check_allocation
from neuroclass.exceptions import RecordingError

__all__ = ["read_mat"]

_DEEPEST = 50


def read_mat(path: Path, kind: str) -> dict[str, Any]:
    """Return the variables of a ``.mat`` file; tables and objects are left out.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file.
    kind : {"mat", "mat-v7.3"}
        Format, from :func:`~neuroclass.io.format_detection.detect_format`.

    Raises
    ------
    RecordingError
        If the file is damaged.
    """
    try:
        if kind == "mat-v7.3":
            with h5py.File(path, "r") as file:
                reader = _Hdf5Reader(path, file)
                found = {
                    name: reader.read(file[name])
                    for name in file
                    if not name.startswith("#")
                }
        else:
            with warnings.catch_warnings():
                # scipy warns about tables and other objects, which are not used.
                warnings.simplefilter("ignore")
                loaded = scipy.io.loadmat(path)
            found = {name: _plain(value) for name, value in loaded.items()}
    except RecordingError:
        raise
    except Exception as error:  # scipy raises nearly any type for a damaged file
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise RecordingError(
            f"{path} is a damaged or truncated .mat file: {reason}. Save or copy it "
            "again."
        ) from error
    return {
        name: value
        for name, value in found.items()
        if not name.startswith("__") and isinstance(value, np.ndarray | dict)
    }


def _plain(value: Any) -> Any:
    """Return scipy's value with structs as dictionaries, at any depth."""
    sparse = value
    if scipy.sparse.issparse(value):
        return sparse.toarray()
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.names is None:
        if value.dtype == object:
            cells = np.empty(value.shape, dtype=object)
            for place, cell in np.ndenumerate(value):
                cells[place] = _plain(cell)
            return cells
        return value
    if value.dtype.names == ("s0", "s1", "s2", "arr"):
        return None  # an object of a class, such as a table
    if value.size == 1:
        return {name: _plain(value[name].flat[0]) for name in value.dtype.names}
    return {name: _plain(value[name]) for name in value.dtype.names}


class _Hdf5Reader:
    """Variables of one HDF5 file; refuses what is more than memory, or endless.

    Cells refer to others, which a damaged file may let refer back, or twice to each
    of many levels: what is read is counted on the way.
    """

    def __init__(self, path: Path, file: h5py.File) -> None:
        self._path, self._file = path, file
        self._n_bytes, self._most = 0.0, available_bytes()
        # A cell takes more than this in the file, unless it is referred to twice.
        self._n_items, self._most_items = 0, 1000 + path.stat().st_size // 64

    def read(self, item: Any, depth: int = 0) -> Any:
        """Return a variable, field or cell at any depth."""
        self._n_items += 1
        if depth > _DEEPEST or self._n_items > self._most_items:
            raise RecordingError(
                f"{self._path}: cells must be at most {_DEEPEST} deep, and each there "
                f"once; those of {item.name} refer to others again and again. Save "
                "the spike times alone."
            )
        if isinstance(item, h5py.Group):
            if "MATLAB_sparse" in item.attrs:
                return self._read_sparse(item)
            # A struct array holds references to its cells, without saying "cell".
            return {name: self.read(item[name], depth + 1) for name in item}
        kind = item.attrs.get("MATLAB_class", b"")
        if item.attrs.get("MATLAB_empty", 0):
            # The shape is stored in place of the values.
            shape = tuple(int(length) for length in np.ravel(item[()])[:8])
            self._count(8.0 * float(np.prod(shape, dtype=np.float64)), item.name)
            return np.empty(shape, dtype=object if kind == b"cell" else np.float64)
        self._count(float(item.size or 0) * item.dtype.itemsize, item.name)
        # Matlab stores column by column: the axes are reversed in HDF5.
        values = np.asarray(item[()]).T
        if kind == b"cell" or h5py.check_ref_dtype(item.dtype) is not None:
            cells = np.empty(values.shape, dtype=object)
            for place, reference in np.ndenumerate(values):
                cells[place] = self.read(self._file[reference], depth + 1)
            return cells
        if kind == b"char":
            return np.array(["".join(map(chr, row)) for row in np.atleast_2d(values)])
        return values

    def _count(self, n_bytes: float, name: str) -> None:
        self._n_bytes += n_bytes
        check_allocation(
            self._n_bytes,
            f"{self._path}: what it holds up to {name}",
            "Save the spike times alone.",
            error=RecordingError,
            most=self._most,
        )

    def _read_sparse(self, item: Any) -> Any:
        n_rows = int(item.attrs["MATLAB_sparse"])
        self._count(float(item["jc"].size) * (n_rows + 1) * 8, item.name)
        return _read_sparse(item)


def _read_sparse(item: h5py.Group) -> Any:
    n_rows = int(item.attrs["MATLAB_sparse"])
    starts = np.asarray(item["jc"][()]).astype(np.intp)
    shape = (n_rows, starts.size - 1)
    if "data" not in item:
        return np.zeros(shape)
    values = np.asarray(item["data"][()]), np.asarray(item["ir"][()]), starts
    return scipy.sparse.csc_array(values, shape=shape).toarray()
