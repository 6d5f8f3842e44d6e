"""A connection's weights laid out for events, and what travels on it in a step.

Each step and connection goes whichever way is cheaper: from the events of its source
where these are few, densely by torch where they are many.  Arrays are channel last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuroclass.snn.components.convolution import AvgPool2d, Conv2d, ConvTranspose2d
from neuroclass.snn.components.layers import Connection, Linear, Shape
from neuroclass.snn.components.topology import Tensors, Wiring
from neuroclass.snn.engine import _dense_kernels as dense_kernels
from neuroclass.snn.engine import _kernels as kernels

__all__ = [
    "Layer",
    "Road",
    "channel_first",
    "channel_last",
    "constant_currents",
    "input_current",
    "is_known",
]

Array = NDArray[Any]

# Fraction of firing neurons under which events are cheaper than the dense product,
# measured on one thread with 400-400 and 256-384 channels.
_DENSE_RATE = {Linear: 0.5, Conv2d: 0.13, ConvTranspose2d: 0.13, AvgPool2d: 2.0}


def is_known(connection: Any) -> bool:
    """Return whether the kernels know a connection."""
    kinds: tuple[type, ...] = tuple(_DENSE_RATE)
    return (
        isinstance(connection, kinds)
        and getattr(connection, "batch_norm", None) is None
        and tuple(getattr(connection, "dilation", (1, 1))) == (1, 1)
        and (
            not isinstance(connection, AvgPool2d)
            or connection.kernel_size == connection.stride
        )
    )


def constant_currents(
    wiring: Wiring,
    x: Tensor,
    tensors: Tensors,
    shapes: Sequence[Shape],
    masks: Sequence[Tensor | None] | None,
) -> list[Tensor]:
    """Return what each layer receives at every step, after dropout.  (batch, ...)."""
    currents = [input_current(wiring, x, tensors, shapes, masks)]
    for index in range(1, wiring.n_layers):
        bias, shape = tensors[index][1], shapes[index]
        current = x.new_zeros(len(x), *shape)
        if bias is not None:
            current += bias.view(-1, *[1] * (len(shape) - 1))
        currents.append(_masked(current, masks, index))
    return currents


def input_current(
    wiring: Wiring,
    x: Tensor,
    tensors: Tensors,
    shapes: Sequence[Shape],
    masks: Sequence[Tensor | None] | None,
) -> Tensor:
    """Return what the input sends to layer 0, after dropout."""
    current = wiring.links[0].current(x, *tensors[0], shapes[0])
    return _masked(current, masks, 0)


def _masked(
    current: Tensor, masks: Sequence[Tensor | None] | None, index: int
) -> Tensor:
    mask = None if masks is None else masks[index]
    return current if mask is None else current * mask


@dataclass
class Layer:
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
    def empty(cls, n_samples: int, shape: Shape) -> Layer:
        """Return the state before the first step."""
        size = (n_samples, int(np.prod(shape)))
        potential, spikes, counts = (np.zeros(size, np.float32) for _ in range(3))
        # One place more: the last write of a layer where everyone fires.
        events = np.zeros((n_samples, size[1] + 1), np.int32)
        n_events = np.zeros(n_samples, np.int64)
        return cls(shape, potential, spikes, counts, counts, events, n_events, 0)


class Road:
    """A connection's weights laid out for events in both directions."""

    def __init__(
        self,
        wiring: Wiring,
        index: int,
        shapes: list[Shape],
        weight: Tensor | None,
        dense_rate: float | None,
    ) -> None:
        origin, reached = wiring.ends(index)
        self.connection: Connection = wiring.connections[index]
        self.source, self.target = shapes[origin], shapes[reached]
        self.weight = None if weight is None else weight.detach()
        if dense_rate is None:
            # A restricted weight makes torch subclass the connection.
            dense_rate = next(
                rate
                for kind, rate in _DENSE_RATE.items()
                if isinstance(self.connection, kind)
            )
        self.dense_rate = dense_rate
        self._ahead: Array | None = None
        self._back: Array | None = None

    def _is_dense(self, sent: Layer) -> bool:
        return sent.n_fired > self.dense_rate * sent.spikes.size

    def forward(self, sent: Layer, target: Array, mask: Array | None) -> None:
        """Add the currents that spikes send, times the mask of dropout."""
        if sent.n_fired == 0:
            return
        into = target if mask is None else np.zeros_like(target)
        if self._is_dense(sent):
            spikes = channel_first(sent.spikes, self.source)
            current = self.connection.current(spikes, self.weight, None, self.target)
            into += channel_last(current)
        else:
            self._send(sent, into)
        if mask is not None:
            into *= mask
            target += into

    def backward(self, sent: Layer, target: Array) -> None:
        """Add what couples send back."""
        if self._is_dense(sent):
            couples = channel_first(sent.spikes, self.target)
            current = self.connection.send_back(couples, self.weight, self.source)
            target += channel_last(current)
        else:
            self._send_back(sent, target)

    def _send(self, sent: Layer, into: Array) -> None:
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
            dense_kernels.scatter_rows(*events, self._ahead, into)
        elif isinstance(connection, Conv2d):
            self._scatter_convolution(events, into, self.source, self.target, "ahead")
        else:
            self._scatter_spread(events, into, self.source, self.target, "ahead")

    def _send_back(self, sent: Layer, into: Array) -> None:
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
            dense_kernels.scatter_rows(*events, self._back, into)
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
