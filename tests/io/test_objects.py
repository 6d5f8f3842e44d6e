"""Objects in memory: the same recording as from a file, from one call."""

import datetime
from types import SimpleNamespace

import neo
import numpy as np
import pandas as pd
import pytest
import quantities as pq
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass import classify_neurons, from_events, from_raster, load_recording
from neuroclass.io import write_recording

ONSETS = 10 + 2.5 * np.arange(20)


@pytest.fixture(scope="module")
def trains():
    """Spike times of 8 units: two kinds in turn, which fire in opposite halves."""
    rng = np.random.default_rng(3)
    found = []
    for unit in range(8):
        offset = 1.0 * (unit % 2)
        parts = [onset + offset + rng.random(12) for onset in ONSETS]
        found.append(np.sort(np.concatenate(parts)))
    return found


def labels_of(source, **options):
    options = {"triggers": ONSETS, "trial_duration": "2s", **options}
    found = classify_neurons(source, bin_size="20ms", progress=False, **options)
    return found.labels.tolist(), found.information.bits_per_word


@pytest.fixture(scope="module")
def from_file(trains, tmp_path_factory):
    path = tmp_path_factory.mktemp("objects") / "a.nwb"
    write_recording(load_recording(trains), path)
    return labels_of(path)


def foreign_segment(trains, **options):
    segment = neo.Segment()
    for number, train in enumerate(trains):
        segment.spiketrains.append(
            neo.SpikeTrain(
                train * 1000 * pq.ms, t_start=0 * pq.ms, t_stop=70 * pq.s, **options
            )
        )
        segment.spiketrains[-1].annotations["id"] = number + 10
    segment.epochs.append(
        neo.Epoch(ONSETS * pq.s, np.full(20, 2.0) * pq.s, np.full(20, "a"), name="on")
    )
    segment.events.append(neo.Event(ONSETS * pq.s, np.full(20, "x"), name="ttl"))
    return segment


def foreign_block(trains):
    block = neo.Block()
    block.segments.append(foreign_segment(trains))
    return block


def frame(trains):
    units = np.repeat([f"u{k}" for k in range(8)], [t.size for t in trains])
    return pd.DataFrame({"unit": units, "time": np.concatenate(trains)})


class Sorting:
    """A sorting whose recording starts at 100 s."""

    def __init__(self, trains):
        self.unit_ids = np.arange(8)
        self.trains = trains

    def get_unit_spike_train(self, unit, return_times=False):
        samples = np.round(self.trains[unit] * 300000).astype(np.int64)
        return samples / 300000 + 100 if return_times else samples

    def get_sampling_frequency(self):
        return 300000.0

    def get_property_keys(self):
        return ["quality"]

    def get_property(self, key):
        return np.array(["good", "mua"] * 4)


class Group(dict):
    """What is used of a pynapple TsGroup."""

    def __init__(self, trains, support=((0.0, 70.0),)):
        super().__init__(
            {
                k: SimpleNamespace(index=SimpleNamespace(values=t))
                for k, t in enumerate(trains)
            }
        )
        self.time_support = SimpleNamespace(values=np.array(support))
        self.metadata = pd.DataFrame({"rate": [1.0] * 8, "area": ["a", "b"] * 4})

    def to_tsd(self):
        raise NotImplementedError


class Monitor:
    """What is used of a SpikeMonitor of brian2."""

    def __init__(self, trains):
        times = np.concatenate(trains)
        order = np.argsort(times)
        self.t = times[order]
        self.i = np.repeat(np.arange(8), [t.size for t in trains])[order]
        self.source = range(8)
        self.name = "spikemonitor"

    def spike_trains(self):
        raise NotImplementedError


class Pint:
    """A quantity as of pint, whose numbers numpy would take for seconds."""

    def __init__(self, milliseconds):
        self.magnitude = np.asarray(milliseconds)

    def to(self, unit):
        assert unit == "s"
        return Pint(self.magnitude / 1000)


class Astropy:
    """A quantity as of astropy."""

    def __init__(self, milliseconds, unit="ms"):
        self.value, self.unit = np.asarray(milliseconds), unit

    def to(self, unit):
        if self.unit == "m":
            raise TypeError("not convertible")
        return Astropy(self.value / 1000, unit)


OBJECTS = {
    "block": lambda t: load_recording(t),
    "foreign block": foreign_block,
    "foreign segment": foreign_segment,
    "list of spike trains": lambda t: list(foreign_segment(t).spiketrains),
    "list of arrays": lambda t: t,
    "list of lists": lambda t: [train.tolist() for train in t],
    "mapping": lambda t: {k + 3: train for k, train in enumerate(t)},
    "mapping by name": lambda t: {f"c{k}": train for k, train in enumerate(t)},
    "mapping of named arrays": lambda t: {
        "spike_times": np.concatenate(t),
        "unit_ids": np.repeat(np.arange(8), [train.size for train in t]),
    },
    "frame": frame,
    "frame of objects": lambda t: frame(t).astype({"unit": object}),
    "frame of units": lambda t: pd.DataFrame(
        {"unit_id": np.arange(8), "spike_times": t}
    ),
    "group": Group,
    "monitor": Monitor,
    "pint": lambda t: [Pint(1000 * train) for train in t],
    "astropy": lambda t: [Astropy(1000 * train) for train in t],
    "timedelta": lambda t: [pd.to_timedelta(train, unit="s").to_numpy() for train in t],
    "masked": lambda t: [
        np.ma.masked_array([*train, 9e9], [False] * train.size + [True]) for train in t
    ],
}


@pytest.mark.parametrize("name", OBJECTS)
def test_labels_are_those_of_the_file(trains, from_file, name):
    labels, information = labels_of(OBJECTS[name](trains))
    assert labels == from_file[0] == [0, 1] * 4
    assert information == pytest.approx(from_file[1], rel=1e-6)


def test_a_sorting_has_its_own_times_and_properties(trains, from_file):
    labels, information = labels_of(Sorting(trains), triggers=ONSETS + 100)
    assert labels == from_file[0]
    assert information == pytest.approx(from_file[1], rel=0.02)
    for recording in (load_recording(Sorting(trains)), from_events(Sorting(trains))):
        first = recording.segments[0].spiketrains[0]
        assert_allclose(first.magnitude, trains[0] + 100, atol=1e-4)
    assert load_recording(Sorting(trains)).segments[0].spiketrains[1].annotations[
        "quality"
    ] == ("mua")


def test_an_own_recording_stays_as_it_is(trains):
    recording = load_recording(trains)
    assert load_recording(recording) is recording
    changed = load_recording(recording, triggers=ONSETS)
    assert changed is not recording
    assert not recording.segments[0].epochs


def test_ids_columns_epochs_and_events_of_a_foreign_block(trains):
    recording = load_recording(foreign_block(trains))
    segment = recording.segments[0]
    assert [t.annotations["unit_id"] for t in segment.spiketrains][:2] == [10, 11]
    assert list(segment.epochs[0].array_annotations["label"]) == ["a"] * 20
    by_event = load_recording(foreign_block(trains), triggers="ttl")
    assert_array_equal(by_event.segments[0].epochs[-1].times.magnitude, ONSETS)


@pytest.mark.parametrize("starts", [np.zeros(20), ONSETS])
def test_segments_are_trials(trains, from_file, starts):
    block = neo.Block()
    for start, onset in zip(starts, ONSETS, strict=True):
        segment = neo.Segment()
        for train in trains:
            times = train[(train >= onset) & (train < onset + 2)] - onset + start
            segment.spiketrains.append(
                neo.SpikeTrain(times * pq.s, t_start=start * pq.s, t_stop=start + 2)
            )
        block.segments.append(segment)
    labels, information = labels_of(block, triggers=None, trial_duration=None)
    assert labels == from_file[0]
    assert information == pytest.approx(from_file[1], rel=0.02)


def test_presentations_of_each_unit_count_from_onset(trains, from_file):
    nested = [
        [train[(train >= t) & (train < t + 2)] - t for t in ONSETS] for train in trains
    ]
    labels, information = labels_of(nested, triggers=None)
    assert labels == from_file[0]
    assert information == pytest.approx(from_file[1], rel=0.02)


@pytest.mark.parametrize(
    "duration", [Pint(2000), Astropy(2000), 2 * pq.s, datetime.timedelta(seconds=2)]
)
def test_durations_are_quantities_of_any_package(trains, duration):
    recording = load_recording(trains, triggers=ONSETS, trial_duration=duration)
    assert_array_equal(recording.segments[0].epochs[0].durations.magnitude, [2] * 20)


def test_triggers_are_quantities_of_any_package(trains):
    for triggers in (Pint(1000 * ONSETS), Astropy(1000 * ONSETS), ONSETS * pq.s):
        recording = load_recording(trains, triggers=triggers)
        assert_allclose(recording.segments[0].epochs[0].times.magnitude, ONSETS)


def test_quantities_that_are_no_times_are_refused(trains):
    with pytest.raises(ValueError, match="unit 0 must be times"):
        load_recording([Astropy(train, "m") for train in trains])


def test_t_start_takes_a_quantity():
    recording = from_events([0.5], [1], t_start=2000 * pq.ms)
    assert recording.segments[0].spiketrains[0].magnitude == [2.5]
    recording = from_events([0.5], [1], t_start="-200ms")
    assert_allclose(recording.segments[0].spiketrains[0].magnitude, [0.3])


def test_rasters_of_every_kind_are_one():
    raster = np.zeros((4, 50), np.uint8)
    raster[[0, 1, 3], [4, 9, 9]] = 1
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(raster)
    rasters = [
        raster,
        scipy.sparse.csr_array(raster),
        scipy.sparse.coo_matrix(raster),
        tensor.half(),
        tensor.bfloat16(),
        tensor.to_sparse(),
        [row.float().requires_grad_() for row in tensor],
    ]
    for one in rasters:
        recording = from_raster(one, "1ms", axes="nt")
        assert [len(t) for t in recording.segments[0].spiketrains] == [1, 1, 0, 1]


def test_text_in_objects_and_bytes_is_text():
    times = [0.1, 0.2, 0.3]
    for units in (
        np.array(["a", "b", "a"], dtype=object),
        np.array([b"a", b"b", b"a"]),
        [b"a", b"b", b"a"],
    ):
        recording = from_events(times, units)
        ids = [t.annotations["unit_id"] for t in recording.segments[0].spiketrains]
        assert ids == ["a", "b"]


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ([], "at least one unit; got an empty list"),
        ({}, "at least one unit; got an empty mapping"),
        ([1.0, 2.0], "got one list of 2 numbers"),
        ([["a"]], "must hold times as numbers; got <U1"),
        ([[[0.1], [0.2]], [[0.1]]], "as many presentations of each unit; got 1 to 2"),
        ([np.array(["2020-01-01"], "M8[s]")], "must hold times as numbers"),
        ({"a": [1.0], "": [2.0]}, "must not be empty"),
        ({1: [0.1], 1.5: [0.1], "1": [0.2]}, "must differ as text; '1' is there 2"),
    ],
)
def test_objects_that_are_no_spikes_are_refused_in_words(wrong, match):
    with pytest.raises(ValueError, match=match):
        load_recording(wrong)


def test_two_columns_that_may_be_the_time_are_refused(trains):
    table = frame(trains)
    table["timestamp"] = table["time"] + 1
    with pytest.raises(ValueError, match="one column of spike times; got time, timest"):
        load_recording(table)
    table["timestamp"] = table["time"]
    assert len(load_recording(table).segments[0].spiketrains) == 8


def test_a_support_made_of_first_and_last_spikes_is_no_time_of_observation():
    # Two units that do not overlap in time: pynapple's default is the union of spans.
    early, late = np.array([1.0, 2.0, 3.0]), np.array([101.0, 102.0, 109.0])
    group = Group([early, late, *[np.empty(0)] * 6], [[1.0, 3.0], [101.0, 109.0]])
    units = load_recording(group).segments[0].spiketrains
    assert all("obs_intervals" not in unit.annotations for unit in units)
    given = Group([early, late, *[np.empty(0)] * 6], [[0.0, 5.0], [100.0, 110.0]])
    units = load_recording(given).segments[0].spiketrains
    for unit in units:
        assert unit.annotations["obs_intervals"].tolist() == [[0, 5], [100, 110]]
