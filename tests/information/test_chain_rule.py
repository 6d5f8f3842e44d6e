"""Information of rates and of times: the chain rule, known answers, few repeats."""

import numpy as np
import pytest

from neuroclass.information import rate_and_timing


def test_rate_and_timing_sum_to_the_whole(rng):
    counts = rng.poisson(200.0 * rng.gamma(1.0, 1.0, (6, 30)))
    labels = np.array([0, 0, 1, 1, 1, 2])
    found = rate_and_timing(counts, 10, 0.02, labels, dispersion=1e-12)
    rates = counts / 0.2
    of_class = np.stack([rates[labels == k].mean(axis=0) for k in range(3)])
    p = np.bincount(labels) / 6
    whole = (p[:, None] * of_class * np.log2(of_class / (p @ of_class))).sum(axis=0)
    assert found.total == pytest.approx(whole.mean())
    assert found.rate_share + found.timing_share == pytest.approx(1)


def test_gains_alone_are_rate_and_shifts_alone_are_timing(rng):
    profile = 1e6 * rng.gamma(1.0, 1.0, 40)
    gains = rate_and_timing(np.stack([profile, 3 * profile]), 10, 0.02)
    assert gains.rate_share == pytest.approx(1, abs=1e-4)
    # Rates 1 and 3 about their mean 2: (log2 .5 + 3 log2 1.5) / 2 in their unit.
    mean = profile.mean() / 0.2
    assert gains.rate == pytest.approx(mean * (3 * np.log2(1.5) - 1) / 2)
    shifts = rate_and_timing(np.stack([profile, profile[::-1]]), 10, 0.02)
    assert shifts.timing_share == pytest.approx(1)


def test_few_repeats_are_corrected(rng):
    rate = 1.5 * rng.gamma(1.0, 1.0, (12, 400))
    truth = rate_and_timing(1e6 * rate, 1_000_000, 0.02)
    drawn = [rng.poisson(5 * rate) for _ in range(10)]
    found = [rate_and_timing(counts, 5, 0.02) for counts in drawn]
    assert np.mean([f.timing for f in found]) == pytest.approx(truth.timing, rel=0.05)
    assert np.mean([f.rate for f in found]) == pytest.approx(truth.rate, rel=0.2)
    plain = rate_and_timing(drawn[0], 5, 0.02, dispersion=1e-12)
    assert plain.timing > 1.05 * truth.timing


def test_blocks_that_neurons_share_are_split_on_their_own(rng):
    counts = rng.poisson(50.0, (4, 20))
    repeats = np.full((4, 20), 10)
    repeats[0, :10] = 0
    counts[0, :10] = 0
    found = rate_and_timing(counts, repeats, 0.02)
    one = rate_and_timing(counts[1:, :10], 10, 0.02)
    other = rate_and_timing(counts[:, 10:], 10, 0.02)
    assert found.rate == pytest.approx((one.rate + other.rate) / 2)


def test_silent_neurons_tell_nothing_together():
    found = rate_and_timing(np.zeros((3, 5)), 4, 0.02)
    assert (found.rate, found.timing) == (0, 0)
    assert np.isnan(found.rate_share)
    assert np.isnan(found.timing_share)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="bin_size must be positive"):
        rate_and_timing(np.ones((2, 3)), 2, 0.0)
    with pytest.raises(ValueError, match="axes neuron and condition"):
        rate_and_timing(np.ones(3), 2, 0.02)
    with pytest.raises(ValueError, match="one entry per neuron"):
        rate_and_timing(np.ones((2, 3)), 2, 0.02, [0])
