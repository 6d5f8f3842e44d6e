"""Both stages of a network of dense layers, compiled whole, a sample at a time.

The states of one sample fit the first cache: a stage reads little else than the rows
of the weights of neurons that fired.  Neurons that fire at most steps are taken for
firing at all, as a constant current; their events are the steps at which they do not.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuroclass.snn.components.layers import Linear, Shape
from neuroclass.snn.components.topology import Tensors, Wiring
from neuroclass.snn.engine._dense_kernels import (
    LANES,
    simulate_couples,
    simulate_spikes,
)
from neuroclass.snn.engine.event_connection import constant_currents
from neuroclass.snn.learning.spide import SpideBackward, senders_of, visiting_order

__all__ = ["backward_part", "forward_part", "is_dense"]

Array = NDArray[Any]


def is_dense(wiring: Wiring) -> bool:
    """Return whether all connections are dense layers."""
    return all(isinstance(connection, Linear) for connection in wiring.connections)


@dataclass(frozen=True)
class _Layout:
    """The weights between layers in one array, and who sends to whom.

    Attributes
    ----------
    n_neurons : tuple of int
        Of each layer.
    sizes : array
        The same, padded.  (n_layers,)
    weights : array
        Of one connection after the other, a padded row for each sending neuron.
    links : array
        Sending layer, layer reached, first weight.  (n_connections, 3)
    """

    n_neurons: tuple[int, ...]
    sizes: Array
    weights: Array
    links: Array

    def padded(self, values: Sequence[Array], n_samples: int) -> Array:
        """Return arrays (batch, n) side by side.  (batch, len(values), widest)."""
        shape = (n_samples, len(values), int(self.sizes.max()))
        joined: Array = torch.zeros(shape).numpy()
        for k, value in enumerate(values):
            joined[:, k, : value.shape[1]] = value
        return joined

    def by_layer(self, states: Iterable[Array]) -> list[tuple[Array, Array, Array]]:
        """Return the three states of each layer without the padding."""
        first, second, third = states
        return [
            (first[:, k, :n], second[:, k, :n], third[:, k, :n])
            for k, n in enumerate(self.n_neurons)
        ]


def _laid_out(
    shapes: Sequence[Shape], connections: Sequence[tuple[int, int, Tensor]]
) -> _Layout:
    """Lay out connections given as sending layer, layer reached, weight by sender."""
    n_neurons = tuple(math.prod(shape) for shape in shapes)
    sizes = [-(-n // LANES) * LANES for n in n_neurons]
    blocks = [(sizes[sender], sizes[reached]) for sender, reached, _ in connections]
    begins = [0, *itertools.accumulate(math.prod(block) for block in blocks)]
    # Torch's memory begins at a cache line, which makes rows a fifth faster to read.
    weights: Array = torch.zeros(begins.pop()).numpy()
    links = np.zeros((len(connections), 3), np.int64)
    for k, (sender, reached, weight) in enumerate(connections):
        links[k] = sender, reached, begins[k]
        block = weights[begins[k] :][: math.prod(blocks[k])].reshape(blocks[k])
        block[: weight.shape[0], : weight.shape[1]] = weight.detach().numpy()
    return _Layout(n_neurons, np.array(sizes), weights, links)


def _weight(tensors: Tensors, index: int) -> Tensor:
    weight = tensors[index][0]
    assert weight is not None
    return weight


def forward_part(
    wiring: Wiring, tensors: Tensors, shapes: Sequence[Shape], n_steps: int
) -> Callable[..., list[tuple[Array, Array, Array]]]:
    """Return what gives counts, leaky sums and potentials of each layer.

    It takes a part of the batch, as constant input, and of the masks of dropout.
    """
    connections = [
        (*wiring.ends(index), _weight(tensors, index).T)
        for index in range(1, len(tensors))
    ]
    layout = _laid_out(shapes, connections)
    return partial(_forward, wiring, tensors, shapes, layout, n_steps)


def _forward(
    wiring: Wiring,
    tensors: Tensors,
    shapes: Sequence[Shape],
    layout: _Layout,
    n_steps: int,
    x: Tensor,
    masks: Sequence[Tensor | None] | None,
) -> list[tuple[Array, Array, Array]]:
    neuron = wiring.neuron
    currents = constant_currents(wiring, x, tensors, shapes, masks)
    constant = layout.padded([current.numpy() for current in currents], len(x))
    inflow = np.zeros((0, 0, 0), np.float32)
    if masks is not None and any(mask is not None for mask in masks[1:]):
        used = [
            np.ones((len(x), layout.n_neurons[wiring.ends(index)[1]]))
            if mask is None
            else mask.numpy()
            for index, mask in enumerate(masks[1:], 1)
        ]
        inflow = layout.padded(used, len(x))
    single = [np.float32(v) for v in (neuron.v_th, neuron.reset, neuron.leak)]
    states = torch.zeros(3, *constant.shape).numpy()
    simulate_spikes(
        constant,
        inflow,
        layout.sizes,
        layout.weights,
        layout.links,
        n_steps,
        *single,
        *states,
    )
    return layout.by_layer(states)


def backward_part(
    wiring: Wiring,
    tensors: Tensors,
    shapes: Sequence[Shape],
    settings: SpideBackward,
    leak: float,
    with_rates: bool,
) -> Callable[..., list[tuple[Array, Array, Array]]]:
    """Return what gives totals, spikes and potentials of each layer's couples.

    It takes a part of the gates of all connections and of the error; potentials and
    error are times V.
    """
    order = visiting_order(wiring)
    senders = senders_of(wiring, order)
    sent = [
        (index, (sender, layer, _weight(tensors, index)))
        for layer, pairs in enumerate(senders)
        for index, sender in pairs
    ]
    layout = _laid_out(shapes, [connection for _, connection in sent])
    used = [index for index, _ in sent]
    return partial(_backward, wiring, layout, order, used, settings, leak, with_rates)


def _backward(
    wiring: Wiring,
    layout: _Layout,
    order: list[int],
    used: list[int],
    settings: SpideBackward,
    leak: float,
    with_rates: bool,
    gates: list[Array],
    error: Array,
) -> list[tuple[Array, Array, Array]]:
    n_samples = len(error)
    unit = wiring.neuron.reset
    drive = layout.padded([error], n_samples)[:, 0]
    shape = (n_samples, len(layout.sizes), int(layout.sizes.max()))
    totals, potential = torch.zeros(2, *shape).numpy()
    fired = np.zeros(shape if with_rates else (0, *shape[1:]), np.float32)
    single = [np.float32(v) for v in (unit * settings.v_th, settings.reset, leak, unit)]
    simulate_couples(
        drive,
        layout.padded([gates[index] for index in used], n_samples),
        layout.sizes,
        layout.weights,
        layout.links,
        np.array(order),
        settings.steps,
        *single,
        totals,
        fired,
        potential,
    )
    return layout.by_layer([totals, fired, potential])
