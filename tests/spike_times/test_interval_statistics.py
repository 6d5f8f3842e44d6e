"""CV, CV2 and LV of intervals between spikes."""

import numpy as np
from numpy.testing import assert_allclose

from neuroclass.spike_times import RepeatedTrains, interval_statistics


def trains_of(*units):
    times = tuple(tuple((np.asarray(t, float),) for t in unit) for unit in units)
    return RepeatedTrains(times, np.array([10.0]))


def test_a_regular_train_has_none_and_known_intervals_known_values():
    regular = [np.arange(0, 5, 0.5)]
    # Intervals 1, 2, 1: neighbours differ by 1 and sum to 3.
    known = [[0.0, 1.0, 3.0, 4.0]]
    found = interval_statistics(trains_of(regular, known))
    assert_allclose(found.features[0], 0, atol=1e-12)
    intervals = np.array([1.0, 2.0, 1.0])
    assert_allclose(found.features[1], [intervals.std() / 4 * 3, 2 / 3, 3 / 9])


def test_intervals_lie_within_a_repeat_and_pairs_count_alike():
    several = interval_statistics(
        trains_of([[0.0, 1.0, 3.0], [0.0, 1.0, 2.0, 3.0], [9.0]])
    )
    one = [(2 * 1 / 3, 1), (0.0, 2)]
    expected = sum(v * n for v, n in one) / 3
    assert_allclose(several.local_coefficient, expected)
    assert_allclose(
        several.coefficient_of_variation,
        np.std([1, 2, 1, 1, 1]) / np.mean([1, 2, 1, 1, 1]),
    )


def test_poisson_trains_have_one_and_few_spikes_no_value(rng):
    poisson = [np.sort(rng.uniform(0, 10, 400)) for _ in range(30)]
    found = interval_statistics(trains_of(poisson, [[1.0, 2.0]] * 30))
    assert_allclose(found.features[0], 1, atol=0.03)
    assert np.isnan(found.features[1]).all()


def test_two_spikes_at_one_time_are_left_out():
    found = interval_statistics(trains_of([[1.0, 1.0, 2.0], [0.0, 1.0, 3.0]]))
    assert_allclose(found.local_coefficient, 2 / 3)
