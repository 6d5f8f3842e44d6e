"""Figure of spike-triggered averages by class.

Input: `ClassificationResult` with a description of a flicker. Output: axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neuroclass.plotting._axes import INK, class_colors, new_axes
from neuroclass.plotting._panels import draw_panel, panels_size, tidy_panels
from neuroclass.plotting.descriptions.autocorrelogram_panels import described

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neuroclass.results import ClassificationResult

__all__ = ["filters_size", "plot_stimulus_filters"]

_MOST_CLASSES = 16


def plot_stimulus_filters(
    classification: ClassificationResult, *, ax: Axes | None = None
) -> Axes:
    """Draw the spike-triggered average of the units of each class.

    A panel for each class, of the 16 largest: the mean light before a spike, in its
    standard deviations, each unit with a clear lobe faint and their mean strong; the
    spike is at the right. The line in the middle is the mean light.

    Draws into `ax`, by default of a new figure, and returns it.

    Raises
    ------
    ValueError
        If the classes are not described, or no flicker was given.

    Examples
    --------
    >>> import numpy as np
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import neuroclass
    >>> retina = neuroclass.simulate_retina(3, 24, 20, "10s", random_state=0)
    >>> light = retina.segments[0].analogsignals[0]
    >>> rows = np.column_stack([light.times.rescale("s").magnitude, light.magnitude])
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "light.csv"
    ...     np.savetxt(file, rows, delimiter=",", header="time,intensity", comments="")
    ...     classes = neuroclass.classify_neurons(retina, stimulus_file=file)
    >>> ax = plot_stimulus_filters(classes)
    """
    of = described(classification, "plot_stimulus_filters")
    average = of.average
    if average is None:
        raise ValueError(
            "plot_stimulus_filters must be of a description of a flicker. Give "
            "classify_neurons(stimulus_file=...)."
        )
    ax = new_axes(ax, filters_size(classification))
    names = of.classes[:_MOST_CLASSES]
    colors, words = class_colors(classification.n_clusters), of.words()
    step = float(average.lags[1] - average.lags[0]) if len(average.lags) > 1 else 0.0
    span = float(average.lags[-1] + step / 2)
    for place, name in enumerate(names):
        own = np.array([label == name for label in of.labels])
        clear = own & average.is_clear
        panel = draw_panel(
            ax,
            place,
            f"Class {name}: {int(clear.sum())} of {int(own.sum())} units",
            words[name] or "no linear response",
            color=colors[int(name)],
            left=f"\N{MINUS SIGN}{1e3 * span:.0f} ms",
            right="spike",
        )
        ax.plot(*panel([0, 1], [0.5, 0.5]), ":", color=INK, linewidth=0.7)
        if not clear.any():
            continue
        filters = average.average[clear]
        top = max(float(np.abs(filters).max()), 1e-9)
        x = 1 - average.lags / span
        for one in filters[:200]:
            ax.plot(
                *panel(x, 0.5 + 0.5 * one / top),
                color=colors[int(name)],
                alpha=0.25,
                linewidth=0.6,
            )
        mean = filters.mean(axis=0)
        ax.plot(
            *panel(x, 0.5 + 0.5 * mean / top), color=colors[int(name)], linewidth=1.6
        )
    tidy_panels(ax, len(names))
    return ax


def filters_size(classification: ClassificationResult) -> tuple[float, float]:
    """Return width and height in inches: four panels in a row."""
    of = classification.description
    return panels_size(min(len(of.classes), _MOST_CLASSES) if of else 1)
