"""The figure of classes that were found in several recordings apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D

from neuroclass.plotting._axes import INK, class_colors, new_axes, tidy, unit_name
from neuroclass.plotting._window import choose_window

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neuroclass.results.recordings import WithinRecordings

__all__ = ["families_size", "plot_families"]

_MOST_FAMILIES = 16  # drawn in rows; the largest first
_STYLES: tuple[Any, ...] = ("-", "--", ":", "-.")


def plot_families(found: WithinRecordings, *, ax: Axes | None = None) -> Axes:
    """Draw the mean responses of matched classes, one line per recording.

    Parameters
    ----------
    found : WithinRecordings
        What `neuroclass.analysis.across_recordings.classify_within` returns.
    ax : matplotlib.axes.Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Seconds against the rate of each class over its own peak, one row per family
        (the 16 largest), one style of line per recording.
    """
    n_shown = min(found.n_families, _MOST_FAMILIES)
    ax = new_axes(ax, families_size(found))
    colors = class_colors(found.n_families)
    window = choose_window(found.classifications[0])
    bins = slice(window.first_bin, window.first_bin + window.n_bins)
    bin_size = found.classifications[0].psth.bin_size
    time = window.start + (np.arange(window.n_bins) + 0.5) * bin_size
    for family in range(n_shown):
        base = n_shown - 1 - family
        sizes = []
        for k, classification in enumerate(found.classifications):
            of_neuron = found.family_of_units(k)[classification.classified]
            members = classification.psth.rates[of_neuron == family, bins]
            sizes.append(str(len(members)))
            if not len(members):
                continue
            mean = members.mean(axis=0)
            ax.plot(
                time,
                base + 0.9 * mean / (mean.max() or 1.0),
                color=colors[family],
                linestyle=_STYLES[k % len(_STYLES)],
                linewidth=1.1,
            )
        ax.axhline(base, color="#bbbbbb", linewidth=0.5, zorder=0)
        ax.text(
            1.01,
            base + 0.42,
            f"Family {family}\n{' + '.join(sizes[:6])} neurons",
            transform=ax.get_yaxis_transform(),
            color=colors[family],
            va="center",
            fontsize=9,
        )
    names = [unit_name(name, 24) for name in found.recordings[: len(_STYLES)]]
    ax.legend(
        [Line2D([], [], color=INK, linestyle=style) for style in _STYLES[: len(names)]],
        names,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=len(names),
        frameon=False,
        fontsize=8,
    )
    ax.set_yticks([])
    ax.set_ylim(-0.1, n_shown + 0.02)
    ax.set_ylabel("Firing rate over its peak")
    ax.set_xlim(window.start, window.stop)
    ax.set_xlabel(window.label, parse_math=False)
    tidy(ax)
    return ax


def families_size(found: WithinRecordings) -> tuple[float, float]:
    """Return width and height in inches: a row per family."""
    return 8.4, max(2.6, 1.2 + 0.8 * min(found.n_families, _MOST_FAMILIES))
