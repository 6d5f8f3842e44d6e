"""Event-driven kernels in numba: what spikes do, without the zeros between them.

States lie channel last, (batch, rows, columns, channels), flattened to (batch, n).  An
event is the place of a neuron that fired.  Every kernel adds the weights of an event
to contiguous memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "compiled",
    "extract",
    "fire",
    "fire_pairs",
    "list_open",
    "scatter_pool",
    "scatter_spread",
    "scatter_strided",
    "scatter_unpool",
]

Array = NDArray[Any]


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function that lets other threads run."""
    # The cache needs a folder that can be written; without one, compile each time.
    try:
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:
        return numba.njit(nogil=True)(function)


@compiled
def fire(
    potential: Array,
    constant: Array,
    spikes: Array,
    counts: Array,
    leaky: Array,
    events: Array,
    n_events: Array,
    threshold: Any,
    reset: Any,
    leak: Any,
) -> int:
    """Add the constant input, fire, reset, count; list the places that fired.

    Threshold, reset and leak come in single precision, as the states are.
    """
    total = 0
    for b in range(potential.shape[0]):
        for i in range(potential.shape[1]):
            u = potential[b, i] + constant[b, i]
            s = np.float32(1.0) if u >= threshold else np.float32(0.0)
            potential[b, i] = (u - reset * s) * leak
            spikes[b, i] = s
            counts[b, i] += s
        if leak != 1:
            for i in range(potential.shape[1]):
                leaky[b, i] = leaky[b, i] * leak + spikes[b, i]
        n = 0
        for i in range(potential.shape[1]):
            # Written always, kept only if it fired: no branch to mispredict.
            events[b, n] = i
            n += int(spikes[b, i])
        n_events[b] = n
        total += n
    return total


@compiled
def fire_pairs(
    potential: Array,
    error: Array,
    pairs: Array,
    totals: Array,
    fired: Array,
    threshold: Any,
    reset: Any,
    leak: Any,
    unit: Any,
) -> None:
    """Add the error, fire ternary neuron pairs, reset, sum their spikes.

    Potential, error and threshold are in units of ``1 / unit``.
    """
    counts_spikes = fired.shape[1] > 0
    adds_error = error.shape[1] > 0
    for b in range(potential.shape[0]):
        if adds_error:
            for i in range(potential.shape[1]):
                potential[b, i] += error[b, i]
        for i in range(potential.shape[1]):
            v = potential[b, i]
            above = np.float32(1.0) if v >= threshold else np.float32(0.0)
            below = np.float32(1.0) if v <= -threshold else np.float32(0.0)
            z = reset * (above - below)
            potential[b, i] = (v - unit * z) * leak
            pairs[b, i] = z
            totals[b, i] = totals[b, i] * leak + z
        if counts_spikes:
            for i in range(potential.shape[1]):
                fired[b, i] += abs(pairs[b, i])


@compiled
def list_open(gate: Array, places: Array, n_places: Array) -> None:
    """List the places of each sample that a gate lets through; it stays for a stage."""
    for b in range(gate.shape[0]):
        n = 0
        for i in range(gate.shape[1]):
            places[b, n] = i
            n += int(gate[b, i] != 0)
        n_places[b] = n


@compiled
def extract(
    pairs: Array,
    gate: Array,
    places: Array,
    n_places: Array,
    sent: Array,
    events: Array,
    n_events: Array,
) -> int:
    """Multiply ternary spikes by a gate; list the neurons that send."""
    total = 0
    for b in range(pairs.shape[0]):
        n = 0
        for k in range(n_places[b]):
            i = places[b, k]
            z = pairs[b, i] * gate[b, i]
            sent[b, i] = z
            events[b, n] = i
            n += int(z != 0)
        n_events[b] = n
        total += n
    return total


@compiled
def _by_channel(
    events: Array, n_events: int, n_channels: int, order: Array, starts: Array
) -> None:
    """Sort the events of a sample by channel: each kernel is read from memory once."""
    starts[:] = 0
    for e in range(n_events):
        starts[events[e] % n_channels + 1] += 1
    for c in range(n_channels):
        starts[c + 1] += starts[c]
    for e in range(n_events):
        c = events[e] % n_channels
        order[starts[c]] = events[e]
        starts[c] += 1


@compiled
def scatter_spread(
    events: Array,
    n_events: Array,
    values: Array,
    weight: Array,
    target: Array,
    source_columns: int,
    target_rows: int,
    target_columns: int,
    stride: tuple[int, int],
    padding: tuple[int, int],
) -> None:
    """Add the kernel around each event: pixel y reaches y * stride - padding + k.

    The weight is (source channels, kernel rows, kernel columns, target channels); the
    columns of one kernel row lie next to each other in the target too.
    """
    n_channels, kernel_rows, kernel_columns, n_out = weight.shape
    order = np.empty(events.shape[1], events.dtype)
    starts = np.empty(n_channels + 1, np.int64)
    width = target_columns * n_out
    flat = weight.reshape(n_channels, kernel_rows, kernel_columns * n_out)
    for b in range(target.shape[0]):
        _by_channel(events[b], n_events[b], n_channels, order, starts)
        for e in range(n_events[b]):
            i = order[e]
            value = values[b, i]
            channel = i % n_channels
            pixel = i // n_channels
            top = (pixel // source_columns) * stride[0] - padding[0]
            left = (pixel % source_columns) * stride[1] - padding[1]
            first = max(0, -left)
            last = min(kernel_columns, target_columns - left)
            if last <= first:
                continue
            n_run = (last - first) * n_out
            for k in range(max(0, -top), min(kernel_rows, target_rows - top)):
                start = (top + k) * width + (left + first) * n_out
                # Slices: an index that could be negative would not vectorise.
                into = target[b, start : start + n_run]
                row = flat[channel, k, first * n_out : first * n_out + n_run]
                for j in range(n_run):
                    into[j] += value * row[j]


@compiled
def scatter_strided(
    events: Array,
    n_events: Array,
    values: Array,
    weight: Array,
    target: Array,
    source_columns: int,
    target_rows: int,
    target_columns: int,
    stride: tuple[int, int],
    padding: tuple[int, int],
) -> None:
    """Add the kernel where a strided convolution reads an event: y = Y stride - p + k.

    The weight is (source channels, kernel rows, kernel columns, target channels).
    """
    n_channels, kernel_rows, kernel_columns, n_out = weight.shape
    order = np.empty(events.shape[1], events.dtype)
    starts = np.empty(n_channels + 1, np.int64)
    for b in range(target.shape[0]):
        _by_channel(events[b], n_events[b], n_channels, order, starts)
        for e in range(n_events[b]):
            i = order[e]
            value = values[b, i]
            channel = i % n_channels
            pixel = i // n_channels
            y = pixel // source_columns + padding[0]
            x = pixel % source_columns + padding[1]
            for k in range(kernel_rows):
                if y < k or (y - k) % stride[0]:
                    continue
                row = (y - k) // stride[0]
                if row >= target_rows:
                    continue
                for j in range(kernel_columns):
                    if x < j or (x - j) % stride[1]:
                        continue
                    column = (x - j) // stride[1]
                    if column >= target_columns:
                        continue
                    start = (row * target_columns + column) * n_out
                    into = target[b, start : start + n_out]
                    line = weight[channel, k, j]
                    for c in range(n_out):
                        into[c] += value * line[c]


@compiled
def scatter_pool(
    events: Array,
    n_events: Array,
    values: Array,
    target: Array,
    n_channels: int,
    source_columns: int,
    target_rows: int,
    target_columns: int,
    size: int,
) -> None:
    """Add each event to the window that holds it."""
    share = np.float32(1.0 / (size * size))
    for b in range(target.shape[0]):
        for e in range(n_events[b]):
            i = events[b, e]
            pixel = i // n_channels
            row = pixel // source_columns // size
            column = pixel % source_columns // size
            if row < target_rows and column < target_columns:
                place = (row * target_columns + column) * n_channels + i % n_channels
                target[b, place] += values[b, i] * share


@compiled
def scatter_unpool(
    events: Array,
    n_events: Array,
    values: Array,
    target: Array,
    n_channels: int,
    source_columns: int,
    target_columns: int,
    size: int,
) -> None:
    """Add each window's event to its pixels."""
    share = np.float32(1 / (size * size))
    for b in range(target.shape[0]):
        for e in range(n_events[b]):
            i = events[b, e]
            value = values[b, i] * share
            pixel = i // n_channels
            top = pixel // source_columns * size
            left = pixel % source_columns * size
            for y in range(size):
                for x in range(size):
                    place = (top + y) * target_columns + left + x
                    target[b, place * n_channels + i % n_channels] += value
