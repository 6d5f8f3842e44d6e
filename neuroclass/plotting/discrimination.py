"""Figures of how neurons are told apart: every pair, how soon, and by a decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.ticker import LogLocator, NullFormatter
from scipy.spatial.distance import squareform

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

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from numpy.typing import NDArray

    from neuroclass.discrimination import Discrimination

__all__ = [
    "plot_decoder_curves",
    "plot_discrimination_times",
    "plot_pairwise_divergence",
]

_NO_TIME = "#d9d4cb"


def plot_pairwise_divergence(
    discrimination: Discrimination, *, ax: Axes | None = None
) -> Axes:
    """Draw how far every two neurons differ, in the order of the merge tree.

    Parameters
    ----------
    discrimination : Discrimination
        What `neuroclass.discriminate_neurons` returns.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a colour scale takes some of its room. Default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        A symmetric matrix (bits/s, logarithmic), grey where two neurons are not
        distinguishable, with the boundaries of the classes.
    """
    ax = new_axes(ax, (5.6, 4.7))
    order = discrimination.leaf_order
    n_neurons = len(order)
    found = discrimination.is_distinguishable
    rate = np.where(found, discrimination.information_rate, np.nan)
    matrix = squareform(rate)[np.ix_(order, order)]
    np.fill_diagonal(matrix, np.nan)
    ax.set_facecolor(_NO_TIME)
    if found.any():
        low, high = np.nanmin(rate), np.nanmax(rate)
        picture = ax.imshow(
            np.ma.masked_invalid(matrix),
            cmap="viridis",
            interpolation="nearest",
            norm=LogNorm(low, max(high, 1.01 * low)),
        )
        figure = ax.get_figure()
        if figure is not None:
            scale = figure.colorbar(picture, ax=ax, fraction=0.046, pad=0.03)
            scale.set_label("Divergence of the pair (bits/s)")
            _plain_ticks(scale.ax.yaxis)
            scale.outline.set_visible(False)
    ax.set_xlim(-0.5, n_neurons - 0.5)
    ax.set_ylim(n_neurons - 0.5, -0.5)
    ax.set_aspect("equal")
    labels, n_drawn = _drawn_labels(discrimination)
    labels = labels[order]
    for first, _, _ in class_runs(labels)[1:]:
        ax.axhline(first - 0.5, color="white", linewidth=0.9)
        ax.axvline(first - 0.5, color="white", linewidth=0.9)
    for side in ("bottom", "left"):
        draw_class_strip(ax, labels, n_drawn, side=side, width=0.045)
    ax.set_xticks([])
    ax.set_yticks([])
    grey = "" if found.all() else "; grey: not distinguishable"
    ax.set_xlabel(f"{n_neurons} neurons in tree order; strip: class{grey}", labelpad=22)
    ax.set_ylabel("Neurons in the same order", labelpad=22)
    ax.spines[:].set_visible(False)
    return ax


def _drawn_labels(discrimination: Discrimination) -> tuple[NDArray[np.intp], int]:
    """Return classes from 0; neurons without one have one of their own, the last."""
    n_classes = len(discrimination.classes)
    is_unknown = discrimination.labels < 0
    labels = np.where(is_unknown, n_classes, discrimination.labels)
    return labels, n_classes + bool(is_unknown.any())


def plot_discrimination_times(
    discrimination: Discrimination, *, accuracy: float = 0.9, ax: Axes | None = None
) -> Axes:
    """Draw how long it takes to tell two neurons apart, within and between classes.

    Parameters
    ----------
    discrimination : Discrimination
        What `neuroclass.discriminate_neurons` returns.
    accuracy : float, default 0.9
        Fraction of correct answers.
    ax : matplotlib.axes.Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Pairs against seconds (logarithmic), medians as triangles; beyond the dotted
        line times are longer than the stimulus; pairs that are not distinguishable
        are counted in the legend.
    """
    ax = new_axes(ax, (5.6, 3.6))
    seconds = discrimination.seconds(accuracy)
    kinds = [
        ("within a class", discrimination.is_within, class_colors(2)[1]),
        ("between classes", discrimination.is_between, class_colors(1)[0]),
    ]
    kinds = [kind for kind in kinds if kind[1].any()]
    if not kinds:
        kinds = [("all pairs", np.ones(len(seconds), dtype=bool), MIXED)]
    finite = seconds[np.isfinite(seconds)]
    if len(finite):
        low, high = finite.min(), finite.max()
        bins = np.geomspace(low / 1.05, high * 1.05, 33)
        ax.set_xscale("log")
        _plain_ticks(ax.xaxis)
    for name, which, color in kinds:
        times = seconds[which]
        n_missing = int(np.isnan(times).sum())
        label = f"{name}: {len(times)} pairs"
        if n_missing:
            label += f", {n_missing} not distinguishable"
        median = discrimination.median_seconds(which, accuracy)
        if np.isfinite(median):
            label += f"; median {median:.2g} s"
        if not len(finite):
            ax.plot([], [], color=color, label=label)
            continue
        ax.hist(
            times[np.isfinite(times)],
            bins=bins.tolist(),
            histtype="stepfilled",
            facecolor=(color, 0.35),
            edgecolor=color,
            label=label,
        )
        if np.isfinite(median):
            ax.plot(
                median,
                0.02,
                "^",
                color=color,
                markeredgecolor="white",
                markersize=9,
                transform=ax.get_xaxis_transform(),
                clip_on=False,
                zorder=3,
            )
    stimulus = discrimination.stimulus_duration
    if len(finite) and stimulus < 1.05 * high:
        ax.axvline(stimulus, color=INK, linewidth=1, linestyle=(0, (1, 2)))
        ax.annotate(
            "stimulus",
            (stimulus, 1),
            xycoords=ax.get_xaxis_transform(),
            xytext=(-3, -4),
            textcoords="offset points",
            rotation=90,
            ha="right",
            va="top",
            fontsize=8,
        )
    ax.set_xlabel(f"Time to tell two neurons apart, {100 * accuracy:.0f} % correct (s)")
    ax.set_ylabel("Pairs")
    tidy(ax)
    ax.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1),
        frameon=False,
        fontsize="small",
        borderaxespad=0.2,
    )
    return ax


def plot_decoder_curves(
    discrimination: Discrimination, *, ax: Axes | None = None
) -> Axes:
    """Draw how often a decoder tells two neurons apart, against time.

    Parameters
    ----------
    discrimination : Discrimination
        What `neuroclass.discriminate_neurons` returns.
    ax : matplotlib.axes.Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Fraction correct against seconds of response (logarithmic) of the chosen
        pairs, with the standard error over presentations; the diamonds are the times
        to 90 % from the divergence.
    """
    ax = new_axes(ax, (5.6, 3.9))
    pairs, ids = discrimination.divergences, discrimination.unit_ids
    seconds = discrimination.seconds(0.9)
    colors = class_colors(max(len(discrimination.curves), 1))
    for curve, color in zip(discrimination.curves, colors, strict=True):
        ends = sorted((curve.first, curve.second))
        (k,) = np.flatnonzero((pairs.first == ends[0]) & (pairs.second == ends[1]))
        time = "not distinguishable"
        if np.isfinite(seconds[k]):
            time = f"{seconds[k]:.2g} s"
        name = f"{unit_name(ids[curve.first])} - {unit_name(ids[curve.second])}"
        ax.plot(curve.seconds, curve.correct, color=color, label=f"{name}: {time}")
        ax.fill_between(
            curve.seconds,
            curve.correct - curve.standard_error,
            np.minimum(curve.correct + curve.standard_error, 1),
            color=color,
            alpha=0.2,
            linewidth=0,
        )
        if curve.seconds[0] <= seconds[k] <= curve.seconds[-1]:
            ax.plot(
                seconds[k],
                0.9,
                "D",
                color=color,
                markeredgecolor="white",
                markersize=7,
                zorder=3,
            )
    ax.axhline(0.5, color=INK, linewidth=0.8, linestyle=(0, (1, 2)))
    ax.set_xscale("log")
    _plain_ticks(ax.xaxis)
    ax.set_ylim(min(0.45, ax.get_ylim()[0]), 1.01)
    ax.set_xlabel("Length of the response (s)")
    ax.set_ylabel("Fraction correct")
    tidy(ax)
    legend = ax.legend(
        title="time to 90 % (diamonds) from the divergence",
        title_fontsize="small",
        loc="lower left",
        bbox_to_anchor=(0, 1),
        frameon=False,
        fontsize="small",
        ncols=2,
        borderaxespad=0.2,
        alignment="left",
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    return ax


def _plain_ticks(axis: Axis) -> None:
    """Put ticks at 1, 2, 5 and their tens, written as plain numbers."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(lambda tick, _: f"{tick:g}")
