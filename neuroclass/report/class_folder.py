"""Write a result folder whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from neuroclass.plotting import FIGURE_NAMES, write_figures
from neuroclass.report.class_json import write_result_json
from neuroclass.report.class_page import write_class_page
from neuroclass.report.tables import write_labels_csv

if TYPE_CHECKING:
    import os

    from neuroclass.results.classification import ClassificationResult

__all__ = ["check_kind", "save_results", "write_result", "written_whole"]

# The file that tells what made a result folder, the most telling first.
_KINDS = {
    "families.json": "cluster --within",
    "pairs.csv": "discriminate",
    "labels.csv": "cluster",
}


def save_results(
    classification: ClassificationResult,
    folder: str | os.PathLike[str],
    *,
    force: bool = False,
    command: str | None = None,
) -> Path:
    """Write labels.csv, result.json, figures and report.html into a folder.

    Whole or not at all: `written_whole`.

    Parameters
    ----------
    classification : ClassificationResult
        What `neuroclass.classify_neurons` returns.
    folder : path
        The result folder: new or empty, unless `force`.
    force : bool, default False
        Replace the files of an earlier result.
    command : str, optional
        The command line that made it, for result.json.

    Returns
    -------
    pathlib.Path
        `folder`.

    Raises
    ------
    FileExistsError
        If the folder holds something and `force` is False, or the result of another
        command.
    NotADirectoryError
        If `folder` is a file.
    """
    with written_whole(folder, "cluster", force=force) as (target, finished):
        write_result(classification, finished, command=command)
    return target


def write_result(
    classification: ClassificationResult, folder: Path, *, command: str | None
) -> None:
    """Write the files of one result into a folder, which is made."""
    folder.mkdir(exist_ok=True)
    write_labels_csv(classification, folder / "labels.csv")
    write_result_json(classification, folder / "result.json", command=command)
    write_figures(classification, folder / "figures")
    write_class_page(folder)


@contextmanager
def written_whole(
    folder: str | os.PathLike[str], kind: str, *, force: bool
) -> Iterator[tuple[Path, Path]]:
    """Give a folder to write into that becomes `folder` when all is written.

    It lies beside the folder. A new folder appears by one rename; in an existing one
    (`force`) finished files replace those of the same name, and all others stay but
    for figures of an earlier result.

    Parameters
    ----------
    folder, force
        As in `save_results`.
    kind : str
        The command whose result it is: `check_kind`.

    Yields
    ------
    target : pathlib.Path
        `folder`.
    finished : pathlib.Path
        Where to write.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(
            f"folder must be a folder; {folder} is a file. Choose another name."
        )
    if not force and folder.is_dir() and any(folder.iterdir()):
        raise FileExistsError(
            f"folder must be new or empty; {folder} holds files. Choose another name, "
            "or replace an earlier result with force (--force)."
        )
    check_kind(folder, kind)
    parent = folder.resolve().parent
    parent.mkdir(parents=True, exist_ok=True)
    beside = folder if folder.is_dir() else parent  # for sure on the same disk
    with tempfile.TemporaryDirectory(prefix=".neuroclass-", dir=beside) as scratch:
        # A folder inside: the outer one is closed to everybody else, for good.
        finished = Path(scratch) / "finished"
        finished.mkdir()
        yield folder, finished
        if folder.is_dir():
            _replace_files(finished, folder)
        else:
            finished.rename(folder)


def check_kind(folder: Path, kind: str) -> None:
    """Refuse a folder with the result of another command, whose files would stay.

    Parameters
    ----------
    folder : pathlib.Path
        Where a result is to be written.
    kind : {"cluster", "cluster --within", "discriminate"}
        The command whose result it is.

    Raises
    ------
    FileExistsError
    """
    there = next((k for name, k in _KINDS.items() if (folder / name).exists()), kind)
    if there != kind:
        raise FileExistsError(
            f"folder must hold no result of another command; {folder} holds one of "
            f"`neuroclass {there}`. Choose another name."
        )


def _replace_files(source: Path, target: Path) -> None:
    """Move every file of `source` to its place in `target`, result.json last."""
    files = sorted(path for path in source.rglob("*") if path.is_file())
    # Without result.json the folder is plainly no result: a power cut in between
    # cannot leave a mixture of two that looks like one.
    (target / "result.json").unlink(missing_ok=True)
    for path in sorted(files, key=lambda path: path.name == "result.json"):
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        path.replace(place)
    # A figure that the new result has not would be taken for one of it.
    for name in FIGURE_NAMES:
        for figure in (target / "figures").glob(f"{name}.*"):
            if source / figure.relative_to(target) not in files:
                figure.unlink()
