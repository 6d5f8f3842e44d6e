"""Small files of situations that labs have, each with the value that is right.

Every file holds one population: 8 units of two kinds in turn, 20 repeats of 2 s from
10 s on, every 2.5 s. Read rightly it gives two classes, of even and of odd units, and
.123 to .140 bits per word of 20 ms.
"""

import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroclass import RecordingError, classify_neurons, load_recording
from neuroclass.presentations import describe_intervals, select_presentations

CASES = Path(__file__).parent / "cases"
TRIGGERS = {"triggers": CASES / "triggers_2s.csv", "trial_duration": "2s"}


def classes(name, expected_warning=None, **options):
    """Return labels by unit, in order, and the information in bits per word."""
    if expected_warning is None:
        recording = load_recording(CASES / name, **options)
    else:
        with pytest.warns(UserWarning, match=expected_warning):
            recording = load_recording(CASES / name, **options)
    found = classify_neurons(recording, bin_size="20ms", progress=False)
    return found.labels.tolist(), found.information.bits_per_word


@pytest.mark.parametrize(
    ("name", "options", "expected_warning"),
    [
        ("phy", TRIGGERS, None),
        ("plexon_events.mat", TRIGGERS, r"named like events or settings \(EVT01\)"),
        ("trial_subset.csv", {"trial_duration": 2}, "numbers that are not in the"),
        ("onset_in_a_column.nwb", {"align": "stim_on_time"}, None),
        ("contrast_left_right.nwb", {"align": "stimOn_times"}, None),
        ("one_bad_row.nwb", {}, "1 of 20 rows of table 'trials' stop before"),
        (
            "onsets_as_annotations.nwb",
            {"triggers": "TTL_stim_onset", "trial_duration": "2s"},
            None,
        ),
        ("rows_without_length.nwb", {"trial_duration": "2s"}, None),
        ("struct_array.mat", TRIGGERS, None),
        ("v73_struct.mat", TRIGGERS, None),
        (
            "semicolon_decimal.csv",
            {"triggers": CASES / "trig_semicolon.csv", "trial_duration": 2},
            None,
        ),
        ("nest.dat", TRIGGERS, None),
        ("row_per_unit.txt", TRIGGERS, None),
        ("wide.csv", TRIGGERS, None),
        ("units_in_processing.nwb", {}, None),
        ("spikes_ms_trials_ms.nwb", {"time_unit": "ms"}, "taken to be in ms"),
        ("few_swaps.nwb", {}, r"1 of 478 spike times .* \(0\); the times are sorted"),
        ("constant_column_beside_varying.nwb", {}, None),
    ],
)
def test_every_case_gives_the_classes_of_its_population(
    name, options, expected_warning
):
    labels, information = classes(name, expected_warning, **options)
    assert labels == [0, 1] * 4
    assert 0.123 < information < 0.140


def test_groups_of_phy_select_units():
    recording = load_recording(CASES / "phy", **TRIGGERS)
    groups = [t.annotations["group"] for t in recording.segments[0].spiketrains]
    assert groups == ["good", "mua"] * 4
    with pytest.warns(UserWarning, match="for orientation only"):
        found = classify_neurons(recording, units={"group": ["good"]}, bin_size="20ms")
    assert found.labels.tolist() == [0, -1] * 4


def test_event_channels_beside_units_are_triggers_by_name():
    labels, information = classes(
        "plexon_events.mat", "EVT01", triggers="EVT01", trial_duration=2
    )
    assert labels == [0, 1] * 4
    assert 0.123 < information < 0.140


def test_jittered_starts_are_doubted_and_the_column_named():
    recording = load_recording(CASES / "onset_in_a_column.nwb")
    with pytest.warns(UserWarning, match=r"0\.443 s before .*--align stim_on_time"):
        select_presentations(recording)
    (table,) = describe_intervals(recording)
    assert [c.name for c in table.columns if c.is_time] == ["stim_on_time"]


def test_contrast_on_either_side_is_the_stimulus():
    recording = load_recording(CASES / "contrast_left_right.nwb", align="stimOn_times")
    presentations = select_presentations(recording)
    assert presentations.stimuli == ("contrastLeft=1", "contrastRight=1")
    assert presentations.repeats.tolist() == [10, 10]
    assert_allclose(presentations.starts, 10 + 2.5 * np.arange(20), atol=0.01)


def test_a_constant_column_hides_no_other():
    presentations = select_presentations(
        load_recording(CASES / "constant_column_beside_varying.nwb")
    )
    assert presentations.source == "trials.angle"
    assert presentations.stimuli == ("0", "90")


def test_rows_without_length_ask_for_one():
    recording = load_recording(CASES / "rows_without_length.nwb")
    with pytest.raises(RecordingError, match=r"have no length.*--trial-duration"):
        select_presentations(recording)


def test_milliseconds_on_both_sides_are_noticed():
    recording = load_recording(CASES / "spikes_ms_trials_ms.nwb")
    with pytest.warns(UserWarning, match=r"0\.0078 Hz .* 2000 s: both look like milli"):
        select_presentations(recording)


def test_events_are_listed_with_the_cure():
    recording = load_recording(CASES / "onsets_as_annotations.nwb")
    assert [event.name for event in recording.segments[0].events] == ["TTL_stim_onset"]
    with pytest.raises(RecordingError, match=r"--triggers NAME \(TTL_stim_onset \(20"):
        select_presentations(recording)
    with pytest.raises(FileNotFoundError, match="which are: TTL_stim_onset"):
        load_recording(CASES / "onsets_as_annotations.nwb", triggers="TTL")


def test_samples_of_a_sorter_go_with_triggers_in_samples(tmp_path):
    np.save(tmp_path / "ttl.npy", (10 + 2.5 * np.arange(20)) * 30000)
    recording = load_recording(
        CASES / "phy", triggers=tmp_path / "ttl.npy", trigger_unit="samples"
    )
    assert_allclose(recording.segments[0].epochs[0].times.magnitude[:2], [10, 12.5])
    with pytest.raises(ValueError, match="time_unit must be left out for phy"):
        load_recording(CASES / "phy", time_unit="ms")


def test_no_case_is_read_with_a_warning_that_it_does_not_need():
    for name in ("units_in_processing.nwb", "phy", "wide.csv", "struct_array.mat"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert len(load_recording(CASES / name).segments[0].spiketrains) == 8
