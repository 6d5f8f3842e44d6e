"""Numbers of words by interpolation, beside a search one by one."""

import importlib.util

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import ndtr

from neuroclass.discrimination.words_to_accuracy import words_to_accuracy

LOOPS = [None]
if importlib.util.find_spec("numba"):
    from neuroclass.discrimination._compiled import pair_loops

    LOOPS.append(pair_loops)


def right_answers(bound, variance, n_words):
    """Fraction of right answers after so many words, from each condition."""
    n_conditions = len(bound)
    right = []
    for start in range(n_conditions):
        seen = (start + np.arange(n_words)) % n_conditions
        b, v = bound[seen].sum(), variance[seen].sum()
        right.append(1 - np.exp(v / 8 - b) * ndtr(-np.sqrt(v) / 2))
    return np.mean(right)


def words_one_by_one(bound, variance, accuracy):
    before = 0.5
    for n_words in range(1, 5000):
        after = right_answers(bound, variance, n_words)
        if after >= accuracy:
            return n_words - 1 + (accuracy - before) / (after - before)
        before = after
    raise AssertionError("never so often right")


def draw(rng, n_conditions):
    """Steady evidence, evidence that comes together, little, and nearly enough."""
    bound = 0.02 + rng.gamma(0.5, 0.03, (4, n_conditions))
    bound[1] *= np.arange(n_conditions) < n_conditions / 4
    bound[2] *= 0.1
    bound[3, ::5] += 2.0
    return np.stack([bound, 8 * bound * rng.uniform(0.7, 1.2, bound.shape)])


@pytest.mark.parametrize("loops", LOOPS)
@pytest.mark.parametrize("n_conditions", [1, 7, 60])
def test_words_are_those_of_a_search_one_by_one(rng, n_conditions, loops):
    evidence = draw(rng, n_conditions)
    if n_conditions == 1:
        evidence[:, 1] = evidence[:, 0]
    accuracies = np.array([0.6, 0.9, 0.95])
    found = words_to_accuracy(evidence, accuracies, loops)
    for k, accuracy in enumerate(accuracies):
        for pair, (bound, variance) in enumerate(evidence.swapaxes(0, 1)):
            expected = words_one_by_one(bound, variance, accuracy)
            assert_allclose(found[k, pair], expected, rtol=1e-9)


@pytest.mark.parametrize("loops", LOOPS)
def test_without_enough_evidence_in_a_million_words_there_is_no_number(loops):
    evidence = np.zeros((2, 4, 10))
    evidence[:, 1] = [[1e-8], [8e-8]]  # 8 times too little for 90 %
    evidence[:, 2, 0] = 1e-5, 8e-5  # a million words hold .1 of it: 67 %
    evidence[:, 3, 3] = 50.0, 0.0  # one condition, without doubt
    found = words_to_accuracy(evidence, np.array([0.55, 0.9]), loops)
    assert np.isnan(found[1, :2]).all()
    assert np.isnan(found[0, 0])
    assert np.isfinite(found[:, 2:]).all()
    # Half of the starts meet it in five of ten words, all in ten.
    assert_allclose(found[1, 3], 8.0, rtol=1e-9)


@pytest.mark.skipif(len(LOOPS) == 1, reason="needs numba")
def test_compiled_loops_give_the_same_words(rng):
    evidence = np.concatenate([draw(rng, 200) for _ in range(30)], axis=1)
    accuracies = np.array([0.7, 0.8, 0.9, 0.95, 0.99])
    plain = words_to_accuracy(evidence, accuracies)
    compiled = words_to_accuracy(evidence, accuracies, LOOPS[1])
    assert_allclose(compiled, plain, rtol=1e-11)
