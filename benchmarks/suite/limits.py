"""The three loops that cost most, beside what this machine can do at all.

Measured in one process with one thread, the best of some runs of each, in CPU seconds:
the loop, and right after it the same memory, increments or products alone.
"""

import time
from unittest import mock

import numba
import numpy as np

from neuroclass.clustering import CountMatrix, pairwise_losses
from neuroclass.clustering import pairwise_loss as losses_file
from neuroclass.discrimination._compiled import pair_loops
from neuroclass.responses._compiled import spike_loops

__all__ = ["measure_limits"]

_TILE = losses_file._TILE


def measure_limits(*, quick=False, n_runs=5):
    """Return rates of the three loops and of their limits, as plain values."""
    rng = np.random.default_rng(0)
    measured = [
        _counting(rng, 10_000 if quick else 20_000_000, n_runs),
        _histograms(rng, *((20, 50) if quick else (400, 1800)), n_runs),
        _products(rng, *((20, 50) if quick else (1000, 2000)), n_runs),
    ]
    return [
        {
            "loop": loop,
            "unit": unit,
            "rate": work / seconds,
            "limit": of_limit,
            "limit_rate": limit_work / limit_seconds,
        }
        for loop, unit, (work, seconds), of_limit, (limit_work, limit_seconds) in (
            measured
        )
    ]


def _best(function, n_runs):
    function()  # compiles
    found = []
    for _ in range(n_runs):
        began = time.process_time()
        function()
        found.append(time.process_time() - began)
    return max(min(found), 1e-9)


def _counting(rng, n_spikes, n_runs):
    """Count the bins with a spike, of one unit in presentations without a gap."""
    times = np.sort(rng.uniform(0, 1, n_spikes)) * n_spikes / 50.0  # at 50 Hz
    starts = np.arange(0, times[-1], 20.0)
    n_bins = np.full(len(starts), 1000)
    first = np.zeros(len(starts), np.intp)
    counts = np.zeros((1, 1000), np.uint32)

    def count():
        spike_loops.count_observed(
            times, starts, n_bins, first, first, 0.02, 1e-6, counts
        )

    gigabytes = times.nbytes / 1e9
    return (
        "spikes into bins",
        "GB/s",
        (gigabytes, _best(count, n_runs)),
        "largest of the same numbers",
        (gigabytes, _best(times.max, n_runs)),
    )


@numba.njit
def _increments(numbers, n_rounds, histograms):
    for _ in range(n_rounds):
        for c in range(0, len(numbers) - 7, 8):
            for k in range(8):
                histograms[k, numbers[c + k]] += 1


def _histograms(rng, n_neurons, n_conditions, n_runs):
    """Count n_a + n_b of all pairs; and increments alone, of one row of numbers."""
    counts = rng.binomial(30, 0.1, (n_neurons, n_conditions)).astype(np.uint8)
    first, second = np.triu_indices(n_neurons, 1)
    found = np.empty((len(first), 61))
    work = len(first) * n_conditions / 1e9
    sums = counts[0] + counts[1]
    tables = np.zeros((8, 61), np.int32)
    return (
        "pairs and conditions into histograms",
        "1e9/s",
        (
            work,
            _best(
                lambda: pair_loops.histograms_of_sums(counts, first, second, found),
                n_runs,
            ),
        ),
        "increments of one row of numbers",
        (work, _best(lambda: _increments(sums, len(first), tables), n_runs)),
    )


def _products(rng, n_neurons, n_conditions, n_runs):
    """Losses of all pairs in single precision, whose products are most of the work."""
    spikes = rng.binomial(30, rng.beta(0.5, 3, (n_neurons, n_conditions)))
    matrix = CountMatrix.from_counts(np.stack([30 - spikes, spikes], axis=2))
    widths = []
    low_rank = losses_file._low_rank

    def counted(phi, share, in_double):
        found = low_rank(phi, share, in_double)
        widths.append(found[0].shape[1])
        return found

    with mock.patch.object(losses_file, "_low_rank", counted):
        pairwise_losses(matrix, in_double=False)
    columns = matrix.n_features * sum(widths) / len(widths)
    cells = sum(
        min(_TILE, n_neurons - start) * (n_neurons - start)
        for start in range(0, n_neurons, _TILE)
    )
    one = rng.random((n_neurons, n_neurons), dtype=np.float32)
    return (
        "losses of all pairs",
        "GFLOP/s",
        (
            2e-9 * columns * cells,
            _best(lambda: pairwise_losses(matrix, in_double=False), n_runs),
        ),
        "product of two matrices, single precision",
        (2e-9 * n_neurons**3, _best(lambda: one @ one, n_runs)),
    )
