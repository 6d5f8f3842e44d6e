"""Files are replaced whole or not at all."""

import stat

import pytest

from neuroclass._lib.atomic import write_beside


def test_failure_leaves_the_old_file_and_nothing_beside(tmp_path):
    path = tmp_path / "a.nwb"
    path.write_text("old")

    def fail():
        with write_beside(path) as beside:
            beside.write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert [p.name for p in tmp_path.iterdir()] == ["a.nwb"]
    assert path.read_text() == "old"


def test_permissions_of_a_replaced_file_stay(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(0o640)
    with write_beside(path) as beside:
        beside.write_text("new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
