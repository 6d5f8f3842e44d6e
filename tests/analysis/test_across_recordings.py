"""Classes of several recordings, found apart and matched."""

import json

import neo
import numpy as np
import pytest
import quantities as pq
from numpy.testing import assert_array_equal
from sklearn.metrics import adjusted_rand_score

from neuroclass.analysis.across_recordings import classify_within
from neuroclass.report import save_families
from neuroclass.simulation.retina import simulate_retina


def retina(seed):
    return simulate_retina(
        3,
        24,
        20,
        "6s",
        n_unique=0,
        diversity=0.3,
        stimulus_random_state=7,
        random_state=seed,
        rate_spread=0,
        sparse_share=0,
    )


def thinned(recording, share, name):
    """Return a copy with a part of the spikes."""
    rng = np.random.default_rng(0)
    block, segment = neo.Block(name=name), neo.Segment()
    for train in recording.segments[0].spiketrains:
        times = train.magnitude[rng.random(len(train)) < share]
        new = neo.SpikeTrain(times * pq.s, t_stop=train.t_stop)
        new.annotations.update(train.annotations)
        segment.spiketrains.append(new)
    segment.epochs.append(recording.segments[0].epochs[0])
    block.segments.append(segment)
    return block


def truth_of(recordings):
    return [
        train.annotations["true_type"]
        for recording in recordings
        for train in recording.segments[0].spiketrains
    ]


@pytest.fixture(scope="module")
def apart():
    """Two retinas, of which the second has a fifth of its spikes."""
    retinas = [retina(0), thinned(retina(1), 0.2, "faint")]
    return retinas, classify_within(retinas, bin_size=0.02, progress=False)


def test_classes_found_apart_are_matched(apart):
    retinas, found = apart
    families = np.concatenate([found.family_of_units(k) for k in range(2)])
    assert found.n_families == 3
    assert adjusted_rand_score(truth_of(retinas), families) == 1
    assert_array_equal(found.agreement, 1)
    assert (found.p_value[[0, 1], [1, 0]] <= 0.001).all()
    assert all((d < found.nearest.max()).all() for d in found.distance)


def test_each_recording_keeps_its_own_result(apart):
    retinas, found = apart
    for recording, classification in zip(retinas, found.classifications, strict=True):
        assert classification.recording is recording
        assert classification.by_recording is None
        assert classification.unit_ids == tuple(range(24))
    frame = found.to_frame()
    assert len(frame) == 48
    assert set(frame["recording"]) == set(found.recordings)
    summary = found.summary()
    assert summary[list(found.recordings)].to_numpy().sum() == 48


def test_one_width_of_bins_is_chosen_for_all_recordings(tmp_path):
    light = {"n_unique": 0, "stimulus_random_state": 7}
    retinas = [
        simulate_retina(
            2, 8, 12, "2s", random_state=seed, **light, rate_spread=0, sparse_share=0
        )
        for seed in (0, 1)
    ]
    found = classify_within(retinas, n_clusters=2, progress=False)
    first, second = (c.settings["bin_size"] for c in found.classifications)
    assert first == second
    assert first["chosen"] == "auto"
    assert first["why"].endswith("of all recordings together")
    folder = save_families(found, tmp_path / "apart")
    result = json.loads((folder / "families.json").read_text())
    assert result["settings"]["bin_size"] == first
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "of all recordings together" in page


def test_families_are_written_whole(apart, tmp_path):
    _, found = apart
    folder = save_families(found, tmp_path / "apart", command="neuroclass cluster")
    names = {path.name for path in folder.iterdir()}
    files = {"labels.csv", "families.json", "families.png", "families.svg"}
    files |= {"report.html"}
    assert names == files | {"simulated_retina", "faint"}
    assert (folder / "faint" / "report.html").is_file()
    result = json.loads((folder / "families.json").read_text())
    assert [f["n_neurons"]["faint"] for f in result["families"]] == [8, 8, 8]
    lines = (folder / "labels.csv").read_text().splitlines()
    assert len(lines) == 49
    header = lines[0].split(",")
    assert header[-1] == "family"
    assert "recording" in header
    assert ",false,,faint," in lines[-1]
