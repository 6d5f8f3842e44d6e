"""CPU seconds of training steps of one network: a process of its own for each version.

    python one_step.py CASE STEPS

Prints the median of so many steps on one thread, after five that compile and warm up.
"""

import statistics
import sys
import time
import warnings

from neuroclass.snn import Ide, Spide  # before torch

import torch  # isort: skip

from neuroclass.snn.models import alexnet_f, lenet, recurrent_dense

__all__ = ["CASES"]

CASES = {
    "SPIDE, 784-400 feedback, 128, 30/100": 30,
    "SPIDE, LeNet, 64, 30/100": 5,
    "SPIDE, AlexNet-F, 16, 30/50": 2,
    "IDE, 784-400 feedback as drawn, 128, 5 steps": 30,
    "IDE, 784-400 feedback at its bound, 128, 5 steps": 30,
}


def build(case):
    """Return the model and the shape of its batch."""
    if "LeNet" in case:
        return lenet(random_state=0, dropout=0.0), (64, 1, 28, 28)
    if "AlexNet" in case:
        rule = Spide(steps=50, scale=400.0)
        return alexnet_f(random_state=0, dropout=0.0, rule=rule), (16, 3, 32, 32)
    if case.startswith("SPIDE"):
        return recurrent_dense(random_state=0, dropout=0.0), (128, 1, 28, 28)
    model = recurrent_dense(random_state=0, dropout=0.0, rule=Ide(), steps=5)
    if "bound" in case:
        weight = model.network.feedback.parametrizations.weight.original
        with torch.no_grad():
            weight.mul_(10)
        model.network.feedback.train()
        for _ in range(20):
            _ = model.network.feedback.weight
    return model, (128, 1, 28, 28)


def main():
    warnings.simplefilter("ignore", UserWarning)  # of silent first layers
    case, n_steps = sys.argv[1], int(sys.argv[2])
    torch.set_num_threads(1)
    model, shape = build(case)
    torch.manual_seed(0)
    x = torch.randn(shape) if "Alex" in case else (torch.rand(shape) ** 3 - 0.13) / 0.31
    labels = torch.arange(len(x)) % 10
    seconds = []
    for _ in range(n_steps + 5):
        started = time.process_time()
        model.zero_grad()
        torch.autograd.backward(torch.nn.functional.cross_entropy(model(x), labels))
        seconds.append(time.process_time() - started)
    print(statistics.median(seconds[5:]))


if __name__ == "__main__":
    main()
