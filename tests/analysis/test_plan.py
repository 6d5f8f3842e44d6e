"""How many repeats distinguish two neurons: power, chance, and impossible numbers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import binomtest

from neuroclass import plan_repeats
from neuroclass.discrimination import time_to_accuracy
from neuroclass.simulation import draw_pair_rates

SMALL = {"n_pairs": 24, "duration": "4s"}


def test_more_repeats_and_larger_differences_distinguish_more_pairs():
    little, much = (
        plan_repeats(4.0, d, repeats=[5, 20, 80], **SMALL) for d in (0.2, 0.8)
    )
    assert np.all(np.diff(little.share) >= 0)
    assert np.all(much.share >= little.share)
    assert much.share[-1] == 1
    assert much.n_repeats < (little.n_repeats or 1000)
    assert np.median(much.information_rate) > np.median(little.information_rate)


def test_a_higher_rate_needs_fewer_repeats():
    slow, fast = (
        plan_repeats(rate, 0.4, repeats=[10], **SMALL).share for rate in (0.5, 8.0)
    )
    assert fast > slow


def test_pairs_that_do_not_differ_are_not_distinguished():
    # A thousandth of the response is nothing that 20 repeats could show.
    plan = plan_repeats(4.0, 0.001, repeats=[20], n_pairs=120, duration="4s")
    assert plan.n_distinguished[0] <= 4  # .62 % are expected: 5 of 120 have p < .001


def test_the_divergence_is_that_of_the_known_probabilities():
    plan = plan_repeats(4.0, 1.0, repeats=[2], n_pairs=6, duration="2s", random_state=5)
    first, second = draw_pair_rates(
        6, 4.0, 1.0, n_bins=100, bin_size=0.02, rng=np.random.default_rng(5)
    )

    def bits(p):
        return -p * np.log2(p) - (1 - p) * np.log2(1 - p)

    for k in range(6):
        a, b = (1 - np.exp(-0.02 * rates[k]) for rates in (first, second))
        inside = (a + b) / 2 > 1e-12
        a, b = a[inside].clip(1e-15), b[inside].clip(1e-15)
        divergence = bits((a + b) / 2) - (bits(a) + bits(b)) / 2
        assert_allclose(plan.information_rate[k], divergence.sum() / 100 / 0.02)
    assert_allclose(plan.seconds, time_to_accuracy(plan.information_rate, 0.9))


def test_pairs_have_the_rate_and_the_difference_asked_for():
    rng = np.random.default_rng(0)
    first, second = draw_pair_rates(30, 3.0, 0.4, n_bins=500, bin_size=0.02, rng=rng)
    assert first.shape == second.shape == (30, 500)
    assert_allclose(first.mean(axis=1), 3)
    assert_allclose(second.mean(axis=1), 3)
    # What is left of the second without the first is the other type, which differs.
    other = (second - 0.6 * first) / 0.4
    assert other.min() > -1e-9
    correlations = [np.corrcoef(a, c)[0, 1] for a, c in zip(first, other, strict=True)]
    assert np.median(correlations) < 0.3
    assert max(correlations) < 0.95  # fast OFF and ON-OFF cells are neighbours
    same = draw_pair_rates(6, 3.0, 0.0, n_bins=50, bin_size=0.02, rng=rng)
    assert_allclose(*same)


def test_intervals_are_those_of_clopper_and_pearson():
    plan = plan_repeats(4.0, 0.5, repeats=[5, 10, 40], **SMALL)
    for found, (low, high) in zip(plan.n_distinguished, plan.interval, strict=True):
        interval = binomial_interval(found, plan.n_pairs)
        assert_allclose((low, high), interval, atol=1e-9)


def binomial_interval(found, n):
    interval = binomtest(int(found), n).proportion_ci(method="exact")
    return interval.low, interval.high


def test_a_seed_gives_the_same_plan_and_the_headline_says_it():
    one, two = (plan_repeats(4.0, 0.8, repeats=[40, 5], **SMALL) for _ in range(2))
    assert one.repeats == (5, 40)
    np.testing.assert_array_equal(one.n_distinguished, two.n_distinguished)
    assert "40 repeats of 4 s are needed to distinguish 90 % of pairs" in repr(one)
    few = plan_repeats(0.2, 0.1, repeats=[2], n_pairs=6, duration="1s")
    assert few.n_repeats is None
    assert "2 repeats of 1 s are too few" in few.headline()
    assert list(one.to_frame()["minutes"]) == [5 * 4 / 60, 40 * 4 / 60]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rate": 0}, "rate must be above 0 Hz; got 0"),
        ({"rate": float("nan")}, "rate must be above 0 Hz"),
        ({"rate": 100.0}, "rate times bin_size must be at most 0.5"),
        ({"difference": 0}, "difference must be above 0 and at most 1; got 0"),
        ({"difference": 1.5}, "difference must be above 0 and at most 1"),
        ({"power": 1}, "power must be between 0 and 1; got 1"),
        ({"repeats": []}, "repeats must hold at least one number"),
        ({"repeats": [1]}, "repeats must be an integer of at least 2; got 1"),
        ({"n_pairs": 0}, "n_pairs must be an integer of at least 1"),
        ({"duration": "10ms"}, "duration must hold 2 to 100000 bins"),
        ({"duration": "10h"}, "duration must"),
    ],
)
def test_impossible_numbers_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        plan_repeats(**arguments)
