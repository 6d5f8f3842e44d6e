"""Spiking networks to and from NIR, the exchange format of neuromorphic tools.

Input and output: a `FeedbackSNN` and a ``nir.NIRGraph``.

An IF neuron with the modified reset is a subtractive one relative to its resting
potential: with ``u' = u - u_rest`` it fires at ``V = v_th - u_rest``, a spike subtracts
V, and it starts at ``-u_rest``.  NIR has nodes for thresholds and weights; that the
reset subtracts, where a neuron starts, that a tie fires and that the feedback comes one
step later are written into the metadata.
"""

from __future__ import annotations

import importlib
import inspect
import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuroclass.exceptions import RecordingError
from neuroclass.snn.components import (
    IF,
    LIF,
    AvgPool2d,
    Conv2d,
    ConvTranspose2d,
    Linear,
    Shape,
    layer_shapes,
)
from neuroclass.snn.models.feedback_snn import FeedbackSNN
from neuroclass.snn.models.foreign_nir import WRITERS, network_of_graph

__all__ = ["from_nir", "to_nir"]

# NIR has no transposed convolution: it becomes a matrix of at most this many entries.
_MOST_ENTRIES = 2**26


def to_nir(network: FeedbackSNN, sample_shape: Shape, *, dt: float = 1e-4) -> Any:
    """Return a network as a ``nir.NIRGraph``.

    Parameters
    ----------
    network : FeedbackSNN
        Without batch norm; restricted weights are written as they act.
    sample_shape : tuple of int
        Shape of one input, which the graph holds.
    dt : float, default 1e-4
        Duration of a time step, in seconds: of the time constants of LIF neurons, and
        of the resistances, by which a current of one step moves a potential by itself.

    Returns
    -------
    nir.NIRGraph
        Nodes ``input``, ``link_l`` (with ``flatten_l`` before a dense link from
        images), ``layer_l``, ``feedback`` and ``output``; its metadata hold the steps,
        the readout and the ends of the feedback.

    Notes
    -----
    NIR cannot fold a vector into channels, rows and columns.  A feedback that does is
    a matrix whose metadata hold the shape; read its file with
    ``nir.read(path, type_check=False)``.

    Raises
    ------
    ImportError
        If ``nir`` is not installed.
    ValueError
        If a part of the network has no place in NIR.
    """
    if not (math.isfinite(dt) and dt > 0):
        raise ValueError(f"dt must be a positive number of seconds; got {dt}.")
    nir = _import_nir()
    topology = network.topology
    shapes = layer_shapes(topology, tuple(sample_shape))
    nodes: dict[str, Any] = {"input": nir.Input(input_type=np.array(sample_shape))}
    edges: list[tuple[str, str]] = []

    def connect(index: int, name: str, before: str, after: str) -> None:
        origin, reached = topology.ends(index)
        source = tuple(sample_shape) if origin < 0 else shapes[origin]
        connection = topology.connections[index]
        is_matrix = isinstance(connection, ConvTranspose2d) and not _is_plain(
            connection
        )
        flattens = isinstance(connection, Linear) or is_matrix
        if is_matrix and index < topology.n_layers:
            raise ValueError(
                "NIR has no strided transposed convolution; it becomes a matrix for "
                f"the feedback only; got {connection} into layer {reached}."
            )
        if flattens and len(source) == 3:
            flatten = "flatten_" + name.removeprefix("link_")
            nodes[flatten] = nir.Flatten({"input": np.array(source)}, 0, -1)
            edges.append((before, flatten))
            before = flatten
        nodes[name] = _connection_node(nir, connection, source, shapes[reached])
        edges.extend([(before, name), (name, after)])

    for layer, shape in enumerate(shapes):
        before = "input" if layer == 0 else f"layer_{layer - 1}"
        connect(layer, f"link_{layer}", before, f"layer_{layer}")
        nodes[f"layer_{layer}"] = _neuron_node(nir, network.neuron, shape, dt)
    if topology.feedback is not None:
        connect(
            topology.n_layers,
            "feedback",
            f"layer_{topology.source}",
            f"layer_{topology.target}",
        )
        nodes["feedback"].metadata["delay_steps"] = 1
    nodes["output"] = nir.Output(output_type=np.array(shapes[topology.readout]))
    edges.append((f"layer_{topology.readout}", "output"))
    metadata = {
        "written_by": "neuroclass",
        "n_layers": topology.n_layers,
        "steps": network.steps,
        "dt": dt,
        "readout": topology.readout,
        "feedback_source": topology.source,
        "feedback_target": topology.target,
        "output_is": "average rate of the spikes of the last node before it",
    }
    folds = (
        isinstance(topology.feedback, Linear)
        or (
            isinstance(topology.feedback, ConvTranspose2d)
            and not _is_plain(topology.feedback)
        )
    ) and len(shapes[topology.target]) == 3
    # Older versions of nir, which sinabs asks for, check no types.
    unchecked = {"type_check": False} if folds and _checks_types(nir) else {}
    return nir.NIRGraph(nodes=nodes, edges=edges, metadata=metadata, **unchecked)


def from_nir(
    graph: Any, *, writer: str | None = None, steps: int | None = None
) -> FeedbackSNN:
    """Return the network of a graph.

    Parameters
    ----------
    graph : nir.NIRGraph
        That `to_nir` wrote, or another package.
    writer : {"snntorch", "sinabs"}, optional
        The other package, whose step and reset are not in the graph: a chain of
        Linear, Affine or Conv2d into IF or LIF neurons that reset by subtraction, with
        at most one connection back.
    steps : int, optional
        Time steps, of graphs of other packages; default 30.

    Raises
    ------
    RecordingError
        If the graph was written by another tool that `writer` does not name, a node of
        it is missing, or has no place in a `FeedbackSNN`.
    """
    metadata = graph.metadata or {}
    if writer is not None:
        return network_of_graph(graph, writer, 30 if steps is None else steps)
    if _text(metadata.get("written_by")) != "neuroclass":
        raise RecordingError(
            "graph must be one that neuroclass wrote: order of layers, reset and "
            "feedback are in its metadata. Name the package that wrote it: "
            f"writer={' or '.join(map(repr, WRITERS))}."
        )
    if steps is not None:
        raise ValueError(
            f"steps must be left out for a graph that holds them; got {steps}."
        )
    try:
        n_layers = int(metadata["n_layers"])
        nodes = graph.nodes
        layers = [_connection_of(nodes[f"link_{i}"]) for i in range(n_layers)]
        feedback = _connection_of(nodes["feedback"]) if "feedback" in nodes else None
        return FeedbackSNN(
            layers,
            feedback,
            _neuron_of(nodes["layer_0"]),
            int(metadata["steps"]),
            readout=int(metadata["readout"]),
            source=int(metadata["feedback_source"]),
            target=int(metadata["feedback_target"]),
        )
    except KeyError as error:
        raise RecordingError(f"graph must hold {error}; it does not.") from error


def _checks_types(nir: Any) -> bool:
    return "type_check" in inspect.signature(nir.NIRGraph.__init__).parameters


def _import_nir() -> Any:
    try:
        return importlib.import_module("nir")
    except ImportError as error:
        raise ImportError(
            "the export needs nir, which is not installed. "
            "Install it with: pip install neuroclass[nir]"
        ) from error


def _neuron_node(nir: Any, neuron: IF | LIF, shape: Shape, dt: float) -> Any:
    resting = neuron.v_th - neuron.reset
    metadata: dict[str, Any] = {
        "reset": "subtract",
        "fires_at": "threshold or above",
        "initial_potential": -resting,
        "resting_potential": resting,
        "leak_per_step": neuron.leak,
    }
    ones = np.ones(shape, np.float32)
    threshold = neuron.reset * ones
    if isinstance(neuron, IF):
        return nir.IF(r=ones / dt, v_threshold=threshold, metadata=metadata)
    # A step keeps exp(-dt / tau) of the potential, which decays towards the resting
    # potential of our scale, -u_rest of this one.
    tau = -dt / math.log(neuron.leak)
    return nir.LIF(
        tau=tau * ones,
        r=tau / dt * ones,
        v_leak=-resting * ones,
        v_threshold=threshold,
        metadata=metadata,
    )


def _neuron_of(node: Any) -> IF | LIF:
    metadata = node.metadata
    resting = float(metadata["resting_potential"])
    v_th = float(np.asarray(node.v_threshold).flat[0]) + resting
    if type(node).__name__ == "IF":
        return IF(v_th, resting)
    return LIF(v_th, leak=float(metadata["leak_per_step"]), u_rest=resting)


def _connection_node(nir: Any, connection: Any, source: Shape, target: Shape) -> Any:
    if connection.batch_norm is not None:
        raise ValueError(
            f"connections must have no batch norm to be written as NIR; "
            f"got {connection}."
        )
    if isinstance(connection, AvgPool2d):
        size = np.array([connection.kernel_size] * 2)
        stride = np.array([connection.stride] * 2)
        return nir.AvgPool2d(size, stride, np.array([0, 0]))
    weight = _array(connection.weight)
    bias = None if connection.bias is None else _array(connection.bias)
    if isinstance(connection, Linear):
        # NIR cannot fold a vector into channels, rows and columns: metadata do.
        folded = {"output_shape": np.array(target)}
        if bias is None:
            return nir.Linear(weight, metadata=folded)
        return nir.Affine(weight, bias, metadata=folded)
    if isinstance(connection, Conv2d):
        return nir.Conv2d(
            input_shape=source[1:],
            weight=weight,
            stride=connection.stride,
            padding=tuple(connection.padding),
            dilation=connection.dilation,
            groups=1,
            bias=np.zeros(len(weight), np.float32) if bias is None else bias,
            metadata={"has_bias": bias is not None},
        )
    if _is_plain(connection):
        return _flipped_node(nir, connection, source, weight, bias)
    return _transposed_node(nir, connection, source, target)


def _is_plain(connection: ConvTranspose2d) -> bool:
    """Return whether a transposed convolution is a convolution, flipped."""
    return tuple(connection.stride) == (1, 1) and min(_flipped(connection)) >= 0


def _flipped(connection: ConvTranspose2d) -> tuple[int, int]:
    """Return the padding of the convolution that a transposed one is."""
    rows, columns = (
        connection.dilation[i] * (connection.kernel_size[i] - 1)
        - int(connection.padding[i])
        for i in range(2)
    )
    return rows, columns


def _flipped_node(
    nir: Any, connection: ConvTranspose2d, source: Shape, weight: Any, bias: Any
) -> Any:
    flipped = np.ascontiguousarray(weight.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1])
    return nir.Conv2d(
        input_shape=source[1:],
        weight=flipped,
        stride=(1, 1),
        padding=_flipped(connection),
        dilation=connection.dilation,
        groups=1,
        bias=np.zeros(len(flipped), np.float32) if bias is None else bias,
        metadata={"has_bias": bias is not None},
    )


def _transposed_node(nir: Any, connection: Any, source: Shape, target: Shape) -> Any:
    weight, bias = _array(connection.weight), connection.bias
    n_in, n_out = math.prod(source), math.prod(target)
    if n_in * n_out > _MOST_ENTRIES or bias is not None:
        raise ValueError(
            "NIR has no strided transposed convolution; one without bias becomes a "
            f"matrix of at most {_MOST_ENTRIES} entries; got {n_out} x {n_in}"
            f"{' with bias' if bias is not None else ''}."
        )
    identity = torch.eye(n_in).view(n_in, *source)
    with torch.no_grad():
        columns = connection.current(
            identity, torch.from_numpy(weight), None, target
        ).flatten(1)
    return nir.Linear(
        columns.T.contiguous().numpy(),
        metadata={
            "stands_for": "ConvTranspose2d",
            "kernel": weight,
            "stride": np.array(connection.stride),
            "padding": np.array(connection.padding),
            "dilation": np.array(connection.dilation),
            "input_shape": np.array(source),
            "output_shape": np.array(target),
        },
    )


def _connection_of(node: Any) -> Any:
    kind = type(node).__name__
    metadata = node.metadata or {}
    connection: Any
    if kind == "AvgPool2d":
        return AvgPool2d(int(node.kernel_size[0]), int(node.stride[0]))
    if _text(metadata.get("stands_for")) == "ConvTranspose2d":
        kernel = np.asarray(metadata["kernel"])
        connection = ConvTranspose2d(
            kernel.shape[0],
            kernel.shape[1],
            kernel.shape[2:],
            _pair(metadata["stride"]),
            _pair(metadata["padding"]),
            _pair(metadata["dilation"]),
            bias=False,
        )
        return _filled(connection, kernel, None)
    weight = np.asarray(node.weight)
    if kind == "Conv2d":
        has_bias = bool(metadata.get("has_bias", True))
        connection = Conv2d(
            weight.shape[1],
            weight.shape[0],
            weight.shape[2:],
            _pair(node.stride),
            _pair(node.padding),
            _pair(node.dilation),
            bias=has_bias,
        )
        return _filled(connection, weight, node.bias if has_bias else None)
    bias = node.bias if kind == "Affine" else None
    connection = Linear(weight.shape[1], weight.shape[0], bias is not None)
    return _filled(connection, weight, bias)


def _filled(connection: Any, weight: Any, bias: Any) -> Any:
    with torch.no_grad():
        connection.weight.copy_(torch.from_numpy(np.array(weight)))
        if bias is not None:
            connection.bias.copy_(torch.from_numpy(np.array(bias)))
    return connection


def _pair(values: Any) -> tuple[int, int]:
    rows, columns = (int(value) for value in np.asarray(values))
    return rows, columns


def _array(tensor: Tensor) -> Any:
    return tensor.detach().cpu().numpy().copy()


def _text(value: Any) -> Any:
    """Return a string; files give bytes back."""
    return value.decode() if isinstance(value, bytes) else value
