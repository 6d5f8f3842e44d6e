"""The drift test: calibrated without drift, and it finds what drifts."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import kstest

from neuroclass import bin_words, from_raster, select_presentations, simulate_retina
from neuroclass.responses.stationarity import (
    _Kernels,
    _running_sum_kernel,
    describe_drift,
    drift_test,
)


def words_of(spikes, **how):
    """Bin a raster, (n_neurons, n_presentations, n_bins), as it is."""
    recording = from_raster(spikes, "20ms", axes="npt", **how)
    taken = select_presentations(recording, min_repeats=2)
    return bin_words(recording, taken, 0.02)


def test_the_kernel_is_the_squared_running_sum(rng):
    spoken = rng.random((9, 30))
    running = np.cumsum(spoken - spoken.mean(axis=0), axis=0)[:-1]
    kernel = _running_sum_kernel(9)
    assert_allclose((kernel * (spoken @ spoken.T)).sum(), (running**2).sum())


@pytest.mark.parametrize("n_repeats", [10, 30, 100])
def test_p_is_uniform_without_drift(n_repeats):
    # Gain that varies from repeat to repeat, shared by all bins of it, is no drift.
    rng = np.random.default_rng(n_repeats)
    n_neurons = 600
    p = np.exp(rng.normal(-2.5, 1, (n_neurons, 1, 60)))
    gain = np.exp(0.4 * rng.standard_normal((n_neurons, n_repeats, 1)))
    spikes = rng.random((n_neurons, n_repeats, 60)) < p * gain
    drift = drift_test(words_of(spikes))
    assert drift.n_tested == n_neurons
    assert kstest(drift.p_value, "uniform").pvalue > 0.01
    assert not drift.is_drifting.any()


def test_drift_of_the_rate_is_found():
    # Gains change by a factor of e^+-0.5, as often up as down.
    found = []
    for n_repeats in (10, 30):
        retina = simulate_retina(
            6,
            60,
            n_repeats,
            "10s",
            n_unique=0,
            drift=0.5,
            diversity=0,
            random_state=1,
            rate_spread=0,
            sparse_share=0,
        )
        words = bin_words(retina, select_presentations(retina), 0.02)
        found.append(drift_test(words).is_drifting.mean())
    assert found[0] > 0.2
    assert found[1] > 0.6


def test_drift_of_the_response_at_the_same_rate_is_found(rng):
    late = np.linspace(0, 1, 40)[None, :, None]
    p, q = np.exp(rng.normal(-3, 1.2, (2, 20, 1, 300)))
    q *= p.sum(axis=2, keepdims=True) / q.sum(axis=2, keepdims=True)
    spikes = rng.random((20, 40, 300)) < (1 - late) * p + late * q
    drift = drift_test(words_of(spikes))
    assert drift.is_drifting.mean() > 0.9
    assert np.abs(np.log(drift.rate_change)).max() < 0.5


@pytest.mark.filterwarnings("ignore:no unit fires in the last")  # half of the words
def test_the_change_is_that_of_the_rate_at_its_largest_step(rng):
    spikes = np.zeros((2, 8, 10), dtype=bool)
    spikes[0, :4, 2] = spikes[0, 4:, 2:5] = True
    drift = drift_test(words_of(spikes))
    assert drift.rate_change[0] == 3
    assert_array_equal(drift.rates.changes_after, [4, 0])
    assert np.isnan(drift.rate_change[1])
    assert np.isnan(drift.p_value[1])  # silent
    assert drift.n_tested == 1


def test_repeats_recorded_in_part_are_left_out(rng):
    spikes = rng.random((1, 20, 50)) < 0.3
    words = words_of(spikes)
    gaps = np.zeros((20, 50), dtype=bool)
    gaps[12:, 25:] = True
    with_gap = dataclasses.replace(words, unrecorded={0: gaps})
    expected = drift_test(words_of(spikes[:, :12]))
    assert_allclose(drift_test(with_gap).p_value, expected.p_value)


def test_too_few_repeats_are_not_tested(rng):
    drift = drift_test(words_of(rng.random((3, 4, 50)) < 0.3))
    assert np.isnan(drift.p_value).all()
    assert describe_drift(drift) == (
        "not tested: fewer than 5 whole repeats that differ",
    )


def test_stimuli_shown_in_rounds_are_permuted_in_rounds(rng):
    # Four stimuli, each of its own response; the gain falls over the session.
    n_rounds, shown = 15, np.tile(list("abcd"), 15)
    p = np.exp(rng.normal(-2.5, 1, (30, 4, 60)))[:, np.tile(range(4), n_rounds)]
    falling = np.linspace(1.5, 0.5, 60)[:, None]
    fell = drift_test(words_of(rng.random(p.shape) < p * falling, condition=shown))
    assert fell.is_drifting.mean() > 0.9
    assert np.median(fell.rate_change) < 0.8
    same = drift_test(words_of(rng.random(p.shape) < p, condition=shown))
    assert same.is_drifting.sum() <= 1


def test_stimuli_shown_unequally_often_are_all_used(rng):
    stimulus = np.array([0] * 6 + [1] * 9 + [2] * 1)
    presentation = np.arange(16)
    kernels = _Kernels.of_neuron(
        presentation, np.zeros(16, int), stimulus, np.ones(16, bool)
    )
    assert kernels.repeats == (6, 9)
    assert len(kernels.flat) == 21 + 45  # each pair of repeats once


def test_what_is_significant_but_small_is_not_said(rng):
    # 35 % more spikes in the later half: 4 of 4 units drift, none by more than 1.5.
    spikes = rng.random((4, 30, 400)) < 0.2
    spikes[:, 15:] |= rng.random((4, 15, 400)) < 0.08
    drift = drift_test(words_of(spikes))
    assert drift.is_drifting.all()
    assert not drift.is_unsafe.any()
    (text,) = describe_drift(drift)
    assert text.startswith("none of 4 units changes its rate by more than 1.5 over the")
    percent = float(text.split("median change ")[1].split(" %")[0])
    assert 25 < percent < 45


def test_size_time_and_stable_repeats_are_said(rng):
    spikes = rng.random((40, 20, 200)) < 0.1
    spikes[:4, 9:] = rng.random((4, 11, 200)) < 0.3
    drift = drift_test(words_of(spikes))
    assert_array_equal(np.flatnonzero(drift.is_unsafe), np.arange(4))
    text, warning = describe_drift(drift)
    assert text == (
        "4 of 40 units change their rate by more than 1.5 over the repeats (4 by more "
        f"than 2; median change {100 * (drift.rates.median_change - 1):.0f} %); most "
        "of it after repeat 9; repeats 10 to 20 are stable: --repeats 10-20"
    )
    assert "differences between units may be drift" in warning
    assert "4 of 40 tested neurons change their rate" in repr(drift)


def test_repeats_are_numbered_as_in_the_recording(rng):
    spikes = rng.random((10, 20, 200)) < 0.1
    spikes[:4, 9:] = rng.random((4, 11, 200)) < 0.3
    drift = drift_test(words_of(spikes), first_repeat=5)
    assert drift.rates.change_point == 13
    assert drift.rates.stable_repeats == (14, 24)
    assert_array_equal(drift.rates.changes_after[:4], 13)


def test_one_unit_of_many_that_changes_asks_for_no_other_repeats(rng):
    spikes = rng.random((30, 20, 200)) < 0.1
    spikes[7, 12:] = False
    text = describe_drift(drift_test(words_of(spikes)))[0]
    assert text.startswith("1 of 30 units changes its rate by more than 1.5")
    assert "--repeats" not in text


def test_a_repeat_that_ended_early_is_said(rng):
    spikes = rng.random((12, 15, 200)) < 0.1
    spikes[:, 0, 20:] = False
    drift = drift_test(words_of(spikes))
    assert drift.rates.odd_repeats == (1,)
    assert not drift.rates.is_changed.any()
    text = describe_drift(drift)[0]
    assert "in repeat 1 the units together fire less than half" in text
    assert text.endswith("repeats 2 to 15 are stable: --repeats 2-15")


def test_a_drifting_unit_recorded_in_other_repeats_is_unsafe(rng):
    spikes = rng.random((2, 30, 100)) < 0.2
    spikes[1, 15:] |= rng.random((15, 100)) < 0.08
    words = words_of(spikes)
    assert not drift_test(words).is_unsafe.any()
    gaps = np.zeros((30, 100), dtype=bool)
    gaps[:2] = True
    with_gap = dataclasses.replace(words, unrecorded={1: gaps})
    found = drift_test(with_gap)
    assert_array_equal(found.is_unsafe, [False, True])
    assert describe_drift(found)[1] == (
        "1 unit that drifts was not recorded in every repeat"
    )


def test_many_neurons_are_tested_in_parts(rng):
    spikes = rng.random((7, 12, 40)) < 0.2
    words = words_of(spikes)
    whole = drift_test(words).p_value
    blocks = (words_of(part) for part in (spikes[:3], spikes[3:]))
    assert_allclose(drift_test(blocks).p_value, whole)
    assert len(drift_test(words).rates.rate_change) == 7
    assert_allclose(drift_test(words, block_size=600).p_value, whole)
