"""Columns of tables in memory: of pandas, polars, pyarrow and numpy.

Input: a table. Output: its columns as arrays by name. Tables of other packages are
recognized by their methods, so that none of these packages has to be there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.wording import some
from neuroclass.io.arguments import as_array

__all__ = ["frame_columns", "is_frame"]


def is_frame(source: Any) -> bool:
    """Whether an object is a table of named columns.

    Raises
    ------
    TypeError
        If it is a query of polars, which holds nothing yet.
    """
    if hasattr(source, "collect_schema") and not hasattr(source, "get_columns"):
        raise TypeError(
            f"a {type(source).__name__} holds no rows before it is collected. Give "
            "its collect()."
        )
    return (
        _is_pandas(source)
        or hasattr(source, "get_columns")  # polars
        or hasattr(source, "column_names")  # pyarrow
        or (isinstance(source, np.ndarray) and source.dtype.names is not None)
    )


def _is_pandas(source: Any) -> bool:
    return hasattr(source, "iloc") and hasattr(source, "columns")


def frame_columns(frame: Any, what: str) -> dict[str, NDArray[Any]]:
    """Return the columns of a table, those of the named index before them.

    A column of arrays or lists, one per row, stays one of objects. Time differences
    become seconds, and the unit goes into the name of the column.

    Parameters
    ----------
    frame : DataFrame, Table or structured array
        See `is_frame`.
    what : str
        What the table is, for the messages.

    Raises
    ------
    ValueError
        If two columns have one name, or one holds dates.
    """
    pairs = _pairs(frame)
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(
            f"{what} must name its columns differently; {twice!r} is there "
            f"{names.count(twice)} times, among {some(names)}. Rename or drop one."
        )
    columns: dict[str, NDArray[Any]] = {}
    for name, values in pairs:
        if values.dtype.kind == "M":
            raise ValueError(
                f"{what}: column {name} holds dates, where times in seconds are "
                "needed. Subtract the start of the recording, or drop the column."
            )
        if values.dtype.kind == "m":
            # NaT becomes nan; the stated unit counts more than that of the file.
            columns[f"{name} [s]"] = values / np.timedelta64(1, "s")
        elif values.dtype == object and any(np.ndim(cell) for cell in values[:1]):
            columns[name] = values
        else:
            columns[name] = as_array(_without_missing(values), name)
    return columns


def _without_missing(values: NDArray[Any]) -> NDArray[Any]:
    """Return a column of objects with "" for missing text, nan for missing numbers."""
    if values.dtype != object:
        return values
    cells = values.tolist()
    is_text = any(isinstance(cell, str | bytes) for cell in cells)
    blank = "" if is_text else np.nan
    filled = np.empty(len(cells), dtype=object)
    filled[:] = [
        # None, NA of pandas, and nan among texts.
        blank
        if cell is None
        or type(cell).__name__ in ("NAType", "NaTType")
        or (is_text and isinstance(cell, float) and np.isnan(cell))
        else cell
        for cell in cells
    ]
    return filled


def _pairs(frame: Any) -> list[tuple[str, NDArray[Any]]]:
    """Return name and values of each column."""
    if isinstance(frame, np.ndarray):
        return [(name, frame[name]) for name in frame.dtype.names or ()]
    if hasattr(frame, "get_columns"):
        return [(str(one.name), _values(one)) for one in frame.get_columns()]
    if hasattr(frame, "column_names"):
        return [(str(one), _values(frame.column(one))) for one in frame.column_names]
    several = getattr(frame.columns, "nlevels", 1) > 1
    names = [
        # The levels above the last say where the table came from.
        str(name[-1]) if several and isinstance(name, tuple) else str(name)
        for name in frame.columns
    ]
    pairs = []
    for level, name in enumerate(frame.index.names):
        if name is not None and str(name) not in names:
            values = frame.index.get_level_values(level)
            pairs.append((str(name), np.asarray(values.to_numpy())))
    for place, name in enumerate(names):
        pairs.append((name, _pandas_values(frame.iloc[:, place])))
    return pairs


def _pandas_values(column: Any) -> NDArray[Any]:
    values = np.asarray(column.to_numpy())
    if values.dtype == object and getattr(column.dtype, "kind", "O") in "iufb":
        # Numbers that may be missing, which numpy has as objects with pandas' NA.
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    return values


def _values(column: Any) -> NDArray[Any]:
    """Return a column of polars or pyarrow; of lists as objects."""
    values = np.asarray(column)
    if values.ndim == 1:
        return values
    rows = np.empty(len(values), dtype=object)  # lists of equal length
    for place, row in enumerate(values):
        rows[place] = row
    return rows
