"""The page of recordings that were classified apart, from what lies in their folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from neuroclass.plotting import class_colors
from neuroclass.report.rendering import (
    existing,
    figure_address,
    read_result,
    settings_as_text,
    write_page,
)

__all__ = ["write_family_page"]


def write_family_page(folder: Path) -> Path:
    """Render report.html from the files of a result folder of `cluster --within`.

    Parameters
    ----------
    folder : Path
        With ``families.json`` and its figure.

    Returns
    -------
    pathlib.Path
        The page, which leads to that of each recording.

    Raises
    ------
    FileNotFoundError
        If the folder or one of its files is missing.
    RecordingError
        If families.json cannot be used.
    """
    source = "families.json"
    result = read_result(existing(folder, source, command="cluster --within"))
    figures = {"families": figure_address(folder, "families", command="cluster")}

    def context() -> dict[str, Any]:
        recordings, families = result["recordings"], result["families"]
        n_shared = sum(
            all(n > 0 for n in one["n_neurons"].values()) for one in families
        )
        return {
            "result": result,
            "title": " + ".join(one["name"] for one in recordings),
            "figures": figures,
            "captions": _CAPTIONS,
            "colors": class_colors(len(families)),
            "headline": (
                f"{n_shared} of {len(families)} families of classes are in all "
                f"{len(recordings)} recordings"
            ),
            "settings": settings_as_text(result),
            "pages": [f"{quote(one['folder'])}/report.html" for one in recordings],
        }

    return write_page(folder, source, "families.html", context)


# Title, how to read it, and its place in the page, as in `class_page`.
_CAPTIONS = {
    "families": (
        "Responses by family",
        "Mean firing rate of the classes that were matched, one line per recording, "
        "over its peak: what families share, and what only one recording shows.",
        "wide",
    ),
}
