"""Functional classes of the neurons of a recording, into a result folder."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroclass.cli.inputs import (
    check_is_free,
    check_place,
    load,
    presentation_options,
    wanted_units,
)
from neuroclass.cli.options import (
    ESTIMATORS,
    a_number_of_jobs,
    a_seed,
    add_command,
    add_json,
    add_recording,
    add_words,
    an_integer_or_auto,
)
from neuroclass.cli.printing import print_item, print_result

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["add_parser", "run"]

LABEL_COLUMN = "neuroclass_label"


def add_parser(commands: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        commands,
        "cluster",
        "RECORDING",
        "Find the functional classes of the neurons of a recording. Labels, figures "
        "and a report go into a folder.",
    )
    add_recording(parser)
    add_words(parser, ESTIMATORS, default="miller-madow")
    classes = parser.add_argument_group("classes")
    number = classes.add_mutually_exclusive_group()
    number.add_argument(
        "--n-clusters",
        metavar="auto|INT",
        type=an_integer_or_auto,
        default="auto",
        help="number of classes (default auto)",
    )
    number.add_argument(
        "--max-information-loss",
        metavar="FRACTION",
        type=float,
        help="the fewest classes that lose at most this part of the information",
    )
    classes.add_argument(
        "--reference",
        metavar="PATH|COLUMN",
        help="compare with another labelling of the same units: a labels.csv, a result "
        "folder, or a units column of the recording",
    )
    classes.add_argument(
        "--seed", metavar="INT", type=a_seed, default=0, help="random seed (default 0)"
    )
    classes.add_argument(
        "--jobs",
        metavar="INT",
        type=a_number_of_jobs,
        default=1,
        help="processes, -1 for all cores (default 1); the result is the same",
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        type=Path,
        help="the result folder (default: the name of RECORDING with _classes)",
    )
    nwb = output.add_mutually_exclusive_group()
    nwb.add_argument(
        "--save-nwb",
        metavar="PATH",
        type=Path,
        help=f"also copy the NWB file to PATH, with a units column {LABEL_COLUMN}",
    )
    nwb.add_argument(
        "--in-place",
        action="store_true",
        help="also add that column to RECORDING itself, after a backup copy",
    )
    output.add_argument(
        "--force",
        action="store_true",
        help="replace an existing result folder, NWB file or column",
    )
    add_json(output)


def run(args: "Namespace") -> None:
    """Carry the command out."""
    from neuroclass.agreement import read_reference  # noqa: PLC0415
    from neuroclass.classification import classify_neurons  # noqa: PLC0415
    from neuroclass.io import check_can_label, write_labels  # noqa: PLC0415
    from neuroclass.report import save_results  # noqa: PLC0415

    folder = args.output or Path(f"{Path(args.recording).stem}_classes")
    if folder.is_file():
        raise ValueError(f"{folder} must be a folder; it is a file. Choose another.")
    check_is_free(folder, args.force)
    target = {
        "output": args.save_nwb,
        "in_place": args.in_place,
        "force": args.force,
    }
    if args.save_nwb or args.in_place:
        labelled = check_can_label(args.recording, [LABEL_COLUMN], **target)
        if labelled.resolve() == folder.resolve():
            raise ValueError(
                f"--save-nwb must not be the result folder; got {labelled} for both."
            )
        check_place(labelled)
    recording = load(args)
    if args.reference:
        try:
            read_reference(args.reference, recording)
        except FileNotFoundError as error:  # wrong usage, where a recording is data
            raise ValueError(f"--{error}") from error
    classification = classify_neurons(
        recording,
        n_clusters=args.n_clusters,
        max_information_loss=args.max_information_loss,
        **presentation_options(args),
        bin_size=args.bin_size,
        word_length=args.word_length,
        response=args.response,
        estimator=args.estimator,
        units=wanted_units(args, recording),
        reference=args.reference,
        n_jobs=args.jobs,
        random_state=args.seed,
        progress=not args.quiet,
    )
    save_results(classification, folder, force=args.force, command=args.line)
    if args.save_nwb or args.in_place:
        write_labels(
            args.recording,
            {LABEL_COLUMN: classification.labels.tolist()},
            **target,
        )
    result = (folder / "result.json").read_text(encoding="utf-8")
    if args.json:
        print(result, end="")
        return
    print_result(json.loads(result))
    print_item("wrote", str(folder / "report.html"))
    if args.save_nwb or args.in_place:
        print_item("", str(labelled))
