"""Evaluation of a trained network on a whole test split.

Input: a model and a dataset. Output: accuracy at each number of time steps, the firing
rate of every neuron, and energies beside those of the same network of ordinary neurons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neuroclass._lib.checks import check_positive_int
from neuroclass.snn.components import average_rate_norm
from neuroclass.snn.models import EnergyTable, SpikingClassifier, energy_table
from neuroclass.snn.training.datasets import Dataset

__all__ = ["Evaluation", "evaluate_model"]


@dataclass(frozen=True)
class Evaluation:
    """Accuracies, firing rates and energy of a network.

    Attributes
    ----------
    steps : tuple of int
        Numbers of time steps, ascending.
    accuracies, losses : tuple of float
        Over the whole test split, by number of steps.
    rates : list of array
        Spikes per step of each neuron of a layer, over the test split at the steps of
        the network.  (n_neurons,)
    energy : EnergyTable
        Of one sample, from the first images.
    n_images : int
        Size of the test split.
    """

    steps: tuple[int, ...]
    accuracies: tuple[float, ...]
    losses: tuple[float, ...]
    rates: list[NDArray[np.float64]]
    energy: EnergyTable
    n_images: int

    def __repr__(self) -> str:
        return (
            f"Evaluation({self.n_images} images, {len(self.rates)} layers, "
            f"{100 * self.accuracies[-1]:.2f} % at {self.steps[-1]} steps)"
        )

    @property
    def silent_neurons(self) -> list[float]:
        """Fraction of the neurons of each layer that fired for no image."""
        return [float((rates == 0).mean()) for rates in self.rates]

    def rows(self) -> list[dict[str, Any]]:
        """Return accuracy and loss by number of steps, for a table."""
        return [
            {"steps": n, "accuracy": accuracy, "loss": loss}
            for n, accuracy, loss in zip(
                self.steps, self.accuracies, self.losses, strict=True
            )
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return all figures in plain values; rates as histograms of 20 bins."""
        return {
            "n_images": self.n_images,
            "steps": list(self.steps),
            "accuracies": list(self.accuracies),
            "losses": list(self.losses),
            "layers": [
                {
                    "layer": layer,
                    "n_neurons": len(rates),
                    "mean_rate": float(rates.mean()),
                    "silent_neurons": silent,
                    "rate_histogram": np.histogram(rates, 20, (0.0, 1.0))[0].tolist(),
                }
                for layer, (rates, silent) in enumerate(
                    zip(self.rates, self.silent_neurons, strict=True)
                )
            ],
            "energy": self.energy.as_dict(),
        }


def evaluate_model(
    model: SpikingClassifier,
    dataset: Dataset,
    steps: Sequence[int] | None = None,
    *,
    batch_size: int = 128,
) -> Evaluation:
    """Evaluate a model on the test split of a dataset.

    One simulation of the largest number of steps gives all accuracies: the average
    rates of fewer steps are those of its beginning; of frames, of the first ones.

    Parameters
    ----------
    model : SpikingClassifier
        Left in evaluation mode.
    dataset : Dataset
        With the test split.
    steps : sequence of int, optional
        Numbers of time steps; default that of the network.
    batch_size : int, default 128
        Images simulated together.
    """
    network = model.network
    own = dataset.test.batch(torch.tensor([0]))
    usual = len(own) if own.ndim == 5 else network.steps
    chosen = sorted({check_positive_int(n, "steps") for n in steps or [usual]})
    if own.ndim == 5 and chosen[-1] > usual:
        raise ValueError(
            f"steps must be at most {usual}, the frames of a sample; got {chosen[-1]}."
        )
    model.eval()
    device = next(model.parameters()).device
    n_correct = dict.fromkeys(chosen, 0)
    losses = dict.fromkeys(chosen, 0.0)
    sums: list[Tensor] = []
    for start in range(0, len(dataset.test), batch_size):
        indices = torch.arange(start, min(start + batch_size, len(dataset.test)))
        labels = dataset.test_labels[indices].to(device)
        x = model.as_input(dataset.test.batch(indices).to(device))
        watch = _Watch(model, chosen, usual)
        network.simulate(x, n_steps=max(chosen[-1], usual), on_step=watch)
        for n, scores in watch.scores.items():
            n_correct[n] += int((scores.argmax(1) == labels).sum())
            loss = nn.functional.cross_entropy(scores, labels, reduction="sum")
            losses[n] += loss.item()
        sums = (
            [a + b for a, b in zip(sums, watch.counts, strict=True)]
            if sums
            else watch.counts
        )
    n_images = len(dataset.test)
    first = torch.arange(min(64, n_images))
    return Evaluation(
        tuple(chosen),
        tuple(n_correct[n] / n_images for n in chosen),
        tuple(losses[n] / n_images for n in chosen),
        [total.double().cpu().numpy() / (n_images * usual) for total in sums],
        energy_table(model, dataset.test.batch(first), dataset.test_labels[first]),
        n_images,
    )


class _Watch:
    """Scores at some steps, and spikes of each neuron up to the usual number."""

    def __init__(self, model: SpikingClassifier, steps: list[int], usual: int) -> None:
        self.model, self.steps, self.usual = model, set(steps), usual
        self.scores: dict[int, Tensor] = {}
        self.counts: list[Tensor] = []
        self._leaky: Tensor | None = None

    def __call__(self, step: int, spikes: list[Tensor]) -> None:
        topology = self.model.network.topology
        leak = topology.neuron.leak
        fired = spikes[topology.readout]
        if self._leaky is None:
            self._leaky = torch.zeros_like(fired)
            self.counts = [s.new_zeros(s[0].numel()) for s in spikes]
        self._leaky.mul_(leak).add_(fired)
        if step < self.usual:
            for count, layer in zip(self.counts, spikes, strict=True):
                count += layer.flatten(1).sum(0)
        if step + 1 in self.steps:
            rate = self._leaky / average_rate_norm(step + 1, leak)
            weight = self.model.classifier.weight
            self.scores[step + 1] = self.model.classifier(
                rate.flatten(1).to(weight.dtype)
            )
