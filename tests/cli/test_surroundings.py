"""What a command does where its surroundings are odd: streams, variables, targets."""

import os
import shutil
import subprocess
import sys

import h5py
import pytest

from neuroclass.cli.plain_streams import as_printable

RUN = "import sys; from neuroclass.cli import main; sys.exit(main())"


def run_outside(*words, **options):
    options = {"capture_output": True, "text": True, "timeout": 300} | options
    command = [sys.executable, "-c", RUN, *map(str, words)]
    return subprocess.run(command, check=False, **options)


def test_control_characters_are_shown_and_not_obeyed():
    text = "a\x1b[2J\x07\x9b\x7fb\r\u202ec\n\td\N{MICRO SIGN}"
    shown = r"a\x1b[2J\x07\x9b\x7fb\x0d\u202ec" + "\n\td\N{MICRO SIGN}"
    assert as_printable(text) == shown


def test_names_of_a_file_reach_the_terminal_without_control_characters(run, tmp_path):
    rows = [f"unit\x1b[31m,{k / 7:.3f}" for k in range(30)]
    (tmp_path / "spikes.csv").write_text("\n".join(["unit,time", *rows, ""]))
    status, out, err = run("inspect", "spikes.csv")
    assert status == 0
    assert "\x1b" not in out + err
    status, out, err = run("inspect", "no\x1b[31m.csv")
    assert status == 1
    assert "\x1b" not in out + err
    assert err.count("\n") == 1


def test_odd_variables_are_set_aside(retina, tmp_path):
    odd = os.environ | {"MPLBACKEND": "nonsense", "SOURCE_DATE_EPOCH": "abc"}
    arguments = ["--bin-size", "20ms", "--n-clusters", "3", "-q", "-o", "classes"]
    done = run_outside("cluster", retina, *arguments, env=odd, cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr.splitlines()[0] == (
        "neuroclass: warning: SOURCE_DATE_EPOCH must be a whole number of seconds; it "
        "is not used."
    )
    assert (tmp_path / "classes" / "report.html").is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell of POSIX")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-"])
def test_a_closed_stream_is_no_error(retina, closed):
    command = f'"{sys.executable}" -c "{RUN}" inspect "{retina}" {closed}'
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=False)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_behind_stdout_is_one_line(retina):
    with open("/dev/full", "w") as full:
        done = run_outside(
            "inspect", retina, capture_output=False, stdout=full, stderr=subprocess.PIPE
        )
    assert done.returncode == 1
    assert done.stderr == "neuroclass: error: stdout: No space left on device.\n"


def test_a_link_that_leads_nowhere_is_refused_before_the_work(fails, retina, tmp_path):
    (tmp_path / "classes").symlink_to(tmp_path / "nowhere")
    status, line = fails("cluster", retina, "-o", "classes", "--force")
    assert status == 2
    assert "must not be a link that leads nowhere" in line


HOLDING = """
import sys
from pathlib import Path
from neuroclass._lib.atomic import claim
with claim(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("target", ["classes", "mine.nwb"])
def test_of_two_commands_on_one_target_one_says_so(run, retina, tmp_path, target):
    path = shutil.copy(retina, tmp_path / "mine.nwb")
    before = path.read_bytes()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, tmp_path / target],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        holder.stdout.readline()
        arguments = ("--force", "--in-place", "-o", "classes", "-q")
        status, out, err = run("cluster", path, *arguments)
        holder.communicate("")
    assert (status, out) == (1, "")
    assert err.startswith("neuroclass: error: ")
    assert f"{target} is being written by another process" in err
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["mine.nwb"]


def test_a_recording_that_links_out_of_its_folder_needs_an_option(
    run, retina, tmp_path
):
    (tmp_path / "in").mkdir()
    path = shutil.copy(retina, tmp_path / "in" / "mine.nwb")
    shutil.copy(retina, tmp_path / "raw.nwb")
    with h5py.File(path, "r+") as file:
        file["units/elsewhere"] = h5py.ExternalLink("../raw.nwb", "/units/id")
    status, out, err = run("inspect", path)
    assert (status, out) == (1, "")
    assert "--follow-links" in err
    assert run("inspect", path, "--follow-links")[0] == 0


def _as_one_who_may_not_write():
    """Return what runs a command so that permissions bind it; None where nothing does.

    They do not bind root, who is someone else in a name space of users.
    """
    if not hasattr(os, "geteuid") or os.geteuid():
        return []
    other = ["unshare", "--user", "--map-user=65534"]
    if shutil.which("unshare") is None:
        return None
    done = subprocess.run([*other, "true"], capture_output=True, check=False)
    return None if done.returncode else other


@pytest.mark.skipif(sys.platform == "win32", reason="other permissions")
def test_a_home_that_is_write_protected_is_no_error(retina, tmp_path):
    other = _as_one_who_may_not_write()
    if other is None:
        pytest.skip("permissions do not bind this user")
    home, output = tmp_path / "home", tmp_path / "output"
    home.mkdir()
    output.mkdir(mode=0o777)
    home.chmod(0o555)
    unset = ("XDG_CACHE_HOME", "MPLCONFIGDIR", "NUMBA_CACHE_DIR")
    variables = {k: v for k, v in os.environ.items() if k not in unset}
    variables |= {"HOME": str(home), "TMPDIR": str(output)}
    words = ["cluster", retina, "-o", output / "classes", "--bin-size", "20ms", "-q"]
    command = [*other, sys.executable, "-c", RUN, *map(str, words)]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env=variables
    )
    assert done.returncode == 0, done.stderr
    assert all(x.startswith("neuroclass: warning") for x in done.stderr.splitlines())
    assert [path.name for path in output.iterdir()] == ["classes"]
