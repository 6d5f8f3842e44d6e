"""Columns of text tables (csv, tsv, txt), by the names in their first line.

Input: the path of a table. Output: its columns as arrays.
"""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass.exceptions import RecordingError

__all__ = ["is_number", "pop_column", "read_text_columns"]

_UNITS = {"s": 1.0, "sec": 1.0, "ms": 1e-3, "us": 1e-6}


def read_text_columns(
    path: Path, *, single: str | None = None
) -> dict[str, NDArray[Any]]:
    """Return the columns of a text table, numbers where all are numbers.

    Parameters
    ----------
    path : pathlib.Path
        Path of a table with comma, semicolon or tab between columns; empty lines and
        lines beginning with ``#`` are ignored.
    single : str, optional
        Name of the column of a table of numbers without names; None refuses one.

    Raises
    ------
    RecordingError
        If there are no names, no rows, or a row has too many or too few columns.
    """
    lines = _lines(path)
    n_passed, header = next(lines, (0, ""))
    if not header:
        raise RecordingError(
            f"{path} must have rows; it has only comments. Export it again."
        )
    delimiter = max(",;\t", key=header.count)
    names = next(csv.reader([header], delimiter=delimiter), [])
    names = [name.strip().lower() for name in names]
    if all(is_number(name) for name in names):
        if single is None or len(names) != 1:
            raise RecordingError(
                f"{path} must name its columns in the first line, for example "
                f"unit,time; got {header.strip()[:60]!r}. Add that line."
            )
        names = [single]
        n_passed -= 1
    try:
        # Plain numbers take the fast way; a table without rows is refused below.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = np.loadtxt(
                path, delimiter=delimiter, skiprows=n_passed, ndmin=2, encoding="utf-8"
            )
        if values.size and values.shape[1] == len(names):
            return dict(zip(names, values.T, strict=True))
    except ValueError:
        pass  # text in some column, or a broken row, which is named below
    rows = list(csv.reader((line for _, line in lines), delimiter=delimiter))
    if not rows:
        raise RecordingError(
            f"{path} must have rows below {header.strip()[:60]!r}; it has none. "
            "Export it again."
        )
    for number, row in enumerate(rows, start=1):
        if len(row) != len(names):
            raise RecordingError(
                f"{path}: row {number} must have {len(names)} columns "
                f"({', '.join(names)}); got {len(row)}. Correct the row."
            )
    columns = zip(*rows, strict=True)
    return {
        name: _as_numbers([cell.strip() for cell in column])
        for name, column in zip(names, columns, strict=True)
    }


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield lines other than comments, each with its number in the file from 1."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, line in enumerate(file, start=1):
                if line.strip() and not line.startswith("#"):
                    yield number, line
    except UnicodeDecodeError as error:
        raise RecordingError(
            f"{path} must be text in UTF-8; got other bytes ({error.reason}). Save it "
            "again in that encoding."
        ) from error


def is_number(cell: object) -> bool:
    """Whether a cell of a table is a number."""
    try:
        float(str(cell))
    except ValueError:
        return False
    return True


def _as_numbers(cells: list[str]) -> NDArray[Any]:
    try:
        return np.array(cells, dtype=np.float64)
    except ValueError:
        return np.array(cells, dtype=str)


def pop_column(
    columns: dict[str, NDArray[Any]], names: tuple[str, ...], scale: float
) -> tuple[NDArray[Any], float] | None:
    """Remove and return the column with one of these names, or None.

    The column is returned with the seconds per unit by its name (``time_ms``,
    ``time [ms]``), or else `scale`.
    """
    for key in columns:
        plain = key.lower().replace("[", " ").replace("(", " ").rstrip("]) ")
        stem, _, unit = plain.replace(" ", "_").rpartition("_")
        if plain in names:
            return columns.pop(key), scale
        if stem.rstrip("_") in names and unit in _UNITS:
            return columns.pop(key), _UNITS[unit]
    return None
