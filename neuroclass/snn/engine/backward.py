"""Backward stage: simulation of ternary neuron pairs on the transposed connections.

Input: a topology, its forward stage and the error of the readout. Output: the average
output of the pairs of every layer, which solves ``beta = J^T beta + g`` at the
equilibrium of the average rates. Xiao et al. (2023), Neural Networks, arXiv:2302.00232.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from neuroclass.snn.components import (
    Tensors,
    Topology,
    average_rate_norm,
    fire_ternary_,
)
from neuroclass.snn.engine.forward import ForwardStage

__all__ = [
    "BackwardSettings",
    "BackwardStage",
    "backward_stage",
    "gate_of",
    "senders_of",
    "visiting_order",
]


@dataclass(frozen=True, kw_only=True)
class BackwardSettings:
    """Settings of one run of the backward stage.

    Parameters
    ----------
    n_steps : int
        Number of time steps T_B.
    v_th : float
        Threshold of the ternary neuron pairs.
    reset : float
        V_b: output of a spike, and what it takes from the potential.
    leak : float, default 1.0
        Factor of the potential after each step.
    masks : sequence of Tensor or None, optional
        Dropout masks of the forward stage.
    with_rates : bool, default False
        Count the spikes too.
    """

    n_steps: int
    v_th: float
    reset: float
    leak: float = 1.0
    masks: Sequence[Tensor | None] | None = None
    with_rates: bool = False


@dataclass
class BackwardStage:
    """Average output, potentials and rates of the ternary neuron pairs.

    Attributes
    ----------
    betas : list of Tensor
        Average output of the pairs of each layer.  (batch, ...)
    potentials : list of Tensor
        Potential after the last reset.  (batch, ...)
    rates : list of Tensor
        Spikes of either sign per step; empty without `with_rates`.
    """

    betas: list[Tensor]
    potentials: list[Tensor]
    rates: list[Tensor]

    def __repr__(self) -> str:
        shapes = [tuple(beta.shape[1:]) for beta in self.betas]
        return f"BackwardStage({len(self.betas[0])} samples, layers of shape {shapes})"


def visiting_order(topology: Topology) -> list[int]:
    """Return the layers that the backward stage visits: R .. 0, then N-1 .. R+1.

    Layers above the readout are left out where no feedback leads from them.
    """
    order = list(range(topology.readout, -1, -1))
    if topology.feedback is not None and topology.source > topology.readout:
        order += list(range(topology.source, topology.readout, -1))
    return order


def backward_stage(
    topology: Topology,
    forward: ForwardStage,
    error: Tensor,
    tensors: Tensors,
    settings: BackwardSettings,
) -> BackwardStage:
    """Simulate the ternary neuron pairs driven by the error of the readout.

    ``I_l = v_l + (1/V) W_l^T (m_{l+1} z_{l+1}) + [l = R] g``; the spikes of a sender
    visited later in a step arrive one step late, and are absent at the first.

    Parameters
    ----------
    topology : Topology
        Layers and connections.
    forward : ForwardStage
        Of the same input; gives the masks m.
    error : Tensor
        g, already scaled, in the shape of the readout layer.
    tensors : sequence of (weight, bias)
        Of each connection.
    settings : BackwardSettings
        Steps, threshold, reset and dropout masks.

    Notes
    -----
    The potentials are kept multiplied by V, in place of weights divided by it: the
    sums of dyadic weights, errors and thresholds are exact in single precision for
    every dyadic V, and not only for powers of two.
    """
    leak = settings.leak
    reset = topology.neuron.reset
    order = visiting_order(topology)
    shapes = [tuple(rate.shape[1:]) for rate in forward.rates]
    senders = senders_of(topology, order)
    drive = error * reset
    gates = [
        gate_of(topology, forward, settings.masks, index)
        for index in range(len(tensors))
    ]

    potentials = [torch.zeros_like(rate) for rate in forward.rates]
    spikes = [torch.zeros_like(rate) for rate in forward.rates]
    totals = [torch.zeros_like(rate) for rate in forward.rates]
    fired = [torch.zeros_like(rate) for rate in forward.rates * settings.with_rates]
    is_visited = [False] * topology.n_layers
    for step in range(settings.n_steps):
        for layer in order:
            potential = potentials[layer]
            # Own recurrent output is that of the step before: it is read here,
            # before the spikes of this layer are overwritten.
            for index, sender in senders[layer]:
                if step == 0 and not is_visited[sender]:
                    continue
                connection = topology.connections[index]
                sent = spikes[sender] * gates[index]
                potential.add_(
                    connection.send_back(sent, tensors[index][0], shapes[layer])
                )
            if layer == topology.readout:
                potential.add_(drive)
            fire_ternary_(
                potential,
                spikes[layer],
                settings.v_th,
                settings.reset,
                leak=leak,
                unit=reset,
            )
            is_visited[layer] = True
            if leak == 1.0:
                totals[layer].add_(spikes[layer])
            else:
                totals[layer].mul_(leak).add_(spikes[layer])
            if settings.with_rates:
                fired[layer].add_(spikes[layer].abs())
    norm = average_rate_norm(settings.n_steps, leak)
    betas = [total / norm for total in totals]
    rates = [total / (settings.n_steps * settings.reset) for total in fired]
    return BackwardStage(betas, [v.div_(reset) for v in potentials], rates)


def senders_of(topology: Topology, order: list[int]) -> list[list[tuple[int, int]]]:
    """Return for each layer the (connection, layer) pairs that send back to it."""
    senders: list[list[tuple[int, int]]] = [[] for _ in range(topology.n_layers)]
    for index in range(1, len(topology.connections)):
        origin, reached = topology.ends(index)
        if reached in order and origin in order:
            senders[origin].append((index, reached))
    return senders


def gate_of(
    topology: Topology,
    forward: ForwardStage,
    masks: Sequence[Tensor | None] | None,
    index: int,
) -> Tensor:
    """Return the factor of ternary spikes on their way back through a connection."""
    gate = forward.active(topology.ends(index)[1])
    mask = None if masks is None else masks[index]
    return gate if mask is None else gate * mask
