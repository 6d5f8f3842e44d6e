"""Figures of the time to accuracy of pairs, by divergence and by a decoder.

Input: `DiscriminationResult`. Output: axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neuroclass.plotting._axes import (
    INK,
    MIXED,
    class_colors,
    new_axes,
    plain_ticks,
    tidy,
    unit_name,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neuroclass.results import DiscriminationResult

__all__ = [
    "plot_decoder_curves",
    "plot_discrimination_times",
]

_LONG_LABEL = 34  # characters


def plot_discrimination_times(
    discrimination: DiscriminationResult,
    *,
    accuracy: float = 0.9,
    ax: Axes | None = None,
) -> Axes:
    """Draw the times to accuracy of a `DiscriminationResult`, by kind of pair.

    Pairs within and between classes against seconds (logarithmic), medians as
    triangles. Beyond the dotted line times are longer than the stimulus; pairs that are
    not distinguishable are counted in the legend.

    Draws into `ax`, by default of a new figure, and returns it; `accuracy` is the
    fraction of correct answers.

    Examples
    --------
    >>> import neuroclass
    >>> retina = neuroclass.simulate_retina(3, 24, 20, "5s", random_state=0)
    >>> pairs = neuroclass.discriminate_neurons(retina, reference="true_type")
    >>> ax = plot_discrimination_times(pairs)
    """
    ax = new_axes(ax, (5.6, 3.6))
    seconds = discrimination.time_to_accuracy(accuracy)
    groups = [
        ("within a class", discrimination.is_within, class_colors(2)[1]),
        ("between classes", discrimination.is_between, class_colors(1)[0]),
    ]
    groups = [group for group in groups if group[1].any()]
    if not groups:
        groups = [("all pairs", np.ones(len(seconds), dtype=bool), MIXED)]
    finite = seconds[np.isfinite(seconds)]
    if len(finite):
        low, high = finite.min(), finite.max()
        bins = np.geomspace(low / 1.05, high * 1.05, 33)
        ax.set_xscale("log")
        plain_ticks(ax.xaxis)
    for name, which, color in groups:
        times = seconds[which]
        n_missing = int(np.isnan(times).sum())
        label = f"{name}: {len(times)} pairs"
        if n_missing:
            label += f", {n_missing} not distinguishable"
        median = discrimination.median_time_to_accuracy(which, accuracy)
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
    ax.set_xlabel(f"Observation time to {100 * accuracy:.0f} % correct (s)")
    ax.set_ylabel("Number of pairs")
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
    discrimination: DiscriminationResult, *, ax: Axes | None = None
) -> Axes:
    """Draw the decoder curves of a `DiscriminationResult`.

    Fraction correct against seconds of response (logarithmic) of the chosen pairs, with
    the standard error over presentations. Diamonds are the times to 90 % from the
    divergence.

    Draws into `ax`, by default of a new figure, and returns it.

    Examples
    --------
    >>> import neuroclass
    >>> retina = neuroclass.simulate_retina(3, 24, 20, "5s", random_state=0)
    >>> pairs = neuroclass.discriminate_neurons(retina, reference="true_type")
    >>> ax = plot_decoder_curves(pairs)
    """
    ax = new_axes(ax, (5.6, 3.9))
    pairs, ids = discrimination.divergences, discrimination.unit_ids
    seconds = discrimination.time_to_accuracy(0.9)
    colors = class_colors(max(len(discrimination.curves), 1))
    for curve, color in zip(discrimination.curves, colors, strict=True):
        ends = sorted((curve.first, curve.second))
        (k,) = np.flatnonzero((pairs.first == ends[0]) & (pairs.second == ends[1]))
        time = "not distinguishable"
        if np.isfinite(seconds[k]):
            time = f"{seconds[k]:.2g} s"
        name = f"{unit_name(ids[curve.first])} - {unit_name(ids[curve.second])}"
        ax.plot(curve.durations, curve.correct, color=color, label=f"{name}: {time}")
        ax.fill_between(
            curve.durations,
            curve.correct - curve.standard_error,
            np.minimum(curve.correct + curve.standard_error, 1),
            color=color,
            alpha=0.2,
            linewidth=0,
        )
        if curve.durations[0] <= seconds[k] <= curve.durations[-1]:
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
    plain_ticks(ax.xaxis)
    ax.set_ylim(min(0.45, ax.get_ylim()[0]), 1.01)
    ax.set_xlabel("Response duration (s)")
    ax.set_ylabel("Fraction correct")
    tidy(ax)
    labels = ax.get_legend_handles_labels()[1]
    legend = ax.legend(
        title="time to 90 % (diamonds) from the divergence",
        title_fontsize="small",
        loc="lower left",
        bbox_to_anchor=(0, 1),
        frameon=False,
        fontsize="small",
        # Side by side, long names would leave the axes no width.
        ncols=2 if max(map(len, labels), default=0) < _LONG_LABEL else 1,
        borderaxespad=0.2,
        alignment="left",
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    return ax
