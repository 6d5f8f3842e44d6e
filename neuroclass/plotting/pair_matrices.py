"""Matrices of pairs of neurons: merging loss, co-clustering, divergence.

Input: `ClassificationResult` or `DiscriminationResult`. Output: axes, with neurons in
tree order, boundaries and strips of their classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy
from matplotlib.colors import LogNorm

from neuroclass.plotting._axes import (
    class_runs,
    draw_class_strip,
    leaves_of_tree,
    new_axes,
    plain_ticks,
    unit_of_loss,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from neuroclass.results import ClassificationResult, DiscriminationResult

__all__ = ["plot_co_clustering", "plot_pairwise_divergence", "plot_pairwise_loss"]

_BOUNDARY = "#D55E00"  # on a matrix of greys
_NOT_FOUND = "#d9d4cb"


def plot_pairwise_loss(
    classification: ClassificationResult, *, ax: Axes | None = None
) -> Axes:
    """Draw the pairwise merging losses of a `ClassificationResult`, in tree order.

    A symmetric matrix, dark where two neurons respond alike, with the boundaries of the
    classes; in bits per spike by the criterion "timing", in bits per word by "word".
    Sampling makes some losses slightly negative; they are drawn as 0.

    Draws into `ax`, by default of a new figure, and returns it; the colour scale takes
    some of its room.

    Examples
    --------
    >>> import neuroclass
    >>> retina = neuroclass.simulate_retina(3, 24, 20, "5s", random_state=0)
    >>> classes = neuroclass.classify_neurons(retina)
    >>> ax = plot_pairwise_loss(classes)
    """
    ax = new_axes(ax, (5.6, 4.7))
    order = classification.tree.leaf_order
    loss = np.clip(classification.tree.pairwise_loss[np.ix_(order, order)], 0, None)
    picture = ax.imshow(
        loss,
        cmap="viridis",
        interpolation="nearest",
        vmin=0,
        vmax=float(loss.max()) or 1.0,
    )
    _draw_scale(ax, picture, f"Merging loss ({unit_of_loss(classification)})")
    _draw_own_classes(ax, classification)
    return ax


def plot_co_clustering(
    classification: ClassificationResult, *, ax: Axes | None = None
) -> Axes:
    """Draw the co-clustering of neurons under resampled stimuli, in tree order.

    Of a `ClassificationResult` with stability. A symmetric matrix, dark where two
    neurons are always of one class, with the boundaries of the classes.

    Draws into `ax`, by default of a new figure, and returns it; the colour scale takes
    some of its room.

    Raises
    ------
    ValueError
        If the classification has no stability.

    Examples
    --------
    >>> import neuroclass
    >>> retina = neuroclass.simulate_retina(3, 24, 20, "5s", random_state=0)
    >>> classes = neuroclass.classify_neurons(retina, stability=20)
    >>> ax = plot_co_clustering(classes)
    """
    stability = classification.stability
    if stability is None:
        raise ValueError(
            "classification must have its stability; got none. Ask for it: "
            "classify_neurons(..., stability=100)."
        )
    ax = new_axes(ax, (5.6, 4.7))
    order = classification.tree.leaf_order
    picture = ax.imshow(
        stability.co_clustering[np.ix_(order, order)],
        cmap="Greys",
        interpolation="nearest",
        vmin=0,
        vmax=1,
    )
    _draw_scale(
        ax,
        picture,
        f"Co-clustering in {stability.n_clusters} classes "
        f"({stability.n_replicates} resampled stimuli)",
    )
    _draw_own_classes(ax, classification, color=_BOUNDARY)
    return ax


def plot_pairwise_divergence(
    discrimination: DiscriminationResult, *, ax: Axes | None = None
) -> Axes:
    """Draw the pairwise divergences of a `DiscriminationResult`, in tree order.

    A symmetric matrix, in bits/s (logarithmic), grey where two neurons are not
    distinguishable, with the boundaries of the classes.

    Draws into `ax`, by default of a new figure, and returns it; the colour scale takes
    some of its room.

    Examples
    --------
    >>> import neuroclass
    >>> retina = neuroclass.simulate_retina(3, 24, 20, "5s", random_state=0)
    >>> pairs = neuroclass.discriminate_neurons(retina, reference="true_type")
    >>> ax = plot_pairwise_divergence(pairs)
    """
    ax = new_axes(ax, (5.6, 4.7))
    order = discrimination.leaf_order
    n_neurons = len(order)
    is_distinguishable = discrimination.is_distinguishable
    rate = np.where(is_distinguishable, discrimination.information_rate, np.nan)
    matrix = scipy.spatial.distance.squareform(rate)[np.ix_(order, order)]
    np.fill_diagonal(matrix, np.nan)
    ax.set_facecolor(_NOT_FOUND)
    if is_distinguishable.any():
        low, high = np.nanmin(rate), np.nanmax(rate)
        picture = ax.imshow(
            np.ma.masked_invalid(matrix),
            cmap="viridis",
            interpolation="nearest",
            norm=LogNorm(low, max(high, 1.01 * low)),
        )
        _draw_scale(ax, picture, "Jensen-Shannon divergence (bits/s)", in_decades=True)
    ax.set_xlim(-0.5, n_neurons - 0.5)
    ax.set_ylim(n_neurons - 0.5, -0.5)
    ax.set_aspect("equal")
    labels, n_drawn = _drawn_labels(discrimination)
    grey = "" if is_distinguishable.all() else "; grey: not distinguishable"
    name = f"{n_neurons} neurons in tree order; strip: class{grey}"
    _draw_classes(ax, labels[order], n_drawn, name)
    return ax


def _drawn_labels(discrimination: DiscriminationResult) -> tuple[NDArray[np.intp], int]:
    """Return classes from 0; neurons without one have one of their own, the last."""
    n_classes = len(discrimination.classes)
    is_unknown = discrimination.labels < 0
    labels = np.where(is_unknown, n_classes, discrimination.labels)
    return labels, n_classes + bool(is_unknown.any())


def _draw_scale(ax: Axes, picture: Any, name: str, *, in_decades: bool = False) -> None:
    """Draw the colour scale of a matrix."""
    figure = ax.get_figure()
    if figure is None:
        return
    scale = figure.colorbar(picture, ax=ax, fraction=0.046, pad=0.03)
    scale.set_label(name, fontsize=9 if len(name) > 50 else None)
    if in_decades:
        plain_ticks(scale.ax.yaxis)
    scale.outline.set_visible(False)


def _draw_own_classes(
    ax: Axes, classification: ClassificationResult, color: str = "white"
) -> None:
    """Draw the classes of the leaves that the matrix of a classification has."""
    _draw_classes(
        ax,
        classification.leaf_labels[classification.tree.leaf_order],
        classification.n_clusters,
        f"{leaves_of_tree(classification)} in tree order; strip: class",
        color,
    )


def _draw_classes(
    ax: Axes, labels: NDArray[np.intp], n_clusters: int, name: str, color: str = "white"
) -> None:
    """Draw boundaries and strips of the classes around a matrix in tree order."""
    width = 0.9 if n_clusters <= 8 else 0.5
    for first, _, _ in class_runs(labels)[1:]:
        ax.axhline(first - 0.5, color=color, linewidth=width)
        ax.axvline(first - 0.5, color=color, linewidth=width)
    for side in ("bottom", "left"):
        draw_class_strip(ax, labels, n_clusters, side=side, width=0.045)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_xlabel(name, labelpad=22)
    ax.set_ylabel("Neurons in the same order", labelpad=22)
    ax.spines[:].set_visible(False)
