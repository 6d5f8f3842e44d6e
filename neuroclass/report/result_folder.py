"""Result folders, written whole or not at all.

Input: the path of a folder and the command whose result it is. Output: a folder to
write into, which takes the place of the first once it is complete.
"""

from __future__ import annotations

import logging
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from neuroclass._lib.atomic import claim, naming_full_disk
from neuroclass.plotting import FIGURE_NAMES, PAIR_FIGURE_NAMES

if TYPE_CHECKING:
    import os

__all__ = ["check_kind", "write_folder"]

_log = logging.getLogger(__name__)

# File that shows which command made a result folder, the most telling first.
_KINDS = {
    "assignment.json": "assign",
    "families.json": "cluster --within",
    "pairs.csv": "discriminate",
    "groupings.csv": "compare",
    "labels.csv": "cluster",
}


@contextmanager
def write_folder(
    folder: str | os.PathLike[str], kind: str, *, force: bool
) -> Iterator[tuple[Path, Path]]:
    """Yield a folder to write into, which becomes `folder` when all is written.

    It lies beside `folder`. A new folder appears by one rename; in an existing one
    (`force`) finished files replace those of the same name, and all others stay but
    for figures of an earlier result.

    Parameters
    ----------
    folder : path
        Result folder: new or empty, unless `force`.
    kind : str
        Command whose result it is: `check_kind`.
    force : bool
        Replace the files of an earlier result of the same command.

    Yields
    ------
    target : pathlib.Path
        `folder`.
    finished : pathlib.Path
        Folder to write into.

    Raises
    ------
    FileExistsError
        If the folder holds files and `force` is False, or the result of another
        command.
    NotADirectoryError
        If `folder` is a file.
    BlockingIOError
        If another process is writing it.
    OSError
        If the disk is full: with the name of `folder`.
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
    scratch = beside / f".neuroclass-{folder.resolve().name}-{secrets.token_hex(8)}"
    with claim(folder), naming_full_disk(folder):
        scratch.mkdir(mode=0o700)
        try:
            # A folder inside: the outer one stays closed to other users.
            finished = scratch / "finished"
            finished.mkdir()
            yield folder, finished
            if folder.is_dir():
                _replace_files(finished, folder)
            else:
                finished.rename(folder)
            _log.info("wrote %s", folder)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def check_kind(folder: Path, kind: str) -> None:
    """Refuse a folder with the result of another command, whose files would stay.

    Parameters
    ----------
    folder : pathlib.Path
        Folder that a result is to be written into.
    kind : {"cluster", "cluster --within", "discriminate", "compare", "assign"}
        Command whose result it is.

    Raises
    ------
    FileExistsError
    """
    present = next((k for name, k in _KINDS.items() if (folder / name).exists()), kind)
    if present != kind:
        raise FileExistsError(
            f"folder must hold no result of another command; {folder} holds one of "
            f"`neuroclass {present}`. Choose another name."
        )


def _replace_files(source: Path, target: Path) -> None:
    """Move every file of `source` to its place in `target`, result.json last."""
    files = sorted(path for path in source.rglob("*") if path.is_file())
    # Without result.json the folder is no result: a power cut in between cannot leave
    # a mixture of two that looks like one.
    (target / "result.json").unlink(missing_ok=True)
    for path in sorted(files, key=lambda path: path.name == "result.json"):
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        path.replace(place)
    # A figure that the new result lacks would be taken for one of it.
    own = [f"figures/{name}" for name in (*FIGURE_NAMES, *PAIR_FIGURE_NAMES)]
    for name in (*own, "families"):
        for figure in [target / f"{name}.png", target / f"{name}.svg"]:
            if figure.exists() and source / figure.relative_to(target) not in files:
                figure.unlink()
