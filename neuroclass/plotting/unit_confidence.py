"""Figure of how sure it is that units belong to their classes.

Input: `ClassificationResult` by timing. Output: axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neuroclass.plotting._axes import INK, MIXED, class_colors, new_axes, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neuroclass.results import ClassificationResult

__all__ = ["confidence_size", "plot_confidence"]


def plot_confidence(
    classification: ClassificationResult, *, ax: Axes | None = None
) -> Axes:
    """Draw the confidence of each unit of a `ClassificationResult` in its class.

    A row per class, a dot per unit, hollow for units that were set aside and assigned
    afterwards; grey are units below the bound, which is a line. At the right the number
    of units of the class that are assigned.

    Draws into `ax`, by default of a new figure, and returns it.

    Examples
    --------
    >>> import neuroclass
    >>> retina = neuroclass.simulate_retina(3, 24, 20, "5s", random_state=0)
    >>> classes = neuroclass.classify_neurons(retina)
    >>> ax = plot_confidence(classes)
    """
    ax = new_axes(ax, confidence_size(classification))
    units, n_clusters = classification.units, classification.n_clusters
    colors = class_colors(n_clusters)
    for label in range(n_clusters):
        own = np.flatnonzero(units.labels == label)
        own = own[np.isfinite(units.confidence[own])]
        own = own[np.argsort(units.confidence[own], kind="stable")]
        # Spread by the golden ratio: even, and the same every time.
        spread = 0.6 * ((np.arange(len(own)) * 0.618034 + 0.5) % 1 - 0.5)
        for is_aside in (False, True):
            for is_out in (False, True):
                drawn = (units.takes_part[own] != is_aside) & (
                    units.is_unassigned[own] == is_out
                )
                color = MIXED if is_out else colors[label]
                ax.plot(
                    units.confidence[own][drawn],
                    label + spread[drawn],
                    "o",
                    color=color,
                    markerfacecolor="none" if is_aside else color,
                    markersize=3.6,
                    alpha=0.8,
                    markeredgewidth=0.8 if is_aside else 0,
                    clip_on=False,
                )
        n_assigned = int((classification.assigned_labels == label).sum())
        ax.text(
            1.02,
            label,
            f"{n_assigned}",
            transform=ax.get_yaxis_transform(),
            va="center",
            fontsize=8,
            color=colors[label],
        )
    if units.min_confidence > 0:
        ax.axvline(units.min_confidence, color=INK, linewidth=0.8, linestyle="--")
    ax.set_xlim(-0.01, 1.01)
    ax.set_yticks(range(n_clusters), [f"Class {k}" for k in range(n_clusters)])
    ax.tick_params(axis="y", length=0, labelsize=9 if n_clusters < 20 else 7)
    ax.set_ylim(n_clusters - 0.4, -0.6)
    ax.set_xlabel("Confidence (probability of the class)")
    tidy(ax)
    ax.spines["left"].set_visible(False)
    return ax


def confidence_size(classification: ClassificationResult) -> tuple[float, float]:
    """Return width and height in inches: a row per class."""
    return 5.6, max(2.0, min(9.0, 1.1 + 0.36 * classification.n_clusters))
