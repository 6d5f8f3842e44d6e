"""Recordings of networks: spikes, repeats, columns; energy from operations."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal

torch = pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")

from neuroclass import classify_neurons  # noqa: E402
from neuroclass.io import load_recording, write_recording  # noqa: E402
from neuroclass.presentations.selection import select_presentations  # noqa: E402
from neuroclass.snn import (  # noqa: E402
    AvgPool2d,
    Conv2d,
    Encoding,
    FeedbackSNN,
    Linear,
    NetworkSettings,
    NeuronChoice,
    Optimisation,
    Spide,
    SpikingClassifier,
    energy_table,
    load_dataset,
    record,
    train,
)
from neuroclass.snn.models import lenet, recurrent_dense  # noqa: E402
from neuroclass.snn.recording import encode  # noqa: E402


@pytest.fixture
def network():
    torch.manual_seed(0)
    built = FeedbackSNN(
        [Conv2d(1, 2, 3, padding=1), AvgPool2d(2), Linear(8, 3)],
        Linear(3, 32, bias=False),
        steps=12,
    )
    with torch.no_grad():
        built.layers[0].bias.fill_(0.5)
    return built


def trains_of(recording):
    return recording.segments[0].spiketrains


def raster_of(recording, n_steps, step):
    """Count the spikes of every unit in every step of every presentation."""
    (epoch,) = recording.segments[0].epochs
    starts = epoch.times.rescale("s").magnitude
    edges = starts[:, None] + np.arange(n_steps + 1) * step
    counts = [
        np.diff(np.searchsorted(train.rescale("s").magnitude, edges), axis=1)
        for train in trains_of(recording)
    ]
    return np.array(counts)  # (n_units, n_presentations, n_steps)


def test_the_recording_holds_every_spike_of_the_simulation(network):
    images = torch.rand(3, 1, 4, 4)
    spikes = []
    network.simulate(
        images,
        on_step=lambda _, layers: spikes.append(
            torch.cat([layer.flatten(1) for layer in layers], 1)
        ),
    )
    expected = torch.stack(spikes).permute(2, 1, 0).numpy()
    with pytest.warns(UserWarning, match="all presentations of an image are identical"):
        recording = record(network, images, 2, encoding=Encoding("constant", dt="2ms"))
    counts = raster_of(recording, 12, 0.002)
    assert_array_equal(counts, np.repeat(expected, 2, axis=1))
    assert counts.sum() > 50


def test_units_carry_layer_channel_row_and_column(network):
    recording = record(network, torch.rand(2, 1, 4, 4), 2, random_state=0)
    trains = trains_of(recording)
    assert len(trains) == 32 + 8 + 3
    columns = [
        tuple(train.annotations[key] for key in ("layer", "channel", "row", "column"))
        for train in trains
    ]
    assert columns[0] == (0, 0, 0, 0)
    assert columns[16 + 5] == (0, 1, 1, 1)
    assert columns[32 + 7] == (1, 1, 1, 1)
    assert columns[-1] == (2, 2, -1, -1)


def test_layers_and_units_choose_neurons_without_changing_their_spikes(network):
    images = torch.rand(2, 1, 4, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        complete = record(network, images, 1, encoding="constant")
        chosen = record(
            network,
            images,
            1,
            encoding="constant",
            neurons=NeuronChoice(layers=[2, 0], units=5),
            random_state=1,
        )
    assert len(trains_of(chosen)) == 5 + 3
    keys = ("layer", "channel", "row", "column")
    known = {
        tuple(train.annotations[key] for key in keys): train
        for train in trains_of(complete)
    }
    places = [
        tuple(train.annotations[key] for key in keys) for train in trains_of(chosen)
    ]
    assert len(set(places)) == 8
    for place, spiketrain in zip(places, trains_of(chosen), strict=True):
        assert_array_equal(spiketrain.magnitude, known[place].magnitude)


@pytest.mark.parametrize(
    "encoding", ["poisson", "bernoulli", Encoding("constant", noise=0.3)]
)
def test_repeats_differ_by_encoding_or_noise_and_come_from_the_seed(encoding, network):
    images = torch.rand(2, 1, 4, 4)
    first, again, other = (
        raster_of(
            record(network, images, 4, encoding=encoding, random_state=seed), 12, 0.001
        )
        for seed in (3, 3, 4)
    )
    assert_array_equal(first, again)
    assert (first != other).any()
    repeats = first.reshape(len(first), 2, 4, 12)
    assert (repeats[:, :, 0] != repeats[:, :, 1]).any()


@pytest.mark.parametrize("encoding", ["poisson", "bernoulli", "constant"])
def test_the_mean_of_an_encoded_input_is_the_input(encoding):
    x = torch.tensor([[-1.5, 0.0, 0.3, 2.0]])
    generator = torch.Generator().manual_seed(0)
    frames = encode(x, 20_000, encoding, largest=2.0, generator=generator)
    torch.testing.assert_close(frames.mean(0), x, rtol=0, atol=0.05)
    assert (frames[:, 0, 1] == 0).all()


def test_presentations_name_what_repeats_and_why_repeats_differ(network):
    images, labels = torch.rand(4, 1, 4, 4), [7, 7, 2, 2]
    encoding = Encoding(noise=0.1)
    recording = record(
        network, images, 3, labels=labels, encoding=encoding, random_state=0
    )
    (epoch,) = recording.segments[0].epochs
    assert_array_equal(epoch.array_annotations["stimulus"], np.repeat(range(4), 3))
    assert_array_equal(epoch.array_annotations["label"], np.repeat(labels, 3))
    assert_array_equal(epoch.array_annotations["repeat"], [0, 1, 2] * 4)
    assert recording.annotations["encoding"] == "poisson, membrane noise 0.1"
    assert set(epoch.array_annotations["repeats_of"]) == {"one image"}

    recording = record(
        network, images, 1, labels=labels, condition="label", encoding="constant"
    )
    (epoch,) = recording.segments[0].epochs
    assert_array_equal(epoch.array_annotations["stimulus"], np.repeat([7, 2], 2))
    assert set(epoch.array_annotations["repeats_of"]) == {"images of one class"}


def test_frames_of_events_are_presented_too(network):
    frames = torch.poisson(torch.full((9, 2, 1, 4, 4), 0.5))
    recording = record(network, frames, 3, random_state=0)
    counts = raster_of(recording, 9, 0.001)
    assert counts.shape == (43, 6, 9)
    assert counts.sum() > 0
    assert counts.max() == 1


def test_many_presentations_are_simulated_in_parts_with_the_same_clock(network):
    recording = record(network, torch.rand(1, 1, 4, 4), 300, random_state=0)
    counts = raster_of(recording, 12, 0.001)
    assert counts.sum() == sum(len(train) for train in trains_of(recording))
    halves = counts[:, :150].mean(), counts[:, 150:].mean()
    assert halves[0] == pytest.approx(halves[1], rel=0.05)


def test_a_recording_survives_the_file_and_is_taken_as_repeats(network, tmp_path):
    recording = record(
        network, torch.rand(3, 1, 4, 4), 12, labels=[1, 0, 1], random_state=0
    )
    path = tmp_path / "spikes.nwb"
    write_recording(recording, path)
    loaded = load_recording(path)
    for before, after in zip(trains_of(recording), trains_of(loaded), strict=True):
        assert_array_equal(after.magnitude, before.magnitude)
        assert after.annotations["layer"] == before.annotations["layer"]
    (epoch,) = loaded.segments[0].epochs
    assert set(epoch.array_annotations["encoding"]) == {"poisson"}
    presentations = select_presentations(loaded)
    assert presentations.n_stimuli == 3
    assert_array_equal(presentations.repeats, [12, 12, 12])
    assert "stimulus" in presentations.source


def test_recording_leaves_the_network_in_its_mode(network):
    network.train()
    record(network, torch.rand(1, 1, 4, 4), 1, random_state=0)
    assert network.training


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"encoding": "latency"}, "encoding must be one of poisson, bernoulli, con"),
        ({"condition": "class"}, "condition must be one of image, label"),
        ({"condition": "label"}, "labels must be given for condition 'label'"),
        ({"labels": [1]}, "one integer per image; got int64 of shape"),
        ({"neurons": NeuronChoice([3])}, r"layers must lie in 0 \.\. 2; got 3"),
        ({"neurons": NeuronChoice([])}, "layers must name at least one"),
        ({"neurons": NeuronChoice(units=0)}, "units must be an integer of at least 1"),
        ({"n_presentations": 0}, "n_presentations must be an integer"),
    ],
)
def test_impossible_settings_are_refused(settings, message, network):
    settings = {"n_presentations": 2, **settings}
    with pytest.raises(ValueError, match=message):
        record(network, torch.rand(2, 1, 4, 4), **settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"noise": -1.0}, "noise must not be negative"),
        ({"dt": "5 parsecs"}, "dt must be a positive time"),
        ({"kind": "latency"}, "encoding must be one of poisson, bernoulli, con"),
    ],
)
def test_impossible_encodings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Encoding(**settings)


def test_images_of_a_class_must_be_two_to_be_its_repeats(network):
    inputs = torch.rand(3, 1, 4, 4)
    with pytest.raises(ValueError, match=r"at least 2 images of every class.*class 7"):
        record(network, inputs, 2, labels=[3, 3, 7], condition="label", random_state=0)


def test_identical_repeats_within_a_class_are_warned_of(network):
    inputs = torch.rand(2, 1, 4, 4)
    same = {"labels": [3, 3], "condition": "label", "encoding": "constant"}
    with pytest.warns(UserWarning, match="all presentations of an image are identical"):
        record(network, inputs, 2, **same)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        record(network, inputs, 1, **same)


def test_a_negative_seed_is_refused(network):
    with pytest.raises(ValueError, match="random_state must be an integer of at"):
        record(network, torch.rand(2, 1, 4, 4), 2, random_state=-1)


class Moved:
    """Values that note where they are sent."""

    def __init__(self, values, seen):
        self.values, self.seen = values, seen

    def to(self, device):
        self.seen.append(device)
        return self.values


def test_energy_is_measured_where_the_model_is():
    model = recurrent_dense((1, 8, 8), hidden=8, steps=4)
    seen = []
    energy_table(
        model,
        Moved(torch.rand(3, 1, 8, 8), seen),
        Moved(torch.arange(3), seen),
    )
    assert seen == [next(model.parameters()).device] * 2


class TestEnergy:
    def test_a_dense_network_by_hand(self):
        torch.manual_seed(0)
        network = FeedbackSNN([Linear(4, 6)], Linear(6, 6, bias=False), steps=10)
        model = SpikingClassifier(network, (1, 2, 2), 3)
        images, labels = torch.rand(5, 1, 2, 2), torch.arange(5) % 3
        table = energy_table(model, images, labels)
        spikes = network.simulate(images.flatten(1)).counts[0].sum(1).mean().item()
        assert table.forward_operations == pytest.approx((0, 6 * spikes))
        assert table.ann_operations == (24, 36)
        assert table.input_operations == 24
        assert table.forward_nj == pytest.approx((0.9 * 6 * spikes + 4.6 * 24) / 1000)
        assert table.ann_nj == pytest.approx(4.6 * 60 / 1000)
        assert table.backward_operations[0] == 0
        assert all(p.grad is None for p in model.parameters())
        assert "0 -> 0 (feedback)" in str(table)
        assert len(str(table).splitlines()) == 8

    def test_multiplications_of_a_convolutional_network(self):
        model = lenet(dropout=0.0, random_state=0)
        model.network.steps = 3
        model.network.rule = Spide(steps=3, scale=100.0)
        table = energy_table(model, torch.rand(2, 1, 28, 28), torch.tensor([0, 1]))
        # 28 x 28 windows of 25 pixels less the border: (28 * 5 - 6)^2 = 134^2.
        assert table.ann_operations[0] == 15 * 134**2
        assert table.ann_operations[1] == 15 * 28 * 28
        assert table.ann_operations[4] == 1960 * 300

    def test_frames_cost_accumulations_of_their_events(self):
        network = FeedbackSNN([Linear(4, 6)])
        model = SpikingClassifier(network, (1, 2, 2), 3)
        frames = torch.zeros(7, 2, 1, 2, 2)
        frames[0, 0] = 1
        table = energy_table(model, frames, torch.tensor([0, 1]))
        assert table.input_operations == 0
        assert table.forward_operations == pytest.approx((4 * 6 / 2,))

    def test_gradients_at_hand_are_kept(self):
        model = SpikingClassifier(FeedbackSNN([Linear(4, 6)]), (1, 2, 2), 3)
        model(torch.rand(2, 1, 2, 2)).sum().backward()
        before = [p.grad.clone() for p in model.parameters()]
        energy_table(model, torch.rand(2, 1, 2, 2), torch.tensor([0, 1]))
        for parameter, gradient in zip(model.parameters(), before, strict=True):
            assert torch.equal(parameter.grad, gradient)


def test_the_types_of_a_network_of_known_types_are_found(tmp_path):
    trained = train(
        "digits", tmp_path, NetworkSettings(hidden=8), Optimisation(epochs=4)
    ).network
    n_types, n_copies = 8, 6
    n_neurons = n_types * n_copies
    torch.manual_seed(0)
    feedback = Linear(n_neurons, n_neurons, bias=False)
    copies = FeedbackSNN([Linear(64, n_neurons)], feedback)
    with torch.no_grad():
        # Every weight of every copy is changed by a tenth.
        changed = 1 + 0.1 * torch.randn(n_neurons, 64)
        weight, bias = trained.layers[0].weight, trained.layers[0].bias
        copies.layers[0].weight.copy_(weight.repeat(n_copies, 1) * changed)
        copies.layers[0].bias.copy_(bias.repeat(n_copies))
        shared = trained.feedback.weight.repeat(n_copies, n_copies) / n_copies
        feedback.weight.copy_(shared)
    images = load_dataset("digits").test.batch(torch.arange(20)).flatten(1)
    found = classify_neurons(record(copies, images, 100, random_state=0), bin_size=0.01)
    assert found.n_clusters == n_types
    assert_array_equal(found.labels, np.tile(found.labels[:n_types], n_copies))
