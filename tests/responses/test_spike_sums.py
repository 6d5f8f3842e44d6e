"""Spike counts in bins, summed over repeats, and the grid of the spike times."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass import from_raster, load_recording, select_presentations
from neuroclass.responses import sum_spikes, time_resolution
from neuroclass.simulation import simulate_retina

BIN = 0.02


@pytest.fixture
def recording():
    rng = np.random.default_rng(3)
    spikes = rng.poisson(0.4, (5, 13, 30))
    return from_raster(spikes, BIN, axes="npt", condition=["a", "b"] * 6 + ["a"])


def plain_sums(recording, shown, unit):
    """Return counts, variance, repeats and odd counts of a unit, by plain loops."""
    train = recording.segments[0].spiketrains[unit]
    times = train.rescale("s").magnitude
    recorded = train.annotations.get("obs_intervals")
    columns = []
    for stimulus in range(shown.n_stimuli):
        starts = shown.starts[shown.stimulus == stimulus]
        for k in range(round(shown.durations[stimulus] / BIN)):
            counts = []
            for start in starts:
                low, high = start + k * BIN, start + (k + 1) * BIN
                if recorded is None or any(
                    a <= low + 1e-6 and high <= b + 1e-6 for a, b in recorded
                ):
                    counts.append(((times >= low - 1e-8) & (times < high - 1e-8)).sum())
            variance = np.var(counts, ddof=1) if len(counts) > 1 else 0.0
            columns.append((sum(counts), variance, len(counts), sum(counts[::2])))
    return np.array(columns).T


@pytest.mark.parametrize("is_partial", [False, True])
def test_sums_are_those_of_plain_loops(recording, is_partial):
    shown = select_presentations(recording, min_repeats=5)
    trains = recording.segments[0].spiketrains
    if is_partial:
        middle = float(shown.starts[4])
        trains[1].annotations["obs_intervals"] = np.array([[middle + 0.1, 100.0]])
        trains[3].annotations["obs_intervals"] = np.array(
            [[0.0, middle], [middle + 1.0, 100.0]]
        )
    found = sum_spikes(recording, shown, BIN, units=[0, 1, 3])
    for row, unit in enumerate((0, 1, 3)):
        counts, variance, repeats, odd = plain_sums(recording, shown, unit)
        assert_array_equal(found.counts[row], counts)
        assert_allclose(found.variance[row], variance, atol=1e-12)
        assert_array_equal(found.repeats[row], repeats)
        assert_array_equal(found.odd[row], odd)
    assert_array_equal(found.stimulus, np.repeat([0, 1], 30))
    assert repr(found) == "SpikeSums(3 units, 60 bins of 20 ms)"


def test_the_grid_of_times_is_found_where_there_is_one(recording):
    assert time_resolution(recording) == pytest.approx(BIN)
    assert time_resolution(load_recording("data/salamander_movie1.nwb")) == 0.001
    free = simulate_retina(
        2, 6, 10, "2s", random_state=0, rate_spread=0, sparse_share=0
    )
    assert time_resolution(free) == 0
    few = from_raster(np.eye(3)[:, None], BIN, axes="npt")
    del few.annotations["time_resolution"]
    assert time_resolution(few) == 0  # three times are on some grid by chance
