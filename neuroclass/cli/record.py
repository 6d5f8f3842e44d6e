"""Command ``record``: spikes of a trained network, as NWB."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroclass.cli.inputs import check_is_free, claim_target
from neuroclass.cli.options import add_command, add_json, parse_integers, parse_time
from neuroclass.cli.printing import print_item, print_json

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["add_parser", "run"]


def add_parser(commands: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        commands,
        "record",
        "MODEL",
        "Present images to a trained network many times and write its spikes as NWB, "
        "to be classified by 'cluster'. Needs the extra snn (PyTorch).",
    )
    parser.add_argument(
        "model",
        metavar="MODEL",
        type=Path,
        help="the folder that 'train' wrote, or the model in it",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT.nwb",
        type=Path,
        required=True,
        help="file to write",
    )
    parser.add_argument(
        "--data", metavar="PATH", type=Path, help="files of the dataset, as for 'train'"
    )
    parser.add_argument(
        "--images",
        metavar="INT",
        type=int,
        default=10,
        help="test images to present, the same number of every class (default 10); "
        "at least two of each for --condition label",
    )
    parser.add_argument(
        "--repeats",
        metavar="INT",
        type=int,
        default=50,
        help="presentations of each image (default 50)",
    )
    parser.add_argument(
        "--condition",
        choices=("image", "label"),
        default="image",
        help="what is a repeat: the same image (default), or another image of the "
        "same class, which measures another quantity",
    )
    parser.add_argument(
        "--encoding",
        choices=("poisson", "bernoulli", "constant"),
        default="poisson",
        help="how pixels become currents at each step (default poisson)",
    )
    parser.add_argument(
        "--noise",
        metavar="FLOAT",
        type=float,
        default=0.0,
        help="standard deviation of noise on the potentials (default 0)",
    )
    parser.add_argument(
        "--layers",
        metavar="INT,...",
        type=parse_integers,
        help="layers to record, from 0 (default all)",
    )
    parser.add_argument(
        "--units", metavar="INT", type=int, help="neurons per layer, drawn at random"
    )
    parser.add_argument(
        "--step",
        metavar="TIME",
        type=parse_time,
        default=0.001,
        help="duration of a time step (default 1ms)",
    )
    parser.add_argument(
        "--random-state",
        metavar="INT",
        type=int,
        default=0,
        help="random seed (default 0)",
    )
    parser.add_argument("--force", action="store_true", help="replace OUT.nwb")
    add_json(parser)


def run(args: "Namespace") -> None:
    """Run the command."""
    from neuroclass.io import write_recording  # noqa: PLC0415
    from neuroclass.snn import (  # noqa: PLC0415
        Encoding,
        NeuronChoice,
        record_model,
    )

    if args.output.suffix != ".nwb":
        raise ValueError(f"OUT.nwb must end in .nwb; got {args.output}.")
    check_is_free(args.output, args.force)
    claim_target(args, args.output)
    recording = record_model(
        args.model,
        args.repeats,
        path=args.data,
        n_images=args.images,
        condition=args.condition,
        encoding=Encoding(args.encoding, args.noise, args.step),
        neurons=NeuronChoice(args.layers, args.units),
        random_state=args.random_state,
    )
    write_recording(recording, args.output)
    trains = recording.segments[0].spiketrains
    summary = {
        "recording": str(args.output),
        "neurons": len(trains),
        "presentations": len(recording.segments[0].epochs[0]),
        "spikes": sum(len(train) for train in trains),
        **recording.annotations,
    }
    if args.json:
        print_json(summary)
        return
    print_item("neurons", f"{summary['neurons']}, {summary['spikes']} spikes")
    print_item(
        "presentations",
        f"{summary['presentations']}, repeats of {summary['repeats_of']}",
        f"input: {summary['encoding']}",
    )
    print_item("wrote", str(args.output))
