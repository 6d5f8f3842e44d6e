"""Divergences of pairs, their test against chance, and distinguishable groups."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import squareform
from scipy.stats import false_discovery_control, kstest, norm

from neuroclass.discrimination import (
    chance_moments,
    distinguishable_groups,
    distinguished_pairs,
    pair_divergences,
    pair_z,
)
from neuroclass.estimators import expected_xlog2x, xlog2x


def draw_binary(rng, probability, n_repeats):
    """Counts (n_neurons, n_conditions, 2) of neurons that fire with `probability`."""
    n = rng.binomial(n_repeats, probability)
    return np.stack([n_repeats - n, n], axis=2)


def rates(rng, n_conditions, mean=0.06):
    """Probabilities of a spike: mostly low, and in some conditions near 1."""
    return np.minimum(rng.gamma(0.3, mean / 0.3, n_conditions), 0.95)


def jackknife_by_deletion(a, b):
    """Jackknife of the plug-in loss of one condition, a repeat left out at a time."""

    def negative_entropy(n):
        return xlog2x(n).sum() - xlog2x(n.sum())

    def of(n):
        r = n.sum()
        whole = -negative_entropy(n) / r
        deleted = 0.0
        for word in np.flatnonzero(n):
            left = n.copy()
            left[word] -= 1
            deleted += n[word] / r * -negative_entropy(left) / (r - 1)
        return -(r * whole - (r - 1) * deleted) * r

    return of(a) + of(b) - of(a + b)


def test_pairs_equal_a_twin_of_loops(rng):
    counts = rng.multinomial(8, rng.dirichlet(np.ones(3), (4, 10)))
    found = pair_divergences(counts)
    for k, (a, b) in enumerate(zip(found.first, found.second, strict=True)):
        one, two = counts[a], counts[b]
        both = one + two
        plug_in = (xlog2x(one) + xlog2x(two) - xlog2x(both)).sum()
        plug_in += 10 * (xlog2x(16) - 2 * xlog2x(8))
        chance = (2 * expected_xlog2x(8, both, 16) - xlog2x(both)).sum()
        chance += 10 * (xlog2x(16) - 2 * xlog2x(8))
        jackknife = sum(jackknife_by_deletion(one[s], two[s]) for s in range(len(one)))
        weight = min(1.0, chance / plug_in)
        value = plug_in - weight * chance - (1 - weight) * (plug_in - jackknife)
        assert_allclose(found.plug_in[k], plug_in / 160, atol=1e-12)
        assert_allclose(found.chance_level[k], chance / 160, atol=1e-12)
        assert_allclose(found.jackknife[k], jackknife / 160, atol=1e-10)
        assert_allclose(found.bits_per_word[k], value / 160, atol=1e-10)


def test_two_neurons_that_never_agree_differ_by_one_bit():
    found = pair_divergences([[[30, 0]], [[0, 30]]])
    assert_allclose(found.plug_in, 1)
    assert_allclose(found.bits_per_word, 1, atol=0.02)  # the jackknife adds a little
    assert found.z > 5


def test_the_order_of_neurons_changes_nothing(rng):
    counts = draw_binary(rng, rates(rng, 40) * rng.random((5, 1)), 12)
    order = rng.permutation(5)
    one, other = pair_divergences(counts), pair_divergences(counts[order])
    for name in ("bits_per_word", "z", "chance_level"):
        matrix = squareform(getattr(one, name))[np.ix_(order, order)]
        assert_allclose(squareform(getattr(other, name)), matrix, atol=1e-9)
    assert one.n_neurons == 5


def test_silent_neurons_do_not_differ():
    found = pair_divergences(np.tile([[12, 0]], (2, 30, 1)))
    assert_allclose(found.bits_per_word, 0, atol=1e-12)
    assert_array_equal(found.z, 0)


def test_neurons_that_share_no_condition_have_no_divergence():
    counts = np.array([[[5, 5], [0, 0]], [[0, 0], [3, 7]], [[9, 1], [1, 9]]])
    found = pair_divergences(counts)
    assert np.isnan(found.bits_per_word).tolist() == [True, False, False]
    assert found.z[0] == 0


def test_uneven_repeats_do_not_shrink_the_divergence(rng):
    # Two cells of one type, without sampling noise.
    p = np.stack([rates(rng, 400), np.zeros(400)])
    p[1] = p[0] * np.exp(0.2 * rng.standard_normal(400)) / 1.5
    p = np.stack([1 - p, p], axis=2)
    even = pair_divergences(np.round(1e6 * p).astype(int))
    uneven = pair_divergences(np.round([[[5e5]], [[2e6]]] * p).astype(int))
    # Uncorrected, 36 % would be missing.
    assert_allclose(uneven.plug_in, even.plug_in, rtol=0.05)


def divergence_of(p):
    """Jensen-Shannon divergence of two neurons that fire with probability `p`."""
    mixture, each = (
        -(xlog2x(q) + xlog2x(1 - q)) for q in (p.mean(axis=0), p)
    )  # entropies
    return np.mean(mixture - each.mean(axis=0))


def test_blend_of_a_pair_is_close_to_the_truth(rng):
    # One type (a tenth off), and two types: medians over pairs, 20 repeats.
    for spread, low, high in ((0.4, 0.7, 1.3), (None, 0.85, 1.1)):
        ratios = []
        for _ in range(40):
            p = np.stack([rates(rng, 300), rates(rng, 300)])
            if spread is not None:
                p[1] = p[0] * np.exp(spread * rng.standard_normal())
                p = np.minimum(p, 0.95)
            truth = divergence_of(p)
            found = pair_divergences(draw_binary(rng, p, 20)).bits_per_word[0]
            ratios.append(found / truth)
        assert low < np.median(ratios) < high


def z_of_null_pairs(n_pairs, n_repeats, n_conditions, seed):
    rng = np.random.default_rng(seed)
    z = np.empty(n_pairs)
    for k in range(n_pairs):
        p = np.tile(rates(rng, n_conditions), (2, 1))
        z[k] = pair_divergences(draw_binary(rng, p, n_repeats)).z[0]
    return z


@pytest.mark.parametrize("n_repeats", [5, 20, 100])
def test_z_of_exchangeable_pairs_is_gaussian(n_repeats):
    z = z_of_null_pairs(200, n_repeats, 200, seed=10 + n_repeats)
    assert kstest(norm.cdf(z), "uniform").pvalue > 0.01


@pytest.mark.slow
@pytest.mark.parametrize("n_repeats", [5, 20, 100])
def test_z_of_2000_exchangeable_pairs_is_gaussian(n_repeats):
    z = z_of_null_pairs(2000, n_repeats, 200, seed=50 + n_repeats)
    distance, p_value = kstest(norm.cdf(z), "uniform")
    print(
        f"\nR = {n_repeats}: mean {z.mean():.3f}, sd {z.std():.3f}, largest distance "
        f"{distance:.3f} (p = {p_value:.2g}), {np.mean(z > 2.5):.4f} above 2.5"
    )
    assert p_value > 0.01
    assert abs(z.std() - 1) < 0.05


def test_the_cube_root_takes_the_skewness_out(rng):
    # Few conditions: the plain standardised loss is skewed.
    p = np.tile(rates(rng, 30, mean=0.3), (2, 1))
    counts = [draw_binary(rng, p, 20) for _ in range(600)]
    found = [pair_divergences(c) for c in counts]
    z = np.array([pair.z[0] for pair in found])
    plain = []
    for c, pair in zip(counts, found, strict=True):
        m = chance_moments(c)
        loss = pair.plug_in[0] * c.sum() - m.mean[0, 1]
        plain.append(loss / np.sqrt(m.variance[0, 1]))
    assert abs(np.mean((z - z.mean()) ** 3)) < 0.2
    assert np.mean((plain - np.mean(plain)) ** 3) > 0.3


def test_z_without_skewness_is_the_plain_deviate():
    assert_allclose(pair_z([3.0, -1.0], [4.0, 4.0], [0.0, 0.0]), [1.5, -0.5], atol=1e-3)
    assert_array_equal(pair_z([3.0], [0.0], [0.0]), 0)


def test_distinguished_pairs_follow_the_rule_of_benjamini_and_hochberg(rng):
    z = np.append(rng.standard_normal(300), rng.normal(3, 1, 200))
    expected = false_discovery_control(norm.sf(z)) <= 0.05
    assert_array_equal(distinguished_pairs(z), expected)
    assert not distinguished_pairs(np.zeros(10)).any()
    assert not distinguished_pairs([]).any()


def pairs_of(groups, within, between):
    """z of all pairs from the groups of the neurons."""
    same = np.equal.outer(groups, groups)
    matrix = np.where(same, within, between)
    return matrix[np.triu_indices(len(groups), 1)]


def test_groups_are_what_is_distinguished():
    groups = np.repeat([0, 1, 2], 4)
    found = distinguishable_groups(pairs_of(groups, 0.0, 9.0))
    assert_array_equal(found, groups)
    assert distinguishable_groups(pairs_of(groups, 0.0, 0.0)).max() == 0
    assert_array_equal(distinguishable_groups(np.full(3, 9.0)), [0, 1, 2])
    assert_array_equal(distinguishable_groups([]), [0])


def test_a_silent_neuron_joins_no_groups():
    z = squareform(pairs_of(np.repeat([0, 1], 5), 0.0, 9.0))
    z = np.pad(z, (0, 1))  # distinguished from no neuron
    found = distinguishable_groups(squareform(z))
    assert_array_equal(found[:10], np.repeat([0, 1], 5))
    assert found.max() == 1


def test_false_discoveries_split_no_group(rng):
    z = squareform(pairs_of(np.repeat([0, 1], 20), 0.0, 9.0))
    false = np.triu(rng.random((40, 40)) < 0.05, 1) & (z == 0)
    z[false | false.T] = 9.0
    np.fill_diagonal(z, 0)
    assert distinguishable_groups(squareform(z)).max() == 1


def test_types_without_diversity_are_the_groups(rng):
    p = np.stack([rates(rng, 300) for _ in range(4)])[np.arange(20) % 4]
    found = pair_divergences(draw_binary(rng, p, 30))
    assert_array_equal(distinguishable_groups(found.z), np.arange(20) % 4)


def test_groups_must_be_two():
    counts = np.full((2, 3, 2), 5)
    with pytest.raises(ValueError, match="groups must be at least two; got 1"):
        pair_divergences(counts, groups=[np.ones((2, 3, 2), int)])


def test_intervals_come_from_the_groups(rng):
    p = np.stack([rates(rng, 200), rates(rng, 200)])
    parts = [draw_binary(rng, p, 3) for _ in range(10)]
    found = pair_divergences(sum(parts), groups=parts)
    low, high = found.interval[0]
    assert low < found.bits_per_word[0] < high
    assert np.isnan(pair_divergences(sum(parts)).interval).all()


def test_divergences_say_how_many_pairs_they_hold():
    groups = [np.tile([[[20, 0]], [[0, 20]], [[20, 0]]], (1, 40, 1))] * 3
    found = pair_divergences(sum(groups), groups=groups)
    assert repr(found) == "PairDivergences(3 pairs of 3 neurons, 2 distinguishable)"
    assert repr(chance_moments(sum(groups))) == "ChanceMoments(3 pairs of neurons)"
