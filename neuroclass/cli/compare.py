"""Command ``compare``: our classes beside classical groupings, into a folder."""

import json
from argparse import ArgumentTypeError
from typing import TYPE_CHECKING, Any

from neuroclass._lib.wording import rounded
from neuroclass.analysis.comparison.grouping_settings import GroupingSettings
from neuroclass.cli.inputs import (
    check_reference,
    load_several,
    preparation_options,
    result_folder,
)
from neuroclass.cli.options import (
    add_cache,
    add_command,
    add_figures,
    add_json,
    add_output,
    add_random_state_and_jobs,
    add_recording,
    add_words,
    parse_at_least_two,
    parse_time,
)
from neuroclass.cli.printing import (
    presentation_notes,
    print_item,
    print_table,
)

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["add_parser", "run"]

_DEFAULTS = GroupingSettings()


def add_parser(commands: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        commands,
        "compare",
        "RECORDING...",
        "Compare the classes that cluster finds with classical groupings of the same "
        "neurons: by mean rate, statistics of intervals, PSTHs, correlation and "
        "distances of spike trains. Tables, a figure and a report go into a folder.",
    )
    add_recording(parser, several=True)
    add_words(parser)
    add_cache(parser)
    groups = parser.add_argument_group("groupings")
    groups.add_argument(
        "--n-clusters",
        metavar="auto|INT",
        type=_parse_number,
        default="auto",
        help="number of groups at which all are compared (default auto: the number of "
        "types, else that of the classes)",
    )
    groups.add_argument(
        "--types",
        metavar="PATH|COLUMN",
        help="known types of the units, to compare with: a units column of the "
        "recording, a labels.csv or a result folder; no grouping is made with them",
    )
    groups.add_argument(
        "--time-constant",
        metavar="TIME",
        type=parse_time,
        default=_DEFAULTS.time_constant,
        help="time constant of the Victor-Purpura and van Rossum distances (default "
        "50ms)",
    )
    groups.add_argument(
        "--distance-units",
        metavar="INT",
        type=_parse_distance_units,
        default=_DEFAULTS.distance_units,
        help="units whose spike trains are compared in pairs, drawn at random; 0 "
        "leaves these groupings out (default %(default)s)",
    )
    groups.add_argument(
        "--distance-repeats",
        metavar="INT",
        type=parse_at_least_two,
        default=_DEFAULTS.distance_repeats,
        help="repeats in which they are (default %(default)s)",
    )
    add_random_state_and_jobs(groups)
    output = parser.add_argument_group("output")
    add_output(output, "_groupings", "an existing result folder")
    add_figures(output)
    add_json(output)


def _parse_number(text: str) -> int | str:
    return text if text == "auto" else parse_at_least_two(text)


def _parse_distance_units(text: str) -> int:
    if text.isdecimal() and int(text) != 1:
        return int(text)
    raise ArgumentTypeError(f"it must be 0, or an integer of at least 2; got {text!r}")


def run(args: "Namespace") -> None:
    """Run the command."""
    from neuroclass.analysis import compare_groupings  # noqa: PLC0415
    from neuroclass.report import check_kind, save_comparison  # noqa: PLC0415

    folder = result_folder(args, "_groupings")
    check_kind(folder, "compare")
    recordings = load_several(args)
    check_reference(args.types, recordings, argument="types")
    comparison = compare_groupings(
        recordings if len(recordings) > 1 else recordings[0],
        n_clusters=args.n_clusters,
        types=args.types,
        time_constant=args.time_constant,
        distance_units=args.distance_units,
        distance_repeats=args.distance_repeats,
        n_jobs=args.jobs,
        random_state=args.random_state,
        **preparation_options(args, *recordings),
    )
    save_comparison(
        comparison,
        folder,
        force=args.force,
        command=args.line,
        formats=args.formats,
    )
    text = (folder / "result.json").read_text(encoding="utf-8")
    if args.json:
        print(text, end="")
        return
    _print(json.loads(text))
    print_item("wrote", str(folder / "report.html"), str(folder / "groupings.csv"))


_ORIGIN = {
    "given": "as given",
    "types": "the number of types",
    "ours": "that of the timing classes",
}


def _print(result: dict[str, Any]) -> None:
    presentations = result["presentations"]
    print_item("repeats", presentations["reason"], *presentation_notes(result))
    print_item(
        "units",
        f"{len(result['unit_ids'])} of {result['n_all_units']}, whose response repeats",
    )
    if result["types"]:
        n_typed = sum(label != "" for label in result["types"]["labels"])
        n_types = len({label for label in result["types"]["labels"] if label != ""})
        print_item(
            "types", f"{n_types} of {n_typed} units, from {result['types']['name']}"
        )
    for issue in result["issues"]:
        if issue["kind"] in ("types of one unit", "units without type"):
            print_item("", issue["text"])
    if result["costs"]:
        print_item("cost", *(cost["text"] for cost in result["costs"]))
    if result["missing"]:
        print_item("not installed", *result["missing"])
    _print_table(result, "own")
    print_item(
        "columns",
        "n: groups by its own rule; kept: share of the identity information; timing: "
        "of that of when units fire; stable: odd against even repeats; ours"
        + (", types" if result["types"] else "")
        + ": adjusted Rand index, p of the last",
    )
    print_item(
        "compared at",
        f"{result['n_groups']} groups, {_ORIGIN[result['number_from']]}; * better than "
        "the timing classes of the same units",
    )
    _print_table(result, "same")
    print()
    print_item("result", f"{result['headline']}.", *result["sentences"])


def _print_table(result: dict[str, Any], key: str) -> None:
    """Print a row for each grouping; fewer units than all stand beside its name."""
    has_types, is_own = bool(result["types"]), key == "own"
    header = ["grouping", "n", "kept", "timing", "stable", "ours"]
    header += ["types"] * has_types + ["p"] + ["CPU s"] * is_own
    rows = []
    for one in result["groupings"]:
        scores = one[key] or {}
        clear = [] if is_own else [g["quantity"] for g in one["gains"] if g["is_clear"]]
        cells = [
            _marked(scores.get(name), is_better=quantity in clear)
            for name, quantity in (
                ("information_share", "information"),
                ("timing_share", "timing"),
                ("stability", "stability"),
                ("ari_ours", ""),
                *[("ari_types", "types")] * has_types,
            )
        ]
        p_value = scores.get("p_types" if has_types else "p_ours")
        is_part = one["n_units"] < len(result["unit_ids"])
        rows.append(
            [
                f"{one['name']} ({one['n_units']})" if is_part else one["name"],
                scores.get("n_groups"),
                *cells,
                None if p_value is None else rounded(p_value, 1),
                *[rounded(one["seconds"], 2)] * is_own,
            ]
        )
    print_table(header, rows, is_last=False)


def _marked(value: float | None, *, is_better: bool) -> str | None:
    return None if value is None else f"{value:.2f}{'*' * is_better}"
