"""Command ``assign``: cells into classes of an earlier result, or known types."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroclass.cli.inputs import (
    check_is_free,
    check_reference,
    load,
    presentation_options,
    units_by_column,
)
from neuroclass.cli.options import (
    add_command,
    add_json,
    add_output,
    add_recording,
    parse_unit_values,
)
from neuroclass.cli.printing import print_item, print_table

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["add_parser", "run"]

_MOST_CONFUSED = 8


def add_parser(commands: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        commands,
        "assign",
        "RECORDING",
        "Put the cells of a recording into the classes of an earlier result under the "
        "same stimulus, or measure how far known types can be read from the responses. "
        "A table goes into a folder.",
    )
    add_recording(parser)
    classes = parser.add_argument_group("classes")
    classes.add_argument(
        "--model",
        metavar="FOLDER",
        type=Path,
        help="result folder of cluster, or of assign --types, of another recording",
    )
    classes.add_argument(
        "--types",
        metavar="PATH|COLUMN",
        help="known types of the cells: a units column or a labels.csv. Without "
        "--model each cell is read from the types of all others, and the types become "
        "a model; with it they are compared with the classes",
    )
    classes.add_argument(
        "--min-confidence",
        metavar="FRACTION",
        type=float,
        default=0.0,
        help="put cells into none whose confidence is below (default %(default)g)",
    )
    classes.add_argument(
        "--units",
        metavar="COLUMN=VALUE,...",
        type=parse_unit_values,
        action="append",
        default=[],
        help="take only units with these values; again for another column",
    )
    output = parser.add_argument_group("output")
    add_output(output, "_assigned or _types", "an existing result folder")
    add_json(output)


def run(args: "Namespace") -> None:
    """Run the command."""
    from neuroclass.analysis import assign_cells, read_types  # noqa: PLC0415
    from neuroclass.report import check_kind, save_assignment  # noqa: PLC0415
    from neuroclass.results import read_class_model  # noqa: PLC0415

    if args.model is None and args.types is None:
        raise ValueError(
            "assign must be given --model FOLDER, --types COLUMN, or both; got neither."
        )
    model = None
    if args.model is not None:
        try:
            model = read_class_model(args.model)
        except FileNotFoundError as error:  # wrong usage
            raise ValueError(f"--{error}") from error
    suffix = "_types" if model is None else "_assigned"
    folder = args.output or Path(f"{Path(args.recording).stem}{suffix}")
    check_is_free(folder, args.force)
    check_kind(folder, "assign")
    recording = load(args)
    check_reference(args.types, [recording], argument="types")
    options: dict[str, Any] = {
        **presentation_options(args),
        "units": units_by_column(args, recording),
        "progress": not args.quiet,
    }
    found: Any
    if model is None:
        found = read_types(recording, args.types, **options)
    else:
        found = assign_cells(
            recording,
            model,
            min_confidence=args.min_confidence,
            types=args.types,
            **options,
        )
    save_assignment(found, folder, force=args.force, command=args.line)
    text = (folder / "assignment.json").read_text(encoding="utf-8")
    if args.json:
        print(text, end="")
        return
    _print_assignment(json.loads(text))
    print_item("wrote", str(folder))


def _print_assignment(result: dict[str, Any]) -> None:
    """Print the main results of assignment.json."""
    model = result["model"]
    print_item(
        "model",
        f"{len(model['class_names'])} classes of {model['n_neurons']} neurons of "
        f"{model['recording']}, bins of {1e3 * model['bin_size_seconds']:g} ms",
    )
    print_item("cells", result["headline"])
    for reason, n_units in result["none"].items():
        print_item("", f"{n_units} {reason}")
    reading = result["reading"]
    if reading is not None:
        if result["min_confidence"] is not None:
            print_item(
                "types",
                f"{100 * reading['accuracy']:.0f} % of {reading['n_cells']} cells in a "
                "class are in that of their type (mean over types "
                f"{100 * reading['balanced_accuracy']:.0f} %, by chance "
                f"{100 * reading['chance']:.0f} %)",
            )
        names = [
            f"{own} as {other}: {n} ({100 * share:.0f} %)"
            for own, other, n, share in reading["confused"][:_MOST_CONFUSED]
        ]
        is_by_name = set(reading["types"]) & set(reading["class_names"])
        if is_by_name:
            print_item("confused", "; ".join(names) or "no two types")
    print_table(
        ("class", "cells", "confidence"),
        (
            (
                one["name"],
                one["n_units"],
                "-" if one["confidence"] is None else f"{one['confidence']:.2f}",
            )
            for one in result["classes"]
        ),
    )
