"""Energy of a network, from its synaptic operations.

Input: a model and a batch. Output: operations and energies of one sample.

A spike costs one accumulation per synapse that it reaches; a value of an ordinary
network costs one multiplication and accumulation.  Energies are those of 32-bit
arithmetic in 45 nm silicon: 0.9 and 4.6 pJ (Horowitz 2014, ISSCC,
doi:10.1109/ISSCC.2014.6757323). Memory is a line of its own, with assumptions: every
value is read from or written to a memory of 32 KB at 10 pJ per 32 bits (the same
source), and nothing is reused. An accumulation reads a weight, and reads and writes a
potential; a multiplication with accumulation reads a weight and a value; a neuron reads
and writes its potential at every step.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from neuroclass.snn.components import layer_shapes
from neuroclass.snn.engine import Statistics, fan_out
from neuroclass.snn.models.feedback_snn import SpikingClassifier

__all__ = [
    "ACCUMULATE_PJ",
    "MEMORY_ACCESS_PJ",
    "MULTIPLY_ACCUMULATE_PJ",
    "EnergyTable",
    "energy_table",
]

ACCUMULATE_PJ = 0.9
MULTIPLY_ACCUMULATE_PJ = 4.6
MEMORY_ACCESS_PJ = 10.0


@dataclass(frozen=True)
class EnergyTable:
    """Rates, operations and energies of one sample.

    Attributes
    ----------
    connections : tuple of str
        Names of the connections, which are the rows.
    forward_operations, backward_operations : tuple of float
        Synaptic accumulations of the two stages.
    ann_operations : tuple of float
        Multiplications and accumulations of one pass of the same network with
        ordinary neurons, its feedback counted once.
    input_operations : float
        Multiplications and accumulations of the constant input, once; 0 for frames,
        whose events count as accumulations.
    forward_rate, backward_rate : float
        Spikes per neuron and step.
    updates : tuple of float
        Neuron updates of the two stages: neurons times steps.
    """

    connections: tuple[str, ...]
    forward_operations: tuple[float, ...]
    backward_operations: tuple[float, ...]
    ann_operations: tuple[float, ...]
    input_operations: float
    forward_rate: float
    backward_rate: float
    updates: tuple[float, float] = (0.0, 0.0)

    @property
    def forward_nj(self) -> float:
        """Energy of the forward stage, nanojoules."""
        spent = ACCUMULATE_PJ * sum(self.forward_operations)
        return (spent + MULTIPLY_ACCUMULATE_PJ * self.input_operations) / 1000

    @property
    def backward_nj(self) -> float:
        """Energy of the spiking backward stage, nanojoules."""
        return ACCUMULATE_PJ * sum(self.backward_operations) / 1000

    @property
    def ann_nj(self) -> float:
        """Energy of one pass of the ordinary network, nanojoules."""
        return MULTIPLY_ACCUMULATE_PJ * sum(self.ann_operations) / 1000

    @property
    def gradient_nj(self) -> float:
        """Energy of the weight gradients, one product per synapse, nanojoules."""
        return MULTIPLY_ACCUMULATE_PJ * sum(self.ann_operations) / 1000

    @property
    def ann_backward_nj(self) -> float:
        """Energy of backpropagation through the ordinary network, nanojoules.

        Errors go back through every connection but the first, and each has weight
        gradients.
        """
        operations = sum(self.ann_operations[1:]) + sum(self.ann_operations)
        return MULTIPLY_ACCUMULATE_PJ * operations / 1000

    @property
    def memory_nj(self) -> dict[str, float]:
        """Energy of memory traffic under the assumptions of this module, nanojoules."""
        dense = sum(self.ann_operations)
        accesses = {
            "forward": 3 * sum(self.forward_operations)
            + 2 * self.input_operations
            + 2 * self.updates[0],
            "backward": 3 * sum(self.backward_operations) + 2 * self.updates[1],
            "ann": 2 * dense,
            "ann_backward": 2 * (2 * dense - self.ann_operations[0]),
        }
        return {key: MEMORY_ACCESS_PJ * n / 1000 for key, n in accesses.items()}

    def as_dict(self) -> dict[str, Any]:
        """Return operations and energies in plain values."""
        return {
            **asdict(self),
            "forward_nj": self.forward_nj,
            "backward_nj": self.backward_nj,
            "gradient_nj": self.gradient_nj,
            "ann_nj": self.ann_nj,
            "ann_backward_nj": self.ann_backward_nj,
            "memory_nj": self.memory_nj,
        }

    def __repr__(self) -> str:
        return (
            f"EnergyTable({len(self.connections)} connections, forward "
            f"{self.forward_nj:.4g} nJ, backward {self.backward_nj:.4g} nJ, ANN "
            f"{self.ann_nj:.4g} nJ)"
        )

    def __str__(self) -> str:
        """Return the table."""
        header = ("connection", "forward", "backward", "ANN")
        rows = [
            (name, f"{forward:,.0f}", f"{backward:,.0f}", f"{ann:,.0f}")
            for name, forward, backward, ann in zip(
                self.connections,
                self.forward_operations,
                self.backward_operations,
                self.ann_operations,
                strict=True,
            )
        ]
        rows += [
            ("constant input", f"{self.input_operations:,.0f}", "", ""),
            (
                "energy (nJ)",
                f"{self.forward_nj:,.2f}",
                f"{self.backward_nj:,.2f}",
                f"{self.ann_nj:,.2f}",
            ),
            ("ANN backwards (nJ)", "", "", f"{self.ann_backward_nj:,.2f}"),
            (
                "memory (nJ)",
                f"{self.memory_nj['forward']:,.2f}",
                f"{self.memory_nj['backward']:,.2f}",
                f"{self.memory_nj['ann']:,.2f}",
            ),
            (
                "firing rate",
                f"{self.forward_rate:.4f}",
                f"{self.backward_rate:.4f}",
                "",
            ),
        ]
        widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
        lines = [
            "  ".join(
                cell.ljust(width) if i == 0 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in [header, *rows]
        ]
        return "\n".join(lines)


def energy_table(
    model: SpikingClassifier, images: Tensor, labels: Tensor
) -> EnergyTable:
    """Run both stages on a batch and return the energy of one sample.

    Parameters
    ----------
    model : SpikingClassifier
        Its gradients and running moments stay as they are.
    images : Tensor
        Images (batch, c, h, w) or frames (steps, batch, c, h, w), on any device.
    labels : Tensor
        Classes, for the error of the backward stage.

    Notes
    -----
    The implicit solve of IDE is no spiking stage: its backward column is 0 and its
    rate nan.
    """
    network = model.network
    device = next(model.parameters()).device
    images, labels = images.to(device), labels.to(device)
    statistics = Statistics()
    was_training = model.training
    model.eval()
    before = {key: p.grad for key, p in model.named_parameters()}
    model.zero_grad(set_to_none=True)
    loss: Tensor = nn.functional.cross_entropy(model(images, statistics), labels)
    torch.autograd.backward(loss)
    for key, parameter in model.named_parameters():
        parameter.grad = before[key]
    model.train(was_training)

    topology = network.topology
    shapes = layer_shapes(topology, model.sample_shape)
    dense = []
    for index, connection in enumerate(topology.connections):
        origin, reached = topology.ends(index)
        source = model.sample_shape if origin < 0 else shapes[origin]
        dense.append(fan_out(connection, source, shapes[reached]).sum().item())
    backward = statistics.backward_operations or [0.0] * len(dense)
    is_frames = images.ndim == 5
    n_steps = len(images) if is_frames else network.steps
    n_backward = network.rule.steps if statistics.backward_operations else 0
    names = [f"{'input' if i == 0 else i - 1} -> {i}" for i in range(topology.n_layers)]
    if topology.feedback is not None:
        names.append(f"{topology.source} -> {topology.target} (feedback)")
    return EnergyTable(
        tuple(names),
        tuple(statistics.forward_operations),
        tuple(backward),
        tuple(dense),
        0.0 if is_frames else dense[0],
        statistics.forward_rate,
        statistics.backward_rate,
        (
            float(sum(statistics.n_neurons) * n_steps),
            float(sum(statistics.n_neurons) * n_backward),
        ),
    )
