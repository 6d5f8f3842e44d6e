"""docs/formats.md says of every format that it is read, and names what is found."""

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroclass import load_recording
from neuroclass.io import FORMATS

PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")


def section(title):
    return PAGE.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def table(text, header):
    """Return the cells of the rows below a header."""
    lines = text.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(header))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def names_of(row):
    """Return the names in code of a row of the table of columns."""
    rows = {cells[0]: cells[1] for cells in table(section(TABLES), "| what |")}
    key = next(one for one in rows if one.startswith(row))
    return re.findall(r"`([^`]+)`", rows[key])


FORMAT_ROWS = table(section("Formats"), "| format")
TABLES = "Tables: csv, tsv, txt, npz, mat"


def test_every_format_has_a_row_and_every_row_a_format():
    named = set()
    for format_cell, *_ in FORMAT_ROWS:
        for inside in re.findall(r"\(([^)]*)\)", format_cell):
            named |= set(re.findall(r"`([\w.-]+)`", inside))
    assert named - {".npz"} == set(FORMATS)


def test_every_row_says_what_it_was_tested_on():
    for cells in FORMAT_ROWS:
        assert len(cells) == 4, cells
        assert cells[3], cells[0]


@pytest.mark.parametrize("name", names_of("spike time"))
def test_named_columns_are_spike_times(tmp_path, name):
    (tmp_path / "a.csv").write_text(f"unit,{name}\n0,0.5\n0,1.5\n1,0.75\n")
    first, second = load_recording(tmp_path / "a.csv").segments[0].spiketrains
    assert_allclose(first.magnitude, [0.5, 1.5])
    assert_allclose(second.magnitude, [0.75])


@pytest.mark.parametrize("name", names_of("spike time in samples"))
def test_named_columns_are_samples(tmp_path, name):
    (tmp_path / "a.csv").write_text(f"unit,{name}\n0,10\n0,30\n1,15\n")
    recording = load_recording(
        tmp_path / "a.csv", time_unit="samples", sampling_rate=20
    )
    assert_allclose(recording.segments[0].spiketrains[0].magnitude, [0.5, 1.5])


@pytest.mark.parametrize("name", names_of("unit"))
def test_named_columns_are_units(tmp_path, name):
    (tmp_path / "a.csv").write_text(f"time,{name}\n0.5,3\n1.5,3\n0.75,7\n")
    trains = load_recording(tmp_path / "a.csv").segments[0].spiketrains
    assert [train.annotations["unit_id"] for train in trains] == [3, 7]


@pytest.mark.parametrize("name", names_of("presentation"))
def test_named_columns_are_presentations(tmp_path, name):
    (tmp_path / "a.csv").write_text(f"unit,time,{name}\n0,0.5,0\n1,0.75,1\n")
    recording = load_recording(tmp_path / "a.csv", trial_duration=1)
    assert len(recording.segments[0].epochs[0]) == 2


@pytest.mark.parametrize("name", names_of("stimulus of"))
def test_named_columns_are_stimuli(tmp_path, name):
    text = f"unit,time,trial,{name}\n0,0.5,0,a\n1,0.75,0,b\n"
    (tmp_path / "a.csv").write_text(text)
    recording = load_recording(tmp_path / "a.csv", trial_duration=1)
    (epoch,) = recording.segments[0].epochs
    assert epoch.array_annotations["stimulus"].tolist() == ["a", "b"]


@pytest.mark.parametrize("start", names_of("onset"))
@pytest.mark.parametrize("stop", names_of("end or duration"))
def test_named_columns_are_onsets_and_ends(start, stop):
    ends = np.full(3, 0.5) if stop == "duration" else np.arange(3) + 0.5
    (epoch,) = (
        load_recording([[0.1], [0.2]], triggers={start: np.arange(3.0), stop: ends})
        .segments[0]
        .epochs
    )
    assert_allclose(epoch.times.magnitude, [0, 1, 2])
    assert_allclose(epoch.durations.magnitude, 0.5)
