"""One split, scored on unseen stimulus: two kinds, or one continuum."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.splits import (
    _log_ratios,
    _null_of_cut,
    halves_of_stimulus,
    held_out_z,
)


def test_missing_repeats_are_halved_where_they_are(rng, simulate_kinds):
    counts, _ = simulate_kinds(rng, (14, 14), n_conditions=15, repeats=60, spread=0.1)
    counts[3, 2] = 0
    one, other = halves_of_stimulus(counts)
    assert_array_equal(one + other, counts)
    assert 0.4 < one.sum() / counts.sum() < 0.6


def test_null_is_what_cutting_sorted_gaussians_gives():
    rng = np.random.default_rng(77)
    values = []
    for _ in range(4000):
        x = np.sort(rng.normal(size=14))
        low, high = x[:5], x[5:]
        between = 5 * 9 / 14 * (high.mean() - low.mean()) ** 2
        within = ((low - low.mean()) ** 2).sum() + ((high - high.mean()) ** 2).sum()
        values.append(np.log(between / within))
    mean, sd = _null_of_cut(5, 14)
    assert_allclose(mean, np.mean(values), atol=4 * sd / np.sqrt(2000))
    assert_allclose(sd, np.std(values), rtol=0.06)


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
    assert_allclose(_log_ratios(counts, types), expected, rtol=1e-12)


def test_kinds_score_high_and_halves_of_one_kind_low(rng, simulate_kinds):
    two, types = simulate_kinds(rng, (12, 14))
    one, _ = simulate_kinds(rng, (26,))
    assert held_out_z(*halves_of_stimulus(two), types, "miller-madow") > 8
    assert held_out_z(*halves_of_stimulus(one), types, "miller-madow") < 2


def test_the_names_of_the_two_classes_do_not_matter(rng, simulate_kinds):
    counts, types = simulate_kinds(rng, (9, 14), spread=1.0)
    halves = halves_of_stimulus(counts)
    z = held_out_z(*halves, types, "miller-madow")
    assert held_out_z(*halves, 1 - types, "miller-madow") == pytest.approx(z)


def test_a_half_without_a_word_gives_no_score():
    counts = np.ones((6, 4, 2), dtype=int)
    silent = counts.copy()
    silent[:, :, 1] = 0
    labels = np.arange(6) % 2
    assert np.isnan(held_out_z(counts, silent, labels, "miller-madow"))
