"""Exact gradient that the spiking backward stage approximates.

Input: a topology, its forward stage and the error of the readout. Output: the solution
of ``beta = J^T beta + g`` at the rates of that stage, layer by layer, without spikes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from neuroclass.snn.components import Tensors, Topology
from neuroclass.snn.engine import (
    BackwardStage,
    ForwardStage,
    gate_of,
    senders_of,
    visiting_order,
)

__all__ = ["implicit_outputs"]


def implicit_outputs(
    topology: Topology,
    forward: ForwardStage,
    error: Tensor,
    tensors: Tensors,
    *,
    masks: Sequence[Tensor | None] | None = None,
    tolerance: float = 1e-6,
    max_sweeps: int = 500,
) -> BackwardStage:
    """Solve ``beta_l = (1/V) W_l^T (m_{l+1} beta_{l+1}) + [l = R] g`` by sweeps.

    A sweep visits the layers as a step of the backward stage does, with the latest
    outputs; without feedback one sweep is the solution. The limit is what the average
    output of the ternary neuron pairs tends to with the number of steps.

    Parameters
    ----------
    topology : Topology
        Layers and connections.
    forward : ForwardStage
        Gives the masks m of the neurons that fired, and not at every step.
    error : Tensor
        g, in the shape of the readout layer.
    tensors : sequence of (weight, bias)
        Of each connection.
    masks : sequence of Tensor or None, optional
        Dropout masks of the forward stage.
    tolerance : float, default 1e-6
        Largest change of an output in the last sweep, relative to the largest output.
    max_sweeps : int, default 500
        Largest number of sweeps.

    Raises
    ------
    RuntimeError
        If the outputs still change after `max_sweeps`: the feedback is too strong.
    """
    order = visiting_order(topology)
    senders = senders_of(topology, order)
    shapes = [tuple(rate.shape[1:]) for rate in forward.rates]
    gates = [gate_of(topology, forward, masks, index) for index in range(len(tensors))]
    betas = [torch.zeros_like(rate) for rate in forward.rates]
    for _ in range(max_sweeps):
        moved = largest = 0.0
        for layer in order:
            received = torch.zeros_like(betas[layer])
            for index, sender in senders[layer]:
                sent = betas[sender] * gates[index]
                connection = topology.connections[index]
                received += connection.send_back(sent, tensors[index][0], shapes[layer])
            received /= topology.neuron.reset
            if layer == topology.readout:
                received += error
            moved = max(moved, (received - betas[layer]).abs().max().item())
            largest = max(largest, received.abs().max().item())
            betas[layer] = received
        if not math.isfinite(largest):
            break
        if topology.feedback is None or moved <= tolerance * largest:
            return BackwardStage(betas, [], [])
    raise RuntimeError(
        f"no solution of the implicit equation within {max_sweeps} sweeps. Restrict "
        "the norm of the feedback."
    )
