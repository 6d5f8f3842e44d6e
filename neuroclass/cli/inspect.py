"""Contents of a recording, and the presentations that an analysis would take."""

import math
import warnings
from typing import TYPE_CHECKING, Any

from neuroclass.cli.inputs import load, presentation_options
from neuroclass.cli.options import add_command, add_json, add_recording
from neuroclass.cli.printing import print_item, print_json
from neuroclass.exceptions import RecordingError

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["add_parser", "run"]


def add_parser(commands: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        commands,
        "inspect",
        "RECORDING",
        "Show what a recording holds: its format, neurons and interval tables, what "
        "'cluster' would take as repeats of a stimulus and why, and what is doubtful.",
    )
    add_recording(parser)
    add_json(parser)


def run(args: "Namespace") -> None:
    """Carry the command out."""
    from neuroclass.presentations.interval_tables import describe_intervals  # noqa: PLC0415
    from neuroclass.presentations.selection import select_presentations  # noqa: PLC0415

    found, issues = None, []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        recording = load(args)
        try:
            found = select_presentations(recording, **presentation_options(args))
        except RecordingError as error:
            issues.append(str(error))
    issues[:0] = [str(warning.message) for warning in caught]
    trains = recording.segments[0].spiketrains
    duration = float((trains[0].t_stop - trains[0].t_start).rescale("s")) or math.nan
    n_spikes = {str(train.annotations["unit_id"]): len(train) for train in trains}
    silent = [unit for unit, n in n_spikes.items() if n == 0]
    columns = {name for train in trains for name in train.annotations}
    columns -= {"unit_id", "obs_intervals"}
    tables = describe_intervals(recording)
    if args.json:
        print_json(
            {
                "recording": args.recording,
                "format": recording.annotations["format"],
                "duration_seconds": duration,
                "n_spikes": n_spikes,
                "silent_units": silent,
                "unit_columns": sorted(columns),
                "interval_tables": tables,
                "presentations": found
                and {"reason": found.reason, "notes": found.notes},
                "issues": issues,
            }
        )
        return
    rates = sorted(n / duration for n in n_spikes.values())
    print(f"{args.recording}: {recording.annotations['format']}, {duration:.4g} s")
    print_item(
        "units",
        f"{len(trains)}, firing at {rates[0]:.3g} to {rates[-1]:.3g} Hz "
        f"(median {rates[len(rates) // 2]:.3g})",
        *([f"{len(silent)} without a spike: {', '.join(silent)}"] if silent else []),
    )
    print_item("columns of units", ", ".join(sorted(columns)) or "none")
    print_item("interval tables", *(map(str, tables) if tables else ["none"]))
    if found:
        print_item("cluster takes", found.reason, *found.notes)
    print_item("issues", *(issues or ["none found"]))
