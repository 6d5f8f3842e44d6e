"""Parts of all figures: class colours, new axes, names of units, class strips."""

from __future__ import annotations

import importlib
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import ArrayLike, NDArray

from neuroclass._lib.checks import check_positive_int

if TYPE_CHECKING:
    from matplotlib.axis import Axis

    from neuroclass.results import ClassificationResult

__all__ = [
    "INK",
    "MIXED",
    "class_colors",
    "class_runs",
    "draw_class_strip",
    "leaves_of_tree",
    "new_axes",
    "plain_ticks",
    "tidy",
    "unit_name",
    "unit_of_loss",
]

INK = "#222222"
MIXED = "#8c8c8c"  # of no single class

# Six of Okabe & Ito's colours, then Tol's wine and indigo in the place of their black
# and yellow: black reads as "no class", and yellow is lost on white paper.
_PALETTE = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#882255",
    "#332288",
)


def class_colors(n_clusters: int) -> list[str]:
    """Return the colour of each class, the same in every figure.

    Class 0 has the same colour whatever the number of classes. The first eight stay
    apart for colour-blind readers; further ones are darker, then lighter, rounds of
    the same eight, so figures always name classes by number as well.

    Parameters
    ----------
    n_clusters : int
        Number of classes, at least 1.

    Returns
    -------
    list of str
        Hexadecimal colours, one per class (`n_clusters`).

    Raises
    ------
    ValueError
        If `n_clusters` is not a positive integer.

    Examples
    --------
    >>> class_colors(3)
    ['#0072B2', '#D55E00', '#009E73']
    """
    n_clusters = check_positive_int(n_clusters, "n_clusters")
    rounds = ((0.0, 0.0), (0.0, 0.45), (1.0, 0.5))  # (black 0 or white 1, how much)
    colors = []
    for label in range(n_clusters):
        target, weight = rounds[label // len(_PALETTE) % len(rounds)]
        color = _PALETTE[label % len(_PALETTE)]
        if weight:
            mixed = (1 - weight) * np.array(to_rgb(color)) + weight * target
            color = to_hex(mixed.tolist())
        colors.append(color)
    return colors


def new_axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """Return `ax`, or the axes of a new pyplot figure of `size` inches."""
    if ax is not None:
        return ax
    # By name, because only a caller in a notebook wants pyplot and its global state;
    # writing the figures of a report goes without.
    pyplot = importlib.import_module("matplotlib.pyplot")
    axes: Axes = pyplot.subplots(figsize=size, layout="compressed")[1]
    return axes


def tidy(ax: Axes) -> None:
    """Hide the spines without ticks."""
    ax.spines[["top", "right"]].set_visible(False)


def plain_ticks(axis: Axis) -> None:
    """Put ticks at 1, 2, 5 and their tens, written as plain numbers."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(lambda tick, _: f"{tick:g}")


def unit_name(unit_id: Any, width: int = 14) -> str:
    """Return a unit's name as it fits beside an axis: printable and not too long."""
    name = "".join(c if c.isprintable() else "?" for c in str(unit_id))
    if len(name) <= width:
        return name
    _, colon, unit = name.rpartition(":")
    if colon and len(unit) < width - 2:  # of pooled recordings: the unit must stay
        return f"{name[: width - len(unit) - 2]}…:{unit}"
    return name[: width - 1] + "…"


def leaves_of_tree(classification: ClassificationResult) -> str:
    """Return the number and kind of the leaves of the tree, as text."""
    n_leaves = len(classification.tree.leaf_order)
    if classification.tree.micro_labels is None:
        return f"{n_leaves} neurons"
    return f"{n_leaves} micro-clusters of {len(classification.classified)} neurons"


def unit_of_loss(classification: ClassificationResult) -> str:
    """Return the unit of losses and of the curve: "bits per spike" or "per word"."""
    return classification.curve.unit.replace("/", " per ")


def class_runs(labels: ArrayLike) -> list[tuple[int, int, int]]:
    """Return ``(first, stop, label)`` of every run of equal labels."""
    labels = np.asarray(labels)
    edges = np.flatnonzero(np.diff(labels)) + 1
    bounds = [0, *edges.tolist(), len(labels)]
    return [(i, j, int(labels[i])) for i, j in pairwise(bounds)]


def draw_class_strip(
    ax: Axes, labels: NDArray[np.intp], n_clusters: int, *, side: str, width: float
) -> None:
    """Draw a strip of class colours along the bottom or left of axes over neurons.

    Parameters
    ----------
    ax : Axes
        Its coordinates along the strip are positions of neurons, 0, 1, ...
    labels : ndarray of int, shape (n_neurons,)
        Class of the neuron at each position.
    n_clusters : int
        Number of classes.
    side : {"bottom", "left"}
        Side of the axes that the strip is on.
    width : float
        Thickness as a fraction of the axes.
    """
    colors = class_colors(n_clusters)
    below = side == "bottom"
    transform = ax.get_xaxis_transform() if below else ax.get_yaxis_transform()
    for first, stop, label in class_runs(labels):
        along, across = (first - 0.5, stop - first), (-1.25 * width, width)
        (x, dx), (y, dy) = (along, across) if below else (across, along)
        ax.add_patch(
            Rectangle(
                (x, y),
                dx,
                dy,
                facecolor=colors[label],
                edgecolor="white",
                linewidth=0.5,
                transform=transform,
                clip_on=False,
            )
        )
        if stop - first >= 0.035 * len(labels):  # the number has room
            ax.text(
                x + dx / 2,
                y + dy / 2,
                str(label),
                transform=transform,
                ha="center",
                va="center_baseline",
                fontsize=8,
                color=_ink_on(colors[label]),
            )


def _ink_on(color: str) -> str:
    """Return black or white, whichever has more contrast with `color`."""
    r, g, b = to_rgb(color)
    return "black" if 0.2126 * r**2.2 + 0.7152 * g**2.2 + 0.0722 * b**2.2 > 0.3 else "w"
