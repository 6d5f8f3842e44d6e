"""Command ``simulate``: a retina with known cell types, as NWB."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroclass.cli.inputs import check_is_free, claim_target
from neuroclass.cli.options import (
    add_command,
    add_json,
    parse_at_least_two,
    parse_random_state,
    parse_time,
)
from neuroclass.cli.printing import print_item, print_json, print_table

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["add_parser", "run"]

_TYPES, _NEURONS = 6, 100

_SPREADS = (
    (
        "diversity",
        "FRACTION",
        0.5,
        "differences between cells of one type, from 0 to 1",
    ),
    (
        "rate-spread",
        "FLOAT",
        0.9,
        "standard deviation of the log of the cells' own factors of the firing rate",
    ),
    (
        "sparse-share",
        "FRACTION",
        0.1,
        "share of the cells that fire a few spikes at random instead of responding",
    ),
    (
        "drift",
        "FLOAT",
        0.0,
        "drift of the gains: standard deviation, over cells, of the log of their "
        "change over the recording",
    ),
    ("bursts", "FLOAT", 0.0, "mean number of spikes that follow each one in a burst"),
    (
        "gain-noise",
        "FLOAT",
        0.0,
        "standard deviation of the log of a cell's gain over presentations",
    ),
    ("shared-gain-noise", "FLOAT", 0.0, "the same of a gain that all cells share"),
)


def add_parser(commands: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        commands,
        "simulate",
        "OUT.nwb",
        "Write a simulated retina with known cell types: repeats of a full-field "
        "flicker between segments that are not repeated. The true type is the units "
        "column true_type, which 'cluster' compares with only under --reference "
        "true_type; is_sparse names the units that do not respond. --rate-spread 0 "
        "--sparse-share 0: cells that fire alike.",
    )
    parser.add_argument("output", metavar="OUT.nwb", type=Path, help="file to write")
    for name, kind, default, text in (
        ("types", int, _TYPES, "cell types, at most 9"),
        ("neurons", parse_at_least_two, _NEURONS, "neurons, at least one of each type"),
        ("repeats", int, 50, "repeats"),
        ("random-state", parse_random_state, 0, "random seed"),
    ):
        parser.add_argument(
            f"--{name}",
            metavar="INT",
            type=kind,
            default=default,
            help=f"{text} (default {default})",
        )
    parser.add_argument(
        "--salamander",
        action="store_true",
        help="21 cells of a salamander retina, of five types and seven subtypes (units "
        "column true_subtype), instead of --types and --neurons",
    )
    parser.add_argument(
        "--duration",
        metavar="TIME",
        type=parse_time,
        default=20.0,
        help="length of one repeat (default 20s)",
    )
    for name, metavar, spread, text in _SPREADS:
        parser.add_argument(
            f"--{name}",
            metavar=metavar,
            type=float,
            default=spread,
            help=f"{text} (default {spread:g})",
        )
    parser.add_argument(
        "--stimulus-random-state",
        metavar="INT",
        type=parse_random_state,
        help="random seed of the light alone, for several retinas under the same light "
        "(default: drawn with --random-state)",
    )
    parser.add_argument(
        "--positions",
        action="store_true",
        help="give the units the columns x_um, y_um and radius_um of receptive fields, "
        "the cells of each type a mosaic, for cluster --positions "
        "x_um,y_um,radius_um",
    )
    parser.add_argument("--force", action="store_true", help="replace OUT.nwb")
    add_json(parser)


def run(args: "Namespace") -> None:
    """Run the command."""
    from neuroclass.io import write_recording  # noqa: PLC0415
    from neuroclass.simulation import (  # noqa: PLC0415
        simulate_retina,
        simulate_salamander,
    )

    if args.output.suffix != ".nwb":
        raise ValueError(f"OUT.nwb must end in .nwb; got {args.output}.")
    if args.neurons < args.types:
        raise ValueError(
            f"--neurons must be at least the number of types ({args.types}); got "
            f"{args.neurons}. Ask for more neurons or fewer --types."
        )
    population = {
        "n_types": args.types,
        "n_neurons": args.neurons,
        "diversity": args.diversity,
        "rate_spread": args.rate_spread,
        "sparse_share": args.sparse_share,
    }
    defaults = (_TYPES, _NEURONS, *(spread[2] for spread in _SPREADS[:3]))
    if args.salamander:
        for (name, value), default in zip(population.items(), defaults, strict=True):
            if value != default:
                option = name.removeprefix("n_").replace("_", "-")
                raise ValueError(
                    f"--{option} has no meaning with --salamander; got {value}. Leave "
                    "one of them out."
                )
    check_is_free(args.output, args.force)
    claim_target(args, args.output)
    settings = {
        "n_presentations": args.repeats,
        "duration": args.duration,
        "stimulus_random_state": args.stimulus_random_state,
        "random_state": args.random_state,
        "drift": args.drift,
        "bursts": args.bursts,
        "gain_noise": args.gain_noise,
        "shared_gain_noise": args.shared_gain_noise,
        "positions": args.positions,
    }
    recording = (
        simulate_salamander(**settings)
        if args.salamander
        else simulate_retina(**population, **settings)
    )
    write_recording(recording, args.output)
    trains = recording.segments[0].spiketrains
    types = Counter(train.annotations["true_type"] for train in trains)
    n_sparse = sum(train.annotations["is_sparse"] for train in trains)
    if args.json:
        print_json(
            {"recording": str(args.output), "types": types, "n_sparse": n_sparse}
        )
        return
    print_table(("type", "neurons"), sorted(types.items()))
    print_item("sparse", f"{n_sparse} of these fire a few spikes at random")
    print_item("wrote", str(args.output))
