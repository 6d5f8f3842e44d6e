"""Distances of spike trains against slow twins."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroclass.spike_times import (
    SPIKE_DISTANCES,
    RepeatedTrains,
    has_pyspike,
    seconds_per_pair,
    spike_distances,
)

TAU = 0.05
AVAILABLE = [m for m in SPIKE_DISTANCES if m != "SPIKE" or has_pyspike()]


@pytest.fixture
def trains(rng):
    times = tuple(
        tuple(
            (np.sort(rng.uniform(0, 1, n)), np.sort(rng.uniform(0, 0.5, n // 2)))
            for _ in range(2)
        )
        for n in (0, 1, 4, 9)
    )
    return RepeatedTrains(times, np.array([1.0, 0.5]))


def victor_purpura(a, b):
    cost = np.zeros((len(a) + 1, len(b) + 1))
    cost[:, 0], cost[0] = np.arange(len(a) + 1), np.arange(len(b) + 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            cost[i + 1, j + 1] = min(
                cost[i, j + 1] + 1, cost[i + 1, j] + 1, cost[i, j] + abs(x - y) / TAU
            )
    return cost[-1, -1] / max(len(a) + len(b), 1)


def van_rossum(a, b):
    time = np.arange(0, 3, 1e-4)

    def filtered(spikes):
        late = time - np.asarray(spikes)[:, None]
        return np.where(late >= 0, np.exp(-np.maximum(late, 0) / TAU), 0).sum(axis=0)

    # Of one spike against none it is 1.
    square = 2 / TAU * ((filtered(a) - filtered(b)) ** 2).sum() * 1e-4
    return np.sqrt(square / max(len(a) + len(b), 1))


@pytest.mark.parametrize(
    ("measure", "twin", "tolerance"),
    [("Victor-Purpura", victor_purpura, 1e-9), ("van Rossum", van_rossum, 5e-3)],
)
def test_distances_equal_their_slow_twins(trains, measure, twin, tolerance):
    found = spike_distances(trains, measure, time_constant=TAU)
    assert found.shape == (2, 4, 4)
    for repeat in range(2):
        own = [trains.joined(unit, repeat) for unit in range(4)]
        expected = [[twin(a, b) for b in own] for a in own]
        assert_allclose(found[repeat], expected, atol=tolerance)


@pytest.mark.parametrize("measure", AVAILABLE)
def test_distances_are_symmetric_and_zero_for_the_same_train(trains, measure):
    twice = RepeatedTrains((*trains.times, trains.times[3]), trains.durations)
    found = spike_distances(twice, measure)
    assert_allclose(found, found.swapaxes(1, 2))
    assert_allclose(np.diagonal(found, axis1=1, axis2=2), 0, atol=1e-7)
    assert_allclose(found[:, 3, 4], 0, atol=1e-7)


@pytest.mark.parametrize("measure", AVAILABLE)
def test_the_cost_of_a_pair_is_measured(trains, measure):
    assert 0 <= seconds_per_pair(trains, measure) < 1


def test_other_measures_are_refused(trains):
    with pytest.raises(ValueError, match="measure must be"):
        spike_distances(trains, "ISI")


@pytest.mark.skipif(has_pyspike(), reason="PySpike is installed")
def test_without_its_package_the_spike_distance_says_what_to_install(trains):
    with pytest.raises(ImportError, match="pip install"):
        spike_distances(trains, "SPIKE")
