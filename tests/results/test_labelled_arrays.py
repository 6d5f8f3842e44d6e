"""Results as labelled arrays: values and coordinates are those of the result."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass import classify_neurons, discriminate_neurons, simulate_retina

pytest.importorskip("xarray")


@pytest.fixture(scope="module")
def recording():
    return simulate_retina(2, 8, 12, 2.0, random_state=5)


def test_psths_have_units_stimuli_and_times(recording):
    result = classify_neurons(recording, n_clusters=2)
    data = result.to_xarray()
    assert data.firing_rate.dims == ("unit", "bin")
    assert_array_equal(data.firing_rate.values, result.psth.rates)
    ids = [str(result.unit_ids[k]) for k in result.classified]
    assert [str(one) for one in data.unit.values] == ids
    assert_array_equal(data.label.values, result.labels[result.classified])
    assert set(data.stimulus.values) == set(result.presentations.stimuli)
    first = data.time.values[data.stimulus.values == data.stimulus.values[0]]
    assert_allclose(first, (np.arange(first.size) + 0.5) * result.psth.bin_size)
    # What it is for: a mean by class, without indices.
    means = data.firing_rate.groupby("label").mean()
    labels = result.labels[result.classified]
    expected = [result.psth.rates[labels == k].mean(axis=0) for k in (0, 1)]
    assert_allclose(means.values, expected)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_pairs_are_symmetric_matrices(recording):
    result = discriminate_neurons(recording)
    data = result.to_xarray()
    for name, values in (
        ("bits_per_second", result.information_rate),
        ("z", result.divergences.z),
        ("time_to_90", result.time_to_accuracy(0.9)),
    ):
        matrix = data[name].values
        assert_array_equal(matrix, matrix.T)
        assert np.isnan(np.diagonal(matrix)).all()
        pairs = result.divergences
        assert_array_equal(matrix[pairs.first, pairs.second], values)
    assert [str(one) for one in data.unit.values] == [str(k) for k in result.unit_ids]
