"""CIFAR-10 on one core: a reduced AlexNet-F, trained by SPIDE, epoch by epoch.

    python benchmarks/papers/cifar10.py FOLDER OUTPUT [--epochs 8] [--resume]

FOLDER holds CIFAR-10 as `neuroclass train cifar10 --data` takes it. OUTPUT gets what
`train` writes, so that a run that was stopped goes on with --resume. The layers and
their strides are those of AlexNet-F, with fewer channels; each row of weights begins
with the norm sqrt(2) V, with which the variance of currents is kept from layer to layer
(rows of norm 1, as the recipe for the whole network has them, leave the last layer
without spikes for the first epochs).
"""

import argparse
import math
import time
from pathlib import Path

import torch

from neuroclass.snn import (
    Conv2d,
    ConvTranspose2d,
    FeedbackSNN,
    Optimisation,
    Spide,
    SpikingClassifier,
    load_dataset,
    restrict_norm,
    train,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--widths", default="16,32,64,64,48")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--backward-steps", type=int, default=40)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--schedule", default="constant")
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    widths = tuple(int(width) for width in args.widths.split(","))
    model = reduced_alexnet_f(widths, args.steps, args.backward_steps)
    print(model.extra_repr(), flush=True)
    started = time.process_time()

    def report(row: dict[str, float]) -> None:
        seconds = time.process_time() - started
        print(
            f"epoch {row['epoch']:.0f}: test {100 * row['test_accuracy']:.2f} %, "
            f"training {100 * row['train_accuracy']:.2f} %, spikes per neuron and "
            f"step {row['forward_rate']:.3f} forward, {row['backward_rate']:.4f} "
            f"backward, {seconds:.0f} CPU s",
            flush=True,
        )

    train(
        load_dataset("cifar10", args.folder),
        args.output,
        model,
        Optimisation(
            epochs=args.epochs,
            lr=args.lr,
            batch_size=args.batch,
            optimizer="adam",
            schedule=args.schedule,
        ),
        resume=args.resume,
        on_epoch=report,
    )


def reduced_alexnet_f(
    widths: tuple[int, ...], steps: int, backward_steps: int
) -> SpikingClassifier:
    """Return the layers of AlexNet-F with the given numbers of channels."""
    torch.manual_seed(0)
    before = (3, *widths)
    layers = [
        Conv2d(n_in, n_out, 3, stride, 1)
        for n_in, n_out, stride in zip(before, widths, (2, 1, 2, 1, 1), strict=False)
    ]
    feedback = ConvTranspose2d(widths[-1], widths[0], 3, 2, 1, bias=False)
    network = FeedbackSNN(layers, feedback, steps=steps)
    with torch.no_grad():
        for layer in layers:
            fan_in = layer.weight[0].numel()
            layer.weight.normal_(0, network.neuron.reset * math.sqrt(2 / fan_in))
            layer.bias.zero_()
        fan_in = feedback.weight[:, 0].numel()
        feedback.weight.normal_(0, 0.1 / math.sqrt(fan_in))
    restrict_norm(feedback, "frobenius", 2.0)
    network.rule = Spide(steps=backward_steps)
    return SpikingClassifier(network, (3, 32, 32), 10)


if __name__ == "__main__":
    main()
