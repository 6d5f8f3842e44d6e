"""Evidence of each condition, from few repeats beside that of known probabilities."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import nchypergeom_fisher

from neuroclass.discrimination import observation_time_ratio, time_to_accuracy
from neuroclass.discrimination.condition_evidence import ConditionEvidence
from neuroclass.responses.counts import ResponseCounts


def evidence_of(p):
    """Return B and V of the first two neurons, from p(word), (2, conditions, words)."""
    half_way, ratio = np.sqrt(p[0] * p[1]), np.log(p[0] / p[1])
    overlap = half_way.sum(axis=1)
    mean = (half_way * ratio).sum(axis=1) / overlap
    return -np.log(overlap), (half_way * ratio**2).sum(axis=1) / overlap - mean**2


def drawn(p, n_repeats, rng):
    """Return counts of words, (n_neurons, n_conditions, n_words)."""
    return rng.multinomial(n_repeats, p)


def pair_of_types(rng, n_conditions=400):
    """Return p(word) of two neurons that answer other events."""
    p = np.clip(0.6 * rng.random((2, n_conditions)) ** 6, 0.003, 1)
    return np.stack([1 - p, p], axis=2)


def pair_of_one_type(rng, n_conditions=400):
    """Return p(word) of two neurons that answer the same events about as often."""
    p = np.clip(0.6 * rng.random(n_conditions) ** 4, 0.003, 1)
    odds = p / (1 - p) * np.exp([[-0.3], [0.3]] * rng.normal(1, 0.5, n_conditions))
    p = odds / (1 + odds)
    return np.stack([1 - p, p], axis=2)


def frequencies_of(counts):
    """Return frequencies of words with half a repeat of the pooled ones."""
    pooled = counts.sum(axis=0) / counts.sum(axis=(0, 2))[:, None]
    return (counts + 0.5 * pooled + 1e-9) / (counts.sum(axis=2, keepdims=True) + 0.5)


@pytest.mark.parametrize("n_repeats", [10, 20, 60])
@pytest.mark.parametrize(
    ("pair", "margin"), [(pair_of_types, 0.09), (pair_of_one_type, 0.14)]
)
def test_evidence_of_few_repeats_is_that_of_many(pair, margin, n_repeats):
    rng = np.random.default_rng(3)
    ratios, of_frequencies = [], []
    for _ in range(60):
        p = pair(rng)
        counts = drawn(p, n_repeats, rng)
        true = evidence_of(p)[0].sum()
        bound, _ = ConditionEvidence(counts).of_pairs(np.array([0]), np.array([1]))
        ratios.append(bound.sum() / true)
        of_frequencies.append(evidence_of(frequencies_of(counts))[0].sum() / true)
    assert np.mean(ratios) == pytest.approx(1, abs=margin)
    if pair is pair_of_one_type:
        assert np.mean(of_frequencies) > 1 + 3 / n_repeats


@pytest.mark.parametrize("n_repeats", [10, 20, 60])
def test_times_from_few_repeats_are_those_of_known_probabilities(n_repeats):
    rng = np.random.default_rng(4)
    ratios = []
    for _ in range(60):
        p = pair_of_types(rng)
        known = np.rint(p * 1e7).astype(np.int64)
        seconds = []
        for counts in (known, drawn(p, n_repeats, rng)):
            bits = np.array([0.05])
            if counts is known:
                p_known = counts / counts.sum(axis=2, keepdims=True)
                middle = p_known.mean(axis=0)
                bits = (p_known * np.log2(p_known / middle)).sum(axis=2).mean()[None]
            ratio = observation_time_ratio(
                counted(counts), np.array([0]), np.array([1]), bits
            )
            seconds.append(ratio[0] * time_to_accuracy(bits, 0.9)[0])
        ratios.append(seconds[1] / seconds[0])
    assert np.median(ratios) == pytest.approx(1, abs=0.03)


def counted(counts):
    """Return counts as those of responses, conditioned on time."""
    n_neurons, n_conditions, n_words = counts.shape
    return ResponseCounts(
        counts=counts,
        words=np.arange(n_words),
        stimulus=np.zeros(n_conditions, dtype=np.intp),
        time=np.arange(n_conditions) * 0.02,
        stimuli=("movie",),
        word_duration=0.02,
        n_spikes=counts[:, :, 1:].sum(axis=(1, 2)),
        unit_ids=tuple(range(n_neurons)),
    )


def test_times_do_not_depend_on_the_divergence():
    rng = np.random.default_rng(5)
    counts = counted(drawn(pair_of_types(rng), 20, rng))
    bits = np.array([0.02, 0.05])
    ratio = observation_time_ratio(counts, [0, 0], [1, 1], bits)
    one, other = ratio * time_to_accuracy(bits, 0.9)
    assert one == pytest.approx(other)


def test_words_of_two_bins_have_the_evidence_of_their_bins():
    # Independent bins: B and V of a word are the sums over its bins.
    rng = np.random.default_rng(6)
    p = np.clip(0.6 * rng.random((2, 300, 2)) ** 5, 0.003, 1)
    words = np.stack(
        [
            (1 - p[..., 0]) * (1 - p[..., 1]),
            (1 - p[..., 0]) * p[..., 1],
            p[..., 0] * (1 - p[..., 1]),
            p[..., 0] * p[..., 1],
        ],
        axis=2,
    )
    true = evidence_of(words)[0].sum()
    first, second = np.array([0]), np.array([1])
    found = [
        ConditionEvidence(drawn(words, 20, rng)).of_pairs(first, second)[0].sum()
        for _ in range(20)
    ]
    assert np.mean(found) == pytest.approx(true, rel=0.06)


def test_evidence_equals_a_twin_of_loops():
    rng = np.random.default_rng(7)
    p = pair_of_types(rng, 12)
    counts = drawn(p, 12, rng)
    bound, variance = ConditionEvidence(counts).of_pairs(np.array([0]), np.array([1]))
    # But for the saddle-point approximation of the likelihood.
    true_bound, true_variance = twin(counts[:, :, 1], 12)
    assert_allclose(bound[0], true_bound, atol=0.01)
    assert_allclose(variance[0], true_variance, atol=0.03)


def twin(spikes, n_repeats, n_steps=30):
    """Return B and V by loops, with the exact noncentral hypergeometric likelihood."""
    sizes = [0.0]
    while sizes[-1] < 12:
        sizes.append(sizes[-1] + 0.5 * np.cosh(sizes[-1] / 4))
    total = 2 * n_repeats

    def likelihood(a, m, d):
        return nchypergeom_fisher(total, n_repeats, m, np.exp(d)).pmf(a)

    def probabilities(m, d):
        # p + q = m / R and logit p - logit q = d, by bisection of the mean of both.
        low, high = -50.0, 50.0
        for _ in range(200):
            middle = (low + high) / 2
            p = 1 / (1 + np.exp(-middle - d / 2))
            q = 1 / (1 + np.exp(-middle + d / 2))
            low, high = (middle, high) if p + q < m / n_repeats else (low, middle)
        return p, q

    def plain(m, d):
        if not 0 < m < total:
            return np.zeros(2)
        p, q = probabilities(m, d)
        b, v = evidence_of(np.array([[[1 - p, p]], [[1 - q, q]]]))
        return np.array([b[0], v[0]])

    def corrected(m, d):
        p, q = probabilities(m, d)
        spread = n_repeats * (p * (1 - p) + q * (1 - q))
        bend = plain(m + 1, d) + plain(m - 1, d) - 2 * plain(m, d)
        return np.maximum(plain(m, d) - bend * spread / 2, 0)

    informative = [s for s, m in enumerate(spikes.sum(axis=0)) if 0 < m < total]
    table = np.array(
        [
            [np.mean([likelihood(a, a + b, e * d) for e in (-1, 1)]) for d in sizes]
            for a, b in spikes[:, informative].T
        ]
    )
    weights = np.full(len(sizes), 1 / len(sizes))
    for _ in range(n_steps):
        given = table / (table @ weights)[:, None]
        weights = weights * given.mean(axis=0) ** 1.8
        weights /= weights.sum()
    found = np.zeros((2, spikes.shape[1]))
    for s, row in zip(informative, table, strict=True):
        m = spikes[:, s].sum()
        given = row * weights / (row @ weights)
        found[:, s] = sum(
            g * corrected(m, d) for g, d in zip(given, sizes, strict=True)
        )
    return found


def test_evidence_does_not_depend_on_the_order_or_on_other_pairs():
    rng = np.random.default_rng(8)
    p = np.clip(rng.random((9, 50)) ** 3, 0.01, 0.9)
    for counts in (
        drawn(np.stack([1 - p, p], axis=2), 15, rng),
        drawn(np.stack([1 - p, p / 3, p * 2 / 3], axis=2), 15, rng),
    ):
        first, second = np.triu_indices(9, 1)
        evidence = ConditionEvidence(counts)
        whole = evidence.of_pairs(first, second)
        assert_allclose(evidence.of_pairs(second, first), whole, atol=1e-10)
        one = evidence.of_pairs(first[17:18], second[17:18])
        assert_allclose(one, [each[17:18] for each in whole], atol=1e-10)


def test_only_conditions_that_both_share_are_evidence():
    rng = np.random.default_rng(9)
    counts = drawn(pair_of_types(rng, 60), 12, rng)
    counts[0, :20] = 0
    counts[1, 50:] = 0
    pair = np.array([0]), np.array([1])
    found = ConditionEvidence(counts).of_pairs(*pair)
    shared = ConditionEvidence(counts[:, 20:50]).of_pairs(*pair)
    assert_allclose([each[:, 20:50] for each in found], shared)
    for each in found:
        assert not each[:, :20].any()
        assert not each[:, 50:].any()


def test_uneven_repeats_do_not_bias_the_evidence():
    rng = np.random.default_rng(10)
    ratios = []
    for _ in range(40):
        p = pair_of_types(rng)
        counts = np.stack([drawn(p[0], 10, rng), drawn(p[1], 40, rng)])
        bound, _ = ConditionEvidence(counts).of_pairs(np.array([0]), np.array([1]))
        ratios.append(bound.sum() / evidence_of(p)[0].sum())
    assert np.mean(ratios) == pytest.approx(1, abs=0.09)


@pytest.mark.parametrize("n_repeats", [1, 10])
def test_silent_neurons_give_no_evidence(n_repeats):
    counts = np.zeros((3, 20, 2), dtype=np.int64)
    counts[:, :, 0] = n_repeats
    counts[2, 3] = [0, n_repeats]
    evidence = ConditionEvidence(counts)
    bound, variance = evidence.of_pairs(np.array([0, 0]), np.array([1, 2]))
    assert not bound[0].any()
    assert not variance[0].any()
    assert_array_equal(np.flatnonzero(bound[1]), [3])
    assert np.isfinite(bound).all()
    assert np.isfinite(variance).all()


def test_no_pair_has_no_evidence():
    evidence = ConditionEvidence(np.ones((2, 5, 2), dtype=np.int64))
    nothing = np.array([], dtype=np.intp)
    assert [each.shape for each in evidence.of_pairs(nothing, nothing)] == [(0, 5)] * 2
    assert repr(evidence) == "ConditionEvidence(2 neurons, 5 conditions, 2 words)"
