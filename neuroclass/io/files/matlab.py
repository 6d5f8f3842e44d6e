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
import scipy.io
import scipy.sparse

from neuroclass.exceptions import RecordingError

__all__ = ["read_mat"]


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
                found = {
                    name: _read_item(file[name], file)
                    for name in file
                    if not name.startswith("#")
                }
        else:
            with warnings.catch_warnings():
                # scipy warns about tables and other objects, which are not used.
                warnings.simplefilter("ignore")
                loaded = scipy.io.loadmat(path)
            found = {name: _plain(value) for name, value in loaded.items()}
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


def _read_item(item: Any, file: h5py.File) -> Any:
    if isinstance(item, h5py.Group):
        if "MATLAB_sparse" in item.attrs:
            return _read_sparse(item)
        fields = {name: item[name] for name in item}
        # A struct array holds references to its cells, without saying "cell".
        return {name: _read_item(field, file) for name, field in fields.items()}
    kind = item.attrs.get("MATLAB_class", b"")
    if item.attrs.get("MATLAB_empty", 0):
        # The shape is stored in place of the values.
        shape = tuple(int(length) for length in item[()])
        return np.empty(shape, dtype=object if kind == b"cell" else np.float64)
    # Matlab stores column by column: the axes are reversed in HDF5.
    values = np.asarray(item[()]).T
    if kind == b"cell" or h5py.check_ref_dtype(item.dtype) is not None:
        cells = np.empty(values.shape, dtype=object)
        for place, reference in np.ndenumerate(values):
            cells[place] = _read_item(file[reference], file)
        return cells
    if kind == b"char":
        return np.array(["".join(map(chr, row)) for row in np.atleast_2d(values)])
    return values


def _read_sparse(item: h5py.Group) -> Any:
    n_rows = int(item.attrs["MATLAB_sparse"])
    starts = np.asarray(item["jc"][()]).astype(np.intp)
    shape = (n_rows, starts.size - 1)
    if "data" not in item:
        return np.zeros(shape)
    values = np.asarray(item["data"][()]), np.asarray(item["ir"][()]), starts
    return scipy.sparse.csc_array(values, shape=shape).toarray()
