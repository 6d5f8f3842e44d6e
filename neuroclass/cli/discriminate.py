"""Command ``discriminate``: discrimination of pairs of neurons, into a folder."""

import json
import math
from argparse import ArgumentTypeError
from typing import TYPE_CHECKING, Any

from neuroclass._lib.wording import between, rounded
from neuroclass.cli.cluster import on_dask
from neuroclass.cli.inputs import (
    check_early,
    check_reference,
    load_several,
    preparation_options,
    result_folder,
)
from neuroclass.cli.options import (
    add_cache,
    add_command,
    add_dask,
    add_figures,
    add_json,
    add_output,
    add_random_state_and_jobs,
    add_recording,
    add_reference,
    add_words,
)
from neuroclass.cli.printing import (
    describe_groups,
    describe_words,
    presentation_notes,
    print_item,
    print_table,
)

if TYPE_CHECKING:
    from argparse import Namespace

    from neuroclass.results import DiscriminationResult

__all__ = ["add_parser", "run"]

_MOST_NAMED = 12  # indistinguishable units that are printed
_MOST_CHARACTERS = 17  # of the two names of a pair, in a table of 80


def add_parser(commands: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        commands,
        "discriminate",
        "RECORDING...",
        "Measure how well every pair of neurons is distinguished: divergence of the "
        "responses, time and spikes to 90 and 95 % correct, and accuracy of a decoder. "
        "Tables and figures go into a folder.",
    )
    add_recording(parser, several=True)
    add_words(parser)
    add_cache(parser)
    pairs = parser.add_argument_group("pairs")
    pairs.add_argument(
        "--pairs",
        metavar="A:B,...",
        type=_parse_pairs,
        help="unit ids of the pairs whose decoder curves are drawn (default: those of "
        "the shortest, median and longest time, and of the least z)",
    )
    add_reference(
        pairs,
        "classes that pairs are within or between, by default those that cluster finds",
    )
    add_random_state_and_jobs(pairs)
    add_dask(pairs)
    output = parser.add_argument_group("output")
    add_output(output, "_pairs", "an existing result folder")
    add_figures(output)
    add_json(output)


_PAIRS = {
    "all": "of all pairs",
    "within": "within classes",
    "between": "between classes",
    "safe": "without the units that drift makes unsafe",
}


def _parse_pairs(text: str) -> list[str]:
    pairs = text.split(",")
    if not all(all(pair.partition(":")) for pair in pairs):
        raise ArgumentTypeError(f"it must be A:B,... of unit ids; got {text!r}")
    return pairs


def run(args: "Namespace") -> None:
    """Run the command."""
    from neuroclass import report  # noqa: PLC0415

    folder = result_folder(args, "_pairs")
    check_early(args)
    report.check_kind(folder, "discriminate")
    check_early(args)
    recordings = load_several(args)
    check_reference(args.reference, recordings)
    from neuroclass.analysis import discriminate_neurons  # noqa: PLC0415

    with on_dask(args.dask):
        discrimination = discriminate_neurons(
            recordings if len(recordings) > 1 else recordings[0],
            pairs=args.pairs,
            reference=args.reference,
            n_jobs=None if args.dask else args.jobs,  # None: all workers
            random_state=args.random_state,
            **preparation_options(args, *recordings),
        )
    report.save_pairs(
        discrimination,
        folder,
        force=args.force,
        command=args.line,
        formats=args.formats,
    )
    result = (folder / "result.json").read_text(encoding="utf-8")
    if args.json:
        print(result, end="")
        return
    _print(json.loads(result), discrimination)
    print_item("wrote", str(folder / "report.html"), str(folder / "pairs.csv"))


def _print(result: dict[str, Any], discrimination: "DiscriminationResult") -> None:
    presentations = result["presentations"]
    print_item("repeats", presentations["reason"], *presentation_notes(result))
    print_item("words", describe_words(result["settings"]))
    print_item(
        "pairs",
        discrimination.headline(),
        f"if no two neurons differed, some {result['n_pairs_by_chance']:.2g} would "
        "pass by chance",
        f"{describe_groups(result['n_distinguishable'])}, at a false discovery rate of "
        "5 %",
    )
    print_item("drift", *result["drift"]["summary"])
    for name, median in result["median_time_to_accuracy"].items():
        if name == "all" or 0 < median["n_pairs"] < result["n_pairs"]:
            label = "observation time" if name == "all" else ""
            print_item(label, _median_text(_PAIRS[name], median))
    print_item("classes", _classes_text(result["classes"]))
    indistinguishable = result["indistinguishable"]
    if indistinguishable:
        listed = ", ".join(
            f"{one['unit_id']} (from {', '.join(map(str, one['from'][:3]))}"
            + (", ..." if len(one["from"]) > 3 else "")
            + ")"
            for one in indistinguishable[:_MOST_NAMED]
        )
        more = len(indistinguishable) - _MOST_NAMED
        print_item(
            "indistinguishable",
            f"with these repeats: {listed}"
            + (f" and {more} more: see pairs.csv" if more > 0 else ""),
        )
    duplicates = result["possible_duplicates"]
    if duplicates:
        listed = ", ".join(
            f"{one['unit_a']} and {one['unit_b']} "
            f"({100 * one['coincident_share']:.0f} %)"
            for one in duplicates[:_MOST_NAMED]
        )
        print_item(
            "duplicate units",
            "possible, of pairs that share most of their spikes, within 1 ms: "
            f"{listed}",
        )
    _print_curves(discrimination)


def _print_curves(discrimination: "DiscriminationResult") -> None:
    """Print two tables of the pairs with decoder curves."""
    pairs, unit_ids = discrimination.divergences, discrimination.unit_ids
    names, rates, times = [], [], []
    for curve in discrimination.curves:
        low, high = sorted((curve.first, curve.second))
        (k,) = ((pairs.first == low) & (pairs.second == high)).nonzero()[0]
        seconds, interval = (
            discrimination.time_to_accuracy(0.9)[k],
            discrimination.time_to_accuracy_interval(0.9)[k],
        )
        beyond = "*" if discrimination.is_extrapolated(0.9)[k] else ""
        names.append(f"{unit_ids[curve.first]} - {unit_ids[curve.second]}")
        rates.append(
            (
                float(discrimination.information_rate[k]),
                between(*discrimination.information_rate_interval[k]) or None,
                float(pairs.z[k]),
                float(discrimination.spikes_to_accuracy(0.9)[k]),
                float(discrimination.spikes_to_accuracy(0.95)[k]),
            )
        )
        times.append(
            (
                f"{rounded(seconds)}{beyond}" if math.isfinite(seconds) else None,
                between(*interval) or None,
                float(discrimination.time_to_accuracy(0.95)[k]),
                curve.time_to(0.9),
                curve.time_to(0.95),
            )
        )
    is_long = max(map(len, names), default=0) > _MOST_CHARACTERS
    first = [str(k) for k in range(1, len(names) + 1)] if is_long else names
    print_table(
        ("pair", "bits/s", "95 % interval", "z", "spikes to 90 %", "to 95 %"),
        ((name, *row) for name, row in zip(first, rates, strict=True)),
        is_last=False,
    )
    print_table(
        ("pair", "s to 90 %", "95 % interval", "to 95 %", "decoder s", "to 95 %"),
        ((name, *row) for name, row in zip(first, times, strict=True)),
    )
    if is_long:
        for number, name in zip(first, names, strict=True):
            print_item(f"pair {number}", name)
        print()
    if any(row[0] and row[0].endswith("*") for row in times):
        print("* longer than the stimulus: an extrapolation\n")


def _median_text(pairs: str, median: dict[str, Any]) -> str:
    n = f"{median['n_distinguishable']} of {median['n_pairs']} distinguishable"
    if median["time_to_90_seconds"] is None:
        return f"{pairs}: {n}, no median"

    def time_text(percent: int) -> str:
        ends = between(*median[f"time_to_{percent}_seconds_interval"])
        value = rounded(median[f"time_to_{percent}_seconds"])
        return f"{value} s" + (f" ({ends})" if ends else "")

    return (
        f"{pairs}: median {time_text(90)} to 90 % correct, {time_text(95)} to 95 %; {n}"
    )


def _classes_text(classes: dict[str, Any]) -> str:
    number = len(classes["names"])
    plural = "class" if number == 1 else "classes"
    if classes["from"] == "found here" and number == 1:
        return "1 class, found here; give others with --reference"
    return f"{number} {plural}, {classes['from']}"
