"""Stages of a network of dense layers, compiled whole.

Input: a part of the batch. Output: counts or totals and potentials of each layer.

A stage reads little else than states and the rows of the weights of neurons that fired.
Neurons that will fire at most steps count as constant current; their events are the
steps at which they do not fire.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuroclass.snn.components import Linear, Shape, Tensors, Topology
from neuroclass.snn.engine import _compiled as kernels
from neuroclass.snn.engine.backward import (
    BackwardSettings,
    senders_of,
    visiting_order,
)
from neuroclass.snn.engine.event_connection import (
    BoundNetwork,
    constant_currents,
    overrides,
)

__all__ = ["DenseBackward", "DenseForward", "is_dense"]

Array = NDArray[Any]


def is_dense(topology: Topology) -> bool:
    """Return whether all connections are plain dense layers."""
    return all(
        isinstance(connection, Linear)
        and not overrides(connection, "current")
        and not overrides(connection, "send_back")
        for connection in topology.connections
    )


@dataclass(frozen=True)
class _Layout:
    """The weights between layers in one array, and the ends of each connection.

    Attributes
    ----------
    n_neurons : tuple of int
        Of each layer.
    sizes : array
        The same, padded.  (n_layers,)
    weights : array
        Of one connection after the other; of each, for one tile of reached neurons
        after the other, the weights from each sending neuron and a row of zeros.
    links : array
        Sending layer, layer reached, first weight.  (n_connections, 3)
    """

    n_neurons: tuple[int, ...]
    sizes: Array
    weights: Array
    links: Array

    def padded(self, values: Sequence[Array], n_samples: int) -> Array:
        """Return arrays (batch, n) in one.  (len(values), batch, widest)."""
        shape = (len(values), n_samples, int(self.sizes.max()))
        joined: Array = torch.empty(shape).numpy()
        for k, value in enumerate(values):
            n = value.shape[1]
            joined[k, :, :n] = value
            joined[k, :, n:] = 0
        return joined

    def by_layer(self, states: Iterable[Array]) -> list[tuple[Array, Array, Array]]:
        """Return the three states of each layer without the padding."""
        first, second, third = states
        return [
            (first[k, :, :n], second[k, :, :n], third[k, :, :n])
            for k, n in enumerate(self.n_neurons)
        ]


def _laid_out(
    shapes: Sequence[Shape], connections: Sequence[tuple[int, int, Tensor]]
) -> _Layout:
    """Lay out connections given as sending layer, layer reached, weight by sender."""
    lanes = kernels.LANES
    n_neurons = tuple(math.prod(shape) for shape in shapes)
    sizes = [-(-n // lanes) * lanes for n in n_neurons]
    blocks = [
        (sizes[reached] // lanes, sizes[sender] + 1, lanes)
        for sender, reached, _ in connections
    ]
    begins = [0, *itertools.accumulate(math.prod(block) for block in blocks)]
    # Torch's memory begins at a cache line, which makes rows a fifth faster to read.
    weights = torch.empty(begins.pop())
    links = np.zeros((len(connections), 3), np.int64)
    for k, (sender, reached, weight) in enumerate(connections):
        links[k] = sender, reached, begins[k]
        block = weights[begins[k] :][: math.prod(blocks[k])].view(blocks[k])
        n_senders, n_reached = weight.shape
        n_full, n_rest = divmod(n_reached, lanes)
        block[:, n_senders:] = 0
        whole = weight.detach()[:, : n_full * lanes].reshape(n_senders, n_full, lanes)
        block[:n_full, :n_senders] = whole.transpose(0, 1)
        if n_rest:
            block[n_full:, :n_senders, n_rest:] = 0
            block[n_full, :n_senders, :n_rest] = weight.detach()[:, n_full * lanes :]
    return _Layout(n_neurons, np.array(sizes), weights.numpy(), links)


def _weight(tensors: Tensors, index: int) -> Tensor:
    weight = tensors[index][0]
    assert weight is not None
    return weight


class DenseForward:
    """Forward stage of parts of a batch of constant input.

    Parameters
    ----------
    network : BoundNetwork
        Topology, tensors and shapes.
    n_steps : int
        Number of time steps.
    """

    def __init__(self, network: BoundNetwork, n_steps: int) -> None:
        topology, tensors = network.topology, network.tensors
        self.network, self.n_steps = network, n_steps
        self._layout = _laid_out(
            network.shapes,
            [
                (*topology.ends(index), _weight(tensors, index).T)
                for index in range(1, len(tensors))
            ],
        )

    def __call__(
        self, x: Tensor, masks: Sequence[Tensor | None] | None
    ) -> list[tuple[Array, Array, Array]]:
        """Return counts, leaky sums and potentials of each layer.

        Parameters
        ----------
        x : Tensor
            Part of the batch.
        masks : sequence of Tensor or None, optional
            The same part of the masks of dropout.
        """
        topology, layout = self.network.topology, self._layout
        neuron = topology.neuron
        currents = constant_currents(self.network, x, masks)
        constant = layout.padded([current.numpy() for current in currents], len(x))
        inflow = np.zeros((0, 0, 0), np.float32)
        if masks is not None and any(mask is not None for mask in masks[1:]):
            factors = [
                np.ones((len(x), layout.n_neurons[topology.ends(index)[1]]))
                if mask is None
                else mask.numpy()
                for index, mask in enumerate(masks[1:], 1)
            ]
            inflow = layout.padded(factors, len(x))
        single = [np.float32(v) for v in (neuron.v_th, neuron.reset, neuron.leak)]
        states = torch.zeros(3, *constant.shape).numpy()
        kernels.simulate_spikes(
            constant,
            inflow,
            layout.sizes,
            layout.weights,
            layout.links,
            self.n_steps,
            *single,
            *states,
        )
        return layout.by_layer(states)


class DenseBackward:
    """Backward stage of parts of a batch.

    Parameters
    ----------
    network : BoundNetwork
        Topology, tensors and shapes.
    settings : BackwardSettings
        Steps, threshold and reset of the ternary neuron pairs.
    """

    def __init__(self, network: BoundNetwork, settings: BackwardSettings) -> None:
        self.settings = settings
        self._unit = network.topology.neuron.reset
        self._order = visiting_order(network.topology)
        senders = senders_of(network.topology, self._order)
        sent = [
            (index, (sender, layer, _weight(network.tensors, index)))
            for layer, pairs in enumerate(senders)
            for index, sender in pairs
        ]
        self._layout = _laid_out(network.shapes, [connection for _, connection in sent])
        self._connections = [index for index, _ in sent]

    def __call__(
        self, gates: list[Array], error: Array
    ) -> list[tuple[Array, Array, Array]]:
        """Return totals, spikes and potentials of each layer's pairs.

        Parameters
        ----------
        gates : list of array
            Part of the gates of all connections.
        error : array
            Part of the error; potentials and error are times V.
        """
        layout, settings, unit = self._layout, self.settings, self._unit
        n_samples = len(error)
        drive = layout.padded([error], n_samples)[0]
        shape = (len(layout.sizes), n_samples, int(layout.sizes.max()))
        totals, potential = torch.zeros(2, *shape).numpy()
        n_counted = n_samples if settings.with_rates else 0
        fired = np.zeros((shape[0], n_counted, shape[2]), np.float32)
        values = (unit * settings.v_th, settings.reset, settings.leak, unit)
        single = [np.float32(v) for v in values]
        kernels.simulate_pairs(
            drive,
            layout.padded([gates[index] for index in self._connections], n_samples),
            layout.sizes,
            layout.weights,
            layout.links,
            np.array(self._order),
            settings.n_steps,
            *single,
            totals,
            fired,
            potential,
        )
        return layout.by_layer([totals, fired, potential])
