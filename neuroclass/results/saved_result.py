"""Results read back from their folder.

Input: a folder that `neuroclass cluster` or ``Classification.save`` wrote. Output: its
table of units, merge tree and information curve.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroclass._lib.csv_cells import from_cell
from neuroclass._lib.wording import some

__all__ = ["SavedResult", "read_result"]

_FORMAT_VERSION = 2


@dataclass(frozen=True, repr=False)
class SavedResult:
    """The result of a classification, as it was saved.

    Attributes
    ----------
    folder : pathlib.Path
        The folder.
    table : pandas.DataFrame
        One row per unit with its label, as in ``labels.csv``.
    content : dict
        All that ``result.json`` holds.
    """

    folder: Path
    table: pd.DataFrame
    content: dict[str, Any]

    def __repr__(self) -> str:
        return (
            f"SavedResult({self.n_clusters} classes of {len(self.table)} units in "
            f"{self.folder})"
        )

    @property
    def labels(self) -> NDArray[np.int64]:
        """Class of each unit, -1 for units left out; shape (n_units,)."""
        labels = self.table["label"].to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(np.isnan(labels), -1, labels).astype(np.int64)

    @property
    def unit_ids(self) -> tuple[Any, ...]:
        """Ids of the units."""
        return tuple(self.table["unit_id"].tolist())

    @property
    def n_clusters(self) -> int:
        """Number of classes."""
        return int(self.content["n_clusters"])

    @property
    def tree(self) -> dict[str, Any]:
        """Merge tree of the classes."""
        return dict(self.content["merge_tree"])

    @property
    def curve(self) -> pd.DataFrame:
        """Class information by number of classes, with its interval and its unit."""
        curve = self.content["information_curve"]
        bits = np.array(curve["information"], dtype=float)
        interval = curve.get("interval") or [[None, None]] * bits.size
        low, high = np.array(interval, dtype=float).T
        return pd.DataFrame(
            {
                "n_clusters": np.arange(1, bits.size + 1),
                "information": bits,
                "low": low,
                "high": high,
                "unit": curve["unit"],
            }
        )


def read_result(folder: str | Path) -> SavedResult:
    """Read the result of a classification from its folder.

    Parameters
    ----------
    folder : str or path
        Folder with ``labels.csv`` and ``result.json``.

    Returns
    -------
    SavedResult

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or it lacks a file.
    ValueError
        If the files are of another format, or damaged.

    Examples
    --------
    >>> read_result("movie1_classes").labels  # doctest: +SKIP
    array([0, 2, 1, ...])
    """
    folder = Path(folder)
    for name in ("labels.csv", "result.json"):
        if not (folder / name).is_file():
            found = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
            raise FileNotFoundError(
                f"{folder} must hold {name}, as a result folder of a classification "
                f"does; it holds {some(found, 8) or 'nothing'}. Give that folder."
            )
    try:
        content = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError(f"it holds {type(content).__name__}")
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{folder / 'result.json'} must be JSON: {error}. Run the command again."
        ) from error
    version = content.get("format_version")
    if version != _FORMAT_VERSION or "n_clusters" not in content:
        raise ValueError(
            f"{folder} must hold the classification of format {_FORMAT_VERSION}; got "
            f"format {version}. Run the command again."
        )
    try:
        table = pd.read_csv(folder / "labels.csv", keep_default_na=True)
        lacking = {"unit_id", "label"} - set(table.columns)
        if lacking:
            raise ValueError(f"it lacks {', '.join(sorted(lacking))}")
    except (ValueError, pd.errors.ParserError) as error:
        raise ValueError(
            f"{folder / 'labels.csv'} must be the table of a classification: {error}. "
            "Run the command again."
        ) from error
    for column in table.select_dtypes(exclude=["number", "bool"]):
        table[column] = table[column].map(
            lambda cell: from_cell(cell) if isinstance(cell, str) else cell
        )
    return SavedResult(folder, table, content)
