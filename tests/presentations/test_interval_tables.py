"""Interval tables as files hold them: described for people, read for the choice."""

import neo
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.exceptions import RecordingError
from neuroclass.presentations.interval_tables import (
    describe_intervals,
    read_showings,
    stimulus_columns,
)


def make_epoch(name="trials", n_rows=6, /, duration=1.0, **columns):
    return neo.Epoch(
        times=2.0 * np.arange(n_rows),
        durations=np.broadcast_to(duration, (n_rows,)).astype(float),
        labels=np.arange(n_rows).astype(str),
        units="s",
        name=name,
        array_annotations={k: np.asarray(v) for k, v in columns.items()},
    )


def make_recording(*epochs):
    block = neo.Block()
    segment = neo.Segment()
    block.segments.append(segment)
    segment.epochs.extend(epochs)
    return block


def test_a_table_is_described_with_the_repeats_of_each_column():
    (table,) = describe_intervals(
        make_recording(
            make_epoch(
                duration=[1.0, 1.0, 1.0, 1.0, 1.0, 3.0],
                stimulus=["b", "a", "b", "b", "c", "a"],
                trial=np.arange(6),
                contrast=np.full(6, 0.5),
            )
        )
    )
    assert (table.name, table.n_rows, table.durations) == ("trials", 6, (1, 1, 3))
    stimulus, trial, contrast = table.columns
    assert (stimulus.n_values, stimulus.repeats) == (3, 3)
    assert stimulus.values == ("b", "a", "c")
    assert (trial.n_values, trial.repeats, len(trial.values)) == (6, 1, 5)
    assert (contrast.n_values, contrast.repeats) == (1, 6)
    assert str(table) == (
        "trials: 6 rows of 1 to 3 s, stimulus (3 values, up to 3 repeats), "
        "trial (6 values, none repeated), contrast (always 0.5)"
    )


def test_tables_without_rows_or_columns_are_described_too():
    empty = neo.Epoch(times=[], durations=[], labels=[], units="s", name="epochs")
    nothing_in_it = make_epoch("trials", 1, note=[""])
    tables = describe_intervals(make_recording(empty, nothing_in_it))
    assert [str(table) for table in tables] == [
        "epochs: 0 rows of 0 s, no column",
        "trials: 1 row of 1 s, note (empty)",
    ]


def test_a_block_without_a_segment_is_refused():
    with pytest.raises(RecordingError, match="recording must hold a segment"):
        describe_intervals(neo.Block())


def test_times_in_other_units_become_seconds():
    epoch = neo.Epoch(
        times=[0, 1000], durations=[500, 500], labels=["0", "1"], units="ms", name="t"
    )
    showings = read_showings(epoch)
    assert_allclose(showings.starts, [0, 1])
    assert_allclose(showings.durations, 0.5)


def test_values_become_labels():
    showings = read_showings(
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
        assert_array_equal(showings.columns[name], expected)


def test_only_columns_that_can_tell_stimuli_apart_are_offered():
    reaction_time = np.array([0.31, 0.35, np.nan, 0.42, 0.29, 0.33])
    showings = read_showings(
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
    assert showings.varying == ("image", "trial_type", "movie_frame_index")


@pytest.mark.parametrize(
    ("name", "columns", "expected"),
    [
        # The name tells, whatever else varies.
        ("trials", {"stimulus": "aabb", "correct": "ynyn"}, [("stimulus",)]),
        # Several columns describe the stimulus: their combination is the stimulus.
        ("trials", {"orientation": "1122", "contrast": "1212", "side": "lrrl"},
         [("orientation", "contrast")]),
        # What a column adds nothing to is left out.
        ("trials", {"stimulus": "aabc", "stimulus_type": "xxyy"}, [("stimulus",)]),
        # In a table of presentations everything describes the stimulus.
        ("dots_presentations", {"Dir": "1122", "Speed": "1212"}, [("Dir", "Speed")]),
        ("gray_presentations", {"stimulus_name": "gggg"}, [()]),
        # A constant that describes the stimulus: nothing else can.
        ("trials", {"stimulus": "mmmm", "correct": "ynyn"}, [("stimulus",)]),
        # No name tells: any of them may be it.
        ("trials", {"code": "1122", "correct": "ynyn"}, [("code",), ("correct",)]),
        # What was done to the neurons is not the stimulus.
        ("trials", {"photostim": "1122", "correct": "ynyn"},
         [("photostim",), ("correct",)]),
        ("triggers", {}, [()]),
    ],
)  # fmt: skip
def test_the_columns_that_describe_the_stimulus_are_found(name, columns, expected):
    epoch = make_epoch(name, 4, **{k: list(v) for k, v in columns.items()})
    assert stimulus_columns(read_showings(epoch)) == expected


def test_combined_labels_name_their_columns():
    showings = read_showings(
        make_epoch("g_presentations", 3, ori=[0.0, 45.0, np.nan], sf=["lo", "hi", "lo"])
    )
    assert_array_equal(
        showings.labels(("ori", "sf")), ["ori=0, sf=lo", "ori=45, sf=hi", ""]
    )


def test_rows_without_duration_are_left_out_and_counted():
    epoch = make_epoch(duration=[1, 0, 1, 0, 1, 1], stimulus=list("abcabc"))
    showings = read_showings(epoch)
    assert_array_equal(showings.rows, ["0", "2", "4", "5"])
    assert_array_equal(showings.columns["stimulus"], ["a", "c", "b", "c"])
    (note,) = showings.notes
    assert note == "left out 2 rows of trials without duration (row 1 first)"


def movie_epoch(n_frames=30, n_showings=4, gap=0.0, **columns):
    """Frames of 1/30 s with a jitter of 2 ms, showings back to back or with a gap."""
    onsets = np.arange(n_frames * n_showings + 1) / 30.0
    onsets[1:-1] += 0.002 * np.sin(np.arange(1, len(onsets) - 1))
    starts = onsets[:-1] + gap * np.repeat(np.arange(n_showings), n_frames)
    return neo.Epoch(
        times=starts,
        durations=np.diff(onsets),
        labels=np.arange(len(starts)).astype(str),
        units="s",
        name="natural_movie_presentations",
        array_annotations={
            "frame": np.tile(np.arange(n_frames, dtype=float), n_showings),
            **columns,
        },
    )


@pytest.mark.parametrize("gap", [0.0, 2.0])
def test_frames_of_a_movie_are_joined_into_showings(gap):
    showings = read_showings(movie_epoch(gap=gap))
    assert_allclose(showings.starts, np.arange(4) * (1.0 + gap), atol=0.003)
    assert_allclose(showings.durations, 1.0, atol=0.005)
    assert_array_equal(showings.rows, ["0", "30", "60", "90"])
    assert showings.notes == (
        "joined 120 rows of natural_movie_presentations that are frames into "
        "4 showings",
    )


def test_joined_frames_keep_what_their_movies_are():
    names = np.repeat(["one", "two", "one", "two"], 30)
    showings = read_showings(movie_epoch(stimulus_name=names))
    assert_array_equal(showings.columns["stimulus_name"], ["one", "two", "one", "two"])
    assert "frame" not in showings.columns
    assert stimulus_columns(showings) == [("stimulus_name",)]


def test_frames_stay_rows_when_asked():
    assert len(read_showings(movie_epoch(), join_frames=False).rows) == 120


def test_long_rows_are_no_frames():
    epoch = make_epoch("images_presentations", 6, frame=[0, 1, 2, 0, 1, 2])
    showings = read_showings(epoch)
    assert len(showings.rows) == 6
    assert not showings.are_frames
