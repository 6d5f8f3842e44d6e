"""The leave-one-repeat-out decoder of who spoke."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroclass import bin_words, from_raster, select_presentations
from neuroclass.discrimination.decoding import decode_pair


def words_of(spikes, condition="stimulus,time", stimuli=None):
    """Words of one bin of 10 ms from spikes (neuron, presentation, bin)."""
    recording = from_raster(
        spikes,
        "10ms",
        axes="npt",
        condition=stimuli or ["movie"] * spikes.shape[1],
    )
    presentations = select_presentations(recording, min_repeats=2, condition=condition)
    return bin_words(recording, presentations, "10ms")


def score_by_loop(spikes, who, presentation, bins):
    """Log likelihood ratio of the bins of one presentation, from all others."""
    total = 0.0
    others = [p for p in range(spikes.shape[1]) if p != presentation]
    for s in bins:
        word = spikes[who, presentation, s]
        n = [sum(spikes[i, p, s] == word for p in others) for i in (0, 1)]
        r = len(others)
        q = (n[0] + n[1]) / (2 * r)
        if q:
            p = [(n[i] + q / 2) / (r + 0.5) for i in (0, 1)]
            total += math.log(p[who] / p[1 - who])
    return total


def test_decoder_equals_a_twin_of_loops(rng):
    spikes = rng.random((2, 6, 8)) < rng.random((2, 1, 8)) * 0.7
    curve = decode_pair(words_of(spikes), 0, 1, n_durations=8)
    for seconds, correct in zip(curve.seconds, curve.correct, strict=True):
        length = round(seconds / 0.01)
        answers = []
        for who in (0, 1):
            for presentation in range(6):
                for start in range(8 - length + 1):
                    bins = range(start, start + length)
                    score = score_by_loop(spikes, who, presentation, bins)
                    answers.append(0.5 + 0.5 * np.sign(round(score, 9)))
        assert_allclose(correct, np.mean(answers), atol=1e-12)


def test_decoder_of_one_word_is_as_good_as_the_overlap_allows(rng):
    # Half of the variation distance beyond one half, with many repeats.
    p = np.array([0.2, 0.6])
    spikes = rng.random((2, 2000, 2)) < p[:, None, None]
    curve = decode_pair(words_of(spikes), 0, 1)
    assert_allclose(curve.correct[0], 0.5 + 0.4 / 2, atol=0.015)
    assert 0.002 < curve.standard_error[0] < 0.02


def test_identical_neurons_are_told_apart_by_no_response(rng):
    p = rng.random(50) * 0.5
    spikes = rng.random((2, 40, 50)) < p
    curve = decode_pair(words_of(spikes), 0, 1)
    assert abs(curve.correct - 0.5).max() < 0.12
    assert np.isnan(curve.seconds_to(0.9))


def test_longer_responses_tell_more(rng):
    p = rng.random((2, 1, 100)) ** 2
    curve = decode_pair(words_of(rng.random((2, 30, 100)) < p), 0, 1)
    assert curve.correct[-1] > 0.99
    assert 0.01 <= curve.seconds_to(0.9) < curve.seconds_to(0.95) < 0.5
    assert curve.seconds_to(0.5) == pytest.approx(0.01)


def test_presentations_that_neither_heard_say_nothing():
    silent = np.zeros((3, 5, 10), bool)
    silent[2] = True  # a recording needs a spike
    curve = decode_pair(words_of(silent), 0, 1)
    assert_allclose(curve.correct, 0.5)


def test_stimuli_of_other_lengths_are_decoded_side_by_side(rng):
    p = rng.random((2, 1, 30)) ** 2
    spikes = rng.random((2, 20, 30)) < p
    stimuli = ["a"] * 10 + ["b"] * 10
    one = decode_pair(words_of(spikes, stimuli=stimuli), 0, 1)
    assert one.seconds[-1] == pytest.approx(0.3)
    pooled = decode_pair(words_of(spikes, condition="none"), 0, 1)
    assert one.correct[-1] > pooled.correct[-1]


def test_responses_that_were_not_recorded_do_not_count(rng):
    p = rng.random((2, 1, 30)) ** 2
    spikes = rng.random((2, 20, 30)) < p
    words = words_of(spikes[:, :10])
    more = words_of(spikes)
    missing = np.zeros((20, 30), bool)
    missing[10:] = True
    partly = replace(more, unrecorded={0: missing, 1: missing})
    found, expected = decode_pair(partly, 0, 1), decode_pair(words, 0, 1)
    assert_allclose(found.correct, expected.correct)
    assert_allclose(found.standard_error, expected.standard_error)


def test_a_length_that_was_never_recorded_whole_has_no_value(rng):
    words = words_of(rng.random((2, 10, 8)) < 0.4)
    missing = np.zeros((10, 8), bool)
    missing[:, 4] = True
    curve = decode_pair(replace(words, unrecorded={0: missing, 1: missing}), 0, 1)
    assert np.isfinite(curve.correct[curve.seconds < 0.045]).all()
    assert np.isnan(curve.correct[curve.seconds > 0.045]).all()
