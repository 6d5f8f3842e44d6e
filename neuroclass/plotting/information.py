"""Figures of the information: kept by classes, lost by merges, lost by pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.ticker import FixedLocator, NullLocator

from neuroclass.plotting._axes import (
    INK,
    MIXED,
    class_colors,
    class_runs,
    draw_class_strip,
    new_axes,
    tidy,
    unit_name,
)
from neuroclass.selection import REAL_SPLIT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from neuroclass.classification import Classification

__all__ = [
    "plot_co_clustering",
    "plot_information_curve",
    "plot_merge_tree",
    "plot_pairwise_loss",
]

_CURVE = "#33527a"
_BOUNDARY = "#D55E00"  # on a matrix of greys
_MOST_NAMED = 60  # neurons beyond which single names along an axis cannot be read
_MOST_Z = 12  # merges whose z is printed; every tested one has its mark


def plot_information_curve(
    classification: Classification, *, ax: Axes | None = None
) -> Axes:
    """Draw the information kept against the number of classes.

    Parameters
    ----------
    classification : Classification
        What `neuroclass.classify_neurons` returns.
    ax : matplotlib.axes.Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Number of classes (from one to one per neuron) against bits per word, with
        the 95 % interval, the chosen number and its range; the dotted line is the
        identity information of all neurons, corrected for few repeats.
    """
    ax = new_axes(ax, (5.6, 3.9))
    curve = classification.information_curve  # (n_neurons,)
    low, high = classification.information_curve_interval.T
    n_clusters, n_neurons = classification.n_clusters, len(curve)
    numbers = np.arange(1, n_neurons + 1)
    selection = classification.selection
    if n_neurons > 16:  # what matters happens among the few
        ax.set_xscale("log")
    if selection.low < selection.high:
        ax.axvspan(
            selection.low,
            min(selection.high, n_neurons),
            color="#e9e4d8",
            zorder=0,
            label=f"range {selection.low} to {selection.high}",
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
    # What the curve has beyond this is sampling noise that its estimator leaves.
    whole = float(classification.information.bits_per_word)
    ax.axhline(
        whole,
        color=INK,
        linewidth=1,
        linestyle=(0, (1, 2)),
        label="all neurons, corrected",
    )
    kept, share = float(curve[n_clusters - 1]), float(classification.kept.share)
    ax.plot([n_clusters] * 2, [0, kept], color=INK, linewidth=1, linestyle=(0, (3, 2)))
    ax.plot(n_clusters, kept, "o", color=INK, markersize=7, zorder=3, clip_on=False)
    name = "1 class" if n_clusters == 1 else f"{n_clusters} classes"
    if n_clusters > 1 and np.isfinite(share):
        name += f"\n{100 * share:.0f} % kept"
    place = (
        np.log(n_clusters) / np.log(n_neurons)
        if n_neurons > 16
        else (n_clusters - 1) / max(n_neurons - 1, 1)
    )
    is_left = place > 0.6
    ax.annotate(
        name,
        (n_clusters, kept / 2),  # below the curve, which rises to the right
        xytext=(-7 if is_left else 9, 26 if n_clusters == 1 else 0),
        textcoords="offset points",
        ha="right" if is_left else "left",
        va="bottom" if n_clusters == 1 else "center",
        fontweight="bold",
    )
    _count_ticks(ax, n_neurons)
    extent = np.concatenate([curve, low, high, [0.0, whole]])
    top, bottom = float(np.nanmax(extent)), float(np.nanmin(extent))
    margin = 0.05 * (top - bottom) or 0.05
    ax.set_ylim(bottom - (margin if bottom < 0 else 0), top + margin)
    ax.set_xlabel("Number of classes")
    ax.set_ylabel("Information kept (bits per word)")
    tidy(ax)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(
            loc="lower right", facecolor="white", edgecolor="none", fontsize="small"
        )
    return ax


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


def plot_merge_tree(classification: Classification, *, ax: Axes | None = None) -> Axes:
    """Draw the merge tree at cumulative loss, coloured by class.

    The height of a merge is what has been lost when it is done: the sum of the losses
    of all merges up to it. Sampling makes some losses slightly negative; a merge is
    never drawn below an earlier one.

    Parameters
    ----------
    classification : Classification
        What `neuroclass.classify_neurons` returns.
    ax : matplotlib.axes.Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Neurons in tree order against bits per word lost. The dashed line cuts the tree
        into the classes. Merges tested on held-out stimulus blocks carry a dot, filled
        where their two sides are truly apart (z > 4), and the highest of them their z.
    """
    n_neurons = len(classification.leaf_order)
    n_clusters = classification.n_clusters
    ax = new_axes(ax, tree_size(n_neurons))
    labels = classification.leaf_labels  # (n_leaves,)
    colors = class_colors(n_clusters)
    heights = cumulative_loss(classification.distances)
    places, tops, owner = _place_nodes(classification, heights, labels)
    children = classification.children
    segments, segment_colors = [], []
    for merge, (a, b) in enumerate(children):
        up = heights[merge]
        left, right = places[a], places[b]
        segments.append([(left, tops[a]), (left, up), (right, up), (right, tops[b])])
        label = owner[n_neurons + merge]
        segment_colors.append(MIXED if label < 0 else colors[label])
    ax.add_collection(
        LineCollection(segments, colors=segment_colors, linewidths=1.1, zorder=2)
    )
    highest = float(heights[-1]) if len(heights) else 0.0
    top = 1.08 * highest or 1.0
    if 1 < n_clusters < n_neurons:
        cut = heights[n_neurons - n_clusters - 1 : n_neurons - n_clusters + 1].mean()
        ax.axhline(cut, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    _draw_z(ax, classification.selection.node_z, places[n_neurons:], heights, top)
    ax.set_xlim(-0.7, n_neurons - 0.3)
    ax.set_ylim(0, top)
    order = classification.leaf_order
    draw_class_strip(ax, labels[order], n_clusters, side="bottom", width=0.05)
    if n_neurons <= _MOST_NAMED and classification.micro_labels is None:
        ids = [classification.unit_ids[i] for i in classification.classified[order]]
        ax.set_xticks(
            range(n_neurons),
            [unit_name(unit_id, 10) for unit_id in ids],
            rotation=90,
            fontsize=7 if n_neurons > 24 else 8,
            parse_math=False,
        )
    else:
        ax.set_xticks([])
    ax.tick_params(axis="x", length=0, pad=16)
    ax.set_xlabel(f"{_leaves(classification)} in tree order; strip: class")
    ax.xaxis.labelpad = 22 if n_neurons > _MOST_NAMED else 4
    ax.set_ylabel("Information lost (bits per word)")
    tidy(ax)
    return ax


def _leaves(classification: Classification) -> str:
    """Say what the leaves of the tree are, and how many."""
    n_leaves = len(classification.leaf_order)
    if classification.micro_labels is None:
        return f"{n_leaves} neurons"
    return f"{n_leaves} micro-classes of {len(classification.classified)} neurons"


def tree_size(n_neurons: int) -> tuple[float, float]:
    """Return width and height in inches that hold the names of the neurons."""
    named = n_neurons if n_neurons <= _MOST_NAMED else 40
    return max(5.6, min(8.4, 1.2 + 0.14 * named)), 4.2


def cumulative_loss(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the information lost after each merge, made monotone (bits per word)."""
    return np.maximum.accumulate(np.clip(np.cumsum(distances), 0, None))


def _place_nodes(
    classification: Classification,
    heights: NDArray[np.float64],
    labels: NDArray[np.intp],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Return position, height and class (-1: several) of every node of the tree."""
    n_neurons = len(labels)
    places = np.empty(n_neurons + len(heights))
    places[classification.leaf_order] = np.arange(n_neurons)
    tops = np.concatenate([np.zeros(n_neurons), heights])
    owner = np.concatenate([labels, np.empty(len(heights), dtype=np.intp)])
    for merge, (a, b) in enumerate(classification.children):
        places[n_neurons + merge] = (places[a] + places[b]) / 2
        owner[n_neurons + merge] = owner[a] if owner[a] == owner[b] else -1
    return places, tops, owner


def _draw_z(
    ax: Axes,
    node_z: NDArray[np.float64],
    places: NDArray[np.float64],
    heights: NDArray[np.float64],
    top: float,
) -> None:
    """Mark the tested merges, and print z on the highest that have room for it."""
    tested = np.flatnonzero(np.isfinite(node_z))
    width = len(node_z) + 1
    is_real = node_z[tested] > REAL_SPLIT
    for shown, face, size, name in (
        (tested[is_real], INK, 4.5, f"two kinds in held-out data (z > {REAL_SPLIT:g})"),
        (tested[~is_real], "white", 3.5, "not shown to differ"),
    ):
        if len(shown):
            ax.plot(
                places[shown],
                heights[shown],
                "o",
                color=INK,
                markerfacecolor=face,
                markersize=size,
                markeredgewidth=0.7,
                zorder=3,
                clip_on=False,
                label=name,
            )
    if len(tested):
        ax.legend(
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=2,
            frameon=False,
            fontsize=8,
            handletextpad=0.2,
            borderaxespad=0.2,
        )
    printed: list[tuple[float, float]] = []
    for merge in tested[::-1]:
        x, y = places[merge], heights[merge]
        crowded = any(
            abs(x - px) < 0.07 * width and abs(y - py) < 0.05 * top
            for px, py in printed
        )
        if not crowded and len(printed) < _MOST_Z:
            printed.append((x, y))
            ax.annotate(
                f"{node_z[merge]:.{0 if abs(node_z[merge]) >= 9.95 else 1}f}",
                (x, y),
                xytext=(4, 3),
                textcoords="offset points",
                fontsize=8,
                color=INK,
                zorder=4,
            )


def plot_pairwise_loss(
    classification: Classification, *, ax: Axes | None = None
) -> Axes:
    """Draw what merging any two neurons would lose, in tree order.

    Parameters
    ----------
    classification : Classification
        What `neuroclass.classify_neurons` returns.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a colour scale takes some of its room. Default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        A symmetric matrix (bits per word), dark where two neurons answer alike, with
        the boundaries of the classes. Sampling makes some losses slightly negative;
        they are drawn as 0.
    """
    ax = new_axes(ax, (5.6, 4.7))
    order = classification.leaf_order
    loss = np.clip(classification.pairwise_loss[np.ix_(order, order)], 0, None)
    picture = ax.imshow(
        loss,
        cmap="viridis",
        interpolation="nearest",
        vmin=0,
        vmax=float(loss.max()) or 1.0,
    )
    _finish_matrix(ax, classification)
    figure = ax.get_figure()
    if figure is not None:
        scale = figure.colorbar(picture, ax=ax, fraction=0.046, pad=0.03)
        scale.set_label("Loss if the two are merged (bits per word)")
        scale.outline.set_visible(False)
    return ax


def plot_co_clustering(
    classification: Classification, *, ax: Axes | None = None
) -> Axes:
    """Draw how often two neurons are of one class when the stimulus is resampled.

    Parameters
    ----------
    classification : Classification
        What `neuroclass.classify_neurons` returns, with its stability.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a colour scale takes some of its room. Default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        A symmetric matrix in tree order, dark where two neurons are always together,
        with the boundaries of the classes.

    Raises
    ------
    ValueError
        If the classification has no stability.
    """
    stability = classification.stability
    if stability is None:
        raise ValueError(
            "classification must have its stability; got none. Ask for it: "
            "classify_neurons(..., stability=100)."
        )
    ax = new_axes(ax, (5.6, 4.7))
    order = classification.leaf_order
    picture = ax.imshow(
        stability.co_clustering[np.ix_(order, order)],
        cmap="Greys",
        interpolation="nearest",
        vmin=0,
        vmax=1,
    )
    _finish_matrix(ax, classification, color=_BOUNDARY)
    figure = ax.get_figure()
    if figure is not None:
        scale = figure.colorbar(picture, ax=ax, fraction=0.046, pad=0.03)
        scale.set_label(
            f"Share of {stability.n_replicates} resampled stimuli in one of "
            f"{stability.n_clusters} classes",
            fontsize=9,
        )
        scale.outline.set_visible(False)
    return ax


def _finish_matrix(
    ax: Axes, classification: Classification, color: str = "white"
) -> None:
    """Draw boundaries and strips of the classes around a matrix in tree order."""
    labels = classification.leaf_labels[classification.leaf_order]
    width = 0.9 if classification.n_clusters <= 8 else 0.5
    for first, _, _ in class_runs(labels)[1:]:
        ax.axhline(first - 0.5, color=color, linewidth=width)
        ax.axvline(first - 0.5, color=color, linewidth=width)
    for side in ("bottom", "left"):
        draw_class_strip(ax, labels, classification.n_clusters, side=side, width=0.045)
    ax.set_xticks([])
    ax.set_yticks([])
    name = f"{_leaves(classification)} in tree order; strip: class"
    ax.set_xlabel(name, labelpad=22)
    ax.set_ylabel("The same order", labelpad=22)
    ax.spines[:].set_visible(False)
