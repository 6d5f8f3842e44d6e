"""Page of a result folder of any command.

Input: the folder. Output: its ``report.html``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from neuroclass.report.class_page import write_class_page
from neuroclass.report.comparison import write_comparison_page
from neuroclass.report.family_page import write_family_page
from neuroclass.report.pair_page import write_pair_page

if TYPE_CHECKING:
    import os

__all__ = ["write_report"]


def write_report(folder: str | os.PathLike[str]) -> Path:
    """Render report.html from the files of a result folder.

    The page holds its figures and its style, needs no network and runs no script.

    Parameters
    ----------
    folder : path
        A result folder of ``neuroclass cluster``, with ``--within`` or without, of
        ``neuroclass discriminate`` or of ``neuroclass compare``.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    FileNotFoundError
        If the folder or one of its files is missing.
    RecordingError
        If one of the files cannot be used.
    """
    folder = Path(folder)
    if (folder / "families.json").is_file():
        return write_family_page(folder)
    if (folder / "pairs.csv").is_file():
        return write_pair_page(folder)
    if (folder / "groupings.csv").is_file():
        return write_comparison_page(folder)
    return write_class_page(folder)
