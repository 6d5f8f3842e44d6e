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
    "scatter_pool",
    "scatter_rows",
    "scatter_spread",
    "scatter_strided",
    "scatter_unpool",
]

Array = NDArray[Any]

# Fraction of the pairs of a sample up to which those that fire are written one by one.
_FEW = 0.02


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function that lets other threads run."""
    # The cache needs a folder that can be written; without one, compile each time.
    try:
        return numba.njit(nogil=True, cache=True)(function)
    except (RuntimeError, OSError):  # the second of a home that is write-protected
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
    events: Array,
    n_events: Array,
    threshold: Any,
    reset: Any,
    leak: Any,
    unit: Any,
) -> None:
    """Add the error, fire ternary neuron pairs, reset, sum their spikes; list them.

    Potential, error and threshold are in units of ``1 / unit``.  Events come in as
    those of the step before, whose spikes are taken from the pairs.  Where few fire
    and nothing leaks, the others are not written.
    """
    counts_spikes = fired.shape[1] > 0
    adds_error = error.shape[1] > 0
    n_pairs = potential.shape[1]
    fires = np.zeros((n_pairs + 7) // 8 * 8, np.uint8)
    eights = fires.view(np.uint64)
    for b in range(potential.shape[0]):
        state, spikes, listed = potential[b], pairs[b], events[b]
        for e in range(n_events[b]):
            spikes[listed[e]] = 0
        if adds_error:
            for i in range(n_pairs):
                state[i] += error[b, i]
        for i in range(n_pairs):
            fires[i] = (state[i] >= threshold) | (state[i] <= -threshold)
        total = 0
        for i in range(n_pairs):
            total += fires[i]
        n = 0
        if leak != 1 or total > _FEW * n_pairs:
            for i in range(n_pairs):
                v = state[i]
                above = np.float32(1.0) if v >= threshold else np.float32(0.0)
                below = np.float32(1.0) if v <= -threshold else np.float32(0.0)
                z = reset * (above - below)
                state[i] = (v - unit * z) * leak
                spikes[i] = z
                totals[b, i] = totals[b, i] * leak + z
            for i in range(n_pairs):
                # Written always, kept only if it fired: no branch to mispredict.
                listed[n] = i
                n += fires[i]
        else:
            for k in range(len(eights)):
                if eights[k] == 0:
                    continue
                for i in range(8 * k, min(8 * k + 8, n_pairs)):
                    listed[n] = i
                    n += fires[i]
            for e in range(n):
                i = listed[e]
                z = reset if state[i] >= threshold else -reset
                state[i] -= unit * z
                spikes[i] = z
                totals[b, i] += z
        n_events[b] = n
        if counts_spikes:
            for e in range(n):
                fired[b, listed[e]] += reset


@compiled
def extract(
    pairs: Array,
    gate: Array,
    fired: Array,
    n_fired: Array,
    sent: Array,
    events: Array,
    n_events: Array,
) -> int:
    """Multiply the spikes of the pairs that fired by a gate; list those that send.

    Events come in as those of the step before, which are taken from what is sent.
    """
    total = 0
    for b in range(pairs.shape[0]):
        for e in range(n_events[b]):
            sent[b, events[b, e]] = 0
        n = 0
        for k in range(n_fired[b]):
            i = fired[b, k]
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
def scatter_rows(
    events: Array, n_events: Array, values: Array, weight: Array, target: Array
) -> None:
    """Add the weight's row of every event of each sample, times its value."""
    for b in range(target.shape[0]):
        _add_rows(events[b], n_events[b], values[b], weight, target[b])


@compiled
def _add_rows(
    events: Array, n_events: int, values: Array, weight: Array, into: Array
) -> None:
    """Add the weight's row of every event of a sample, times its value."""
    n_out = weight.shape[1]
    n_fours = n_events // 4 * 4
    for e in range(0, n_fours, 4):
        # Four events at a time: the target is read and written once for them.
        i, j, k, m = events[e], events[e + 1], events[e + 2], events[e + 3]
        p, q, r, s = values[i], values[j], values[k], values[m]
        first, second, third, fourth = weight[i], weight[j], weight[k], weight[m]
        for c in range(n_out):
            into[c] += (p * first[c] + q * second[c]) + (r * third[c] + s * fourth[c])
    for e in range(n_fours, n_events):
        i = events[e]
        value, row = values[i], weight[i]
        for c in range(n_out):
            into[c] += value * row[c]


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
