"""Links of HDF5 files to other files, which a received file may point anywhere.

Input: the path of a file. Output: nothing, or an error in one line where a link leads
out of the folder of the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py

from neuroclass.exceptions import RecordingError

__all__ = ["check_links"]


def check_links(path: Path) -> None:
    """Refuse a file with links to files outside its folder that exist.

    Data may lie in other files beside it, as pynwb writes them. A link to anywhere
    else would let a file from someone else read what its reader may read. What is not
    there cannot be read: the reader decides whether it does without.

    Raises
    ------
    RecordingError
        Which names the link and the option that follows it.
    """
    folder = path.resolve().parent

    def visit(name: str, link: Any) -> tuple[str, Path] | None:
        if isinstance(link, h5py.ExternalLink):
            target = (folder / link.filename).resolve()
            if target.exists() and not target.is_relative_to(folder):
                return name, target
        return None  # which goes on

    with h5py.File(path, "r") as file:
        found = file.visititems_links(visit)
    if found is not None:
        name, target = found
        raise RecordingError(
            f"{path}: its link {name} leads out of its folder, to {target}. Where that "
            "is right, follow it with follow_links (--follow-links)."
        )
