"""Text in cells of csv files that no spreadsheet takes for a formula.

Input: a text, such as the name of a unit. Output: the text of its cell, and back.

A cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return is run by
spreadsheets as a formula, which can start programs and send files. An apostrophe before
it makes it text; our readers take the apostrophe away again.
"""

from __future__ import annotations

import re

__all__ = ["as_cell", "from_cell"]

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED = re.compile(r"''*[=+\-@\t\r]")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def as_cell(text: str) -> str:
    """Return a text as the cell that shows it; numbers stay as they are."""
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def from_cell(cell: str) -> str:
    """Return the text that `as_cell` made a cell of."""
    return cell[1:] if _ESCAPED.match(cell) else cell
