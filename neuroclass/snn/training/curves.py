"""Metrics of a training as CSV, and their curves as figures.

Input: the metrics of each epoch. Output: a file, or axes.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuroclass._lib.atomic import write_beside

__all__ = ["plot_training", "write_curves", "write_metrics"]


def plot_training(
    history: Sequence[dict[str, float]], *, ax: Axes | None = None
) -> Axes:
    """Draw the accuracies over the epochs.

    Parameters
    ----------
    history : sequence of dict
        Metrics of each epoch, the rows of ``metrics.csv``.
    ax : Axes, optional
        Where to draw; a new figure if none is given.
    """
    axes = Figure(layout="constrained").add_subplot() if ax is None else ax
    epochs = [row["epoch"] for row in history]
    for split in ("train", "test"):
        accuracy = [100 * row[f"{split}_accuracy"] for row in history]
        axes.plot(epochs, accuracy, marker=".", label=split)
    axes.set_xlabel("Epoch")
    axes.set_ylabel("Accuracy (%)")
    axes.legend(frameon=False)
    return axes


def write_metrics(history: Sequence[dict[str, float]], path: Path) -> None:
    """Write the metrics of each epoch as CSV."""
    with write_beside(path) as beside, beside.open("w", newline="") as file:
        # Rows of an earlier version lack the fractions of each layer.
        names = dict.fromkeys(name for row in history for name in row)
        writer = csv.DictWriter(file, list(names))
        writer.writeheader()
        writer.writerows(history)


def write_curves(history: Sequence[dict[str, float]], path: Path) -> None:
    """Draw accuracies, losses and firing rates over the epochs."""
    figure = Figure(figsize=(9, 3), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    plot_training(history, ax=left)
    epochs = [row["epoch"] for row in history]
    for split in ("train", "test"):
        middle.plot(epochs, [row[f"{split}_loss"] for row in history], label=split)
    middle.set_ylabel("Loss")
    for stage in ("forward", "backward"):
        right.plot(epochs, [row[f"{stage}_rate"] for row in history], label=stage)
    right.set_ylabel("Spikes per neuron and step")
    for axes in (middle, right):
        axes.set_xlabel("Epoch")
        axes.legend(frameon=False)
    with write_beside(path) as beside:
        figure.savefig(beside, format="png")
