"""Panels of classes in one pair of axes, four in a row, each with its title.

Input: axes, and the place of a panel. Output: a function that puts points between 0 and
1 into the panel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroclass.plotting._axes import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Panel", "draw_panel", "panels_size", "tidy_panels"]

Panel: TypeAlias = Callable[
    [ArrayLike, ArrayLike], tuple[NDArray[np.float64], NDArray[np.float64]]
]

_COLUMNS = 4
_WIDTH, _HEIGHT = 1.12, 1.5  # of a panel with its margins; the panel is 1 by 1


def draw_panel(
    ax: Axes,
    place: int,
    title: str,
    about: str,
    *,
    color: str,
    left: str = "0",
    right: str = "",
) -> Panel:
    """Draw the frame of a panel, and return where its points lie.

    Parameters
    ----------
    ax : Axes
        Axes of all panels.
    place : int
        Number of the panel, row by row.
    title, about : str
        Two lines above it, the first in `color`.
    color : str
        Colour of the class.
    left, right : str
        What the two ends of its x axis are.
    """
    row, column = divmod(place, _COLUMNS)
    x0, y0 = column * _WIDTH, -row * _HEIGHT

    def inside(
        x: ArrayLike, y: ArrayLike
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return x0 + np.asarray(x, np.float64), y0 + np.asarray(y, np.float64)

    ax.plot(*inside([0, 0, 1], [1, 0, 0]), color=INK, linewidth=0.8, zorder=3)
    ax.text(x0, y0 + 1.16, title, color=color, fontsize=9, va="bottom")
    ax.text(x0, y0 + 1.03, about, color=INK, fontsize=7.5, va="bottom")
    ax.text(x0, y0 - 0.03, left, color=INK, fontsize=7.5, va="top", ha="left")
    ax.text(x0 + 1, y0 - 0.03, right, color=INK, fontsize=7.5, va="top", ha="right")
    return inside


def tidy_panels(ax: Axes, n_panels: int) -> None:
    """Set the limits of axes of panels, and hide their own frame."""
    n_rows = 1 + max(n_panels - 1, 0) // _COLUMNS
    n_columns = max(min(n_panels, _COLUMNS), 2)
    ax.set_xlim(-0.03, n_columns * _WIDTH)
    ax.set_ylim(-(n_rows - 1) * _HEIGHT - 0.17, 1.35)
    ax.set_axis_off()


def panels_size(n_panels: int) -> tuple[float, float]:
    """Return width and height in inches of panels, four in a row."""
    n_rows = 1 + max(n_panels - 1, 0) // _COLUMNS
    return 2.2 * max(min(n_panels, _COLUMNS), 2), 0.1 + 1.9 * n_rows
