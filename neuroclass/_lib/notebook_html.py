"""Tables of results as notebooks show them.

Input: a headline and a table. Output: HTML.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["as_html"]

_MOST_ROWS = 30


def as_html(headline: str, table: pd.DataFrame, before: str = "") -> str:
    """Return a headline above a table of at most 30 rows.

    Parameters
    ----------
    headline : str
        The result in one sentence.
    table : pandas.DataFrame
        Its rows; text that begins with ``<svg`` stays a picture.
    before : str, optional
        HTML between both.
    """
    rows = table.head(_MOST_ROWS)
    pictures = {
        name: str
        for name in rows
        if rows[name].map(lambda cell: str(cell).startswith("<svg")).all()
    }
    for name in rows.columns.difference(list(pictures)):
        if rows[name].dtype.kind not in "iufb":
            texts = rows[name].map(
                lambda cell: escape(cell) if isinstance(cell, str) else cell
            )
            rows = rows.assign(**{str(name): texts})
    html = rows.to_html(
        index=False,
        float_format="{:.3g}".format,
        border=0,
        na_rep="",
        escape=False,
        formatters=pictures,
    )
    more = len(table) - len(rows)
    if more:
        html += f"<p>and {more} more rows: <code>to_frame()</code></p>"
    return f"<div><p><b>{escape(headline)}</b></p>{before}{html}</div>"
