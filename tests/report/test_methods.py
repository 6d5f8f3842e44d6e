"""The Methods paragraph."""

import pytest

from neuroclass.report import (
    methods_paragraph,
)


def test_the_methods_say_what_was_done_with_these_data(result):
    text = methods_paragraph(result)
    assert "Functional classes of 16 neurons" in text
    assert "Of the 17 units recorded, 1 was left out." in text
    assert "one stimulus of 1.6 s, presented 12 times" in text
    assert "binary words (spike or no spike) in bins of 20 ms" in text
    assert "The number of classes was set to 3." in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"bin_size": {"value": 0.02, "chosen": "auto", "why": "it won"}}, "(it won)"),
        ({"word_length": 2}, "words (spike or no spike) of 2 bins of 10 ms (20 ms in"),
        ({"response": "counts"}, "into spike counts in bins"),
        (
            {"n_clusters": {"value": 3, "chosen": "auto", "why": "elbow"}},
            "3 classes (supported by these data: 3)",
        ),
        ({"max_information_loss": 0.2}, "loses at most 0.2 of the information: 3 cl"),
    ],
)
def test_the_methods_follow_the_settings(result, changes, expected):
    result["settings"] |= changes
    assert expected in methods_paragraph(result)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("stimulus", "for every stimulus, pooled over the time"),
        ("time", "with all stimuli pooled"),
        ("none", "without reference to a stimulus"),
    ],
)
def test_the_methods_say_what_was_conditioned_on(result, condition, expected):
    result["presentations"]["condition"] = condition
    assert expected in methods_paragraph(result)
