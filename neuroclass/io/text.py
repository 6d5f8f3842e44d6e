"""Columns of text tables (csv, tsv, txt), by the names in their first line."""

import csv
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass.exceptions import RecordingError

__all__ = ["pick_column", "read_text_columns"]

_UNITS = {"s": 1.0, "sec": 1.0, "ms": 1e-3, "us": 1e-6}


def read_text_columns(
    path: Path, *, single: str | None = None
) -> dict[str, NDArray[Any]]:
    """Return the columns of a text table, numbers where all are numbers.

    Parameters
    ----------
    path : pathlib.Path
        Comma, semicolon or tab between columns; empty lines and lines beginning with
        ``#`` are passed over.
    single : str, optional
        Name of the column of a table of numbers without names; None refuses one.

    Raises
    ------
    RecordingError
        If there are no names, no rows, or a row has too many or too few columns.
    """
    header, n_passed = _first_line(path)
    delimiter = max(",;\t", key=header.count)
    names = next(csv.reader([header], delimiter=delimiter), [])
    names = [name.strip().lower() for name in names]
    if all(_is_number(name) for name in names):
        if single is None or len(names) != 1:
            raise RecordingError(
                f"{path} must name its columns in the first line, for example "
                f"unit,time; got {header.strip()[:60]!r}. Add that line."
            )
        names = [single]
        n_passed -= 1
    try:
        # Plain numbers take the fast way; a table without rows is told below.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = np.loadtxt(
                path, delimiter=delimiter, skiprows=n_passed, ndmin=2, encoding="utf-8"
            )
        if values.size and values.shape[1] == len(names):
            return dict(zip(names, values.T, strict=True))
    except ValueError:
        pass  # text in some column, or a broken row, which is named below
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = [line for line in file if _counts(line)][1:]
    if not lines:
        raise RecordingError(
            f"{path} must have rows below {header.strip()[:60]!r}; it has none."
        )
    rows = list(csv.reader(lines, delimiter=delimiter))
    for number, row in enumerate(rows, start=1):
        if len(row) != len(names):
            raise RecordingError(
                f"{path}: row {number} must have {len(names)} columns "
                f"({', '.join(names)}); got {len(row)}."
            )
    columns = zip(*rows, strict=True)
    return {
        name: _as_numbers([cell.strip() for cell in column])
        for name, column in zip(names, columns, strict=True)
    }


def _first_line(path: Path) -> tuple[str, int]:
    """Return the first line that counts and how many lines it ends."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, line in enumerate(file, start=1):
                if _counts(line):
                    return line, number
    except UnicodeDecodeError as error:
        raise RecordingError(
            f"{path} must be text in UTF-8; {error.reason} at byte {error.start}."
        ) from error
    raise RecordingError(f"{path} must have rows; it has only comments.")


def _counts(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("#")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _as_numbers(cells: list[str]) -> NDArray[Any]:
    try:
        return np.array(cells, dtype=np.float64)
    except ValueError:
        return np.array(cells, dtype=str)


def pick_column(
    columns: dict[str, NDArray[Any]], names: tuple[str, ...], scale: float
) -> tuple[NDArray[Any], float] | None:
    """Take the column with one of these names out of `columns`; None if none has.

    Returned with the seconds per unit that its name tells (``time_ms``,
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
