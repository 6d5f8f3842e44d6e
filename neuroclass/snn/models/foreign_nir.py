"""NIR graphs of other packages as feedback spiking networks, where these can hold them.

Input: a ``nir.NIRGraph`` and the name of the package that wrote it. Output: a
`FeedbackSNN` with the same spikes.

NIR has fields for time constants, resistances and thresholds. What a spike does to the
potential, how long a step lasts and how a time constant becomes a factor per step are
the writer's: `WRITERS` holds them. With d the factor of a step, a current I moves the
potential by ``r I dt`` (IF) or ``r I (1 - d)`` (LIF), and a rest `v_leak` by
``v_leak (1 - d)``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neuroclass._lib.checks import check_choice, check_positive_int
from neuroclass.exceptions import RecordingError
from neuroclass.snn.components import IF, LIF, Conv2d, Linear
from neuroclass.snn.models.feedback_snn import FeedbackSNN

__all__ = ["WRITERS", "network_of_graph"]

Array = NDArray[Any]

_CONNECTIONS = ("Linear", "Affine", "Conv2d")
_NEURONS = ("IF", "LIF")


@dataclass(frozen=True)
class _Writer:
    """How a package steps.

    Attributes
    ----------
    dt : float
        Duration of a step in the unit of its time constants.
    is_exact : bool
        Whether a step keeps ``exp(-dt / tau)`` of a potential, or ``1 - dt / tau``.
    resets_late : bool
        Whether a spike takes the threshold in the next step, after the leak.
    """

    dt: float
    is_exact: bool
    resets_late: bool


WRITERS = {
    "snntorch": _Writer(dt=1e-4, is_exact=False, resets_late=True),
    "sinabs": _Writer(dt=1.0, is_exact=True, resets_late=False),
}


def network_of_graph(graph: Any, writer: str, steps: int = 30) -> FeedbackSNN:
    """Return the network of a graph that another package wrote.

    Parameters
    ----------
    graph : nir.NIRGraph
        A chain of Linear, Affine or Conv2d, each into IF or LIF neurons of one leak,
        with at most one connection back. Flatten nodes are passed over.
    writer : {"snntorch", "sinabs"}
        The package; its neurons must reset by subtracting their threshold.
    steps : int, default 30
        Time steps of the network.

    Raises
    ------
    RecordingError
        If the graph has a part that a `FeedbackSNN` cannot hold.
    """
    check_choice(writer, "writer", tuple(WRITERS))
    check_positive_int(steps, "steps")
    chain = _chain(graph)
    neurons = [graph.nodes[name] for name in chain.neurons]
    kind = type(neurons[0]).__name__
    if any(type(node).__name__ != kind for node in neurons):
        raise RecordingError(
            "graph must have IF neurons alone or LIF neurons alone; got both."
        )
    rule = WRITERS[writer]
    steps_of = [_step_of(node, name, rule) for node, name in _named(graph, chain)]
    factors = np.concatenate([step.factor for step in steps_of])
    factor = float(factors[0])
    if not np.allclose(factors, factor, rtol=1e-6):
        raise RecordingError(
            f"all neurons must have one leak; got factors of a step from "
            f"{factors.min():.4g} to {factors.max():.4g}."
        )
    thresholds = np.concatenate([step.threshold for step in steps_of])
    v_th = float(thresholds[0])
    if not np.allclose(thresholds, v_th, rtol=1e-6):
        v_th = 1.0  # currents are divided by the thresholds
    layers = []
    feedback = None
    for k, link in enumerate(chain.connections):
        bias = steps_of[k].rest
        if chain.feedback is not None and k == chain.target:
            node = graph.nodes[chain.feedback]
            scale = steps_of[k].gain * v_th / steps_of[k].threshold
            feedback = _connection(node, chain.feedback, scale, None)
            # A step brings it whether there were spikes or not.
            bias = bias + steps_of[k].gain * _values(node, "bias", 0.0)
        scale = v_th / steps_of[k].threshold
        layers.append(
            _connection(graph.nodes[link], link, scale * steps_of[k].gain, scale * bias)
        )
    reset = v_th / factor if rule.resets_late else v_th
    neuron = (
        IF(v_th, v_th - reset)
        if kind == "IF"
        else LIF(v_th, leak=factor, u_rest=v_th - reset)
    )
    return FeedbackSNN(
        layers,
        feedback,
        neuron,
        steps,
        readout=chain.readout,
        source=chain.source,
        target=chain.target,
    )


@dataclass
class _Chain:
    """Names of the nodes in order, and the ends of the connection back."""

    connections: list[str]
    neurons: list[str]
    readout: int = -1
    feedback: str | None = None
    source: int = -1
    target: int = 0


def _named(graph: Any, chain: _Chain) -> list[tuple[Any, str]]:
    return [(graph.nodes[name], name) for name in chain.neurons]


def _chain(graph: Any) -> _Chain:
    """Follow the edges from the input to the output."""
    nodes = graph.nodes
    after: dict[str, list[str]] = {name: [] for name in nodes}
    for before, name in graph.edges:
        after[before].append(name)
    starts = [name for name in nodes if type(nodes[name]).__name__ == "Input"]
    if len(starts) != 1:
        raise RecordingError(f"graph must have one Input; got {len(starts)}.")
    chain = _Chain([], [])
    name = starts[0]
    while True:
        ahead = None
        for reached in after[name]:
            link = _past_flatten(nodes, after, reached)
            sort = type(nodes[link]).__name__
            if sort == "Output":
                chain.readout = len(chain.neurons) - 1
                continue
            _check_kind(nodes, link, _CONNECTIONS)
            (neuron,) = _one(after, link)
            _check_kind(nodes, neuron, _NEURONS)
            if neuron in chain.neurons:
                if chain.feedback is not None:
                    raise RecordingError(
                        "graph must have at most one connection back; got "
                        f"{chain.feedback!r} and {link!r}."
                    )
                chain.feedback = link
                chain.source = len(chain.neurons) - 1
                chain.target = chain.neurons.index(neuron)
                continue
            if ahead is not None:
                raise RecordingError(
                    f"graph must be a chain; {name!r} leads to {ahead[0]!r} and "
                    f"{link!r}."
                )
            ahead = link, neuron
        if ahead is None:
            break
        chain.connections.append(ahead[0])
        chain.neurons.append(ahead[1])
        name = ahead[1]
    if not chain.neurons:
        raise RecordingError("graph must have IF or LIF neurons; got none.")
    return chain


def _past_flatten(nodes: Any, after: dict[str, list[str]], name: str) -> str:
    while type(nodes[name]).__name__ == "Flatten":
        (name,) = _one(after, name)
    return name


def _one(after: dict[str, list[str]], name: str) -> list[str]:
    if len(after[name]) != 1:
        raise RecordingError(
            f"node {name!r} must lead to one node; got {len(after[name])}."
        )
    return after[name]


def _check_kind(nodes: Any, name: str, kinds: tuple[str, ...]) -> None:
    kind = type(nodes[name]).__name__
    if kind not in kinds:
        raise RecordingError(
            f"node {name!r} must be {', '.join(kinds[:-1])} or {kinds[-1]} to be held; "
            f"got {kind}."
        )


@dataclass
class _Step:
    """What a step does to the neurons of a node, one value or one for each.

    Attributes
    ----------
    factor : array
        That is left of a potential.
    gain : array
        Of a current.
    rest : array
        Constant current of the resting potential.
    threshold : array
        Potential of a spike, and what one takes.
    """

    factor: Array
    gain: Array
    rest: Array
    threshold: Array


def _step_of(node: Any, name: str, rule: _Writer) -> _Step:
    threshold, resistance = _values(node, "v_threshold"), _values(node, "r")
    back = _values(node, "v_reset", 0.0)
    if np.any(back != 0):
        raise RecordingError(
            f"neurons of node {name!r} must have v_reset 0, where the writer subtracts "
            f"the threshold; got {back.flat[0]:g}."
        )
    if type(node).__name__ == "IF":
        one = np.ones(1)
        step = _Step(one, resistance * rule.dt, 0 * one, threshold)
    else:
        tau, leak = _values(node, "tau"), _values(node, "v_leak")
        factor = np.exp(-rule.dt / tau) if rule.is_exact else 1 - rule.dt / tau
        step = _Step(factor, resistance * (1 - factor), leak * (1 - factor), threshold)
    for values in (step.factor, step.gain, step.rest, step.threshold):
        if not np.isfinite(values).all():
            raise RecordingError(
                f"times, resistances and thresholds of node {name!r} must be finite."
            )
    if not ((step.factor > 0) & (step.factor <= 1)).all() or (threshold <= 0).any():
        raise RecordingError(
            f"node {name!r} must have positive thresholds and time constants above a "
            f"step of {rule.dt:g}; got factors from {step.factor.min():.3g}."
        )
    return step


def _values(node: Any, field: str, missing: float = math.nan) -> Array:
    """Return a field of a node as a flat array."""
    value = getattr(node, field, None)
    return np.asarray(missing if value is None else value, float).reshape(-1)


def _connection(node: Any, name: str, scale: Array, bias: Array | None) -> Any:
    """Return a connection whose currents are scaled, plus a constant one."""
    weight = np.asarray(node.weight, float)
    own = _values(node, "bias", 0.0)
    is_convolution = type(node).__name__ == "Conv2d"
    scale = _by_target(scale, len(weight), name)
    layer: Any
    if is_convolution:
        if int(node.groups) != 1:
            raise RecordingError(
                f"node {name!r} must have groups = 1; got {node.groups}."
            )
        if isinstance(node.padding, str):
            raise RecordingError(
                f"node {name!r} must give its padding in pixels; got {node.padding!r}."
            )
        rows, columns = weight.shape[2:]
        layer = Conv2d(
            weight.shape[1],
            weight.shape[0],
            (rows, columns),
            _two(node.stride),
            _two(node.padding),
            _two(node.dilation),
            bias=bias is not None,
        )
    else:
        layer = Linear(weight.shape[1], weight.shape[0], bias is not None)
    with torch.no_grad():
        scaled = weight * scale.reshape(-1, *[1] * (weight.ndim - 1))
        layer.weight.copy_(torch.from_numpy(scaled))
        if bias is not None:
            whole = own * scale + _by_target(bias, len(weight), name)
            layer.bias.copy_(torch.from_numpy(whole))
    return layer


def _by_target(values: Array, n_targets: int, name: str) -> Array:
    """Return a value for each neuron, or for each channel of a convolution."""
    if values.size == 1:
        return np.full(n_targets, float(values.flat[0]))
    if values.size % n_targets:
        raise RecordingError(
            f"node {name!r} reaches {n_targets} neurons or channels, which must divide "
            f"their parameters; got {values.size}."
        )
    by_target = values.reshape(n_targets, -1)
    if not np.allclose(by_target, by_target[:, :1]):
        raise RecordingError(
            f"neurons of one channel must be alike; those that {name!r} reaches differ."
        )
    return by_target[:, 0]


def _two(values: Any) -> tuple[int, int]:
    rows, columns = np.broadcast_to(np.asarray(values, int), 2)
    return int(rows), int(columns)
