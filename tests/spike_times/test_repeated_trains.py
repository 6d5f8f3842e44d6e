"""Spike times of each repeat, of units that were recorded in part of them."""

import neo
import numpy as np
import pytest
import quantities as pq
from numpy.testing import assert_allclose

from neuroclass.presentations import Presentations
from neuroclass.spike_times import read_repeated_trains


@pytest.fixture
def presentations():
    starts = np.arange(8.0)
    return Presentations(
        starts=starts,
        stimulus=np.arange(8) % 2,
        stimuli=("a", "b"),
        durations=np.array([0.5, 0.8]),
        condition="stimulus,time",
        source="trials",
        reason="made here",
    )


def recording_of(times, **annotations):
    block, segment = neo.Block(), neo.Segment()
    for unit, each in enumerate(times):
        train = neo.SpikeTrain(each * pq.s, t_stop=10.0, unit_id=unit)
        train.annotations.update({k: v[unit] for k, v in annotations.items()})
        segment.spiketrains.append(train)
    block.segments.append(segment)
    return block


def test_times_count_from_the_onset_and_stay_inside(presentations):
    recording = recording_of([[0.1, 0.6, 1.2, 2.5, 3.79, 3.8], [7.0]])
    trains = read_repeated_trains(recording, presentations, [0, 1])
    assert (trains.n_units, trains.n_repeats) == (2, 4)
    assert_allclose(trains.times[0][0][0], [0.1])  # .6 is after the stimulus
    assert_allclose(trains.times[0][0][1], [0.2])
    assert_allclose(trains.times[0][1][0], [])  # 2.5 is its end
    assert_allclose(trains.times[0][1][1], [0.79])
    assert_allclose(trains.joined(0, 0), [0.1, 0.7])
    assert_allclose(trains.joined(1, 3), [0.5])


def test_a_unit_that_was_recorded_in_part_has_fewer_repeats_and_so_have_all(
    presentations,
):
    recording = recording_of(
        [[0.1, 4.1], [0.2, 4.2]],
        obs_intervals=[None, np.array([[4.0, 10.0]])],
    )
    trains = read_repeated_trains(recording, presentations, [0, 1])
    assert trains.n_repeats == 2
    assert_allclose(trains.times[0][0][0], [0.1])
    assert_allclose(trains.times[1][0][0], [0.2])  # its first, the third of all


def test_fewer_repeats_are_spread_over_the_recording(presentations):
    recording = recording_of([[0.1, 2.2, 4.3, 6.4]])
    trains = read_repeated_trains(recording, presentations, [0], most_repeats=2)
    assert_allclose(trains.times[0][0][0], [0.2])
    assert_allclose(trains.times[0][1][0], [0.4])
    assert_allclose(trains.of_repeats([1]).times[0][0][0], [0.4])


def test_units_without_a_common_repeat_have_none(presentations):
    recording = recording_of([[0.1]], obs_intervals=[np.array([[0.0, 0.3]])])
    assert read_repeated_trains(recording, presentations, [0]).n_repeats == 0
    assert read_repeated_trains(recording, presentations, []).n_repeats == 0
