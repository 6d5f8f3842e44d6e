"""Page of a result folder of `cluster --within`, from the files in it alone.

Input: the folder. Output: its ``report.html``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from neuroclass.exceptions import RecordingError
from neuroclass.plotting import class_colors
from neuroclass.report.rendering import PageFrame, read_result, write_page
from neuroclass.report.result_schema import FAMILY_SCHEMA

__all__ = ["write_family_page"]


def write_family_page(folder: Path) -> Path:
    """Render report.html from the files of a result folder of `cluster --within`.

    Parameters
    ----------
    folder : pathlib.Path
        With ``families.json`` and its figure.

    Returns
    -------
    pathlib.Path
        The page, which links that of each recording.

    Raises
    ------
    FileNotFoundError
        If the folder or one of its files is missing.
    RecordingError
        If families.json cannot be used.
    """
    frame = PageFrame(
        folder=folder,
        command="cluster --within",
        template="families.html",
        captions=_CAPTIONS,
        source="families.json",
        figures="",
    )
    result = read_result(folder, frame.source, FAMILY_SCHEMA, command=frame.command)
    for one in result["recordings"]:
        # The page links it: nothing but a folder beside it.
        if one["folder"] != Path(one["folder"]).name or not one["folder"]:
            raise RecordingError(
                f"{folder / frame.source} must name folders inside {folder}; got "
                f"{one['folder']!r}. Run `neuroclass {frame.command}` again."
            )

    def contents() -> dict[str, Any]:
        recordings, families = result["recordings"], result["families"]
        n_shared = sum(
            all(n > 0 for n in one["n_neurons"].values()) for one in families
        )
        return {
            "title": " + ".join(one["name"] for one in recordings),
            "headline": (
                f"{n_shared} of {len(families)} families of classes are in all "
                f"{len(recordings)} recordings"
            ),
            "issue_texts": [],
            "colors": class_colors(len(families)),
            "pages": [f"{quote(one['folder'])}/report.html" for one in recordings],
        }

    return write_page(frame, result, contents)


# Title, caption and place, as in `class_page`.
_CAPTIONS = {
    "families": (
        "Responses by family",
        "Mean firing rate of the matched classes over its peak, one line per "
        "recording.",
        "wide",
    ),
}
