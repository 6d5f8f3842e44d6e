"""Metrics of a training as CSV, and their curves as figures.

Input: the metrics of each epoch. Output: a file, or axes.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from neuroclass._lib.atomic import write_beside
from neuroclass.snn.models import Diagnosis
from neuroclass.snn.training.evaluation import Evaluation

__all__ = [
    "plot_diagnosis",
    "plot_evaluation",
    "plot_training",
    "write_curves",
    "write_metrics",
]


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


def plot_evaluation(evaluation: Evaluation) -> Figure:
    """Draw accuracy against steps, firing rates by layer, and energies."""
    figure = Figure(figsize=(9, 3), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    accuracies = [100 * accuracy for accuracy in evaluation.accuracies]
    left.plot(evaluation.steps, accuracies, marker="o")
    left.set_xlabel("Time steps")
    left.set_ylabel("Test accuracy (%)")
    for layer, rates in enumerate(evaluation.rates):
        counts, edges = np.histogram(rates, 20, (0.0, 1.0))
        middle.stairs(counts / len(rates), edges, label=f"layer {layer}")
    middle.set_xlabel("Spikes per step")
    middle.set_ylabel("Fraction of neurons")
    middle.legend(frameon=False)
    energy = evaluation.energy
    bars = {
        "forward": (energy.forward_nj, energy.memory_nj["forward"]),
        "backward": (energy.backward_nj, energy.memory_nj["backward"]),
        "ANN": (energy.ann_nj, energy.memory_nj["ann"]),
        "ANN\nbackwards": (energy.ann_backward_nj, energy.memory_nj["ann_backward"]),
    }
    for k, name in enumerate(("arithmetic", "memory")):
        places = [i + 0.4 * k for i in range(len(bars))]
        right.bar(places, [value[k] for value in bars.values()], 0.4, label=name)
    right.set_xticks([i + 0.2 for i in range(len(bars))], list(bars))
    right.set_yscale("log")
    right.set_ylabel("Energy of a sample (nJ)")
    right.legend(frameon=False)
    return figure


def plot_diagnosis(diagnosis: Diagnosis) -> Figure:
    """Draw distances from the equilibrium, and errors and cosines of gradients."""
    figure = Figure(figsize=(9, 3), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    for layer, distances in enumerate(zip(*diagnosis.distances, strict=True)):
        left.loglog(diagnosis.steps, distances, marker=".", label=f"layer {layer}")
    left.set_xlabel("Time steps")
    left.set_ylabel("Distance from equilibrium")
    for axes, found in ((middle, diagnosis.errors), (right, diagnosis.cosines)):
        for style, (reset, table) in zip("-:", found.items(), strict=True):
            for layer, values in enumerate(zip(*table, strict=True)):
                axes.plot(
                    diagnosis.backward_steps,
                    values,
                    f"C{layer}{style}",
                    marker=".",
                    label=f"layer {layer}, {reset}",
                )
        axes.set_xscale("log")
        axes.set_xticks(diagnosis.backward_steps, map(str, diagnosis.backward_steps))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("Backward steps")
    middle.set_yscale("log")
    middle.set_ylabel("Relative gradient error")
    right.set_ylabel("Cosine with the exact gradient")
    if diagnosis.distances:
        left.legend(frameon=False)
    middle.legend(frameon=False, fontsize="small")
    return figure
