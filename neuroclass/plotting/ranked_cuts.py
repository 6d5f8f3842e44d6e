"""Figure of the ranked cuts of classes by timing, each drawn small.

Input: `ClassificationResult`. Output: axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import to_rgb

from neuroclass.clustering import relabel_by_size
from neuroclass.plotting._axes import INK, class_colors, new_axes, tidy
from neuroclass.plotting._window import choose_window

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from neuroclass.results import ClassificationResult

__all__ = ["cuts_size", "plot_cuts"]

_MOST_CUTS = 6  # drawn, the first of the ranking
_GAP = 0.7  # between two cuts, in rows


@dataclass(frozen=True)
class _DrawnCut:
    """A partition of the neurons that made the classes, and what is written of it."""

    labels: NDArray[np.intp]
    name: str
    is_shown: bool

    @property
    def n_clusters(self) -> int:
        return int(self.labels.max()) + 1


def plot_cuts(classification: ClassificationResult, *, ax: Axes | None = None) -> Axes:
    """Draw the ranked cuts of a `ClassificationResult` by the criterion "timing".

    A band per cut, the shown one first where it is none of them: neurons in tree order,
    coloured by class, and the mean response of each class over its own peak, the
    largest on top. Classes have the colours of those shown with which they share most
    neurons. At most 6 cuts are drawn, the shown one among them.

    Draws into `ax`, by default of a new figure, and returns it.

    Raises
    ------
    ValueError
        If the classification is not by timing.

    Examples
    --------
    >>> import neuroclass
    >>> retina = neuroclass.simulate_retina(3, 24, 20, "5s", random_state=0)
    >>> classes = neuroclass.classify_neurons(retina)
    >>> ax = plot_cuts(classes)
    """
    drawn = _drawn_cuts(classification)
    ax = new_axes(ax, cuts_size(classification))
    # Insets, because a layout makes room for what is written around them.
    strips = ax.inset_axes((0.0, 0.0, 0.36, 1.0))
    responses = ax.inset_axes((0.38, 0.0, 0.62, 1.0))
    shown = classification.labels[classification.classified]
    order = _neurons_in_tree_order(classification)
    window = choose_window(classification)
    bins = slice(window.first_bin, window.first_bin + window.n_bins)
    psth = classification.psth.rates[:, bins]
    bin_size = classification.psth.bin_size
    time = window.start + (np.arange(window.n_bins) + 0.5) * bin_size
    top = 0.0
    ticks, names = [], []
    for cut in drawn:
        colors = _matched_colors(cut.labels, shown)
        bottom = top - cut.n_clusters
        rgb = np.array([to_rgb(color) for color in colors])
        strips.imshow(
            rgb[cut.labels[order]][None],
            extent=(-0.5, len(order) - 0.5, bottom, top),
            aspect="auto",
            interpolation="nearest",
        )
        for label, color in enumerate(colors):
            mean = psth[cut.labels == label].mean(axis=0)
            base = top - 1 - label
            responses.plot(
                time,
                base + 0.92 * mean / (float(mean.max()) or 1.0),
                color=color,
                linewidth=0.9,
                clip_on=False,
            )
        ticks.append((top + bottom) / 2)
        names.append(cut.name)
        top = bottom - _GAP
    strips.set_yticks(ticks, names, fontsize=9)
    strips.tick_params(axis="y", length=0)
    strips.set_xticks([])
    strips.set_xlim(-0.5, len(order) - 0.5)
    strips.set_xlabel(f"{len(order)} neurons in tree order", fontsize=9)
    for each in (strips, responses):
        each.set_ylim(top + _GAP - 0.1, 0.1)
        tidy(each)
        each.spines["left"].set_visible(False)
    strips.spines["bottom"].set_visible(False)
    ax.axis("off")
    responses.set_yticks([])
    responses.set_xlim(window.start, window.stop)
    responses.set_xlabel(window.label, parse_math=False, fontsize=9)
    responses.set_title("Firing rate / peak", fontsize=9, color=INK)
    return ax


def cuts_size(classification: ClassificationResult) -> tuple[float, float]:
    """Return width and height in inches: a row per class of each cut."""
    cuts = _drawn_cuts(classification)
    n_rows = sum(cut.n_clusters + _GAP for cut in cuts)
    return 8.4, 1.0 + 0.24 * max(n_rows, 3.0)


def _drawn_cuts(classification: ClassificationResult) -> list[_DrawnCut]:
    """Return the shown partition, unless it is a ranked cut, and the ranked cuts."""
    if classification.timing is None:
        raise ValueError(
            'classification must be by the criterion "timing"; got "word", which has '
            'no ranked cuts. Use classify_neurons(..., criterion="timing").'
        )
    shown = classification.labels[classification.classified]
    drawn, is_ranked = [], False
    for cut in classification.timing.cuts.ranked:
        labels = relabel_by_size(cut.labels)
        is_shown = bool(np.array_equal(labels, shown))
        is_ranked = is_ranked or is_shown
        support = "surely" if cut.support == "sure" else "perhaps"
        name = f"{cut.n_clusters} classes\n{support}, z {cut.z:.1f}"
        drawn.append(_DrawnCut(labels, name + "\nshown" * is_shown, is_shown))
    if not is_ranked:
        n_clusters = classification.n_clusters
        name = "1 class" if n_clusters == 1 else f"{n_clusters} classes"
        drawn.insert(0, _DrawnCut(shown, f"{name}\nshown", is_shown=True))
    place = next(k for k, cut in enumerate(drawn) if cut.is_shown)
    return (
        drawn[:_MOST_CUTS]
        if place < _MOST_CUTS
        else [
            *drawn[: _MOST_CUTS - 1],
            drawn[place],
        ]
    )


def _neurons_in_tree_order(classification: ClassificationResult) -> NDArray[np.intp]:
    order = classification.tree.leaf_order
    leaf = classification.tree.micro_labels
    if leaf is None:
        return order
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    neurons: NDArray[np.intp] = np.argsort(place[leaf], kind="stable")
    return neurons


def _matched_colors(labels: NDArray[np.intp], shown: NDArray[np.intp]) -> list[str]:
    """Return the colours of classes: of those shown that share most neurons."""
    n_clusters, n_shown = int(labels.max()) + 1, int(shown.max()) + 1
    shared = np.zeros((n_clusters, n_shown))
    np.add.at(shared, (labels, shown), 1.0)
    colors = class_colors(max(n_shown, n_clusters) + n_clusters)
    found: dict[int, int] = {}
    # The largest overlap first; the best assignment would load SciPy's optimizers.
    for place in np.argsort(-shared, axis=None, kind="stable").tolist():
        label, of = divmod(place, n_shown)
        if label not in found and of not in found.values():
            found[label] = of
    spare = iter(range(n_shown, len(colors)))
    return [
        colors[found[label]] if label in found else colors[next(spare)]
        for label in range(n_clusters)
    ]
