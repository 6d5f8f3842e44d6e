"""Reference labels of units, from a units column, a labels.csv or a result folder.

Input: a reference and the recording whose units it labels.
Output: the label of each unit, and the agreement of classes with these labels.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass import clustering  # scikit-learn is loaded for a reference only
from neuroclass._lib.csv_cells import from_cell

if TYPE_CHECKING:
    from neuroclass.clustering import Agreement

__all__ = ["agreement_with", "read_reference"]


def read_reference(
    reference: str | Path, recording: neo.Block, *, argument: str = "reference"
) -> tuple[str, dict[str, Any]]:
    """Read a reference labelling: its name, and the label of each unit id (as str).

    Parameters
    ----------
    reference : str or Path
        A units column of the recording, a ``labels.csv``, or the result folder that
        holds one.
    recording : neo.Block
        Recording of the labelled units.
    argument : str, default "reference"
        Name of the argument, for messages.

    Returns
    -------
    name : str
        Origin of the labels, for reports.
    labels : dict
        Label of each labelled unit, by its id.

    Raises
    ------
    FileNotFoundError
        If it is neither a column nor a file.
    ValueError
        If the file has not the columns ``unit_id`` and ``label``.
    """
    trains = recording.segments[0].spiketrains
    is_column = any(str(reference) in train.annotations for train in trains)
    if is_column:
        column = {
            str(train.annotations["unit_id"]): train.annotations.get(str(reference))
            for train in trains
        }
        labelled = {
            unit: value
            for unit, value in column.items()
            if not _is_missing(value, str(reference))
        }
        return f"units column {reference}", labelled
    path = Path(reference)
    if path.is_dir():
        path = path / "labels.csv"
    if not path.is_file():
        columns = sorted({key for train in trains for key in train.annotations})
        raise FileNotFoundError(
            f"{argument} must be a units column ({', '.join(columns)}), a labels.csv "
            f"or a result folder; got {str(reference)!r}."
        )
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} must be a labels.csv in UTF-8: {error}.") from error
    if not rows or not {"unit_id", "label"} <= set(rows[0]):
        raise ValueError(f"{path} must have the columns unit_id and label.")
    return str(path), {
        from_cell(row["unit_id"]): from_cell(row["label"])
        for row in rows
        if row["label"] and row["unit_id"] is not None
    }


def _is_missing(value: Any, column: str) -> bool:
    """Return whether a cell of a units column holds no label."""
    if column == "neuroclass_label" and value == -1:  # ours: left out
        return True
    return value is None or value == "" or value != value  # nan differs from itself


def agreement_with(
    reference: str | Path,
    recording: neo.Block,
    unit_ids: Sequence[Any],
    labels: NDArray[np.intp],
    random_state: np.random.Generator | int | None = None,
) -> Agreement:
    """Compute the agreement of classes with a reference, on the units in both.

    Parameters
    ----------
    reference : str or Path
        As in `read_reference`.
    recording : neo.Block
        Recording of the units.
    unit_ids : sequence, (n_units,)
        Ids of the classified units.
    labels : ndarray of int, (n_units,)
        Their classes.
    random_state : int, numpy.random.Generator or None
        Seed or generator of the permutations of `compare_labels`.

    Returns
    -------
    Agreement

    Raises
    ------
    ValueError
        If fewer than two units are in both.
    """
    name, reference_labels = read_reference(reference, recording)
    shared = [k for k, unit in enumerate(unit_ids) if str(unit) in reference_labels]
    if len(shared) < 2:
        raise ValueError(
            f"reference must label at least two of the classified units; {name} "
            f"labels {len(shared)} of {len(unit_ids)}. Are its unit ids the same?"
        )
    return clustering.compare_labels(
        labels[shared],
        [str(reference_labels[str(unit_ids[k])]) for k in shared],
        name=name,
        random_state=random_state,
    )
