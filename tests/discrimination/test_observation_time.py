"""Observation times where informative words come together, beside steady evidence."""

import importlib.util

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.discrimination import (
    observation_time_ratio,
    pair_divergences,
    time_to_accuracy,
)
from neuroclass.responses.counts import ResponseCounts

MANY = 1_000_000  # repeats: the probabilities are known


def counted(p, repeats=MANY, has_time=True):
    """Return counts of two words from p(spike), (n_neurons, n_conditions)."""
    spikes = np.rint(p * repeats).astype(np.int64)
    n_neurons, n_conditions = p.shape
    return ResponseCounts(
        counts=np.stack([repeats - spikes, spikes], axis=2),
        words=np.arange(2),
        stimulus=np.zeros(n_conditions, dtype=np.intp),
        time=np.arange(n_conditions) * (0.02 if has_time else np.nan),
        stimuli=("movie",),
        word_duration=0.02,
        n_spikes=spikes.sum(axis=1),
        unit_ids=tuple(range(n_neurons)),
    )


def words_until(p, accuracy=0.9, **how):
    """Return the number of words that distinguishes the first two neurons."""
    counts = counted(p, **how)
    bits = pair_divergences(counts).plug_in[:1]
    ratio = observation_time_ratio(counts, [0], [1], bits, accuracy)
    return float((ratio * time_to_accuracy(bits, accuracy))[0])


def simulated(p, accuracy=0.9, n_stimuli=4000):
    """Return the number of words after which an observer is right, over all starts."""
    rng = np.random.default_rng(0)
    spike, none = np.log(p[0] / p[1]), np.log((1 - p[0]) / (1 - p[1]))
    right = []
    for neuron, sign in ((0, 1), (1, -1)):
        fired = rng.random((n_stimuli, p.shape[1])) < p[neuron]
        sums = np.append(0, np.cumsum(sign * np.where(fired, spike, none).ravel()))
        right.append(sums)
    for n in range(1, 2000):
        gathered = np.concatenate([sums[n:] - sums[:-n] for sums in right])
        correct = np.mean(gathered > 1e-9) + np.mean(np.abs(gathered) <= 1e-9) / 2
        if correct >= accuracy:
            return n - 0.5
    raise AssertionError("never so often right")


def test_steady_evidence_takes_no_longer():
    p = np.tile([[0.30], [0.33]], (1, 40))
    assert words_until(p) == pytest.approx(
        float(time_to_accuracy(pair_divergences(counted(p)).plug_in[0], 0.9)),
        rel=0.01,
    )


@pytest.mark.parametrize("accuracy", [0.9, 0.95])
@pytest.mark.parametrize(
    ("every", "high", "low"), [(10, 0.6, 0.2), (25, 0.5, 0.1), (40, 0.3, 0.1)]
)
def test_answers_are_as_right_as_simulated_ones(every, high, low, accuracy):
    # Both fire at the same events, which are rare, and one of them more often.
    p = np.full((2, 200), 0.01)
    p[0, ::every], p[1, ::every] = high, low
    found, expected = words_until(p, accuracy), simulated(p, accuracy)
    assert found == pytest.approx(expected, rel=0.06)


def test_evidence_that_comes_together_takes_longer_than_spread_out():
    spread, together = np.full((2, 2, 300), 0.02)
    spread[0, ::10] = 0.3
    together[0, :30] = 0.3
    assert words_until(together) > 2 * words_until(spread)
    # And a single event that nearly suffices takes less than as many bits in small
    # steps: 96 words where it is 119 here, and 165 by steady evidence.
    sharp = np.full((2, 300), 0.02)
    sharp[0, ::60] = 0.7
    bits = pair_divergences(counted(sharp)).plug_in
    steady = float(time_to_accuracy(bits[0], 0.9))
    assert simulated(sharp) < words_until(sharp) < 0.75 * steady


def test_without_time_evidence_is_taken_for_steady():
    counts = counted(np.array([[0.1, 0.5], [0.2, 0.4]]), has_time=False)
    assert observation_time_ratio(counts, [0, 0], [1, 1], [0.01, -0.1]).tolist()[0] == 1
    assert np.isnan(observation_time_ratio(counts, [0], [1], [np.nan])[0])


def test_a_divergence_that_is_not_positive_gives_no_time():
    counts = counted(np.random.default_rng(0).random((3, 30)))
    found = observation_time_ratio(counts, [0, 0, 1], [1, 2, 2], [0.0, 0.1, np.nan])
    assert np.isnan(found[[0, 2]]).all()
    assert found[1] > 0


def test_half_the_corrected_divergence_takes_longer():
    counts = counted(np.random.default_rng(0).random((2, 30)))
    bits = np.array([0.04, 0.02])
    ratio = observation_time_ratio(counts, [0, 0], [1, 1], bits)
    long, longer = ratio * time_to_accuracy(bits, 0.9)
    assert longer == pytest.approx(2 * long, rel=0.1)


def test_times_do_not_depend_on_how_many_pairs_there_are():
    p = np.random.default_rng(1).random((6, 80)) ** 3
    counts = counted(p, repeats=40)
    pairs = pair_divergences(counts)
    arguments = (counts, pairs.first, pairs.second, pairs.bits_per_word)
    whole = observation_time_ratio(*arguments)
    assert_allclose(observation_time_ratio(*arguments, block_size=500), whole)


def test_conditions_in_which_one_was_not_recorded_are_no_evidence():
    p = np.tile([[0.3], [0.2]], (1, 60))
    counts = counted(p, repeats=100)
    bits = pair_divergences(counts).plug_in
    lost = counts.counts.copy()
    lost[0, :30] = 0
    found = observation_time_ratio(
        ResponseCounts(**{**vars(counts), "counts": lost}), [0], [1], bits
    )
    assert np.isfinite(found).all()
    # No evidence in half of the stimulus, and all in the other.
    assert found[0] > observation_time_ratio(counts, [0], [1], bits)[0]


def test_tables_give_the_ratios_of_counts_of_three_words_and_ragged_ones():
    p = np.random.default_rng(1).random((6, 80)) ** 3
    counts = counted(p, repeats=40)
    pairs = pair_divergences(counts)
    arguments = (pairs.first, pairs.second, pairs.bits_per_word, [0.95, 0.9])
    whole = observation_time_ratio(counts, *arguments)
    # One neuron that missed a repeat leads to the general evidence; its pairs differ.
    ragged = counts.counts.copy()
    ragged[5, :, 0] -= ragged[5, :, 0] > 0
    general = observation_time_ratio(
        ResponseCounts(**{**vars(counts), "counts": ragged}), *arguments
    )
    others = pairs.second != 5
    assert_allclose(general[:, others], whole[:, others], rtol=1e-10)
    # Accuracies in any order.
    assert_allclose(observation_time_ratio(counts, *arguments[:3], 0.9), whole[1])
    assert (whole[0] != whole[1]).all()


@pytest.mark.skipif(not importlib.util.find_spec("numba"), reason="needs numba")
def test_compiled_loops_give_the_same_ratios():
    p = np.random.default_rng(1).random((8, 80)) ** 3
    counts = counted(p, repeats=40)
    pairs = pair_divergences(counts)
    arguments = (counts, pairs.first, pairs.second, pairs.bits_per_word, [0.9, 0.95])
    compiled = observation_time_ratio(*arguments, min_compiled=0)
    plain = observation_time_ratio(*arguments, min_compiled=1 << 62)
    assert_allclose(compiled, plain, rtol=1e-11)


def test_processes_that_share_the_pairs_find_the_same_times():
    p = np.random.default_rng(1).random((66, 12)) ** 3
    counts = counted(p, repeats=10)
    first, second = np.triu_indices(66, 1)
    arguments = (counts, first, second, np.full(len(first), 0.05))
    alone = observation_time_ratio(*arguments, block_size=1)
    # Blocks of one pair, of which 1,024 are a task: two tasks.
    shared = observation_time_ratio(*arguments, block_size=1, n_jobs=2)
    assert_array_equal(shared, alone)
