"""Class information: the chain rule, known answers, simulated truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

from neuroclass.estimators import ESTIMATORS
from neuroclass.information import (
    class_information,
    identity_information,
    information_between_classes,
    within_class_information,
)

tables = arrays(np.int64, (5, 3, 4), elements=st.integers(0, 20)).map(
    lambda n: n + (n.sum(axis=2, keepdims=True) == 0)
)


def sample_counts(rng, p, repeats):
    """Draw counts from p[neuron, condition, word]."""
    return rng.multinomial(repeats, p)


def true_information(p):
    mixture = p.mean(axis=0)
    ratio = np.log2(np.where(p > 0, p, 1) / np.where(mixture > 0, mixture, 1))
    return (p * ratio).sum(axis=2).mean()


@settings(deadline=None)
@given(tables, arrays(np.int64, 5, elements=st.integers(0, 3)))
def test_chain_rule_identity_is_between_plus_within_classes(counts, labels):
    for estimator in ESTIMATORS:
        whole = identity_information(counts, estimator=estimator).bits_per_word
        between = class_information(counts, labels, estimator)
        within = within_class_information(counts, labels, estimator)
        assert_allclose(between + within, whole, atol=1e-10)


@pytest.mark.parametrize("repeats", [10, 50])
def test_classes_of_identical_neurons_keep_everything(rng, repeats):
    p = np.clip(rng.gamma(0.3, 0.3, (2, 200)), 0.002, 0.9).repeat(20, axis=0)
    counts = sample_counts(rng, np.stack([1 - p, p], 2), repeats)
    labels = np.repeat([0, 1], 20)
    uncorrected_share = class_information(counts, labels) / (
        identity_information(counts, estimator="miller-madow").bits_per_word
    )
    assert information_between_classes(counts, labels).share > 0.97
    assert information_between_classes(counts, rng.permutation(labels)).share < 0.2
    assert uncorrected_share < 0.97  # what the correction is for


def test_share_between_classes_is_that_of_the_truth(rng):
    p = np.clip(rng.gamma(0.3, 0.3, (40, 300)), 0.002, 0.9)
    p[20:] = (p[20:] + 3 * p[:1]) / 4
    p[:20] = (p[:20] + 3 * p[20:21]) / 4
    p = np.stack([1 - p, p], axis=2)
    labels = np.repeat([0, 1], 20)
    between = true_information(np.stack([p[:20].mean(0), p[20:].mean(0)]))
    share = information_between_classes(sample_counts(rng, p, 60), labels).share
    assert share == pytest.approx(between / true_information(p), abs=0.04)


def test_one_class_keeps_no_information_and_single_neurons_all(rng):
    counts = rng.integers(1, 9, (6, 20, 3))
    assert information_between_classes(counts, np.zeros(6)).share == pytest.approx(
        0, abs=1e-9
    )
    assert information_between_classes(counts, np.arange(6)).share == pytest.approx(
        1, abs=1e-9
    )


@settings(deadline=None)
@given(tables, arrays(np.int64, 5, elements=st.integers(0, 3)))
def test_classes_never_have_more_information_than_neurons(counts, labels):
    whole = identity_information(counts, estimator="plug-in").bits_per_word
    assert class_information(counts, labels, "plug-in") <= whole + 1e-12


def test_labels_must_fit():
    with pytest.raises(ValueError, match="one class per neuron"):
        class_information(np.ones((3, 2, 2), dtype=int), [0, 1])


@pytest.mark.parametrize("repeats", [10, 60])
def test_intervals_of_classes_hold_the_truth(rng, repeats):
    labels = np.repeat([0, 1, 2], 6)
    inside = []
    for _ in range(6):
        drive = rng.normal(-3, 1.5, (3, 80)).repeat(6, axis=0)
        p = 1 / (1 + np.exp(-drive - 0.4 * rng.normal(size=(18, 80))))
        p = np.stack([1 - p, p], axis=2)
        between = true_information(p.reshape(3, 6, 80, 2).mean(axis=1))
        for _ in range(8):
            groups = [sample_counts(rng, p, repeats // 10) for _ in range(10)]
            found = information_between_classes(sum(groups), labels, groups)
            true = np.array([between, between / true_information(p)])
            low, high = np.stack([found.interval, found.share_interval]).T
            inside.append((low <= true) & (true <= high))
            assert low[0] <= found.bits_per_word <= high[0]
            assert 0 <= low[1] <= found.share <= high[1] <= 1
    assert (np.mean(inside, axis=0) >= 0.9).all()


def test_the_share_of_no_information_is_uncertain(rng):
    groups = rng.multinomial(1, np.tile([0.9, 0.1], (10, 6, 40, 1)))
    found = information_between_classes(groups.sum(axis=0), [0, 0, 0, 1, 1, 1], groups)
    low, high = found.share_interval
    assert low == 0
    assert high > 0.5


def test_counts_may_be_an_object_that_holds_them(rng):
    class Counts:
        counts = rng.integers(1, 9, (4, 5, 3))

    labels = [0, 0, 1, 1]
    for measure in (class_information, within_class_information):
        assert measure(Counts(), labels) == measure(Counts.counts, labels)
    found = information_between_classes(Counts(), labels)
    assert found.share == information_between_classes(Counts.counts, labels).share
    assert repr(found).startswith(f"ClassInformation({found.bits_per_word:.3g} bits/")
