"""Command ``inspect``: contents of a recording, its presentations and issues."""

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
        "Describe a recording: its format, neurons and interval tables, the "
        "presentations that 'cluster' takes and why, and its issues.",
    )
    add_recording(parser)
    add_json(parser)


def run(args: "Namespace") -> None:
    """Run the command."""
    from neuroclass.presentations import (  # noqa: PLC0415
        describe_intervals,
        select_presentations,
    )

    presentations, issues = None, []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        recording = load(args)
        try:
            presentations = select_presentations(
                recording, **presentation_options(args)
            )
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
                "presentations": presentations
                and {
                    "reason": presentations.reason,
                    "notes": presentations.notes,
                },
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
    if presentations:
        print_item("cluster takes", presentations.reason, *presentations.notes)
    print_item("issues", *(issues or ["none found"]))
