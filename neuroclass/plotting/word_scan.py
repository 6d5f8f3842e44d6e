"""Figure of information rates against word length, and their limit.

Input: `InformationScan`. Output: axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.ticker import FixedLocator, NullLocator
from matplotlib.transforms import Affine2D

from neuroclass._lib.checks import check_choice
from neuroclass.plotting._axes import INK, class_colors, new_axes, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Transform

    from neuroclass.results import InformationScan

__all__ = ["plot_scan"]

_APART = 0.009  # of 1 / word length, between bin widths; 1/6 and 1/8 are .042 apart

_ABOUT = {
    "identity": "Identity information (bits/s)",
    "stimulus": "Stimulus information\n(bits/s, mean of neurons)",
}


def plot_scan(
    scan: InformationScan,
    *,
    about: Literal["identity", "stimulus"] = "identity",
    ax: Axes | None = None,
) -> Axes:
    """Draw the rates of an `InformationScan` against 1 / word length.

    One colour per bin width, with 95 % intervals; unreliable rates are open circles.
    Bin widths stand a little beside each other, so that none hides the interval of
    another. The rates are of the information about the neuron's identity, or about the
    stimulus, where dashed lines lead to the limit of infinitely long words.

    Draws into `ax`, by default of a new figure, and returns it.

    Examples
    --------
    >>> import neuroclass
    >>> retina = neuroclass.simulate_retina(3, 24, 20, "5s", random_state=0)
    >>> scan = neuroclass.scan_information(retina, bin_sizes=[0.01, 0.02])
    >>> ax = plot_scan(scan)
    """
    check_choice(about, "about", tuple(_ABOUT))
    ax = new_axes(ax, (5.6, 3.9))
    widths = list(dict.fromkeys(word.bin_size for word in scan.words))
    colors = dict(zip(widths, class_colors(len(widths)), strict=True))
    middle = (len(widths) - 1) / 2
    beside = {
        width: Affine2D().translate(_APART * (k - middle), 0) + ax.transData
        for k, width in enumerate(widths)
    }
    for width in widths:
        words = [word for word in scan.words if word.bin_size == width]
        rates = [getattr(word, about) for word in words]
        if None in rates:
            continue
        x = 1 / np.array([word.word_length for word in words])
        y = np.array([rate.bits_per_second for rate in rates])
        low, high = np.array([rate.interval for rate in rates]).T
        color, place = colors[width], beside[width]
        ax.plot(x, y, color=color, linewidth=1, alpha=0.5, transform=place)
        ax.errorbar(
            x,
            y,
            [y - low, high - y],
            fmt="none",
            ecolor=color,
            elinewidth=1,
            transform=place,
        )
        is_good = np.array([rate.verdict == "good" for rate in rates])
        for chosen, face, label in (
            (is_good, color, f"{1e3 * width:g} ms bins"),
            (~is_good, "white", None),
        ):
            ax.plot(
                x[chosen],
                y[chosen],
                "o",
                color=color,
                markerfacecolor=face,
                label=label,
                transform=place,
            )
    if about == "stimulus":
        _draw_limits(scan, colors, beside, ax)
    lengths = sorted({word.word_length for word in scan.words})
    ax.plot([], [], "o", color=INK, markerfacecolor="white", label="unreliable")
    ax.set_xlim(-0.04, 1.04)
    ax.set_ylim(bottom=min(0.0, ax.get_ylim()[0]))
    ax.xaxis.set_major_locator(FixedLocator([0, *(1 / n for n in lengths)]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticklabels(["∞", *map(str, lengths)])
    ax.set_xlabel("Bins per word (spaced by 1 / length)")
    ax.set_ylabel(_ABOUT[about])
    tidy(ax)
    ax.legend(frameon=False, fontsize="small", loc="lower right")
    return ax


def _draw_limits(
    scan: InformationScan,
    colors: dict[float, str],
    beside: dict[float, Transform],
    ax: Axes,
) -> None:
    for limit in scan.extrapolations:
        if not limit.word_lengths:
            continue
        color, rate = colors[limit.bin_size], limit.bits_per_second
        end, place = 1 / limit.word_lengths[0], beside[limit.bin_size]
        ax.plot(
            [0, end],
            [rate, rate + limit.slope * end / limit.bin_size],
            color=color,
            linestyle=(0, (4, 2)),
            transform=place,
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
            transform=place,
        )
