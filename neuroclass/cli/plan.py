"""Command ``plan``: how many repeats distinguish two neurons, from simulation."""

from typing import TYPE_CHECKING, Any

from neuroclass._lib.wording import rounded
from neuroclass.cli.options import (
    add_command,
    add_json,
    parse_integers,
    parse_random_state,
    parse_time,
)
from neuroclass.cli.printing import print_item, print_json, print_table

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["add_parser", "run"]


def add_parser(commands: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        commands,
        "plan",
        "[options]",
        "Simulate how many repeats distinguish two neurons. Pairs of "
        "simulated ganglion cells under a flicker, of which one answers a share of it "
        "as another type does, are recorded with so many repeats and tested as "
        "'discriminate' tests them.",
    )
    for name, metavar, default, text in (
        ("rate", "HZ", 2.0, "mean firing rate of the neurons"),
        (
            "difference",
            "FRACTION",
            0.3,
            "share of the response in which the two differ, up to 1 (two types)",
        ),
        ("power", "FRACTION", 0.9, "share of pairs that is to be distinguished"),
    ):
        parser.add_argument(
            f"--{name}",
            metavar=metavar,
            type=float,
            default=default,
            help=f"{text} (default {default:g})",
        )
    parser.add_argument(
        "--repeats",
        metavar="INT,...",
        type=parse_integers,
        default=[5, 10, 20, 50, 100],
        help="numbers of repeats to try (default 5,10,20,50,100)",
    )
    parser.add_argument(
        "--duration",
        metavar="TIME",
        type=parse_time,
        default=10.0,
        help="length of the stimulus (default 10s)",
    )
    parser.add_argument(
        "--bin-size",
        metavar="TIME",
        type=parse_time,
        default=0.02,
        help="time bin width (default 20ms)",
    )
    parser.add_argument(
        "--pairs",
        metavar="INT",
        type=int,
        default=60,
        help="simulated pairs (default 60)",
    )
    parser.add_argument(
        "--random-state",
        metavar="INT",
        type=parse_random_state,
        default=0,
        help="random seed (default 0)",
    )
    add_json(parser)


def run(args: "Namespace") -> None:
    """Run the command."""
    from neuroclass.analysis import plan_repeats  # noqa: PLC0415

    plan = plan_repeats(
        args.rate,
        args.difference,
        repeats=args.repeats,
        duration=args.duration,
        bin_size=args.bin_size,
        power=args.power,
        n_pairs=args.pairs,
        random_state=args.random_state,
    )
    bits = plan.median_information_rate
    if args.json:
        print_json(
            {
                "n_repeats": plan.n_repeats,
                "power": plan.power,
                "rate_hz": plan.rate,
                "difference": plan.difference,
                "duration_seconds": plan.duration,
                "bin_size_seconds": plan.bin_size,
                "n_pairs": plan.n_pairs,
                "median_bits_per_second": bits,
                "median_time_to_90_seconds": plan.median_seconds,
                "random_state": args.random_state,
                "by_repeats": plan.to_frame().to_dict("records"),
            }
        )
        return
    print_item("pairs", f"{plan.headline()}.")
    print_item(
        "difference",
        f"{rounded(bits)} bits/s between the two neurons (median of {plan.n_pairs} "
        f"simulated pairs): {rounded(plan.median_seconds)} s of observation at least "
        "until 90 % correct",
    )
    print_table(
        ("repeats", "minutes", "distinguished", "95 %"),
        [
            (
                f"{repeats}",
                f"{repeats * plan.duration / 60:.1f}",
                f"{100 * share:.0f} %",
                f"{100 * low:.0f} to {100 * high:.0f} %",
            )
            for repeats, share, (low, high) in zip(
                plan.repeats, plan.share, plan.interval, strict=True
            )
        ],
    )
    print_item(
        "note",
        "minutes of stimulus, without pauses. Classes need more than that two neurons "
        "differ: docs/validation.md has types found by repeats",
    )
