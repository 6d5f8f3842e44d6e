"""Recordings of models that are none of ours, found by their outputs."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")
from torch import nn  # noqa: E402

from neuroclass.snn import Encoding, NeuronChoice, SpikingModule, record  # noqa: E402


class Cell(nn.Module):
    """A leaky cell that gives back (spikes, potential), as snntorch and norse do."""

    def forward(self, current, potential):
        potential = 0.9 * potential + current
        spikes = (potential >= 1).float()
        return spikes, potential - spikes


class Loop(nn.Module):
    """Takes all steps and calls its cells once per step."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Linear(4, 5), nn.Linear(5, 3)
        with torch.no_grad():
            self.first.weight.abs_()
            self.second.weight.abs_()
        self.hidden, self.output = Cell(), Cell()
        self.seen = []

    def forward(self, frames):
        a, b = frames.new_zeros(frames.shape[1], 5), frames.new_zeros(1, 3)
        counts = []
        for x in frames:
            s, a = self.hidden(self.first(x), a)
            self.seen.append(s)
            z, b = self.output(self.second(s), b)
            counts.append(z)
        return torch.stack(counts).mean(0)


class Node(nn.Module):
    """A layer that takes all steps and has to be reset, as spikingjelly's nodes."""

    def __init__(self):
        super().__init__()
        self.potential = 0.0

    def reset(self):
        self.potential = 0.0

    def forward(self, currents):
        spikes = []
        for x in currents:
            self.potential = self.potential + x
            spikes.append((self.potential >= 1).float())
            self.potential = self.potential - spikes[-1]
        return torch.stack(spikes)


class OneStep(Node):
    """A layer with a state that takes one step per call."""

    def forward(self, x):
        self.potential = self.potential + x
        spikes = (self.potential >= 1).float()
        self.potential = self.potential - spikes
        return spikes


def test_cells_called_once_per_step_are_found_and_their_spikes_are_all_recorded():
    model = Loop()
    x = torch.rand(2, 4) + 0.5
    recording = record(
        SpikingModule(model, steps=12), x, 3, encoding="poisson", random_state=0
    )
    trains = recording.segments[0].spiketrains
    assert len(trains) == 5 + 3
    assert [t.annotations["layer"] for t in trains] == [0] * 5 + [1] * 3
    presented = model.seen[-12:]  # the last call, of all 6 presentations
    n_spikes = sum(int(spikes.sum()) for spikes in presented)
    assert sum(len(train) for train in trains[:5]) == n_spikes > 0
    assert len(recording.segments[0].epochs[0]) == 6


@pytest.mark.parametrize(("layer", "by_step"), [(Node(), False), (OneStep(), True)])
def test_layers_of_all_steps_and_of_one_give_the_same_spikes(layer, by_step):
    model = SpikingModule(nn.Sequential(layer), steps=8, by_step=by_step)
    x = torch.tensor([[0.25, 0.5], [0.125, 1.0]])
    with pytest.warns(UserWarning, match="identical"):
        recording = record(model, x, 2, encoding="constant")
    starts = recording.segments[0].epochs[0].times.rescale("s").magnitude
    train = recording.segments[0].spiketrains[0].rescale("s").magnitude
    # 0.25 per step reaches 1 at the fourth and the eighth; the state is reset.
    of_first = train[(train >= starts[0]) & (train < starts[1])]
    assert len(of_first) == 2
    assert np.isclose(of_first[1] - of_first[0], 0.004)
    assert len(train) == 2 * 2 + 2 * 1


def test_a_plain_module_is_taken_with_the_defaults_and_layers_can_be_named():
    recording = record(nn.Sequential(Node()), torch.rand(2, 3), 2, random_state=0)
    assert len(recording.segments[0].spiketrains) == 3
    model = SpikingModule(Loop(), steps=12, layers=["output"])
    recording = record(model, torch.rand(2, 4) + 1, 2, random_state=0)
    assert len(recording.segments[0].spiketrains) == 3
    chosen = NeuronChoice(layers=[0], units=2)
    recording = record(model, torch.rand(2, 4), 2, neurons=chosen, random_state=0)
    assert len(recording.segments[0].spiketrains) == 2


def test_what_does_not_spike_is_answered_with_the_cause():
    x = torch.rand(2, 4)
    with pytest.raises(ValueError, match="must have a layer whose output is 0 or 1"):
        record(nn.Sequential(nn.Linear(4, 3)), x, 2)
    with pytest.raises(ValueError, match=r"'hiden'.*hidden, output"):
        SpikingModule(Loop(), layers=["hiden"])
    with pytest.raises(ValueError, match="noise must be 0"):
        record(nn.Sequential(Node()), x, 2, encoding=Encoding(noise=0.1))
