"""Training: resume bit for bit, what is kept when it is killed, what is refused."""

import csv
import math
import os
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")

from neuroclass import RecordingError  # noqa: E402
from neuroclass.snn import (  # noqa: E402
    Dataset,
    Ide,
    NetworkSettings,
    Optimisation,
    Spide,
    build_classifier,
    load_dataset,
    load_model,
    usual_steps,
    usual_structure,
)
from neuroclass.snn import train as train_network  # noqa: E402
from neuroclass.snn.training import (  # noqa: E402
    Checkpoint,
    Images,
    Recipe,
    load_checkpoint,
    recipe_for,
    save_checkpoint,
)
from neuroclass.snn.training.epoch import check_gradients, run_epoch  # noqa: E402
from neuroclass.snn.training.loop import build_optimizer  # noqa: E402

SMALL = {"hidden": 16, "rule": Spide(steps=20, scale=100.0), "steps": 10}


def train(dataset, folder, **settings):
    """Train with the fields of network and optimisation as keywords."""
    parts = [
        {
            key: settings.pop(key)
            for key in list(settings)
            if key in kind.__annotations__
        }
        for kind in (NetworkSettings, Optimisation)
    ]
    network, optimisation = NetworkSettings(**parts[0]), Optimisation(**parts[1])
    return train_network(dataset, folder, network, optimisation, **settings)


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


@pytest.mark.parametrize("rule", [SMALL["rule"], Ide(steps=20)])
def test_two_epochs_are_one_and_a_resumed_one_bit_for_bit(rule, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    settings = {**SMALL, "rule": rule, "random_state": 4}
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
        "from neuroclass.snn import NetworkSettings, Optimisation, Spide, train\n"
        "rule = Spide(steps=20, scale=100.0)\n"
        "train('digits', sys.argv[1], NetworkSettings(hidden=16, rule=rule, steps=10),"
        " Optimisation(epochs=500), random_state=1,"
        " on_epoch=lambda row: print(row['epoch'], flush=True))"
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
    train("digits", killed, epochs=done + 1, random_state=1, resume=True, **SMALL)
    train("digits", whole, epochs=done + 1, random_state=1, **SMALL)
    assert_same_model(whole, killed)


def test_another_seed_gives_another_network(tmp_path):
    first = train("digits", tmp_path / "a", epochs=1, random_state=0, **SMALL)
    second = train("digits", tmp_path / "b", epochs=1, random_state=1, **SMALL)
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
@pytest.mark.parametrize("rule", ["spide", "ide"])
@pytest.mark.parametrize("neuron", ["IF", "LIF"])
def test_digits_are_learned(rule, neuron, tmp_path):
    seen = []
    train("digits", tmp_path, rule=rule, neuron=neuron, on_epoch=seen.append)
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
        (
            {"structure": "lenet", "hidden": None},
            "cannot be resumed with structure = l",
        ),
        ({"neuron": "LIF"}, "with neuron = LIF; it was trained with neuron = IF"),
        (
            {"random_state": 3},
            "with random_state = 3; it was trained with random_state = 0",
        ),
        ({"rule": Ide()}, "with rule = {'ide': .*it was trained with rule = {'spide'"),
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
        ({"rule": "bptt"}, "rule must be one of spide, ide"),
        ({"neuron": "HH"}, "neuron must be one of IF, LIF"),
        ({"epochs": 0}, "epochs must be an integer of at least 1"),
        ({"lr": -1.0}, "lr must be a positive number"),
        ({"batch_size": 0}, "batch_size must be an integer of at least 1"),
        ({"device": "toaster"}, "device must be one that works here; got 'toaster'"),
        ({"device": "meta"}, "device must be one that works here; got 'meta'"),
        ({"random_state": -1}, "random_state must be an integer of at least 0; got -1"),
        (
            {"random_state": 2**70},
            "random_state must be at most 4294967295; got 11805916207174",
        ),
        ({"hidden": []}, "hidden must name at least one layer; got none"),
        ({"hidden": 0}, "hidden must be an integer of at least 1; got 0"),
        ({"hidden": [8, 0]}, "hidden must be an integer of at least 1"),
        (
            {"structure": "lenet", "hidden": 8},
            "hidden must be left out for structures other than recurrent-dense",
        ),
        ({"dropout": torch.ones(1)}, "dropout must be of plain values"),
        ({"dropout": 2.0}, r"dropout must lie in \[0, 1\); got 2.0"),
        ({"batch_norm": True}, "batch_norm must be False under the rule Spide"),
        (
            {"rule": "ide", "batch_size": 1, "batch_norm": True},
            "batch_size must be at least 2 with batch norm",
        ),
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


@pytest.mark.parametrize(
    ("settings", "name"),
    [({"width": 8}, "width"), ({"rng": 1}, "rng"), ({"backward": Ide()}, "backward")],
)
def test_a_setting_that_no_network_has_is_refused(settings, name):
    with pytest.raises(TypeError, match=name):
        NetworkSettings(**settings)


def test_a_rule_must_be_a_rule():
    with pytest.raises(TypeError, match=r"rule must be Spide\(...\) or Ide\(...\)"):
        NetworkSettings(rule=5)


@pytest.mark.parametrize(
    "settings",
    [
        {"rule": Spide(steps=20, scale=50.0)},
        {"rule": Ide(solver="damped", steps=9)},
        {"rule": Spide(steps=np.int64(20), scale=np.float32(50.0))},
        {"hidden": np.int64(16), "dropout": np.float32(0.25)},
        {"hidden": (np.int32(16), 12)},
    ],
)
def test_a_model_of_any_settings_is_loaded_and_resumed(settings, tmp_path):
    how = {"steps": 5, **settings}
    model = train("digits", tmp_path, epochs=1, **how)
    loaded = load_model(tmp_path / "model")
    assert loaded.network.rule == model.network.rule
    assert loaded.n_neurons == model.n_neurons
    train("digits", tmp_path, epochs=2, resume=True, **how)
    assert len(load_checkpoint(tmp_path / "model").history) == 2


def test_structures_are_known_with_underscores_too(tmp_path):
    train("digits", tmp_path, epochs=1, structure="recurrent_dense", **SMALL)
    network = load_checkpoint(tmp_path / "model").network
    assert network["structure"] == "recurrent-dense"


def test_firing_rates_are_the_mean_of_the_batches_measured():
    measured = []

    def note(model, args, options):
        if options.get("statistics") is not None:
            measured.append(options["statistics"])

    model = build_classifier("recurrent-dense", (1, 8, 8), 10, random_state=0, **SMALL)
    model.register_forward_pre_hook(note, with_kwargs=True)
    # 20 batches of 71 and a last one of 17: the first and the last are measured.
    recipe = Recipe(batch_size=71)
    optimizer = build_optimizer(model, recipe)
    metrics = run_epoch(model, load_dataset("digits"), optimizer, recipe, 0)
    first, last = measured
    assert first.forward_rate != last.forward_rate
    for rate in ("forward_rate", "backward_rate"):
        expected = (71 * getattr(first, rate) + 17 * getattr(last, rate)) / 88
        assert math.isclose(metrics[rate], expected)


def few_images(n, **changes):
    digits = load_dataset("digits")
    samples = replace(digits.train, values=digits.train.values[:n])
    labels = digits.train_labels[:n]
    made = Dataset("few", samples, labels, samples, labels, 10, digits.image_shape)
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("batch_norm", "expected"), [(True, [4, 5]), (False, [4, 4, 1])]
)
def test_a_single_last_image_joins_the_batch_before_only_with_batch_norm(
    batch_norm, expected, tmp_path
):
    sizes = []

    class Noted(Images):
        def batch(self, indices):
            sizes.append(len(indices))
            return super().batch(indices)

    nine = few_images(9)
    noted = Noted(nine.train.values, nine.train.mean, nine.train.deviation)
    how = {"rule": "ide", "hidden": 8, "batch_norm": batch_norm}
    dataset = replace(nine, train=noted)
    model = train(dataset, tmp_path, epochs=1, steps=4, batch_size=4, **how)
    assert sizes[1:] == expected  # after the one sample that is looked at first
    assert all(value.isfinite().all() for value in model.state_dict().values())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_classes": 3}, r"train_labels of dataset must lie in 0 .. 2; got 1 .. 9"),
        ({"n_classes": 1}, "n_classes of dataset must be an integer of at least 2"),
        ({"test_labels": torch.arange(4)}, "one test label per sample.*got 12 samples"),
        ({"train_labels": torch.ones(12)}, "train_labels of dataset must be int64"),
        ({"train_labels": torch.arange(12) - 1}, "train_labels of dataset must lie"),
        ({"image_shape": (1, 9, 9)}, r"samples of shape \(1, 9, 9\); got \(1, 8, 8\)"),
    ],
)
def test_a_dataset_that_does_not_fit_itself_is_refused(changes, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        train(few_images(12, **changes), tmp_path / "new", epochs=1)
    assert not (tmp_path / "new").exists()


def test_images_that_are_no_numbers_are_named_as_the_cause(tmp_path):
    digits = few_images(12)
    bad = Images(digits.train.values, digits.train.mean * math.nan, torch.ones(1))
    folder = tmp_path / "a" / "b"
    with pytest.raises(FloatingPointError, match=r"images must be finite.*at the data"):
        train(replace(digits, train=bad), folder, epochs=1)
    assert not folder.parent.exists()


def test_the_first_layer_without_a_gradient_is_named_from_the_classifier_down():
    model = build_classifier("recurrent-dense", (1, 8, 8), 10, hidden=[8, 8, 8])
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    check_gradients(model, 0, 0)
    for layer in (0, 1):
        model.network.layers[layer].weight.grad[0, 0] = math.nan
    with pytest.raises(
        FloatingPointError,
        match=r"epoch 3, batch 5: first in network\.layers\.1\.weight.*last epoch is",
    ):
        check_gradients(model, 2, 4)


def test_a_gradient_that_is_no_number_does_not_reach_the_weights(tmp_path):
    def poison(model):
        def backward(gradient):
            return gradient * math.nan

        model.network.layers[1].weight.register_hook(backward)

    model = build_classifier("recurrent-dense", (1, 8, 8), 10, steps=4, hidden=[8, 8])
    poison(model)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    recipe = replace(recipe_for("recurrent-dense", "digits"), batch_size=4)
    with pytest.raises(
        FloatingPointError, match=r"batch 1: first in network\.layers\.1\.weight"
    ):
        run_epoch(model, few_images(12), build_optimizer(model, recipe), recipe, 0)
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key])


def test_metrics_that_fell_behind_are_written_again_on_resume(tmp_path):
    train("digits", tmp_path, epochs=2, **SMALL)
    whole = metrics_of(tmp_path)
    (tmp_path / "metrics.csv").write_text("epoch\n")
    (tmp_path / "curves.png").unlink()
    train("digits", tmp_path, epochs=2, resume=True, **SMALL)
    assert metrics_of(tmp_path) == whole
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def resume(path):
    train("digits", path.parent, epochs=2, resume=True, **SMALL)


def changed(*keys, to):
    """Return what puts a value at a place of a model file."""

    def damage(content):
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = to

    return damage


def without(*keys):
    def damage(content):
        for key in keys[:-1]:
            content = content[key]
        del content[keys[-1]]

    return damage


WEIGHT = "network.layers.0.weight"
DAMAGES = [
    (changed("state", WEIGHT, to=torch.ones(3)), r"weight is .* of shape \(3,\), not"),
    (changed("state", WEIGHT, to="text"), "weight is no tensor"),
    (changed("state", WEIGHT, to=torch.ones(16, 64).half()), "weight is torch.float16"),
    (changed("state", "more", to=torch.ones(3)), "more is unknown"),
    (without("state", WEIGHT), "network.layers.0.weight is missing"),
    (changed("optimizer", to={"a": 1}), "optimizer must hold a state"),
    (changed("optimizer", to=5), "optimizer must hold a state"),
    (changed("optimizer", "state", 0, to=5), "one momentum per weight; got int for 0"),
    (changed("optimizer", "state", 99, to={}), "one momentum per weight"),
    (
        changed("optimizer", "state", 0, "momentum_buffer", to=torch.ones(3)),
        r"momentum is torch.float32 of shape \(3,\)",
    ),
    (changed("history", to=[1, 2]), "history must hold epoch, lr, .*; got 1"),
    (changed("history", to=[{"epoch": 1}]), "history must hold epoch, lr"),
    (changed("history", 0, "epoch", to=2), "history must hold .* of epoch 1"),
    (changed("history", 0, "lr", to="x"), "history must hold epoch, lr"),
    (
        changed("network", "neuron", to="zzz"),
        "neuron must be one of IF, LIF; got",
    ),
    (changed("network", "rule", to=[]), "rule must be settings of a learning rule"),
    (changed("network", "rule", to={"spide": {"a": 1}}), "rule must be settings"),
    (changed("network", "rule", "spide", "steps", to=0), "rule must be settings of a"),
    (changed("network", "steps", to=0), "steps must be an integer of at least 1"),
    (changed("network", "image_shape", to=8), "image_shape must be"),
    (
        changed("network", "image_shape", to=[1, 8, -8]),
        "image_shape must be an int",
    ),
    (changed("network", "options", to=5), "options must be keywords"),
    (changed("network", "options", "hidden", to=[]), "hidden must name"),
    (changed("network", "rule", to={"x": {}}), "rule must be settings of a learning"),
    (changed("network", "steps", to=torch.ones(2)), "network must be of|steps must be"),
    (without("network", "n_classes"), "a part of the model is missing .'n_classes'"),
    (without("settings", "dataset"), "a part of the model is missing .'dataset'"),
]


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

        torch.save({"format": "neuroclass.snn 2", "network": Hostile()}, path)
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

    @pytest.mark.filterwarnings("ignore:.*was written without a checksum")
    @pytest.mark.parametrize("action", [load_model, resume])
    @pytest.mark.parametrize(("damage", "message"), DAMAGES)
    def test_a_damaged_part_is_refused_when_loaded_or_resumed(
        self, damage, message, action, path
    ):
        content = torch.load(path, weights_only=True)
        del content["checksum"]  # which would tell of any damage
        damage(content)
        torch.save(content, path)
        before = path.read_bytes()
        with pytest.raises(RecordingError, match=message) as caught:
            action(path)
        assert "\n" not in str(caught.value)
        assert path.read_bytes() == before

    def test_a_flipped_bit_is_refused_or_harmless(self, path):
        content = path.read_bytes()
        rng = np.random.default_rng(0)
        n_refused = 0
        for place in rng.integers(0, len(content), 300):
            flipped = bytearray(content)
            flipped[place] ^= 1 << int(rng.integers(8))
            path.write_bytes(flipped)
            try:
                load_model(path)
            except RecordingError:
                n_refused += 1
        assert 0 < n_refused < 300

    @pytest.mark.filterwarnings("ignore:.*was written without a checksum")
    def test_other_files_are_no_models(self, path):
        torch.save({"weights": torch.ones(2)}, path)
        with pytest.raises(ValueError, match="must be a model written by"):
            load_model(path)
        torch.save({"format": "neuroclass.snn 2", "network": {}}, path)
        with pytest.raises(ValueError, match="a part of the model is missing"):
            load_model(path)
        with pytest.raises(FileNotFoundError, match="no such model file"):
            load_model(path.with_name("nothing"))

    def test_options_that_the_structure_does_not_have_are_refused(self, path):
        checkpoint = load_checkpoint(path)
        checkpoint.network["options"]["width"] = 8
        save_checkpoint(checkpoint, path)
        with pytest.raises(RecordingError, match=r"options must be keywords.*'width'"):
            load_model(path)

    def test_models_of_the_earlier_version_are_to_be_trained_again(self, path):
        torch.save({"format": "neuroclass.snn 1", "network": {}}, path)
        with pytest.raises(
            RecordingError, match=r"earlier version.*Train again"
        ) as caught:
            load_model(path)
        assert "\n" not in str(caught.value)

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


@pytest.mark.parametrize(
    ("dataset", "rule", "structure", "steps"),
    [
        ("mnist", "spide", "mnist-convnet-f", 30),
        ("mnist", "ide", "recurrent-conv", 30),
        ("fashion-mnist", "spide", "recurrent-dense", 30),
        ("fashion-mnist", "ide", "recurrent-dense", 5),
        ("nmnist", "ide", "recurrent-conv", 30),
        ("cifar10", "ide", "alexnet-f", 30),
        ("cifar100", "ide", "cifarnet-f", 30),
        ("digits", "ide", "recurrent-dense", 30),
    ],
)
def test_each_rule_has_its_usual_network_and_steps(dataset, rule, structure, steps):
    assert usual_structure(dataset, rule) == structure
    assert usual_steps(dataset, rule) == steps
    assert usual_steps(dataset, rule, structure) == steps


def test_ide_trains_its_own_network_where_none_is_named(tmp_path):
    digits = load_dataset("digits")
    few = slice(0, 8)
    dataset = replace(
        digits,
        name="fashion-mnist",
        train=replace(digits.train, values=digits.train.values[few]),
        train_labels=digits.train_labels[few],
        test=replace(digits.test, values=digits.test.values[few]),
        test_labels=digits.test_labels[few],
    )
    model = train(dataset, tmp_path, rule="ide", epochs=1, hidden=4)
    assert model.network.steps == 5
    model = train(dataset, tmp_path / "spide", epochs=1, hidden=4)
    assert model.network.steps == 30
