"""Activity of one call of a network: firing rates and synaptic operations.

Input: the stages of a call. Output: `Statistics`, filled in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from neuroclass.snn.components import AvgPool2d, Connection, Shape, Topology
from neuroclass.snn.engine.backward import BackwardSettings, BackwardStage
from neuroclass.snn.engine.forward import ForwardStage

__all__ = [
    "Statistics",
    "fan_in",
    "fan_out",
    "mean_rates",
    "pair_fractions",
    "record_backward",
    "record_forward",
]


@dataclass
class Statistics:
    """Rates and operations, filled in by a call of a network that is given it.

    Attributes
    ----------
    forward_rates, backward_rates : list of float
        Spikes per neuron and step, by layer; the backward ones after the backward
        stage (both signs counted).
    forward_operations, backward_operations : list of float
        Synaptic operations per sample, by connection: spikes times the synapses that
        each of them reaches.  A constant input is no spike and counts 0 here.
    silent_pairs, saturated_pairs : list of float
        Fraction of the ternary neuron pairs of each layer whose average output is 0,
        and that fired at every step; of those of active neurons, whose output counts.
        1 and 0 where no neuron of a layer is active.
    n_neurons : list of int
        Neurons of each layer.
    """

    forward_rates: list[float] = field(default_factory=list)
    backward_rates: list[float] = field(default_factory=list)
    forward_operations: list[float] = field(default_factory=list)
    backward_operations: list[float] = field(default_factory=list)
    silent_pairs: list[float] = field(default_factory=list)
    saturated_pairs: list[float] = field(default_factory=list)
    n_neurons: list[int] = field(default_factory=list)

    def __repr__(self) -> str:
        return (
            f"Statistics({len(self.n_neurons)} layers, {sum(self.n_neurons)} neurons, "
            f"forward rate {self.forward_rate:.4g}, backward rate "
            f"{self.backward_rate:.4g})"
        )

    @property
    def forward_rate(self) -> float:
        """Spikes per neuron and step over all layers."""
        return _over_layers(self.forward_rates, self.n_neurons)

    @property
    def backward_rate(self) -> float:
        """Spikes per ternary pair and step, nan before a backward stage."""
        return _over_layers(self.backward_rates, self.n_neurons)


def _over_layers(rates: list[float], n_neurons: list[int]) -> float:
    if not rates:
        return float("nan")
    total = sum(rate * n for rate, n in zip(rates, n_neurons, strict=True))
    return total / sum(n_neurons)


def mean_rates(measured: Sequence[tuple[Statistics, int]]) -> tuple[float, float]:
    """Return the forward and the backward rate over batches of the given sizes."""
    total = sum(size for _, size in measured)
    if not total:
        return float("nan"), float("nan")
    return (
        sum(batch.forward_rate * size for batch, size in measured) / total,
        sum(batch.backward_rate * size for batch, size in measured) / total,
    )


def record_forward(
    statistics: Statistics,
    topology: Topology,
    stage: ForwardStage,
    x: Tensor,
    is_frames: bool,
) -> None:
    """Fill in the rates and operations of the forward stage."""
    statistics.n_neurons = [counts[0].numel() for counts in stage.counts]
    statistics.forward_rates = [
        counts.mean().item() / stage.n_steps for counts in stage.counts
    ]
    operations = []
    for index, connection in enumerate(topology.connections):
        origin, reached = topology.ends(index)
        if origin >= 0:
            sent = stage.counts[origin].mean(0)
        elif is_frames:
            # Frames hold counts of events: each is one operation per synapse.
            sent = x.abs().sum(0).mean(0)
        else:
            operations.append(0.0)
            continue
        target = tuple(stage.counts[reached].shape[1:])
        synapses = fan_out(connection, tuple(sent.shape), target).to(sent)
        operations.append((sent * synapses).sum().item())
    statistics.forward_operations = operations


def record_backward(
    statistics: Statistics,
    topology: Topology,
    stage: ForwardStage,
    backward: BackwardStage,
    settings: BackwardSettings,
) -> None:
    """Fill in the rates, the regime and the operations of the backward stage.

    Pairs of neurons outside the mask of active ones fire but send nothing; the
    connection from the input is not used backwards.
    """
    rates, n_steps = backward.rates, settings.n_steps
    statistics.backward_rates = [rate.mean().item() for rate in rates]
    statistics.silent_pairs, statistics.saturated_pairs = pair_fractions(
        stage, backward, settings
    )
    operations = [0.0]
    for index in range(1, len(topology.connections)):
        origin, reached = topology.ends(index)
        sent = (rates[reached] * stage.active(reached)).mean(0) * n_steps
        source = tuple(rates[origin].shape[1:])
        synapses = fan_in(topology.connections[index], source, tuple(sent.shape)).to(
            sent
        )
        operations.append((sent * synapses).sum().item())
    statistics.backward_operations = operations


def pair_fractions(
    forward: ForwardStage, backward: BackwardStage, settings: BackwardSettings
) -> tuple[list[float], list[float]]:
    """Return the fractions of silent and of saturated pairs of each layer.

    Pairs of neurons outside the mask of active ones send nothing and are not counted.

    Parameters
    ----------
    forward : ForwardStage
        Gives the active neurons.
    backward : BackwardStage
        Average outputs of the pairs.
    settings : BackwardSettings
        Steps and reset of the pairs.
    """
    # A pair driven beyond its bound may miss the first step.
    bound = settings.reset * (1 - 1.5 / settings.n_steps)
    silent, saturated = [], []
    for layer, beta in enumerate(backward.betas):
        active = forward.active(layer)
        n_active = active.sum().item()
        size = beta.abs() * active
        n_sending = int(size.count_nonzero())
        n_full = int((size > max(bound, 0.0)).sum())
        silent.append(1 - n_sending / n_active if n_active else 1.0)
        saturated.append(n_full / n_active if n_active else 0.0)
    return silent, saturated


def fan_out(connection: Connection, source: Shape, target: Shape) -> Tensor:
    """Return the synapses that each neuron of the source reaches; borders have fewer.

    Examples
    --------
    >>> from neuroclass.snn import Conv2d
    >>> fan_out(Conv2d(1, 2, 3, padding=1), (1, 4, 4), (2, 4, 4))[0, 0].tolist()
    [8.0, 12.0, 12.0, 8.0]
    """
    ones = torch.ones(1, *target)
    reached = connection.send_back(ones, _unit_weight(connection), source)[0]
    return (reached * _window(connection)).round()


def fan_in(connection: Connection, source: Shape, target: Shape) -> Tensor:
    """Return the synapses that reach each neuron of the target.

    Examples
    --------
    >>> from neuroclass.snn import Linear
    >>> fan_in(Linear(3, 2), (3,), (2,)).tolist()
    [3.0, 3.0]
    """
    ones = torch.ones(1, *source)
    reached = connection.current(ones, _unit_weight(connection), None, target)[0]
    return (reached * _window(connection)).round()


def _unit_weight(connection: Connection) -> Tensor | None:
    weight = connection.weight
    return None if weight is None else torch.ones(weight.shape)


def _window(connection: Connection) -> float:
    """Return the number of pixels that an average is taken over."""
    size = connection.kernel_size if isinstance(connection, AvgPool2d) else 1
    return float(size**2)
