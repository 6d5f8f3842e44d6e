"""Lists of spikes and sortings become recordings."""

import inspect

import numpy as np
import pytest
import quantities as pq
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.io import from_events, from_raster

spikes = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 99)),
    max_size=60,
    unique=True,
)  # (presentation, unit, step)


def trains_of(block):
    return [train.magnitude for train in block.segments[0].spiketrains]


@given(spikes)
def test_events_and_raster_of_the_same_spikes_agree(events):
    raster = np.zeros((6, 4, 100))
    for event in events:
        raster[event] = 1
    events = sorted(events, key=lambda event: event[2])
    numbers, units, steps = np.array(events, dtype=int).reshape(-1, 3).T
    block = from_events(
        steps,
        units,
        dt=0.01,
        presentation=numbers,
        condition=np.arange(6) % 2,
        trial_duration=1.0,
        unit_ids=range(4),
    )
    other = from_raster(raster, 0.01, axes="pnt", condition=np.arange(6) % 2)
    for first, second in zip(trains_of(block), trains_of(other), strict=True):
        assert_allclose(first, second, rtol=1e-12)
    one, two = block.segments[0].epochs[0], other.segments[0].epochs[0]
    assert_allclose(one.times.magnitude, two.times.magnitude)
    assert_array_equal(
        one.array_annotations["stimulus"], two.array_annotations["stimulus"]
    )


@given(spikes)
def test_no_spike_is_lost(events):
    events = sorted(events, key=lambda event: event[2])
    numbers, units, steps = np.array(events, dtype=int).reshape(-1, 3).T
    block = from_events(
        steps / 100, units, presentation=numbers, trial_duration=1, unit_ids=range(4)
    )
    found = [len(train) for train in trains_of(block)]
    assert found == np.bincount(units, minlength=4).tolist()


def test_times_on_one_clock_need_no_presentations():
    block = from_events([0.1, 0.2, 0.3], ["a", "b", "b"])
    assert [train.name for train in block.segments[0].spiketrains] == ["a", "b"]
    assert_array_equal(trains_of(block)[1], [0.2, 0.3])
    assert len(block.segments[0].epochs) == 0


def test_quantities_bring_their_unit():
    block = from_events([100.0, 200.0] * pq.ms, [0, 0])
    assert_allclose(trains_of(block)[0], [0.1, 0.2])


def test_floats_may_be_in_units_of_dt():
    assert_allclose(
        trains_of(from_events([1.5, 2.5], [0, 0], dt="1ms"))[0], [0.0015, 0.0025]
    )


def test_the_start_is_added():
    assert_allclose(trains_of(from_events([0.5], [0], t_start=10.0))[0], [10.5])


def test_silent_units_are_those_of_unit_ids():
    block = from_events([0.5], [7], unit_ids=[5, 7, 9], unit_columns={"x": [1, 2, 3]})
    assert [len(train) for train in trains_of(block)] == [0, 1, 0]
    assert block.segments[0].spiketrains[2].annotations == {"unit_id": 9, "x": 3}


def test_no_spikes_at_all():
    block = from_events([], [], unit_ids=[1, 2])
    assert [len(train) for train in trains_of(block)] == [0, 0]


class Sorting:
    """The part of a spikeinterface sorting that is used."""

    unit_ids = np.array(["a", "b"])

    def __init__(self, n_segments=1):
        self.n_segments = n_segments

    def get_num_segments(self):
        return self.n_segments

    def get_sampling_frequency(self):
        return 20_000.0

    def get_unit_spike_train(self, unit_id):
        return {"a": np.array([200, 400]), "b": np.array([], dtype=int)}[unit_id]


def test_sortings_are_known_by_their_methods():
    block = from_events(Sorting())
    assert [train.name for train in block.segments[0].spiketrains] == ["a", "b"]
    assert_allclose(trains_of(block)[0], [0.01, 0.02])
    assert len(trains_of(block)[1]) == 0


def test_units_of_a_sorting_may_be_chosen():
    block = from_events(Sorting(), unit_ids=["b"])
    assert [train.name for train in block.segments[0].spiketrains] == ["b"]


@pytest.mark.parametrize(
    ("arguments", "options", "match"),
    [
        (([0.5],), {}, "units must be given"),
        (([0.5], [0, 1]), {}, "times and units must have one entry per spike"),
        (([3], [0]), {}, "dt must be given when times are whole numbers"),
        ((["a"], [0]), {}, "times must be numbers"),
        (([0.5] * pq.s, [0]), {"dt": 1}, "dt must be left out when times bring"),
        (([0.5], [0]), {"condition": ["a"]}, "must come with presentation"),
        (([0.5], [0]), {"trial_duration": 1}, "must come with presentation"),
        (([0.5], [0]), {"presentation": [0]}, "trial_duration must be given"),
        (([0.5], [3]), {"unit_ids": [1, 2]}, "must be among unit_ids; got 3"),
        (([0.5], [1]), {"unit_ids": [1, 1]}, "unit_ids must be unique"),
        (([0.2, 0.1], [1, 1]), {}, "unit 1 must ascend"),
        (([0.2, np.nan], [1, 1]), {}, "unit 1 must be finite"),
        ((Sorting(), [1]), {}, "units and dt must be left out for a sorting"),
        ((Sorting(2),), {}, "a sorting of one segment; got 2"),
        (([0.5], [0]), {"unit_columns": {"a": []}}, "unit_columns must have 1 ent"),
    ],
)
def test_arguments_must_fit(arguments, options, match):
    with pytest.raises(ValueError, match=match):
        from_events(*arguments, **options)


@pytest.mark.parametrize(
    ("presentation", "condition", "match"),
    [
        ([0, 1, 2], None, r"presentation must have one entry for each of the 2 spikes"),
        ([0, -1], None, "presentation must be whole numbers from 0"),
        ([0, 0.5], None, "presentation must be whole numbers from 0"),
        ([0, 2], ["a", "b"], "condition must have one entry per presentation; got 2"),
    ],
)
def test_presentations_must_fit(presentation, condition, match):
    with pytest.raises(ValueError, match=match):
        from_events(
            [0.5, 0.5],
            [0, 0],
            presentation=presentation,
            condition=condition,
            trial_duration=1,
        )


def test_ragged_lists_are_refused():
    with pytest.raises(ValueError, match="times must be one array of equal rows"):
        from_events([[0.5], [0.5, 1.0]], [0, 1])


@pytest.mark.parametrize("function", [from_events, from_raster])
def test_signatures_are_free_of_the_internals_of_numpy(function):
    assert "numpy" not in str(inspect.signature(function))
