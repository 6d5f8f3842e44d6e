"""Figure of density recovery profiles: how far apart the neurons of a class are.

Input: `ClassificationResult` with positions. Output: axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neuroclass.plotting._axes import INK, class_colors, new_axes
from neuroclass.plotting._panels import draw_panel, panels_size, tidy_panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neuroclass.results import ClassificationResult

__all__ = ["plot_recovery_profiles", "profiles_size"]

_MOST_CLASSES = 16
_HIGHEST = 2.0  # times the mean density, the top of a panel


def plot_recovery_profiles(
    classification: ClassificationResult, *, ax: Axes | None = None
) -> Axes:
    """Draw the density of the neurons of each class against the distance from one.

    A panel for each class, of the 16 largest with two neurons or more: bars are the
    density over the mean density of the class, which is the dashed line; neurons that
    keep a distance lack neighbours at the left. The vertical line is the effective
    radius.

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
    >>> ax = plot_recovery_profiles(classes)
    """
    cells = classification.mosaics
    if cells is None:
        raise ValueError(
            "plot_recovery_profiles must be of a classification with positions. Give "
            "classify_neurons(positions=...)."
        )
    ax = new_axes(ax, profiles_size(classification))
    drawn = [one for one in cells.classes if one.profile is not None][:_MOST_CLASSES]
    colors = class_colors(classification.n_clusters)
    for place, one in enumerate(drawn):
        profile = one.profile
        assert profile is not None
        edges = profile.edges / profile.edges[-1]
        height = np.minimum(profile.density / profile.mean_density, _HIGHEST)
        panel = draw_panel(
            ax,
            place,
            f"Class {one.label}: {one.verdict}",
            f"{one.n_cells} neurons, radius {profile.effective_radius:.0f} "
            "\N{MICRO SIGN}m",
            color=colors[one.label],
            right=f"{profile.edges[-1]:.0f} \N{MICRO SIGN}m",
        )
        x, y = panel(np.repeat(edges, 2)[1:-1], np.repeat(height / _HIGHEST, 2))
        ax.fill_between(x, y, panel([0], [0])[1][0], color=colors[one.label], alpha=0.5)
        ax.plot(*panel([0, 1], [1 / _HIGHEST] * 2), "--", color=INK, linewidth=0.8)
        radius = profile.effective_radius / profile.edges[-1]
        ax.plot(*panel([radius] * 2, [0, 0.9]), color=INK, linewidth=1)
    tidy_panels(ax, len(drawn))
    return ax


def profiles_size(classification: ClassificationResult) -> tuple[float, float]:
    """Return width and height in inches: four panels in a row."""
    cells = classification.mosaics
    n_drawn = sum(one.profile is not None for one in cells.classes) if cells else 1
    return panels_size(min(n_drawn, _MOST_CLASSES))
