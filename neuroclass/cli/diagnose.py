"""The command ``diagnose``: how near a network's stages are to their limits."""

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
        "diagnose",
        "FOLDER",
        "Measure how near a network is to its limits: the distance of its rates from "
        "the equilibrium against the time steps, and error and cosine of the spiking "
        "gradient against the exact one against the backward steps, by layer and reset."
        " Writes diagnosis.json, .csv and .png into FOLDER. Needs the extra snn "
        "(PyTorch).",
    )
    parser.add_argument(
        "model", metavar="FOLDER", type=Path, help="the folder that 'train' wrote"
    )
    parser.add_argument(
        "--data", metavar="PATH", type=Path, help="files of the dataset, as for 'train'"
    )
    parser.add_argument(
        "--images",
        metavar="INT",
        type=int,
        default=64,
        help="test images to take (default 64)",
    )
    parser.add_argument(
        "--steps",
        metavar="INT,...",
        type=parse_integers,
        default=[5, 10, 20, 50, 100, 200],
        help="numbers of time steps (default 5,10,20,50,100,200)",
    )
    parser.add_argument(
        "--backward-steps",
        metavar="INT,...",
        type=parse_integers,
        default=[10, 25, 50, 100, 250, 500],
        help="numbers of backward steps (default 10,25,50,100,250,500)",
    )
    parser.add_argument(
        "-o", "--output", metavar="DIR", type=Path, help="default FOLDER"
    )
    add_json(parser)


def run(args: "Namespace") -> None:
    """Run the command."""
    from neuroclass._lib.checks import check_positive_int  # noqa: PLC0415
    from neuroclass.snn import (  # noqa: PLC0415
        dataset_of,
        diagnose,
        example_batch,
        load_checkpoint,
        load_model,
        write_diagnosis,
    )

    check_positive_int(args.images, "images")
    model = load_model(args.model)
    x, labels = example_batch(dataset_of(args.model, args.data), args.images)
    # The mean over fewer images than a batch of the training has larger errors.
    settings = load_checkpoint(args.model).settings
    share = len(labels) / settings.get("batch_size", len(labels))
    rule = model.network.rule
    found = diagnose(
        model,
        x,
        labels,
        steps=args.steps,
        backward_steps=args.backward_steps,
        scale=rule.scale * share if rule.name == "spide" else None,
    )
    folder = args.output or (args.model if args.model.is_dir() else args.model.parent)
    written = write_diagnosis(found, folder)
    if args.json:
        print_json(plain(found.as_dict()))
        return
    if found.note:
        print_item("equilibrium", found.note)
    else:
        n_layers = len(found.distances[0])
        print_table(
            ("steps", *(f"distance, layer {k}" for k in range(n_layers))),
            (
                (n, *values)
                for n, values in zip(found.steps, found.distances, strict=True)
            ),
        )
    for reset, table in found.errors.items():
        print_item("reset", f"{reset}; errors times {found.scale:g}")
        cosines = found.cosines[reset]
        print_table(
            (
                "backward steps",
                *(
                    f"{name}, layer {k}"
                    for name in ("error", "cosine")
                    for k in range(len(table[0]))
                ),
            ),
            (
                (n, *errors, *cosine)
                for n, errors, cosine in zip(
                    found.backward_steps, table, cosines, strict=True
                )
            ),
        )
    print_item("wrote", str(written))
