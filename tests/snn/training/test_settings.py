"""Settings of a training, networks and data of one's own, and runs that go wrong."""

import csv
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")

from neuroclass.snn import (  # noqa: E402
    IF,
    LIF,
    AvgPool2d,
    Conv2d,
    FeedbackSNN,
    Ide,
    Linear,
    NetworkSettings,
    Optimisation,
    Spide,
    SpikingClassifier,
    load_model,
    restrict_norm,
    train,
)
from neuroclass.snn.training import (  # noqa: E402
    dataset_from_arrays,
    load_checkpoint,
)

SMALL = {"hidden": 16, "steps": 10, "backward_steps": 20}


def own_network(seed=0):
    torch.manual_seed(seed)
    return FeedbackSNN(
        [Conv2d(1, 4, 3, 2, 1), AvgPool2d(2), Linear(16, 12, dropout=0.1)],
        restrict_norm(Linear(12, 12, bias=False), "frobenius", 2.0),
        LIF(leak=0.9),
        10,
        rule=Spide(steps=20, scale=50.0),
        target=2,
    )


def blobs(n, rng, n_values=20):
    labels = np.arange(n) % 3
    centres = np.random.default_rng(5).normal(size=(3, n_values))
    return centres[labels] + 0.3 * rng.normal(size=(n, n_values)), labels


def test_settings_reach_network_and_optimiser(tmp_path):
    network = NetworkSettings(
        **SMALL, neuron="LIF", leak=0.8, scale=70.0, dropout=0.3, reset="subtractive"
    )
    optimisation = Optimisation(epochs=1, optimizer="adamw", lr=1e-3)
    model = train("digits", tmp_path, network, optimisation)
    assert model.network.neuron == LIF(2.0, leak=0.8, u_rest=0.0)
    assert model.network.rule == Spide(steps=20, scale=70.0, u_rest=0.0)
    assert model.network.layers[0].dropout == 0.3
    again = load_model(tmp_path)
    assert again.network.neuron == model.network.neuron
    assert load_checkpoint(tmp_path).settings["optimizer"] == "adamw"


def test_a_network_without_feedback_and_another_solver(tmp_path):
    network = NetworkSettings(
        hidden=8, rule="ide", solver="damped", feedback=False, steps=5
    )
    model = train("digits", tmp_path, network, Optimisation(epochs=1))
    assert model.network.feedback is None
    assert model.network.rule == Ide(solver="damped")
    assert load_model(tmp_path).network.feedback is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"leak": 0.9}, "leak must be left out for IF"),
        ({"scale": 3.0, "rule": "ide"}, "scale must be left out under the rule 'ide'"),
        ({"solver": "exact"}, "solver must be left out under the rule 'spide'"),
        ({"scale": -1.0}, "scale must be a positive number"),
        ({"reset": "hard"}, "reset"),
    ],
)
def test_settings_that_have_no_effect_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        NetworkSettings(**settings)


@pytest.mark.parametrize(
    "optimisation",
    [
        {"optimizer": "adam", "lr": 1e-3},
        {"schedule": "cosine", "epochs": 2},
        {"optimizer": "adamw", "lr": 1e-3, "schedule": "constant", "warmup": 5},
    ],
)
def test_every_optimiser_resumes_bit_for_bit(optimisation, tmp_path):
    network = NetworkSettings(**SMALL, scale=100.0)
    whole = Optimisation(**{"epochs": 2, **optimisation})
    first = train("digits", tmp_path / "whole", network, whole)

    class StopError(Exception):
        pass

    def stop(row):
        raise StopError

    with pytest.raises(StopError):
        train("digits", tmp_path / "parts", network, whole, on_epoch=stop)
    second = train("digits", tmp_path / "parts", network, whole, resume=True)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_cosine_ends_at_0_and_a_constant_rate_stays(tmp_path):
    rates = {}
    for schedule in ("cosine", "constant"):
        rows = []
        train(
            "digits",
            tmp_path / schedule,
            NetworkSettings(**SMALL, scale=100.0),
            Optimisation(epochs=3, schedule=schedule, lr=0.1),
            on_epoch=rows.append,
        )
        rates[schedule] = [row["lr"] for row in rows]
    assert rates["constant"] == [0.1, 0.1, 0.1]
    assert rates["cosine"][0] > rates["cosine"][1] > rates["cosine"][2]
    assert rates["cosine"][2] < 0.001


def test_the_scale_is_chosen_kept_in_the_file_and_taken_up_again(tmp_path):
    network = NetworkSettings(**SMALL, scale="auto")
    model = train("digits", tmp_path, network, Optimisation(epochs=1))
    scale = model.network.rule.scale
    assert 20 < scale < 500
    assert load_model(tmp_path).network.rule.scale == scale
    again = train("digits", tmp_path, network, Optimisation(epochs=2), resume=True)
    assert again.network.rule.scale == scale


def test_the_pairs_of_each_layer_are_in_the_metrics(tmp_path):
    network = NetworkSettings(structure="recurrent-dense", hidden=[12, 8], steps=10)
    train("digits", tmp_path, network, Optimisation(epochs=1))
    with (tmp_path / "metrics.csv").open() as file:
        (row,) = csv.DictReader(file)
    for name in ("silent_pairs_0", "silent_pairs_1", "saturated_pairs_1"):
        assert 0 <= float(row[name]) <= 1


def test_a_learning_rate_that_explodes_is_stopped_in_one_line(tmp_path):
    with pytest.raises(FloatingPointError, match="Lower the learning rate") as caught:
        train(
            "digits",
            tmp_path,
            NetworkSettings(**SMALL, scale=100.0),
            Optimisation(epochs=5, lr=1e5),
        )
    assert "\n" not in str(caught.value)
    assert "diverges" in str(caught.value)


def test_a_network_of_ones_own_is_trained_loaded_and_resumed(tmp_path):
    whole = train("digits", tmp_path / "whole", own_network(), Optimisation(epochs=2))
    assert isinstance(whole, SpikingClassifier)
    train(
        model=own_network(),
        data="digits",
        output=tmp_path / "parts",
        optimisation=Optimisation(epochs=1),
    )
    parts = train(
        "digits",
        tmp_path / "parts",
        own_network(seed=3),
        Optimisation(epochs=2),
        resume=True,
    )
    loaded = load_model(tmp_path / "parts")
    assert loaded.network.neuron == LIF(leak=0.9)
    assert loaded.network.target == 2
    x = torch.rand(4, 1, 8, 8)
    for other in (parts, loaded):
        torch.testing.assert_close(other(x), whole(x), rtol=0, atol=0)


def test_a_network_that_learns_without_trained_weights_but_the_classifiers(tmp_path):
    network = FeedbackSNN([AvgPool2d(2)], neuron=IF(), steps=10)
    model = train("digits", tmp_path, network, Optimisation(epochs=1))
    assert load_model(tmp_path).n_parameters == model.n_parameters


def test_arrays_of_ones_own_are_data(rng, tmp_path):
    data = (*blobs(300, rng), *blobs(60, rng))
    rows = []
    train(
        data,
        tmp_path,
        FeedbackSNN([Linear(20, 16)], steps=10, rule=Spide(steps=30)),
        Optimisation(epochs=4, lr=0.1, batch_size=32),
        on_epoch=rows.append,
    )
    assert rows[-1]["test_accuracy"] > 0.9
    assert load_model(tmp_path).image_shape == (1, 1, 20)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d[:3], "four arrays"),
        (lambda d: (d[0], d[1] + 0.5, *d[2:]), "labels must be integers"),
        (lambda d: (d[0] * np.nan, *d[1:]), "inputs must be finite"),
        (lambda d: (d[0][:, 0], *d[1:]), "inputs must have 2 to 4 axes"),
        (lambda d: (d[0][:5], *d[1:]), "one train label per sample"),
    ],
)
def test_arrays_that_are_no_data_are_refused(change, message, rng, tmp_path):
    data = change((*blobs(30, rng), *blobs(9, rng)))
    with pytest.raises(ValueError, match=message):
        train(data, tmp_path)


def test_a_network_that_does_not_take_the_data_is_refused(rng, tmp_path):
    data = dataset_from_arrays((*blobs(30, rng), *blobs(9, rng)))
    model = SpikingClassifier(FeedbackSNN([Linear(64, 4)]), (1, 8, 8), 10)
    with pytest.raises(ValueError, match=r"must take images of shape \(1, 1, 20\)"):
        train(data, tmp_path, model)
    with pytest.raises(TypeError, match="model must be NetworkSettings"):
        train(data, tmp_path, torch.nn.Linear(20, 3))


def test_a_plain_layer_of_torch_is_answered_with_the_layers_there_are():
    with pytest.raises(TypeError, match=r"Linear, Conv2d.*got Linear of torch\.nn"):
        FeedbackSNN([torch.nn.Linear(4, 3)])


def test_a_file_with_layers_of_ones_own_is_refused_when_loaded(tmp_path):
    class Halved(Linear):
        pass

    train("digits", tmp_path, FeedbackSNN([Halved(64, 8)]), Optimisation(epochs=1))
    with pytest.raises(ValueError, match="got Halved"):
        load_model(tmp_path)


def test_digits_start_without_a_warning(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train("digits", tmp_path, None, Optimisation(epochs=1))
