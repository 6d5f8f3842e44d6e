"""Event-driven engine: both stages by kernels, on equal parts of the batch in threads.

Input and output are those of the plain stages, on the CPU. Networks of dense layers run
whole stages compiled, all others step by step. On weights whose sums are exact the
spikes are those of the plain stages; otherwise the order of summation differs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from neuroclass.snn.components import (
    Shape,
    Tensors,
    Topology,
    average_rate_norm,
    layer_shapes,
)
from neuroclass.snn.engine.backward import BackwardSettings, BackwardStage, gate_of
from neuroclass.snn.engine.dense_network import DenseBackward, DenseForward, is_dense
from neuroclass.snn.engine.event_connection import (
    BoundNetwork,
    channel_first,
    channel_last,
    has_kernels,
)
from neuroclass.snn.engine.forward import ForwardSettings, ForwardStage, input_rate
from neuroclass.snn.engine.mixed_network import MixedBackward, MixedForward
from neuroclass.snn.engine.threads import in_parts, one_torch_thread

__all__ = ["EventEngine"]

Array = NDArray[Any]

# Neurons, about, of the samples that go through a stage together: their states stay
# near the core. At least so many samples, for the dense products.
_NEURONS, _SAMPLES = 600_000, 16


@dataclass(frozen=True)
class EventEngine:
    """Both stages by event-driven kernels.

    Attributes
    ----------
    topology : Topology
        Layers and connections, with kernels for all of them.
    dense_rate : float, optional
        Fraction of firing neurons from which a connection is computed densely, in
        place of the measured ones; above 1, never.
    """

    topology: Topology
    dense_rate: float | None = None

    @staticmethod
    def supports(topology: Topology, x: Tensor) -> bool:
        """Return whether there are kernels for all connections on a device."""
        return x.device.type == "cpu" and all(
            has_kernels(connection) for connection in topology.connections
        )

    def forward(
        self, x: Tensor, tensors: Tensors, settings: ForwardSettings
    ) -> ForwardStage:
        """Simulate the forward stage; the parameters are those of `forward_stage`."""
        topology, is_frames = self.topology, settings.is_frames
        sample = tuple(x.shape[2:] if is_frames else x.shape[1:])
        shapes = layer_shapes(topology, sample)
        network = BoundNetwork(topology, tensors, shapes)
        masks = settings.masks
        with one_torch_thread() as n_threads:
            simulate: DenseForward | MixedForward
            if self._runs_whole and not is_frames:
                simulate = DenseForward(network, settings.n_steps)
            else:
                simulate = MixedForward(
                    network, settings.n_steps, is_frames, self.dense_rate
                )

            def run(part: slice) -> list[tuple[Array, Array, Array]]:
                held = None if masks is None else [_part(mask, part) for mask in masks]
                return simulate(x[:, part] if is_frames else x[part], held)

            n_samples = x.shape[1] if is_frames else x.shape[0]
            parts = in_parts(run, n_samples, n_threads, self._together(shapes))
            counts, leaky, potentials = _joined(parts, shapes)
            leak = topology.neuron.leak
            norm = average_rate_norm(settings.n_steps, leak)
            rates = [total / norm for total in (counts if leak == 1.0 else leaky)]
            return ForwardStage(
                input_rate(x, is_frames, leak),
                rates,
                counts,
                potentials,
                settings.n_steps,
                [None] * len(topology.connections),
            )

    def backward(
        self,
        forward: ForwardStage,
        error: Tensor,
        tensors: Tensors,
        settings: BackwardSettings,
    ) -> BackwardStage:
        """Simulate the backward stage; the parameters are those of `backward_stage`."""
        topology = self.topology
        shapes: list[Shape] = [tuple(rate.shape[1:]) for rate in forward.rates]
        network = BoundNetwork(topology, tensors, shapes)
        # The potentials are multiplied by V: the sums of dyadic weights are exact.
        reset = topology.neuron.reset
        with one_torch_thread() as n_threads:
            simulate: DenseBackward | MixedBackward
            if self._runs_whole:
                simulate = DenseBackward(network, settings)
            else:
                simulate = MixedBackward(network, settings, self.dense_rate)
            gates = [
                channel_last(gate_of(topology, forward, settings.masks, index))
                for index in range(len(topology.connections))
            ]
            drive = channel_last(error * reset)

            def run(part: slice) -> list[tuple[Array, Array, Array]]:
                return simulate([gate[part] for gate in gates], drive[part])

            parts = in_parts(run, len(error), n_threads, self._together(shapes))
            totals, fired, potentials = _joined(parts, shapes)
            norm = average_rate_norm(settings.n_steps, settings.leak)
            betas = [total / norm for total in totals]
            rates = [total / (settings.n_steps * settings.reset) for total in fired]
            return BackwardStage(betas, [v.div_(reset) for v in potentials], rates)

    def _together(self, shapes: Sequence[Shape]) -> int | None:
        """Return how many samples go through the steps of a stage together."""
        if self._runs_whole:
            return None
        return max(_NEURONS // sum(math.prod(shape) for shape in shapes), _SAMPLES)

    @property
    def _runs_whole(self) -> bool:
        return is_dense(self.topology) and (
            self.dense_rate is None or self.dense_rate > 1
        )


def _joined(
    parts: list[list[tuple[Array, Array, Array]]], shapes: Sequence[Shape]
) -> list[list[Tensor]]:
    """Return each of three sorts of values by layer, channel last in memory."""
    return [
        [
            channel_first(np.concatenate([part[layer][k] for part in parts]), shape)
            for layer, shape in enumerate(shapes)
            if parts[0][layer][k].size
        ]
        for k in range(3)
    ]


def _part(mask: Tensor | None, part: slice) -> Tensor | None:
    return None if mask is None else mask[part]
