"""``python -m tests.mutations.fuzz --seconds N``: atheris on every parser of our own.

atheris (``pip install atheris``, Linux) changes bytes by what the code does with them,
where the mutants change what labs change. Each parser runs in a process of its own and
starts from small files made here. What the command line would answer in one line
passes; anything else is printed with the bytes that did it. The parsers of h5py, neo
and aedat are not tried.
"""

import argparse
import contextlib
import importlib
import io
import json
import re
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

PARSERS = {}


def parser(name, *seeds):
    """Register a function that returns what reads a folder's file, and the file."""

    def register(make):
        PARSERS[name] = (
            make,
            [s if isinstance(s, bytes) else s.encode() for s in seeds],
        )
        return make

    return register


_TABLE = "unit,time\n0,0.1\n0,0.2\n1,0.15\n1,0.3\n"


def _loader(folder, name, **options):
    io_ = importlib.import_module("neuroclass.io")
    return folder / name, lambda: io_.load_recording(folder / name, **options)


@parser("text table", _TABLE, "unit;time\n0;0,5\n", "0 0.5\n1 0.7\n", "a,b\n1,2\n,3\n")
def _table(folder):
    return _loader(folder, "spikes.csv")


@parser("NEST", "# NEST version: 3\nsender\ttime_ms\n0\t1.5\n1\t2.5\n")
def _nest(folder):
    return _loader(folder, "spikes.dat")


@parser("triggers", "time,duration,stimulus\n0.0,1.5,a\n2.0,1.5,b\n", "0.5\n1.5\n")
def _triggers(folder):
    (folder / "spikes.csv").write_text(_TABLE, encoding="utf-8")
    path = folder / "triggers.csv"
    _, load = _loader(folder, "spikes.csv", triggers=path, trial_duration=1.0)
    return path, load


@parser("text per cell", "0.1\n0.2\n0.5\n", "# s\n1e-3\n")
def _cells(folder):
    cells = folder / "cells"
    cells.mkdir()
    (cells / "12_SP_C2.txt").write_text("0.3\n0.4\n", encoding="utf-8")
    _, load = _loader(folder, "cells")
    return cells / "12_SP_C1.txt", load


def _phy(folder):
    np.save(folder / "spike_times.npy", np.arange(4))
    np.save(folder / "spike_clusters.npy", np.array([0, 1, 0, 1]))
    (folder / "params.py").write_text("sample_rate = 10.0\n", encoding="utf-8")
    return _loader(folder, ".")[1]


@parser("params.py", "sample_rate = 30000.\n", "n = 2\nsample_rate = 2e4 # Hz\n")
def _params(folder):
    return folder / "params.py", _phy(folder)


@parser("cluster_group.tsv", "cluster_id\tgroup\n0\tgood\n1\tmua\n")
def _groups(folder):
    return folder / "cluster_group.tsv", _phy(folder)


_STREAM = [{"folder_name": "B/", "sample_rate": 30000.0}]


@parser("structure.oebin", json.dumps({"continuous": _STREAM, "events": _STREAM}))
def _structure(folder):
    read = importlib.import_module("neuroclass.io.sorters.open_ephys").read_ttl
    ttl = folder / "events" / "B" / "TTL"
    ttl.mkdir(parents=True)
    np.save(ttl / "states.npy", np.array([1, -1]))
    np.save(ttl / "sample_numbers.npy", np.array([10, 20]))
    return folder / "structure.oebin", lambda: warned(read, ttl)


def warned(call, *args):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*args)


def _events(folder, name, reader):
    read = getattr(
        importlib.import_module("neuroclass.snn.training.event_files"), reader
    )
    return folder / name, lambda: warned(read, folder / name)


@parser("N-MNIST", bytes([1, 2, 0x80, 0, 5, 3, 4, 0, 1, 0]))
def _nmnist(folder):
    return _events(folder, "a.bin", "read_nmnist")


@parser(
    "AEDAT 2 and 3",
    b"#!AER-DAT2.0\r\n" + bytes([0, 0, 7, 9, 0, 0, 0, 10]),
    b"#!AER-DAT3.1\r\n#!END-HEADER\r\n"
    + b"\1\0\1\0\x08\0\0\0\4\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\5\0\2\0\n\0\0\0",
)
def _aedat(folder):
    return _events(folder, "a.aedat", "read_aedat")


@parser("idx", b"\0\0\x08\3\0\0\0\1\0\0\0\2\0\0\0\2\1\2\3\4")
def _idx(folder):
    read = importlib.import_module("neuroclass.snn.training.image_files").read_images
    for split in ("train", "t10k"):
        labels = b"\0\0\x08\1\0\0\0\1\7"
        (folder / f"{split}-labels-idx1-ubyte").write_bytes(labels)
        images = b"\0\0\x08\3\0\0\0\1\0\0\0\2\0\0\0\2\1\2\3\4"
        (folder / f"{split}-images-idx3-ubyte").write_bytes(images)
    return folder / "train-images-idx3-ubyte", lambda: read("mnist", folder)


def _result(folder):
    tests = importlib.import_module("tests.mutations.outputs")
    with contextlib.redirect_stdout(io.StringIO()):
        tests.ResultFolder().make(folder)
    read = importlib.import_module("neuroclass.results").read_result
    return folder / "classes", lambda: read(folder / "classes")


@parser("result.json", b"")  # the one of the folder
def _result_json(folder):
    classes, read = _result(folder)
    return classes / "result.json", read


@parser("labels.csv", b"")
def _labels(folder):
    classes, read = _result(folder)
    return classes / "labels.csv", read


@parser("model.npz", b"")
def _model(folder):
    classes, _ = _result(folder)
    read = importlib.import_module("neuroclass.results").read_class_model
    return classes / "model.npz", lambda: read(classes)


@parser("stimulus file", "time,light\n0,0.5\n0.1,0.7\n0.2,0.1\n")
def _stimulus(folder):
    module = importlib.import_module("neuroclass.io.files.stimulus_trace")
    return folder / "s.csv", lambda: warned(module.read_stimulus, folder / "s.csv")


@parser("positions", "unit_id,x_um,y_um\n0,1.5,2\n1,3,4\n")
def _positions(folder):
    module = importlib.import_module("neuroclass.analysis.cell_positions")
    (folder / "spikes.csv").write_text(_TABLE, encoding="utf-8")
    recording = _loader(folder, "spikes.csv")[1]()
    path = folder / "positions.csv"
    return path, lambda: warned(module.read_positions, path, recording)


@parser("times and sizes", "20ms", "1e3 us", "4GB")
def _sizes(folder):
    checks = importlib.import_module("neuroclass._lib.checks")
    path = folder / "text"

    def read():
        text = path.read_bytes().decode("utf-8", "replace")
        for call in (checks.as_seconds, checks.as_bytes):
            with contextlib.suppress(ValueError):
                call(text, "it")

    return path, read


def fuzz(name, seconds):
    """Run one parser on changed bytes until time is up or it fails; never return."""
    atheris = importlib.import_module("atheris")
    make, seeds = PARSERS[name]
    scratch = Path(tempfile.mkdtemp(prefix="fuzz-"))
    (scratch / "in").mkdir()
    (scratch / "corpus").mkdir()
    with atheris.instrument_imports(include=["neuroclass"]):
        cli = importlib.import_module("neuroclass.cli")
        path, read = make(scratch / "in")
        seeds = [seed or path.read_bytes() for seed in seeds]
        for k, seed in enumerate(seeds):  # loads what is loaded when it is used
            path.write_bytes(seed)
            (scratch / "corpus" / str(k)).write_bytes(seed)
            with contextlib.suppress(Exception):
                read()

    def one(content):
        path.write_bytes(content)
        try:
            with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
                warnings.simplefilter("ignore")
                read()
        except Exception as error:
            with contextlib.redirect_stderr(io.StringIO()):
                cli.report_failure(error, verbose=False)  # raises a defect again

    limits = [f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=4096"]
    options = ["-print_final_stats=1", "-verbosity=0", f"-artifact_prefix={scratch}/"]
    atheris.Setup([name, str(scratch / "corpus"), *limits, *options], one)
    atheris.Fuzz()


def main():
    parser_ = argparse.ArgumentParser(prog="python -m tests.mutations.fuzz")
    parser_.add_argument("--seconds", type=int, default=600, help="for each parser")
    parser_.add_argument("--only", action="append", help="these parsers")
    parser_.add_argument("--inside", help=argparse.SUPPRESS)
    args = parser_.parse_args()
    if args.inside:
        fuzz(args.inside, args.seconds)
    wrong = 0
    print(f"{'parser':<20}{'seconds':>8}{'inputs':>10}  found")
    for name in args.only or PARSERS:
        command = [sys.executable, "-m", "tests.mutations.fuzz", "--inside", name]
        start = time.monotonic()
        done = subprocess.run(
            [*command, "--seconds", str(args.seconds)],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        said = done.stdout + done.stderr
        number = re.findall(r"number_of_executed_units:\s*(\d+)", said)
        number = number[-1] if number else "?"
        found = "nothing" if not done.returncode else f"status {done.returncode}"
        spent = time.monotonic() - start
        print(f"{name:<20}{spent:>8.0f}{number:>10}  {found}", flush=True)
        if done.returncode:
            wrong += 1
            lines = [line for line in said.splitlines() if "Warning" not in line]
            print(*lines[:3], *lines[-25:], sep="\n    ", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
