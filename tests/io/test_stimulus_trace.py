"""Files of a stimulus, frame by frame."""

import pytest
from numpy.testing import assert_allclose

from neuroclass.exceptions import RecordingError
from neuroclass.io import read_stimulus


def test_both_clocks_and_units_are_read(tmp_path):
    path = tmp_path / "light.csv"
    path.write_text("time,intensity\n0,1\n0.5,2\n")
    trace = read_stimulus(path)
    assert not trace.is_from_onset
    assert_allclose(trace.times, [0, 0.5])
    assert_allclose(trace.intensity, [1, 2])
    path.write_text("contrast;time_from_onset_ms\n-1;0\n1;20\n")
    trace = read_stimulus(path)
    assert trace.is_from_onset
    assert_allclose(trace.times, [0, 0.02])
    assert_allclose(trace.intensity, [-1, 1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("frame,intensity\n0,1\n", "must have a column time"),
        ("time,a,b\n0,1,2\n", "one with the intensity; got a, b"),
        ("time,intensity\n0,dark\n", "the intensities are not"),
        ("time,intensity\n0,nan\n1,2\n", "the intensities are not"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path, text, message):
    path = tmp_path / "light.csv"
    path.write_text(text)
    with pytest.raises(RecordingError, match=message):
        read_stimulus(path)
    with pytest.raises(FileNotFoundError, match="must be a file"):
        read_stimulus(tmp_path / "none.csv")
