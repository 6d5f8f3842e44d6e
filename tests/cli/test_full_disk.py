"""What each command says where its target does not fit, and that it leaves nothing.

The disk is a small tmpfs, mounted in a name space of its own; every command runs in a
process of its own, as users run it.
"""

import shutil
import subprocess
import sys

import pytest

from neuroclass import cli
from neuroclass.io import write_recording
from neuroclass.simulation import simulate_retina

UNSHARE = ["unshare", "--user", "--map-root-user", "--mount"]


def _may_mount():
    if shutil.which("unshare") is None:
        return False
    mount = [*UNSHARE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(mount, capture_output=True, check=False).returncode == 0


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not _may_mount(), reason="may not mount a small disk"),
]

# Mount a disk, put the inputs there, leave so many kB, run, list what is there.
SCRIPT = """
set -e
disk=$1 room=$2 inputs=$3; shift 3
mount -t tmpfs -o size=64m tmpfs "$disk"
if [ -n "$inputs" ]; then cp -r "$inputs" "$disk"; fi
used=$(df -k --output=used "$disk" | tail -1)
mount -o remount,size=$((used + room + 4))k "$disk"
(cd "$disk"; find . -type f -exec sha256sum {} + | sort -k 2) > "$disk.before"
set +e
"$@"
status=$?
(cd "$disk"; find . -type f -exec sha256sum {} + | sort -k 2) > "$disk.after"
exit $status
"""
NETWORK = ["--structure", "recurrent-dense", "--hidden", "4", "--steps", "3"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a folder with a recording, its classes and a network."""
    folder = tmp_path_factory.mktemp("made")
    recording = simulate_retina(
        *(2, 8, 12, 1.5),
        n_unique=0,
        diversity=0.0,
        random_state=1,
        rate_spread=0,
        sparse_share=0,
    )
    write_recording(recording, folder / "r.nwb")
    r, quiet = str(folder / "r.nwb"), "-q"
    assert cli.main(["cluster", r, "-o", str(folder / "classes"), quiet]) == 0
    pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")
    train = ["train", "digits", "--epochs", "1", *NETWORK, quiet]
    assert cli.main([*train, "-o", str(folder / "model")]) == 0
    return folder


COMMANDS = {
    "simulate": ("", "simulate DISK/s.nwb --neurons 8 --duration 2s --repeats 10"),
    "cluster": ("", "cluster r.nwb -o DISK/out"),
    "save-nwb": ("", "cluster r.nwb -o out --force --save-nwb DISK/copy.nwb"),
    "in-place": ("r.nwb", "cluster DISK/r.nwb -o out --force --in-place"),
    "cache": ("", "cluster r.nwb -o out --force --cache DISK/cache"),
    "discriminate": ("", "discriminate r.nwb -o DISK/out"),
    "compare": ("", "compare r.nwb -o DISK/out"),
    "describe": ("", "describe r.nwb --reference classes -o DISK/out.csv"),
    "assign": ("", "assign r.nwb --model classes -o DISK/out"),
    "report": ("classes", "report DISK/classes"),
    "train": ("", " ".join(["train digits --epochs 1", *NETWORK, "-q -o DISK/model"])),
    "evaluate": ("", "evaluate model -o DISK/out"),
    "record": ("", "record model -o DISK/s.nwb --images 10 --repeats 2"),
}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("room", [0, 100])
def test_a_full_disk_is_one_line_that_names_the_target(name, room, made, tmp_path):
    inputs, line = COMMANDS[name]
    disk = tmp_path / "disk"
    disk.mkdir()
    words = line.replace("DISK", str(disk)).split()
    code = "import sys; from neuroclass.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, *words]
    given = str(made / inputs) if inputs else ""
    done = subprocess.run(
        [*UNSHARE, "sh", "-c", SCRIPT, "sh", str(disk), str(room), given, *command],
        capture_output=True,
        text=True,
        check=False,
        cwd=made,
    )
    before, after = (tmp_path / f"disk.{when}" for when in ("before", "after"))
    if done.returncode == 0:  # it fits
        assert room or name == "describe"  # a table of four kB
        return
    lines = [x for x in done.stderr.splitlines() if "neuroclass: warning" not in x]
    assert done.returncode == 1, done.stderr
    assert len(lines) == 1, lines
    assert lines[0].startswith("neuroclass: error: ")
    assert str(disk) in lines[0]
    found = set(after.read_text().splitlines()) - set(before.read_text().splitlines())
    # Of a network each file is whole and of use without the last, the figure.
    whole = {"model", "metrics.csv", "evaluation.json", "evaluation.csv"}
    assert {line.rpartition("/")[2] for line in found} <= whole
    assert set(before.read_text().splitlines()) <= set(after.read_text().splitlines())
