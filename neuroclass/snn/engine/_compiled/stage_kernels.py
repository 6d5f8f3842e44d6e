"""Whole stages of dense networks in numba: all steps in one call.

Input: constant currents or errors and weights in tiles. Output: counts, totals and
potentials, added to arrays. Weights to the 32 neurons of a tile lie together, from one
sender after the other: they stay in the first cache while a step goes through the
samples, and the currents of a tile in registers while they are summed.

Everything that calls another compiled function stands in the file of that function:
numba's cache on disk notices no change elsewhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass.snn.engine._compiled.step_kernels import compiled
from neuroclass.snn.engine._compiled.tiles import (
    LANES,
    TOGETHER,
    add_rows,
    add_scaled_rows,
    drive_pairs,
    fire,
    lowest_bit,
)

__all__ = ["simulate_pairs", "simulate_spikes"]

Array = NDArray[Any]

# Samples that go through a step together: their states stay in the second cache.
_SAMPLES = 64
_ONE = np.uint32(1)


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

    States are (n_layers, batch, n), masks of dropout (n_connections, batch, n) or
    (0, 0, 0), threshold, reset and leak in single precision.  To the constant currents
    are added those of the neurons that are expected to fire at most steps.
    """
    n_layers, n_samples, width = constant.shape
    block = min(n_samples, _SAMPLES)
    fired = np.zeros((block, width // LANES), np.uint32)
    usual = np.zeros((n_layers, *fired.shape), np.uint32)
    # Rows of the spikes that are not usual, and of the usual ones that are missing.
    events = np.zeros((n_layers, block, 2, width + TOGETHER), np.int32)
    n_events = np.zeros((n_layers, block, 2), np.int64)
    held, n_held = np.zeros_like(events[0]), np.zeros_like(n_events[0])
    none = np.zeros_like(n_held)
    for first in range(0, n_samples, block):
        n = min(block, n_samples - first)
        for step in range(n_steps):
            for layer in range(n_layers):
                chosen = -1
                for c in range(len(links)):
                    sender = links[c, 0]
                    # A later layer's spikes are still those of the step before.
                    if links[c, 1] != layer or (step == 0 and sender >= layer):
                        continue
                    if chosen < 0 and len(masks) == 0:
                        chosen = c
                        continue
                    _send(
                        weights[links[c, 2] :],
                        sizes[sender],
                        sizes[layer],
                        events[sender],
                        n_events[sender],
                        masks[c] if len(masks) else constant[0, :0],
                        potential[layer],
                        first,
                        n,
                    )
                # One connection is left to the pass that fires.
                sender = max(links[chosen, 0], 0) if chosen >= 0 else 0
                _fire_layer(
                    weights[links[chosen, 2] :] if chosen >= 0 else weights,
                    sizes[sender],
                    sizes[layer],
                    events[sender],
                    n_events[sender] if chosen >= 0 else none,
                    potential[layer],
                    constant[layer],
                    counts[layer],
                    first,
                    n,
                    threshold,
                    reset,
                    leak,
                    fired,
                )
                if leak != 1:
                    _add_leaky(fired, leak, leaky[layer], first, n)
                if step == 0:
                    _expect(
                        potential[layer], counts[layer], first, n, reset, usual[layer]
                    )
                    for k in range(n):
                        n_held[k, 0] = _list(usual[layer, k], sizes[layer], held[k, 0])
                    for c in range(len(links)):
                        reached = links[c, 1]
                        if links[c, 0] != layer:
                            continue
                        _send(
                            weights[links[c, 2] :],
                            sizes[layer],
                            sizes[reached],
                            held,
                            n_held,
                            masks[c] if len(masks) else constant[0, :0],
                            constant[reached],
                            first,
                            n,
                        )
                _list_changes(
                    fired, usual[layer], sizes[layer], n, events[layer], n_events[layer]
                )


@compiled
def _send(
    weights: Array,
    n_senders: int,
    n_reached: int,
    events: Array,
    n_events: Array,
    mask: Array,
    into: Array,
    first: int,
    n_samples: int,
) -> None:
    """Add a connection's currents for some samples, after dropout, tile by tile."""
    flat, rows = into.reshape(-1), events.reshape(-1)
    width, n_listed = into.shape[1], events.shape[2]
    received = np.empty(LANES, np.float32)
    for tile in range(n_reached // LANES):
        begin = tile * (n_senders + 1) * LANES
        for k in range(n_samples):
            place = (first + k) * width + tile * LANES
            plus, minus = 2 * k * n_listed, (2 * k + 1) * n_listed
            n, m = n_events[k, 0], n_events[k, 1]
            if len(mask) == 0:
                add_rows(weights, begin, rows, n, m, plus, minus, flat, place)
                continue
            received[:] = 0
            add_rows(weights, begin, rows, n, m, plus, minus, received, 0)
            for i in range(LANES):
                flat[place + i] += received[i] * mask[first + k, tile * LANES + i]


@compiled
def _fire_layer(
    weights: Array,
    n_senders: int,
    size: int,
    events: Array,
    n_events: Array,
    potential: Array,
    constant: Array,
    counts: Array,
    first: int,
    n_samples: int,
    threshold: Any,
    reset: Any,
    leak: Any,
    fired: Array,
) -> None:
    """Add a connection's and the constant currents for some samples, and fire."""
    u, base, counted = potential.reshape(-1), constant.reshape(-1), counts.reshape(-1)
    rows, width, n_listed = events.reshape(-1), potential.shape[1], events.shape[2]
    for tile in range(size // LANES):
        begin = tile * (n_senders + 1) * LANES
        for k in range(n_samples):
            fired[k, tile] = fire(
                weights,
                begin,
                rows,
                n_events[k, 0],
                n_events[k, 1],
                2 * k * n_listed,
                (2 * k + 1) * n_listed,
                u,
                base,
                counted,
                (first + k) * width + tile * LANES,
                threshold,
                reset,
                leak,
            )
    fired[:, size // LANES :] = 0


@compiled
def _add_leaky(
    fired: Array, leak: Any, leaky: Array, first: int, n_samples: int
) -> None:
    for k in range(n_samples):
        for i in range(leaky.shape[1]):
            spike = np.float32((fired[k, i // LANES] >> np.uint32(i % LANES)) & _ONE)
            leaky[first + k, i] = leaky[first + k, i] * leak + spike


@compiled
def _expect(
    potential: Array,
    counts: Array,
    first: int,
    n_samples: int,
    reset: Any,
    usual: Array,
) -> None:
    """Mark the neurons that will fire at more than half of the steps.

    The first step's current is what a neuron now has, and what spikes took: twice of
    it reaches the reset.
    """
    for k in range(n_samples):
        for word in range(usual.shape[1]):
            bits = np.uint32(0)
            for i in range(LANES):
                b, place = first + k, word * LANES + i
                current = potential[b, place] + reset * counts[b, place]
                bits |= np.uint32(2 * current >= reset) << np.uint32(i)
            usual[k, word] = bits


@compiled
def _list(words: Array, size: int, rows: Array) -> int:
    """List the rows of the bits that are set."""
    n = 0
    for word in range(size // LANES):
        bits = words[word]
        while bits:
            rows[n] = (word * LANES + np.int64(lowest_bit(bits))) * LANES
            bits &= bits - _ONE
            n += 1
    # Of zeros.
    rows[n : n + TOGETHER] = size * LANES
    return n


@compiled
def _list_changes(
    fired: Array,
    usual: Array,
    size: int,
    n_samples: int,
    events: Array,
    n_events: Array,
) -> None:
    """List the rows of spikes that are not usual, and of usual ones that miss."""
    for k in range(n_samples):
        plus, minus = events[k, 0], events[k, 1]
        n, m = np.int64(0), np.int64(0)
        for word in range(size // LANES):
            held = usual[k, word]
            bits = fired[k, word] ^ held
            while bits:
                bit = lowest_bit(bits)
                bits &= bits - _ONE
                # Written to both, kept in one: no branch to mispredict.
                row = (word * LANES + np.int64(bit)) * LANES
                plus[n] = row
                minus[m] = row
                is_missing = np.int64((held >> bit) & _ONE)
                n += 1 - is_missing
                m += is_missing
        plus[n : n + TOGETHER] = size * LANES
        minus[m : m + TOGETHER] = size * LANES
        n_events[k, 0], n_events[k, 1] = n, m


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

    States are (n_layers, batch, n), gates (n_connections, batch, n).  The layers are
    visited in `order`, the first one driven by the error (batch, n).  Potential, error
    and threshold are in units of ``1 / unit``.  Samples go through all steps one by
    one: few pairs fire, and what there is to read are the states.
    """
    n_layers, n_samples, width = potential.shape
    events = np.zeros((n_layers, width), np.int32)
    values = np.zeros((n_layers, width), np.float32)
    n_events = np.zeros(n_layers, np.int64)
    rows, sent = np.zeros(width + 1, np.int32), np.zeros(width + 1, np.float32)
    reached = np.zeros(width // LANES, np.uint32)
    none = np.zeros(width, np.float32)
    v, drive = potential.reshape(-1), error.reshape(-1)
    for b in range(n_samples):
        n_events[:] = 0
        for _ in range(n_steps):
            for place in range(len(order)):
                layer = order[place]
                at = (layer * n_samples + b) * width
                n_sent, begin, n_rows = 0, 0, 0
                for c in range(len(links)):
                    if links[c, 1] != layer:
                        continue
                    if n_sent:
                        for tile in range(sizes[layer] // LANES):
                            add_scaled_rows(
                                weights,
                                begin + tile * n_rows * LANES,
                                rows,
                                sent,
                                n_sent,
                                v,
                                at + tile * LANES,
                            )
                    # A layer visited later still holds its spikes of the last step.
                    sender = links[c, 0]
                    begin, n_rows = links[c, 2], sizes[sender] + 1
                    n_sent = _through(
                        events[sender],
                        values[sender],
                        n_events[sender],
                        gates[c, b],
                        rows,
                        sent,
                    )
                # The last connection is left to the pass that adds the error.
                for tile in range(sizes[layer] // LANES):
                    reached[tile] = drive_pairs(
                        weights,
                        begin + tile * n_rows * LANES,
                        rows,
                        sent,
                        n_sent,
                        v,
                        at + tile * LANES,
                        drive if place == 0 else none,
                        (b * width if place == 0 else 0) + tile * LANES,
                        threshold,
                    )
                n_events[layer] = _fire_pairs(
                    reached,
                    sizes[layer],
                    reset,
                    leak,
                    unit,
                    potential[layer, b],
                    totals[layer, b],
                    events[layer],
                    values[layer],
                )
                if fired.shape[1]:
                    for e in range(n_events[layer]):
                        fired[layer, b, events[layer, e]] += reset


@compiled
def _fire_pairs(
    reached: Array,
    size: int,
    reset: Any,
    leak: Any,
    unit: Any,
    potential: Array,
    totals: Array,
    events: Array,
    values: Array,
) -> int:
    """Reset the pairs that reached a threshold, sum and list their spikes."""
    if leak != 1:
        for i in range(size):
            totals[i] *= leak
    n = 0
    for word in range(size // LANES):
        bits = reached[word]
        while bits:
            i = word * LANES + int(lowest_bit(bits))
            bits &= bits - _ONE
            z = reset if potential[i] > 0 else -reset
            potential[i] -= unit * z
            totals[i] += z
            events[n] = i
            values[n] = z
            n += 1
    if leak != 1:
        for i in range(size):
            potential[i] *= leak
    return n


@compiled
def _through(
    events: Array,
    values: Array,
    n_events: int,
    gate: Array,
    rows: Array,
    sent: Array,
) -> int:
    """Multiply spikes by a gate; list the rows of those that it lets through."""
    n = 0
    for e in range(n_events):
        z = values[e] * gate[events[e]]
        sent[n] = z
        rows[n] = events[e] * LANES
        n += int(z != 0)
    return n
