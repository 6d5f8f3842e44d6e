"""Atomic replacement of files: write beside, then rename.

Input: the path of a file. Output: a path in the same folder to write to, which takes
the place of the first once it is complete.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["write_beside"]


@contextmanager
def write_beside(path: Path) -> Iterator[Path]:
    """Yield a path beside `path`; rename it to `path` on success, else remove it.

    What is at `path` is thus either as it was or complete, after a power cut too.
    Missing folders are made; permissions of a file that is replaced stay.

    Parameters
    ----------
    path : pathlib.Path
        The file to write.

    Yields
    ------
    pathlib.Path
        Where to write; of the same suffix, hidden.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Named by us, not by tempfile, whose files only their maker may read.
    beside = path.with_name(f".{path.stem}.{uuid.uuid4().hex[:12]}{path.suffix}")
    try:
        yield beside
        with beside.open("r+b") as file:
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
