"""Accuracies by steps, firing rates and energy over a test split."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")

from neuroclass import cli  # noqa: E402
from neuroclass.snn import (  # noqa: E402
    LIF,
    Statistics,
    build_classifier,
    evaluate_model,
    load_dataset,
)


@pytest.mark.parametrize("neuron", [None, LIF(leak=0.9)])
def test_one_simulation_gives_the_scores_of_every_number_of_steps(neuron):
    digits = load_dataset("digits")
    model = build_classifier(
        "recurrent-dense", (1, 8, 8), 10, hidden=24, neuron=neuron, random_state=0
    ).eval()
    found = evaluate_model(model, digits, (20, 3, 40))
    assert found.steps == (3, 20, 40)
    everything = digits.test.batch(torch.arange(len(digits.test)))
    for n, accuracy, loss in zip(
        found.steps, found.accuracies, found.losses, strict=True
    ):
        model.network.steps = n
        model.network.backend = "torch"
        with torch.no_grad():
            scores = model(everything)
        expected = (scores.argmax(1) == digits.test_labels).double().mean().item()
        assert accuracy == pytest.approx(expected, abs=1e-12)
        entropy = torch.nn.functional.cross_entropy(scores, digits.test_labels)
        assert loss == pytest.approx(entropy.item(), rel=1e-5)


def test_rates_are_those_of_the_statistics_and_silent_neurons_are_counted():
    digits = load_dataset("digits")
    model = build_classifier("recurrent-dense", (1, 8, 8), 10, hidden=24).eval()
    with torch.no_grad():
        model.network.layers[0].weight[5:8] = 0
        model.network.feedback.parametrizations.weight.original[5:8] = 0
    found = evaluate_model(model, digits, batch_size=100)
    statistics = Statistics()
    model(digits.test.batch(torch.arange(len(digits.test))), statistics)
    assert found.rates[0].mean() == pytest.approx(statistics.forward_rates[0], rel=0.01)
    assert found.silent_neurons[0] >= 3 / 24
    layer = found.as_dict()["layers"][0]
    assert sum(layer["rate_histogram"]) == layer["n_neurons"] == 24


def test_energies_are_those_of_the_operations():
    digits = load_dataset("digits")
    model = build_classifier("recurrent-dense", (1, 8, 8), 10, hidden=24)
    energy = evaluate_model(model, digits).energy
    dense = [64 * 24, 24 * 24]
    assert energy.ann_operations == tuple(dense)
    assert energy.ann_backward_nj == pytest.approx(4.6 * (sum(dense) + dense[1]) / 1000)
    assert energy.updates == (24 * 30, 24 * 100)
    assert energy.memory_nj["ann"] == pytest.approx(10 * 2 * sum(dense) / 1000)
    assert energy.memory_nj["forward"] == pytest.approx(
        10 * (3 * sum(energy.forward_operations) + 2 * 64 * 24 + 2 * 24 * 30) / 1000
    )


def test_the_commands_evaluate_and_diagnose_write_what_they_print(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    small = ("--epochs", "1", "--hidden", "12,8", "--steps", "10", "-q")
    assert cli.main(["train", "digits", "-o", "net", *small]) == 0
    capsys.readouterr()
    assert cli.main(["evaluate", "net", "--steps", "5,10", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "net/evaluation.json").read_text())
    assert printed["steps"] == [5, 10]
    rows = np.genfromtxt(tmp_path / "net/evaluation.csv", delimiter=",", names=True)
    assert rows["accuracy"].tolist() == pytest.approx(printed["accuracies"])
    assert cli.main(["evaluate", "net"]) == 0
    assert "ANN backwards" in capsys.readouterr().out
    fast = ("--images", "10", "--steps", "5,50", "--backward-steps", "20,100")
    assert cli.main(["diagnose", "net", *fast]) == 0
    assert "distance, layer 1" in capsys.readouterr().out
    for name in ("evaluation", "diagnosis"):
        assert (tmp_path / f"net/{name}.png").stat().st_size > 5000
    assert cli.main(["evaluate", "nowhere"]) == 1
    assert "no such model file" in capsys.readouterr().err


def test_several_seeds_are_one_table(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    small = ("--epochs", "1", "--hidden", "12", "--steps", "8", "-q", "--seeds", "2")
    assert cli.main(["train", "digits", "-o", "nets", *small]) == 0
    out = capsys.readouterr().out
    assert "seed 1" in out
    assert "sd" in out
    assert (tmp_path / "nets/seed_0/model").is_file()
