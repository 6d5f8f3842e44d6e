"""Each entropy estimator against its definition, and the measures made of them."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.spatial.distance import jensenshannon
from scipy.special import gammaln, polygamma, psi

from neuroclass.estimators import (
    ENTROPY_ESTIMATORS,
    conditional_entropy,
    entropy,
    jensen_shannon,
    mutual_information,
    xlog2x,
)
from neuroclass.estimators.deduplication import distinct_vectors
from neuroclass.estimators.grassberger import digamma_of_counts
from neuroclass.estimators.panzeri_treves import inferred_words

NATS = np.log(2.0)
# Twenty words whose NSB entropy is documented (the ndd project), in nats.
DOCUMENTED = [7, 3, 5, 8, 9, 1, 3, 3, 1, 0, 2, 5, 2, 11, 4, 23, 5, 0, 8, 0]

counts_of_words = st.lists(st.integers(0, 12), min_size=2, max_size=6).filter(any)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 5).flatmap(
        lambda n: st.lists(
            st.lists(st.integers(0, 2**40), min_size=n, max_size=n),
            min_size=1,
            max_size=20,
        )
    )
)
def test_distinct_vectors_are_those_of_plain_python(rows):
    # Counts of up to 2^40 in five columns need their key renumbered on the way.
    vectors, inverse = distinct_vectors(np.array(rows))
    assert len({tuple(v) for v in vectors.tolist()}) == len(vectors)
    for row, k in zip(rows, inverse, strict=True):
        expected = sorted((n for n in row if n), reverse=True)
        assert [n for n in vectors[k].tolist() if n] == expected


def test_nsb_equals_the_documented_values():
    assert_allclose(entropy(DOCUMENTED, "nsb") * NATS, 2.623634344902917, atol=2e-10)
    in_bits = entropy([[90, 5, 4, 1], [97, 2, 1, 0], [100, 0, 0, 0]], "nsb")
    assert_allclose(in_bits, [0.6345, 0.2484, 0.0137], atol=5e-5)


def nsb_by_quadrature(counts, n_words):
    """The posterior mean of H, by adaptive integration over log b."""
    n = np.array([c for c in counts if c], dtype=float)
    repeats = n.sum()

    def log_weight(t):
        b = np.exp(t)
        slope = n_words * polygamma(1, n_words * b + 1) - polygamma(1, b + 1)
        rising = gammaln(n_words * b) - gammaln(repeats + n_words * b)
        return np.log(b * slope) + rising + (gammaln(n + b) - gammaln(b)).sum()

    def mean(t):
        b = np.exp(t)
        words = ((n + b) * psi(n + b + 1)).sum()
        words += (n_words - len(n)) * b * psi(b + 1)
        return psi(repeats + n_words * b + 1) - words / (repeats + n_words * b)

    grid = np.linspace(-25, 15, 2001)
    heights = np.array([log_weight(t) for t in grid])
    peak, top = grid[heights.argmax()], heights.max()
    ends = {"points": [peak - 1, peak + 1], "limit": 300, "epsabs": 0}
    below = quad(lambda t: np.exp(log_weight(t) - top), -25, 15, **ends)[0]
    above = quad(lambda t: np.exp(log_weight(t) - top) * mean(t), -25, 15, **ends)[0]
    return above / below / NATS


@pytest.mark.parametrize(
    ("counts", "n_words"),
    [
        ([3, 1, 0], 3),
        ([5, 5], 2),
        ([1] * 10, 1000),
        (DOCUMENTED, 50),
        ([40] * 300, 400),
    ],
)
def test_nsb_equals_direct_integration(counts, n_words):
    expected = nsb_by_quadrature(counts, n_words)
    # The tail of the flat posteriors beyond b = e^15, which the quadrature lacks.
    assert_allclose(entropy(counts, "nsb", n_words=n_words), expected, atol=3e-7)


def subsets_by_definition(counts):
    """The parabola through the mean plug-in entropies of all subsets, at 1/R = 0."""
    words = [w for w, n in enumerate(counts) for _ in range(n)]
    sizes = [len(words), len(words) // 2, len(words) // 4]
    means = [
        np.mean(
            [
                float(entropy(list(Counter(subset).values())))
                for subset in itertools.combinations(words, size)
            ]
        )
        for size in sizes
    ]
    return np.polyfit(1 / np.array(sizes), means, 2)[-1]


@pytest.mark.parametrize("counts", [[2, 2], [4, 1, 0, 2], [3, 3, 1, 1], [1] * 8])
def test_extrapolation_equals_its_definition_over_all_subsets(counts):
    expected = subsets_by_definition(counts)
    assert_allclose(entropy(counts, "quadratic-extrapolation"), expected, atol=1e-10)


def test_extrapolation_needs_four_repeats():
    found = entropy([[2, 1], [2, 2]], "quadratic-extrapolation")
    assert np.isnan(found).tolist() == [True, False]


def test_digamma_of_counts_follows_its_recursion():
    # Eq. 31: G(1) = -gamma - ln 2, G(2) = 2 - gamma - ln 2, G(2n + 1) = G(2n),
    # G(2n + 2) = G(2n) + 2 / (2n + 1).
    g = [math.nan, -np.euler_gamma - NATS, 2 - np.euler_gamma - NATS]
    for n in range(1, 60):
        g += [g[2 * n], g[2 * n] + 2 / (2 * n + 1)]
    assert_allclose(digamma_of_counts(np.arange(1, 121)), g[1:121], rtol=1e-12)


@given(counts_of_words)
def test_grassberger_is_its_sum_by_loop(counts):
    repeats = sum(counts)
    words = sum(n * float(digamma_of_counts(n)) for n in counts if n)
    expected = (math.log(repeats) - words / repeats) / NATS
    assert_allclose(entropy(counts, "grassberger"), expected, atol=1e-12)


def test_grassberger_is_unbiased_but_for_a_small_rest_where_words_are_many(rng):
    # Poisson counts: E[n G(n)] = l ln l + l E_1(2 l), so for l = 4 the bias of each
    # term is below 4 e^-8 / 8.
    n = rng.poisson(4.0, 400_000)
    g = np.where(n > 0, n * digamma_of_counts(np.maximum(n, 1)), 0.0)
    assert abs(g.mean() - 4 * np.log(4)) < 4 * g.std() / np.sqrt(len(n)) + 2e-4


@given(counts_of_words.filter(lambda n: sum(n) > n.count(1)))
def test_chao_shen_is_its_sum_by_loop(counts):
    repeats = sum(counts)
    coverage = 1 - counts.count(1) / repeats
    expected = 0.0
    for n in counts:
        if n:
            p = coverage * n / repeats
            expected -= p * math.log2(p) / (1 - (1 - p) ** repeats)
    assert_allclose(entropy(counts, "chao-shen"), expected, atol=1e-12)


def test_coverage_when_every_word_was_observed_once():
    # C = 1/4 in place of 0: four words of frequency 1/16, each seen with 1 - (15/16)^4.
    expected = 4 * (1 / 16) * 4 / (1 - (15 / 16) ** 4)
    assert_allclose(entropy([1, 1, 1, 1], "chao-shen"), expected, rtol=1e-12)
    assert entropy([0, 1], "chao-shen") == 0


@given(counts_of_words, st.integers(0, 3))
def test_shrinkage_is_its_formula(counts, more):
    n_words, repeats = len(counts) + more, sum(counts)
    p = [n / repeats for n in counts] + [0.0] * more
    distance = sum((1 / n_words - q) ** 2 for q in p)
    shrink = 1.0
    if repeats > 1 and distance > 1e-12:
        shrink = (1 - sum(q * q for q in p)) / ((repeats - 1) * distance)
    shrink = min(1.0, shrink)
    p = [shrink / n_words + (1 - shrink) * q for q in p]
    found = entropy(counts, "james-stein", n_words=n_words)
    assert_allclose(found, -xlog2x(p).sum(), atol=1e-9)


def inferred_by_loop(counts, n_words):
    """The search for the number of words, in the order that inferred_words says."""
    n = [c for c in counts if c]
    repeats, seen = sum(n), len(n)
    nearest, unseen = sum((1 - c / repeats) ** repeats for c in n), 0
    for u in range(1, n_words - seen + 1):
        each = 1 - (repeats / (repeats + seen)) ** (1 / repeats)
        rest = 1 - u * each
        if rest < 0:
            break
        p = [rest * (c + 1) / (repeats + seen) for c in n] + [each] * u
        expected = sum(1 - (1 - q) ** repeats for q in p)
        if abs(expected - seen) >= nearest:
            break
        nearest, unseen = abs(expected - seen), u
    return seen + unseen


@given(counts_of_words, st.integers(0, 30))
def test_inferred_words_equal_the_search_by_loop(counts, more):
    n_words = len(counts) + more
    vector = np.array([sorted(counts, reverse=True)])
    assert inferred_words(vector, n_words)[0] == inferred_by_loop(counts, n_words)


def test_inferred_words_are_closer_to_those_that_can_occur(rng):
    n = -np.sort(-rng.multinomial(20, np.full(16, 1 / 16), size=2000))
    seen = np.count_nonzero(n, axis=1).mean()
    inferred = inferred_words(n, 64).mean()
    assert 11 < seen < 12
    assert abs(inferred - 16) < abs(seen - 16)


def test_panzeri_treves_is_miller_madow_where_no_word_is_missing():
    counts = [[20, 30], [9, 8]]
    assert_allclose(
        entropy(counts, "panzeri-treves"), entropy(counts, "miller-madow"), rtol=1e-12
    )


@pytest.mark.parametrize("estimator", ENTROPY_ESTIMATORS)
def test_every_estimator_nears_the_truth_with_many_repeats(rng, estimator):
    p = np.array([0.5, 0.25, 0.125, 0.125])  # 1.75 bits
    n = rng.multinomial(20_000, p, size=50)
    assert_allclose(entropy(n, estimator).mean(), 1.75, atol=4e-3)


@pytest.mark.parametrize("estimator", ENTROPY_ESTIMATORS)
def test_batches_and_axes_give_what_single_vectors_give(rng, estimator):
    n = rng.multinomial(9, [0.5, 0.2, 0.2, 0.1], size=(3, 2))
    n[1, 1] = 0
    found = entropy(n, estimator)
    for index in np.ndindex(3, 2):
        if n[index].any():
            assert_allclose(found[index], entropy(n[index], estimator), rtol=1e-12)
    assert np.isnan(found[1, 1])
    assert_allclose(entropy(np.moveaxis(n, -1, 0), estimator, axis=0), found)
    assert entropy(np.zeros((0, 4), int), estimator).shape == (0,)


@settings(deadline=None)
@given(counts_of_words, st.sampled_from(ENTROPY_ESTIMATORS), st.randoms())
def test_the_order_of_words_does_not_matter(counts, estimator, random):
    shuffled = random.sample(counts, len(counts))
    assert_allclose(entropy(shuffled, estimator), entropy(counts, estimator))


@pytest.mark.parametrize("estimator", ENTROPY_ESTIMATORS)
def test_one_possible_word_has_no_entropy(estimator):
    if estimator == "grassberger":  # ln R - G(R), which is small and not 0
        assert abs(entropy([40], estimator)) < 0.02
    else:
        assert_allclose(entropy([40], estimator), 0, atol=1e-12)


@pytest.mark.parametrize("estimator", ENTROPY_ESTIMATORS)
def test_mutual_information_is_symmetric(rng, estimator):
    n = rng.multinomial(60, rng.dirichlet(np.ones(12)), size=5).reshape(5, 3, 4)
    found = mutual_information(n, estimator)
    assert_allclose(mutual_information(n, estimator, axis=(2, 1)), found, atol=1e-10)


def test_plug_in_and_shrunk_information_are_never_negative(rng):
    n = rng.multinomial(7, np.full(6, 1 / 6), size=500).reshape(500, 2, 3)
    for estimator in ("plug-in", "james-stein"):
        assert mutual_information(n, estimator).min() > -1e-12
        assert jensen_shannon(n[n.sum(axis=2).all(axis=1)], estimator).min() > -1e-12


def test_information_of_a_copy_is_the_entropy():
    n = np.diag([5, 3, 2])
    assert_allclose(mutual_information(n), entropy([5, 3, 2]), atol=1e-12)


@pytest.mark.parametrize("estimator", ["plug-in", "nsb", "james-stein"])
def test_information_counts_words_that_are_possible_and_not_in_the_table(
    rng, estimator
):
    n = rng.multinomial(30, rng.dirichlet(np.ones(6))).reshape(2, 3)
    padded = np.zeros((3, 5), int)
    padded[:2, :3] = n
    for measure, given_, wide in (
        (mutual_information, (3, 5), padded),
        (jensen_shannon, 5, padded[:2]),
        (conditional_entropy, 5, padded[:2]),
    ):
        assert_allclose(
            measure(n, estimator, n_words=given_), measure(wide, estimator), atol=1e-10
        )


@pytest.mark.parametrize("estimator", ["plug-in", "chao-shen", "nsb"])
def test_conditional_entropy_is_the_mean_by_loop(rng, estimator):
    n = rng.integers(0, 6, size=(4, 3)) + 1
    n[2] = 0  # a condition never seen weighs nothing
    rows = [k for k in range(4) if n[k].any()]
    expected = sum(n[k].sum() * entropy(n[k], estimator) for k in rows) / n.sum()
    assert_allclose(conditional_entropy(n, estimator), expected, rtol=1e-12)
    flipped = conditional_entropy(n.T, estimator, axis=0, given=1)
    assert_allclose(flipped, expected, rtol=1e-12)


def test_chain_rule_of_the_plug_in(rng):
    n = rng.integers(0, 9, size=(5, 4))
    joint = entropy(n.ravel())
    assert_allclose(entropy(n.sum(axis=1)) + conditional_entropy(n), joint, atol=1e-12)
    information = entropy(n.sum(axis=0)) - conditional_entropy(n)
    assert_allclose(mutual_information(n), information, atol=1e-12)
    assert_allclose(jensen_shannon(n), information, atol=1e-12)


def test_divergence_equals_scipys_squared_distance(rng):
    p = rng.multinomial(24, rng.dirichlet(np.ones(5)), size=(6, 2))
    expected = [jensenshannon(a, b, 2) ** 2 for a, b in p]
    assert_allclose(jensen_shannon(p), expected, atol=1e-12)


def test_corrections_lower_the_divergence_of_one_distribution(rng):
    n = rng.multinomial(30, [0.5, 0.3, 0.1, 0.1], size=(3000, 2))
    raw = jensen_shannon(n).mean()
    assert 0.03 < raw < 0.045  # (4 - 1) / (2 ln 2) / 60
    rest = {e: jensen_shannon(n, e).mean() / raw for e in ENTROPY_ESTIMATORS}
    for estimator in ("miller-madow", "panzeri-treves", "jackknife"):
        assert abs(rest[estimator]) < 0.15, estimator
    # A quarter of 30 repeats is few for a parabola, and no word here is rare: these
    # correct too much.
    for estimator in ("quadratic-extrapolation", "grassberger", "chao-shen"):
        assert -0.35 < rest[estimator] < 0, estimator
    for estimator in ("james-stein", "nsb"):
        assert 0 < rest[estimator] < 0.8, estimator


@pytest.mark.parametrize("estimator", ENTROPY_ESTIMATORS)
def test_there_must_be_a_word_to_count(estimator):
    message = r"counts must have at least one word along axis {}; got an array of shape"
    for measure, shape, axis in (
        (entropy, (0,), -1),
        (entropy, (3, 0), -1),
        (conditional_entropy, (2, 4, 0), -1),
        (jensen_shannon, (4, 0), -1),
        (mutual_information, (4, 0), -1),
        (mutual_information, (0, 4), -2),
    ):
        with pytest.raises(ValueError, match=message.format(axis)):
            measure(np.zeros(shape, int), estimator)
    with pytest.raises(ValueError, match=message.format(0)):
        entropy(np.zeros((0, 4), int), estimator, axis=0)
    assert np.isnan(entropy([0, 0], estimator))


def test_what_cannot_be_estimated_is_refused():
    with pytest.raises(ValueError, match="estimator must be one of plug-in, miller"):
        mutual_information([[1, 2]], "best")
    with pytest.raises(ValueError, match="n_words must be an integer of at least 3"):
        entropy([1, 2, 0], "nsb", n_words=2)
    with pytest.raises(ValueError, match="n_words must be an integer of at least 1"):
        mutual_information([[1, 2, 0]], "nsb", axis=(1, 0), n_words=(3, 0.5))
    with pytest.raises(ValueError, match="integers for the nsb estimator"):
        jensen_shannon([[1.5, 2], [1, 2]], "nsb")
