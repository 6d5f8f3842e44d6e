"""Sortings of several segments, groups of neo, lists of other packages."""

from types import SimpleNamespace

import neo
import numpy as np
import pytest
import quantities as pq
from numpy.testing import assert_allclose

from neuroclass import load_recording

RATE = 1000.0
# Samples of two units in three segments of a second.
SAMPLES = [[[100, 300], [250]], [[120], []], [[], [50, 900]]]


class Sorting:
    """What is used of a sorting of spikeinterface."""

    unit_ids = np.array(["a", "b"])

    def __init__(self, *, has_recording):
        self.has_recording = lambda: has_recording

    def get_num_segments(self):
        return 3

    def get_sampling_frequency(self):
        return RATE

    def get_unit_spike_train(self, unit, segment_index=0, return_times=False):
        row = list(self.unit_ids).index(unit)
        samples = np.array(SAMPLES[segment_index][row], dtype=np.int64)
        return samples / RATE if return_times else samples

    def get_start_time(self, segment_index):
        return 0.0

    def get_end_time(self, segment_index):
        return 1.0

    def get_property_keys(self):
        return ["quality"]

    def get_property(self, key):
        return np.array(["good", "mua"])


def test_segments_of_a_sorting_are_trials():
    segment = load_recording(Sorting(has_recording=True)).segments[0]
    (epoch,) = segment.epochs
    assert epoch.name == "trials"
    assert_allclose(epoch.times.magnitude, [0, 2, 4])  # a second of pause between
    assert_allclose(epoch.durations.magnitude, 1)
    a, b = segment.spiketrains
    assert_allclose(a.magnitude, [0.1, 0.3, 2.12])
    assert_allclose(b.magnitude, [0.25, 4.05, 4.9])
    assert [t.annotations["quality"] for t in (a, b)] == ["good", "mua"]


def test_segments_of_unknown_length_are_named():
    with pytest.warns(UserWarning, match="3 segments .* until the last spike of each"):
        segment = load_recording(Sorting(has_recording=False)).segments[0]
    assert_allclose(segment.epochs[0].durations.magnitude, [0.3, 0.12, 0.9])


def grouped_block(names=("x", "y")):
    """Two units as groups, whose trains stand in another order in every segment."""
    block = neo.Block()
    for name, area in zip(names, ("V1", "LP"), strict=True):
        block.groups.append(neo.Group(name=name, area=area))
    for number in range(4):
        trains = [
            neo.SpikeTrain([0.1 * (row + 1)] * pq.s, t_stop=1 * pq.s)
            for row in range(2)
        ]
        segment = neo.Segment()
        segment.spiketrains.extend(trains if number % 2 else trains[::-1])
        for group, train in zip(block.groups, trains, strict=True):
            group.add(train)
        block.segments.append(segment)
    return block


def test_groups_of_neo_are_units_in_whatever_order():
    trains = load_recording(grouped_block()).segments[0].spiketrains
    assert [t.annotations["unit_id"] for t in trains] == ["x", "y"]
    assert [t.annotations["area"] for t in trains] == ["V1", "LP"]
    for number, train in enumerate(trains, start=1):
        assert_allclose(train.magnitude, 0.1 * number + 2 * np.arange(4))
    numbered = load_recording(grouped_block((None, None))).segments[0].spiketrains
    assert [t.annotations["unit_id"] for t in numbered] == [0, 1]


def test_groups_that_are_no_units_are_left_alone():
    block = grouped_block()
    both = neo.Group(name="both")
    for segment in block.segments:
        both.add(*segment.spiketrains)
    block.groups[:] = [both]
    trains = load_recording(block).segments[0].spiketrains
    assert [t.annotations["unit_id"] for t in trains] == [0, 1]


def test_lists_of_neo_are_lists():
    block = grouped_block()
    assert len(load_recording(block.segments).segments[0].spiketrains) == 2
    listed = block.segments[0].spiketrains
    assert len(load_recording(listed).segments[0].spiketrains) == 2


class Times(SimpleNamespace):
    """What is used of a Ts of pynapple."""

    def __init__(self, times):
        super().__init__(index=SimpleNamespace(values=np.array(times)))

    def as_units(self, unit):
        raise NotImplementedError


class Milliseconds:
    """A quantity as of astropy, of one time."""

    unit = "ms"

    def __init__(self, value):
        self.value = value

    def to(self, unit):
        return SimpleNamespace(value=np.asarray(self.value) / 1000)


@pytest.mark.parametrize(
    "source",
    [
        [Times([0.1, 0.2]), Times([0.3])],
        {0: Times([0.1, 0.2]), 1: Times([0.3])},
        [[Milliseconds(100), Milliseconds(200)], [Milliseconds(300)]],
        {"a": Milliseconds([100, 200]), "b": Milliseconds([300])},
        np.array([[0.1, 0.2], [0.3, np.nan]]),
        np.array([np.array([0.1, 0.2]), np.array([0.3])], dtype=object),
    ],
)
def test_times_of_every_package_are_seconds(source):
    trains = load_recording(source).segments[0].spiketrains
    assert_allclose(np.concatenate([t.magnitude for t in trains]), [0.1, 0.2, 0.3])


def test_an_array_of_arrays_has_units_and_presentations():
    cells = np.empty((2, 2), dtype=object)
    cells[:] = [[np.array([0.1]), np.array([])], [np.array([]), np.array([0.2])]]
    segment = load_recording(cells, trial_duration=1).segments[0]
    assert [t.magnitude.tolist() for t in segment.spiketrains] == [[0.1], [2.2]]
    with pytest.raises(ValueError, match="got a mapping of mappings"):
        load_recording({"a": {0: [0.1]}, "b": {0: [0.2]}})


def test_tensors_of_trains_of_any_length_are_lists():
    torch = pytest.importorskip("torch")
    trains = [torch.tensor([0.25, 0.5]), torch.tensor([0.75])]
    nested = torch.nested.nested_tensor(trains, layout=torch.jagged)
    found = load_recording(nested).segments[0].spiketrains
    assert [t.magnitude.tolist() for t in found] == [[0.25, 0.5], [0.75]]
