"""Figure of the merge tree, with the z of its tested splits.

Input: `ClassificationResult`. Output: axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import LineCollection

from neuroclass.clustering import REAL_SPLIT
from neuroclass.plotting._axes import (
    INK,
    MIXED,
    class_colors,
    draw_class_strip,
    leaves_of_tree,
    new_axes,
    tidy,
    unit_name,
    unit_of_loss,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from neuroclass.results import ClassificationResult

__all__ = ["cumulative_loss", "plot_merge_tree", "tree_size"]

_MOST_NAMED = 60  # neurons beyond which single names along an axis cannot be read
_MOST_Z = 12  # merges whose z is printed; every tested one has its mark


def plot_merge_tree(
    classification: ClassificationResult, *, ax: Axes | None = None
) -> Axes:
    """Draw the merge tree of a `ClassificationResult`, coloured by class.

    Neurons that made the classes in tree order against the cumulative loss, the sum of
    the losses of all merges up to each, in bits per spike by the criterion "timing" and
    in bits per word by "word". Sampling makes some losses slightly negative; a
    merge is never drawn below an earlier one. The dashed line cuts the tree into the
    classes. Merges tested on held-out stimulus blocks carry a dot, filled where their
    two sides are distinct (z > 4), and the highest of them their z.

    Draws into `ax`, by default of a new figure, and returns it.

    Examples
    --------
    >>> import neuroclass
    >>> retina = neuroclass.simulate_retina(3, 24, 20, "5s", random_state=0)
    >>> classes = neuroclass.classify_neurons(retina)
    >>> ax = plot_merge_tree(classes)
    """
    n_neurons = len(classification.tree.leaf_order)
    n_clusters = classification.n_clusters
    ax = new_axes(ax, tree_size(n_neurons))
    labels = classification.leaf_labels  # (n_leaves,)
    colors = class_colors(n_clusters)
    heights = cumulative_loss(classification.tree.distances)
    places, tops, owner = _place_nodes(classification, heights, labels)
    children = classification.tree.children
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
    order = classification.tree.leaf_order
    draw_class_strip(ax, labels[order], n_clusters, side="bottom", width=0.05)
    if n_neurons <= _MOST_NAMED and classification.tree.micro_labels is None:
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
    ax.set_xlabel(f"{leaves_of_tree(classification)} in tree order; strip: class")
    ax.xaxis.labelpad = 22 if n_neurons > _MOST_NAMED else 4
    ax.set_ylabel(f"Information lost ({unit_of_loss(classification)})")
    tidy(ax)
    return ax


def tree_size(n_neurons: int) -> tuple[float, float]:
    """Return width and height in inches that hold the names of the neurons."""
    named = n_neurons if n_neurons <= _MOST_NAMED else 40
    return max(5.6, min(8.4, 1.2 + 0.14 * named)), 4.2


def cumulative_loss(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the information lost after each merge, made monotone."""
    return np.maximum.accumulate(np.clip(np.cumsum(distances), 0, None))


def _place_nodes(
    classification: ClassificationResult,
    heights: NDArray[np.float64],
    labels: NDArray[np.intp],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Return position, height and class (-1: several) of every node of the tree."""
    n_neurons = len(labels)
    places = np.empty(n_neurons + len(heights))
    places[classification.tree.leaf_order] = np.arange(n_neurons)
    tops = np.concatenate([np.zeros(n_neurons), heights])
    owner = np.concatenate([labels, np.empty(len(heights), dtype=np.intp)])
    for merge, (a, b) in enumerate(classification.tree.children):
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
    tested = np.flatnonzero(~np.isnan(node_z))
    width = len(node_z) + 1
    is_real = node_z[tested] > REAL_SPLIT
    for merges, face, size, name in (
        (
            tested[is_real],
            INK,
            4.5,
            f"real split, held out (z > {REAL_SPLIT:g})",
        ),
        (tested[~is_real], "white", 3.5, "no gap"),
    ):
        if len(merges):
            ax.plot(
                places[merges],
                heights[merges],
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
    for merge in tested[np.isfinite(node_z[tested])][::-1]:
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
                # The line that cuts the tree may run behind it.
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
            )
