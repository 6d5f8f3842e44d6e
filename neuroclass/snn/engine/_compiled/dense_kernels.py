"""Dense connections in numba: a step's events, and whole stages of dense networks.

Everything that calls another compiled function stands in the file of that function:
numba's cache on disk notices no change elsewhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass.snn.engine._compiled.step_kernels import compiled

__all__ = ["LANES", "scatter_rows", "simulate_pairs", "simulate_spikes"]

Array = NDArray[Any]

# States and rows of whole stages are padded with zeros to a multiple of this, whole
# vector registers of any processor.
LANES = 16
# Values looked at together for one that is not 0; it divides the lanes.
_BLOCK = 8
# Steps after which the neurons that fire at most of them are determined.
_SETTLING = 4


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
def simulate_spikes(
    constant: Array,
    masks: Array,
    sizes: Array,
    weights: Array,
    links: Array,
    n_steps: int,
    threshold: Any,
    reset: Any,
    leak: Any,
    counts: Array,
    leaky: Array,
    potential: Array,
) -> None:
    """Run the forward stage; add to counts, leaky sums and potentials.

    States are (batch, n_layers, n), masks of dropout (batch, n_connections, n) or
    (0, 0, 0), threshold, reset and leak in single precision.
    """
    n_layers, width = constant.shape[1:]
    n_links = len(links)
    spikes = np.empty((n_layers, width), np.float32)
    usual = np.empty((n_layers, width), np.float32)
    # What a layer's spikes differ by from the usual ones, and where they do.
    changes = np.empty((n_layers, width), np.float32)
    events = np.empty((n_layers, width + 1), np.int32)
    n_events = np.empty(n_layers, np.int64)
    base = np.empty((n_layers, width), np.float32)
    received = np.empty(width, np.float32)
    for b in range(constant.shape[0]):
        spikes[:] = 0
        usual[:] = 0
        changes[:] = 0
        n_events[:] = 0
        base[:] = constant[b]
        for step in range(n_steps):
            if step == _SETTLING:
                for layer in range(n_layers):
                    for i in range(width):
                        usual[layer, i] = np.float32(2 * counts[b, layer, i] > step)
                for c in range(n_links):
                    sender, layer = links[c, 0], links[c, 1]
                    size = sizes[layer]
                    n_sent = _list_nonzero(usual[sender], sizes[sender], events[sender])
                    rows = _rows(weights, links[c, 2], sizes[sender], size)
                    received[:] = 0
                    _add_rows(events[sender], n_sent, usual[sender], rows, received)
                    if len(masks):
                        _add_products(masks[b, c], received, size, base[layer])
                    else:
                        _add(received, size, base[layer])
                for layer in range(n_layers):
                    n_events[layer] = _difference(
                        spikes[layer],
                        usual[layer],
                        sizes[layer],
                        changes[layer],
                        events[layer],
                    )
            for layer in range(n_layers):
                size = sizes[layer]
                u = potential[b, layer]
                for c in range(n_links):
                    if links[c, 1] != layer:
                        continue
                    # A later layer's spikes are still those of the step before.
                    sender = links[c, 0]
                    rows = _rows(weights, links[c, 2], sizes[sender], size)
                    if len(masks):
                        received[:] = 0
                        _add_rows(
                            events[sender],
                            n_events[sender],
                            changes[sender],
                            rows,
                            received,
                        )
                        _add_products(masks[b, c], received, size, u)
                    else:
                        _add_rows(
                            events[sender], n_events[sender], changes[sender], rows, u
                        )
                _fire(
                    u,
                    base[layer],
                    size,
                    threshold,
                    reset,
                    leak,
                    spikes[layer],
                    counts[b, layer],
                    usual[layer],
                    changes[layer],
                )
                n_events[layer] = _list_nonzero(changes[layer], size, events[layer])
                if leak != 1:
                    _add_leaky(spikes[layer], size, leak, leaky[b, layer])


@compiled
def simulate_pairs(
    error: Array,
    gates: Array,
    sizes: Array,
    weights: Array,
    links: Array,
    order: Array,
    n_steps: int,
    threshold: Any,
    reset: Any,
    leak: Any,
    unit: Any,
    totals: Array,
    fired: Array,
    potential: Array,
) -> None:
    """Run the backward stage; add to totals, spikes and potentials.

    The layers are visited in `order`, the first one driven by the error (batch, n);
    gates are (batch, n_connections, n).  Potential, error and threshold are in units
    of ``1 / unit``.
    """
    n_layers, width = potential.shape[1:]
    pairs = np.empty((n_layers, width), np.float32)
    events = np.empty((n_layers, width + 1), np.int32)
    n_events = np.empty(n_layers, np.int64)
    sent = np.empty(width, np.float32)
    sending = np.empty(width + 1, np.int32)
    none = np.zeros(width, np.float32)
    for b in range(error.shape[0]):
        n_events[:] = 0
        for _ in range(n_steps):
            for place in range(len(order)):
                layer = order[place]
                size = sizes[layer]
                v = potential[b, layer]
                for c in range(len(links)):
                    if links[c, 1] != layer:
                        continue
                    # A layer visited later still holds its spikes of the last step.
                    sender = links[c, 0]
                    n_sent = _through(
                        pairs[sender],
                        gates[b, c],
                        events[sender],
                        n_events[sender],
                        sent,
                        sending,
                    )
                    rows = _rows(weights, links[c, 2], sizes[sender], size)
                    _add_rows(sending, n_sent, sent, rows, v)
                n_events[layer] = _fire_pairs(
                    v,
                    error[b] if place == 0 else none,
                    size,
                    threshold,
                    reset,
                    leak,
                    unit,
                    pairs[layer],
                    totals[b, layer],
                    events[layer],
                )
                if fired.shape[0]:
                    _add_sizes(pairs[layer], size, fired[b, layer])


@compiled
def _fire(
    u: Array,
    constant: Array,
    size: int,
    threshold: Any,
    reset: Any,
    leak: Any,
    spikes: Array,
    counts: Array,
    usual: Array,
    changes: Array,
) -> None:
    for i in range(size):
        v = u[i] + constant[i]
        s = np.float32(1.0) if v >= threshold else np.float32(0.0)
        u[i] = (v - reset * s) * leak
        spikes[i] = s
        counts[i] += s
        changes[i] = s - usual[i]


@compiled
def _fire_pairs(
    v: Array,
    error: Array,
    size: int,
    threshold: Any,
    reset: Any,
    leak: Any,
    unit: Any,
    pairs: Array,
    totals: Array,
    events: Array,
) -> Any:
    """Add the error, fire, reset, sum; list the pairs that fired."""
    for i in range(size):
        value = v[i] + error[i]
        above = np.float32(1.0) if value >= threshold else np.float32(0.0)
        below = np.float32(1.0) if value <= -threshold else np.float32(0.0)
        z = reset * (above - below)
        v[i] = (value - unit * z) * leak
        pairs[i] = z
        totals[i] = totals[i] * leak + z
    return _list_nonzero(pairs, size, events)


@compiled
def _through(
    pairs: Array,
    gate: Array,
    events: Array,
    n_events: int,
    sent: Array,
    sending: Array,
) -> int:
    """Multiply the spikes that were listed by a gate; list those it lets through."""
    n = 0
    for e in range(n_events):
        i = events[e]
        z = pairs[i] * gate[i]
        sent[i] = z
        sending[n] = i
        n += int(z != 0)
    return n


@compiled
def _add(values: Array, size: int, into: Array) -> None:
    for i in range(size):
        into[i] += values[i]


@compiled
def _add_products(values: Array, factors: Array, size: int, into: Array) -> None:
    for i in range(size):
        into[i] += values[i] * factors[i]


@compiled
def _add_leaky(values: Array, size: int, leak: Any, into: Array) -> None:
    for i in range(size):
        into[i] = into[i] * leak + values[i]


@compiled
def _add_sizes(values: Array, size: int, into: Array) -> None:
    for i in range(size):
        into[i] += abs(values[i])


@compiled
def _difference(
    values: Array, usual: Array, size: int, sent: Array, events: Array
) -> Any:
    """Store values less the usual ones; list where they are not 0."""
    for i in range(size):
        sent[i] = values[i] - usual[i]
    return _list_nonzero(sent, size, events)


@compiled
def _list_nonzero(values: Array, size: int, events: Array) -> int:
    n = 0
    bits = values.view(np.int32)  # whole numbers compare faster
    for start in range(0, size, _BLOCK):
        block = bits[start : start + _BLOCK]
        seen = np.int32(0)
        for i in range(_BLOCK):
            seen |= block[i]
        if seen:
            for i in range(_BLOCK):
                # Written always, kept only if it fired: no branch to mispredict.  The
                # shift drops the sign: -0 is no event.
                events[n] = start + i
                n += int(block[i] << 1 != 0)
    return n


@compiled
def _rows(weights: Array, begin: int, n_rows: int, size: int) -> Array:
    return weights[begin : begin + n_rows * size].reshape(n_rows, size)
