"""Command ``describe``: what the classes of a recording respond to."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroclass._lib.wording import rounded
from neuroclass.cli.inputs import (
    check_cache,
    check_is_free,
    check_reference,
    check_stimulus_file,
    load_several,
    preparation_options,
)
from neuroclass.cli.options import (
    add_cache,
    add_command,
    add_json,
    add_light,
    add_recording,
    add_reference,
    add_words,
    parse_random_state,
)
from neuroclass.cli.printing import print_item, print_json, print_table

if TYPE_CHECKING:
    from argparse import Namespace

    from neuroclass.results import ResponseDescription

__all__ = ["add_parser", "run"]


def add_parser(commands: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        commands,
        "describe",
        "RECORDING...",
        "Describe what classes respond to: light steps, flicker, direction; how "
        "reliably, and whether refractory periods hold. No class is made with it.",
    )
    add_recording(parser, several=True)
    add_words(parser)
    add_cache(parser)
    stimulus = parser.add_argument_group("stimulus and classes")
    add_reference(stimulus, "the classes, by default those that cluster finds")
    add_light(stimulus)
    stimulus.add_argument(
        "--random-state",
        metavar="INT",
        type=parse_random_state,
        default=0,
        help="random seed (default 0)",
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "-o",
        "--output",
        metavar="FILE.csv",
        type=Path,
        help="also a table with one row per unit",
    )
    output.add_argument("--force", action="store_true", help="replace FILE.csv")
    add_json(output)


def run(args: "Namespace") -> None:
    """Run the command."""
    from neuroclass.analysis import describe_classes  # noqa: PLC0415
    from neuroclass.report import (  # noqa: PLC0415
        describe_responses,
        write_descriptions_csv,
    )

    if args.output:
        if args.output.suffix.lower() != ".csv":
            raise ValueError(f"--output must end in .csv; got {args.output.name!r}.")
        check_is_free(args.output, args.force)
    check_cache(args.cache)
    check_stimulus_file(args)
    recordings = load_several(args)
    check_reference(args.reference, recordings)
    described = describe_classes(
        recordings if len(recordings) > 1 else recordings[0],
        reference=args.reference,
        light_on=args.light_on,
        stimulus_file=args.stimulus_file,
        random_state=args.random_state,
        **preparation_options(args, *recordings),
    )
    if args.output:
        write_descriptions_csv(described, args.output)
    if args.json:
        print_json(describe_responses(described, args.recording))
        return
    _print(described)
    if args.output:
        print_item("wrote", str(args.output))


def _print(described: "ResponseDescription") -> None:
    presentations = described.presentations
    print_item("repeats", presentations.reason, *presentations.notes)
    print_item("classes", f"{len(described.classes)}, {described.classes_from}")
    if described.steps is None and described.average is None:
        print_item(
            "stimulus",
            "unknown: --light-on START-STOP or --stimulus-file FILE give polarity, "
            "latency and transience",
        )
    for issue in described.issues:
        if issue.kind in ("angles", "correlated stimulus"):
            print_item("issue", issue.text)
    classes = described.class_frame()
    print_table(
        ("class", "units", "Hz", "reliability", "violations"),
        (
            (
                row["class"],
                row["n_units"],
                row["firing_rate_hz"],
                rounded(row["reliability"], 2),
                f"{100 * row['refractory_violations']:.2g} %",
            )
            for row in classes.to_dict("records")
        ),
    )
    print_item(
        "responses",
        *(
            f"{name}: {text}"
            for name, text in zip(classes["class"], classes["description"], strict=True)
            if text
        ),
    )
    print_item(
        "columns",
        "medians of units; reliability: variance of the mean response over the mean of "
        "the variances, 1 if all repeats are the same; violations: intervals below "
        "1.5 ms",
    )
