"""Positions of units, from unit columns or a file, and the mosaics of their classes.

Input: where the positions are, the recording and its classes. Output: `CellPositions`;
`CellMosaics`, with the issues.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.issues import Issue
from neuroclass._lib.wording import plural, some
from neuroclass.mosaics import measure_mosaics
from neuroclass.results.cell_mosaics import CellMosaics

__all__ = ["CellPositions", "mosaics_of_classes", "read_positions"]

_ELECTRODES = "electrode"  # what columns of the positions of electrodes begin with
_FEWEST = 3
_HEADER = (
    ("unit_id", "unit", "id"),
    ("x_um", "x"),
    ("y_um", "y"),
    ("radius_um", "radius"),
)


@dataclass(frozen=True, eq=False)
class CellPositions:
    """Positions of the units of a recording, in its order.

    Attributes
    ----------
    positions : ndarray of shape (n_units, 2)
        x and y, in micrometres; nan for units without.
    radii : ndarray of shape (n_units,) or None
        Radii of receptive fields, in micrometres.
    source : str
        Where they are from, for reports.
    is_of_electrodes : bool
        Whether they are those of electrodes.
    """

    positions: NDArray[np.float64]
    radii: NDArray[np.float64] | None
    source: str
    is_of_electrodes: bool


def read_positions(source: str | Path, recording: neo.Block) -> CellPositions:
    """Read the positions of units.

    Parameters
    ----------
    source : str or Path
        Two or three unit columns with commas between, such as ``x_um,y_um,radius_um``;
        or a csv file with the columns unit_id, x, y and optionally radius.
    recording : neo.Block
        Recording of the units.

    Returns
    -------
    CellPositions

    Raises
    ------
    FileNotFoundError
        If it is neither columns of the units nor a file.
    ValueError
        If columns are missing or hold no numbers, or fewer than 3 units have a
        position.
    """
    trains = recording.segments[0].spiketrains
    names = str(source).split(",")
    columns = sorted({key for train in trains for key in train.annotations})
    if len(names) in (2, 3) and set(names) <= set(columns):
        rows = [[train.annotations.get(name) for name in names] for train in trains]
        found = _as_numbers(rows, f"units columns {', '.join(names)}")
        is_of_electrodes = all(n.startswith(_ELECTRODES) for n in names[:2])
        text = f"units columns {', '.join(names)}"
    else:
        path = Path(source)
        if not path.is_file():
            raise FileNotFoundError(
                "positions must be two or three units columns, such as x_um,y_um "
                f"(there are {some(columns, 12) or 'none'}), or a csv file with the "
                f"columns unit_id, x and y; got {str(source)!r}."
            )
        found = _read_csv(path, [str(t.annotations["unit_id"]) for t in trains])
        is_of_electrodes, text = False, str(path)
    placed = np.isfinite(found[:, :2]).all(axis=1)
    if placed.sum() < _FEWEST:
        raise ValueError(
            f"positions must be of {_FEWEST} units or more; {text} has "
            f"{plural(int(placed.sum()), 'position', 'positions')} for "
            f"{plural(len(trains), 'unit', 'units')}. Are the unit ids the same?"
        )
    found[~placed, :2] = np.nan
    return CellPositions(
        positions=found[:, :2],
        radii=found[:, 2] if found.shape[1] > 2 else None,
        source=text,
        is_of_electrodes=is_of_electrodes,
    )


def _read_csv(path: Path, unit_ids: list[str]) -> NDArray[np.float64]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            header = [str(name).strip() for name in reader.fieldnames or ()]
            reader.fieldnames = header
            rows = list(reader)
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise ValueError(
            f"positions must be a csv file; {path} cannot be read as one ({error})."
        ) from error
    chosen = [next((n for n in names if n in header), None) for names in _HEADER]
    if None in chosen[:3]:
        raise ValueError(
            "positions must have the columns unit_id, x and y (and radius, if it is "
            f"known), in micrometres; {path} has {some(header, 12) or 'none'}."
        )
    named = [name for name in chosen if name is not None]
    of_unit: dict[str, list[Any]] = {}
    for row in rows:
        unit = str(row[named[0]]).strip()
        if unit in of_unit:
            raise ValueError(
                f"positions must have one row for each unit; {path} has several for "
                f"{unit}."
            )
        of_unit[unit] = [row[name] for name in named[1:]]
    empty = [None] * (len(named) - 1)
    return _as_numbers([of_unit.get(unit, empty) for unit in unit_ids], str(path))


def _as_numbers(rows: list[list[Any]], source: str) -> NDArray[np.float64]:
    """Return numbers, nan for cells that are empty."""
    values = np.full((len(rows), len(rows[0])), np.nan)
    for k, row in enumerate(rows):
        for column, cell in enumerate(row):
            if cell is None or (isinstance(cell, str) and not cell.strip()):
                continue
            try:
                values[k, column] = float(cell)
            except (TypeError, ValueError) as error:
                raise ValueError(
                    f"positions must be numbers, in micrometres; {source} has {cell!r}."
                ) from error
    values[~np.isfinite(values)] = np.nan
    return values


def mosaics_of_classes(
    cells: CellPositions,
    labels: NDArray[np.intp],
    unit_ids: tuple[Any, ...],
    random_state: int,
    response_correlations: NDArray[np.float64] | None = None,
) -> tuple[CellMosaics, tuple[Issue, ...]]:
    """Measure the mosaics of classes, and name the units that have no position.

    Parameters
    ----------
    cells : CellPositions
        Positions of the units.
    labels : ndarray of int, (n_units,)
        Classes of the units that are judged, -1 for others.
    unit_ids : tuple
        Their ids.
    random_state : int
        Seed.
    response_correlations : ndarray of shape (n_classes, n_classes), optional
        How alike the classes respond.
    """
    missing = (labels >= 0) & ~np.isfinite(cells.positions).all(axis=1)
    issues: tuple[Issue, ...] = ()
    if missing.any():
        names = tuple(unit_ids[k] for k in np.flatnonzero(missing))
        have = (
            "has no position and keeps its"
            if len(names) == 1
            else ("have no position and keep their")
        )
        issues = (
            Issue(
                "positions",
                f"{plural(len(names), 'unit', 'units')} of a class {have} label: "
                f"{some(list(map(str, names)), 12)}.",
                names,
                is_warned=False,
            ),
        )
    found = measure_mosaics(
        cells.positions,
        labels,
        radii=cells.radii,
        response_correlations=response_correlations,
        random_state=random_state,
    )
    return (
        CellMosaics(
            positions=cells.positions,
            radii=cells.radii,
            source=cells.source,
            is_of_electrodes=cells.is_of_electrodes,
            mosaics=found,
        ),
        issues,
    )
