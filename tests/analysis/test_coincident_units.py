"""Possible duplicate units among those that are classified."""

import warnings

import neo
import numpy as np
import pytest
import quantities as pq

from neuroclass import classify_neurons, simulate_retina

DUPLICATES = "possible duplicate units"


def with_twin(retina, unit, share, rng):
    """Return the recording with another unit of a share of the spikes of one of it."""
    train = retina.segments[0].spiketrains[unit]
    times = np.asarray(train.magnitude)[rng.random(len(train)) < share]
    twin = neo.SpikeTrain(
        np.sort(times + rng.uniform(-3e-4, 3e-4, len(times))).clip(0) * pq.s,
        t_stop=train.t_stop,
        unit_id="twin",
    )
    retina.segments[0].spiketrains.append(twin)
    return retina


@pytest.fixture
def retina():
    return simulate_retina(2, 12, 20, 4.0, n_unique=0, random_state=2, sparse_share=0)


@pytest.mark.parametrize("criterion", ["timing", "word"])
def test_one_neuron_sorted_twice_is_named(retina, rng, criterion):
    recording = with_twin(retina, 3, 0.8, rng)
    ids = [t.annotations["unit_id"] for t in recording.segments[0].spiketrains]
    with pytest.warns(UserWarning, match="1 pair of units shares most spikes"):
        found = classify_neurons(
            recording, n_clusters=2, criterion=criterion, progress=False
        )
    (issue,) = [issue for issue in found.issues if issue.kind == DUPLICATES]
    assert set(issue.units) == {ids[3], "twin"}
    assert f"{ids[3]} and twin" in issue.text


def test_neurons_of_one_type_are_no_duplicates(retina):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        found = classify_neurons(retina, n_clusters=2, progress=False)
    assert DUPLICATES not in {issue.kind for issue in found.issues}
