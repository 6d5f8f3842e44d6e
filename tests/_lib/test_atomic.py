"""Files are replaced whole or not at all, by one process at a time."""

import os
import resource
import stat
import subprocess
import sys

import pytest

from neuroclass._lib.atomic import claim, write_beside

KILLED = """
import os, signal, sys
from pathlib import Path
from neuroclass._lib.atomic import write_beside
with write_beside(Path(sys.argv[1]), is_shared=sys.argv[2] == "shared") as beside:
    beside.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
HOLDING = """
import sys
from pathlib import Path
from neuroclass._lib.atomic import claim
with claim(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_failure_leaves_the_old_file_and_nothing_beside(tmp_path):
    path = tmp_path / "a.nwb"
    path.write_text("old")

    def fail():
        with write_beside(path) as beside:
            beside.write_text("half")
            raise OSError("unplugged")

    with pytest.raises(OSError, match="unplugged"):
        fail()
    assert names_in(tmp_path) == ["a.nwb"]
    assert path.read_text() == "old"


def test_permissions_of_a_replaced_file_stay(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(0o640)
    with write_beside(path) as beside:
        beside.write_text("new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path):
    (tmp_path / "other").write_text("mine")
    (tmp_path / "other").chmod(0o600)
    (tmp_path / "page").symlink_to(tmp_path / "other")
    with write_beside(tmp_path / "page") as beside:
        beside.write_text("page")
    assert (tmp_path / "other").read_text() == "mine"
    assert not (tmp_path / "page").is_symlink()
    assert (tmp_path / "page").read_text() == "page"


def test_names_beside_are_not_to_be_guessed(tmp_path):
    found = set()
    for _ in range(20):
        with write_beside(tmp_path / "a.txt") as beside:
            found.add(beside.name)
            beside.write_text("x")
    assert len(found) == 20
    assert all(len(name) > len(f".a.neuroclass-{os.getpid()}-.txt") for name in found)


@pytest.mark.parametrize("kind", ["own", "shared"])
def test_what_a_killed_process_left_goes_with_the_next(tmp_path, kind):
    path = tmp_path / "a.txt"
    path.write_text("old")
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", KILLED, path, kind], check=False)
        assert done.returncode == -9
    left = [name for name in names_in(tmp_path) if name.startswith(".")]
    assert left
    assert path.read_text() == "old"
    with write_beside(path, is_shared=kind == "shared") as beside:
        beside.write_text("new")
    assert names_in(tmp_path) == ["a.txt"]
    assert path.read_text() == "new"


def test_hidden_files_of_others_stay(tmp_path):
    for name in (".a.backup.txt", ".neuroclass-notes", ".a.neuroclass-12.txt"):
        (tmp_path / name).write_text("mine")
    before = names_in(tmp_path)
    with write_beside(tmp_path / "a.txt") as beside:
        beside.write_text("new")
    assert names_in(tmp_path) == sorted([*before, "a.txt"])


def test_of_two_processes_one_wins_and_the_other_says_so(tmp_path):
    path = tmp_path / "a.txt"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(BlockingIOError, match=r"a\.txt is being written by another"),
            write_beside(path),
        ):
            pass
        with claim(tmp_path / "b.txt"):  # another target is free
            pass
        holder.communicate("")
    with write_beside(path) as beside:
        beside.write_text("new")
    assert names_in(tmp_path) == ["a.txt"]


def test_a_claim_holds_for_all_that_the_process_writes(tmp_path):
    path = tmp_path / "a.txt"
    with claim(path):
        with write_beside(path) as beside:
            beside.write_text("new")
        with claim(path):
            pass
        assert [name for name in names_in(tmp_path) if name.endswith("lock")]
    assert names_in(tmp_path) == ["a.txt"]


FULL = """
import resource, sys
from pathlib import Path
from neuroclass._lib.atomic import write_beside
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    with write_beside(Path(sys.argv[1])) as beside:
        beside.write_bytes(bytes(5000))
except OSError as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="needs limits")
def test_where_there_is_no_room_the_target_is_named_and_nothing_left(tmp_path):
    path = tmp_path / "a.nwb"
    path.write_text("old")
    done = subprocess.run(
        [sys.executable, "-c", FULL, path], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"{path} cannot be written: the disk is full")
    assert names_in(tmp_path) == ["a.nwb"]
    assert path.read_text() == "old"
