"""What is connected to what, and the forward stage that runs on it.

`forward_stage` takes the tensors of the connections and an input, simulates the
network for some steps and gives average rates; it keeps nothing between calls, and
its memory does not grow with the number of steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from neuroclass.snn.components.layers import Connection, Shape
from neuroclass.snn.components.neurons import (
    IF,
    LIF,
    average_rate_norm,
    fire_,
    step_weights,
)

__all__ = [
    "ForwardStage",
    "Wiring",
    "draw_dropout",
    "forward_stage",
    "input_rate",
    "layer_shapes",
    "normalise",
]

Tensors = Sequence[tuple[Tensor | None, Tensor | None]]


@dataclass(frozen=True)
class Wiring:
    """Layers 0 .. N-1, the links into them and the feedback, without their values.

    Attributes
    ----------
    links : tuple of Connection
        ``links[0]`` carries the input to layer 0, ``links[l]`` layer l-1 to layer l.
    feedback : Connection or None
        Carries layer `source` to layer `target`, one step later.
    source, target : int
        Ends of the feedback, ``target <= source``.
    readout : int
        The layer R whose average rate is the output.
    neuron : IF or LIF
        Of every layer.
    """

    links: tuple[Connection, ...]
    feedback: Connection | None
    source: int
    target: int
    readout: int
    neuron: IF | LIF

    @property
    def n_layers(self) -> int:
        """Number of spiking layers."""
        return len(self.links)

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The links, then the feedback if there is one."""
        return self.links if self.feedback is None else (*self.links, self.feedback)

    def ends(self, connection: int) -> tuple[int, int]:
        """Return the layers that a connection leaves (-1: the input) and reaches."""
        if connection == self.n_layers:
            return self.source, self.target
        return connection - 1, connection


@dataclass
class ForwardStage:
    """What the forward stage leaves for the backward one.

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

    def active(self, layer: int) -> Tensor:
        """Return the mask m of neurons that fired, and not at every step."""
        counts = self.counts[layer]
        return ((counts > 0) & (counts < self.n_steps)).to(counts.dtype)


def layer_shapes(wiring: Wiring, sample: Shape) -> list[Shape]:
    """Return the shape of every layer for an input of shape `sample`.

    Raises
    ------
    ValueError
        If a connection does not fit the layers at its ends.
    """
    shapes: list[Shape] = []
    for link in wiring.links:
        sample = link.output_shape(sample)
        shapes.append(sample)
    if wiring.feedback is not None:
        wiring.feedback.output_shape(shapes[wiring.source], shapes[wiring.target])
    return shapes


def input_rate(x: Tensor, is_frames: bool, leak: float) -> Tensor:
    """Return the input that the local rule sees: x, or the weighted mean of frames."""
    if not is_frames:
        return x
    weights = torch.tensor(step_weights(len(x), leak), dtype=x.dtype, device=x.device)
    mean: Tensor = torch.tensordot(weights, x, dims=1)
    return mean


def draw_dropout(
    wiring: Wiring, shapes: Sequence[Shape], x: Tensor, n_samples: int
) -> list[Tensor | None]:
    """Draw one mask, divided by what it keeps, per connection with dropout."""
    masks: list[Tensor | None] = []
    for index, connection in enumerate(wiring.connections):
        keep = 1 - connection.dropout
        if keep == 1:
            masks.append(None)
            continue
        shape = (n_samples, *shapes[wiring.ends(index)[1]])
        masks.append(torch.empty(shape, device=x.device).bernoulli_(keep).div_(keep))
    return masks


def normalise(
    batch_norm: Any, current: Tensor, mean: Tensor, variance: Tensor
) -> Tensor:
    """Return the current with the given moments removed, scaled and shifted."""
    scale: Tensor = batch_norm.weight * torch.rsqrt(variance + batch_norm.eps)
    shift: Tensor = batch_norm.bias - mean * scale
    shape = (1, -1, *[1] * (current.ndim - 2))
    return current * scale.view(shape) + shift.view(shape)


def forward_stage(
    wiring: Wiring,
    x: Tensor,
    tensors: Tensors,
    *,
    is_frames: bool,
    n_steps: int,
    masks: Sequence[Tensor | None] | None = None,
    training: bool = False,
    noise: float = 0.0,
    generator: torch.Generator | None = None,
    on_step: Callable[[int, list[Tensor]], None] | None = None,
) -> ForwardStage:
    """Simulate the network and return its average rates.

    Layers are visited in order; a link uses the spikes of the same step, the feedback
    those of the step before.

    Parameters
    ----------
    wiring : Wiring
        What is connected to what.
    x : Tensor
        Constant input (batch, ...) or frames (n_steps, batch, ...).
    tensors : sequence of (weight, bias)
        Of each connection, in the order of ``wiring.connections``.
    is_frames : bool
        Whether the first axis of `x` is time.
    n_steps : int
        T_F; the number of frames where there are frames.
    masks : sequence of Tensor or None, optional
        Factors of each connection's current, the same at every step.
    training : bool, default False
        Take the moments of batch norm from this batch.
    noise : float, default 0.0
        Standard deviation of normal noise added to every potential at each step.
    generator : torch.Generator, optional
        Draws the noise.
    on_step : callable, optional
        Called with the step and the spikes of all layers; the tensors are reused.
    """
    neuron = wiring.neuron
    threshold, reset, leak = neuron.v_th, neuron.reset, neuron.leak
    n_samples = x.shape[1] if is_frames else x.shape[0]
    sample = tuple(x.shape[2:] if is_frames else x.shape[1:])
    shapes = layer_shapes(wiring, sample)
    masks = masks or [None] * len(wiring.connections)
    sums: list[Tensor | None] = [None] * len(wiring.connections)
    moments: list[tuple[Tensor, Tensor, int] | None] = [None] * len(wiring.connections)

    def current(index: int, spikes: Tensor, step: int) -> Tensor:
        connection = wiring.connections[index]
        weight, bias = tensors[index]
        received = connection.current(
            spikes, weight, bias, shapes[wiring.ends(index)[1]]
        )
        if connection.batch_norm is not None:
            batch_norm = connection.batch_norm
            mean, variance = batch_norm.running_mean, batch_norm.running_var
            if training:
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

    constant = None if is_frames else current(0, x, 0)
    potentials = [x.new_zeros(n_samples, *shape) for shape in shapes]
    spikes = [torch.zeros_like(potential) for potential in potentials]
    counts = [torch.zeros_like(potential) for potential in potentials]
    leaky = None if leak == 1.0 else [torch.zeros_like(p) for p in potentials]
    for step in range(n_steps):
        for layer, potential in enumerate(potentials):
            returned = None
            if wiring.feedback is not None and layer == wiring.target and step > 0:
                # Read before this layer's own spikes are overwritten.
                returned = current(wiring.n_layers, spikes[wiring.source], step)
            if layer > 0:
                potential.add_(current(layer, spikes[layer - 1], step))
            elif constant is None:
                potential.add_(current(0, x[step], step))
            else:
                potential.add_(constant)
            if returned is not None:
                potential.add_(returned)
            if noise:
                potential.add_(
                    torch.empty_like(potential).normal_(0, noise, generator=generator)
                )
            fire_(potential, spikes[layer], threshold, reset, leak)
            counts[layer].add_(spikes[layer])
            if leaky is not None:
                leaky[layer].mul_(leak).add_(spikes[layer])
        if on_step is not None:
            on_step(step, spikes)
    norm = average_rate_norm(n_steps, leak)
    rates = [total / norm for total in (counts if leaky is None else leaky)]
    return ForwardStage(
        input_rate(x, is_frames, leak), rates, counts, potentials, n_steps, moments
    )
