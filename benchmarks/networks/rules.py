"""CPU time of a training step by every rule and package, in turn on one thread.

Input: how many rounds. Output: seconds of a step of 784-400 recurrent, batch 128, 30
steps, by the rules and the packages of `benchmarks.papers.rules`.
"""

import time
from collections.abc import Callable
from functools import partial

from neuroclass.snn import load_dataset  # before torch

import torch  # isort: skip
from torch import Tensor, nn  # isort: skip

from benchmarks.papers import peers
from benchmarks.papers.rules import BATCH, RULES, build

__all__ = ["measure_rules"]

HIDDEN = 400


def measure_rules(n_rounds: int) -> list[dict[str, object]]:
    """Return the CPU seconds of steps of every rule, and alone those of ours.

    In turn with the others a step finds caches that they filled; alone it does not.
    """
    torch.set_num_threads(1)
    torch.manual_seed(0)
    # A dataset of images as large as those of MNIST, of which only the shape is used.
    digits = load_dataset("digits")
    large = type(digits)(
        "digits",
        digits.train,
        digits.train_labels,
        digits.test,
        digits.test_labels,
        digits.n_classes,
        (1, 28, 28),
    )
    x = ((torch.rand(BATCH, 1, 28, 28) ** 3 - 0.13) / 0.31).flatten(1)
    labels = torch.arange(BATCH) % 10
    names = [name for name in RULES if name != "exact implicit"]
    steps: dict[str, Callable[[], None]] = {}
    for name in [*names, *peers.PEERS]:
        model, scores = build(name, large, HIDDEN, 0)
        steps[name] = partial(_step, model, scores, x, labels)
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for step in steps.values():
        for _ in range(3):
            step()
    for _ in range(n_rounds):
        for name, step in steps.items():
            seconds[name].append(_timed(step))
    rows: list[dict[str, object]] = []
    for name, step in steps.items():
        alone = [_timed(step) for _ in range(n_rounds + 3)][3:]
        rows.append({"rule": name, "in turn": seconds[name], "alone": alone})
    return rows


def _step(
    model: nn.Module,
    scores: Callable[[nn.Module, Tensor], Tensor],
    x: Tensor,
    labels: Tensor,
) -> None:
    model.zero_grad()
    torch.autograd.backward(nn.functional.cross_entropy(scores(model, x), labels))


def _timed(step: Callable[[], None]) -> float:
    started = time.process_time()
    step()
    return time.process_time() - started
