"""Drift as an issue: warned of where its size matters."""

import pytest

from neuroclass import bin_words, from_raster, select_presentations
from neuroclass.analysis.quality_checks import drift_issues
from neuroclass.responses import drift_test


def drift_of(spikes):
    recording = from_raster(spikes, "20ms", axes="npt")
    return drift_test(bin_words(recording, select_presentations(recording), 0.02))


@pytest.fixture
def spikes(rng):
    return rng.random((30, 20, 200)) < 0.1


def test_without_a_large_change_there_is_no_issue(rng):
    # All units drift, by 24 %.
    spikes = rng.random((30, 20, 800)) < 0.1
    spikes[:, 10:] |= rng.random((30, 10, 800)) < 0.027
    drift = drift_of(spikes)
    assert drift.is_drifting.mean() > 0.5
    assert not drift.is_unsafe.any()
    assert drift_issues(drift, range(30)) == ()


def test_a_single_unit_is_an_issue_without_a_warning(spikes):
    spikes[7, 12:] = False
    (issue,) = drift_issues(drift_of(spikes), [f"u{k}" for k in range(30)])
    assert issue.kind == "drift"
    assert issue.units == ("u7",)
    assert not issue.is_warned
    assert "It concerns unit u7." in issue.text


def test_many_units_are_warned_of(spikes):
    spikes[:6, 12:] = False
    (issue,) = drift_issues(drift_of(spikes), range(30))
    assert issue.units == tuple(range(6))
    assert issue.is_warned
    assert issue.text.startswith("6 of 30 units change their rate by more than 1.5")
    assert "repeats 1 to 12 are stable: --repeats 1-12. Over all repeats" in issue.text
    assert issue.text.endswith("It concerns units 0, 1, 2, 3, 4 and 1 more.")


def test_a_repeat_that_ended_early_is_warned_of(spikes):
    spikes[:, 19, 10:] = False
    (issue,) = drift_issues(drift_of(spikes), range(30))
    assert issue.is_warned
    assert issue.units == ()
    assert "--repeats 1-19" in issue.text
