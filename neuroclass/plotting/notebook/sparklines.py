"""Small responses of the classes, to stand in a line of a table.

Input: `ClassificationResult`. Output: SVG, without matplotlib.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neuroclass.plotting._axes import class_colors
from neuroclass.plotting._window import choose_window

if TYPE_CHECKING:
    from neuroclass.results import ClassificationResult

__all__ = ["class_sparklines"]

_WIDTH, _HEIGHT = 180, 24  # pixels
_MOST_POINTS = 180


def class_sparklines(classification: ClassificationResult) -> list[str]:
    """Return the mean PSTH of each class as a small picture, in its colour.

    Parameters
    ----------
    classification : ClassificationResult
        Record of the classes.

    Returns
    -------
    list of str, (n_clusters,)
        SVG elements, each scaled to its own peak, of the stretch that
        `plot_class_responses` draws.

    Examples
    --------
    >>> import neuroclass
    >>> retina = neuroclass.simulate_retina(2, 12, 20, duration="5s", random_state=0)
    >>> classes = neuroclass.classify_neurons(retina, n_clusters=2)
    >>> [svg[:4] for svg in class_sparklines(classes)]
    ['<svg', '<svg']
    """
    window = choose_window(classification)
    bins = slice(window.first_bin, window.first_bin + window.n_bins)
    rates = classification.psth.rates[:, bins]
    labels = classification.labels[classification.classified]
    colors = class_colors(classification.n_clusters)
    drawn = []
    for label in range(classification.n_clusters):
        mean = rates[labels == label].mean(axis=0)
        # The largest of neighbouring bins: a peak must not fall between two points.
        starts = np.linspace(0, len(mean), min(len(mean), _MOST_POINTS) + 1)
        mean = np.maximum.reduceat(mean, starts[:-1].astype(np.intp))
        peak = float(mean.max())
        x = np.linspace(1, _WIDTH - 1, len(mean))
        y = _HEIGHT - 1 - (_HEIGHT - 2) * mean / (peak or 1.0)
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
        text = f"Firing rate of class {label}, at most {peak:.3g} Hz"
        drawn.append(
            f'<svg width="{_WIDTH}" height="{_HEIGHT}" '
            f'viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{text}">'
            f'<title>{text}</title><polyline points="{points}" fill="none" '
            f'stroke="{colors[label]}" stroke-width="1.2"/></svg>'
        )
    return drawn
