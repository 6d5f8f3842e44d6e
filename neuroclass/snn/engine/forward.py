"""Forward stage: integrate-and-fire simulation of a feedback network.

Input: a topology, the tensors of its connections and an input. Output: the average
firing rate of every layer, with what the backward stage needs. Nothing is kept between
calls, and memory does not grow with the number of steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from neuroclass.snn.components import (
    Tensors,
    Topology,
    average_rate_norm,
    fire_,
    layer_shapes,
    step_weights,
)

__all__ = [
    "ForwardSettings",
    "ForwardStage",
    "forward_stage",
    "input_rate",
    "normalise",
]


@dataclass(frozen=True, kw_only=True)
class ForwardSettings:
    """Settings of one run of the forward stage.

    Parameters
    ----------
    n_steps : int
        Number of time steps T_F; the number of frames where the input is frames.
    is_frames : bool, default False
        Whether the first axis of the input is time.
    masks : sequence of Tensor or None, optional
        Factors of each connection's current, the same at every step.
    training : bool, default False
        Take the moments of batch norm from this batch.
    noise : float, default 0.0
        Standard deviation of normal noise added to every potential at each step.
    generator : torch.Generator, optional
        Source of the noise.
    on_step : callable, optional
        Called with the step and the spikes of all layers; the tensors are reused.
    """

    n_steps: int
    is_frames: bool = False
    masks: Sequence[Tensor | None] | None = None
    training: bool = False
    noise: float = 0.0
    generator: torch.Generator | None = None
    on_step: Callable[[int, list[Tensor]], None] | None = None


@dataclass
class ForwardStage:
    """Average rates, spike counts and potentials after the forward stage.

    Attributes
    ----------
    input_rate : Tensor
        The input, or the weighted mean of its frames.  (batch, ...)
    rates : list of Tensor
        Average firing rate of each layer, leak-weighted for LIF.  (batch, ...)
    counts : list of Tensor
        Spikes of each neuron.  (batch, ...)
    potentials : list of Tensor
        Potential after the last reset.  (batch, ...)
    n_steps : int
        Steps simulated.
    moments : list
        For each link with batch norm in training, mean, variance and number of
        values of its current at the average rates; None for the others.
    """

    input_rate: Tensor
    rates: list[Tensor]
    counts: list[Tensor]
    potentials: list[Tensor]
    n_steps: int
    moments: list[tuple[Tensor, Tensor, int] | None]
    _active: dict[int, Tensor] = field(default_factory=dict)

    def __repr__(self) -> str:
        shapes = [tuple(rate.shape[1:]) for rate in self.rates]
        return (
            f"ForwardStage({len(self.input_rate)} samples, {self.n_steps} steps, "
            f"layers of shape {shapes})"
        )

    def active(self, layer: int) -> Tensor:
        """Return the mask m of neurons that fired, and not at every step."""
        # Asked for by each connection that leaves or reaches the layer.
        if layer not in self._active:
            counts = self.counts[layer]
            active = (counts > 0) & (counts < self.n_steps)
            self._active[layer] = active.to(counts.dtype)
        return self._active[layer]


def forward_stage(
    topology: Topology, x: Tensor, tensors: Tensors, settings: ForwardSettings
) -> ForwardStage:
    """Simulate the network and return its average rates.

    Layers are visited in order; a link uses the spikes of the same step, the feedback
    those of the step before.

    Parameters
    ----------
    topology : Topology
        Layers and connections.
    x : Tensor
        Constant input (batch, ...) or frames (n_steps, batch, ...).
    tensors : sequence of (weight, bias)
        Of each connection, in the order of ``topology.connections``.
    settings : ForwardSettings
        Steps, dropout masks and noise.
    """
    neuron = topology.neuron
    threshold, reset, leak = neuron.v_th, neuron.reset, neuron.leak
    n_samples = x.shape[1] if settings.is_frames else x.shape[0]
    sample = tuple(x.shape[2:] if settings.is_frames else x.shape[1:])
    shapes = layer_shapes(topology, sample)
    masks = settings.masks or [None] * len(topology.connections)
    sums: list[Tensor | None] = [None] * len(topology.connections)
    moments: list[tuple[Tensor, Tensor, int] | None] = [None] * len(
        topology.connections
    )

    def current(index: int, spikes: Tensor, step: int) -> Tensor:
        connection = topology.connections[index]
        weight, bias = tensors[index]
        received = connection.current(
            spikes, weight, bias, shapes[topology.ends(index)[1]]
        )
        if connection.batch_norm is not None:
            batch_norm = connection.batch_norm
            mean, variance = batch_norm.running_mean, batch_norm.running_var
            if settings.training:
                # The moments of the current at the average rates so far: they tend
                # to those at equilibrium, and stay the same for a constant input.
                total = sums[index]
                total = (
                    received.clone()
                    if total is None
                    else total.mul_(leak).add_(received)
                )
                sums[index] = total
                average = total / average_rate_norm(step + 1, leak)
                axes = [0, *range(2, received.ndim)]
                mean = average.mean(axes)
                variance = average.var(axes, correction=0)
                moments[index] = (mean, variance, average.numel() // len(mean))
            received = normalise(batch_norm, received, mean, variance)
        mask = masks[index]
        return received if mask is None else received.mul_(mask)

    constant = None if settings.is_frames else current(0, x, 0)
    potentials = [x.new_zeros(n_samples, *shape) for shape in shapes]
    spikes = [torch.zeros_like(potential) for potential in potentials]
    counts = [torch.zeros_like(potential) for potential in potentials]
    leaky = None if leak == 1.0 else [torch.zeros_like(p) for p in potentials]
    for step in range(settings.n_steps):
        for layer, potential in enumerate(potentials):
            returned = None
            if topology.feedback is not None and layer == topology.target and step > 0:
                # Read before this layer's own spikes are overwritten.
                returned = current(topology.n_layers, spikes[topology.source], step)
            if layer > 0:
                potential.add_(current(layer, spikes[layer - 1], step))
            elif constant is None:
                potential.add_(current(0, x[step], step))
            else:
                potential.add_(constant)
            if returned is not None:
                potential.add_(returned)
            if settings.noise:
                noise = torch.empty_like(potential)
                noise.normal_(0, settings.noise, generator=settings.generator)
                potential.add_(noise)
            fire_(potential, spikes[layer], threshold, reset, leak)
            counts[layer].add_(spikes[layer])
            if leaky is not None:
                leaky[layer].mul_(leak).add_(spikes[layer])
        if settings.on_step is not None:
            settings.on_step(step, spikes)
    norm = average_rate_norm(settings.n_steps, leak)
    rates = [total / norm for total in (counts if leaky is None else leaky)]
    return ForwardStage(
        input_rate(x, settings.is_frames, leak),
        rates,
        counts,
        potentials,
        settings.n_steps,
        moments,
    )


def input_rate(x: Tensor, is_frames: bool, leak: float) -> Tensor:
    """Return the average input: x, or the weighted mean of its frames."""
    if not is_frames:
        return x
    weights = torch.tensor(step_weights(len(x), leak), dtype=x.dtype, device=x.device)
    mean: Tensor = torch.tensordot(weights, x, dims=1)
    return mean


def normalise(
    batch_norm: Any, current: Tensor, mean: Tensor, variance: Tensor
) -> Tensor:
    """Return the current with the given moments removed, scaled and shifted."""
    scale: Tensor = batch_norm.weight * torch.rsqrt(variance + batch_norm.eps)
    shift: Tensor = batch_norm.bias - mean * scale
    shape = (1, -1, *[1] * (current.ndim - 2))
    return current * scale.view(shape) + shift.view(shape)
