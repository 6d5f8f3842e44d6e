"""The command ``evaluate``: accuracy, firing rates and energy of a trained network."""

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
        "evaluate",
        "FOLDER",
        "Evaluate a trained network on the test images: accuracy at each number of "
        "time steps, firing rates and silent neurons of each layer, and the energy of "
        "both stages beside the same network of ordinary neurons. Writes "
        "evaluation.json, .csv and .png into FOLDER. Needs the extra snn (PyTorch).",
    )
    parser.add_argument(
        "model", metavar="FOLDER", type=Path, help="the folder that 'train' wrote"
    )
    parser.add_argument(
        "--data", metavar="PATH", type=Path, help="files of the dataset, as for 'train'"
    )
    parser.add_argument(
        "--steps",
        metavar="INT,...",
        type=parse_integers,
        help="numbers of time steps (default: that of the network)",
    )
    parser.add_argument(
        "-o", "--output", metavar="DIR", type=Path, help="default FOLDER"
    )
    add_json(parser)


def run(args: "Namespace") -> None:
    """Run the command."""
    from neuroclass.snn import (  # noqa: PLC0415
        dataset_of,
        evaluate_model,
        load_model,
        write_evaluation,
    )

    model = load_model(args.model)
    evaluation = evaluate_model(model, dataset_of(args.model, args.data), args.steps)
    found = plain(evaluation.as_dict())
    folder = args.output or (args.model if args.model.is_dir() else args.model.parent)
    written = write_evaluation(evaluation, folder)
    if args.json:
        print_json(found)
        return
    print_table(
        ("steps", "test %", "loss"),
        (
            (row["steps"], 100 * row["accuracy"], row["loss"])
            for row in evaluation.rows()
        ),
    )
    print_table(
        ("layer", "neurons", "spikes/step", "silent %"),
        (
            (
                layer["layer"],
                layer["n_neurons"],
                layer["mean_rate"],
                100 * layer["silent_neurons"],
            )
            for layer in found["layers"]
        ),
    )
    print(evaluation.energy)
    print_item("wrote", str(written))
