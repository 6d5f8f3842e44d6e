"""Command ``information``: identity information per word, second and spike."""

from typing import TYPE_CHECKING, Any

from neuroclass._lib.wording import estimate
from neuroclass.cli import scan
from neuroclass.cli.inputs import check_cache, check_early, load, preparation_options
from neuroclass.cli.options import (
    IDENTITY_ESTIMATORS,
    add_cache,
    add_command,
    add_json,
    add_recording,
    add_words,
)
from neuroclass.cli.printing import (
    describe_drifting,
    describe_information,
    describe_words,
    print_item,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["add_parser", "run"]


def add_parser(commands: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        commands,
        "information",
        "RECORDING",
        "Measure the identity information of the responses. It is the mutual "
        "information between a word and the neuron that emitted it, in bits per word, "
        "per second and per spike, of the population and of each neuron.",
    )
    add_recording(parser)
    add_words(parser, IDENTITY_ESTIMATORS, default="empirical-bayes")
    add_cache(parser)
    scan.add_options(parser)
    add_json(parser)


def run(args: "Namespace") -> None:
    """Run the command."""
    check_cache(args.cache)
    scan.check_options(args)
    check_early(args)
    if args.scan:
        scan.run(args)
        return
    from neuroclass.analysis import measure_information  # noqa: PLC0415
    from neuroclass.report import describe_recording_information  # noqa: PLC0415

    recording = load(args)
    measured = measure_information(
        recording, estimator=args.estimator, **preparation_options(args, recording)
    )
    result = describe_recording_information(measured, args.recording)
    if args.json:
        print_json(result)
        return
    print_item("repeats", result["presentations"], *measured.presentations.notes)
    print_item("words", describe_words(result["settings"]))
    print_item("neuron identity", *describe_information(result["information"]))
    print_item("drift", *describe_drifting(result["drift"]))
    table = measured.to_frame()
    low, high = table["information_low_bits"], table["information_high_bits"]
    print_table(
        ("unit", "Hz", "bits/word", "95 %", "bits/s", "bits/spike"),
        zip(
            table["unit_id"],
            table["firing_rate_hz"],
            *zip(
                *map(estimate, table["information_bits"], low, high),
                strict=True,
            ),
            table["bits_per_second"],
            table["bits_per_spike"],
            strict=True,
        ),
    )
