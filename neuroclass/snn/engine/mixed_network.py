"""Stages of any network, step by step, each step from events or densely.

Input: a part of the batch. Output: counts or totals and potentials of each layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from neuroclass.snn.engine import _compiled as kernels
from neuroclass.snn.engine.backward import (
    BackwardSettings,
    senders_of,
    visiting_order,
)
from neuroclass.snn.engine.event_connection import (
    BoundNetwork,
    EventConnection,
    LayerState,
    channel_last,
    constant_currents,
    input_current,
)

__all__ = ["MixedBackward", "MixedForward"]

Array = NDArray[Any]


class MixedForward:
    """Forward stage of parts of a batch.

    Parameters
    ----------
    network : BoundNetwork
        Topology, tensors and shapes.
    n_steps : int
        Number of time steps.
    is_frames : bool
        Whether the first axis of the input is time.
    dense_rate : float, optional
        Fraction of firing neurons from which a connection is computed densely.
    """

    def __init__(
        self,
        network: BoundNetwork,
        n_steps: int,
        is_frames: bool,
        dense_rate: float | None,
    ) -> None:
        self.network, self.n_steps, self.is_frames = network, n_steps, is_frames
        self._connections = _event_connections(network, dense_rate)

    def __call__(
        self, x: Tensor, masks: Sequence[Tensor | None] | None
    ) -> list[tuple[Array, Array, Array]]:
        """Return counts, leaky sums and potentials of each layer.

        Parameters
        ----------
        x : Tensor
            Part of the batch, constant or frames.
        masks : sequence of Tensor or None, optional
            The same part of the masks of dropout.
        """
        network, is_frames = self.network, self.is_frames
        topology = network.topology
        neuron = topology.neuron
        n_samples = x.shape[1] if is_frames else x.shape[0]
        layers = [LayerState.empty(n_samples, shape) for shape in network.shapes]
        for layer in layers:
            layer.leaky = np.zeros_like(layer.counts)
        start = x[0] if is_frames else x
        constants = [
            channel_last(current)
            for current in constant_currents(network, start, masks)
        ]
        inflow = [
            None if masks is None or masks[i] is None else channel_last(masks[i])
            for i in range(len(topology.connections))
        ]

        single = [np.float32(v) for v in (neuron.v_th, neuron.reset, neuron.leak)]
        for step in range(self.n_steps):
            for index, layer in enumerate(layers):
                constant = constants[index]
                if index == 0 and is_frames:
                    constant = channel_last(input_current(network, x[step], masks))
                incoming = [] if index == 0 else [(index, index - 1)]
                if topology.feedback is not None and index == topology.target:
                    incoming += [(topology.n_layers, topology.source)] * (step > 0)
                for connection, source in incoming:
                    self._connections[connection - 1].forward(
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


class MixedBackward:
    """Backward stage of parts of a batch.

    Parameters
    ----------
    network : BoundNetwork
        Topology, tensors and shapes.
    settings : BackwardSettings
        Steps, threshold and reset of the ternary neuron pairs.
    dense_rate : float, optional
        Fraction of firing neurons from which a connection is computed densely.
    """

    def __init__(
        self,
        network: BoundNetwork,
        settings: BackwardSettings,
        dense_rate: float | None,
    ) -> None:
        self.network, self.settings = network, settings
        self._connections = _event_connections(network, dense_rate)

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
        topology, shapes = self.network.topology, self.network.shapes
        settings = self.settings
        order = visiting_order(topology)
        senders = senders_of(topology, order)
        n_samples = len(error)
        none = np.zeros((n_samples, 0), np.float32)
        layers = [LayerState.empty(n_samples, shape) for shape in shapes]
        fired = [
            np.zeros_like(layer.counts) if settings.with_rates else none
            for layer in layers
        ]
        # What each connection sends back: its sender's spikes through its own gate.
        outflow: dict[int, LayerState] = {
            index: replace(
                LayerState.empty(n_samples, shapes[topology.ends(index)[1]]),
                n_fired=-1,
            )
            for pairs in senders
            for index, _ in pairs
        }
        leaving: list[list[int]] = [
            [index for index in outflow if topology.ends(index)[1] == layer]
            for layer in range(topology.n_layers)
        ]
        unit = topology.neuron.reset
        values = (unit * settings.v_th, settings.reset, settings.leak, unit)
        single = [np.float32(v) for v in values]
        for _ in range(settings.n_steps):
            for index in order:
                layer = layers[index]
                for connection, _ in senders[index]:
                    self._connections[connection - 1].backward(
                        outflow[connection], layer.potential
                    )
                kernels.fire_pairs(
                    layer.potential,
                    error if index == topology.readout else none,
                    layer.spikes,
                    layer.counts,
                    fired[index],
                    layer.events,
                    layer.n_events,
                    *single,
                )
                for connection in leaving[index]:
                    sent = outflow[connection]
                    sent.n_fired = kernels.extract(
                        layer.spikes,
                        gates[connection],
                        layer.events,
                        layer.n_events,
                        sent.spikes,
                        sent.events,
                        sent.n_events,
                    )
        return [
            (layer.counts, fired[index], layer.potential)
            for index, layer in enumerate(layers)
        ]


def _event_connections(
    network: BoundNetwork, dense_rate: float | None
) -> list[EventConnection]:
    return [
        EventConnection(network, index, dense_rate)
        for index in range(1, len(network.topology.connections))
    ]
