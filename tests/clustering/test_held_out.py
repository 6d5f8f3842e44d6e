"""One split, scored on unseen stimulus: two kinds, or one continuum."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtri

import neuroclass.clustering._compiled.loader
from neuroclass.clustering.continuum_null import log_variance_ratio, null_of_cut
from neuroclass.clustering.held_out import (
    Half,
    _bimodality,
    _log_ratios,
    halves_of_stimulus,
    held_out_z,
)


def test_missing_repeats_are_halved_where_they_are(rng, simulate_kinds):
    counts, _ = simulate_kinds(rng, (14, 14), n_conditions=15, repeats=60, spread=0.1)
    counts[3, 2] = 0
    one, other = halves_of_stimulus(counts)
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
    mean, sd = null_of_cut(n_low, n, shape)
    noise = sd / np.sqrt(20000 if n >= 48 else 3333)  # small ones are simulated, too
    assert_allclose(mean, values.mean(), atol=0.02 * sd + 3 * noise)
    assert_allclose(sd, values.std(), rtol=0.03)


def test_a_flat_continuum_of_many_neurons_scores_little():
    x = np.linspace(0, 1, 2000)
    labels = (x > 0.5).astype(int)
    assert _bimodality(x, labels) == pytest.approx(3, abs=0.1)
    assert _bimodality(ndtri((x * 1999 + 0.5) / 2000), labels) < 0
    assert _bimodality(x + 0.3 * labels, labels) > 10


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
            spoken = ((rest[label] + q / 2) / (repeats + 0.5))[:, 1]
            p.append(spoken / spoken.sum())
        top = bottom = 0.0
        for s in range(30):
            n = counts[i, s, 1]
            if n and q[s, 1]:
                top += n**0.5 * np.log(p[1][s] / p[0][s])
                bottom += n**0.5
        expected.append(top / bottom)
    half = Half.from_counts(counts, "miller-madow")
    assert_allclose(_log_ratios(half, types), expected, rtol=1e-12)


def test_kinds_score_high_and_halves_of_one_kind_low(rng, simulate_kinds):
    two, types = simulate_kinds(rng, (12, 14))
    one, _ = simulate_kinds(rng, (26,))
    assert held_out_z(*halves_of_stimulus(two), types) > 8
    assert held_out_z(*halves_of_stimulus(one), types) < 2


def test_the_names_of_the_two_classes_do_not_matter(rng, simulate_kinds):
    counts, types = simulate_kinds(rng, (9, 14), spread=1.0)
    halves = halves_of_stimulus(counts)
    z = held_out_z(*halves, types)
    assert held_out_z(*halves, 1 - types) == pytest.approx(z)


def test_a_half_without_a_word_gives_no_score():
    counts = np.ones((6, 4, 2), dtype=int)
    silent = counts.copy()
    silent[:, :, 1] = 0
    labels = np.arange(6) % 2
    halves = [Half.from_counts(c, "miller-madow") for c in (counts, silent)]
    assert np.isnan(held_out_z(*halves, labels))


@pytest.mark.parametrize("n_words", [1, 2, 5])
def test_log_ratios_are_the_same_with_and_without_compiled_loops(
    rng, monkeypatch, n_words
):
    pytest.importorskip("numba")
    counts = rng.poisson(rng.gamma(0.3, 1.0, (9, 40, n_words)))
    counts[3, :7] = 0  # not recorded there
    counts[:, 9] = 0
    counts[1:, 11] = 0  # nobody else was
    found = []
    for least in (0, 1 << 62):
        monkeypatch.setattr(neuroclass.clustering._compiled.loader, "_WORTH_IT", least)
        half = Half.from_counts(counts, "miller-madow")
        found.append(_log_ratios(half, np.arange(9) % 2))
    assert_allclose(found[0], found[1], rtol=1e-12)


def test_some_neurons_of_a_half_are_a_half(rng, simulate_kinds):
    counts, _ = simulate_kinds(rng, (9, 14))
    some = np.array([1, 4, 5, 20])
    taken = Half.from_counts(counts, "miller-madow").of(some)
    anew = Half.from_counts(counts[some], "miller-madow")
    assert_array_equal(taken.counts, anew.counts)
    assert taken.rows.n_words == anew.rows.n_words
    labels = np.array([0, 1, 0, 1])
    assert_allclose(
        taken.rows.objective(labels), anew.rows.objective(labels), rtol=1e-12
    )
