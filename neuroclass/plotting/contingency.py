"""Figure of the contingency of our classes with other groupings, and with types.

Input: `GroupingComparison`. Output: a figure.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
import scipy
from numpy.typing import NDArray

from neuroclass.plotting._axes import INK, class_colors, unit_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from neuroclass.results import GroupingComparison

__all__ = ["contingencies_size", "plot_contingencies"]

_N_COLUMNS = 4
_PANEL = 2.5  # inches
_MOST_NUMBERED = 12  # groups of a panel whose cells hold numbers


@dataclass(frozen=True)
class _Panel:
    """Our classes in rows, the groups of another labelling in columns."""

    title: str
    table: NDArray[np.intp]
    names: tuple[str, ...]


def plot_contingencies(
    comparison: GroupingComparison, *, figure: Figure | None = None
) -> Figure:
    """Draw the contingency of our classes with each grouping of `GroupingComparison`.

    One panel for the types, if there are any, and one per grouping: our classes in
    rows, its groups in columns, in the order that puts most units on the diagonal; in
    each cell the number of units, coloured by its share of the row. With the number of
    groups of the comparison where a grouping has it, else with its own.

    Draws into `figure`, by default a new one, and returns it.

    Examples
    --------
    >>> import neuroclass
    >>> retina = neuroclass.simulate_retina(2, 12, 10, "2s", random_state=0)
    >>> comparison = neuroclass.compare_groupings(retina, types="true_type")
    >>> figure = plot_contingencies(comparison)
    """
    panels = _panels(comparison)
    if figure is None:
        pyplot = importlib.import_module("matplotlib.pyplot")
        size = contingencies_size(comparison)
        figure = pyplot.figure(figsize=size, layout="compressed")
        if "inline" in matplotlib.get_backend():
            # A notebook displays what a cell returns and what pyplot holds: not both.
            pyplot.close(figure)
    assert figure is not None
    n_columns = min(_N_COLUMNS, len(panels))
    n_rows = -(-len(panels) // n_columns)
    axes: Any = figure.subplots(n_rows, n_columns, squeeze=False)
    for k, ax in enumerate(axes.flat):
        if k >= len(panels):
            ax.set_axis_off()
            continue
        _draw(panels[k], ax)
        if k % n_columns == 0:
            ax.set_ylabel("Timing class")
    return figure


def contingencies_size(comparison: GroupingComparison) -> tuple[float, float]:
    """Return width and height in inches: up to four panels in a row."""
    n_panels = len(_panels(comparison))
    n_columns = min(_N_COLUMNS, n_panels)
    return _PANEL * n_columns + 0.4, (_PANEL + 0.35) * -(-n_panels // n_columns)


def _panels(comparison: GroupingComparison) -> list[_Panel]:
    ours = comparison.ours.same or comparison.ours.own
    assert ours is not None, "our classes have a number of their own"
    panels = []
    if comparison.types is not None:
        panels.append(_panel("types", ours.labels, np.array(comparison.types)))
    for one in comparison.groupings[1:]:
        scores = one.same or one.own
        if scores is not None:
            named = np.where(scores.labels < 0, "", scores.labels.astype(str))
            panels.append(_panel(one.name, ours.labels, named))
    return panels


def _panel(title: str, ours: NDArray[np.intp], names: NDArray[Any]) -> _Panel:
    is_in = (ours >= 0) & (names != "")
    rows = np.unique(ours[ours >= 0])
    columns, inverse = np.unique(names[is_in], return_inverse=True)
    table = np.zeros((len(rows), len(columns)), np.intp)
    np.add.at(table, (np.searchsorted(rows, ours[is_in]), inverse), 1)
    order = _diagonal_order(table)
    return _Panel(title, table[:, order], tuple(columns[order].tolist()))


def _diagonal_order(table: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return columns in the order that puts most units on the diagonal.

    Columns that are left over follow that of the row which holds most of them.
    """
    rows, columns = scipy.optimize.linear_sum_assignment(table, maximize=True)
    place = table.argmax(axis=0) + 0.5
    place[columns] = rows
    size = table.sum(axis=0)
    return np.lexsort((-size, place))


def _draw(panel: _Panel, ax: Axes) -> None:
    table = panel.table
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    ax.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    if max(table.shape) <= _MOST_NUMBERED:
        for row, column in zip(*np.nonzero(table), strict=True):
            ax.text(
                column,
                row,
                str(table[row, column]),
                ha="center",
                va="center",
                fontsize=7,
                color="white" if share[row, column] > 0.6 else INK,
            )
    ax.set_title(panel.title, fontsize=9, parse_math=False)
    names = [unit_name(name, 10) for name in panel.names]
    is_long = max(map(len, names), default=0) > 2
    ax.set_xticks(
        range(len(names)),
        names,
        fontsize=7,
        rotation=90 if is_long else 0,
        parse_math=False,
    )
    ax.set_yticks(range(len(table)), [str(k) for k in range(len(table))], fontsize=7)
    for tick, color in zip(ax.get_yticklabels(), class_colors(len(table)), strict=True):
        tick.set_color(color)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_color("#bbbbbb")
