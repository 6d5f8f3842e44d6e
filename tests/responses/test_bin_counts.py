import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from neuroclass.responses.bin_counts import (
    MIN_COMPILED,
    TimeBins,
    compiled_spike_loops,
)

BIN = 0.05


@pytest.fixture(params=["numpy", "compiled"])
def loops(request):
    if request.param == "numpy":
        return None
    pytest.importorskip("numba")
    return compiled_spike_loops(1, min_compiled=0)


@pytest.fixture
def bins():
    """Two stimuli of unlike durations, one presentation inside another."""
    return TimeBins(
        starts=np.array([1.0, 3.0, 3.5, 8.25]),
        n_bins=np.array([30, 20, 30, 20]),
        first_condition=np.array([0, 30, 0, 30]),
        n_conditions=50,
        bin_size=BIN,
    )


@pytest.fixture
def times(rng):
    # On edges of bins, a rounding error below them, twice, and before and after all.
    edges = 1.0 + BIN * np.arange(0, 30, 3)
    near = edges - BIN * rng.choice([0.0, 1e-7, 1e-3], len(edges))
    return np.sort(np.concatenate([rng.uniform(0, 10, 400), edges, near, near[:4]]))


def plain_counts(times, bins):
    """Count the spikes of each bin of each presentation, spike after spike."""
    counts = np.zeros((len(bins.starts), bins.n_conditions), int)
    for p, start in enumerate(bins.starts):
        for time in times:
            place = int(np.floor((time - start) / BIN + 1e-6))
            if 0 <= place < bins.n_bins[p]:
                counts[p, bins.first_condition[p] + place] += 1
    return counts


def test_repeats_with_a_spike_are_those_of_plain_loops(bins, times, loops):
    group = np.array([0, 1, 1, 0])
    found = np.zeros((2, bins.n_conditions), np.uint8)
    n_spikes = bins.observed(times, group, found, loops)
    counts = plain_counts(times, bins)
    assert n_spikes == counts.sum()
    for k in range(2):
        assert_array_equal(found[k], (counts[group == k] > 0).sum(axis=0))
    assert counts.max() > 1


def test_sums_are_those_of_plain_loops(bins, times, loops):
    is_odd = np.array([True, True, False, False])
    counts = plain_counts(times, bins)
    expected = [counts.sum(axis=0), (counts**2).sum(axis=0), counts[is_odd].sum(axis=0)]
    assert_array_equal(bins.sums(times, is_odd, loops), expected)


def test_no_spike_leaves_zeros(bins, loops):
    found = np.zeros((1, bins.n_conditions), np.uint8)
    group = np.zeros(4, int)
    assert bins.observed(np.empty(0), group, found, loops) == 0
    assert not found.any()
    assert not bins.sums(np.empty(0), np.ones(4, bool), loops).any()


def test_few_spikes_do_not_load_numba():
    code = (
        "import sys\n"
        "from neuroclass.responses.bin_counts import compiled_spike_loops\n"
        f"assert compiled_spike_loops({MIN_COMPILED - 1}) is None\n"
        "assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
