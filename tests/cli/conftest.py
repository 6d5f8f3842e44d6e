"""Recordings, and what runs a command on them."""

import csv

import pytest

from neuroclass import cli
from neuroclass.io import write_recording
from neuroclass.simulation import simulate_retina

N_NEURONS = 9
N_TYPES = 3


@pytest.fixture(scope="session")
def retina(tmp_path_factory):
    path = tmp_path_factory.mktemp("recording") / "retina.nwb"
    recording = simulate_retina(
        n_types=N_TYPES,
        n_neurons=N_NEURONS,
        n_presentations=12,
        duration=3.0,
        n_unique=2,
        diversity=0.0,
        random_state=1,
        rate_spread=0,
        sparse_share=0,
    )
    write_recording(recording, path)
    return path


@pytest.fixture(scope="session")
def retinas(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    for seed, name in enumerate("ab"):
        recording = simulate_retina(
            N_TYPES,
            N_NEURONS,
            12,
            3.0,
            n_unique=0,
            diversity=0.0,
            stimulus_random_state=7,
            random_state=seed,
            rate_spread=0,
            sparse_share=0,
        )
        write_recording(recording, folder / f"{name}.nwb")
    return [folder / "a.nwb", folder / "b.nwb"]


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run one command in an empty folder; return exit status, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*argv):
        status = cli.main([str(arg) for arg in argv])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def fails(run, tmp_path):
    """Run one command that must fail in one line; return the status and the line."""

    def fails(*argv):
        before = sorted(tmp_path.rglob("*"))
        status, out, err = run(*argv)
        lines = [line for line in err.splitlines() if "warning" not in line]
        assert out == ""
        assert len(lines) == 1
        assert lines[0].startswith("neuroclass: error: ")
        assert sorted(tmp_path.rglob("*")) == before
        return status, lines[0]

    return fails


@pytest.fixture(scope="session")
def clustered(retina, tmp_path_factory):
    """A result folder, made once."""
    folder = tmp_path_factory.mktemp("results") / "retina_classes"
    arguments = ["--n-clusters", "3", "--bin-size", "20ms", "-o", str(folder), "-q"]
    assert cli.main(["cluster", str(retina), *arguments]) == 0
    return folder


@pytest.fixture
def labels_in():
    """Return a function that reads the label of each unit of a result folder."""

    def read(folder):
        with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
            return {row["unit_id"]: row["label"] for row in csv.DictReader(file)}

    return read
