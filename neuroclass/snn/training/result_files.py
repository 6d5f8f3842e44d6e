"""Files of an evaluation and of a diagnosis, as the commands write them.

Input: an `Evaluation` or a `Diagnosis`, and a folder. Output: all figures as JSON, the
table as CSV, and a figure; each file is written beside and then renamed.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from neuroclass._lib.atomic import write_beside
from neuroclass._lib.json_text import json_text, plain
from neuroclass.snn.models import Diagnosis
from neuroclass.snn.training.curves import plot_diagnosis, plot_evaluation
from neuroclass.snn.training.evaluation import Evaluation

__all__ = ["write_diagnosis", "write_evaluation"]


def write_evaluation(evaluation: Evaluation, folder: str | Path) -> Path:
    """Write ``evaluation.json``, ``.csv`` and ``.png``; return the path of the first.

    Parameters
    ----------
    evaluation : Evaluation
        What `evaluate_model` returned.
    folder : str or Path
        Made if it is missing.
    """
    return _write(
        Path(folder) / "evaluation.json",
        evaluation.as_dict(),
        evaluation.rows(),
        plot_evaluation(evaluation),
    )


def write_diagnosis(diagnosis: Diagnosis, folder: str | Path) -> Path:
    """Write ``diagnosis.json``, ``.csv`` and ``.png``; return the path of the first.

    Parameters
    ----------
    diagnosis : Diagnosis
        What `diagnose` returned.
    folder : str or Path
        Made if it is missing.
    """
    return _write(
        Path(folder) / "diagnosis.json",
        diagnosis.as_dict(),
        diagnosis.rows(),
        plot_diagnosis(diagnosis),
    )


def _write(
    path: Path, values: dict[str, Any], rows: Sequence[dict[str, Any]], figure: Figure
) -> Path:
    with write_beside(path) as beside:
        beside.write_text(json_text(plain(values)) + "\n", encoding="utf-8")
    with (
        write_beside(path.with_suffix(".csv")) as beside,
        beside.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    with write_beside(path.with_suffix(".png")) as beside:
        figure.savefig(beside, format="png", dpi=150)
    return path
