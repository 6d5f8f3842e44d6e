"""Selection of presentations: by the file where it decides, an error elsewhere."""

import warnings

import neo
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.exceptions import RecordingError
from neuroclass.io import load_recording
from neuroclass.presentations import (
    CONDITIONS,
    PresentationSettings,
    select_presentations,
)
from neuroclass.simulation.retina import simulate_retina


def make_epoch(name, starts, durations, **columns):
    starts = np.asarray(starts, dtype=float)
    return neo.Epoch(
        times=starts,
        durations=np.broadcast_to(durations, starts.shape).astype(float),
        labels=np.arange(len(starts)).astype(str),
        units="s",
        name=name,
        array_annotations={k: np.asarray(v) for k, v in columns.items()},
    )


def make_recording(*epochs, t_stop=1000.0, spikes=None):
    """Two units of 10 Hz all the time, or the given spike times."""
    block = neo.Block(name="recording")
    segment = neo.Segment()
    block.segments.append(segment)
    for unit in range(2):
        times = np.arange(0.05 * unit, t_stop, 0.1) if spikes is None else spikes
        segment.spiketrains.append(
            neo.SpikeTrain(times, units="s", t_start=0.0, t_stop=t_stop, unit_id=unit)
        )
    segment.epochs.extend(epochs)
    return block


def alternating(name="trials", n_rows=24, values=("a", "b"), **columns):
    """Rows of 2 s every 3 s with the values in turn."""
    return make_epoch(
        name,
        3.0 * np.arange(n_rows),
        2.0,
        stimulus=np.resize(values, n_rows),
        **columns,
    )


# What is taken


def test_the_repeats_of_each_stimulus_are_found():
    presentations = select_presentations(make_recording(alternating()))
    assert presentations.stimuli == ("a", "b")
    assert_array_equal(presentations.repeats, [12, 12])
    assert_allclose(presentations.starts, 3.0 * np.arange(24))
    assert_array_equal(presentations.stimulus, np.resize([0, 1], 24))
    assert_allclose(presentations.durations, [2.0, 2.0])
    assert_allclose(presentations.stops, presentations.starts + 2.0)
    assert (presentations.n_presentations, presentations.n_stimuli) == (24, 2)
    assert presentations.condition == "stimulus,time"
    assert presentations.source == "trials.stimulus"
    assert presentations.reason == (
        "12 repeats of 2 stimuli of 2 s from trials.stimulus: the only table with "
        "repeats, stimuli distinguished by stimulus."
    )
    assert presentations.notes == ()


def test_triggers_without_a_column_are_one_stimulus_repeated():
    epoch = make_epoch("triggers", 5.0 * np.arange(15), 5.0)
    presentations = select_presentations(make_recording(epoch))
    assert presentations.stimuli == ("triggers",)
    assert_array_equal(presentations.repeats, [15])
    assert presentations.source == "triggers"
    assert "no column distinguishes its rows" in presentations.reason


def test_columns_that_number_the_rows_do_not_distinguish_stimuli():
    epoch = make_epoch(
        "trials",
        5.0 * np.arange(15),
        4.0,
        trial=np.arange(15),
        go_cue_onset=5.0 * np.arange(15) + 0.2,
        block=np.repeat([0, 1, 2], 5),
        reaction_time=np.r_[np.nan, np.linspace(0.5, 0.2, 14) ** 2],
    )
    presentations = select_presentations(make_recording(epoch))
    assert_array_equal(presentations.repeats, [15])
    assert presentations.source == "trials"


def test_a_constant_stimulus_is_named():
    epoch = alternating(values=["movie1"], correct=np.resize([True, False], 24))
    presentations = select_presentations(make_recording(epoch))
    assert presentations.stimuli == ("movie1",)
    assert_array_equal(presentations.repeats, [24])
    assert "stimulus movie1 in all its rows" in presentations.reason


def test_stimuli_that_are_not_repeated_are_dropped_and_counted():
    names = ["repeat"] * 12 + [f"unique {k}" for k in range(5)]
    epoch = make_epoch("trials", 3.0 * np.arange(17), 2.0, stimulus=names)
    presentations = select_presentations(make_recording(epoch))
    assert presentations.stimuli == ("repeat",)
    assert presentations.n_presentations == 12
    assert presentations.notes == (
        "left out 5 stimuli with fewer than 10 presentations (unique 0, unique 1, "
        "unique 2, ...)",
    )


def test_rows_without_a_value_are_of_no_stimulus():
    values = np.resize([1.0, np.nan], 24)
    epoch = make_epoch("trials", 3.0 * np.arange(24), 2.0, contrast=values)
    presentations = select_presentations(make_recording(epoch), stimulus="contrast")
    assert presentations.stimuli == ("1",)
    assert presentations.n_presentations == 12
    assert "left out 12 rows without a value" in presentations.notes


def test_numbers_are_ordered_by_value_and_names_as_they_appear():
    by_value = alternating(values=[10, 9, 100], n_rows=36)
    assert select_presentations(make_recording(by_value)).stimuli == ("9", "10", "100")
    as_seen = alternating(values=["b", "c", "a"], n_rows=36)
    assert select_presentations(make_recording(as_seen)).stimuli == ("b", "c", "a")


def test_rows_out_of_order_are_sorted_by_time():
    order = np.random.default_rng(0).permutation(24)
    epoch = make_epoch(
        "trials", 3.0 * order, 2.0, stimulus=np.resize(["a", "b"], 24)[order]
    )
    presentations = select_presentations(make_recording(epoch))
    assert_allclose(presentations.starts, 3.0 * np.arange(24))
    names = np.array(presentations.stimuli)[presentations.stimulus]
    assert_array_equal(names, np.resize(["a", "b"], 24))


def test_the_table_with_the_most_repeats_is_taken_and_the_next_is_named():
    few = make_epoch("flash_presentations", 3.0 * np.arange(12), 1.0)
    many = make_epoch("movie_presentations", 100 + 3.0 * np.arange(20), 2.0)
    presentations = select_presentations(make_recording(few, many))
    assert presentations.source == "movie_presentations"
    assert "next: flash_presentations with 12" in presentations.reason


def test_repeats_of_unequal_length_count_less():
    lengths = np.linspace(1.0, 4.0, 40)
    unequal = make_epoch("trials", 5.0 * np.arange(40), lengths, cue=["x"] * 40)
    equal = make_epoch("movie_presentations", 300 + 3.0 * np.arange(15), 2.0)
    presentations = select_presentations(make_recording(unequal, equal))
    assert presentations.source == "movie_presentations"


def test_an_epochs_table_around_the_trials_is_no_rival():
    epochs = make_epoch("epochs", [0, 40, 80], 40.0, tags=["dark", "movie", "dark"])
    presentations = select_presentations(make_recording(epochs, alternating()))
    assert presentations.source == "trials.stimulus"


def test_equivalent_tables_are_no_rivals():
    again = alternating("movie_presentations", values=("x", "y"))
    presentations = select_presentations(make_recording(alternating(), again))
    assert presentations.source == "trials.stimulus"


def test_invalid_times_are_never_taken():
    invalid = make_epoch("invalid_times", 3.0 * np.arange(40) + 2.25, 0.5)
    presentations = select_presentations(make_recording(invalid, alternating()))
    assert presentations.source == "trials.stimulus"
    assert presentations.n_presentations == 24


def test_presentations_within_invalid_times_are_left_out():
    invalid = make_epoch("invalid_times", np.array([4.5, 10.0]), 0.25)
    presentations = select_presentations(make_recording(invalid, alternating()))
    assert_allclose(presentations.starts, np.delete(3.0 * np.arange(24), [1, 3]))
    assert any("left out 2 rows" in note for note in presentations.notes)


def test_stimuli_that_differ_in_two_columns_are_their_combinations():
    orientation = np.resize(np.repeat([0.0, 90.0], 2), 48)
    contrast = np.resize([0.1, 0.8], 48)
    epoch = make_epoch(
        "drifting_gratings_presentations",
        3.0 * np.arange(48),
        2.0,
        stimulus_name=["drifting_gratings"] * 48,
        stimulus_block=np.repeat([2.0, 5.0, 8.0], 16),
        orientation=orientation,
        contrast=contrast,
        phase=["[5.3, 5.3]"] * 48,
    )
    presentations = select_presentations(make_recording(epoch))
    assert (
        presentations.source == "drifting_gratings_presentations.orientation,contrast"
    )
    assert presentations.stimuli[0] == "orientation=0, contrast=0.1"
    assert_array_equal(presentations.repeats, [12] * 4)


def test_frames_of_a_movie_are_joined_into_presentations_of_it():
    n_frames, n_presentations = 60, 12
    onsets = np.arange(n_frames * n_presentations) / 30.0
    epoch = make_epoch(
        "natural_movie_one_presentations",
        onsets,
        1 / 30.0,
        stimulus_name=["natural_movie_one"] * len(onsets),
        stimulus_index=np.full(len(onsets), 4.0),
        frame=np.tile(np.arange(float(n_frames)), n_presentations),
    )
    presentations = select_presentations(make_recording(epoch))
    assert presentations.stimuli == ("natural_movie_one",)
    assert_array_equal(presentations.repeats, [12])
    assert_allclose(presentations.durations, [2.0])
    assert_allclose(presentations.starts, 2.0 * np.arange(12))
    assert "joined 720 rows" in presentations.notes[0]
    # A given frame column means the rows.
    by_frame = select_presentations(make_recording(epoch), stimulus="frame")
    assert by_frame.n_stimuli == 60


def test_contiguous_frames_without_a_column_are_no_repeats():
    epoch = make_epoch("noise_presentations", np.arange(6000) / 60.0, 1 / 60.0)
    with pytest.raises(RecordingError, match="no repeats found"):
        select_presentations(make_recording(epoch))


@pytest.mark.parametrize("column", ["index_repeat", "frame", "gap"])
def test_rows_of_a_frame_each_are_one_presentation_of_their_sequence(column):
    # Two sequences of colours in turn, 120 frames of 1/60 s each, 12 times each.
    rng = np.random.default_rng(1)
    sequences = rng.integers(0, 2, (2, 120))
    color = np.concatenate([sequences[k % 2] for k in range(24)])
    onsets = np.arange(24 * 120) / 60.0
    columns = {"color": color.astype(float)}
    if column == "index_repeat":
        columns[column] = np.repeat(np.arange(24), 120)
    elif column == "frame":
        columns[column] = np.tile(np.arange(120.0), 24)
    else:
        onsets = onsets + np.repeat(0.5 * np.arange(24), 120)
    epoch = make_epoch("flicker", onsets, 1 / 60.0, **columns)
    presentations = select_presentations(make_recording(epoch, t_stop=70.0))
    assert presentations.stimuli == (
        "sequence 0 of 120 values",
        "sequence 1 of 120 values",
    )
    assert_array_equal(presentations.repeats, [12, 12])
    assert_allclose(presentations.durations, 2.0)
    assert "joined 2880 rows" in presentations.notes[0]


def test_silence_at_the_end_of_all_repeats_is_said():
    epoch = make_epoch("trials", 20.0 * np.arange(12), 20.0)
    rng = np.random.default_rng(0)
    spikes = np.concatenate([20.0 * k + 18 * rng.random(60) for k in range(12)])
    recording = make_recording(epoch, spikes=np.sort(spikes), t_stop=240.0)
    with pytest.warns(UserWarning, match=r"last 2\.\d* s of the 20 s of all repeats"):
        select_presentations(recording)


def test_presentations_without_a_spike_are_doubted_and_can_be_left_out():
    epoch = make_epoch("trials", 20.0 * np.arange(14), 20.0)
    rng = np.random.default_rng(0)
    used = [k for k in range(14) if k != 5]
    spikes = np.concatenate([20.0 * k + 20 * rng.random(60) for k in used])
    recording = make_recording(epoch, spikes=np.sort(spikes), t_stop=280.0)
    with pytest.warns(UserWarning, match=r"no unit fires in 1 presentation of 14"):
        select_presentations(recording)
    presentations = select_presentations(recording, drop_empty=True)
    assert presentations.n_presentations == 13
    assert any("left out 1 row" in note for note in presentations.notes)


def test_columns_that_vary_within_a_stimulus_are_named():
    epoch = make_epoch(
        "trials",
        3.0 * np.arange(48),
        2.0,
        stimulus=np.resize(["a", "b"], 48),
        code=np.resize([1, 1, 2, 2], 48),
    )
    notes = select_presentations(make_recording(epoch)).notes
    assert any(
        "pooled over the other columns of trials that vary: code" in n for n in notes
    )


def test_thousands_of_stimuli_are_quick_to_choose_from():
    image = np.random.default_rng(0).permutation(np.tile(np.arange(900), 20))
    epoch = make_epoch(
        "images_presentations", 0.25 * np.arange(18000), 0.25, image=image
    )
    presentations = select_presentations(make_recording(epoch, t_stop=4500.0))
    assert presentations.n_stimuli == 900
    assert (presentations.repeats == 20).all()


def test_the_repeats_of_a_simulated_retina_are_found():
    retina = simulate_retina(
        3,
        6,
        10,
        duration=2.0,
        n_unique=4,
        random_state=0,
        rate_spread=0,
        sparse_share=0,
    )
    presentations = select_presentations(retina)
    assert presentations.stimuli == ("repeat",)
    assert_allclose(presentations.durations, [2.0])
    epoch = retina.segments[0].epochs[0]
    is_repeat = epoch.array_annotations["stimulus"] == "repeat"
    assert_allclose(presentations.starts, epoch.times.magnitude[is_repeat])


# Table, column and values that are given


def test_a_table_and_a_column_are_taken_as_given():
    other = alternating("other", values=("x", "y", "z"), n_rows=60)
    recording = make_recording(alternating(correct=np.resize([1, 1, 0], 24)), other)
    presentations = select_presentations(
        recording, intervals="trials", stimulus="correct", min_repeats=8
    )
    assert presentations.source == "trials.correct"
    assert presentations.stimuli == ("0", "1")
    assert_array_equal(presentations.repeats, [8, 16])
    assert "as given" in presentations.reason


def test_values_restrict_the_stimuli():
    recording = make_recording(alternating(values=("a", "b", "c"), n_rows=36))
    presentations = select_presentations(recording, stimulus="stimulus=c, a")
    assert presentations.stimuli == ("a", "c")
    assert presentations.n_presentations == 24


def test_values_are_numbers_where_the_column_is():
    recording = make_recording(alternating(values=(0.5, 2.0)))
    presentations = select_presentations(recording, stimulus="stimulus=0.50,2.0")
    assert presentations.stimuli == ("0.5", "2")


def test_a_value_may_hold_a_comma_and_an_equals_sign():
    recording = make_recording(alternating(values=("x=1, y=2", "b")))
    presentations = select_presentations(recording, stimulus="stimulus=x=1, y=2")
    assert presentations.stimuli == ("x=1, y=2",)


def test_two_given_columns_are_crossed():
    epoch = alternating(n_rows=48, correct=np.resize(np.repeat([0, 1], 2), 48))
    presentations = select_presentations(
        make_recording(epoch), stimulus="stimulus,correct"
    )
    assert presentations.stimuli == (
        "stimulus=a, correct=0",
        "stimulus=b, correct=0",
        "stimulus=a, correct=1",
        "stimulus=b, correct=1",
    )


def test_a_missing_table_is_named_with_those_there_are():
    with pytest.raises(RecordingError, match=r"'movies'\. Its tables are: trials\."):
        select_presentations(make_recording(alternating()), intervals="movies")


def test_naming_another_column_leaves_the_frames_of_a_movie_joined():
    epoch = make_epoch(
        "natural_movie_presentations",
        np.arange(720) / 30.0,
        1 / 30.0,
        frame=np.tile(np.arange(60), 12),
        stimulus_name=["movie"] * 720,
    )
    presentations = select_presentations(
        make_recording(epoch), stimulus="stimulus_name=movie"
    )
    assert_array_equal(presentations.repeats, [12])
    assert_allclose(presentations.durations, [2.0])


@pytest.mark.parametrize("stimulus", ["movie", "movie=a", "stimulus,movie", ""])
def test_a_missing_column_is_named_with_those_there_are(stimulus):
    with pytest.raises(RecordingError, match=r"stimulus must be COLUMN .*trials: 24"):
        select_presentations(make_recording(alternating()), stimulus=stimulus)


@pytest.mark.parametrize("values", ["c", "a,c", ""])
def test_a_missing_value_is_named_with_those_there_are(values):
    with pytest.raises(RecordingError, match=r"Its values are: a, b\."):
        select_presentations(
            make_recording(alternating()), stimulus=f"stimulus={values}"
        )


# What is ambiguous


def test_tables_with_equal_repeats_are_ambiguous():
    first = make_epoch("movie1_presentations", 3.0 * np.arange(20), 2.0)
    second = make_epoch("movie2_presentations", 100 + 3.0 * np.arange(20), 2.0)
    recording = make_recording(first, second)
    with pytest.raises(
        RecordingError,
        match=r"ambiguous: .*movie1_presentations \(20 repeats\), "
        r"movie2_presentations \(20 repeats\).*--intervals NAME and --stimulus COLUMN"
        r".*movie1_presentations: 20 rows of 2 s, no column; movie2_presentations: 20",
    ):
        select_presentations(recording)
    chosen = select_presentations(recording, intervals="movie2_presentations")
    assert chosen.starts[0] == 100.0


def test_columns_of_which_any_may_be_the_stimulus_are_ambiguous():
    epoch = make_epoch(
        "trials",
        3.0 * np.arange(60),
        2.0,
        code=np.resize([1, 2, 3], 60),
        correct=np.resize([True, False], 60),
    )
    with pytest.raises(
        RecordingError,
        match=r"trials\.correct \(30 repeats\), trials\.code \(20 repeats\).*"
        r"code \(3 values, up to 20 repeats\), correct \(2 values, up to 30 repeats\)",
    ):
        select_presentations(make_recording(epoch))
    assert select_presentations(make_recording(epoch), stimulus="code").n_stimuli == 3


def test_columns_that_group_the_rows_alike_are_not_ambiguous():
    epoch = make_epoch(
        "trials",
        3.0 * np.arange(24),
        2.0,
        code=np.resize([1, 2], 24),
        side=np.resize(["left", "right"], 24),
    )
    presentations = select_presentations(make_recording(epoch))
    assert presentations.source == "trials.code"


def test_messages_are_one_line():
    first = make_epoch("movie1_presentations", 3.0 * np.arange(20), 2.0)
    second = make_epoch("movie2_presentations", 100 + 3.0 * np.arange(20), 2.0)
    with pytest.raises(RecordingError) as caught:
        select_presentations(make_recording(first, second))
    assert "\n" not in str(caught.value)


# What is no repeat


@pytest.mark.parametrize("n_rows", [0, 1, 9])
def test_too_few_rows_are_no_repeats(n_rows):
    recording = make_recording(make_epoch("triggers", 3.0 * np.arange(n_rows), 2.0))
    with pytest.raises(
        RecordingError,
        match=rf"no repeats found: no stimulus has at least 10 presentations.*trigg"
        rf"ers: {n_rows} row.*--condition none",
    ):
        select_presentations(recording)


def test_a_recording_without_tables_is_pointed_to_triggers_and_condition_none():
    with pytest.raises(
        RecordingError, match=r"no interval table.*--triggers.*--condition none"
    ):
        select_presentations(make_recording())


def test_stimuli_presented_once_each_are_no_repeats():
    epoch = alternating(values=[f"image{k}" for k in range(24)])
    with pytest.raises(RecordingError, match="24 values, none repeated"):
        select_presentations(make_recording(epoch))


def test_min_repeats_admits_fewer_repeats():
    recording = make_recording(alternating(n_rows=10))
    with pytest.raises(RecordingError, match="no repeats found"):
        select_presentations(recording)
    assert_array_equal(select_presentations(recording, min_repeats=5).repeats, [5, 5])


# Repeats A to B


def test_repeats_are_taken_of_each_stimulus():
    # Whatever the order of the stimuli: a a b a b b ...
    order = np.array(list("aabab" + "b" * 9 + "a" * 10))
    epoch = make_epoch("trials", 3.0 * np.arange(24), 2.0, stimulus=order)
    whole = select_presentations(make_recording(epoch))
    taken = select_presentations(make_recording(epoch), repeats="2-4")
    assert_array_equal(taken.repeats, [3, 3])
    for stimulus in range(2):
        assert_array_equal(
            taken.starts[taken.stimulus == stimulus],
            whole.starts[whole.stimulus == stimulus][1:4],
        )
    assert taken.first_repeat == 2
    assert (np.diff(taken.starts) > 0).all()
    assert taken.reason.startswith("Repeats 2 to 4 of 11 to 13 repeats of 2 stimuli")
    assert whole.first_repeat == 1


def test_all_repeats_are_what_is_taken_without():
    whole = select_presentations(make_recording(alternating()))
    taken = select_presentations(make_recording(alternating()), repeats="1-12")
    assert_array_equal(taken.starts, whole.starts)
    assert_array_equal(taken.stimulus, whole.stimulus)
    assert taken.notes == ()


def test_stimuli_are_repeated_often_enough_before_repeats_are_taken():
    recording = make_recording(alternating())
    taken = select_presentations(recording, min_repeats=10, repeats="3-5")
    assert_array_equal(taken.repeats, [3, 3])


def test_stimuli_without_these_repeats_are_left_out_with_a_note():
    order = np.array(list("a" * 12 + "b" * 20 + "c" * 16))
    epoch = make_epoch("trials", 3.0 * np.arange(48), 2.0, stimulus=order)
    taken = select_presentations(make_recording(epoch), repeats="12-18")
    assert taken.stimuli == ("b", "c")
    assert_array_equal(taken.repeats, [7, 5])
    assert len(taken.durations) == 2
    assert taken.notes == (
        "1 stimulus has fewer than 18 repeats (the least 16): repeats 12 to the last "
        "are used",
        "left out 1 stimulus without two of repeats 12 to 18 (a)",
    )
    assert taken.reason.startswith("Repeats 12 to 18 of")


def test_repeats_that_no_stimulus_has_are_refused():
    with pytest.raises(RecordingError, match="no two of repeats 12 to 20: stim"):
        select_presentations(make_recording(alternating()), repeats="12-20")


def test_stretches_of_time_without_a_stimulus_are_repeats():
    taken = select_presentations(make_recording(), condition="none", repeats="11-30")
    assert taken.n_presentations == 20
    assert taken.starts[0] == 100.0


# Lengths


def test_the_jitter_of_frames_is_cut_to_the_common_minimum_and_reported():
    lengths = 2.0 + np.resize([0.0, 0.016, 0.008], 24)
    epoch = make_epoch("triggers", 3.0 * np.arange(24), lengths)
    presentations = select_presentations(make_recording(epoch))
    assert_allclose(presentations.durations, [2.0])
    assert presentations.notes == (
        "repeats differ in length in 1 stimulus (most in triggers: 2 to 2.016 s); "
        "the common minimum is used",
    )


def test_rounding_errors_of_stop_minus_start_cost_nothing():
    starts = 0.1 + 3.3 * np.arange(24)
    stops = starts + 0.3
    recording = make_recording(make_epoch("triggers", starts, stops - starts))
    presentations = select_presentations(recording)
    assert presentations.durations[0] == 0.3
    assert presentations.notes == ()


def test_a_truncated_row_is_left_out_with_a_warning_that_names_it():
    lengths = np.full(24, 2.0)
    lengths[17] = 0.3
    epoch = make_epoch("triggers", 3.0 * np.arange(24), lengths)
    with pytest.warns(
        UserWarning, match=r"1 row of triggers .*\(row 17: 0.3 s where .*: left out\."
    ):
        presentations = select_presentations(make_recording(epoch))
    assert presentations.n_presentations == 23
    assert_allclose(presentations.durations, [2.0])
    assert presentations.notes == (
        "left out 1 row shorter than half of the other repeats",
    )


def test_a_truncated_row_is_kept_where_repeats_are_few():
    lengths = np.full(10, 2.0)
    lengths[3] = 0.3
    epoch = make_epoch("triggers", 3.0 * np.arange(10), lengths)
    with pytest.warns(UserWarning, match=r"row 3: 0.3 s.*are cut to these"):
        presentations = select_presentations(make_recording(epoch))
    assert presentations.n_presentations == 10
    assert_allclose(presentations.durations, [0.3])


def test_stimuli_may_have_different_lengths():
    lengths = np.resize([2.0, 1.0], 24)
    epoch = make_epoch(
        "trials", 3.0 * np.arange(24), lengths, stimulus=np.resize(["a", "b"], 24)
    )
    presentations = select_presentations(make_recording(epoch))
    assert_allclose(presentations.durations, [2.0, 1.0])
    assert_allclose((presentations.stops - presentations.starts)[:2], [2.0, 1.0])
    assert presentations.notes == ()


def test_presentations_that_overlap_are_warned_about():
    epoch = make_epoch("triggers", 1.0 * np.arange(24), 2.0)
    with pytest.warns(UserWarning, match=r"23 presentations .*\(row 1 first\).*share"):
        presentations = select_presentations(make_recording(epoch))
    assert presentations.n_presentations == 24


NAMES = (
    "stimulus stimulus_name stim stim_name stim_type stimulus_type condition "
    "condition_id trial_type trial_condition type label orientation angle direction "
    "contrast spatial_frequency temporal_frequency color frame image image_id "
    "image_name movie block_type session_type"
)


@pytest.mark.parametrize("name", NAMES.split())
def test_a_constant_column_hides_no_varying_one_whatever_their_names(name):
    values = np.tile(["0", "90"], 12)
    starts = 3.0 * np.arange(24)
    for varying, constant in ((name, "comment"), ("x_degrees", name)):
        columns = {constant: np.full(24, "a"), varying: values}
        presentations = select_presentations(
            make_recording(make_epoch("trials", starts, 2.0, **columns))
        )
        assert presentations.stimuli == ("0", "90")


# Clocks


def test_rows_outside_the_recorded_time_are_left_out():
    epoch = make_epoch("triggers", 3.0 * np.arange(-3, 21), 2.0)
    recording = make_recording(epoch, t_stop=55.0)
    presentations = select_presentations(recording)
    assert presentations.starts[0] == 0.0
    assert presentations.stops[-1] <= 55.0
    assert presentations.notes == (
        "left out 6 rows of triggers outside the recorded time (row 0 first)",
    )


def test_rows_after_the_last_spike_were_not_recorded():
    epoch = make_epoch("triggers", 10.0 * np.arange(24), 9.0)
    recording = make_recording(epoch, t_stop=1000.0, spikes=np.arange(0.0, 150.0, 0.1))
    presentations = select_presentations(recording)
    assert presentations.n_presentations == 15
    assert "9 rows of triggers outside the recorded time" in presentations.notes[0]


def test_silent_presentations_at_the_ends_of_placed_ones_were_recorded():
    # Times from onset say that the presentation took place, whether units fire or not.
    trains = [[[] if k in (0, 23) else np.arange(0.05, 2, 0.05) for k in range(24)]] * 2
    recording = load_recording(trains, trial_duration=2.0)
    with pytest.warns(UserWarning, match="no unit fires in 2 presentations of 24"):
        presentations = select_presentations(recording)
    assert presentations.n_presentations == 24
    assert "outside the recorded time" not in " ".join(presentations.notes)


def test_too_few_rows_inside_the_recorded_time_are_no_repeats():
    epoch = make_epoch("triggers", 3.0 * np.arange(24), 2.0)
    with pytest.raises(RecordingError, match=r"no repeats found.*outside the recorded"):
        select_presentations(make_recording(epoch, t_stop=20.0))


@pytest.mark.parametrize("scale", [1e3, 2e4])
def test_spikes_in_milliseconds_or_samples_are_refused_with_both_ranges(scale):
    spikes = scale * np.arange(0.5, 72.0, 0.1)
    epoch = make_epoch("triggers", 3.0 * np.arange(24), 2.0)
    recording = make_recording(epoch, spikes=spikes, t_stop=spikes[-1] + 1)
    with pytest.raises(
        RecordingError,
        match=r"no spike in any presentation: spikes run from \S+ to \S+ s, "
        r"presentations \(triggers\) from 0 to 71 s.*milliseconds or samples",
    ):
        select_presentations(recording)


def test_spikes_in_milliseconds_are_refused_even_if_the_first_fall_in_a_presentation():
    spikes = 1e3 * np.arange(0.001, 72.0, 0.1)
    epoch = make_epoch("triggers", 3.0 * np.arange(24), 2.0)
    recording = make_recording(epoch, spikes=spikes, t_stop=spikes[-1] + 1)
    with pytest.raises(RecordingError, match="hardly any spike in any presentation"):
        select_presentations(recording)


def test_presentations_in_milliseconds_are_refused():
    epoch = make_epoch("triggers", 3e3 * np.arange(24), 2e3)
    recording = make_recording(epoch, spikes=np.arange(0.5, 72, 0.1), t_stop=1e5)
    with pytest.raises(RecordingError, match=r"spikes run from 0\.5 to 71"):
        select_presentations(recording)


def test_a_recording_without_a_spike_is_refused():
    recording = make_recording(alternating(), spikes=[])
    with pytest.raises(RecordingError, match="the recording holds no spike at all"):
        select_presentations(recording)


def test_a_recording_without_a_unit_is_refused():
    recording = make_recording(alternating())
    recording.segments[0].spiketrains.clear()
    with pytest.raises(RecordingError, match="at least one unit; got none"):
        select_presentations(recording)


# Conditions


def test_condition_stimulus_takes_the_same_presentations():
    recording = make_recording(alternating())
    default = select_presentations(recording)
    pooled = select_presentations(recording, condition="stimulus")
    assert pooled.condition == "stimulus"
    assert_array_equal(pooled.starts, default.starts)
    assert pooled.stimuli == default.stimuli


def test_condition_time_pools_all_presentations_even_of_stimuli_presented_once():
    epoch = alternating(values=[f"image{k}" for k in range(24)])
    presentations = select_presentations(make_recording(epoch), condition="time")
    assert presentations.stimuli == ("any stimulus",)
    assert_array_equal(presentations.repeats, [24])
    assert presentations.source == "trials"
    assert "pooled" in presentations.reason


def test_condition_time_pools_only_the_given_values():
    recording = make_recording(alternating())
    presentations = select_presentations(
        recording, condition="time", stimulus="stimulus=b"
    )
    assert presentations.n_presentations == 12
    assert presentations.stimuli == ("any stimulus",)


def test_condition_time_cuts_to_the_common_minimum_of_all():
    lengths = np.resize([2.0, 1.5], 24)
    epoch = make_epoch(
        "trials", 3.0 * np.arange(24), lengths, stimulus=np.resize(["a", "b"], 24)
    )
    presentations = select_presentations(make_recording(epoch), condition="time")
    assert_allclose(presentations.durations, [1.5])
    assert "1.5 to 2 s" in presentations.notes[0]


def test_condition_none_cuts_the_recorded_time_into_equal_stretches():
    presentations = select_presentations(make_recording(t_stop=200.0), condition="none")
    assert presentations.stimuli == ("none",)
    assert presentations.n_presentations == 100
    assert_allclose(presentations.durations, [2.0])
    assert_allclose(presentations.starts, 2.0 * np.arange(100))
    assert_allclose(presentations.stops[-1], 200.0)
    assert "weaker question" in presentations.reason


def test_days_with_hardly_a_spike_are_refused_with_their_length():
    recording = make_recording(t_stop=307_000.0, spikes=np.linspace(0, 307_000, 60))
    with pytest.raises(
        RecordingError, match=r"3\.07e\+05 s in all \(3\.55 days\).*clock"
    ):
        select_presentations(recording, condition="none")
    rows = make_epoch("trials", 30_700.0 * np.arange(10), 30_700.0)
    recording.segments[0].epochs.append(rows)
    with pytest.raises(RecordingError, match=r"2 units fire at 0\.0002 Hz.*--exclude"):
        select_presentations(recording)


def test_days_with_few_spikes_are_warned_of_and_with_many_are_not():
    few = make_recording(t_stop=1e5, spikes=np.linspace(0, 1e5, 1000))
    with pytest.warns(UserWarning, match=r"1e\+05 s in all \(1\.16 days\)"):
        select_presentations(few, condition="none")
    many = make_recording(t_stop=1e5, spikes=np.linspace(0, 1e5, 6000))
    assert not select_presentations(many, condition="none").issues
    silent = make_recording(t_stop=8e4, spikes=[1.0, 7e4])
    assert not select_presentations(silent, condition="none").issues


def test_condition_none_ignores_the_tables_and_says_so():
    presentations = select_presentations(
        make_recording(alternating()), condition="none", intervals="trials"
    )
    assert presentations.source == "recorded time"
    assert presentations.notes == ("intervals 'trials' ignored: the condition is none",)


def test_condition_none_gives_at_least_min_repeats_stretches():
    presentations = select_presentations(
        make_recording(), condition="none", min_repeats=250
    )
    assert presentations.n_presentations == 250


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"condition": "words"}, "condition must be one of stimulus,time, stimulus, "),
        ({"min_repeats": 1}, "min_repeats must be an integer of at least 2; got 1"),
        ({"repeats": "3"}, "repeats must be the first and the last repeat, of at"),
        ({"repeats": "3-3"}, "such as '1-9'; got '3-3'"),
        ({"repeats": "0-3"}, "got '0-3'"),
        ({"repeats": "1-3-5"}, "got '1-3-5'"),
        ({"repeats": "\N{SUPERSCRIPT TWO}-9"}, "such as '1-9'; got"),
        ({"repeats": (1, 9)}, r"such as '1-9'; got \(1, 9\)"),
        ({"min_repeats": 2.5}, "min_repeats must be an integer of at least 2; got 2.5"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        select_presentations(make_recording(alternating()), **arguments)


@given(
    st.lists(st.sampled_from("abcd"), min_size=2, max_size=60),
    st.integers(2, 12),
    st.sampled_from(CONDITIONS[:3]),
)
def test_what_is_taken_is_in_the_table_and_often_enough(names, min_repeats, condition):
    epoch = make_epoch("trials", 3.0 * np.arange(len(names)), 2.0, stimulus=names)
    recording = make_recording(epoch, t_stop=200.0)
    counts = {name: names.count(name) for name in names}
    if condition == "time":
        expected = {"any stimulus": len(names)}
    else:
        expected = {n: c for n, c in counts.items() if c >= min_repeats}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if not any(count >= min_repeats for count in expected.values()):
            with pytest.raises(RecordingError, match="no repeats found"):
                select_presentations(
                    recording, min_repeats=min_repeats, condition=condition
                )
            return
        presentations = select_presentations(
            recording, min_repeats=min_repeats, condition=condition
        )
    assert (
        dict(zip(presentations.stimuli, presentations.repeats.tolist(), strict=True))
        == expected
    )
    assert (np.diff(presentations.starts) > 0).all()


def test_settings_and_keywords_select_the_same():
    recording = make_recording(alternating(n_rows=10))
    settings = PresentationSettings(min_repeats=5, condition="stimulus")
    by_settings = select_presentations(recording, settings)
    by_keywords = select_presentations(recording, min_repeats=5, condition="stimulus")
    assert_array_equal(by_settings.starts, by_keywords.starts)
    assert by_settings.condition == by_keywords.condition == "stimulus"
    assert select_presentations(recording, settings, condition="time").n_stimuli == 1


def test_the_repr_says_what_the_presentations_are():
    presentations = select_presentations(make_recording(alternating()))
    assert repr(presentations) == (
        "Presentations(24 of 2 stimuli of 2 s from trials.stimulus, condition "
        "'stimulus,time')"
    )
