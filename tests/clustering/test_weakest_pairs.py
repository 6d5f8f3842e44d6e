"""At which numbers of classes every class is a kind of its own."""

import numpy as np
from numpy.testing import assert_array_equal

from neuroclass.clustering.count_matrix import Rows
from neuroclass.clustering.held_out import halves_of_stimulus, held_out_z
from neuroclass.clustering.merge_tree import merge_tree
from neuroclass.clustering.weakest_pairs import weakest_pairs


def weakest(counts, n_first=9, **kwargs):
    rows = Rows.from_counts(counts)
    labels = merge_tree(rows).labels(n_first)
    return weakest_pairs(halves_of_stimulus(counts), rows, labels, **kwargs)


def test_the_true_number_is_the_largest_that_holds(rng, simulate_kinds):
    counts, _ = simulate_kinds(rng, (8, 10, 12, 9))
    z = weakest(counts)
    assert len(z) == 10
    assert np.isnan(z[:2]).all()
    assert z[4] > 5
    assert z[5:].max() < 1.5


def test_two_classes_are_scored_as_the_only_pair(rng, simulate_kinds):
    counts, types = simulate_kinds(rng, (10, 12), spread=0.1)
    z = held_out_z(*halves_of_stimulus(counts), types)
    assert weakest(counts)[2] == z


def test_a_diverse_kind_is_not_cut_before_two_that_are_alike_are_merged(rng):
    # Two kinds that differ in a tenth of the stimulus, and one whose neurons differ
    # from one another all over it: cut in two it keeps more information.
    drive = rng.normal(-2, 1.2, (2, 200))
    own = np.concatenate([np.tile(drive[0], (20, 1)), np.tile(drive[1], (16, 1))])
    own[10:20, 50:60] += 2.5
    own[10:20, 150:160] += 2.5
    own[20:] += 0.9 * rng.normal(size=(16, 200))
    spoken = rng.binomial(25, 1 / (1 + np.exp(-own)))
    z = weakest(np.stack([25 - spoken, spoken], axis=2), n_first=6)
    assert z[3] > 3
    assert z[4:].max() < 1.5


def test_classes_too_small_to_test_do_not_hold(rng, simulate_kinds):
    counts, _ = simulate_kinds(rng, (9, 9))
    assert weakest(counts, n_first=9)[9] == -np.inf


def test_nothing_is_said_where_nothing_could_be_tested(rng, simulate_kinds):
    counts, _ = simulate_kinds(rng, (2, 2))
    assert np.isnan(weakest(counts, n_first=4)).all()


def test_the_number_of_processes_changes_nothing(rng, simulate_kinds):
    counts, _ = simulate_kinds(rng, (8, 8, 8))
    assert_array_equal(weakest(counts, n_jobs=1), weakest(counts, n_jobs=2))
