"""Both stages by event-driven kernels, on equal parts of the batch in threads.

The same equations as the plain stages, on the CPU.  Networks of dense layers run whole
stages compiled, all others step by step.  On weights whose sums are exact the spikes
are those of the plain stages; otherwise the order of summation differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from neuroclass.snn.components.layers import Shape
from neuroclass.snn.components.neurons import average_rate_norm
from neuroclass.snn.components.topology import (
    ForwardStage,
    Tensors,
    Wiring,
    input_rate,
    layer_shapes,
)
from neuroclass.snn.engine import dense_network as dense
from neuroclass.snn.engine import mixed_network as stepwise
from neuroclass.snn.engine.event_connection import channel_first, channel_last, is_known
from neuroclass.snn.engine.threads import in_parts, one_torch_thread
from neuroclass.snn.learning.spide import BackwardStage, SpideBackward, gate_of

__all__ = ["fast_backward_stage", "fast_forward_stage", "is_supported"]

Array = NDArray[Any]


def is_supported(wiring: Wiring, x: Tensor) -> bool:
    """Return whether the kernels know all connections of a network on this device."""
    return x.device.type == "cpu" and all(
        is_known(connection) for connection in wiring.connections
    )


def fast_forward_stage(
    wiring: Wiring,
    x: Tensor,
    tensors: Tensors,
    *,
    is_frames: bool,
    n_steps: int,
    masks: Sequence[Tensor | None] | None = None,
    dense_rate: float | None = None,
) -> ForwardStage:
    """Simulate the forward stage, as `forward_stage` does.

    Parameters
    ----------
    wiring, x, tensors, is_frames, n_steps, masks
        As in `forward_stage`.
    dense_rate : float, optional
        Fraction of firing neurons from which a connection is computed densely, in
        place of the measured ones; above 1, never.
    """
    sample = tuple(x.shape[2:] if is_frames else x.shape[1:])
    shapes = layer_shapes(wiring, sample)
    with one_torch_thread() as n_threads:
        if _runs_whole(wiring, dense_rate) and not is_frames:
            simulate = dense.forward_part(wiring, tensors, shapes, n_steps)
        else:
            simulate = stepwise.forward_part(
                wiring, tensors, shapes, n_steps, is_frames, dense_rate
            )

        def run(part: slice) -> list[tuple[Array, Array, Array]]:
            held = None if masks is None else [_part(mask, part) for mask in masks]
            return simulate(x[:, part] if is_frames else x[part], held)

        n_samples = x.shape[1] if is_frames else x.shape[0]
        parts = in_parts(run, n_samples, n_threads)
        counts, leaky, potentials = _joined(parts, shapes)
        leak = wiring.neuron.leak
        norm = average_rate_norm(n_steps, leak)
        rates = [total / norm for total in (counts if leak == 1.0 else leaky)]
        return ForwardStage(
            input_rate(x, is_frames, leak),
            rates,
            counts,
            potentials,
            n_steps,
            [None] * len(wiring.connections),
        )


def fast_backward_stage(
    wiring: Wiring,
    forward: ForwardStage,
    error: Tensor,
    tensors: Tensors,
    settings: SpideBackward,
    *,
    masks: Sequence[Tensor | None] | None = None,
    with_rates: bool = False,
    dense_rate: float | None = None,
) -> BackwardStage:
    """Simulate the backward stage, as `backward_stage` does.

    Parameters
    ----------
    wiring, forward, error, tensors, settings, masks, with_rates
        As in `backward_stage`.
    dense_rate : float, optional
        As in `fast_forward_stage`.
    """
    shapes = [tuple(rate.shape[1:]) for rate in forward.rates]
    leak = wiring.neuron.leak if settings.neuron == "LIF" else 1.0
    # The potentials are multiplied by V: the sums of dyadic weights are exact.
    reset = wiring.neuron.reset
    with one_torch_thread() as n_threads:
        if _runs_whole(wiring, dense_rate):
            simulate = dense.backward_part(
                wiring, tensors, shapes, settings, leak, with_rates
            )
        else:
            simulate = stepwise.backward_part(
                wiring, tensors, shapes, settings, leak, with_rates, dense_rate
            )
        gates = [
            channel_last(gate_of(wiring, forward, masks, index))
            for index in range(len(wiring.connections))
        ]
        drive = channel_last(error * reset)

        def run(part: slice) -> list[tuple[Array, Array, Array]]:
            return simulate([gate[part] for gate in gates], drive[part])

        parts = in_parts(run, len(error), n_threads)
        totals, fired, potentials = _joined(parts, shapes)
        norm = average_rate_norm(settings.steps, leak)
        betas = [total / norm for total in totals]
        rates = [total / (settings.steps * settings.reset) for total in fired]
        return BackwardStage(betas, [v.div_(reset) for v in potentials], rates)


def _runs_whole(wiring: Wiring, dense_rate: float | None) -> bool:
    return dense.is_dense(wiring) and (dense_rate is None or dense_rate > 1)


def _joined(
    parts: list[list[tuple[Array, Array, Array]]], shapes: list[Shape]
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
