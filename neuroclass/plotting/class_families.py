"""Figure of the families of classes of several recordings.

Input: `WithinRecordings`. Output: axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D

from neuroclass.plotting._axes import INK, class_colors, new_axes, tidy, unit_name
from neuroclass.plotting._window import choose_window

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neuroclass.results import WithinRecordings

__all__ = ["families_size", "plot_families"]

_MOST_FAMILIES = 16  # drawn in rows; the largest first
_STYLES: tuple[Any, ...] = ("-", "--", ":", "-.")


def plot_families(within: WithinRecordings, *, ax: Axes | None = None) -> Axes:
    """Draw the mean responses of matched classes of `WithinRecordings`.

    Seconds against the rate of each class over its own peak, one row per family (the 16
    largest), one line style per recording.

    Draws into `ax`, by default of a new figure, and returns it.

    Examples
    --------
    >>> from neuroclass import simulate_retina
    >>> from neuroclass.analysis import classify_within
    >>> light = {"stimulus_random_state": 7, "n_unique": 0}
    >>> retinas = [simulate_retina(2, 12, 20, random_state=k, **light) for k in (0, 1)]
    >>> ax = plot_families(classify_within(retinas, n_clusters=2))
    """
    n_rows = min(within.n_families, _MOST_FAMILIES)
    ax = new_axes(ax, families_size(within))
    colors = class_colors(within.n_families)
    window = choose_window(within.classifications[0])
    bins = slice(window.first_bin, window.first_bin + window.n_bins)
    bin_size = within.classifications[0].psth.bin_size
    time = window.start + (np.arange(window.n_bins) + 0.5) * bin_size
    for family in range(n_rows):
        base = n_rows - 1 - family
        sizes = []
        for k, classification in enumerate(within.classifications):
            of_neuron = within.family_of_units(k)[classification.classified]
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
    names = [unit_name(name, 24) for name in within.recordings[: len(_STYLES)]]
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
    ax.set_ylim(-0.1, n_rows + 0.02)
    ax.set_ylabel("Firing rate / peak")
    ax.set_xlim(window.start, window.stop)
    ax.set_xlabel(window.label, parse_math=False)
    tidy(ax)
    return ax


def families_size(within: WithinRecordings) -> tuple[float, float]:
    """Return width and height in inches: a row per family."""
    return 8.4, max(2.6, 1.2 + 0.8 * min(within.n_families, _MOST_FAMILIES))
