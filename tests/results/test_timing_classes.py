"""What is said of classes by timing: headline, title, explanation, sentences."""

import numpy as np
import pytest

from neuroclass.clustering.timing import ClusterCuts, Cut
from neuroclass.information import RateAndTiming
from neuroclass.results import TimingClasses

N_NEURONS = 24


def record(
    low,
    *,
    may=None,
    high=None,
    shown=None,
    is_alike=True,
    is_determined=False,
    n_first=14,
    n_neurons=N_NEURONS,
    n_set_aside=0,
    is_given=False,
):
    """Return a record of which only the numbers matter."""
    high = high or low
    one = Cut(
        n_clusters=1,
        labels=np.zeros(n_neurons, np.intp),
        z=np.nan,
        z_gaussian=np.nan,
        sizes=(n_neurons,),
        alike=(0.814,),
        information=0.0,
        share=0.0,
    )
    cuts = ClusterCuts(
        n_clusters=shown or low,
        low=low,
        may=may or low,
        high=high,
        is_alike=is_alike,
        is_determined=is_determined,
        n_first=n_first,
        labels=one.labels,
        cuts=(one,),
        smoothing=2,
    )
    n_units = n_neurons + n_set_aside
    return TimingClasses(
        cuts=cuts,
        takes_part=np.arange(n_units) < n_neurons,
        is_unresponsive=np.arange(n_units) >= n_neurons,
        confidence=np.ones(n_units),
        is_given=is_given,
        bin_size=0.02,
        widths=np.array([0.02]),
        neuron_information=np.array([1.0]),
        class_information=np.array([0.5]),
        neuron_split=RateAndTiming(4.6, 5.4),
        class_split=RateAndTiming(0.3, 9.7),
        rate_factor=3.21,
    )


@pytest.mark.parametrize(
    ("settings", "n_clusters", "expected"),
    [
        (
            {"low": 3, "may": 4, "high": 4, "is_determined": True, "n_set_aside": 3},
            3,
            "3 classes of 24 neurons (determined: each is separate from its nearest, "
            "and its neurons respond alike); 3 units set aside: their response does "
            "not repeat",
        ),
        (
            {"low": 1, "is_determined": True},
            1,
            "1 class of 24 neurons: no cut holds apart, and they respond alike (timing "
            "correlations .81 and above in 9 of 10 pairs)",
        ),
        (
            {"low": 2, "may": 7, "high": 7},
            2,
            "At least 2 classes of 24 neurons (2 surely hold apart; up to 7 may; 2 to "
            "7). Not determined: more cuts may hold.",
        ),
        (
            {"low": 2, "high": 9, "shown": 4, "is_alike": False, "n_set_aside": 1},
            4,
            "At least 2 classes of 24 neurons (2 surely hold apart; 2 to 9). Not "
            "determined: neurons within a class still respond differently. Shown: 4 "
            "classes, the finest that may hold; 1 unit set aside: its response does "
            "not repeat",
        ),
        (
            {"low": 1, "high": 6, "shown": 4, "is_alike": False},
            4,
            "Not determined by these data: the neurons respond differently, but no cut "
            "is more than a cut through a continuum (1 to 6). Shown: 4 classes, the "
            "finest that may hold.",
        ),
        (
            {"low": 1, "high": 14, "is_alike": False},
            1,
            "Not determined by these data: the neurons respond differently, but no cut "
            "is more than a cut through a continuum (1 or more). Shown: all together, "
            "since no cut holds.",
        ),
        (
            {"low": 1, "high": 5, "may": 5},
            1,
            "Not determined by these data: more cuts may hold (1 to 5). Shown: all "
            "together, since no cut holds.",
        ),
        (
            {"low": 1, "high": 4, "n_neurons": 4, "n_first": 4},
            1,
            "Not determined: too few units (4); classes are for orientation only. "
            "Shown: all together, since no cut holds.",
        ),
    ],
)
def test_the_headline_says_what_these_data_support(settings, n_clusters, expected):
    assert record(**settings).headline(n_clusters) == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"low": 3, "is_determined": True},
            "5 classes of 24 neurons ({}). These data determine 3.",
        ),
        (
            {"low": 1, "high": 6, "is_alike": False},
            "5 classes of 24 neurons ({}). Not determined by these data: the neurons "
            "respond differently, but no cut is more than a cut through a continuum "
            "(1 to 6).",
        ),
        (
            {"low": 2, "high": 6},
            "5 classes of 24 neurons ({}). At least 2 classes of 24 neurons (2 surely "
            "hold apart; 2 to 6). Not determined: more cuts may hold.",
        ),
    ],
)
def test_a_number_that_the_user_gives_is_named_beside_that_of_the_data(
    settings, expected
):
    given, cut = record(**settings, is_given=True), record(**settings)
    assert given.headline(5) == expected.format("as given")
    assert cut.headline(5) == expected.format("the cut asked for")
    assert given.title(5) == "5 classes of 24 neurons"


def test_a_given_number_that_the_data_determine_is_said_to_be_determined():
    found = record(3, is_determined=True, is_given=True)
    assert found.headline(3).startswith("3 classes of 24 neurons (determined: ")


def test_one_class_is_no_headline_without_the_positive_test():
    for is_alike in (True, False):
        for high in (1, 5, 14):
            found = record(1, high=high, is_alike=is_alike)
            assert not found.title(1).startswith("1 class")
            assert "1 class " not in found.headline(1)


def test_title_and_explanation_are_the_headline_in_two():
    found = record(2, may=7, high=7, n_set_aside=2)
    assert found.title(2) == "At least 2 classes of 24 neurons"
    assert found.explanation(2) == (
        "2 surely hold apart; up to 7 may; 2 to 7. Not determined: more cuts may hold. "
        "2 units set aside: their response does not repeat."
    )
    one = record(1, is_determined=True)
    assert one.title(1) == "1 class of 24 neurons"
    assert one.explanation(1).startswith("No cut holds apart, and they respond alike")


def test_the_sentences_name_shares_of_rate_and_timing_and_the_spread_of_rates():
    assert record(3).sentences() == (
        "Of the information that distinguishes the neurons 46 % is how much they fire, "
        "54 % when; of that of the classes 3 % and 97 %.",
        "Firing rates of the neurons of a class differ by a factor of 3.2 (10th to "
        "90th percentile).",
    )
