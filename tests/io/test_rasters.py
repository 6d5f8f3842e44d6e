"""Arrays become recordings, and no spike is lost or moved to another bin."""

import itertools

import numpy as np
import pytest
import quantities as pq
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_array_equal

from neuroclass.io import from_raster

counts = hnp.arrays(
    np.int64, st.tuples(*[st.integers(1, 4)] * 4), elements=st.integers(0, 3)
)  # (n_neurons, n_conditions, n_presentations, n_bins)
NAMES = ("neuron", "condition", "presentation", "time")


def trains_of(block):
    return [train.magnitude for train in block.segments[0].spiketrains]


def counted(block, n_bins, dt):
    """Bin a recording again with plain numpy."""
    (trials,) = block.segments[0].epochs
    binned = []
    for train in trains_of(block):
        for start in trials.times.magnitude:
            edges = start + dt * np.arange(n_bins + 1)
            binned.append(np.histogram(train, edges)[0])
    return np.array(binned).reshape(len(trains_of(block)), len(trials), n_bins)


@given(counts, st.sampled_from([0.001, 0.005, 0.01, 0.1, 1.0]), st.floats(-10, 1000))
def test_binning_gives_the_raster_back(raster, dt, t_start):
    block = from_raster(raster, dt, axes=NAMES, t_start=t_start)
    n_units, n_bins = raster.shape[0], raster.shape[3]
    assert_array_equal(counted(block, n_bins, dt), raster.reshape(n_units, -1, n_bins))
    assert [len(train) for train in trains_of(block)] == raster.sum((1, 2, 3)).tolist()


@given(counts, st.permutations(range(4)))
def test_the_order_of_axes_does_not_matter(raster, order):
    block = from_raster(raster, 0.01, axes=NAMES)
    names = tuple(NAMES[place] for place in order)
    other = from_raster(raster.transpose(order), 0.01, axes=names)
    for first, second in zip(trains_of(block), trains_of(other), strict=True):
        assert_array_equal(first, second)
    one, two = block.segments[0].epochs[0], other.segments[0].epochs[0]
    assert_array_equal(one.times.magnitude, two.times.magnitude)
    for name, values in one.array_annotations.items():
        assert_array_equal(values, two.array_annotations[name])


@given(counts)
def test_no_two_spikes_of_a_unit_coincide(raster):
    for train in trains_of(from_raster(raster, 0.01, axes=NAMES)):
        assert (np.diff(train) > 0).all()


@pytest.mark.parametrize(
    "axes", ["neuron,time", "nt", ("neuron", "time"), ["neuron", "time"]]
)
def test_axes_may_be_written_in_several_ways(axes):
    block = from_raster([[0, 1, 0], [0, 0, 0]], 0.1, axes=axes)
    assert [len(train) for train in trains_of(block)] == [1, 0]
    np.testing.assert_allclose(trains_of(block)[0], [0.15])


@pytest.mark.parametrize("dt", ["5ms", 0.005, 5 * pq.ms])
def test_dt_may_bring_its_unit(dt):
    block = from_raster(np.eye(2), dt, axes="nt")
    np.testing.assert_allclose(trains_of(block)[1], [0.0075])


def test_counts_share_their_bin():
    block = from_raster([[0, 2]], 1.0, axes="nt")
    assert_array_equal(trains_of(block)[0], [1.25, 1.75])


def test_a_batch_with_labels_is_presentations_of_conditions():
    raster = np.zeros((4, 6, 3))  # time, batch, neuron
    block = from_raster(raster, 0.001, axes="tpn", condition=list("abcabc"))
    (trials,) = block.segments[0].epochs
    assert list(trials.array_annotations["stimulus"]) == list("abcabc")
    np.testing.assert_allclose(np.diff(trials.times.magnitude), 1.004)
    np.testing.assert_allclose(trials.durations.magnitude, 0.004)


def test_without_labels_presentations_are_of_one_stimulus():
    (trials,) = from_raster(np.zeros((4, 6, 3)), 1, axes="tpn").segments[0].epochs
    assert set(trials.array_annotations["stimulus"].tolist()) == {0}


def test_conditions_follow_each_other_with_all_their_presentations():
    block = from_raster(
        np.zeros((2, 3, 1, 5)),
        1,
        axes="cpnt",
        condition=["x", "y"],
        presentation=[4, 5, 6],
    )
    (trials,) = block.segments[0].epochs
    assert list(trials.array_annotations["stimulus"]) == list("xxxyyy")
    assert list(trials.array_annotations["presentation"]) == [4, 5, 6, 4, 5, 6]


def test_several_axes_of_neurons_are_flattened_and_their_places_kept(rng):
    raster = rng.integers(0, 2, size=(2, 7, 3))  # row, time, column
    block = from_raster(raster, 0.01, axes=("neuron", "time", "neuron"))
    for row, column in itertools.product(range(2), range(3)):
        train = block.segments[0].spiketrains[row * 3 + column]
        assert len(train) == raster[row, :, column].sum()
        assert train.annotations["axis_0"] == row
        assert train.annotations["axis_1"] == column


def test_ids_and_columns_stay_with_their_units():
    block = from_raster(
        np.eye(2), 1, axes="nt", unit_ids=["u", "v"], unit_columns={"layer": [1, 2]}
    )
    trains = block.segments[0].spiketrains
    assert [train.name for train in trains] == ["u", "v"]
    assert trains[1].annotations == {"unit_id": "v", "layer": 2}


class Tensor:
    """The part of a torch tensor that is used: no numpy before detach and cpu."""

    def __init__(self, values, on_device=True):
        self.values, self.on_device = values, on_device

    def detach(self):
        return Tensor(self.values, self.on_device)

    def cpu(self):
        return Tensor(self.values, on_device=False)

    def numpy(self):
        if self.on_device:
            raise TypeError("can't convert a tensor on a device")
        return self.values


def test_tensors_are_taken_from_their_device():
    block = from_raster(Tensor(np.eye(3)), 1, axes="nt")
    assert [len(train) for train in trains_of(block)] == [1, 1, 1]


@pytest.mark.parametrize("axes", ["tt", "t", "tp", "tnx", "ttn", "tpnp", ("t", "n")])
def test_axes_must_be_known_and_complete(axes):
    with pytest.raises(ValueError, match="axes must name time and neuron"):
        from_raster(np.zeros((2,) * len(axes)), 1, axes=axes)


def test_every_axis_must_be_named():
    with pytest.raises(ValueError, match="got 2 names for 3 axes"):
        from_raster(np.zeros((2, 2, 2)), 1, axes="nt")


def test_axes_are_mandatory():
    with pytest.raises(TypeError, match="axes"):
        from_raster(np.zeros((2, 2)), 1)


@pytest.mark.parametrize("value", [-1, 0.5, np.nan, np.inf])
def test_only_counts(value):
    with pytest.raises(ValueError, match=rf"x must hold 0 and 1 or counts .* {value}"):
        from_raster([[0, value]], 1, axes="nt")


def test_only_numbers():
    with pytest.raises(ValueError, match="x must hold numbers"):
        from_raster([["a", "b"]], 1, axes="nt")


@pytest.mark.parametrize("dt", [0, -1, "5 apples", np.nan])
def test_dt_must_be_a_time(dt):
    with pytest.raises(ValueError, match="dt must be a positive time"):
        from_raster(np.eye(2), dt, axes="nt")


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (
            {"condition": ["a"]},
            r"condition must have 2 entries, as x has; got shape \(1,\)",
        ),
        ({"presentation": [1]}, "presentation must have 2 entries"),
        ({"unit_ids": [1, 1]}, "unit_ids must be unique and one per neuron"),
        ({"unit_ids": [1]}, "unit_ids must be unique and one per neuron"),
        ({"unit_columns": {"a": [1]}}, "unit_columns must have 2 entries each"),
    ],
)
def test_labels_must_fit(options, match):
    with pytest.raises(ValueError, match=match):
        from_raster(np.zeros((2, 2, 2)), 1, axes="ntp", **options)
