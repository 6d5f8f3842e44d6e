"""Figure of autocorrelograms by class: refractory period and bursts.

Input: `ClassificationResult` with a description. Output: axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neuroclass.plotting._axes import INK, class_colors, new_axes
from neuroclass.plotting._panels import draw_panel, panels_size, tidy_panels
from neuroclass.tuning import REFRACTORY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neuroclass.results import ClassificationResult, ResponseDescription

__all__ = ["autocorrelograms_size", "described", "plot_autocorrelograms"]

_MOST_CLASSES = 16
_BIN = 1.0  # ms


def plot_autocorrelograms(
    classification: ClassificationResult, *, ax: Axes | None = None
) -> Axes:
    """Draw the autocorrelograms of the units of each class.

    A panel for each class, of the 16 largest: the rate after a spike over the rate of
    the unit at long lags, each unit faint and the median strong; grey is the refractory
    period, in which a single neuron does not fire. Above each the median share of
    intervals inside of it, and how many units have more than 1 %.

    Draws into `ax`, by default of a new figure, and returns it.

    Raises
    ------
    ValueError
        If the classes are not described.

    Examples
    --------
    >>> import neuroclass
    >>> retina = neuroclass.simulate_retina(3, 24, 20, "5s", random_state=0)
    >>> classes = neuroclass.classify_neurons(retina, describe=True)
    >>> ax = plot_autocorrelograms(classes)
    """
    of = described(classification, "plot_autocorrelograms")
    ax = new_axes(ax, autocorrelograms_size(classification))
    names = of.classes[:_MOST_CLASSES]
    colors = class_colors(classification.n_clusters)
    for place, name in enumerate(names):
        own = np.array([label == name for label in of.labels])
        rates = of.autocorrelograms[own]
        n_lags = rates.shape[1]
        rates = rates[np.isfinite(rates).all(axis=1)]
        usual = rates[:, n_lags // 2 :].mean(axis=1)
        relative = rates[usual > 0] / usual[usual > 0, None]
        violations = of.violations[own]
        known = violations[np.isfinite(violations)]
        many = int((known > 0.01).sum())
        share = f"{100 * np.median(known):.2g} %" if len(known) else "none"
        about = f"violations {share}" + (f", {many} units above 1 %" if many else "")
        panel = draw_panel(
            ax,
            place,
            f"Class {name}: {int(own.sum())} units",
            about,
            color=colors[int(name)],
            right=f"{n_lags * _BIN:.0f} ms",
        )
        end = 1e3 * REFRACTORY / (n_lags * _BIN)
        x, y = panel([0, end], [1, 1])
        ax.fill_between(x, y, y - 1, color="#d8d8d8", linewidth=0, zorder=0)
        if not len(relative):
            continue
        middle = np.median(relative, axis=0)
        top = max(1.25 * float(middle.max()), 1e-9)
        lags = (np.arange(n_lags) + 0.5) / n_lags
        for one in relative[:200]:
            ax.plot(
                *panel(lags, np.minimum(one / top, 1.0)),
                color=colors[int(name)],
                alpha=0.2,
                linewidth=0.6,
            )
        ax.plot(*panel(lags, middle / top), color=colors[int(name)], linewidth=1.6)
        ax.plot(*panel([0, 1], [1 / top] * 2), ":", color=INK, linewidth=0.7)
    tidy_panels(ax, len(names))
    return ax


def autocorrelograms_size(classification: ClassificationResult) -> tuple[float, float]:
    """Return width and height in inches: four panels in a row."""
    of = classification.description
    return panels_size(min(len(of.classes), _MOST_CLASSES) if of else 1)


def described(classification: ClassificationResult, plot: str) -> ResponseDescription:
    """Return the description of the classes.

    Raises
    ------
    ValueError
        If there is none.
    """
    if classification.description is None:
        raise ValueError(
            f"{plot} must be of a classification with a description. Give "
            "classify_neurons(describe=True), or what is known of the light."
        )
    return classification.description
