"""One connection of the event-driven engine: weights laid out for events.

Input: the spikes of a layer in one step. Output: the currents that they send, from the
events where these are few, densely by torch where they are many. Arrays are channel
last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuroclass.snn.components import (
    AvgPool2d,
    Connection,
    Conv2d,
    ConvTranspose2d,
    Linear,
    Shape,
    Tensors,
    Topology,
)
from neuroclass.snn.engine import _compiled as kernels

__all__ = [
    "BoundNetwork",
    "EventConnection",
    "LayerState",
    "channel_first",
    "channel_last",
    "constant_currents",
    "has_kernels",
    "input_current",
    "overrides",
]

Array = NDArray[Any]

# Fraction of firing neurons under which events are cheaper than the dense product,
# measured on one thread with 400-400, 256-384 and (pools) 15 and 40 channels.
_DENSE_RATE: dict[type, float] = {
    Linear: 0.5,
    Conv2d: 0.13,
    ConvTranspose2d: 0.13,
    AvgPool2d: 0.1,
}


@dataclass(frozen=True)
class BoundNetwork:
    """A topology with the tensors of its connections and the shapes of its layers."""

    topology: Topology
    tensors: Tensors
    shapes: list[Shape]


def has_kernels(connection: Any) -> bool:
    """Return whether there are kernels for a connection."""
    return (
        isinstance(connection, tuple(_DENSE_RATE))
        and getattr(connection, "batch_norm", None) is None
        and tuple(getattr(connection, "dilation", (1, 1))) == (1, 1)
        and (
            not isinstance(connection, AvgPool2d)
            or connection.kernel_size == connection.stride
        )
    )


def overrides(connection: Any, method: str) -> bool:
    """Return whether a connection has its own `method` in place of its base class's.

    The kernels compute what the methods of the base classes compute. A restricted
    weight makes torch subclass the connection, which overrides neither of them.
    """
    own = getattr(getattr(connection, method), "__func__", None)
    return own is not getattr(_base_class(connection), method)


def _base_class(connection: Any) -> type:
    return next(kind for kind in _DENSE_RATE if isinstance(connection, kind))


def constant_currents(
    network: BoundNetwork, x: Tensor, masks: Sequence[Tensor | None] | None
) -> list[Tensor]:
    """Return the constant current of each layer, after dropout.  (batch, ...)."""
    currents = [input_current(network, x, masks)]
    for index in range(1, network.topology.n_layers):
        bias, shape = network.tensors[index][1], network.shapes[index]
        current = x.new_zeros(len(x), *shape)
        # A connection with its own current adds the bias itself, at every step.
        if bias is not None and not overrides(network.topology.links[index], "current"):
            current += bias.view(-1, *[1] * (len(shape) - 1))
        currents.append(_masked(current, masks, index))
    return currents


def input_current(
    network: BoundNetwork, x: Tensor, masks: Sequence[Tensor | None] | None
) -> Tensor:
    """Return the current from the input to layer 0, after dropout."""
    link = network.topology.links[0]
    current = link.current(x, *network.tensors[0], network.shapes[0])
    return _masked(current, masks, 0)


def _masked(
    current: Tensor, masks: Sequence[Tensor | None] | None, index: int
) -> Tensor:
    mask = None if masks is None else masks[index]
    return current if mask is None else current * mask


@dataclass
class LayerState:
    """State of a layer for a part of the batch, channel last.  (batch, n_neurons)."""

    shape: Shape
    potential: Array
    spikes: Array
    counts: Array
    leaky: Array
    events: Array
    n_events: Array
    n_fired: int

    @classmethod
    def empty(cls, n_samples: int, shape: Shape) -> LayerState:
        """Return the state before the first step."""
        size = (n_samples, int(np.prod(shape)))
        potential, spikes, counts = (np.zeros(size, np.float32) for _ in range(3))
        # One place more: the last write of a layer in which all neurons fire.
        events = np.zeros((n_samples, size[1] + 1), np.int32)
        n_events = np.zeros(n_samples, np.int64)
        return cls(shape, potential, spikes, counts, counts, events, n_events, 0)


class EventConnection:
    """A connection's weights laid out for events in both directions.

    Parameters
    ----------
    network : BoundNetwork
        Topology, tensors and shapes.
    index : int
        Place of the connection in the topology.
    dense_rate : float, optional
        Fraction of firing neurons from which it is computed densely.
    """

    def __init__(
        self, network: BoundNetwork, index: int, dense_rate: float | None
    ) -> None:
        origin, reached = network.topology.ends(index)
        self.connection: Connection = network.topology.connections[index]
        self.source, self.target = network.shapes[origin], network.shapes[reached]
        weight, self.bias = network.tensors[index]
        self.weight = None if weight is None else weight.detach()
        if dense_rate is None:
            dense_rate = _DENSE_RATE[_base_class(self.connection)]
        self.dense_rate = dense_rate
        self.has_own_current = overrides(self.connection, "current")
        self.has_own_send_back = overrides(self.connection, "send_back")
        self._ahead: Array | None = None
        self._back: Array | None = None

    def _is_dense(self, sent: LayerState) -> bool:
        return sent.n_fired > self.dense_rate * sent.spikes.size

    def forward(self, sent: LayerState, target: Array, mask: Array | None) -> None:
        """Add the currents that spikes send, times the mask of dropout."""
        if sent.n_fired == 0 and not self.has_own_current:
            return
        into = target if mask is None else np.zeros_like(target)
        if self.has_own_current:
            into += self._own_current(sent)
        elif self._is_dense(sent):
            spikes = channel_first(sent.spikes, self.source)
            current = self.connection.current(spikes, self.weight, None, self.target)
            into += channel_last(current)
        else:
            self._send(sent, into)
        if mask is not None:
            into *= mask
            target += into

    def _own_current(self, sent: LayerState) -> Array:
        spikes = channel_first(sent.spikes, self.source).contiguous()
        return channel_last(
            self.connection.current(spikes, self.weight, self.bias, self.target)
        )

    def backward(self, sent: LayerState, target: Array) -> None:
        """Add the currents that ternary spikes send back; nothing before the first."""
        if sent.n_fired < 0 or (sent.n_fired == 0 and not self.has_own_send_back):
            return
        if self.has_own_send_back or self._is_dense(sent):
            spikes = channel_first(sent.spikes, self.target)
            if self.has_own_send_back:
                spikes = spikes.contiguous()
            current = self.connection.send_back(spikes, self.weight, self.source)
            target += channel_last(current)
        else:
            self._send_back(sent, target)

    def _send(self, sent: LayerState, into: Array) -> None:
        connection = self.connection
        events = (sent.events, sent.n_events, sent.spikes)
        if isinstance(connection, AvgPool2d):
            kernels.scatter_pool(
                *events,
                into,
                self.source[0],
                self.source[2],
                *self.target[1:],
                connection.kernel_size,
            )
        elif isinstance(connection, Linear):
            if self._ahead is None:
                self._ahead = _rows(self.weight, self.source, self.target).T.copy()
            kernels.scatter_rows(*events, self._ahead, into)
        elif isinstance(connection, Conv2d):
            self._scatter_convolution(events, into, self.source, self.target, "ahead")
        else:
            self._scatter_spread(events, into, self.source, self.target, "ahead")

    def _send_back(self, sent: LayerState, into: Array) -> None:
        connection = self.connection
        events = (sent.events, sent.n_events, sent.spikes)
        if isinstance(connection, AvgPool2d):
            kernels.scatter_unpool(
                *events,
                into,
                self.source[0],
                self.target[2],
                self.source[2],
                connection.kernel_size,
            )
        elif isinstance(connection, Linear):
            if self._back is None:
                self._back = _rows(self.weight, self.source, self.target).copy()
            kernels.scatter_rows(*events, self._back, into)
        elif isinstance(connection, Conv2d):
            self._scatter_spread(events, into, self.target, self.source, "back")
        else:
            self._scatter_convolution(events, into, self.target, self.source, "back")

    def _scatter_spread(
        self, events: Any, into: Array, source: Shape, target: Shape, way: str
    ) -> None:
        """Send along a transposed convolution."""
        connection: Any = self.connection
        kernels.scatter_spread(
            *events,
            self._kernel(way, 1, False),
            into,
            source[2],
            *target[1:],
            tuple(connection.stride),
            tuple(connection.padding),
        )

    def _scatter_convolution(
        self, events: Any, into: Array, source: Shape, target: Shape, way: str
    ) -> None:
        """Send along a convolution; with stride 1 it is a transposed one, flipped."""
        connection: Any = self.connection
        stride, padding = tuple(connection.stride), tuple(connection.padding)
        if stride == (1, 1):
            flipped = tuple(
                size - 1 - pad
                for size, pad in zip(connection.kernel_size, padding, strict=True)
            )
            kernels.scatter_spread(
                *events,
                self._kernel(way, 0, True),
                into,
                source[2],
                *target[1:],
                stride,
                flipped,
            )
        else:
            kernels.scatter_strided(
                *events,
                self._kernel(way, 0, False),
                into,
                source[2],
                *target[1:],
                stride,
                padding,
            )

    def _kernel(self, way: str, target_axis: int, flip: bool) -> Array:
        """Return the kernel as (from channels, rows, columns, to channels)."""
        held = self._ahead if way == "ahead" else self._back
        if held is None:
            assert self.weight is not None
            order = (1 - target_axis, 2, 3, target_axis)
            weight = self.weight.flip((2, 3)) if flip else self.weight
            held = weight.permute(order).contiguous().numpy()
            if way == "ahead":
                self._ahead = held
            else:
                self._back = held
        return held


def _rows(weight: Any, source: Shape, target: Shape) -> Array:
    """Return a dense weight (target, source) with both axes channel last."""
    matrix = weight
    if len(source) == 3:
        matrix = matrix.view(-1, *source).permute(0, 2, 3, 1).flatten(1)
    if len(target) == 3:
        matrix = matrix.view(*target, -1).permute(1, 2, 0, 3).flatten(0, 2)
    rows: Array = matrix.numpy()
    return rows


def channel_last(values: Any) -> Array:
    """Return a tensor (batch, channels, rows, columns) as an array (batch, n)."""
    if values.ndim == 4:
        values = values.permute(0, 2, 3, 1)
    flat: Array = values.contiguous().flatten(1).numpy()
    return flat


def channel_first(values: Array, shape: Shape) -> Tensor:
    """Return an array (batch, n) as a tensor in the order of torch; no copy."""
    tensor = torch.from_numpy(values)
    if len(shape) == 3:
        channels, rows, columns = shape
        return tensor.view(-1, rows, columns, channels).permute(0, 3, 1, 2)
    return tensor
