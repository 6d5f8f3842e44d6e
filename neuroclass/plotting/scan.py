"""Figure of a scan: information rate against the length of a word, to its limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.ticker import FixedLocator, NullLocator

from neuroclass._validation import check_choice
from neuroclass.plotting._axes import INK, class_colors, new_axes, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neuroclass.scan import InformationScan

__all__ = ["plot_scan"]

_ABOUT = {
    "identity": "Information about who spoke (bits/s)",
    "stimulus": "Information about the stimulus\n(bits/s, mean of neurons)",
}


def plot_scan(
    scan: InformationScan,
    about: Literal["identity", "stimulus"] = "identity",
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw information rates against 1 / word length, one colour per bin width.

    Parameters
    ----------
    scan : InformationScan
        What `neuroclass.scan.scan_information` returns.
    about : {"identity", "stimulus"}
        What the words tell about: the neuron that spoke, or the stimulus.
    ax : matplotlib.axes.Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        With 95 % intervals; words that cannot be trusted are open circles. About the
        stimulus, the dashed lines lead to the limit of infinitely long words.
    """
    check_choice(about, "about", tuple(_ABOUT))
    ax = new_axes(ax, (5.6, 3.9))
    widths = list(dict.fromkeys(word.bin_size for word in scan.words))
    colors = dict(zip(widths, class_colors(len(widths)), strict=True))
    for width in widths:
        words = [word for word in scan.words if word.bin_size == width]
        rates = [getattr(word, about) for word in words]
        if None in rates:
            continue
        x = 1 / np.array([word.word_length for word in words])
        y = np.array([rate.bits_per_second for rate in rates])
        low, high = np.array([rate.interval for rate in rates]).T
        color = colors[width]
        ax.plot(x, y, color=color, linewidth=1, alpha=0.5)
        ax.errorbar(x, y, [y - low, high - y], fmt="none", ecolor=color, elinewidth=1)
        is_good = np.array([rate.verdict == "good" for rate in rates])
        ax.plot(
            x[is_good], y[is_good], "o", color=color, label=f"{1e3 * width:g} ms bins"
        )
        ax.plot(x[~is_good], y[~is_good], "o", color=color, markerfacecolor="white")
    if about == "stimulus":
        _draw_limits(scan, colors, ax)
    lengths = sorted({word.word_length for word in scan.words})
    ax.plot([], [], "o", color=INK, markerfacecolor="white", label="not to be trusted")
    ax.set_xlim(-0.03, 1.03)
    ax.set_ylim(bottom=min(0.0, ax.get_ylim()[0]))
    ax.xaxis.set_major_locator(FixedLocator([0, *(1 / n for n in lengths)]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticklabels(["∞", *map(str, lengths)])
    ax.set_xlabel("Bins per word (spaced by 1 / length)")
    ax.set_ylabel(_ABOUT[about])
    tidy(ax)
    ax.legend(frameon=False, fontsize="small", loc="lower right")
    return ax


def _draw_limits(scan: InformationScan, colors: dict[float, str], ax: Axes) -> None:
    for limit in scan.extrapolations:
        if not limit.word_lengths:
            continue
        color, rate = colors[limit.bin_size], limit.bits_per_second
        end = 1 / limit.word_lengths[0]
        ax.plot(
            [0, end],
            [rate, rate + limit.slope * end / limit.bin_size],
            color=color,
            linestyle=(0, (4, 2)),
        )
        low, high = limit.interval
        ax.errorbar(
            [0],
            [rate],
            [[rate - low], [high - rate]],
            fmt="D",
            color=color,
            markersize=5,
            clip_on=False,
        )
