"""Columns of tables in HDF5 files, checked before they are read.

Input: what pynwb or h5py gives for a stored column. Output: its numbers; or an error in
one line that says what was expected and found.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import warn_user
from neuroclass._lib.memory_limits import check_allocation
from neuroclass.exceptions import RecordingError

__all__ = ["check_numbers", "read_indices", "read_numbers", "reading", "stored_ids"]

_FOREIGN = ("h5py", "hdmf", "pynwb", "hdmf_zarr", "zarr")


def check_numbers(
    stored: Any, name: str, source: str, *, n_axes: int = 1, fits: bool = True
) -> None:
    """Refuse a column that is no array of numbers, or larger than memory.

    Parameters
    ----------
    stored : dataset, array or list
        The column, which is not read.
    name, source : str
        Name of the column, and of the file, for the message.
    n_axes : int, default 1
        Number of axes that it must have.
    fits : bool, default True
        Whether it must fit into memory, to be read at once.

    Raises
    ------
    RecordingError
    """
    is_group = isinstance(stored, h5py.Group)
    values = stored if hasattr(stored, "dtype") or is_group else np.asarray(stored)
    shape = getattr(values, "shape", None)
    dtype = getattr(values, "dtype", None)
    kind = getattr(dtype, "kind", "")
    if kind not in "iuf" or not kind or shape is None or len(shape) != n_axes:
        found = "nothing" if shape is None else f"shape {shape} of {dtype}"
        found = "a group" if is_group else found
        axes = "one axis" if n_axes == 1 else f"{n_axes} axes"
        raise RecordingError(
            f"{source}: {name} must be numbers along {axes}; got {found}. Export the "
            "file again."
        )
    _check_place(stored, name, source)
    if not fits:
        return
    check_allocation(
        8.0 * math.prod(float(length) for length in shape),
        f"{source}: {name}, of declared shape {shape},",
        "Leave it in the file (--cache DIR), or export the file again.",
        error=RecordingError,
    )


def _check_place(stored: Any, name: str, source: str) -> None:
    """Refuse a column whose values lie in another file, outside the folder."""
    if not isinstance(stored, h5py.Dataset):
        return
    folder = Path(stored.file.filename).resolve().parent
    places = [file for file, *_ in stored.external or ()]
    if stored.is_virtual:
        places += [one.file_name for one in stored.virtual_sources()]
    for place in places:
        if not (folder / place).resolve().is_relative_to(folder):
            raise RecordingError(
                f"{source}: the values of {name} must lie in the folder of the file; "
                f"they are to be read from {place}. Copy them into the file."
            )


def read_numbers(
    stored: Any, name: str, source: str, *, n_axes: int = 1
) -> NDArray[np.float64]:
    """Return a column of numbers; see `check_numbers`."""
    check_numbers(stored, name, source, n_axes=n_axes)
    return np.asarray(stored[:], dtype=np.float64)


def read_indices(stored: Any, name: str, source: str) -> NDArray[np.intp]:
    """Return a column of whole numbers; see `check_numbers`.

    Raises
    ------
    RecordingError
        If it is no such column, or a number is no index of an array.
    """
    check_numbers(stored, name, source)
    values = np.asarray(stored[:])
    with np.errstate(invalid="ignore"):
        wrong = ~((values == np.floor(values)) & (np.abs(values) < 2.0**62))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise RecordingError(
            f"{source}: {name} must be whole numbers; got {values[row]} in row {row}. "
            "Export the file again."
        )
    return values.astype(np.intp)


def stored_ids(given: Any, neighbour: Any, source: str) -> NDArray[np.intp]:
    """Return the ids of units that are stored, not those that pynwb makes up.

    Where ``units/id`` is no dataset of its own (a group, a second name of another
    dataset, a link that leads nowhere, or missing) hdmf gives positions.

    Parameters
    ----------
    given : dataset, array or list
        What hdmf gives as ids.
    neighbour : dataset
        Another column of the table, whose group holds the stored ids.
    source : str
        Name of the file, for the messages.

    Warns
    -----
    UserWarning
        If no ids are stored.
    """
    group = getattr(neighbour, "parent", None)
    if isinstance(given, h5py.Dataset) or not isinstance(group, h5py.Group):
        return read_indices(given, "units/id", source)
    found = group.get("id")
    if isinstance(found, h5py.Dataset) and found.shape == (len(given),):
        return read_indices(found, "units/id", source)
    link = group.get("id", getlink=True)
    kind = (
        "a group"
        if isinstance(found, h5py.Group)
        else f"of shape {found.shape}"
        if isinstance(found, h5py.Dataset)
        else "missing"
        if link is None
        else "a link that leads nowhere"
    )
    warn_user(
        f"{source}: units/id must be whole numbers, one per unit; it is {kind}. The "
        "units are named by their row, from 0, instead. Export the file again."
    )
    return np.arange(len(given))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Name the file where the packages that read it fail in the middle of it.

    One damaged byte makes them fail anywhere, with any exception, long after the file
    was opened. What our own code raises passes: it is a message, or a defect.
    """
    try:
        yield
    except (RecordingError, MemoryError, BlockingIOError):
        raise
    except Exception as error:
        frame = error.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        module = frame.tb_frame.f_globals.get("__name__", "") if frame else ""
        package = str(module).partition(".")[0]
        if package not in _FOREIGN:
            raise
        reason = " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
        raise RecordingError(
            f"{path} cannot be read to its end by {package}: {reason}. It is damaged, "
            "or a link in it leads nowhere; copy or export it again."
        ) from error
