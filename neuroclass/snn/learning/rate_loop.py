"""Average rates after one turn around the feedback loop, and how they depend on it.

Input: a topology, tensors, an average input and the rates that the loop begins with.
Output: the rates of all layers, and the product with the transposed Jacobian J^T of one
turn, by the transposed connections.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from neuroclass.snn.components import (
    AvgPool2d,
    Conv2d,
    ConvTranspose2d,
    Linear,
    Tensors,
    Topology,
    Zero,
    layer_shapes,
)
from neuroclass.snn.learning.solvers import Product

__all__ = ["RateLoop", "layer_potentials", "rate_map"]


def rate_map(
    topology: Topology,
    x: Tensor,
    tensors: Tensors,
    loop_rate: Tensor | None,
    *,
    norms: Tensors | None = None,
    masks: Sequence[Tensor | None] | None = None,
    training: bool = False,
) -> list[Tensor]:
    """Return the average rates of all layers after one turn around the loop.

    ``a_0 = clip((W_fb a_fb + F x + b) / V, 0, 1)``,
    ``a_l = clip((W_{l-1} a_{l-1} + b) / V, 0, 1)``.

    Parameters
    ----------
    topology : Topology
        Layers and connections.
    x : Tensor
        Average input.  (batch, ...)
    tensors : sequence of (weight, bias)
        Of each connection, attached to autograd where gradients are needed.
    loop_rate : Tensor or None
        Rates of the layer that the feedback leaves; None without feedback.
    norms : sequence of (scale, shift), optional
        Tensors of batch norm in place of those that the connections hold.
    masks : sequence of Tensor or None, optional
        Dropout masks of the connections.
    training : bool, default False
        Batch norm by the moments of this batch.
    """
    potentials = layer_potentials(
        topology, x, tensors, loop_rate, norms=norms, masks=masks, training=training
    )
    return [_clipped(potential) for potential in potentials]


def _clipped(potential: Tensor) -> Tensor:
    # The derivative of clamp is 1 on the closed interval.
    return potential.clamp(0, 1)


def layer_potentials(
    topology: Topology,
    x: Tensor,
    tensors: Tensors,
    loop_rate: Tensor | None,
    *,
    norms: Tensors | None,
    masks: Sequence[Tensor | None] | None,
    training: bool,
) -> list[Tensor]:
    """Return what the rates of `rate_map` are before they are clipped."""
    shapes = layer_shapes(topology, tuple(x.shape[1:]))
    potentials: list[Tensor] = []

    def received(index: int, rate: Tensor) -> Tensor:
        connection = topology.connections[index]
        target = shapes[topology.ends(index)[1]]
        current = connection.current(rate, *tensors[index], target)
        if connection.batch_norm is not None:
            norm = connection.batch_norm
            held = (norm.weight.float(), norm.bias.float())
            scale, shift = held if norms is None else norms[index]
            current = F.batch_norm(
                current,
                None if training else norm.running_mean.float(),
                None if training else norm.running_var.float(),
                scale,
                shift,
                training,
                0.0,
                norm.eps,
            )
        mask = None if masks is None else masks[index]
        return current if mask is None else current * mask

    for layer in range(topology.n_layers):
        current = received(layer, x if layer == 0 else _clipped(potentials[-1]))
        if loop_rate is not None and layer == topology.target:
            current = current + received(topology.n_layers, loop_rate)
        potentials.append(current / topology.neuron.reset)
    return potentials


class RateLoop:
    """Rates after one turn around the loop, and the transpose of its Jacobian.

    ``J^T beta`` goes back through the layers of the loop: at each the output of a
    neuron counts where its rate is not clipped, divided by V, and is sent back by the
    transposed weights and the dropout of the connection that reaches it.

    Parameters
    ----------
    topology : Topology
        Layers and connections.
    potentials : list of Tensor
        Of each layer, attached to autograd.  (batch, ...)
    tensors : sequence of (weight, bias)
        Of each connection.
    masks : sequence of Tensor or None, optional
        Dropout masks of the connections.
    """

    def __init__(
        self,
        topology: Topology,
        potentials: list[Tensor],
        tensors: Tensors,
        masks: Sequence[Tensor | None] | None,
    ) -> None:
        self.topology = topology
        self.rates = [_clipped(potential) for potential in potentials]
        self._tensors, self._masks = tensors, masks
        self._layers = range(topology.source, topology.target - 1, -1)
        self._gates: list[Tensor | None] = [None] * topology.n_layers
        for layer in self._layers:
            held = potentials[layer].detach()
            inside = (held >= 0) & (held <= 1)
            self._gates[layer] = inside.to(held.dtype) / topology.neuron.reset

    def product(self, start: Tensor) -> Product:
        """Return ``beta -> J^T beta`` with the rates `start` that the loop began at.

        The transposed connections give it where the loop is theirs alone; autograd
        where a connection is normalised, or has a `current` of its own.
        """
        connections = [self._connection(layer) for layer in self._layers]
        if all(map(_is_linear, connections)):
            return self._send_back
        loop = self.rates[self.topology.source]

        def by_autograd(beta: Tensor) -> Tensor:
            result: Tensor
            (result,) = torch.autograd.grad(loop, start, beta, retain_graph=True)
            return result

        return by_autograd

    def _connection(self, layer: int) -> Any:
        return self.topology.connections[self._index(layer)]

    def _index(self, layer: int) -> int:
        """Return the connection of the loop that reaches a layer."""
        topology = self.topology
        return topology.n_layers if layer == topology.target else layer

    def _send_back(self, beta: Tensor) -> Tensor:
        topology = self.topology
        for layer in self._layers:
            index = self._index(layer)
            gate = self._gates[layer]
            assert gate is not None
            sent = beta * gate
            mask = None if self._masks is None else self._masks[index]
            if mask is not None:
                sent = sent * mask
            weight = self._tensors[index][0]
            held = None if weight is None else weight.detach()
            source = tuple(self.rates[topology.ends(index)[0]].shape[1:])
            beta = self._connection(layer).send_back(sent, held, source)
        return beta


def _is_linear(connection: Any) -> bool:
    """Return whether `send_back` is the transpose of `current`, as in this package."""
    if connection.batch_norm is not None:
        return False
    return all(
        next(kind for kind in type(connection).__mro__ if method in vars(kind))
        in (Linear, Conv2d, ConvTranspose2d, AvgPool2d, Zero)
        for method in ("current", "send_back")
    )
