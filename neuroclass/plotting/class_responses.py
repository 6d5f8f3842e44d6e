"""Figures of the responses of classes: PSTHs and rasters.

Input: `ClassificationResult`. Output: axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle

from neuroclass.plotting._axes import (
    INK,
    class_colors,
    new_axes,
    tidy,
    unit_name,
)
from neuroclass.plotting._window import Window, choose_window

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from neuroclass.results import ClassificationResult

__all__ = ["plot_class_responses", "plot_rasters", "rasters_size", "responses_size"]

_MOST_CLASSES = 16  # drawn in rows; the largest first
_MOST_EXAMPLES = 12  # neurons whose rasters are drawn, shared by the classes
_MOST_REPEATS = 30
_DENSE = 20_000  # points or spikes beyond which a vector drawing is only heavy


def plot_class_responses(
    classification: ClassificationResult, *, ax: Axes | None = None
) -> Axes:
    """Draw the PSTH of every class of a `ClassificationResult`, its members faint.

    Seconds against firing rate in Hz, one row per class (the 16 largest), each row with
    its own scale, cut where a single member leaves it. Of more than 10 s, the 10 s in
    which the class means differ most are drawn, as the label of the axis says.

    Draws into `ax`, by default of a new figure, and returns it.

    Examples
    --------
    >>> import neuroclass
    >>> retina = neuroclass.simulate_retina(3, 24, 20, "5s", random_state=0)
    >>> classes = neuroclass.classify_neurons(retina)
    >>> ax = plot_class_responses(classes)
    """
    n_rows = min(classification.n_clusters, _MOST_CLASSES)
    ax = new_axes(ax, responses_size(classification))
    colors = class_colors(classification.n_clusters)
    window = choose_window(classification)
    bins = slice(window.first_bin, window.first_bin + window.n_bins)
    time = (
        window.start + (np.arange(window.n_bins) + 0.5) * classification.psth.bin_size
    )
    labels = classification.labels[classification.classified]
    psth = classification.psth.rates[:, bins]
    ticks, tick_labels = [], []
    for label in range(n_rows):
        members = psth[labels == label]  # (n_members, n_bins)
        mean = members.mean(axis=0)
        peak = float(mean.max())
        full = max(peak, min(3 * peak, float(np.quantile(members, 0.998)))) or 1.0
        base, scale = n_rows - 1 - label, 0.86 / full
        lines = np.empty((*members.shape, 2))
        lines[..., 0], lines[..., 1] = time, base + scale * members
        faint = LineCollection(
            list(lines),
            colors=colors[label],
            linewidths=0.5,
            alpha=max(0.08, min(0.35, 3 / len(members))),
            rasterized=psth.size > _DENSE,
            zorder=1,
        )
        ax.add_collection(faint)
        row = Rectangle((window.start, base), window.stop - window.start, 0.98)
        row.set_transform(ax.transData)
        faint.set_clip_path(row)
        ax.plot(time, base + scale * mean, color=colors[label], linewidth=1.5, zorder=2)
        ax.axhline(base, color="#bbbbbb", linewidth=0.5, zorder=0)
        step = _round_down(full)
        ticks += [base, base + scale * step]
        tick_labels += ["0", f"{step:g}"]
        _name_row(ax, base + 0.42, label, len(members), colors[label])
    ax.set_yticks(ticks, tick_labels, fontsize=8)
    ax.set_ylim(-0.1, n_rows + 0.02)
    ax.set_ylabel("Firing rate (Hz)")
    _draw_time_axis(ax, classification, window)
    _note_hidden(ax, classification)
    return ax


def responses_size(classification: ClassificationResult) -> tuple[float, float]:
    """Return width and height in inches: a row per class."""
    n_rows = min(classification.n_clusters, _MOST_CLASSES)
    return 8.4, max(2.6, 1.0 + 0.8 * n_rows)


def _round_down(value: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten that is at most `value`."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(max(m * power for m in (1, 2, 5) if m * power <= value * (1 + 1e-9)))


def _name_row(ax: Axes, y: float, label: int, n_members: int, color: str) -> None:
    """Write the class and its size to the right of its row."""
    ax.text(
        1.01,
        y,
        f"Class {label}\n{n_members} neuron{'s' if n_members != 1 else ''}",
        transform=ax.get_yaxis_transform(),
        color=color,
        va="center",
        fontsize=9,
    )


def _draw_time_axis(
    ax: Axes, classification: ClassificationResult, window: Window
) -> None:
    """Label the time, and part and name the stimuli that lie one after the other."""
    ax.set_xlim(window.start, window.stop)
    ax.set_xlabel(window.label, parse_math=False)
    tidy(ax)
    stimuli = classification.presentations.stimuli
    if len(window.segments) == 1:
        return
    for segment in window.segments:
        if segment is not window.segments[0]:
            ax.axvline(segment.position, color="#999999", linewidth=0.6, zorder=0)
        if segment.stop - segment.start >= 0.1 * (window.stop - window.start):
            ax.annotate(
                unit_name(stimuli[segment.stimulus], 18),
                (segment.position, 1),
                xycoords=ax.get_xaxis_transform(),
                xytext=(3, 3),
                textcoords="offset points",
                fontsize=8,
                color=INK,
                parse_math=False,
            )


def _note_hidden(ax: Axes, classification: ClassificationResult) -> None:
    """Write how many classes have no row."""
    n_hidden = classification.n_clusters - _MOST_CLASSES
    if n_hidden > 0:
        ax.set_title(
            f"The {_MOST_CLASSES} largest classes; {n_hidden} smaller not shown",
            fontsize=9,
            loc="left",
        )


def plot_rasters(
    classification: ClassificationResult, *, ax: Axes | None = None
) -> Axes:
    """Draw the spikes of the most typical neurons of every class, repeat by repeat.

    Of a `ClassificationResult`. The most typical neuron of a class is the one whose
    PSTH correlates best with the mean PSTH of the others. Seconds against repeats (at
    most 30 of each stimulus), in blocks of one neuron each, up to three per class; the
    stretch of the stimulus is that of `plot_class_responses`.

    Draws into `ax`, by default of a new figure, and returns it.

    Examples
    --------
    >>> import neuroclass
    >>> retina = neuroclass.simulate_retina(3, 24, 20, "5s", random_state=0)
    >>> classes = neuroclass.classify_neurons(retina)
    >>> ax = plot_rasters(classes)
    """
    ax = new_axes(ax, rasters_size(classification))
    colors = class_colors(classification.n_clusters)
    window = choose_window(classification)
    n_repeats = _n_rows(classification)
    examples = _typical_neurons(classification)
    n_spikes, row = 0, 0.0
    centres, names, drawn = [], [], []
    for label, neurons in enumerate(examples):
        first_row = row
        for neuron in neurons:
            times, rows = _raster(classification, neuron, window)
            segments = np.stack(
                [
                    np.column_stack([times, row + rows + 0.05]),
                    np.column_stack([times, row + rows + 0.95]),
                ],
                axis=1,
            )  # (n_spikes, 2 ends, 2 coordinates)
            lines = LineCollection(list(segments), colors=colors[label], linewidths=0.7)
            ax.add_collection(lines)
            drawn.append(lines)
            n_spikes += len(times)
            centres.append(row + n_repeats / 2)
            unit = classification.unit_ids[classification.classified[neuron]]
            names.append(unit_name(unit))
            row += n_repeats + 0.12 * n_repeats
        row += 0.12 * n_repeats
        members = int(classification.class_sizes[label])
        _name_row(ax, (first_row + row) / 2, label, members, colors[label])
        if label < len(examples) - 1:
            ax.axhline(row - 0.12 * n_repeats, color="#cccccc", linewidth=0.6)
    for lines in drawn:
        lines.set_rasterized(n_spikes > _DENSE / 4)
        lines.set_antialiased(n_spikes <= _DENSE / 4)
    ax.set_yticks(centres, names, fontsize=8, parse_math=False)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(row, -0.2 * n_repeats)
    most = int(np.max(classification.presentations.repeats))
    of_all = f" of {most}" if most > n_repeats else ""
    ax.set_ylabel(f"Unit, {n_repeats}{of_all} repeats each")
    _draw_time_axis(ax, classification, window)
    _note_hidden(ax, classification)
    return ax


def rasters_size(classification: ClassificationResult) -> tuple[float, float]:
    """Return width and height in inches: a block per example neuron."""
    n_examples = sum(len(neurons) for neurons in _typical_neurons(classification))
    return 8.4, max(2.4, 1.0 + 0.62 * n_examples)


def _n_rows(classification: ClassificationResult) -> int:
    """Return how many repeats have a row."""
    return min(_MOST_REPEATS, int(np.max(classification.presentations.repeats)))


def _typical_neurons(classification: ClassificationResult) -> list[NDArray[np.intp]]:
    """Return the most typical neurons of every class drawn."""
    n_rows = min(classification.n_clusters, _MOST_CLASSES)
    n_each = max(1, min(3, _MOST_EXAMPLES // n_rows))
    labels = classification.labels[classification.classified]
    typical = []
    for label in range(n_rows):
        members = np.flatnonzero(labels == label)
        psth = classification.psth.rates[members]
        psth = psth - psth.mean(axis=1, keepdims=True)
        others = psth.sum(axis=0) - psth
        norms = np.linalg.norm(psth, axis=1) * np.linalg.norm(others, axis=1)
        # Where either is flat, as in silence, there is nothing to correlate: last.
        likeness = np.divide(
            (psth * others).sum(axis=1),
            norms,
            out=np.full(len(members), -np.inf),
            where=norms > 0,
        )
        typical.append(members[np.argsort(-likeness, kind="stable")[:n_each]])
    return typical


def _raster(
    classification: ClassificationResult, neuron: int, window: Window
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return time along the axis and repeat of every spike inside the window."""
    presentations = classification.presentations
    unit = classification.classified[neuron]
    spiketrain = classification.recording.segments[0].spiketrains[unit]
    spike_times = spiketrain.rescale("s").magnitude
    times, rows = [np.empty(0)], [np.empty(0)]
    for segment in window.segments:
        repeats = np.flatnonzero(presentations.stimulus == segment.stimulus)
        for repeat, presentation in enumerate(repeats[:_MOST_REPEATS]):
            begin = presentations.starts[presentation] + segment.start
            first, stop = np.searchsorted(
                spike_times, [begin, begin + segment.stop - segment.start]
            )
            inside = spike_times[first:stop] - begin + segment.position
            times.append(inside)
            rows.append(np.full(len(inside), float(repeat)))
    return np.concatenate(times), np.concatenate(rows)
