"""Possible duplicate units among those that are classified."""

import warnings

import neo
import numpy as np
import pytest
import quantities as pq

from neuroclass import classify_neurons, select_presentations, simulate_retina
from neuroclass.analysis.coincident_units import duplicate_issues

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


@pytest.mark.parametrize("share", [0.1, 0.45, 0.7])
def test_many_spikes_are_judged_as_few_are(rng, share):
    times = np.sort(rng.uniform(0, 2000, 60_000))
    twin = np.sort(
        np.concatenate(
            [
                times[rng.random(len(times)) < share],
                rng.uniform(0, 2000, round(len(times) * (1 - share))),
            ]
        )
    )
    block, segment = neo.Block(), neo.Segment()
    block.segments.append(segment)
    for k, each in enumerate((times, twin)):
        segment.spiketrains.append(
            neo.SpikeTrain(each * pq.s, t_stop=2000 * pq.s, unit_id=k)
        )
    segment.epochs.append(
        neo.Epoch(np.arange(20) * 100 * pq.s, np.full(20, 100) * pq.s, name="trials")
    )
    shown = select_presentations(block)
    found = duplicate_issues(block, shown, [0, 1], np.zeros((2, 2)))
    assert bool(found) == (share > 0.5)
