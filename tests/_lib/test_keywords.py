from dataclasses import dataclass, fields
from typing import get_type_hints

import pytest

from neuroclass import select_presentations
from neuroclass._lib.keywords import settings_from
from neuroclass.presentations import (
    PresentationOptions,
    PresentationSettings,
    find_presentations,
    match_presentations,
    pool_recordings,
)


@dataclass(frozen=True, kw_only=True)
class Bins(PresentationSettings):
    bin_size: float = 0.02


def test_without_settings_the_defaults_and_the_keywords_are_taken():
    given = {"min_repeats": 5}
    assert settings_from(Bins, None, {}, "f") == Bins()
    assert settings_from(Bins, None, given, "f") == Bins(min_repeats=5)


def test_keywords_replace_single_settings_of_the_object():
    settings = Bins(min_repeats=5, bin_size=0.01)
    expected = Bins(min_repeats=5, bin_size=0.03)
    assert settings_from(Bins, settings, {"bin_size": 0.03}, "f") == expected


def test_settings_of_a_later_stage_serve_an_earlier_one():
    settings = settings_from(PresentationSettings, Bins(min_repeats=5), {}, "f")
    assert settings.min_repeats == 5


def test_settings_of_another_type_are_refused():
    with pytest.raises(TypeError, match="must be a Bins or None; got str"):
        settings_from(Bins, "trials", {}, "f")


def test_an_unknown_keyword_is_answered_with_the_near_one():
    with pytest.raises(TypeError, match=r"f\(\).*'bin_sizes'. Did you mean 'bin_size'"):
        settings_from(Bins, None, {"bin_sizes": 1}, "f")
    with pytest.raises(TypeError, match="Did you mean 'n_clusters'"):
        settings_from(
            Bins, None, {"n_cluster": 1}, "f", other_keywords=["n_clusters", "ax"]
        )


def test_an_unknown_keyword_without_a_near_one_is_answered_with_all():
    with pytest.raises(TypeError, match=r"'xyz'. Its settings are: intervals, stimulu"):
        settings_from(Bins, None, {"xyz": 1}, "f")


@pytest.mark.parametrize(
    "function",
    [select_presentations, match_presentations, pool_recordings, find_presentations],
)
def test_every_selection_refuses_unknown_keywords_by_its_own_name(function):
    with pytest.raises(TypeError, match=rf"{function.__name__}\(\).*'min_repeats'\?"):
        function([], min_repeat=3)


def test_the_typed_keywords_are_the_fields_of_the_settings():
    hints = get_type_hints(PresentationSettings)
    assert get_type_hints(PresentationOptions) == hints
    assert [field.name for field in fields(PresentationSettings)] == list(hints)
