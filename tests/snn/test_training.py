"""Training: resume bit for bit, what is kept when it is killed, what is refused."""

import csv
import os
import signal
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")

from neuroclass.snn.checkpoint import (  # noqa: E402
    Checkpoint,
    load_checkpoint,
    load_model,
    save_checkpoint,
)
from neuroclass.snn.training import recipe_for, train  # noqa: E402

SMALL = {"options": {"hidden": 16}, "backward_steps": 20, "steps": 10}


def metrics_of(folder):
    with (folder / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        del row["seconds"]
    return rows


def assert_same_model(first, second):
    a, b = load_checkpoint(first / "model"), load_checkpoint(second / "model")
    assert a.state.keys() == b.state.keys()
    for key, value in a.state.items():
        assert torch.equal(value, b.state[key]), key
    for x, y in zip(
        a.optimizer["state"].values(), b.optimizer["state"].values(), strict=True
    ):
        assert torch.equal(x["momentum_buffer"], y["momentum_buffer"])
    # Compared as written: a rate that does not exist is nan in both.
    assert metrics_of(first) == metrics_of(second)


@pytest.mark.parametrize("method", ["spide", "ide"])
def test_two_epochs_are_one_and_a_resumed_one_bit_for_bit(method, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    settings = {**SMALL, "method": method, "seed": 4}
    model = train("digits", whole, epochs=2, **settings)
    train("digits", parts, epochs=1, **settings)
    torch.manual_seed(99)  # the state of the caller's generator must not matter
    train("digits", parts, epochs=2, resume=True, **settings)
    assert_same_model(whole, parts)
    for key, value in model.state_dict().items():
        assert torch.equal(load_model(whole / "model").state_dict()[key], value)


def test_training_leaves_the_callers_generator_alone(tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train("digits", tmp_path, epochs=1, **SMALL)
    assert torch.equal(torch.rand(3), expected)


def test_a_killed_run_resumes_from_its_last_epoch(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    script = (
        "import sys, torch\n"
        "torch.set_num_threads(1)\n"
        "from neuroclass.snn.training import train\n"
        "train('digits', sys.argv[1], epochs=500, seed=1, backward_steps=20, steps=10,"
        " options={'hidden': 16}, on_epoch=lambda row: print(row['epoch'], flush=True))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(killed)], stdout=subprocess.PIPE, text=True
    )
    for line in process.stdout:
        if int(line) == 2:
            break
    os.kill(process.pid, signal.SIGKILL)
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    done = len(load_checkpoint(killed / "model").history)
    assert 2 <= done < 500
    train("digits", killed, epochs=done + 1, seed=1, resume=True, **SMALL)
    train("digits", whole, epochs=done + 1, seed=1, **SMALL)
    assert_same_model(whole, killed)


def test_another_seed_gives_another_network(tmp_path):
    first = train("digits", tmp_path / "a", epochs=1, seed=0, **SMALL)
    second = train("digits", tmp_path / "b", epochs=1, seed=1, **SMALL)
    assert not torch.equal(first.classifier.weight, second.classifier.weight)


def test_an_epoch_writes_model_metrics_and_curves_and_nothing_else(tmp_path):
    seen = []
    train("digits", tmp_path, epochs=2, on_epoch=seen.append, **SMALL)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["curves.png", "metrics.csv", "model"]
    rows = metrics_of(tmp_path)
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert float(rows[1]["train_loss"]) < float(rows[0]["train_loss"])
    assert 0 < float(rows[0]["backward_rate"]) < 0.5
    assert 0 < float(rows[0]["forward_rate"]) < 0.5
    assert seen[1]["test_accuracy"] == float(rows[1]["test_accuracy"])
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
@pytest.mark.parametrize("method", ["spide", "ide"])
@pytest.mark.parametrize("neuron", ["IF", "LIF"])
def test_digits_are_learned(method, neuron, tmp_path):
    seen = []
    train("digits", tmp_path, method=method, neuron=neuron, on_epoch=seen.append)
    assert seen[-1]["test_accuracy"] >= 0.97


def test_digits_are_mostly_learned_in_five_epochs(tmp_path):
    seen = []
    train("digits", tmp_path, epochs=5, on_epoch=seen.append)
    assert seen[-1]["test_accuracy"] >= 0.93


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_model(tmp_path):
    train("digits", tmp_path, epochs=1, **SMALL)
    checkpoint = load_checkpoint(tmp_path / "model")
    checkpoint.state["network.layers.0.weight"][0, 0] = float("nan")
    save_checkpoint(checkpoint, tmp_path / "model")
    before = (tmp_path / "model").read_bytes()
    with pytest.raises(
        FloatingPointError,
        match=r"epoch 2, batch 1: first in network\.layers\.0\.weight; the model of",
    ):
        train("digits", tmp_path, epochs=2, resume=True, **SMALL)
    assert (tmp_path / "model").read_bytes() == before


def test_a_learning_rate_too_large_is_named_as_the_cause(tmp_path):
    with pytest.raises(FloatingPointError, match="Lower the learning rate"):
        train("digits", tmp_path, epochs=3, lr=1e30, **SMALL)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"structure": "lenet"}, "cannot be resumed with .* = "),
        ({"neuron": "LIF"}, "with neuron = LIF; it was trained with neuron = IF"),
        ({"seed": 3}, "with seed = 3; it was trained with seed = 0"),
        ({"steps": 11}, "with steps = 11; it was trained with steps = 10"),
    ],
)
def test_a_model_of_other_settings_is_not_resumed(change, message, tmp_path):
    train("digits", tmp_path, epochs=1, **SMALL)
    before = (tmp_path / "model").read_bytes()
    with pytest.raises(ValueError, match=message):
        train("digits", tmp_path, epochs=2, resume=True, **{**SMALL, **change})
    assert (tmp_path / "model").read_bytes() == before


def test_a_folder_with_a_model_is_not_overwritten(tmp_path):
    train("digits", tmp_path, epochs=1, **SMALL)
    with pytest.raises(FileExistsError, match="Go on with --resume"):
        train("digits", tmp_path, epochs=1, **SMALL)
    with pytest.raises(FileNotFoundError, match="no model to resume"):
        train("digits", tmp_path / "other", epochs=1, resume=True, **SMALL)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"structure": "vgg"}, "structure must be one of mnist-convnet-f"),
        ({"method": "bptt"}, "method must be one of spide, ide"),
        ({"neuron": "HH"}, "neuron must be one of IF, LIF"),
        ({"epochs": 0}, "epochs must be an integer of at least 1"),
        ({"lr": -1.0}, "lr must be a positive number"),
        ({"batch_size": 0}, "batch_size must be an integer of at least 1"),
        ({"device": "toaster"}, "device must be one that works here; got 'toaster'"),
        ({"structure": "dvs-convnet-f", "steps": 0}, "steps must be an integer"),
    ],
)
def test_impossible_settings_are_refused_before_anything_is_written(
    settings, message, tmp_path
):
    folder = tmp_path / "new"
    with pytest.raises(ValueError, match=message):
        train("digits", folder, **settings)
    assert not folder.exists()


class TestCheckpoints:
    @pytest.fixture
    def path(self, tmp_path):
        train("digits", tmp_path, epochs=1, **SMALL)
        return tmp_path / "model"

    def test_a_truncated_file_is_refused_in_one_line(self, path):
        path.write_bytes(path.read_bytes()[:1000])
        with pytest.raises(ValueError, match="damaged, truncated, or holds") as caught:
            load_model(path)
        assert "\n" not in str(caught.value)

    def test_code_in_a_file_is_never_run(self, path, tmp_path):
        witness = tmp_path / "witness"

        class Hostile:
            def __reduce__(self):
                return open, (str(witness), "w")

        torch.save({"format": "neuroclass.snn 1", "network": Hostile()}, path)
        with pytest.raises(ValueError, match="holds code, which is never run"):
            load_model(path)
        assert not witness.exists()

    def test_weights_of_another_structure_are_refused(self, path):
        checkpoint = load_checkpoint(path)
        checkpoint.network["structure"] = "recurrent-conv"
        checkpoint.network["options"] = {}
        save_checkpoint(checkpoint, path)
        with pytest.raises(ValueError, match="do not fit the structure 'recurrent-co"):
            load_model(path)

    def test_an_unknown_structure_is_answered_with_the_known_ones(self, path):
        checkpoint = load_checkpoint(path)
        checkpoint.network["structure"] = "vgg"
        save_checkpoint(checkpoint, path)
        with pytest.raises(ValueError, match=r"one of mnist-convnet-f, .*; got 'vgg'"):
            load_model(path)

    def test_other_files_are_no_models(self, path):
        torch.save({"weights": torch.ones(2)}, path)
        with pytest.raises(ValueError, match="must be a model written by"):
            load_model(path)
        torch.save({"format": "neuroclass.snn 1", "network": {}}, path)
        with pytest.raises(ValueError, match="a part of the model is missing"):
            load_model(path)
        with pytest.raises(FileNotFoundError, match="no such model file"):
            load_model(path.with_name("nothing"))

    def test_a_failed_write_leaves_the_old_model(self, path):
        before = path.read_bytes()
        with pytest.raises(Exception, match=r"pickle|serializ|local"):
            save_checkpoint(Checkpoint({"a": lambda: None}, {}), path)
        assert path.read_bytes() == before
        assert sorted(p.name for p in path.parent.iterdir()) == [
            "curves.png",
            "metrics.csv",
            "model",
        ]


def test_recipes_are_those_of_the_papers():
    alexnet = recipe_for("alexnet-f", "cifar10")
    assert (alexnet.epochs, alexnet.milestones, alexnet.warmup) == (100, (50, 75), 400)
    assert alexnet.augment
    assert not recipe_for("alexnet-f", "mnist").augment
    lenet = recipe_for("lenet", "mnist")
    assert (lenet.epochs, lenet.lr, lenet.milestones) == (60, 0.1, (20, 40))
    assert recipe_for("dvs-convnet-f", "cifar10-dvs").epochs == 70
