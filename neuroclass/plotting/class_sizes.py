"""Figure of the sizes and firing rates of the classes.

Input: `ClassificationResult`. Output: axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator
from mpl_toolkits.axes_grid1 import make_axes_locatable  # type: ignore[import-untyped]

from neuroclass.plotting._axes import (
    INK,
    MIXED,
    class_colors,
    new_axes,
    tidy,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neuroclass.results import ClassificationResult

__all__ = ["plot_class_sizes", "sizes_size"]


_LEFT_OUT, _SET_ASIDE = -1, -2
_NAMES = {_LEFT_OUT: "Left out", _SET_ASIDE: "Set aside"}


def plot_class_sizes(
    classification: ClassificationResult, *, ax: Axes | None = None
) -> Axes:
    """Draw the number of neurons of each class, and their firing rates.

    Of a `ClassificationResult`. Units that did not make the classes have rows of their
    own: set aside (their response does not repeat), left out. Firing rates are those
    inside the presentations, in Hz, a dot per neuron, a line at the median; they take
    the right half of `ax`, and are the figure's next axes.

    Draws into `ax`, by default of a new figure, and returns it.

    Examples
    --------
    >>> import neuroclass
    >>> retina = neuroclass.simulate_retina(3, 24, 20, "5s", random_state=0)
    >>> classes = neuroclass.classify_neurons(retina)
    >>> ax = plot_class_sizes(classes)
    """
    n_clusters = classification.n_clusters
    takes_part = classification.units.takes_part
    is_aside = (classification.labels >= 0) & ~takes_part
    labels = np.where(is_aside, _SET_ASIDE, classification.labels)
    ax = new_axes(ax, sizes_size(classification))
    others = [row for row in (_SET_ASIDE, _LEFT_OUT) if np.any(labels == row)]
    rows = [*range(n_clusters), *others]
    colors = [*class_colors(n_clusters), MIXED, MIXED]
    rates = make_axes_locatable(ax).append_axes("right", size="100%", pad=0.25)
    sizes = [int(np.sum(labels == label)) for label in rows]
    ax.barh(range(len(rows)), sizes, color=[colors[label] for label in rows])
    for y, (label, size) in enumerate(zip(rows, sizes, strict=True)):
        ax.annotate(
            str(size),
            (size, y),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
        rate = np.sort(classification.units.firing_rate[labels == label])
        # Spread by the golden ratio: even, and the same every time.
        spread = 0.55 * ((np.arange(len(rate)) * 0.618034 + 0.5) % 1 - 0.5)
        rates.plot(
            rate,
            y + spread,
            "o",
            color=colors[label],
            markersize=3.5,
            alpha=0.75,
            markeredgewidth=0,
            zorder=2,
            clip_on=False,
        )
        middle = [np.median(rate)] * 2
        rates.plot(middle, [y - 0.38, y + 0.38], color=INK, linewidth=1.2, zorder=1)
    ax.set_yticks(
        range(len(rows)),
        [f"Class {row}" if row >= 0 else _NAMES[row] for row in rows],
        fontsize=9 if len(rows) < 20 else 7,
    )
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(0, 1.15 * max(sizes))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    ax.set_xlabel("Neurons")
    ax.tick_params(axis="y", length=0)
    rates.set_ylim(ax.get_ylim())
    rates.set_yticks([])
    _scale_rates(rates, float(np.max(classification.units.firing_rate)))
    rates.set_xlabel("Firing rate (Hz)")
    for each in (ax, rates):
        tidy(each)
    rates.spines["left"].set_visible(False)
    return ax


def sizes_size(classification: ClassificationResult) -> tuple[float, float]:
    """Return width and height in inches: a row per class."""
    return 5.6, max(2.2, min(9.0, 1.2 + 0.36 * (classification.n_clusters + 1)))


def _scale_rates(ax: Axes, highest: float) -> None:
    """Scale by decades, with a place for silent units at 0."""
    ax.set_xscale("symlog", linthresh=0.1, linscale=0.4)
    decades = [10.0**k for k in range(-1, 5)]
    ticks = [0.0, *(d for d in decades if d <= max(1.3 * highest, 0.1))]
    ax.set_xticks(ticks)
    ax.xaxis.set_major_formatter(lambda tick, _: f"{tick:g}")
    ax.minorticks_off()
    # The last number needs room: a layout does not see these axes.
    ax.set_xlim(-0.02, max(1.3 * highest, 1.6 * ticks[-1]))
