"""Tables of result folders, as csv.

Input: records and their tables. Output: files. ``labels.csv`` has one row per unit of
the recording, in its order, and these columns:

========================  ==========================================================
``unit_id``               as in the recording
``label``                 class, 0 the largest; empty where the unit was left out or
                          is unassigned; units set aside have the class they are
                          assigned to
``n_spikes``              in the whole recording; of pooled recordings, in the stimuli
                          that they have in common
``firing_rate_hz``        inside the presentations
``information_bits``      identity information, in bits per word; empty where left
                          out
``is_silent``             ``true`` if there is no spike inside the presentations
``reason``                why the unit was left out, or set aside: such as
                          ``silent: no spike in the presentations`` or
                          ``unresponsive: its response does not repeat``; or that it
                          is unassigned: ``unassigned: confidence below 0.6``; empty
                          otherwise
``recording``             name of the recording of the unit
``subclass``              such as ``0.1``: a side of a real split inside the class;
                          empty where there is none
``information_low_bits``  95 % interval of ``information_bits``, and
``information_high_bits``
``stability``             share of resampled stimuli in which the unit stays in its
                          class; empty without resampling
``drift_q_value``         q-value of the test that its repeats are exchangeable; below
                          .05 the unit drifts
``takes_part``            ``true`` if the unit made the classes; one that did not may
                          have been assigned to one of them
``confidence``            probability of its class rather than the second best;
                          empty by the criterion "word", where there is no class, and
                          for the only unit of one
``x_um``, ``y_um``        position, in micrometres; empty where it was not given
========================  ==========================================================
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from neuroclass._lib.csv_cells import as_cell, from_cell
from neuroclass.exceptions import RecordingError

if TYPE_CHECKING:
    import os

    from neuroclass.results import ClassificationResult

__all__ = ["LABEL_COLUMNS", "read_rows", "write_labels_csv", "write_table"]

LABEL_COLUMNS = (
    "unit_id",
    "label",
    "n_spikes",
    "firing_rate_hz",
    "information_bits",
    "is_silent",
    "reason",
    "recording",
    "subclass",
    "information_low_bits",
    "information_high_bits",
    "stability",
    "drift_q_value",
    "takes_part",
    "confidence",
    "x_um",
    "y_um",
)


def write_labels_csv(
    classification: ClassificationResult, path: str | os.PathLike[str]
) -> Path:
    """Write labels.csv: one row per unit of the recording, in its order.

    Parameters
    ----------
    classification : ClassificationResult
        Record of the classes.
    path : path
        File to write.

    Returns
    -------
    pathlib.Path
        `path`.
    """
    path = Path(path)
    write_table(classification.to_frame()[list(LABEL_COLUMNS)], path)
    return path


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as csv: six digits, ``true`` and ``false``, and no formulas."""
    words: dict[str, list[Any]] = {}
    for name, column in table.items():
        values = column.tolist()
        if column.dtype.kind == "b":
            words[str(name)] = ["true" if value else "false" for value in values]
        elif column.dtype.kind == "f":
            # pandas takes four times as long for the same text.
            words[str(name)] = [f"{v:.6g}" if v == v else "" for v in values]
        elif not pd.api.types.is_numeric_dtype(column):
            # Names occur in many rows of pairs.
            texts = {value for value in values if isinstance(value, str)}
            cells = {text: as_cell(text) for text in texts}
            words[str(name)] = [
                cells[value] if isinstance(value, str) else value for value in values
            ]
    written = {
        name: pd.Series(cells, index=table.index, dtype=object)
        for name, cells in words.items()
    }
    table.assign(**written).to_csv(path, index=False, lineterminator="\n")


def read_rows(
    path: Path, where: Mapping[str, Iterable[str]] | None = None
) -> tuple[list[str], list[dict[str, str]]]:
    """Return the columns and rows of a table of a result folder.

    Parameters
    ----------
    path : path
        The table.
    where : mapping of str to iterable of str, optional
        Texts of some of the columns; other rows are left out.

    Raises
    ------
    RecordingError
        If it is no csv in UTF-8, or a row has more or fewer cells than there are
        columns.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            columns, *rows = csv.reader(file)
    except (ValueError, csv.Error) as error:  # also where there is no first line
        raise RecordingError(
            f"{path} must be a table in UTF-8 that neuroclass wrote; it cannot be read "
            f"({error}). Run the command again."
        ) from error
    for number, row in enumerate(rows, start=1):
        if len(row) != len(columns):
            raise RecordingError(
                f"{path}: row {number} must have {len(columns)} cells; got {len(row)}. "
                "Run the command again."
            )
    for name, texts in (where or {}).items():
        place, cells = columns.index(name), {as_cell(text) for text in texts}
        rows = [row for row in rows if row[place] in cells]
    return columns, [
        dict(zip(columns, map(from_cell, row), strict=True)) for row in rows
    ]
