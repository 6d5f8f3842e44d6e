"""Which counts are small numbers of two words, and what they are without a group."""

import numpy as np
from numpy.testing import assert_array_equal

from neuroclass.information import two_word_counts, without_group


def test_counts_of_two_words_are_one_small_number_each(rng):
    n = rng.integers(0, 6, (70, 9))
    repeats = np.repeat([5, 8, 0], 3)
    n = np.minimum(n, repeats)
    counts = np.stack([repeats - n, n], axis=2)
    found = two_word_counts(counts)
    assert found.occurrences.dtype == np.uint8
    assert_array_equal(found.occurrences, n)
    assert_array_equal(found.repeats, repeats)
    assert [(r, here.shape) for r, here in found.by_repeats()] == [
        (5, (70, 3)),
        (8, (70, 3)),
    ]
    assert repr(found) == "TwoWordCounts(70 neurons, 9 conditions)"
    group = counts // 2
    group[:, :, 0] = (repeats + 1) // 2 - group[:, :, 1]
    left = without_group(found, group)
    assert_array_equal(left.occurrences, (counts - group)[:, :, 1])
    assert_array_equal(left.repeats, (counts - group)[0].sum(axis=1))
    assert_array_equal(found.to_array(), counts)
    assert_array_equal(without_group(counts, group), counts - group)
    # A group that one neuron missed in part leaves counts of any kind.
    group[3, :2, 0] = 0
    assert_array_equal(without_group(found, group), counts - group)


def test_other_counts_are_left_to_the_general_sums(rng):
    counts = rng.multinomial(5, [0.5, 0.3, 0.2], (4, 6))
    assert two_word_counts(counts) is None  # three words
    assert two_word_counts(counts[:, :, :2]) is None  # ragged
    assert two_word_counts(counts[:0, :, :2]) is None
    many = np.full((2, 3, 2), 128)
    assert two_word_counts(many) is None  # 256 repeats
    many[:, :, 0] = 127
    assert two_word_counts(many) is not None


def test_tallies_and_classes_are_sums_of_the_counts(rng):
    repeats = np.repeat([5, 8, 0], 3)
    n = rng.binomial(repeats, 0.3, (6, 9))
    counts = np.stack([repeats - n, n], axis=2)
    found = two_word_counts(counts)
    for tally in found.tallies():
        for count in range(tally.repeats + 1):
            is_count = n[:, tally.columns] == count
            assert_array_equal(tally.of_neuron[:, count], is_count.sum(axis=1))
            assert_array_equal(tally.of_condition[:, count], is_count.sum(axis=0))
    labels = np.array([2, 0, 2, 2, 0, 7])
    sums = [counts[labels == k].sum(axis=0) for k in (0, 2, 7)]
    assert_array_equal(found.sum_by_class(labels), sums)
    assert_array_equal(found.of(labels == 2).to_array(), counts[labels == 2])
    assert found.n_words == counts.sum()
