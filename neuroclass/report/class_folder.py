"""Result folder of `cluster`: labels.csv, result.json, figures, page, model.npz.

And descriptions.csv, of classes that are described: `neuroclass.report.descriptions`.

Input: `ClassificationResult`. Output: a folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from neuroclass._lib.running import session_formats
from neuroclass.plotting import write_figures
from neuroclass.report.class_json import write_result_json
from neuroclass.report.class_page import write_class_page
from neuroclass.report.csv_files import write_labels_csv
from neuroclass.report.descriptions import write_descriptions_csv
from neuroclass.report.result_folder import write_folder
from neuroclass.results.class_model import MODEL_NAME

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from neuroclass.results import ClassificationResult

__all__ = ["save_results", "write_result"]


def save_results(
    classification: ClassificationResult,
    folder: str | os.PathLike[str],
    *,
    force: bool = False,
    command: str | None = None,
    formats: Sequence[str] | None = None,
) -> Path:
    """Write labels.csv, result.json, figures and report.html into a folder.

    Whole or not at all: `write_folder`.

    Parameters
    ----------
    classification : ClassificationResult
        Record of the classes.
    folder : path
        Result folder: new or empty, unless `force`.
    force : bool, default False
        Replace the files of an earlier result.
    command : str, optional
        Command line, for result.json.
    formats : sequence of str, optional
        Formats of the figures, empty for a result without figures; by default those of
        `set_options`, png and svg.

    Returns
    -------
    pathlib.Path
        `folder`.

    Raises
    ------
    FileExistsError
        If the folder holds files and `force` is False, or the result of another
        command.
    NotADirectoryError
        If `folder` is a file.
    """
    formats = session_formats() if formats is None else formats
    with write_folder(folder, "cluster", force=force) as (target, finished):
        write_result(classification, finished, command=command, formats=formats)
    return target


def write_result(
    classification: ClassificationResult,
    folder: Path,
    *,
    command: str | None,
    formats: Sequence[str],
) -> None:
    """Write the files of the result of one recording into a new folder."""
    folder.mkdir(exist_ok=True)
    write_labels_csv(classification, folder / "labels.csv")
    write_result_json(classification, folder / "result.json", command=command)
    if classification.description is not None:
        write_descriptions_csv(classification.description, folder / "descriptions.csv")
    if classification.model is not None:
        classification.model.write(folder / MODEL_NAME)
    if formats:
        write_figures(classification, folder / "figures", formats=formats)
    write_class_page(folder)
