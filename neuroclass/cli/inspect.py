"""Command ``inspect``: contents of a recording, its presentations and issues."""

import math
import warnings
from typing import TYPE_CHECKING, Any

from neuroclass.cli.inputs import check_early, load, presentation_options
from neuroclass.cli.options import add_command, add_json, add_recording
from neuroclass.cli.printing import print_item, print_json
from neuroclass.exceptions import RecordingError

if TYPE_CHECKING:
    from argparse import Namespace

    from neuroclass.presentations import Presentations

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
    check_early(args)
    from neuroclass.presentations import (  # noqa: PLC0415
        describe_intervals,
        select_presentations,
    )

    presentations, issues = None, []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        recording = load(args, lazy=True)
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
    events = [
        {
            "name": str(event.name),
            "n_times": int(event.times.size),
            "first_seconds": [float(t) for t in event.times.rescale("s").magnitude[:3]],
        }
        for event in recording.segments[0].events
    ]
    first = [] if presentations is None else _first_presentations(presentations)
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
                "events": events,
                "presentations": presentations
                and {
                    "reason": presentations.reason,
                    "notes": presentations.notes,
                    "first": first,
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
    onsets = [
        column.name for table in tables for column in table.columns if column.is_time
    ]
    if onsets and args.align is None:
        print_item(
            "times in rows",
            f"{', '.join(onsets)}: the onset of the stimulus in one of them is taken "
            "with --align COLUMN",
        )
    if events:
        print_item("events", *map(_describe_events, events))
    if presentations:
        starts = "; ".join(
            f"{one['stimulus']} at {one['start_seconds']:.6g} s for "
            f"{one['duration_seconds']:.4g} s"
            for one in first
        )
        print_item(
            "cluster takes",
            presentations.reason,
            f"first: {starts}",
            *presentations.notes,
        )
    print_item("issues", *(issues or ["none found"]))


def _first_presentations(presentations: "Presentations") -> list[dict[str, Any]]:
    """Return stimulus, onset and duration of the first three presentations."""
    return [
        {
            "stimulus": presentations.stimuli[number],
            "start_seconds": float(start),
            "duration_seconds": float(presentations.durations[number]),
        }
        for start, number in zip(
            presentations.starts[:3], presentations.stimulus[:3], strict=True
        )
    ]


def _describe_events(event: dict[str, Any]) -> str:
    """Say how many times events hold, and the first ones."""
    first = ", ".join(f"{time:.6g}" for time in event["first_seconds"])
    more = ", ..." if event["n_times"] > len(event["first_seconds"]) else ""
    return f"{event['name']}: {event['n_times']} times ({first}{more} s)"
