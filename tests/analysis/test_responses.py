"""Responses: found once, and shared by every analysis."""

import warnings
from collections import Counter

import neo
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from neuroclass import (
    classify_neurons,
    discriminate_neurons,
    measure_information,
    prepare_responses,
    scan_information,
    simulate_retina,
)
from neuroclass.io import write_recording
from neuroclass.presentations import select_presentations
from neuroclass.responses import ResponseSettings

READS = Counter()


class CountingTrain(neo.SpikeTrain):
    """A spike train that counts how often its times are read."""

    @property
    def magnitude(self):
        READS[self.annotations["unit_id"]] += 1
        return super().magnitude


@pytest.fixture(scope="module")
def retina():
    return simulate_retina(
        3,
        12,
        20,
        "4s",
        diversity=0.3,
        n_unique=2,
        random_state=1,
        rate_spread=0,
        sparse_share=0,
    )


@pytest.fixture(scope="module")
def responses(retina):
    return prepare_responses(retina, bin_size="20ms", progress=False)


def test_every_analysis_takes_responses_or_the_same_keywords(retina, responses):
    how = {"bin_size": "20ms", "progress": False}
    ours = classify_neurons(responses, n_clusters=3)
    assert_array_equal(
        ours.labels, classify_neurons(retina, n_clusters=3, **how).labels
    )
    assert ours.settings == classify_neurons(retina, n_clusters=3, **how).settings
    pairs = discriminate_neurons(responses), discriminate_neurons(retina, **how)
    assert_array_equal(pairs[0].divergences.z, pairs[1].divergences.z)
    bits = measure_information(responses), measure_information(retina, **how)
    assert bits[0].information.bits_per_word == bits[1].information.bits_per_word
    words = {"bin_sizes": [0.02], "word_lengths": [1, 2]}
    scans = (
        scan_information(responses, **words),
        scan_information(retina, progress=False, **words),
    )
    assert [w.identity.interval.tolist() for w in scans[0].words] == [
        w.identity.interval.tolist() for w in scans[1].words
    ]


def test_spike_trains_are_read_seven_times_and_not_again():
    retina = simulate_retina(
        2, 8, 20, "4s", n_unique=0, random_state=3, rate_spread=0, sparse_share=0
    )
    segment = retina.segments[0]
    segment.spiketrains = [train.view(CountingTrain) for train in segment.spiketrains]
    READS.clear()
    responses = prepare_responses(retina, progress=False)  # the bin width is chosen
    classify_neurons(responses, n_clusters=2, criterion="word")
    # Presentations (span, silence), grid, words of all widths, drift, rates, possible
    # duplicates. Of equal length they are compared; the first is searched for a spike
    # in a presentation.
    lengths = Counter(map(len, segment.spiketrains))
    for k, train in enumerate(segment.spiketrains):
        n_reads = READS[train.annotations["unit_id"]]
        assert n_reads <= 7 + (lengths[len(train)] > 1) + (k == 0)
    READS.clear()
    measure_information(responses)
    assert not READS
    classify_neurons(responses, n_clusters=3, criterion="word")
    assert set(READS.values()) == {1}  # possible duplicates, which the losses choose
    READS.clear()
    classify_neurons(responses, n_clusters=2)  # spikes in base bins, and their grid
    assert max(READS.values()) <= 3
    READS.clear()
    classify_neurons(responses, n_clusters=3)
    assert set(READS.values()) == {1}
    READS.clear()
    found = discriminate_neurons(responses)
    pairs = {found.unit_ids[i] for c in found.curves for i in (c.first, c.second)}
    alike = ~found.is_distinguishable
    pairs |= {found.unit_ids[i] for i in found.divergences.first[alike]}
    pairs |= {found.unit_ids[i] for i in found.divergences.second[alike]}
    assert set(READS) <= pairs


def test_the_counts_of_the_chosen_width_are_those_of_that_width(retina):
    chosen = prepare_responses(retina, progress=False)
    given = prepare_responses(retina, bin_size=chosen.bin_size, progress=False)
    assert chosen.bin_setting["chosen"] == "auto"
    assert given.bin_setting == chosen.bin_size
    assert_array_equal(chosen.counts.counts, given.counts.counts)


def test_units_that_were_never_recorded_are_left_out_of_the_counts(retina):
    recording = simulate_retina(
        3, 12, 20, "4s", n_unique=2, random_state=1, rate_spread=0, sparse_share=0
    )
    trains = recording.segments[0].spiketrains
    trains[5].annotations["obs_intervals"] = np.zeros((1, 2))
    responses = prepare_responses(recording, bin_size="20ms", progress=False)
    assert responses.units == (*range(5), *range(6, 12))
    rest = {"true_type": sorted({t.annotations["true_type"] for t in trains})}
    assert (
        prepare_responses(recording, bin_size="20ms", units=rest, progress=False).units
        == responses.units
    )
    segment = recording.segments[0]
    segment.spiketrains = [train for k, train in enumerate(trains) if k != 5]
    without = prepare_responses(recording, bin_size="20ms", progress=False)
    assert_array_equal(responses.counts.counts, without.counts.counts)
    for one, other in zip(
        responses.counted.groups(), without.counted.groups(), strict=True
    ):
        assert_array_equal(one, other)


def test_a_keyword_that_is_unknown_is_answered_with_the_near_one(retina, responses):
    with pytest.raises(TypeError, match=r"'bin_sise'. Did you mean 'bin_size'\?"):
        classify_neurons(retina, bin_sise=0.02)
    with pytest.raises(TypeError, match=r"'n_cluster'. Did you mean 'n_clusters'\?"):
        classify_neurons(retina, n_cluster=3)
    with pytest.raises(TypeError, match=r"'n_job'. Did you mean 'n_jobs'\?"):
        discriminate_neurons(retina, n_job=3)
    with pytest.raises(TypeError, match=r"'bin_size'. Did you mean 'bin_sizes'\?"):
        scan_information(retina, bin_size=0.02)
    with pytest.raises(TypeError, match="'bin_size', which is settled in responses"):
        classify_neurons(responses, bin_size=0.02)
    with pytest.raises(TypeError, match="settings must be a ResponseSettings"):
        prepare_responses(retina, {"bin_size": 0.02})


def test_settings_are_one_object_or_keywords(retina, responses):
    settings = ResponseSettings(bin_size="20ms")
    again = prepare_responses(retina, settings, progress=False)
    assert again.settings == responses.settings
    assert_array_equal(again.counts.counts, responses.counts.counts)
    assert prepare_responses(retina, settings, bin_size="50ms").bin_size == 0.05


def test_presentations_that_are_known_are_of_a_loaded_recording(retina, tmp_path):
    shown = select_presentations(retina)
    given = prepare_responses(retina, presentations=shown, bin_size=0.02)
    assert given.presentations is shown
    write_recording(retina, tmp_path / "retina.nwb")
    with pytest.raises(ValueError, match="presentations must be of a recording that"):
        prepare_responses(tmp_path / "retina.nwb", presentations=shown)


def test_issues_are_data_and_warned_of_once():
    retina = simulate_retina(
        2, 6, 20, "4s", n_unique=0, random_state=0, rate_spread=0, sparse_share=0
    )
    trains = retina.segments[0].spiketrains
    trains[2] = trains[2][:0]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        responses = prepare_responses(retina, bin_size="20ms", progress=False)
        results = (
            classify_neurons(responses, n_clusters=2),
            discriminate_neurons(responses),
            measure_information(responses),
        )
    (issue,) = (i for i in responses.issues if i.kind == "silent units")
    assert issue.units == (trains[2].annotations["unit_id"],)
    assert [str(w.message) for w in caught].count(issue.text) == 1
    assert all(issue in result.issues for result in results)


def test_responses_say_what_they_hold(responses):
    text = repr(responses)
    assert text.startswith("Responses(12 neurons, 20 repeats of 1 stimulus of 4 s")
    assert "20 ms" in text
