"""Rows of interval tables, and the columns that distinguish their stimuli."""

import neo
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.presentations.interval_rows import read_interval_rows, stimulus_columns


def make_epoch(name="trials", n_rows=6, /, duration=1.0, **columns):
    return neo.Epoch(
        times=2.0 * np.arange(n_rows),
        durations=np.broadcast_to(duration, (n_rows,)).astype(float),
        labels=np.arange(n_rows).astype(str),
        units="s",
        name=name,
        array_annotations={k: np.asarray(v) for k, v in columns.items()},
    )


def test_times_in_other_units_become_seconds():
    epoch = neo.Epoch(
        times=[0, 1000], durations=[500, 500], labels=["0", "1"], units="ms", name="t"
    )
    rows = read_interval_rows(epoch)
    assert_allclose(rows.starts, [0, 1])
    assert_allclose(rows.durations, 0.5)


def test_values_become_labels():
    rows = read_interval_rows(
        make_epoch(
            "trials",
            4,
            whole=[1.0, 2.0, np.nan, 1.0],
            fraction=[0.1 + 0.2, 0.3, 0.25, np.nan],
            number=[3, 3, 12345678, 4],
            flag=[True, False, True, True],
            name=np.array(["a ", "b", "nan", ""]),
            mixed=np.array([b"x", "x", 3, "y"], dtype=object),
        )
    )
    for name, expected in {
        "whole": ["1", "2", "", "1"],
        "fraction": ["0.3", "0.3", "0.25", ""],
        "number": ["3", "3", "12345678", "4"],
        "flag": ["True", "False", "True", "True"],
        "name": ["a", "b", "", ""],
        "mixed": ["x", "x", "3", "y"],
    }.items():
        assert_array_equal(rows.columns[name], expected)


def test_only_columns_that_can_distinguish_stimuli_are_offered():
    reaction_time = np.array([0.31, 0.35, np.nan, 0.42, 0.29, 0.33])
    rows = read_interval_rows(
        make_epoch(
            constant=["x"] * 6,
            counter=[0, 1, 2, 3, 4, 5],
            countdown=[9, 8, 7, 6, 5, 4],
            reaction_time=reaction_time,
            latency=reaction_time,
            stimulus_block=[0, 0, 1, 1, 2, 2],
            stimulus_index=[0, 1, 0, 1, 0, 1],
            repeat=[0, 0, 1, 1, 2, 2],
            trial_number=[1, 2, 1, 2, 1, 2],
            timeseries=["a", "b", "a", "b", "a", "b"],
            image=[4, 2, 0, 1, 3, 5],  # never repeated, but no counter
            trial_type=["go", "go", "stop", "go", "stop", "go"],
            movie_frame_index=[0, 1, 0, 1, 0, 1],
        )
    )
    assert rows.varying_columns == ("image", "trial_type", "movie_frame_index")


@pytest.mark.parametrize(
    ("name", "columns", "expected"),
    [
        # The name decides, whatever else varies.
        ("trials", {"stimulus": "aabb", "correct": "ynyn"}, [("stimulus",)]),
        # Several columns describe the stimulus: their combination is the stimulus.
        ("trials", {"orientation": "1122", "contrast": "1212", "side": "lrrl"},
         [("orientation", "contrast")]),
        # A column that adds nothing is left out.
        ("trials", {"stimulus": "aabc", "stimulus_type": "xxyy"}, [("stimulus",)]),
        # In a table of presentations everything describes the stimulus.
        ("dots_presentations", {"Dir": "1122", "Speed": "1212"}, [("Dir", "Speed")]),
        ("gray_presentations", {"stimulus_name": "gggg"}, [()]),
        # A constant that describes the stimulus: nothing else can.
        ("trials", {"stimulus": "mmmm", "correct": "ynyn"}, [("stimulus",)]),
        # No name decides: each of them may be it.
        ("trials", {"code": "1122", "correct": "ynyn"}, [("code",), ("correct",)]),
        # What was done to the neurons is not the stimulus.
        ("trials", {"photostim": "1122", "correct": "ynyn"},
         [("photostim",), ("correct",)]),
        ("triggers", {}, [()]),
    ],
)  # fmt: skip
def test_the_columns_that_describe_the_stimulus_are_found(name, columns, expected):
    epoch = make_epoch(name, 4, **{k: list(v) for k, v in columns.items()})
    assert stimulus_columns(read_interval_rows(epoch)) == expected


def test_combined_labels_name_their_columns():
    rows = read_interval_rows(
        make_epoch("g_presentations", 3, ori=[0.0, 45.0, np.nan], sf=["lo", "hi", "lo"])
    )
    assert_array_equal(
        rows.labels(("ori", "sf")), ["ori=0, sf=lo", "ori=45, sf=hi", ""]
    )


def test_rows_without_duration_are_left_out_and_counted():
    epoch = make_epoch(duration=[1, 0, 1, 0, 1, 1], stimulus=list("abcabc"))
    rows = read_interval_rows(epoch)
    assert_array_equal(rows.row_labels, ["0", "2", "4", "5"])
    assert_array_equal(rows.columns["stimulus"], ["a", "c", "b", "c"])
    (note,) = rows.notes
    assert note == "left out 2 rows of trials without duration (row 1 first)"


def movie_epoch(n_frames=30, n_presentations=4, gap=0.0, **columns):
    """Frames of 1/30 s, jitter 2 ms; presentations back to back or with a gap."""
    onsets = np.arange(n_frames * n_presentations + 1) / 30.0
    onsets[1:-1] += 0.002 * np.sin(np.arange(1, len(onsets) - 1))
    starts = onsets[:-1] + gap * np.repeat(np.arange(n_presentations), n_frames)
    return neo.Epoch(
        times=starts,
        durations=np.diff(onsets),
        labels=np.arange(len(starts)).astype(str),
        units="s",
        name="natural_movie_presentations",
        array_annotations={
            "frame": np.tile(np.arange(n_frames, dtype=float), n_presentations),
            **columns,
        },
    )


@pytest.mark.parametrize("gap", [0.0, 2.0])
def test_frames_of_a_movie_are_joined_into_presentations(gap):
    rows = read_interval_rows(movie_epoch(gap=gap))
    assert_allclose(rows.starts, np.arange(4) * (1.0 + gap), atol=0.003)
    assert_allclose(rows.durations, 1.0, atol=0.005)
    assert_array_equal(rows.row_labels, ["0", "30", "60", "90"])
    assert rows.notes == (
        "joined 120 rows of natural_movie_presentations that are frames into "
        "4 presentations",
    )


def test_joined_frames_keep_what_their_movies_are():
    names = np.repeat(["one", "two", "one", "two"], 30)
    rows = read_interval_rows(movie_epoch(stimulus_name=names))
    assert_array_equal(rows.columns["stimulus_name"], ["one", "two", "one", "two"])
    assert "frame" not in rows.columns
    assert stimulus_columns(rows) == [("stimulus_name",)]


def test_frames_stay_rows_on_request():
    assert read_interval_rows(movie_epoch(), join_frames=False).n_rows == 120


def test_long_rows_are_no_frames():
    epoch = make_epoch("images_presentations", 6, frame=[0, 1, 2, 0, 1, 2])
    rows = read_interval_rows(epoch)
    assert rows.n_rows == 6
    assert not rows.are_frames
