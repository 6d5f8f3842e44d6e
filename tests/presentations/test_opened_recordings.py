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


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        (np.zeros((2, 3)), r"one ndarray of shape \(2, 3\), whose axes"),
        (None, "must be a neo.Block, a path, .*; got NoneType"),
        (7, "must be a neo.Block, a path, .*; got int"),
    ],
)
def test_other_types_are_refused_by_name(wrong, match):
    with pytest.raises(TypeError, match=match):
        open_recording(wrong)


def test_paths_and_other_objects_do_not_mix(retinas):
    with pytest.raises(TypeError, match="got a list with ndarray"):
        open_recording([retinas[0], np.zeros(3)])


def test_triggers_go_with_one_recording_and_leave_it_as_it_is(retinas):
    opened = open_recording(retinas[0], triggers=[1.0, 2.0])
    assert opened.segments[0].epochs[-1].name == "triggers"
    assert [e.name for e in retinas[0].segments[0].epochs] == ["trials"]
    with pytest.raises(ValueError, match="each of several recordings"):
        open_recording(retinas, triggers=[1.0, 2.0])


def test_the_setting_says_how_the_table_was_chosen(retinas):
    _, presentations = find_presentations(retinas[0])
    assert presentation_setting(presentations, None, None) == {
        "value": presentations.source,
        "chosen": "auto",
        "why": presentations.reason,
    }
    assert presentation_setting(presentations, "trials", None)["chosen"] == "given"
