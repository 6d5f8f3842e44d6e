"""Variables of ``.mat`` files of versions 5, 7 (scipy) and 7.3 (HDF5).

Input: the path of a file. Output: its variables as arrays; a cell array becomes an
object array of the same shape.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import scipy.io
from numpy.typing import NDArray

from neuroclass.exceptions import RecordingError

__all__ = ["read_mat"]


def read_mat(path: Path, kind: str) -> dict[str, NDArray[Any]]:
    """Return the variables of a ``.mat`` file; structs and tables are left out.

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
                found = {name: _read_item(file[name], file) for name in file}
        else:
            with warnings.catch_warnings():
                # scipy warns about tables and other objects, which are not used.
                warnings.simplefilter("ignore")
                found = scipy.io.loadmat(path)
    except Exception as error:  # scipy raises nearly any type for a damaged file
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise RecordingError(
            f"{path} is a damaged or truncated .mat file: {reason}. Save or copy it "
            "again."
        ) from error
    return {
        name: value
        for name, value in found.items()
        if not name.startswith("__")
        and isinstance(value, np.ndarray)
        and value.dtype.names is None
    }


def _read_item(item: Any, file: h5py.File) -> NDArray[Any] | None:
    if not isinstance(item, h5py.Dataset):
        return None  # a struct, or the store of the contents of cells
    kind = item.attrs.get("MATLAB_class", b"")
    if item.attrs.get("MATLAB_empty", 0):
        # The shape is stored in place of the values.
        shape = tuple(int(length) for length in item[()])
        return np.empty(shape, dtype=object if kind == b"cell" else np.float64)
    # Matlab stores column by column: the axes are reversed in HDF5.
    values = np.asarray(item[()]).T
    if kind == b"cell":
        cells = np.empty(values.shape, dtype=object)
        for place, reference in np.ndenumerate(values):
            cells[place] = _read_item(file[reference], file)
        return cells
    if kind == b"char":
        return np.array(["".join(map(chr, row)) for row in np.atleast_2d(values)])
    return values
