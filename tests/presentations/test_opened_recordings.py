"""Recordings and presentations, from paths and recordings."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from neuroclass import simulate_retina
from neuroclass.io import write_recording
from neuroclass.presentations import (
    find_presentations,
    open_recording,
    presentation_setting,
)


@pytest.fixture(scope="module")
def retinas():
    light = {"duration": "2s", "stimulus_random_state": 7, "n_unique": 0}
    return [
        simulate_retina(
            2, 4, 10, random_state=seed, **light, rate_spread=0, sparse_share=0
        )
        for seed in (0, 1)
    ]


def test_a_path_is_loaded_and_a_recording_stays(retinas, tmp_path):
    path = tmp_path / "retina.nwb"
    write_recording(retinas[0], path)
    for one in (path, str(path), [path]):
        assert open_recording(one).file_origin == str(path)
    assert open_recording(retinas[0]) is retinas[0]
    assert open_recording([retinas[0]]) is retinas[0]


def test_several_recordings_are_pooled_when_presentations_are_selected(retinas):
    pool, pooled = find_presentations(open_recording(retinas))
    assert len(pool.segments[0].spiketrains) == 8
    alone, presentations = find_presentations(open_recording(retinas[0]))
    assert alone is retinas[0]
    assert_array_equal(pooled.repeats, presentations.repeats)


@pytest.mark.parametrize("wrong", [np.zeros((2, 3)), None, 7, [np.zeros(3)]])
def test_other_types_are_refused_by_name(wrong):
    with pytest.raises(TypeError, match=r"a path or a list of these; got \w+\. from_"):
        open_recording(wrong)


def test_triggers_go_with_a_path(retinas):
    with pytest.raises(ValueError, match="must go to load_recording"):
        open_recording(retinas[0], triggers=[1.0, 2.0])


def test_the_setting_says_how_the_table_was_chosen(retinas):
    _, presentations = find_presentations(retinas[0])
    assert presentation_setting(presentations, None, None) == {
        "value": presentations.source,
        "chosen": "auto",
        "why": presentations.reason,
    }
    assert presentation_setting(presentations, "trials", None)["chosen"] == "given"
