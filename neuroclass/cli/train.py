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


def run(args: "Namespace") -> None:
    """Run the command."""
    from dataclasses import asdict, replace  # noqa: PLC0415

    from neuroclass._lib.checks import check_positive_int  # noqa: PLC0415
    from neuroclass.snn import (  # noqa: PLC0415
        NetworkSettings,
        Optimisation,
        energy_table,
        example_batch,
        load_dataset,
        train,
        usual_rule,
    )

    history: list[dict[str, float]] = []
    network = NetworkSettings(
        structure=args.structure,
        rule=args.rule,
        neuron=args.neuron,
        steps=args.steps,
        hidden=args.hidden or None,
    )
    optimisation = Optimisation(
        epochs=args.epochs, lr=args.lr, batch_size=args.batch, device=args.device
    )
    dataset = load_dataset(
        args.dataset, args.data, n_frames=network.steps_for(args.dataset)
    )
    if args.backward_steps is not None:
        check_positive_int(args.backward_steps, "backward_steps")
        structure = network.structure_for(args.dataset)
        rule = usual_rule(structure, args.rule, dataset.n_classes)
        network = replace(network, rule=replace(rule, steps=args.backward_steps))
    model = train(
        dataset,
        args.output,
        network,
        optimisation,
        random_state=args.random_state,
        resume=args.resume,
        on_epoch=history.append,
        progress=not args.quiet,
    )
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
