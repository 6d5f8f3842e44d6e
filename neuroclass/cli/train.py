"""The command ``train``: a feedback spiking network, trained into a folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroclass._lib.json_text import plain
from neuroclass.cli.options import add_command, add_json, parse_integers
from neuroclass.cli.printing import print_item, print_json, print_table

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["add_parser", "run"]


def add_parser(commands: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        commands,
        "train",
        "DATASET",
        "Train a feedback spiking network by SPIDE or IDE. The model, its metrics and "
        "their curves go into a folder after every epoch; 'record' takes the model. "
        "Needs the extra snn (PyTorch).",
    )
    parser.add_argument(
        "dataset",
        metavar="DATASET",
        help="digits (comes with scikit-learn), mnist, fashion-mnist, cifar10, "
        "cifar100, nmnist or cifar10-dvs",
    )
    parser.add_argument(
        "--data",
        metavar="PATH",
        type=Path,
        help="folder or npz with the files of the dataset; nothing is downloaded",
    )
    parser.add_argument(
        "--fold",
        metavar="INT",
        type=int,
        default=9,
        help="tenth of the files of each class that tests, of cifar10-dvs (default 9)",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        type=Path,
        required=True,
        help="folder for the model, metrics.csv and curves.png",
    )
    network = parser.add_argument_group("network")
    network.add_argument(
        "--structure",
        metavar="NAME",
        help="recurrent-dense, recurrent-conv, mnist-convnet-f, lenet, alexnet-f, "
        "cifarnet-f or dvs-convnet-f (default: the usual one of the dataset "
        "and rule)",
    )
    network.add_argument(
        "--rule",
        choices=("spide", "ide"),
        default="spide",
        help="learning rule (default spide)",
    )
    network.add_argument(
        "--neuron", choices=("IF", "LIF"), default="IF", help="default IF"
    )
    network.add_argument(
        "--leak",
        metavar="FLOAT",
        type=float,
        help="factor of the potential of LIF neurons per step (default 0.95)",
    )
    network.add_argument(
        "--reset",
        choices=("modified", "subtractive"),
        help="resting potential at minus the threshold or at 0 (default: that of the "
        "rule's paper)",
    )
    network.add_argument(
        "--no-feedback", action="store_true", help="leave the feedback out"
    )
    network.add_argument(
        "--dropout",
        metavar="FLOAT",
        type=float,
        help="fraction of currents left out in training (default: the usual)",
    )
    network.add_argument(
        "--steps",
        metavar="INT",
        type=int,
        help="time steps, or frames of event data (default: the usual; 30, or 5 for "
        "recurrent-dense under IDE)",
    )
    network.add_argument(
        "--backward-steps",
        metavar="INT",
        type=int,
        help="time steps of the spiking backward stage, or of the solver",
    )
    network.add_argument(
        "--scale",
        metavar="FLOAT|auto",
        type=parse_scale,
        help="factor of the errors of the spiking backward stage, or auto to choose it "
        "from the first batches (default: that of the paper)",
    )
    network.add_argument(
        "--solver",
        choices=("broyden", "damped", "exact"),
        help="solver of the implicit equation, for --rule ide (default broyden)",
    )
    network.add_argument(
        "--hidden",
        metavar="INT,...",
        type=parse_integers,
        help="sizes of the layers of recurrent-dense",
    )
    training = parser.add_argument_group("training")
    for name, kind, text in (
        ("epochs", int, "passes over the training images (default: the usual)"),
        ("lr", float, "learning rate (default: the usual)"),
    ):
        training.add_argument(f"--{name}", metavar=name.upper(), type=kind, help=text)
    training.add_argument(
        "--batch",
        metavar="INT",
        type=int,
        default=128,
        help="images per step (default 128)",
    )
    training.add_argument(
        "--optimizer",
        choices=("sgd", "adam", "adamw"),
        help="default sgd, with momentum 0.9",
    )
    training.add_argument(
        "--schedule",
        choices=("steps", "cosine", "constant"),
        help="learning rate over the epochs (default steps: a tenth at milestones)",
    )
    training.add_argument(
        "--warmup",
        metavar="INT",
        type=int,
        help="iterations over which the learning rate rises (default: the usual)",
    )
    training.add_argument(
        "--augment",
        action="store_true",
        default=None,
        help="crop and mirror images at random (default: CIFAR networks only)",
    )
    training.add_argument(
        "--seeds",
        metavar="INT",
        type=int,
        help="train this many networks, from --random-state up, into DIR/seed_N, and "
        "print mean and standard deviation",
    )
    training.add_argument(
        "--random-state",
        metavar="INT",
        type=int,
        default=0,
        help="random seed (default 0)",
    )
    training.add_argument(
        "--device", metavar="NAME", default="cpu", help="default cpu; cuda for a GPU"
    )
    training.add_argument(
        "--resume",
        action="store_true",
        help="go on from the model in DIR, up to --epochs in all",
    )
    add_json(parser)


def parse_scale(text: str) -> float | str:
    """Return a number, or "auto"."""
    return text if text == "auto" else float(text)


def run(args: "Namespace") -> None:
    """Run the command."""
    from dataclasses import asdict  # noqa: PLC0415

    from neuroclass._lib.checks import check_positive_int  # noqa: PLC0415
    from neuroclass.snn import (  # noqa: PLC0415
        NetworkSettings,
        Optimisation,
        energy_table,
        example_batch,
        load_dataset,
        train,
    )

    if args.backward_steps is not None:
        check_positive_int(args.backward_steps, "backward_steps")
    network = NetworkSettings(
        structure=args.structure,
        rule=args.rule,
        neuron=args.neuron,
        steps=args.steps,
        hidden=args.hidden or None,
        dropout=args.dropout,
        feedback=not args.no_feedback,
        leak=args.leak,
        reset=args.reset,
        backward_steps=args.backward_steps,
        scale=args.scale,
        solver=args.solver,
    )
    optimisation = Optimisation(
        epochs=args.epochs,
        lr=args.lr,
        batch_size=args.batch,
        device=args.device,
        optimizer=args.optimizer,
        schedule=args.schedule,
        warmup=args.warmup,
        augment=args.augment,
    )
    dataset = load_dataset(
        args.dataset,
        args.data,
        n_frames=network.steps_for(args.dataset),
        fold=args.fold,
    )
    seeds = [args.random_state]
    if args.seeds is not None:
        check_positive_int(args.seeds, "seeds")
        seeds = [args.random_state + k for k in range(args.seeds)]
    histories: dict[int, list[dict[str, float]]] = {seed: [] for seed in seeds}
    for seed in seeds:
        output = args.output if args.seeds is None else args.output / f"seed_{seed}"
        model = train(
            dataset,
            output,
            network,
            optimisation,
            random_state=seed,
            resume=args.resume,
            on_epoch=histories[seed].append,
            progress=not args.quiet,
        )
    if args.seeds is not None:
        _print_seeds(args, histories)
        return
    history = histories[args.random_state]
    path = args.output / "model"
    energy = energy_table(model, *example_batch(dataset))
    if args.json:
        spent = {
            **asdict(energy),
            "forward_nj": energy.forward_nj,
            "backward_nj": energy.backward_nj,
            "ann_nj": energy.ann_nj,
        }
        print_json({"model": str(path), "epochs": history, "energy": plain(spent)})
        return
    print_table(
        ("epoch", "loss", "training %", "test %", "forward", "backward"),
        (
            (
                row["epoch"],
                row["train_loss"],
                100 * row["train_accuracy"],
                100 * row["test_accuracy"],
                row["forward_rate"],
                row["backward_rate"],
            )
            for row in history
        ),
    )
    print(energy)
    print_item("wrote", str(path))


def _print_seeds(
    args: "Namespace", histories: dict[int, list[dict[str, float]]]
) -> None:
    """Print the last epoch of each seed, then mean and standard deviation."""
    from statistics import fmean, stdev  # noqa: PLC0415

    last = {seed: history[-1] for seed, history in histories.items() if history}
    names = ("train_loss", "train_accuracy", "test_accuracy")
    columns = {name: [row[name] for row in last.values()] for name in names}
    summary = {
        name: {
            "mean": fmean(values),
            "sd": stdev(values) if len(values) > 1 else None,
        }
        for name, values in columns.items()
        if values
    }
    if args.json:
        print_json({"folder": str(args.output), "seeds": histories, **summary})
        return
    rows: list[tuple[Any, ...]] = [
        (
            f"seed {seed}",
            row["train_loss"],
            100 * row["train_accuracy"],
            100 * row["test_accuracy"],
        )
        for seed, row in last.items()
    ]
    for kind in ("mean", "sd") if last else ():
        loss, *accuracies = (summary[name][kind] for name in names)
        if loss is not None:
            rows.append(
                (
                    kind,
                    loss,
                    *(100 * value for value in accuracies if value is not None),
                )
            )
    print_table(("network", "loss", "training %", "test %"), rows)
    print_item("wrote", str(args.output))
