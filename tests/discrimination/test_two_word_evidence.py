"""Evidence of two words from tables that are made once, with and without numba."""

import importlib.util

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroclass.discrimination.condition_evidence import ConditionEvidence
from neuroclass.discrimination.two_word_evidence import TwoWordEvidence
from neuroclass.information import two_word_counts

LOOPS = [None]
if importlib.util.find_spec("numba"):
    from neuroclass.discrimination._compiled import pair_loops

    LOOPS.append(pair_loops)


def draw(rng, repeats, n_neurons=7):
    p = rng.beta(0.3, 1.0, (n_neurons, len(repeats)))
    p[0] = 0.0  # silent, and two that always fire
    p[1:3] = 1.0
    n = rng.binomial(repeats, p)
    return np.stack([repeats - n, n], axis=2)


@pytest.mark.parametrize("loops", LOOPS)
@pytest.mark.parametrize(
    "repeats",
    [
        np.full(60, 20),
        np.full(5, 1),
        np.full(30, 255),
        np.repeat([9, 0, 30, 4], [20, 3, 30, 8]),
    ],
)
def test_evidence_of_two_words_is_that_of_words_of_any_number(rng, repeats, loops):
    counts = draw(rng, repeats)
    first, second = np.triu_indices(len(counts), 1)
    found = TwoWordEvidence(two_word_counts(counts), loops).of_pairs(second, first)
    expected = ConditionEvidence(counts).of_pairs(first, second)
    assert_allclose(found, expected, rtol=1e-10, atol=1e-13)
    assert (found >= 0).all()


def test_a_name_says_how_much_evidence_there_is(rng):
    counts = two_word_counts(draw(rng, np.full(60, 20)))
    assert repr(TwoWordEvidence(counts)) == "TwoWordEvidence(7 neurons, 60 conditions)"
