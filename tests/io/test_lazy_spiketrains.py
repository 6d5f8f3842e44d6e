"""Spike trains that stay in their file are those of the loaded recording."""

import h5py
import pytest
from numpy.testing import assert_array_equal

from neuroclass import simulate_retina
from neuroclass.io import StoredSpikeTimes, load_recording, write_recording


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("lazy") / "retina.nwb"
    write_recording(
        simulate_retina(
            3, 12, 12, "2s", n_unique=2, random_state=4, rate_spread=0, sparse_share=0
        ),
        path,
    )
    return path


@pytest.mark.parametrize("stretch", [7, 50, 1 << 20])
def test_stored_times_are_read_whatever_stretches_they_lie_in(path, stretch):
    with h5py.File(path) as file:
        stops = file["units/spike_times_index"][()].tolist()
    stored = StoredSpikeTimes(str(path), "units/spike_times", stretch=stretch)
    loaded = load_recording(path).segments[0].spiketrains
    for train, start, stop in zip(loaded, [0, *stops[:-1]], stops, strict=True):
        assert_array_equal(stored.read(start, stop), train.magnitude)
        n = min(stretch, len(train))
        assert_array_equal(stored.read(start, start + n), train.magnitude[:n])
        assert len(stored.read(start, start)) == 0


@pytest.mark.parametrize("block_size", [1, 300, 1 << 22])
def test_lazy_trains_are_the_loaded_ones_whatever_is_checked_together(path, block_size):
    loaded = load_recording(path).segments[0].spiketrains
    lazy = load_recording(path, lazy=True, block_size=block_size)
    for train, stored in zip(loaded, lazy.segments[0].spiketrains, strict=True):
        assert len(stored) == len(train)
        assert_array_equal(stored.magnitude, train.magnitude)
        assert (stored.t_start, stored.t_stop) == (train.t_start, train.t_stop)
        assert stored.annotations == train.annotations


def test_the_repr_says_which_train_of_which_file_it_is(path):
    train = load_recording(path, lazy=True).segments[0].spiketrains[3]
    n_spikes = len(train)
    expected = f"StoredSpikeTrain(unit 3, {n_spikes} spikes in retina.nwb)"
    assert repr(train) == expected
