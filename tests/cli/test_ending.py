"""How a command ends: interrupted, asked to end, its reader gone."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from neuroclass import (
    cli,
)

# A test run in the background inherits that SIGINT is ignored: undo it.
RUNNING = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "from neuroclass.cli import main; sys.exit(main())"
)


def spawn(*argv, code=RUNNING, **options):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, argv)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_a_reader_that_goes_away_is_no_error(retina):
    process = spawn("inspect", retina)
    process.stdout.close()
    _, err = process.communicate(timeout=120)
    assert process.returncode == 141
    assert err == ""


# Opening the recording is the middle of reading it.
INTERRUPTED = """
import os, signal, sys
from neuroclass.cli import main

signal.signal(signal.SIGINT, signal.default_int_handler)

def interrupt(event, arguments):
    if event == "open" and str(arguments[0]).endswith("spikes.csv"):
        os.kill(os.getpid(), signal.SIGINT)

sys.addaudithook(interrupt)
sys.exit(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT")
def test_an_interrupt_ends_with_130(tmp_path):
    (tmp_path / "spikes.csv").write_text("unit,time\n0,1\n", encoding="utf-8")
    process = spawn("inspect", tmp_path / "spikes.csv", code=INTERRUPTED)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert err == "neuroclass: interrupted\n"


def children_of(pid):
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(word) for word in text.split()]


def is_running(pid):
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_an_interrupt_ends_the_workers_too_in_one_line(retina, tmp_path):
    arguments = ["--jobs", "2", "--bin-size", "20ms", "-q", "-o", tmp_path / "pairs"]
    process = spawn("discriminate", retina, *arguments, start_new_session=True)
    workers = []
    while process.poll() is None and len(workers) < 3:  # some keep track
        workers = children_of(process.pid)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert err == "neuroclass: interrupted\n"
    assert len(workers) >= 3
    deadline = time.monotonic() + 60
    while any(map(is_running, workers)) and time.monotonic() < deadline:
        pass
    assert not any(map(is_running, workers))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_worker_killed_as_for_its_memory_is_one_line(retina, tmp_path):
    arguments = ["--jobs", "2", "--bin-size", "20ms", "-q", "-o", tmp_path / "pairs"]
    process = spawn("discriminate", retina, *arguments)
    killed, line = False, b""
    while process.poll() is None and not killed:
        for pid in children_of(process.pid):
            with suppress(OSError):  # it has ended by itself
                line = Path(f"/proc/{pid}/cmdline").read_bytes()
            if b"popen_loky" in line and not killed:
                os.kill(pid, signal.SIGKILL)
                killed = True
    _, err = process.communicate(timeout=120)
    assert killed
    assert process.returncode == 1
    (line,) = err.splitlines()
    assert line.startswith(
        "neuroclass: error: a process that computed for this one was"
    )
    assert "--jobs" in line
    assert list(tmp_path.iterdir()) == []


# Opening labels.csv in the folder beside the output is the middle of writing it.
ENDING = """
import os, signal, sys
from neuroclass.cli import main

def end(event, arguments):
    if event != "open":  # others bring modules, which are loaded when they are named
        return
    name = str(arguments[0])
    if ".neuroclass-" in name and name.endswith("labels.csv"):
        os.kill(os.getpid(), signal.SIGTERM)

sys.addaudithook(end)
sys.exit(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends at once")
def test_a_request_to_end_leaves_nothing_half_written(retina, tmp_path):
    arguments = ["--n-clusters", "3", "--bin-size", "20ms", "-o", tmp_path / "classes"]
    process = spawn("cluster", retina, *arguments, "-q", code=ENDING)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 143
    assert err == ""
    assert list(tmp_path.iterdir()) == []


def test_what_a_request_to_end_does_is_as_before_after_a_command(run):
    before = signal.getsignal(signal.SIGTERM)
    run("inspect", "nothing.nwb")
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_command_runs_in_any_thread(retina, capsys):
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(cli.main, ["inspect", str(retina)]).result() == 0
    assert "cluster takes" in capsys.readouterr().out
