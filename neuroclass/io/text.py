"""Columns of text tables (csv, tsv, txt, dat), by the names in their first line.

Input: the path of a table. Output: its columns as arrays. Columns may be separated by
commas, semicolons, tabs or white space; where commas do not separate columns they may
be decimal commas.
"""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.wording import some
from neuroclass.exceptions import RecordingError

__all__ = [
    "column_keys",
    "has_names",
    "is_number",
    "padded_numbers",
    "plain_name",
    "pop_column",
    "read_number_lines",
    "read_text_columns",
]

_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "msecs", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "usec", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("\N{MICRO SIGN}s", "\N{GREEK SMALL LETTER MU}s"), 1e-6),
}
_COMMENTS = ("#", "%", "//")
_LONGEST_NAME = 1000
_LONGEST_CELL = 1 << 27  # characters: six million spike times
_DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?|[-+]?\d+|nan|NaN|")


def read_text_columns(
    path: Path, *, single: str | None = None, names: tuple[str, ...] | None = None
) -> dict[str, NDArray[Any]]:
    """Return the columns of a text table, numbers where all are numbers.

    Parameters
    ----------
    path : pathlib.Path
        Path of a table; empty lines are ignored, and those that begin with ``#``,
        ``%`` or ``//``.
    single : str, optional
        Name of the column of a table of numbers without names; None refuses one.
    names : tuple of str, optional
        Names of the columns of a table without names.

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
    delimiter = _delimiter([header, *(line for _, line in islice(_lines(path), 1, 3))])
    found = _cells_of(header, delimiter, path)
    longest = max(map(len, found))
    if longest > _LONGEST_NAME:
        raise RecordingError(
            f"{path} must be a table of numbers and short texts; its first line has a "
            f"name of {longest} characters. Correct it."
        )
    if all(is_number(name, delimiter) for name in found):
        if names is None and (single is None or len(found) != 1):
            raise RecordingError(
                f"{path} must name its columns in the first line, for example "
                f"unit,time; got {header.strip()[:60]!r}. Add that line."
            )
        if names is not None and len(names) != len(found):
            raise RecordingError(
                f"{path} must have the columns {', '.join(names)}; got "
                f"{len(found)}: {header.strip()[:60]!r}. Name them in the first line."
            )
        found = list(names or (str(single),))
        n_passed -= 1
        lines = _lines(path)
    lowered = [name.lower() for name in found]
    if len(set(lowered)) < len(found):
        twice = next(name for name in found if lowered.count(name.lower()) > 1)
        raise RecordingError(
            f"{path} must name its columns differently; {twice!r} is there twice. "
            "Rename one in the first line."
        )
    try:
        # Plain numbers take the fast way; a table without rows is refused below.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = np.loadtxt(
                path, delimiter=delimiter, skiprows=n_passed, ndmin=2, encoding="utf-8"
            )
        if values.size and values.shape[1] == len(found):
            return dict(zip(found, values.T, strict=True))
    except ValueError:
        pass  # text in some column, or a broken row, which is named below
    rows = _rows(lines, delimiter, path)
    if not rows:
        raise RecordingError(
            f"{path} must have rows below {header.strip()[:60]!r}; it has none. "
            "Export it again."
        )
    for number, row in enumerate(rows, start=1):
        if len(row) != len(found):
            raise RecordingError(
                f"{path}: row {number} must have {len(found)} columns "
                f"({some(found)}); got {len(row)}. Correct the row."
            )
    columns = zip(*rows, strict=True)
    return {
        name: _as_numbers([cell.strip() for cell in column], delimiter)
        for name, column in zip(found, columns, strict=True)
    }


def has_names(path: Path) -> bool:
    """Whether the first line of a table names its columns, rather than being data."""
    _, header = next(_lines(path), (0, ""))
    if not header:
        return True
    delimiter = _delimiter([header, *(line for _, line in islice(_lines(path), 1, 3))])
    cells = [cell for cell in _cells_of(header, delimiter, path) if cell]
    return not all(is_number(cell, delimiter) for cell in cells)


def read_number_lines(path: Path) -> list[NDArray[np.float64]]:
    """Return the numbers of each line of a file without names."""
    first = [line for _, line in islice(_lines(path), 3)]
    delimiter = _delimiter(first)
    rows = []
    for number, line in _lines(path):
        cells = [cell for cell in _cells_of(line, delimiter, path) if cell]
        row = _as_numbers(cells, delimiter) if cells else np.empty(0)
        if row.dtype.kind not in "iuf":
            bad = next(cell for cell in cells if not is_number(cell, delimiter))
            raise RecordingError(
                f"{path}: line {number} must hold numbers; got {bad!r}. Correct it, or "
                "name the columns in the first line."
            )
        rows.append(row)
    return rows


def _delimiter(lines: list[str]) -> str | None:
    """Return what separates columns; None: white space."""
    counts = {mark: [line.count(mark) for line in lines] for mark in "\t;,|"}
    for number in counts.values():
        # A mark that is in all lines alike; rows of spike times differ in length.
        if number and number[0] and len(set(number)) == 1:
            return next(mark for mark in counts if counts[mark] is number)
    best = max(counts, key=lambda mark: sum(counts[mark][:1]))
    if any(counts[best][:1]):
        return best
    # A header may have spaces in its one name: the rows below it decide.
    widths = {len(line.split()) for line in lines[1:] or lines} or {1}
    return None if max(widths) > 1 else ","


def _cells_of(line: str, delimiter: str | None, path: Path) -> list[str]:
    (cells,) = _rows(iter([(1, line)]), delimiter, path) or [[]]
    return [cell.strip() for cell in cells]


def _rows(
    lines: Iterator[tuple[int, str]], delimiter: str | None, path: Path
) -> list[list[str]]:
    if delimiter is None:
        return [line.split() for _, line in lines]
    # A cell may hold all spike times of a unit; Python allows 131,072 characters.
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_CELL))
    try:
        return list(csv.reader((line for _, line in lines), delimiter=delimiter))
    except csv.Error as error:
        raise RecordingError(
            f"{path} must be a table of numbers and short texts: {error}. Correct or "
            "remove that cell."
        ) from error


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield lines other than comments, each with its number in the file from 1."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, line in enumerate(file, start=1):
                if "\0" in line:
                    raise RecordingError(
                        f"{path} must be text; line {number} holds zero bytes, as a "
                        "file does that was not written to its end. Copy it again."
                    )
                if line.strip() and not line.startswith(_COMMENTS):
                    yield number, line
    except UnicodeDecodeError as error:
        raise RecordingError(
            f"{path} must be text in UTF-8; got other bytes ({error.reason}). Save it "
            "again in that encoding."
        ) from error


def is_number(cell: object, delimiter: str | None = ",") -> bool:
    """Whether a cell of a table is a number, with a decimal comma where it may be."""
    text = str(cell)
    if delimiter != "," and _DECIMAL_COMMA.fullmatch(text) and text:
        text = text.replace(",", ".")
    try:
        float(text)
    except ValueError:
        return False
    return True


def _as_numbers(cells: list[str], delimiter: str | None) -> NDArray[Any]:
    values = cells
    if delimiter != "," and all(_DECIMAL_COMMA.fullmatch(cell) for cell in cells):
        values = [cell.replace(",", ".") for cell in cells]
    try:
        return np.array(values, dtype=np.float64)
    except ValueError:
        return np.array(cells, dtype=str)


def padded_numbers(column: NDArray[Any]) -> NDArray[np.float64] | None:
    """Return the numbers of a column up to its padding: empty cells, or NaN.

    None where it holds text, or a number behind the padding.
    """
    cells = column
    if column.dtype.kind == "U":
        is_decimal = all(_DECIMAL_COMMA.fullmatch(cell) for cell in column.tolist())
        cells = np.char.replace(column, ",", ".") if is_decimal else column
        cells = np.where(np.char.str_len(cells) == 0, "nan", cells)
    try:
        numbers = cells.astype(np.float64)
    except ValueError:
        return None
    given = ~np.isnan(numbers)
    n_given = int(given.sum())
    return numbers[:n_given] if given[:n_given].all() else None


def plain_name(name: str) -> tuple[str, float | None]:
    """Return a column's name in plain form, and the seconds per unit that it states.

    ``Spike Time [ms]``, ``spike-time_ms`` and ``spike_time (ms)`` are one name.
    """
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip())  # spikeTimes, TimeMs
    words = re.sub(r"[^\w]+", "_", apart.lower()).strip("_")
    words = re.sub(r"__+", "_", words)
    stem, _, unit = words.rpartition("_")
    if stem and unit in _UNITS:
        return stem, _UNITS[unit]
    return words, None


def column_keys(columns: dict[str, NDArray[Any]], names: tuple[str, ...]) -> list[str]:
    """Return the columns that have one of these names, in the order of the names."""
    plain = {key: plain_name(key)[0] for key in columns}
    return [
        key for name in names for key in columns if name in (plain[key], key.lower())
    ]


def pop_column(
    columns: dict[str, NDArray[Any]], names: tuple[str, ...], scale: float
) -> tuple[NDArray[Any], float] | None:
    """Remove and return the column with one of these names, or None.

    The column is returned with the seconds per unit by its name (``time_ms``,
    ``time [ms]``), or else `scale`. Of several the earliest of the names counts.
    """
    keys = column_keys(columns, names)
    if not keys:
        return None
    stated = plain_name(keys[0])[1] if keys[0].lower() not in names else None
    return columns.pop(keys[0]), scale if stated is None else stated
