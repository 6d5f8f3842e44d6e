"""NaN and infinity in inputs and weights stop a run; inputs changed in place, too."""

import pytest

torch = pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")

from neuroclass.snn import FeedbackSNN, Ide, Linear, Spide, record  # noqa: E402


def network(rule):
    return FeedbackSNN([Linear(4, 3), Linear(3, 3)], steps=5, rule=rule)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_an_input_that_is_not_finite_stops_recording_and_inference(value):
    snn = network(Spide(steps=10)).eval()
    x = torch.rand(2, 4)
    x[1, 2] = value
    for run in (snn, snn.simulate, lambda x: record(snn, x, 2, random_state=0)):
        with pytest.raises(ValueError, match=r"must be finite; \d+ of \d+ values"):
            run(x)


def test_a_weight_that_is_not_finite_stops_recording_and_inference():
    snn = network(Spide(steps=10)).eval()
    with torch.no_grad():
        snn.layers[1].weight[0, 1] = float("nan")
    x = torch.rand(2, 4)
    for run in (snn, snn.simulate, lambda x: record(snn, x, 2, random_state=0)):
        with pytest.raises(ValueError, match=r"weight of connection 1 must be fini"):
            run(x)


@pytest.mark.parametrize("rule", [Spide(steps=10), Ide(solver="damped")])
def test_an_input_changed_between_the_stages_raises_as_torch_does(rule):
    snn = network(rule).train()
    x = torch.rand(2, 4)
    rate = snn(x)
    x.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        rate.sum().backward()


@pytest.mark.parametrize("rule", [Spide(steps=10), Ide(solver="damped")])
def test_frames_may_be_used_again_for_the_backward_pass_has_their_average(rule):
    snn = network(rule).train()
    gradients = []
    for is_changed in (False, True):
        torch.manual_seed(0)
        frames = torch.rand(5, 2, 4)
        snn.zero_grad()
        rate = snn(frames)
        if is_changed:
            frames.zero_()
        rate.sum().backward()
        gradients.append(snn.layers[0].weight.grad.clone())
    assert torch.equal(*gradients)
