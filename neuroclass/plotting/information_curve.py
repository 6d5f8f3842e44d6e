"""Figure of the class information against the number of classes.

Input: `ClassificationResult`. Output: axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FixedLocator, NullLocator

from neuroclass.plotting._axes import INK, new_axes, tidy, unit_of_loss

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neuroclass.results import ClassificationResult

__all__ = ["plot_information_curve"]

_CURVE = "#33527a"


def plot_information_curve(
    classification: ClassificationResult, *, ax: Axes | None = None
) -> Axes:
    """Draw the class information of a `ClassificationResult` by number of classes.

    From one class to one per neuron, with the number of classes that is shown and its
    range: in bits per spike by the criterion "timing"; by "word" in bits per word, with
    the 95 % interval and, dotted, the identity information of all neurons, corrected
    for few repeats.

    Draws into `ax`, by default of a new figure, and returns it.

    Examples
    --------
    >>> import neuroclass
    >>> retina = neuroclass.simulate_retina(3, 24, 20, "5s", random_state=0)
    >>> classes = neuroclass.classify_neurons(retina)
    >>> ax = plot_information_curve(classes)
    """
    ax = new_axes(ax, (5.6, 3.9))
    curve = classification.curve.information  # (n_neurons,)
    low, high = classification.curve.interval.T
    n_clusters, n_neurons = classification.n_clusters, len(curve)
    numbers = np.arange(1, n_neurons + 1)
    selection = classification.selection
    if n_neurons > 16:  # the steps of interest are among the first
        ax.set_xscale("log")
    if selection.low < selection.high:
        ax.axvspan(
            selection.low,
            min(selection.high, n_neurons),
            color="#e9e4d8",
            zorder=0,
            label=f"range {_range(classification)}",
        )
    if np.isfinite(low).any():  # too few repeats give none
        ax.fill_between(
            numbers,
            low,
            high,
            color=_CURVE,
            alpha=0.22,
            linewidth=0,
            label="95 % interval",
        )
    ax.plot(numbers, curve, color=_CURVE, linewidth=1.8)
    whole, share = float(curve[-1]), np.nan
    chosen = float(curve[n_clusters - 1])
    if classification.timing is None:
        # The part of the curve above it is sampling noise that its estimator leaves.
        whole = float(classification.information.bits_per_word)
        share = float(classification.class_information.share)
        ax.axhline(
            whole,
            color=INK,
            linewidth=1,
            linestyle=(0, (1, 2)),
            label="all neurons, corrected",
        )
    elif whole > 0:
        share = chosen / whole
    ax.plot(
        [n_clusters] * 2, [0, chosen], color=INK, linewidth=1, linestyle=(0, (3, 2))
    )
    ax.plot(n_clusters, chosen, "o", color=INK, markersize=7, zorder=3, clip_on=False)
    name = "1 class" if n_clusters == 1 else f"{n_clusters} classes"
    if n_clusters > 1 and np.isfinite(share):
        name += f"\n{100 * share:.0f} % kept"
    place = (
        np.log(n_clusters) / np.log(n_neurons)
        if n_neurons > 16
        else (n_clusters - 1) / max(n_neurons - 1, 1)
    )
    is_left = place > 0.6
    # Below the curve, which rises to the right, and above the legend.
    ax.annotate(
        name,
        (n_clusters, chosen / 2 if is_left else chosen),
        xytext=(-7 if is_left else 9, 50 if n_clusters == 1 else 0 if is_left else -4),
        textcoords="offset points",
        ha="right" if is_left else "left",
        va="bottom" if n_clusters == 1 else "center" if is_left else "top",
        fontweight="bold",
    )
    _count_ticks(ax, n_neurons)
    extent = np.concatenate([curve, low, high, [0.0, whole]])
    top, bottom = float(np.nanmax(extent)), float(np.nanmin(extent))
    margin = 0.05 * (top - bottom) or 0.05
    ax.set_ylim(bottom - (margin if bottom < 0 else 0), top + margin)
    ax.set_xlabel("Number of classes")
    ax.set_ylabel(f"Class information ({unit_of_loss(classification)})")
    tidy(ax)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(
            loc="upper left" if is_left else "lower right",
            facecolor="white",
            edgecolor="none",
            fontsize="small",
        )
    return ax


def _range(classification: ClassificationResult) -> str:
    if classification.timing is not None:
        return classification.timing.range
    return f"{classification.selection.low} to {classification.selection.high}"


def _count_ticks(ax: Axes, n_neurons: int) -> None:
    """Put ticks on whole numbers of classes only."""
    if n_neurons > 16:
        decades = (m * 10**k for k in range(7) for m in (1, 2, 5))
        ticks = [tick for tick in decades if tick <= n_neurons]
        if n_neurons / ticks[-1] > 1.3:
            ticks.append(n_neurons)
        ax.xaxis.set_major_locator(FixedLocator(ticks))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(lambda tick, _: f"{tick:.0f}")
        ax.set_xlim(0.9, n_neurons * 1.08)
    else:
        step = 1 + n_neurons // 9
        ax.xaxis.set_major_locator(FixedLocator(range(1, n_neurons + 1, step)))
        ax.set_xlim(0.7, n_neurons + 0.3)
