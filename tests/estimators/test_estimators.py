"""Entropies, and the chance level of a count."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from neuroclass.estimators import (
    ESTIMATORS,
    entropy,
    expected_xlog2x,
    repeat_term,
    word_term,
    xlog2x,
)

counts_of_words = st.lists(st.integers(0, 40), min_size=2, max_size=8).filter(any)


def jackknife_by_deletion(counts):
    """R H - (R - 1) times the mean entropy with one repeat left out, by loops."""
    repeats = sum(counts)
    left_out = 0.0
    for word, n in enumerate(counts):
        for _ in range(n):
            rest = list(counts)
            rest[word] -= 1
            left_out += plug_in_by_loop(rest) / repeats
    return repeats * plug_in_by_loop(counts) - (repeats - 1) * left_out


def plug_in_by_loop(counts):
    repeats = sum(counts)
    return -sum(n / repeats * math.log2(n / repeats) for n in counts if n)


def test_entropy_of_equally_frequent_words_is_the_logarithm_of_their_number():
    assert_allclose(entropy(np.full((3, 8), 5)), 3.0, rtol=1e-14)


@given(counts_of_words)
def test_plug_in_equals_the_sum_by_loop(counts):
    assert_allclose(entropy(counts), plug_in_by_loop(counts), atol=1e-12)


@given(counts_of_words)
def test_miller_madow_adds_half_a_nat_per_word_beyond_the_first(counts):
    seen = np.count_nonzero(counts)
    expected = entropy(counts) + (seen - 1) / (2 * np.sum(counts) * np.log(2))
    assert_allclose(entropy(counts, "miller-madow"), expected, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(counts_of_words.filter(lambda n: sum(n) > 1))
def test_closed_jackknife_equals_leaving_out_each_repeat(counts):
    assert_allclose(
        entropy(counts, "jackknife"), jackknife_by_deletion(counts), atol=1e-10
    )


def test_bias_at_100_samples_is_the_documented_one():
    # Plug-in -.0234, Miller-Madow -.0045 bits for (.9, .05, .04, .01), H = .6051.
    p = np.array([0.9, 0.05, 0.04, 0.01])
    truth = -xlog2x(p).sum()
    draws = np.random.default_rng(1).multinomial(100, p, size=200_000)
    assert_allclose(truth, 0.6051, atol=5e-5)
    assert_allclose(entropy(draws).mean() - truth, -0.0234, atol=1e-3)
    assert_allclose(entropy(draws, "miller-madow").mean() - truth, -0.0045, atol=1e-3)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_words_that_do_not_occur_add_nothing(estimator):
    assert word_term(0, estimator) == 0
    assert repeat_term(0, estimator) == 0


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_entropy_of_a_certain_word_is_zero(estimator):
    assert_allclose(entropy([7, 0, 0], estimator), 0, atol=1e-12)


def test_entropy_without_any_word_is_nan():
    assert np.isnan(entropy([[0, 0], [1, 1]])).tolist() == [True, False]


@pytest.mark.parametrize(
    ("drawn", "marked", "total"),
    [(3, 4, 9), (2, 6, 6), (5, 1, 12), (1, 3, 4), (4, 0, 8)],
)
def test_chance_level_equals_the_mean_over_all_permutations(drawn, marked, total):
    words = [1] * marked + [0] * (total - marked)
    values = [
        xlog2x(sum(words[k] for k in chosen))
        for chosen in itertools.combinations(range(total), drawn)
    ]
    assert_allclose(expected_xlog2x(drawn, marked, total), np.mean(values), atol=1e-12)


def test_chance_level_of_large_tables_equals_a_large_sample():
    rng = np.random.default_rng(2)
    n = rng.hypergeometric(3000, 37_000, 100, size=400_000)
    sample = xlog2x(n)
    standard_error = sample.std() / np.sqrt(len(sample))
    exact = float(expected_xlog2x(100, 3000, 40_000))
    assert abs(exact - sample.mean()) < 4 * standard_error
    assert standard_error < 0.03


def test_chance_level_of_pooled_hours_needs_no_giant_table():
    # Millions of words in one condition, as without a stimulus.
    drawn, total = 300_000, 15_000_000
    n = np.random.default_rng(3).hypergeometric(20_000, total - 20_000, drawn, 100_000)
    sample = xlog2x(n)
    exact = float(expected_xlog2x(drawn, 20_000, total))
    assert abs(exact - sample.mean()) < 4 * sample.std() / np.sqrt(len(sample))


def test_bad_counts_are_refused():
    with pytest.raises(ValueError, match="at least 0"):
        entropy([1, -1])
    with pytest.raises(ValueError, match="finite"):
        entropy([1.0, np.nan])
    with pytest.raises(TypeError, match="must be numbers"):
        entropy(["a", "b"])
    with pytest.raises(ValueError, match="integers for the jackknife"):
        entropy([1.5, 2.0], "jackknife")
    with pytest.raises(ValueError, match="estimator must be one of plug-in"):
        entropy([1, 2], "best")
    with pytest.raises(ValueError, match="estimator must be one of plug-in"):
        repeat_term([1, 2], "best")
