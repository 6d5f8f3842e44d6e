"""Page of a result folder of `compare`, from the files in it alone.

Input: the folder. Output: its ``report.html``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neuroclass.report.rendering import PageFrame, read_result, write_page
from neuroclass.report.result_schema import COMPARISON_SCHEMA

__all__ = ["write_comparison_page"]


def write_comparison_page(folder: Path) -> Path:
    """Render report.html from the files of a result folder of `compare`.

    Parameters
    ----------
    folder : pathlib.Path
        With ``result.json`` and ``figures``.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    FileNotFoundError
        If the folder or one of its files is missing.
    RecordingError
        If result.json cannot be used.
    """
    frame = PageFrame(
        folder=folder,
        command="compare",
        template="comparison.html",
        captions=_CAPTIONS,
    )
    result = read_result(folder, frame.source, COMPARISON_SCHEMA, command=frame.command)

    def contents() -> dict[str, Any]:
        return {
            "title": result["input"]["name"],
            "headline": result["headline"],
            "issue_texts": [str(issue["text"]) for issue in result["issues"]],
            "numbers": [
                ("own", "With its own number of groups"),
                ("same", f"With {result['n_groups']} groups each"),
            ],
            "clear": {
                (one["name"], gain["quantity"])
                for one in result["groupings"]
                for gain in one["gains"]
                if gain["is_clear"]
            },
            "number_from": _NUMBER_FROM[result["number_from"]],
        }

    return write_page(frame, result, contents)


_NUMBER_FROM = {
    "given": "as given",
    "types": "the number of types",
    "ours": "that of the timing classes",
}
# Title, caption and place, as in `class_page`.
_CAPTIONS = {
    "contingency": (
        "Timing classes and other groupings",
        "Units by timing class (rows) and by group (columns), in the order that puts "
        "most on the diagonal; colour: share of the row.",
        "wide",
    ),
}
