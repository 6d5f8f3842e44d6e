"""Spike trains to words to counts, beside plain loops."""

import dataclasses

import neo
import numpy as np
import pytest
import quantities as pq
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.presentations.selection import Presentations
from neuroclass.responses.counts import count_groups, count_words
from neuroclass.responses.firing_rates import mean_rates
from neuroclass.responses.words import bin_words


def make_recording(trains, t_stop=100.0, **annotations):
    segment = neo.Segment()
    for k, times in enumerate(trains):
        train = neo.SpikeTrain(np.asarray(times, float) * pq.s, t_stop=t_stop * pq.s)
        train.annotations["unit_id"] = k
        for name, values in annotations.items():
            if values[k] is not None:
                train.annotations[name] = values[k]
        segment.spiketrains.append(train)
    block = neo.Block()
    block.segments.append(segment)
    return block


def make_presentations(starts, durations, stimulus=None, condition="stimulus,time"):
    stimulus = np.zeros(len(starts), int) if stimulus is None else np.array(stimulus)
    return Presentations(
        starts=np.asarray(starts, float),
        stimulus=stimulus,
        stimuli=tuple("abcdef"[: stimulus.max() + 1]),
        durations=np.atleast_1d(np.asarray(durations, float)),
        condition=condition,
        source="test",
        reason="test",
    )


@pytest.fixture
def spikes(rng):
    trains = [np.sort(rng.uniform(0, 40, rng.integers(20, 400))) for _ in range(5)]
    starts = np.arange(8) * 5.0 + 0.3
    stimulus = [0, 1, 0, 0, 1, 1, 0, 1]
    return make_recording(trains), make_presentations(starts, [4.0, 2.5], stimulus)


def words_by_loop(times, start, n_bins, bin_size, word_length, response):
    bins = [0] * n_bins
    for time in times:
        k = int(np.floor((time - start) / bin_size))
        if 0 <= k < n_bins:
            bins[k] = bins[k] + 1 if response == "counts" else 1
    return [tuple(bins[k : k + word_length]) for k in range(0, n_bins, word_length)]


@pytest.mark.parametrize("response", ["words", "counts"])
@pytest.mark.parametrize("word_length", [1, 2, 3])
@pytest.mark.parametrize("bin_size", [0.02, 0.25])
def test_words_and_counts_equal_plain_loops(spikes, response, word_length, bin_size):
    recording, shown = spikes
    words = bin_words(recording, shown, bin_size, word_length, response)
    counted = count_words(words)
    n_windows = [int(d / bin_size + 1e-6) // word_length for d in shown.durations]
    assert_array_equal(words.n_windows, n_windows)
    base = 2
    if response == "counts":
        base = 1 + max(
            max(
                max(w)
                for w in words_by_loop(
                    train.magnitude,
                    start,
                    n_windows[s] * word_length,
                    bin_size,
                    word_length,
                    response,
                )
            )
            for train in recording.segments[0].spiketrains
            for start, s in zip(shown.starts, shown.stimulus, strict=True)
        )
    expected = np.zeros_like(counted.counts)
    dense = words.to_array()
    column = {int(code): k for k, code in enumerate(counted.words)}
    for i, train in enumerate(recording.segments[0].spiketrains):
        for p, (start, s) in enumerate(zip(shown.starts, shown.stimulus, strict=True)):
            spoken = words_by_loop(
                train.magnitude,
                start,
                n_windows[s] * word_length,
                bin_size,
                word_length,
                response,
            )
            for window, word in enumerate(spoken):
                code = 0
                for digit in word:
                    code = code * base + digit
                assert dense[i, p, window] == code
                expected[i, window + (n_windows[0] if s else 0), column[code]] += 1
            assert (dense[i, p, len(spoken) :] == -1).all()
    assert_array_equal(counted.counts, expected)


def test_every_condition_has_all_its_repeats(spikes):
    counted = count_words(bin_words(*spikes, 0.05, 2))
    assert_array_equal(counted.repeats, 4)
    assert_array_equal(counted.stimulus, np.repeat([0, 1], [40, 25]))
    assert_allclose(counted.time[:3], [0, 0.1, 0.2])
    assert counted.word_duration == pytest.approx(0.1)


def test_spikes_inside_the_words_are_all_counted(spikes):
    recording, shown = spikes
    words = bin_words(recording, shown, 0.05)
    stops = shown.starts + shown.durations[shown.stimulus]
    for i, train in enumerate(recording.segments[0].spiketrains):
        inside = [
            ((train.magnitude >= a) & (train.magnitude < b)).sum()
            for a, b in zip(shown.starts, stops, strict=True)
        ]
        assert_array_equal(words.n_spikes[i], inside)
    counted = count_words(words)
    assert_array_equal(counted.n_spikes, words.n_spikes.sum(axis=1))
    assert_allclose(counted.firing_rate, counted.n_spikes / 26.0)
    assert_allclose(words.firing_rate, counted.n_spikes / 26.0)


def test_spikes_on_an_edge_belong_to_the_later_bin():
    # Whole milliseconds on a far clock: subtraction puts many a hair below the edge.
    start = 12_345.678
    times = start + np.arange(0, 1, 0.005)
    recording = make_recording([times], t_stop=13_000)
    words = bin_words(recording, make_presentations([start], 1.0), 0.005)
    assert_array_equal(words.to_array(), np.ones((1, 1, 200)))


def test_a_remainder_shorter_than_a_word_is_not_used():
    recording = make_recording([[0.05, 0.98]])
    words = bin_words(recording, make_presentations([0.0], 1.0), 0.1, 3)
    assert words.n_windows.tolist() == [3]
    assert words.n_spikes.tolist() == [[1]]


def test_overlapping_presentations_both_hear_a_spike():
    recording = make_recording([[1.5]])
    words = bin_words(recording, make_presentations([0.0, 1.0], 2.0), 1.0)
    assert_array_equal(words.to_array()[0], [[0, 1], [1, 0]])


@pytest.mark.parametrize("condition", ["stimulus", "none"])
def test_times_are_pooled_on_request(spikes, condition):
    recording, shown = spikes
    timed = count_words(bin_words(recording, shown, 0.05))
    pooled = count_words(
        bin_words(recording, dataclasses.replace(shown, condition=condition), 0.05)
    )
    assert pooled.counts.shape == (5, 2, 2)
    assert_array_equal(pooled.counts[:, 0], timed.counts[:, :80].sum(axis=1))
    assert_array_equal(pooled.counts[:, 1], timed.counts[:, 80:].sum(axis=1))
    assert np.isnan(pooled.time).all()


def test_units_recorded_for_a_part_count_only_there(spikes):
    recording, shown = spikes
    train = recording.segments[0].spiketrains[1]
    # From within the second presentation (5.3 to 7.8 s) to within the third.
    train.annotations["obs_intervals"] = np.array([[6.32, 12.3], [30.0, 30.1]])
    words = bin_words(recording, shown, 0.1)
    counted = count_words(words)
    assert (words.to_array()[1][[0, 3, 4, 5, 7]] == -1).all()
    assert_array_equal(counted.repeats[1, :20], [1] * 20)  # stimulus a: 10.3 to 12.3
    assert_array_equal(counted.repeats[1, 20:40], [0] * 20)
    assert_array_equal(counted.repeats[1, 40:51], [0] * 11)  # b: from 6.4
    assert_array_equal(counted.repeats[1, 51:], [1] * 14)
    assert_array_equal(counted.repeats[[0, 2, 3, 4]], 4)
    whole = count_words(bin_words(recording, shown, 0.1, units=[0]))
    assert_array_equal(whole.counts[0], counted.counts[0])
    assert_allclose(words.firing_rate[1], words.n_spikes[1].sum() / 3.4)


def test_groups_of_repeats_add_up_to_the_whole(spikes):
    words = bin_words(*spikes, 0.05)
    groups = list(count_groups(words))
    assert len(groups) == 4  # no more than repeats
    assert_array_equal(sum(groups), count_words(words).counts)
    assert len(list(count_groups(words, 2))) == 2


def test_words_of_sixty_bins_are_counted_by_those_observed(rng):
    times = np.sort(rng.uniform(0, 30, 2000))
    recording = make_recording([times, times + 0.001])
    shown = make_presentations(np.arange(10) * 3.0, 3.0)
    counted = count_words(bin_words(recording, shown, 0.05, 60))
    assert counted.words.max() > 2**16
    assert counted.counts.shape[2] <= 21
    assert_array_equal(counted.repeats, 10)


def test_words_too_long_to_number_are_told(spikes):
    recording, shown = spikes
    with pytest.raises(ValueError, match="word_length must be at most 62"):
        bin_words(recording, shown, 0.01, 63)


def test_words_longer_than_the_stimulus_are_told(spikes):
    with pytest.raises(ValueError, match=r"stimulus b \(2.5 s\); got 3 s"):
        bin_words(*spikes, 1.0, 3)


def test_silent_neurons_and_silence_are_counted():
    recording = make_recording([[], []])
    counted = count_words(bin_words(recording, make_presentations([0, 5], 1.0), 0.5))
    assert counted.counts.tolist() == [[[2], [2]], [[2], [2]]]
    assert counted.firing_rate.tolist() == [0, 0]


def test_firing_rates_are_spikes_per_repeat_and_second(spikes):
    recording, shown = spikes
    words = bin_words(recording, shown, 0.5, response="counts")
    rates = mean_rates(words)
    assert rates.shape == (5, 8 + 5)
    a = rates[:, :8].mean(axis=1) * 4 * 4.0
    b = rates[:, 8:].mean(axis=1) * 4 * 2.5
    assert_allclose(a + b, words.n_spikes.sum(axis=1))
    with pytest.raises(ValueError, match="word_length must be 1"):
        mean_rates(bin_words(recording, shown, 0.5, 2, "counts"))


def test_bin_sizes_may_carry_a_unit(spikes):
    for bin_size in ("20ms", 20 * pq.ms):
        assert bin_words(*spikes, bin_size).bin_size == pytest.approx(0.02)
    with pytest.raises(ValueError, match="bin_size must be a positive time"):
        bin_words(*spikes, -1)
