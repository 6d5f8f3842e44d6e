"""Several recordings under the same stimulus as one population."""

import neo
import numpy as np
import pytest
import quantities as pq
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import adjusted_rand_score

from neuroclass import (
    bin_words,
    classify_neurons,
    count_words,
    prepare_responses,
    select_presentations,
)
from neuroclass.exceptions import RecordingError
from neuroclass.io import write_recording
from neuroclass.presentations import (
    match_presentations,
    pool_recordings,
    recording_names,
)
from neuroclass.responses.counts import count_groups
from neuroclass.simulation.retina import simulate_retina


def retina(seed, n_presentations=20, n_neurons=24, **options):
    options = {"duration": "6s", "n_unique": 0, "diversity": 0.3} | options
    return simulate_retina(
        3,
        n_neurons,
        n_presentations,
        stimulus_random_state=7,
        random_state=seed,
        **options,
        rate_spread=0,
        sparse_share=0,
    )


def changed(recording, *, keep=1.0, epoch=None, name="changed"):
    """Return a copy with a part of the spikes, or other trials."""
    rng = np.random.default_rng(0)
    block, segment = neo.Block(name=name), neo.Segment()
    for train in recording.segments[0].spiketrains:
        times = train.magnitude[rng.random(len(train)) < keep]
        new = neo.SpikeTrain(times * pq.s, t_stop=train.t_stop)
        new.annotations.update(train.annotations)
        segment.spiketrains.append(new)
    segment.epochs.append(recording.segments[0].epochs[0] if epoch is None else epoch)
    block.segments.append(segment)
    return block


def trials(starts, durations, stimuli=None, name="trials"):
    columns = {} if stimuli is None else {"stimulus": np.array(stimuli)}
    return neo.Epoch(
        np.asarray(starts, float) * pq.s,
        durations=np.broadcast_to(durations, len(starts)) * pq.s,
        labels=np.arange(len(starts)).astype(str),
        name=name,
        array_annotations=columns,
    )


def flashes(stimuli, duration=1.0, n_units=3, rng=0, name="trials"):
    """A recording of Poisson units under the stimuli in this order."""
    rng = np.random.default_rng(rng)
    starts = 2.0 * np.arange(len(stimuli))
    block, segment = neo.Block(name="flashes"), neo.Segment()
    for unit in range(n_units):
        times = np.sort(rng.uniform(0, starts[-1] + 2, 20 * len(stimuli)))
        train = neo.SpikeTrain(times * pq.s, t_stop=(starts[-1] + 2) * pq.s)
        train.annotations["unit_id"] = unit
        segment.spiketrains.append(train)
    labels = None if stimuli[0] is None else stimuli
    segment.epochs.append(trials(starts, duration, labels, name))
    block.segments.append(segment)
    return block


def counts_of(recording, presentations):
    return count_words(bin_words(recording, presentations, 0.02))


@pytest.mark.parametrize("repeats", [(12, 12), (12, 30), (17, 10)])
def test_counts_of_the_pool_are_those_of_each_recording(repeats):
    retinas = [retina(seed, n) for seed, n in enumerate(repeats)]
    pool, presentations = pool_recordings(retinas)
    found = counts_of(pool, presentations)
    assert_array_equal(found.repeats[:, 0], np.repeat(repeats, 24))
    alone = [counts_of(r, select_presentations(r)).counts for r in retinas]
    assert_array_equal(found.counts, np.concatenate(alone))


def test_the_halves_of_a_recording_pooled_are_the_recording():
    whole = retina(0)
    halves = []
    for part in (slice(0, 10), slice(10, None)):
        half = changed(whole)
        selected = list(half.segments[0].spiketrains)[part]
        half.segments[0].spiketrains = selected
        halves.append(half)
    found = counts_of(*pool_recordings(halves))
    expected = counts_of(whole, select_presentations(whole))
    assert_array_equal(found.counts, expected.counts)
    assert_allclose(found.firing_rate, expected.firing_rate)


def test_every_group_of_repeats_holds_its_share_of_each_recording():
    pool, presentations = pool_recordings([retina(0, 20), retina(1, 50)])
    words = bin_words(pool, presentations, 0.02)
    for group in count_groups(words):
        assert_array_equal(group.sum(axis=2)[:, 0], np.repeat([2, 5], 24))


def test_stimuli_are_matched_by_name_not_by_order():
    first = flashes(["a", "b", "c"] * 10)
    second = flashes(["c"] * 12 + ["b"] * 15 + ["d"] * 20, rng=1)
    with pytest.warns(UserWarning, match="2 stimuli left out .* 10 present.*: a, d"):
        pool, presentations = pool_recordings([first, second])
    assert presentations.stimuli == ("b", "c")
    assert_array_equal(presentations.repeats, [15, 12])
    found = counts_of(pool, presentations)
    alone = counts_of(second, select_presentations(second))
    of_b, of_c = (
        alone.counts[:, alone.stimulus == alone.stimuli.index(s)] for s in "bc"
    )
    assert_array_equal(found.counts[3:], np.concatenate([of_b, of_c], axis=1))
    assert_array_equal(found.repeats[:3], 10)
    assert "flashes.1 10, flashes.2 12 to 15" in presentations.notes[0]


def test_of_unequal_lengths_the_common_beginning_is_used():
    long, short = flashes(["a"] * 10), flashes(["a"] * 10, duration=0.8, rng=1)
    with pytest.warns(UserWarning, match=r"most a: 0\.8 s in flashes\.2, 1 s in"):
        pool, presentations = pool_recordings([long, short])
    assert_allclose(presentations.durations, 0.8)
    alone = counts_of(long, select_presentations(long)).counts
    assert_array_equal(counts_of(pool, presentations).counts[:3], alone[:, :40])


def test_a_stimulus_without_a_name_is_taken_on_trust_if_it_lasts_as_long():
    named_by_nothing = [flashes([None] * 10, rng=k) for k in range(2)]
    with pytest.warns(UserWarning, match="trials does not name its stimulus"):
        pool_recordings(named_by_nothing)
    shorter = flashes([None] * 10, duration=0.5)
    with pytest.raises(RecordingError, match=r"the table trials does not name it"):
        pool_recordings([named_by_nothing[0], shorter])


def test_recordings_without_a_common_stimulus_are_refused():
    with pytest.raises(RecordingError, match=r"movie1 has movie1 .* has movie2"):
        pool_recordings(["data/salamander_movie1.nwb", "data/salamander_movie2.nwb"])


def test_recordings_of_two_sessions_under_the_same_movie_are_pooled():
    pool, presentations = pool_recordings(
        ["data/salamander_movie1.nwb", "data/salamander_small.nwb"]
    )
    trains = pool.segments[0].spiketrains
    assert len(trains) == 49 + 38
    assert trains[49].annotations["unit_id"] == "salamander_small:0"
    assert trains[49].annotations["recording"] == "salamander_small"
    assert (presentations.stimuli, presentations.n_presentations) == (("movie1",), 30)


def test_recordings_that_cannot_be_pooled_are_refused(tmp_path):
    one = retina(0, 10, duration="1s")
    with pytest.raises(ValueError, match="recordings must be at least two; got 1"):
        pool_recordings([one])
    with pytest.raises(ValueError, match="simulated_retina is given twice"):
        pool_recordings([one, one])
    write_recording(one, tmp_path / "r.nwb")
    (tmp_path / "link.nwb").symlink_to("r.nwb")
    with pytest.raises(ValueError, match=r"link\.nwb is given twice"):
        pool_recordings([tmp_path / "r.nwb", tmp_path / "link.nwb"])
    few = retina(1, 4, duration="1s")
    with pytest.raises(RecordingError, match=r"^simulated_retina\.2: no rep"):
        pool_recordings([one, few])
    with pytest.raises(ValueError, match="presentations must be of a recording that"):
        prepare_responses([one, few], presentations=select_presentations(one))


def test_names_of_recordings_are_unique(tmp_path):
    paths = [tmp_path / "a" / "r.nwb", tmp_path / "b" / "r.nwb", tmp_path / "s.nwb"]
    blocks = [neo.Block(file_origin=str(path)) for path in paths]
    assert recording_names(blocks[1:]) == ["r", "s"]
    assert recording_names(blocks[:2]) == ["a/r", "b/r"]
    assert recording_names([neo.Block(), neo.Block()]) == ["recording.1", "recording.2"]


def test_units_recorded_part_of_the_time_stay_so():
    first, second = retina(0, 10), retina(1, 10)
    (epoch,) = first.segments[0].epochs
    start = float(epoch.times[4])
    first.segments[0].spiketrains[5].annotations["obs_intervals"] = [[0.0, start + 3.0]]
    pool, presentations = pool_recordings([first, second])
    found = counts_of(pool, presentations)
    alone = counts_of(first, select_presentations(first))
    assert_array_equal(found.counts[:24], alone.counts)
    assert_array_equal(np.unique(found.repeats[5]), [4, 5])
    assert (found.repeats[6:] == 10).all()


def test_without_a_stimulus_recordings_begin_at_the_same_time():
    first, second = retina(0, 10), retina(1, 20)
    pool, presentations = pool_recordings([first, second], condition="none")
    assert presentations.n_presentations == 100
    found = counts_of(pool, presentations)
    assert found.repeats[0, 0] < found.repeats[24, 0]
    rates = [len(t) / float(t.t_stop) for t in first.segments[0].spiketrains]
    assert_allclose(found.firing_rate[:24], rates, rtol=0.1)


def test_warnings_name_the_recording():
    first, overlapping = flashes(["a"] * 12), flashes(["a"] * 12, duration=2.5)
    with (
        pytest.warns(UserWarning, match=r"^flashes\.2: .* begin before"),
        pytest.warns(UserWarning, match="1 stimulus differs in length"),
    ):
        match_presentations([first, overlapping])


def test_classes_follow_types_and_not_recordings():
    retinas = [retina(0, 20), retina(1, 30)]
    with pytest.warns(UserWarning, match="neurons of 2 recordings are pooled"):
        found = classify_neurons(retinas, progress=False)
    truth = [
        t.annotations["true_type"] for t in found.recording.segments[0].spiketrains
    ]
    assert found.n_clusters == 3
    assert adjusted_rand_score(truth, found.labels) == 1
    assert abs(found.by_recording.adjusted_mutual_information) < 0.05
    assert found.by_recording.p_value > 0.5
    assert not any("follow" in note for note in map(str, found.issues))
    assert set(found.to_frame()["recording"]) == {
        "simulated_retina.1",
        "simulated_retina.2",
    }
    assert found.unit_ids[24] == "simulated_retina.2:0"


def test_classes_that_follow_the_recording_are_warned_about():
    # A quarter of the spikes, as with another gain, is a type of its own in the pool.
    retinas = [retina(0), changed(retina(1), keep=0.2)]
    with pytest.warns(UserWarning, match=r"the classes follow the recording.*--within"):
        found = classify_neurons(retinas, criterion="word", progress=False)
    assert found.by_recording.adjusted_mutual_information > 0.2
    assert found.by_recording.p_value < 0.001
    with pytest.warns(UserWarning, match="neurons of 2 recordings are pooled"):
        timed = classify_neurons(retinas, progress=False)
    assert timed.by_recording.p_value > 0.05  # another gain is no type by timing


def test_repeats_are_taken_of_each_recording():
    light = {"n_unique": 0, "stimulus_random_state": 7}
    retinas = [
        simulate_retina(
            2, 4, 12, "1s", random_state=s, **light, rate_spread=0, sparse_share=0
        )
        for s in (0, 1)
    ]
    whole, all_repeats = pool_recordings(retinas)
    pool, presentations = pool_recordings(retinas, repeats="3-8")
    assert_array_equal(presentations.repeats, [6])
    assert presentations.first_repeat == 3
    assert presentations.reason.startswith(
        "Repeats 3 to 8 of each recording: 6 repeats"
    )
    counts = bin_words(whole, all_repeats, 0.02).n_spikes[:, 2:8]
    assert_array_equal(bin_words(pool, presentations, 0.02).n_spikes, counts)
