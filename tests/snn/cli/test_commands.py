"""The commands train and record: end to end, and how they fail."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")

from neuroclass import cli, load_recording  # noqa: E402
from neuroclass.cli import build_parser  # noqa: E402
from neuroclass.snn import DATASETS, ENCODINGS, STRUCTURES  # noqa: E402

SMALL = ("--epochs", 1, "--hidden", 12, "--steps", 10, "--backward-steps", 15, "-q")


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def run(*argv):
        status = cli.main([str(arg) for arg in argv])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def fails(run, tmp_path):
    """Run a command that must fail in one line and change nothing."""

    def fails(*argv):
        before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
        status, out, err = run(*argv)
        assert out == ""
        assert len(err.splitlines()) == 1
        assert err.startswith("neuroclass: error: ")
        assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == before
        return status, err

    return fails


@pytest.fixture
def trained(run):
    assert run("train", "digits", "-o", "net", *SMALL)[0] == 0
    return "net/model"


def test_a_network_is_trained_recorded_and_classified(run, tmp_path):
    status, out, err = run("train", "digits", "-o", "net", *SMALL)
    assert status == 0
    assert err == ""
    assert "0 -> 0 (feedback)" in out
    assert "energy (nJ)" in out
    assert "net/model" in out

    arguments = ("--images", 5, "--repeats", 12, "--units", 9)
    status, out, _ = run("record", "net/model", "-o", "spikes.nwb", *arguments)
    assert status == 0
    assert "60, repeats of one image" in out
    assert "input: poisson" in out
    trains = load_recording(tmp_path / "spikes.nwb").segments[0].spiketrains
    assert len(trains) == 9
    assert {train.annotations["layer"] for train in trains} == {0}

    status, out, _ = run("cluster", "spikes.nwb", "--n-clusters", 2, "-q", "--json")
    assert status == 0
    assert json.loads(out)["n_clusters"] == 2


def test_one_epoch_and_a_resumed_one_are_two(run):
    run("train", "digits", "-o", "whole", *SMALL[2:], "--epochs", 2)
    run("train", "digits", "-o", "parts", *SMALL)
    status, out, _ = run(
        "train",
        "digits",
        "-o",
        "parts",
        *SMALL[2:],
        "--epochs",
        2,
        "--resume",
        "--json",
    )
    assert status == 0
    found = json.loads(out)
    assert [row["epoch"] for row in found["epochs"]] == [2]
    energy = found["energy"]
    assert energy["connections"] == ["input -> 0", "0 -> 0 (feedback)"]
    assert energy["backward_nj"] == pytest.approx(
        0.9 * sum(energy["backward_operations"]) / 1000
    )
    states = [
        torch.load(f"{name}/model", weights_only=True)["state"]
        for name in ("whole", "parts")
    ]
    assert all(torch.equal(value, states[1][key]) for key, value in states[0].items())


def test_ide_prints_numbers_that_json_can_hold(run):
    status, out, _ = run(
        "train", "digits", "-o", "net", *SMALL, "--rule", "ide", "--json"
    )
    assert status == 0
    (row,) = json.loads(out)["epochs"]
    assert row["backward_rate"] is None
    assert row["forward_rate"] > 0


def test_images_are_taken_evenly_from_the_classes(run, trained, tmp_path):
    run("record", trained, "-o", "a.nwb", "--images", 25, "--repeats", 1)
    (epoch,) = load_recording(tmp_path / "a.nwb").segments[0].epochs
    labels = epoch.array_annotations["label"].astype(int)
    assert sorted(np.bincount(labels).tolist()) == [2] * 5 + [3] * 5


def test_classes_as_conditions_are_named_as_another_question(run, trained, tmp_path):
    arguments = ("--condition", "label", "--images", 30, "--repeats", 2)
    status, out, _ = run("record", trained, "-o", "a.nwb", *arguments)
    assert status == 0
    assert "repeats of images of one class" in out
    (epoch,) = load_recording(tmp_path / "a.nwb").segments[0].epochs
    assert len(set(epoch.array_annotations["stimulus"])) == 10


def test_identical_repeats_are_warned_of(run, trained):
    status, _, err = run(
        "record", trained, "-o", "a.nwb", "--encoding", "constant", "--repeats", 2
    )
    assert status == 0
    assert "all presentations of an image are identical" in err


@pytest.mark.parametrize(
    ("argv", "status", "message"),
    [
        (("train", "imagenet", "-o", "n"), 2, "dataset must be one of digits, mnist"),
        (
            ("train", "digits", "-o", "n", "--structure", "vgg"),
            2,
            "structure must be one of mnist-convnet-f, lenet",
        ),
        (("train", "mnist", "-o", "n"), 1, "download train-images-idx3-ubyte.gz"),
        (
            ("train", "mnist", "-o", "n", "--data", "nowhere"),
            1,
            "nowhere: no such file or folder. Download train-images",
        ),
        (("train", "digits", "-o", "n", "--resume"), 1, "n/model: no model to resume"),
        (("train", "digits", "-o", "n", "--lr", "-1"), 2, "lr must be a positive"),
        (
            ("train", "digits", "-o", "n", "--device", "toaster"),
            2,
            "device must be one that works here",
        ),
        (
            ("train", "digits", "-o", "n", "--random-state", "-1"),
            2,
            "random_state must be an integer",
        ),
        (
            ("train", "digits", "-o", "n", "--random-state", 2**80),
            2,
            "random_state must be at most",
        ),
        (("train", "digits", "-o", "n", "--hidden", 0), 2, "hidden must be an integer"),
        (
            ("train", "digits", "-o", "n", "--hidden", 8, "--structure", "lenet"),
            2,
            "hidden must be left out",
        ),
        (("train", "digits", "-o", "n", "--device", "meta"), 2, "device must be one"),
        (
            ("train", "nmnist", "-o", "n", "--data", ".", "--steps", 0),
            2,
            "steps must be an integer of at least 1; got 0",
        ),
        (("record", "nothing", "-o", "a.nwb"), 1, "nothing: no such model file"),
        (("record", "nothing", "-o", "a.mat"), 2, "OUT.nwb must end in .nwb"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_changes_nothing(
    argv, status, message, fails
):
    got, line = fails(*argv)
    assert message in line
    assert got == status


def test_models_are_neither_overwritten_nor_taken_damaged(fails, trained, tmp_path):
    status, line = fails("train", "digits", "-o", "net", *SMALL)
    assert "a model is there already. Go on with --resume" in line
    assert status == 2
    status, line = fails(
        "train", "digits", "-o", "net", *SMALL, "--resume", "--random-state", 3
    )
    assert "with random_state = 3; it was trained with random_state = 0" in line
    status, line = fails("record", trained, "-o", "a.nwb", "--images", 1000)
    assert "n_images must be at most 360" in line
    status, line = fails("record", trained, "-o", "a.nwb", "--random-state", -1)
    assert "random_state must be an integer of at least 0; got -1" in line
    assert status == 2
    status, line = fails("record", trained, "-o", "a.nwb", "--condition", "label")
    assert "must have at least 2 images of every class" in line
    assert status == 2
    path = tmp_path / trained
    path.write_bytes(path.read_bytes()[:500])
    status, line = fails("record", trained, "-o", "a.nwb")
    assert "it is damaged, truncated, or holds code" in line
    assert status == 1


def test_a_loss_that_is_no_number_is_one_line(run, trained, tmp_path):
    before = (tmp_path / trained).read_bytes()
    content = torch.load(trained, weights_only=True)
    content["state"]["network.layers.0.weight"][0, 0] = float("nan")
    del content["checksum"]  # as in a model of before there was one
    torch.save(content, trained)
    damaged = (tmp_path / trained).read_bytes()
    arguments = (*SMALL[2:], "--epochs", 2, "--resume")
    status, _, err = run("train", "digits", "-o", "net", *arguments)
    assert status == 1
    assert "first in network.layers.0.weight; the model of the last epoch is" in err
    assert (tmp_path / trained).read_bytes() == damaged != before


def test_help_lists_what_there_is():
    parser = build_parser()
    actions = parser._subparsers._group_actions[0].choices
    text = " ".join(actions["train"].format_help().split())
    for name in (*DATASETS, *STRUCTURES):
        assert name.replace("-", "") in text.replace("-", "").replace(" ", "")
    text = actions["record"].format_help()
    assert all(name in text for name in ENCODINGS)


def test_without_torch_the_pip_line_is_said(tmp_path):
    code = (
        "import sys, importlib.util as u\n"
        "find = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'torch' else find(name, *a)\n"
        "from neuroclass.cli import main\n"
        f"sys.exit(main(['train', 'digits', '-o', {str(tmp_path / 'net')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "neuroclass: error: neuroclass.snn needs PyTorch, which is not installed. "
        "Install it with: pip install neuroclass[snn]"
    ]


@pytest.mark.parametrize(
    ("before", "given", "expected"),
    [
        ("", {}, "10000"),
        ("", {"GOMP_SPINCOUNT": "7"}, "7"),
        ("", {"OMP_WAIT_POLICY": "active"}, "None"),
        ("import torch; ", {}, "None"),  # too late to be read
    ],
)
def test_threads_of_torch_do_not_keep_the_cores_from_ours(before, given, expected):
    names = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
    environment = {k: v for k, v in os.environ.items() if k not in names}
    code = f"{before}import neuroclass.snn, os; print(os.environ.get({names[0]!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment | given,
        check=True,
    )
    assert done.stdout.strip() == expected
