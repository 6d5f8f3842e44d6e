"""Figures of where the neurons of each class lie.

Input: `ClassificationResult` with positions. Output: axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import EllipseCollection

from neuroclass.plotting._axes import INK, class_colors, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neuroclass.results import CellMosaics, ClassificationResult

__all__ = ["maps_size", "plot_class_maps"]

_COLUMNS = 4
_MOST_CLASSES = 16
_TITLE = 0.2  # of a panel's height
_BAR_UM = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


def plot_class_maps(
    classification: ClassificationResult, *, ax: Axes | None = None
) -> Axes:
    """Draw where the neurons of each class of a `ClassificationResult` lie.

    A map for each class, of the 16 largest: its neurons coloured, with their receptive
    fields where radii were given, those of other classes grey. Above each the number of
    its neurons, the regularity index of nearest neighbours, and what the test says.

    Draws into `ax`, by default of a new figure, and returns it.

    Raises
    ------
    ValueError
        If the classification has no positions.

    Examples
    --------
    >>> import neuroclass
    >>> retina = neuroclass.simulate_retina(
    ...     3, 45, 20, "5s", positions=True, random_state=0
    ... )
    >>> fields = "x_um,y_um,radius_um"
    >>> classes = neuroclass.classify_neurons(retina, positions=fields)
    >>> ax = plot_class_maps(classes)
    """
    cells = classification.mosaics
    if cells is None:
        raise ValueError(
            "plot_class_maps must be of a classification with positions. Give "
            "classify_neurons(positions=...)."
        )
    ax = new_axes(ax, maps_size(classification))
    n_maps = min(classification.n_clusters, _MOST_CLASSES)
    colors = class_colors(classification.n_clusters)
    xy = cells.positions
    placed = np.isfinite(xy).all(axis=1)
    radius = 0.0 if cells.radii is None else np.nanmax([*cells.radii, 0.0])
    low, high = xy[placed].min(axis=0) - radius, xy[placed].max(axis=0) + radius
    extent = max(float((high - low).max()), 1e-9)
    cell_width, cell_height = 1.08 * extent, (1.08 + _TITLE) * extent
    is_member = classification.units.takes_part & ~classification.units.is_unassigned
    for label in range(n_maps):
        row, column = divmod(label, _COLUMNS)
        corner = np.array([column * cell_width, -(row + 1) * cell_height])
        drawn = xy - low + corner + (extent - (high - low)) / 2
        own = placed & is_member & (classification.labels == label)
        ax.plot(*drawn[placed & ~own].T, "o", color="#d0d0d0", markersize=1.8, zorder=1)
        ax.plot(*drawn[own].T, "o", color=colors[label], markersize=3.2, zorder=3)
        _draw_fields(ax, cells, drawn, own, colors[label])
        one = next(c for c in cells.classes if c.label == label)
        index = one.nearest_neighbour_index
        about = f"{one.n_cells} neurons" + (
            f", index {index:.1f}" if np.isfinite(index) else ""
        )
        top = (corner[0], corner[1] + 1.02 * extent)
        for text, color, size, above in (
            (f"Class {label}: {one.verdict}", colors[label], 9, 0.075),
            (about, INK, 7.5, 0.0),
        ):
            ax.text(top[0], top[1] + above * extent, text, color=color, fontsize=size)
    _draw_bar(ax, extent, cell_height * (1 + (n_maps - 1) // _COLUMNS))
    n_columns = min(n_maps, _COLUMNS)
    ax.set_xlim(-0.04 * extent, n_columns * cell_width)
    ax.set_ylim(-cell_height * (1 + (n_maps - 1) // _COLUMNS) - 0.16 * extent, 0)
    ax.set_aspect("equal")
    ax.set_axis_off()
    return ax


def maps_size(classification: ClassificationResult) -> tuple[float, float]:
    """Return width and height in inches: four maps in a row."""
    n_maps = min(classification.n_clusters, _MOST_CLASSES)
    n_rows = 1 + (n_maps - 1) // _COLUMNS
    return 2.1 * max(min(n_maps, _COLUMNS), 2), 0.4 + 2.45 * n_rows


def _draw_fields(
    ax: Axes, cells: CellMosaics, drawn: np.ndarray, own: np.ndarray, color: str
) -> None:
    """Draw receptive fields as circles."""
    if cells.radii is None:
        return
    known = own & np.isfinite(cells.radii)
    across = 2 * cells.radii[known]
    fields = EllipseCollection(
        across,
        across,
        np.zeros(len(across)),
        units="xy",
        offsets=drawn[known],
        transOffset=ax.transData,
        facecolors=color,
        edgecolors=color,
        alpha=0.22,
        linewidths=0.5,
        zorder=2,
    )
    ax.add_collection(fields)


def _draw_bar(ax: Axes, extent: float, depth: float) -> None:
    """Draw a bar that says how long its micrometres are."""
    length = max([um for um in _BAR_UM if um <= 0.4 * extent] or [_BAR_UM[0]])
    y = -depth - 0.03 * extent
    ax.plot([0, length], [y, y], color=INK, linewidth=1.5, solid_capstyle="butt")
    ax.text(
        0,
        y - 0.03 * extent,
        f"{length:g} \N{MICRO SIGN}m",
        color=INK,
        fontsize=8,
        va="top",
    )
