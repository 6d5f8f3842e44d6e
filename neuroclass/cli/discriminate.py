"""Discrimination of every pair of neurons, into a result folder."""

import json
import math
from argparse import ArgumentTypeError
from typing import TYPE_CHECKING, Any

from neuroclass._lib.wording import between, rounded
from neuroclass.cli.inputs import (
    check_reference,
    load_several,
    preparation_options,
    result_folder,
)
from neuroclass.cli.options import (
    add_cache,
    add_command,
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
        type=_pairs,
        help="unit ids of the pairs whose decoder curves are drawn (default: those of "
        "the shortest, median and longest time, and of the least z)",
    )
    add_reference(
        pairs,
        "the classes that pairs are within or between, by default those that cluster "
        "would find",
    )
    add_random_state_and_jobs(pairs)
    output = parser.add_argument_group("output")
    add_output(output, "_pairs", "an existing result folder")
    add_json(output)


_WHERE = {
    "all": "of all pairs",
    "within": "within classes",
    "between": "between classes",
    "safe": "without the units that drift makes unsafe",
}


def _pairs(text: str) -> list[str]:
    pairs = text.split(",")
    if not all(all(pair.partition(":")) for pair in pairs):
        raise ArgumentTypeError(f"it must be A:B,... of unit ids; got {text!r}")
    return pairs


def run(args: "Namespace") -> None:
    """Carry the command out."""
    from neuroclass.analysis import discriminate_neurons  # noqa: PLC0415
    from neuroclass.report import check_kind, save_pairs  # noqa: PLC0415

    folder = result_folder(args, "_pairs")
    check_kind(folder, "discriminate")
    recordings = load_several(args)
    check_reference(args.reference, recordings)
    found = discriminate_neurons(
        recordings if len(recordings) > 1 else recordings[0],
        pairs=args.pairs,
        reference=args.reference,
        n_jobs=args.jobs,
        random_state=args.random_state,
        **preparation_options(args, *recordings),
    )
    save_pairs(found, folder, force=args.force, command=args.line)
    result = (folder / "result.json").read_text(encoding="utf-8")
    if args.json:
        print(result, end="")
        return
    _print(json.loads(result), found)
    print_item("wrote", str(folder / "report.html"), str(folder / "pairs.csv"))


def _print(result: dict[str, Any], found: "DiscriminationResult") -> None:
    presentations = result["presentations"]
    print_item("repeats", presentations["reason"], *presentations["notes"])
    print_item("words", describe_words(result["settings"]))
    print_item(
        "pairs",
        found.headline(),
        "of as many that do not differ some "
        f"{result['n_pairs_by_chance']:.2g} would pass by chance",
        f"{describe_groups(result['n_distinguishable'])}, at a false discovery rate of "
        "5 %",
    )
    print_item("drift", *result["drift"]["summary"])
    for name, kind in result["median_time_to_accuracy"].items():
        if name == "all" or 0 < kind["n_pairs"] < result["n_pairs"]:
            print_item("time" if name == "all" else "", _times(_WHERE[name], kind))
    print_item("classes", _classes(result["classes"]))
    alike = result["indistinguishable"]
    if alike:
        listed = ", ".join(
            f"{one['unit_id']} (from {', '.join(map(str, one['from'][:3]))}"
            + (", ..." if len(one["from"]) > 3 else "")
            + ")"
            for one in alike[:_MOST_NAMED]
        )
        more = len(alike) - _MOST_NAMED
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
            "possible duplicates",
            f"these units share most of their spikes, within 1 ms: {listed}",
        )
    _print_curves(found)


def _print_curves(found: "DiscriminationResult") -> None:
    """Print two tables of the pairs that a decoder was tried on."""
    pairs = found.divergences
    names, rates, times = [], [], []
    for curve in found.curves:
        low, high = sorted((curve.first, curve.second))
        (k,) = ((pairs.first == low) & (pairs.second == high)).nonzero()[0]
        seconds, interval = (
            found.time_to_accuracy(0.9)[k],
            found.time_to_accuracy_interval(0.9)[k],
        )
        beyond = "*" if found.is_extrapolated(0.9)[k] else ""
        names.append(f"{found.unit_ids[curve.first]} - {found.unit_ids[curve.second]}")
        rates.append(
            (
                float(found.information_rate[k]),
                between(*found.information_rate_interval[k]) or None,
                float(pairs.z[k]),
                float(found.spikes_to_accuracy(0.9)[k]),
                float(found.spikes_to_accuracy(0.95)[k]),
            )
        )
        times.append(
            (
                f"{rounded(seconds)}{beyond}" if math.isfinite(seconds) else None,
                between(*interval) or None,
                float(found.time_to_accuracy(0.95)[k]),
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


def _times(where: str, kind: dict[str, Any]) -> str:
    n = f"{kind['n_distinguishable']} of {kind['n_pairs']} distinguishable"
    if kind["time_to_90_seconds"] is None:
        return f"{where}: {n}, no median"

    def median(percent: int) -> str:
        ends = between(*kind[f"time_to_{percent}_seconds_interval"])
        value = rounded(kind[f"time_to_{percent}_seconds"])
        return f"{value} s" + (f" ({ends})" if ends else "")

    return f"{where}: median {median(90)} to 90 % correct, {median(95)} to 95 %; {n}"


def _classes(classes: dict[str, Any]) -> str:
    number = len(classes["names"])
    plural = "class" if number == 1 else "classes"
    if classes["from"] == "found here" and number == 1:
        return "1 class, found here; give others with --reference"
    return f"{number} {plural}, {classes['from']}"
