"""The leave-one-repeat-out decoder of the neuron identity."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroclass import bin_words, from_raster, select_presentations
from neuroclass.discrimination import decode_pair
from neuroclass.responses.counts import conditions_of_windows


def words_of(spikes, condition="stimulus,time", stimuli=None):
    """Words of one bin of 10 ms from spikes (neuron, presentation, bin).

    Codes of the first two neurons, conditions and duration of a word, for the decoder.
    """
    recording = from_raster(
        spikes,
        "10ms",
        axes="npt",
        condition=stimuli or ["movie"] * spikes.shape[1],
    )
    presentations = select_presentations(recording, min_repeats=2, condition=condition)
    words = bin_words(recording, presentations, "10ms")
    conditions, _, _ = conditions_of_windows(words)
    return words.to_array()[:2], conditions, words.word_duration


def score_by_loop(spikes, neuron, presentation, bins):
    """Log likelihood ratio of the bins of one presentation, from all others."""
    total = 0.0
    others = [p for p in range(spikes.shape[1]) if p != presentation]
    for s in bins:
        word = spikes[neuron, presentation, s]
        n = [sum(spikes[i, p, s] == word for p in others) for i in (0, 1)]
        r = len(others)
        q = (n[0] + n[1]) / (2 * r)
        if q:
            p = [(n[i] + q / 2) / (r + 0.5) for i in (0, 1)]
            total += math.log(p[neuron] / p[1 - neuron])
    return total


def test_decoder_equals_a_twin_of_loops(rng):
    spikes = rng.random((2, 6, 8)) < rng.random((2, 1, 8)) * 0.7
    curve = decode_pair(*words_of(spikes), n_durations=8)
    for seconds, correct in zip(curve.durations, curve.correct, strict=True):
        length = round(seconds / 0.01)
        answers = []
        for neuron in (0, 1):
            for presentation in range(6):
                for start in range(8 - length + 1):
                    bins = range(start, start + length)
                    score = score_by_loop(spikes, neuron, presentation, bins)
                    answers.append(0.5 + 0.5 * np.sign(round(score, 9)))
        assert_allclose(correct, np.mean(answers), atol=1e-12)


def test_decoder_of_one_word_is_as_good_as_the_overlap_allows(rng):
    # Half of the variation distance beyond one half, with many repeats.
    p = np.array([0.2, 0.6])
    spikes = rng.random((2, 2000, 2)) < p[:, None, None]
    curve = decode_pair(*words_of(spikes))
    assert_allclose(curve.correct[0], 0.5 + 0.4 / 2, atol=0.015)
    assert 0.002 < curve.standard_error[0] < 0.02


def test_identical_neurons_are_indistinguishable_whatever_the_duration(rng):
    p = rng.random(50) * 0.5
    spikes = rng.random((2, 40, 50)) < p
    curve = decode_pair(*words_of(spikes))
    assert abs(curve.correct - 0.5).max() < 0.12
    assert np.isnan(curve.time_to(0.9))


def test_longer_responses_are_decoded_better(rng):
    p = rng.random((2, 1, 100)) ** 2
    curve = decode_pair(*words_of(rng.random((2, 30, 100)) < p))
    assert curve.correct[-1] > 0.99
    assert 0.01 <= curve.time_to(0.9) < curve.time_to(0.95) < 0.5
    assert curve.time_to(0.5) == pytest.approx(0.01)


def test_words_observed_from_neither_neuron_are_no_evidence():
    silent = np.zeros((3, 5, 10), bool)
    silent[2] = True  # a recording needs a spike
    curve = decode_pair(*words_of(silent))
    assert_allclose(curve.correct, 0.5)


def test_stimuli_of_other_lengths_are_decoded_side_by_side(rng):
    p = rng.random((2, 1, 30)) ** 2
    spikes = rng.random((2, 20, 30)) < p
    stimuli = ["a"] * 10 + ["b"] * 10
    one = decode_pair(*words_of(spikes, stimuli=stimuli))
    assert one.durations[-1] == pytest.approx(0.3)
    pooled = decode_pair(*words_of(spikes, condition="none"))
    assert one.correct[-1] > pooled.correct[-1]


def test_responses_that_were_not_recorded_do_not_count(rng):
    p = rng.random((2, 1, 30)) ** 2
    spikes = rng.random((2, 20, 30)) < p
    codes, *rest = words_of(spikes)
    codes[:, 10:] = -1
    found, expected = decode_pair(codes, *rest), decode_pair(*words_of(spikes[:, :10]))
    assert_allclose(found.correct, expected.correct)
    assert_allclose(found.standard_error, expected.standard_error)


def test_a_length_that_was_never_recorded_whole_has_no_value(rng):
    codes, *rest = words_of(rng.random((2, 10, 8)) < 0.4)
    codes[:, :, 4] = -1
    curve = decode_pair(codes, *rest)
    assert np.isfinite(curve.correct[curve.durations < 0.045]).all()
    assert np.isnan(curve.correct[curve.durations > 0.045]).all()


def test_windows_that_do_not_exist_have_no_condition(rng):
    codes, conditions, duration = words_of(rng.random((2, 10, 8)) < 0.4)
    expected = decode_pair(codes[:, :, :6], conditions[:, :6], duration)
    conditions[:, 6:] = -1
    curve = decode_pair(codes, conditions, duration, neurons=(7, 3))
    is_whole = curve.durations < 0.065
    assert_allclose(curve.correct[is_whole], expected.correct)
    assert np.isnan(curve.correct[~is_whole]).all()
    assert repr(curve) == "DecoderCurve(neurons 7 and 3, 8 durations up to 0.08 s)"


def test_words_and_conditions_must_agree():
    with pytest.raises(ValueError, match=r"got words of shape \(2, 3\)"):
        decode_pair(np.zeros((2, 3), int), np.zeros((3, 4), int), 0.01)
