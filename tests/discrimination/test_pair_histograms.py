"""Sums of pairs by histograms: equal to matrix products, with and without numba."""

import importlib.util

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.discrimination import pair_deviates, pair_divergences
from neuroclass.discrimination.divergence import sums_by_products
from neuroclass.discrimination.pair_histograms import sums_by_histograms
from neuroclass.information import two_word_counts

NEVER = 1 << 62


def draw(rng, n_neurons, repeats):
    """Counts of two words; repeats (n_conditions,) are those of all neurons."""
    p = rng.beta(0.3, 0.8, (n_neurons, len(repeats)))
    p[0] = 0.0  # a silent neuron, and two that are the same
    n = rng.binomial(repeats, p)
    n[-1] = n[-2]
    return np.stack([repeats - n, n], axis=2)


def by_repeats(rng, kind):
    if kind == "common":
        return np.full(41, 30)
    if kind == "many":
        return np.full(7, 255)
    if kind == "few":
        return np.array([1, 2, 2, 1, 3, 3, 1, 2, 4, 4, 5])
    return np.repeat([12, 40, 0, 7], [20, 30, 3, 10])  # stimuli with own repeats


@pytest.mark.parametrize("kind", ["common", "many", "few", "stimuli"])
def test_histograms_give_the_sums_of_products(rng, kind):
    counts = draw(rng, 9, by_repeats(rng, kind))
    found = sums_by_histograms(two_word_counts(counts))
    expected = sums_by_products(counts)
    for name in ("plug_in", "jackknife", "level", "words", "third"):
        # Products lose digits of their sums over words; scaled by the repeats.
        assert_allclose(
            getattr(found, name),
            getattr(expected, name),
            rtol=1e-10,
            atol=1e-12 * counts.sum(),
            err_msg=name,
        )
    assert_allclose(found.variance, expected.variance, rtol=1e-10, atol=1e-9)
    short = sums_by_histograms(two_word_counts(counts), spread=False)
    assert short.variance.shape == (0,)
    assert_allclose(short.level, found.level, rtol=1e-13)


@pytest.mark.parametrize("kind", ["common", "stimuli"])
def test_divergences_are_those_of_counts_of_three_words(rng, kind):
    # A third word that never occurs leads to the general sums; their third moment,
    # and so z, is scaled from that of single words.
    parts = [draw(rng, 6, by_repeats(rng, kind)) for _ in range(4)]
    wider = [np.pad(part, ((0, 0), (0, 0), (0, 1))) for part in parts]
    found = pair_divergences(sum(parts), groups=parts)
    general = pair_divergences(sum(wider), groups=wider)
    for name in ("bits_per_word", "plug_in", "jackknife", "chance_level", "interval"):
        expected = getattr(general, name)
        assert_allclose(getattr(found, name), expected, rtol=1e-9, atol=1e-12)
    assert_allclose(found.replicates, general.replicates, rtol=1e-5, atol=1e-8)


def test_groups_of_which_a_neuron_missed_some_are_summed_in_general(rng):
    whole = draw(rng, 5, np.full(20, 6))
    group = whole // 3
    assert two_word_counts(group) is None
    found = pair_divergences(whole, groups=[group, whole - group])
    wide = [np.pad(each, ((0, 0), (0, 0), (0, 1))) for each in (whole, group)]
    expected = pair_divergences(wide[0], groups=[wide[1], wide[0] - wide[1]])
    assert_allclose(found.interval, expected.interval, rtol=1e-9, atol=1e-12)


@pytest.mark.skipif(not importlib.util.find_spec("numba"), reason="needs numba")
@pytest.mark.parametrize("kind", ["common", "many", "few", "stimuli"])
def test_compiled_histograms_give_the_same_bits(rng, kind):
    counts = two_word_counts(draw(rng, 50, by_repeats(rng, kind)))  # two blocks
    compiled = sums_by_histograms(counts, min_compiled=0)
    plain = sums_by_histograms(counts, min_compiled=NEVER)
    for one, other in zip(compiled, plain, strict=True):
        assert_array_equal(one, other)


def test_z_of_pairs_is_that_of_their_divergences(rng):
    counts = draw(rng, 50, by_repeats(rng, "common"))
    assert_array_equal(pair_deviates(counts), pair_divergences(counts).z)
    ragged = counts.copy()
    ragged[3, 5] = 0
    assert_array_equal(pair_deviates(ragged), pair_divergences(ragged).z)
    assert pair_deviates(counts[:1]).shape == (0,)


def test_processes_that_share_the_pairs_give_the_same_bits(rng):
    counts = two_word_counts(draw(rng, 70, by_repeats(rng, "common")))
    alone = sums_by_histograms(counts, min_compiled=NEVER)
    shared = sums_by_histograms(counts, min_compiled=NEVER, n_jobs=2, min_task=1)
    for one, other in zip(alone, shared, strict=True):
        assert_array_equal(one, other)
