"""Size and time of changes of the rate: known steps, trends, and none."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass import bin_words, from_raster, select_presentations, simulate_retina
from neuroclass.responses import drift_test
from neuroclass.responses.rate_changes import (
    RepeatCounts,
    population_change_point,
    rate_changes,
)


def as_counts(spikes):
    """Spikes of each neuron in each repeat of one stimulus."""
    spikes = np.asarray(spikes, float)
    n_neurons, n_repeats = spikes.shape
    return RepeatCounts(
        spikes=spikes,
        expected=np.broadcast_to(
            spikes.sum(axis=1, keepdims=True) / max(n_repeats, 1), spikes.shape
        ),
        round_size=np.full(n_repeats, n_repeats),
        repeat=np.arange(n_repeats),
        has_gaps=np.zeros(n_neurons, bool),
    )


def population(rng, n_neurons=60, n_repeats=20):
    """Mean spikes of each neuron in each repeat."""
    return np.exp(rng.normal(3, 0.8, (n_neurons, 1))) * np.ones(n_repeats)


def words_of(spikes, condition=None):
    recording = from_raster(spikes, "20ms", axes="npt", condition=condition)
    taken = select_presentations(recording, min_repeats=2)
    return bin_words(recording, taken, 0.02)


def test_the_step_is_that_of_least_squares(rng):
    spikes = rng.poisson(population(rng, 20, 12))
    found = rate_changes(as_counts(spikes))

    def between(x, t):
        return t * (12 - t) * (x[:t].mean() - x[t:].mean()) ** 2

    for neuron, x in enumerate(spikes):
        t = found.changes_after[neuron]
        assert_allclose(between(x, t), max(between(x, s) for s in range(2, 11)))
        assert_allclose(found.rate_change[neuron], x[t:].mean() / x[:t].mean())


def test_the_statistic_of_the_population_is_the_sum_of_squares(rng):
    # A change that every order of the repeats but the true one spoils.
    spikes = population(rng, 8, 10)
    spikes[:, 6:] *= 3
    last, p_value, is_gradual = population_change_point(as_counts(spikes), 99)
    assert (last, p_value, is_gradual) == (5, 0.01, False)


@pytest.mark.parametrize("shared_gain", [0.0, 0.3])
def test_without_drift_there_is_no_change_point(shared_gain):
    rng = np.random.default_rng(7)
    p_values = []
    for _ in range(200):
        gain = np.exp(shared_gain * rng.standard_normal(20))
        counts = as_counts(rng.poisson(population(rng, 30) * gain))
        p_values.append(population_change_point(counts, 199)[1])
    p_values = np.array(p_values)
    assert (p_values <= 0.01).mean() <= 0.03
    assert (p_values <= 0.05).mean() <= 0.09
    assert (p_values <= 0.5).mean() >= 0.4  # and it is no smaller than it should be


def test_without_drift_all_repeats_are_stable(rng):
    for _ in range(20):
        counts = as_counts(rng.poisson(population(rng)))
        found = rate_changes(counts)
        assert found.change_point is None
        assert found.stable_repeats == (1, 20)
        assert found.is_stable
        assert found.median_change < 1.1


@pytest.mark.parametrize(
    ("n_repeats", "after", "factor", "stable"),
    [(20, 9, 2.5, (10, 20)), (30, 27, 3.0, (1, 27)), (10, 4, 0.3, (5, 10))],
)
def test_a_step_of_some_units_is_found(rng, n_repeats, after, factor, stable):
    spikes = population(rng, 80, n_repeats)
    spikes[:16, after:] *= factor
    found = rate_changes(as_counts(rng.poisson(spikes)))
    assert found.n_changed() >= 12
    assert found.is_changed[16:].sum() <= 2  # at a false discovery rate of 5 %
    assert found.change_point == after
    assert not found.is_gradual
    assert found.stable_repeats == stable
    assert_allclose(np.median(found.rate_change[:16]), factor, rtol=0.15)


def test_a_trend_is_gradual_and_its_median_is_right(rng):
    trend = 0.8 * rng.standard_normal((400, 1))
    spikes = population(rng, 400, 20) * np.exp(trend * (np.arange(20) / 19 - 0.5))
    found = rate_changes(as_counts(rng.poisson(spikes)))
    assert found.is_gradual
    # Halves are half of the recording apart.
    truth = np.exp(np.median(np.abs(trend)) / 2)
    assert_allclose(found.median_change, truth, rtol=0.05)


def test_noise_of_few_spikes_is_no_change(rng):
    # Halves of 20 spikes differ by a factor of 1.4 in the median, by noise alone.
    counts = as_counts(rng.poisson(1.0, (300, 20)))
    found = rate_changes(counts)
    assert found.median_change < 1.12
    assert found.is_changed.mean() < 0.05


def test_stable_repeats_of_stable_repeats_are_all(rng):
    trend = 1.5 * rng.standard_normal((50, 1))
    spikes = population(rng, 50, 30) * np.exp(trend * (np.arange(30) / 29 - 0.5))
    spikes = rng.poisson(spikes)
    first, last = rate_changes(as_counts(spikes)).stable_repeats
    part = spikes[:, first - 1 : last]
    again = rate_changes(as_counts(part), first)
    assert again.stable_repeats == (first, last)


def test_many_repeats_are_joined(rng):
    spikes = population(rng, 30, 250)
    spikes[:10, 160:] *= 3
    found = rate_changes(as_counts(rng.poisson(spikes)))
    assert abs(found.change_point - 160) <= 2
    first, last = found.stable_repeats
    assert (first, 150 <= last <= 161) == (1, True)


def test_odd_repeats_are_found_but_no_step_or_trend(rng):
    spikes = population(rng, 40, 20)
    odd = spikes.copy()
    odd[:, 6] *= 0.1
    odd[:, 15] *= 4
    step = spikes * np.where(np.arange(20) < 9, 1, 0.2)
    fading = spikes * np.exp(-2 * np.arange(20) / 19)
    silent_end = spikes * (np.arange(20) < 19)
    for mean, expected in (
        (odd, (7, 16)),
        (step, ()),
        (fading, ()),
        (silent_end, (20,)),
    ):
        found = rate_changes(as_counts(rng.poisson(mean)))
        assert found.odd_repeats == expected
    found = rate_changes(as_counts(rng.poisson(odd)))
    assert not found.is_changed.any()
    assert found.stable_repeats == (8, 15)


def test_counts_of_words_are_those_of_rounds(rng):
    spikes = rng.random((3, 12, 30)) < 0.2
    counts = RepeatCounts.of_words(words_of(spikes, condition=np.tile([0, 1, 2], 4)))
    assert counts.n_repeats == 4
    per_presentation = spikes.sum(axis=2).reshape(3, 4, 3)
    assert_array_equal(counts.spikes, per_presentation.sum(axis=2))
    assert_allclose(counts.expected.sum(axis=1), counts.spikes.sum(axis=1))


def test_stimuli_of_unequal_repeats_are_expected_as_often_as_they_come(rng):
    condition = np.array([0, 1] * 6 + [0] * 6)
    spikes = rng.random((200, 18, 100)) < np.where(condition == 0, 0.1, 0.4)[:, None]
    counts = RepeatCounts.of_words(words_of(spikes, condition=condition))
    observed, expected = counts.by_repeat()
    assert observed.shape == (200, 12)
    assert_allclose(observed.sum(axis=0) / expected.sum(axis=0), 1, atol=0.05)
    assert not rate_changes(counts).is_changed.mean() > 0.03


def test_repeats_recorded_in_part_are_not_counted(rng):
    spikes = rng.random((2, 20, 50)) < 0.3
    words = words_of(spikes)
    gaps = np.zeros((20, 50), bool)
    gaps[12:, 25:] = True
    counts = RepeatCounts.of_words(dataclasses.replace(words, unrecorded={0: gaps}))
    assert_array_equal(counts.has_gaps, [True, False])
    assert not counts.spikes[0, 12:].any()
    assert not counts.expected[0, 12:].any()
    assert_allclose(counts.expected[0, :12], counts.spikes[0, :12].mean())
    found = rate_changes(counts)
    assert not found.is_changed.any()


def test_no_stretch_is_offered_where_most_units_have_gaps(rng):
    spikes = population(rng, 20)
    spikes[:, 9:] *= 3
    counts = as_counts(rng.poisson(spikes))
    counts = dataclasses.replace(counts, has_gaps=np.arange(20) < 15)
    assert rate_changes(counts).stable_repeats is None


@pytest.mark.parametrize("n_repeats", [0, 1, 2, 3, 4])
def test_few_repeats_have_no_change(n_repeats):
    found = rate_changes(as_counts(np.ones((3, n_repeats))))
    assert not found.is_changed.any()
    assert found.n_repeats == n_repeats
    assert "0 of 3 neurons change" in repr(found)


def test_silent_units_do_not_change():
    found = rate_changes(as_counts(np.zeros((4, 10))))
    assert np.isnan(found.rate_change).all()
    assert not found.is_changed.any()


def test_gains_of_a_simulated_retina_are_measured():
    options = {"n_unique": 0, "diversity": 0, "random_state": 1}
    shares = []
    for drift in (0.0, 0.25, 2.0):
        retina = simulate_retina(
            4, 40, 20, "6s", drift=drift, **options, rate_spread=0, sparse_share=0
        )
        words = bin_words(retina, select_presentations(retina), 0.02)
        shares.append(drift_test(words).rates.is_changed.mean())
    assert shares[:2] == [0, 0]
    # Halves differ by more than 1.5 where the trend is above .81: in 69 %.
    assert 0.4 < shares[2] < 0.9
