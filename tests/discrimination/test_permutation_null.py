"""Moments of the divergence by chance: enumerated, shuffled, and by matrix products."""

import itertools
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroclass.discrimination import chance_level, chance_moments
from neuroclass.discrimination.word_moments import binary_moments, word_moments


def f(x):
    return x * math.log2(x) if x > 0 else 0.0


def loss_by_loop(a, b):
    """Plug-in loss of one condition, bits times repeats."""
    total = f(sum(a) + sum(b)) - f(sum(a)) - f(sum(b))
    for x, y in zip(a, b, strict=True):
        total += f(x) + f(y) - f(x + y)
    return total


def enumerated(a, b):
    """Moments over all ways to deal the words of both out to the two neurons."""
    m = [int(x + y) for x, y in zip(a, b, strict=True)]
    words = [word for word, n in enumerate(m) for _ in range(n)]
    losses = []
    for chosen in itertools.combinations(words, int(sum(a))):
        n_a = [chosen.count(word) for word in range(len(m))]
        losses.append(loss_by_loop(n_a, [x - y for x, y in zip(m, n_a, strict=True)]))
    centred = np.array(losses) - np.mean(losses)
    return np.mean(losses), np.mean(centred**2), np.mean(centred**3)


def draw(rng, repeats, n_words, n_conditions=1):
    p = rng.dirichlet(np.ones(n_words), n_conditions)
    return np.array([rng.multinomial(r, p) for r in repeats])


@pytest.mark.parametrize("n_words", [2, 3, 4])
@pytest.mark.parametrize("repeats", [(1, 1), (3, 3), (6, 4), (7, 2), (7, 7)])
def test_moments_equal_enumeration(rng, n_words, repeats):
    counts = draw(rng, repeats, n_words)
    found = chance_moments(counts)
    mean, variance, third = enumerated(*counts[:, 0])
    assert_allclose(chance_level(counts)[0, 1], mean, atol=1e-12)
    assert_allclose(found.mean[0, 1], mean, atol=1e-12)
    assert_allclose(found.variance[0, 1], variance, atol=1e-12)
    if n_words == 2:
        assert_allclose(found.third[0, 1], third, atol=1e-12)
    else:  # by scaling: right to some tens of percent where counts are this small
        assert abs(found.third[0, 1] - third) < 0.5 * variance**1.5 + 1e-9


def test_chance_level_equals_enumeration():
    # One table over m: B(m) for 5 and 3 repeats, all m.
    marked = np.arange(9)
    found = word_moments(marked, 5, 3)
    for m in marked:
        weights = [
            math.comb(m, n) * math.comb(8 - m, 5 - n) if m - n <= 3 and n <= m else 0
            for n in range(6)
        ]
        pairs = [(n, m - n) for n in range(6)]
        d = np.array(
            [
                f(x) + f(max(y, 0)) - (f(m * 5 / 8) + f(m * 3 / 8)) if w else 0.0
                for w, (x, y) in zip(weights, pairs, strict=True)
            ]
        )
        mean = np.average(d, weights=weights)
        assert_allclose(found.mean[m], mean, atol=1e-12)


def test_words_of_a_condition_covary_as_in_enumeration():
    m, other, r_a, r_b = 5, 4, 6, 7
    rest = r_a + r_b - m - other

    def d(n, m):
        share = r_a / (r_a + r_b)
        expected = n * math.log2(m * share) + (m - n) * math.log2(m * (1 - share))
        return f(n) + f(m - n) - expected

    moments = np.zeros(4)
    for n, k in itertools.product(range(m + 1), range(other + 1)):
        if 0 <= r_a - n - k <= rest:
            weight = math.comb(m, n) * math.comb(other, k)
            weight *= math.comb(rest, r_a - n - k)
            one, two = d(n, m), d(k, other)
            moments += weight * np.array([1, one, two, one * two])
    _, one, two, product = moments / moments[0]
    b = word_moments(np.array([m, other]), r_a, r_b).shared
    sign = (-1.0) ** np.arange(1, len(b) + 1)
    assert_allclose((sign * b[:, 0] * b[:, 1]).sum(), product - one * two, atol=1e-12)


def test_two_words_are_the_same_as_words_in_general(rng):
    # The third word, never observed, sends the same counts the general way.
    counts = draw(rng, (30, 30, 30, 30), 2, 20)
    general = np.concatenate([counts, np.zeros((4, 20, 1), int)], axis=2)
    assert_allclose(
        chance_moments(general).variance, chance_moments(counts).variance, rtol=1e-9
    )


@pytest.mark.parametrize(("n_words", "repeats"), [(2, (20, 20)), (5, (20, 12))])
def test_chance_moments_are_those_of_shuffles(rng, n_words, repeats):
    counts = draw(rng, repeats, n_words, 30)
    found = chance_moments(counts)
    words = [
        np.repeat(np.arange(n_words), both) for both in counts.sum(axis=0).tolist()
    ]
    losses = np.zeros(2000)
    for shuffle in range(2000):
        for of_condition in words:
            dealt = rng.permutation(of_condition)
            a = np.bincount(dealt[: repeats[0]], minlength=n_words)
            b = np.bincount(dealt[repeats[0] :], minlength=n_words)
            n = np.concatenate([a, b, a + b])
            terms = n * np.log2(np.maximum(n, 1))
            losses[shuffle] += terms[: 2 * n_words].sum() - terms[2 * n_words :].sum()
    losses += 30 * (f(sum(repeats)) - f(repeats[0]) - f(repeats[1]))
    error = losses.std() / np.sqrt(2000)
    assert abs(found.mean[0, 1] - losses.mean()) < 4 * error
    # The relative error of a variance from 2,000 draws is 3 %.
    assert_allclose(found.variance[0, 1], losses.var(), rtol=0.15)


def test_neurons_with_other_repeats_are_pairs_like_others(rng):
    # Each pair alone, and all pairs at once: recorded in some conditions only.
    counts = draw(rng, (9, 9, 5, 5, 7), 2, 12)
    counts[3, 4:] = counts[1, 4:]
    counts[4, :6] = 0
    together = chance_moments(counts)
    for a, b in itertools.combinations(range(5), 2):
        pair = chance_moments(counts[[a, b]])
        for all_pairs, one_pair in zip(together, pair, strict=True):
            assert_allclose(all_pairs[a, b], one_pair[0, 1], atol=1e-9)
            assert_allclose(all_pairs[b, a], one_pair[0, 1], atol=1e-9)


@pytest.mark.parametrize(("r_a", "r_b"), [(600, 600), (200, 3000)])
def test_the_expansion_is_close_where_it_begins(r_a, r_b):
    low = int(110 * (r_a + r_b) / min(r_a, r_b))
    marked = np.arange(low, (r_a + r_b) // 2, 50)
    found, both = word_moments(marked, r_a, r_b), binary_moments(marked, r_a, r_b)
    exact, exact_both = (
        moments(marked, r_a, r_b, exact_below=10**9)
        for moments in (word_moments, binary_moments)
    )
    assert_allclose(found.mean, exact.mean, rtol=1e-3)
    assert_allclose(found.variance, exact.variance, rtol=0.02)
    assert_allclose(both[0], exact_both[0], rtol=0.02)
    assert_allclose(both[1], exact_both[1], rtol=0.06)


def test_hours_pooled_in_one_condition_need_no_giant_table(rng):
    # Beyond 512 repeats sums are looked up pair by pair.
    n = rng.binomial(700, [[0.1], [0.1], [0.2]])
    counts = np.stack([700 - n, n], axis=2)
    many = chance_moments(counts)
    tables = word_moments(np.arange(1401), 700, 700)
    for a, b in ((0, 1), (0, 2)):
        m = (counts[a] + counts[b])[0]
        assert_allclose(many.mean[a, b], tables.mean[m].sum(), rtol=1e-12)
        variance, _ = binary_moments(m[:1], 700, 700)
        assert_allclose(many.variance[a, b], variance[0], rtol=0.02)
