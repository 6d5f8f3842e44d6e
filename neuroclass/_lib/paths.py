"""Paths that must exist, with one wording wherever they are first looked at."""

from __future__ import annotations

from pathlib import Path

__all__ = ["check_exists"]


def check_exists(path: Path) -> None:
    """Refuse a path where nothing is.

    Raises
    ------
    FileNotFoundError
        If neither a file nor a folder is there.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} must be an existing file; nothing is there.")
