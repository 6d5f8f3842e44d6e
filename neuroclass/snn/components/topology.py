"""Topology of a network: its layers, the links into them and the feedback.

Input: connections of `layers` and `convolution`, and the indices of the layers at the
ends of the feedback. Output: which connection leaves and reaches which layer, the
shapes of the layers, and dropout masks for the connections.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from neuroclass.snn.components.layers import Connection, Shape
from neuroclass.snn.components.neurons import IF, LIF

__all__ = ["Tensors", "Topology", "draw_dropout", "layer_shapes"]

Tensors = Sequence[tuple[Tensor | None, Tensor | None]]


@dataclass(frozen=True)
class Topology:
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


def layer_shapes(topology: Topology, sample: Shape) -> list[Shape]:
    """Return the shape of every layer for an input of shape `sample`.

    Raises
    ------
    ValueError
        If a connection does not fit the layers at its ends.
    """
    shapes: list[Shape] = []
    for link in topology.links:
        sample = link.output_shape(sample)
        shapes.append(sample)
    if topology.feedback is not None:
        topology.feedback.output_shape(shapes[topology.source], shapes[topology.target])
    return shapes


def draw_dropout(
    topology: Topology, shapes: Sequence[Shape], x: Tensor, n_samples: int
) -> list[Tensor | None]:
    """Draw one mask, divided by its mean, per connection with dropout."""
    masks: list[Tensor | None] = []
    for index, connection in enumerate(topology.connections):
        share = 1 - connection.dropout
        if share == 1:
            masks.append(None)
            continue
        shape = (n_samples, *shapes[topology.ends(index)[1]])
        mask = torch.empty(shape, device=x.device).bernoulli_(share)
        masks.append(mask.div_(share))
    return masks
