"""Held-out z of two classes: two cell types, or one continuum."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtri

from neuroclass.clustering import (
    CountMatrix,
    build_merge_tree,
    held_out_z,
    stimulus_halves,
    weakest_pair_z,
)
from neuroclass.clustering.continuum_null import cut_null, log_variance_ratio
from neuroclass.clustering.held_out import (
    StimulusHalf,
    bimodality_z,
    log_likelihood_ratios,
)


def test_missing_repeats_are_halved_where_they_are(rng, simulate_kinds):
    counts, _ = simulate_kinds(rng, (14, 14), n_conditions=15, repeats=60, spread=0.1)
    counts[3, 2] = 0
    one, other = stimulus_halves(counts)
    assert_array_equal(one.counts + other.counts, counts.transpose(0, 2, 1))
    assert 0.4 < one.counts.sum() / counts.sum() < 0.6


@pytest.mark.parametrize("shape", ["gaussian", "uniform"])
@pytest.mark.parametrize(
    ("n_low", "n"), [(5, 14), (4, 30), (4, 48), (24, 48), (45, 48), (9, 150), (75, 150)]
)
def test_null_is_what_cutting_sorted_numbers_gives(n_low, n, shape):
    rng = np.random.default_rng(77)
    draw = rng.normal if shape == "gaussian" else rng.uniform
    draws = np.sort(draw(size=(20000, n)), axis=1)
    low, high = draws[:, :n_low], draws[:, n_low:]
    share = n_low * (n - n_low) / n
    between = share * (high.mean(axis=1) - low.mean(axis=1)) ** 2
    within = n * draws.var(axis=1) - between
    values = np.log(between / within)
    assert_allclose(log_variance_ratio(low, high), values, atol=1e-10)
    mean, sd = cut_null(n_low, n, shape)
    noise = sd / np.sqrt(20000 if n >= 48 else 3333)  # small ones are simulated, too
    assert_allclose(mean, values.mean(), atol=0.02 * sd + 3 * noise)
    assert_allclose(sd, values.std(), rtol=0.03)


def test_a_flat_continuum_of_many_neurons_scores_little():
    x = np.linspace(0, 1, 2000)
    labels = (x > 0.5).astype(int)
    assert bimodality_z(x, labels) == pytest.approx(3, abs=0.1)
    assert bimodality_z(ndtri((x * 1999 + 0.5) / 2000), labels) < 0
    assert bimodality_z(x + 0.3 * labels, labels) > 10


def test_log_ratios_equal_the_loop(rng, simulate_kinds):
    counts, types = simulate_kinds(rng, (4, 5), n_conditions=30, repeats=6)
    expected = []
    for i in range(9):
        p = []
        rest = [
            sum(counts[j] for j in range(9) if types[j] == label and j != i)
            for label in (0, 1)
        ]
        q = (rest[0] + rest[1]) / (rest[0] + rest[1]).sum(axis=1, keepdims=True)
        for label in (0, 1):
            repeats = rest[label].sum(axis=1, keepdims=True)
            observed = ((rest[label] + q / 2) / (repeats + 0.5))[:, 1]
            p.append(observed / observed.sum())
        top = bottom = 0.0
        for s in range(30):
            n = counts[i, s, 1]
            if n and q[s, 1]:
                top += n**0.5 * np.log(p[1][s] / p[0][s])
                bottom += n**0.5
        expected.append(top / bottom)
    half = StimulusHalf.from_counts(counts, "miller-madow")
    assert_allclose(log_likelihood_ratios(half, types), expected, rtol=1e-12)


def test_kinds_score_high_and_halves_of_one_kind_low(rng, simulate_kinds):
    two, types = simulate_kinds(rng, (12, 14))
    one, _ = simulate_kinds(rng, (26,))
    assert held_out_z(*stimulus_halves(two), types) > 8
    assert held_out_z(*stimulus_halves(one), types) < 2


def test_the_names_of_the_two_classes_do_not_matter(rng, simulate_kinds):
    counts, types = simulate_kinds(rng, (9, 14), spread=1.0)
    halves = stimulus_halves(counts)
    z = held_out_z(*halves, types)
    assert held_out_z(*halves, 1 - types) == pytest.approx(z)


def test_a_silent_half_has_no_z():
    counts = np.ones((6, 4, 2), dtype=int)
    silent = counts.copy()
    silent[:, :, 1] = 0
    labels = np.arange(6) % 2
    halves = [StimulusHalf.from_counts(c, "miller-madow") for c in (counts, silent)]
    assert np.isnan(held_out_z(*halves, labels))


@pytest.mark.parametrize("n_words", [1, 2, 5])
def test_log_ratios_are_the_same_with_and_without_compiled_loops(rng, n_words):
    pytest.importorskip("numba")
    counts = rng.poisson(rng.gamma(0.3, 1.0, (9, 40, n_words)))
    counts[3, :7] = 0  # not recorded there
    counts[:, 9] = 0
    counts[1:, 11] = 0  # only the first neuron was
    found = []
    for least in (0, 1 << 62):
        half = StimulusHalf.from_counts(counts, min_compiled=least)
        assert (half.matrix.loops is None) == (least > 0)
        found.append(log_likelihood_ratios(half, np.arange(9) % 2))
    assert_allclose(found[0], found[1], rtol=1e-12)


def test_some_neurons_of_a_half_are_a_half(rng, simulate_kinds):
    counts, _ = simulate_kinds(rng, (9, 14))
    some = np.array([1, 4, 5, 20])
    taken = StimulusHalf.from_counts(counts, "miller-madow").of(some)
    anew = StimulusHalf.from_counts(counts[some], "miller-madow")
    assert_array_equal(taken.counts, anew.counts)
    assert taken.matrix.n_words == anew.matrix.n_words
    labels = np.array([0, 1, 0, 1])
    assert_allclose(
        taken.matrix.objective(labels), anew.matrix.objective(labels), rtol=1e-12
    )


def weakest(counts, n_first=9, **kwargs):
    matrix = CountMatrix.from_counts(counts)
    labels = build_merge_tree(matrix).labels(n_first)
    return weakest_pair_z(stimulus_halves(counts), matrix, labels, **kwargs)


def test_the_true_number_is_the_largest_that_holds(rng, simulate_kinds):
    counts, _ = simulate_kinds(rng, (8, 10, 12, 9))
    z = weakest(counts)
    assert len(z) == 10
    assert np.isnan(z[:2]).all()
    assert z[4] > 5
    assert z[5:].max() < 1.5


def test_two_classes_are_scored_as_the_only_pair(rng, simulate_kinds):
    counts, types = simulate_kinds(rng, (10, 12), spread=0.1)
    z = held_out_z(*stimulus_halves(counts), types)
    assert weakest(counts)[2] == z


def test_a_diverse_kind_is_not_cut_before_two_that_are_alike_are_merged(rng):
    # Two kinds that differ in a tenth of the stimulus, and one whose neurons differ
    # from one another all over it: cut in two it keeps more information.
    drive = rng.normal(-2, 1.2, (2, 200))
    own = np.concatenate([np.tile(drive[0], (20, 1)), np.tile(drive[1], (16, 1))])
    own[10:20, 50:60] += 2.5
    own[10:20, 150:160] += 2.5
    own[20:] += 0.9 * rng.normal(size=(16, 200))
    observed = rng.binomial(25, 1 / (1 + np.exp(-own)))
    z = weakest(np.stack([25 - observed, observed], axis=2), n_first=6)
    assert z[3] > 3
    assert z[4:].max() < 1.5


def test_classes_too_small_to_test_do_not_hold(rng, simulate_kinds):
    counts, _ = simulate_kinds(rng, (9, 9))
    assert weakest(counts, n_first=9)[9] == -np.inf


def test_z_is_nan_where_no_two_classes_could_be_tested(rng, simulate_kinds):
    counts, _ = simulate_kinds(rng, (2, 2))
    assert np.isnan(weakest(counts, n_first=4)).all()


def test_the_number_of_processes_changes_nothing(rng, simulate_kinds):
    counts, _ = simulate_kinds(rng, (8, 8, 8))
    assert_array_equal(weakest(counts, n_jobs=1), weakest(counts, n_jobs=2))
