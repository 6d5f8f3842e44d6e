"""Scan of information rates over bin widths and word lengths, for ``--scan``."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroclass._lib.wording import estimate
from neuroclass.cli.inputs import (
    check_is_free,
    claim_target,
    load,
    preparation_options,
)
from neuroclass.cli.printing import print_item, print_json, print_table

if TYPE_CHECKING:
    from argparse import Namespace

    from neuroclass.information import Extrapolation, WordRate
    from neuroclass.results import InformationScan

__all__ = ["add_options", "check_options", "run"]


def add_options(parser: Any) -> None:
    """Add the options of a scan."""
    scan = parser.add_argument_group("scan")
    scan.add_argument(
        "--scan",
        action="store_true",
        help="instead: rates of identity and stimulus information of words of 1 to 8 "
        "bins of 5, 10, 20 and 50 ms (or of --bin-size), and the limit of infinitely "
        "long words",
    )
    scan.add_argument(
        "-o",
        "--output",
        metavar="PATH",
        type=Path,
        help="figure of the scan (.png or .svg)",
    )
    scan.add_argument("--force", action="store_true", help="replace an existing figure")


def check_options(args: "Namespace") -> None:
    """Refuse options of a scan without --scan, and --word-length with it."""
    if not args.scan and args.output:
        raise ValueError(f"--output must come with --scan; got {str(args.output)!r}.")
    if args.scan and args.word_length != 1:
        raise ValueError(
            f"--word-length must be left out with --scan, which tries several; got "
            f"{args.word_length}."
        )
    if args.output:
        if args.output.suffix.lower() not in (".png", ".svg"):
            raise ValueError(
                f"--output must end in .png or .svg; got {args.output.name!r}."
            )
        if args.output.is_dir():
            raise ValueError(f"--output must be a file; {args.output} is a folder.")
        check_is_free(args.output, args.force)
        claim_target(args, args.output)


def run(args: "Namespace") -> None:
    """Measure, print and draw a scan."""
    from neuroclass.analysis import BIN_SIZES, scan_information  # noqa: PLC0415
    from neuroclass.report import describe_scan  # noqa: PLC0415

    recording = load(args)
    options = preparation_options(args, recording)
    del options["bin_size"], options["word_length"]
    measured = scan_information(
        recording,
        estimator=args.estimator,
        bin_sizes=BIN_SIZES if args.bin_size == "auto" else (args.bin_size,),
        **options,
    )
    if args.output:
        from neuroclass.plotting import write_scan  # noqa: PLC0415

        write_scan(measured, args.output)
    if args.json:
        print_json(describe_scan(measured, args.recording, args.response))
        return
    presentations = measured.presentations
    print_item("repeats", presentations.reason, *presentations.notes)
    _print_rates(measured)
    if args.output:
        print_item("wrote", str(args.output))


def _print_rates(scan: "InformationScan") -> None:
    correction = (
        "not corrected for few repeats"
        if scan.estimator == "plug-in"
        else f"corrected for few repeats by {scan.estimator}"
    )
    if scan.estimator == "empirical-bayes":
        correction += ", the estimate with the least bias"
    print_item(
        "neuron identity",
        f"identity information of {scan.n_units} units, in bits/s, {correction}; over "
        "chance: plug-in less chance level",
    )
    header = ["bin", "bins", "words", "identity", "95 %", "over chance"]
    if scan.extrapolations:
        print_item(
            "stimulus",
            "information of a word of a known unit about the condition, in bits/s, "
            f"mean of units, {correction}",
        )
        header += ["stimulus", "95 %"]
    print_item(
        "unreliable",
        "r: too few repeats, corrections differ by more than a tenth; s: saturated, "
        "more than a tenth of the entropy of the neuron or condition",
    )
    rows = []
    for word in scan.words:
        row = [f"{1e3 * word.bin_size:g} ms", word.word_length, word.n_words]
        row += [*_cells(word.identity), word.above_chance]
        # Words as long as the presentation leave one condition: no information.
        row += _cells(word.stimulus) if word.stimulus else ["-", "-"]
        rows.append(row[: len(header)])
    print_table(header, rows)
    for issue in scan.issues:
        if issue.kind != "presentations":
            print_item("issue", issue.text)
    limits = [
        f"{1e3 * limit.bin_size:g} ms: {_value(limit)}{limit.reason}"
        for limit in scan.extrapolations
    ]
    if limits:
        print_item("infinite words", *limits)


def _cells(rate: "WordRate") -> list[Any]:
    low, high = rate.interval
    mark = {"good": "  ", "few repeats": " r", "saturated": " s"}[rate.verdict]
    value, ends = estimate(rate.bits_per_second, low, high)
    return [f"{value}{mark}", ends]


def _value(limit: "Extrapolation") -> str:
    if math.isnan(limit.bits_per_second):
        return ""
    value, ends = estimate(limit.bits_per_second, *limit.interval)
    return f"{value} bits/s per unit (95 % interval {ends}), "
