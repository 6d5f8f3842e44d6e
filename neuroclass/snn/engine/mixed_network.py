"""Both stages of any network, step by step, each step whichever way is cheaper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from neuroclass.snn.components.layers import Shape
from neuroclass.snn.components.topology import Tensors, Wiring
from neuroclass.snn.engine import _kernels as kernels
from neuroclass.snn.engine.event_connection import (
    Layer,
    Road,
    channel_last,
    constant_currents,
    input_current,
)
from neuroclass.snn.learning.spide import SpideBackward, senders_of, visiting_order

__all__ = ["backward_part", "forward_part"]

Array = NDArray[Any]


def forward_part(
    wiring: Wiring,
    tensors: Tensors,
    shapes: list[Shape],
    n_steps: int,
    is_frames: bool,
    dense_rate: float | None,
) -> Callable[..., list[tuple[Array, Array, Array]]]:
    """Return what gives counts, leaky sums and potentials of each layer.

    It takes a part of the batch and of the masks of dropout.
    """
    roads = _roads(wiring, tensors, shapes, dense_rate)
    return partial(_simulate_spikes, wiring, tensors, shapes, roads, n_steps, is_frames)


def _simulate_spikes(
    wiring: Wiring,
    tensors: Tensors,
    shapes: list[Shape],
    roads: list[Road],
    n_steps: int,
    is_frames: bool,
    x: Tensor,
    masks: Sequence[Tensor | None] | None,
) -> list[tuple[Array, Array, Array]]:
    neuron = wiring.neuron
    n_samples = x.shape[1] if is_frames else x.shape[0]
    layers = [Layer.empty(n_samples, shape) for shape in shapes]
    for layer in layers:
        layer.leaky = np.zeros_like(layer.counts)
    start = x[0] if is_frames else x
    constants = [
        channel_last(current)
        for current in constant_currents(wiring, start, tensors, shapes, masks)
    ]
    inflow = [
        None if masks is None or masks[i] is None else channel_last(masks[i])
        for i in range(len(wiring.connections))
    ]

    single = [np.float32(v) for v in (neuron.v_th, neuron.reset, neuron.leak)]
    for step in range(n_steps):
        for index, layer in enumerate(layers):
            constant = constants[index]
            if index == 0 and is_frames:
                current = input_current(wiring, x[step], tensors, shapes, masks)
                constant = channel_last(current)
            incoming = [] if index == 0 else [(index, index - 1)]
            if wiring.feedback is not None and index == wiring.target and step > 0:
                incoming.append((wiring.n_layers, wiring.source))
            for connection, source in incoming:
                roads[connection - 1].forward(
                    layers[source], layer.potential, inflow[connection]
                )
            layer.n_fired = kernels.fire(
                layer.potential,
                constant,
                layer.spikes,
                layer.counts,
                layer.leaky,
                layer.events,
                layer.n_events,
                *single,
            )
    return [(layer.counts, layer.leaky, layer.potential) for layer in layers]


def backward_part(
    wiring: Wiring,
    tensors: Tensors,
    shapes: list[Shape],
    settings: SpideBackward,
    leak: float,
    with_rates: bool,
    dense_rate: float | None,
) -> Callable[..., list[tuple[Array, Array, Array]]]:
    """Return what gives totals, spikes and potentials of each layer's couples.

    It takes a part of the gates of all connections and of the error; potentials and
    error are times V.
    """
    roads = _roads(wiring, tensors, shapes, dense_rate)
    return partial(_simulate_couples, wiring, shapes, roads, settings, leak, with_rates)


def _simulate_couples(
    wiring: Wiring,
    shapes: list[Shape],
    roads: list[Road],
    settings: SpideBackward,
    leak: float,
    with_rates: bool,
    gates: list[Array],
    error: Array,
) -> list[tuple[Array, Array, Array]]:
    order = visiting_order(wiring)
    senders = senders_of(wiring, order)
    n_samples = len(error)
    none = np.zeros((n_samples, 0), np.float32)
    layers = [Layer.empty(n_samples, shape) for shape in shapes]
    fired = [np.zeros_like(layer.counts) if with_rates else none for layer in layers]
    # What each connection sends back: its sender's couples through its own gate.
    outflow: dict[int, Layer] = {
        index: replace(
            Layer.empty(n_samples, shapes[wiring.ends(index)[1]]), n_fired=-1
        )
        for pairs in senders
        for index, _ in pairs
    }
    opened = {index: _open_places(gates[index]) for index in outflow}
    leaving: list[list[int]] = [
        [index for index in outflow if wiring.ends(index)[1] == layer]
        for layer in range(wiring.n_layers)
    ]
    unit = wiring.neuron.reset
    single = [np.float32(v) for v in (unit * settings.v_th, settings.reset, leak, unit)]
    for _ in range(settings.steps):
        for index in order:
            layer = layers[index]
            for connection, _ in senders[index]:
                if outflow[connection].n_fired > 0:
                    roads[connection - 1].backward(outflow[connection], layer.potential)
            kernels.fire_couples(
                layer.potential,
                error if index == wiring.readout else none,
                layer.spikes,
                layer.counts,
                fired[index],
                *single,
            )
            for connection in leaving[index]:
                sent = outflow[connection]
                sent.n_fired = kernels.extract(
                    layer.spikes,
                    gates[connection],
                    *opened[connection],
                    sent.spikes,
                    sent.events,
                    sent.n_events,
                )
    return [
        (layer.counts, fired[index], layer.potential)
        for index, layer in enumerate(layers)
    ]


def _open_places(gate: Array) -> tuple[Array, Array]:
    places = np.empty((gate.shape[0], gate.shape[1] + 1), np.int32)
    n_places = np.empty(gate.shape[0], np.int64)
    kernels.list_open(gate, places, n_places)
    return places, n_places


def _roads(
    wiring: Wiring, tensors: Tensors, shapes: list[Shape], dense_rate: float | None
) -> list[Road]:
    return [
        Road(wiring, index, shapes, tensors[index][0], dense_rate)
        for index in range(1, len(wiring.connections))
    ]
