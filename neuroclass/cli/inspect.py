"""What a recording holds, and what would be taken for repeats."""

import math
import warnings
from typing import TYPE_CHECKING, Any

from neuroclass.cli.inputs import load, presentation_options
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
        "Show what a recording holds: its format, neurons and interval tables, what "
        "'cluster' would take as repeats of a stimulus and why, and what looks wrong.",
    )
    add_recording(parser)
    add_json(parser)


def run(args: "Namespace") -> None:
    """Carry the command out."""
    from neuroclass.presentations.interval_tables import describe_intervals  # noqa: PLC0415
    from neuroclass.presentations.selection import select_presentations  # noqa: PLC0415

    taken, problems = None, []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        recording = load(args, lazy=True)
        try:
            taken = select_presentations(recording, **presentation_options(args))
        except RecordingError as error:
            problems.append(str(error))
    problems[:0] = [str(warning.message) for warning in caught]
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
            "first_s": [float(t) for t in event.times.rescale("s").magnitude[:3]],
        }
        for event in recording.segments[0].events
    ]
    first = [] if taken is None else _first_presentations(taken)
    if args.json:
        print_json(
            {
                "recording": args.recording,
                "format": recording.annotations["format"],
                "duration_s": duration,
                "n_spikes": n_spikes,
                "silent": silent,
                "unit_columns": sorted(columns),
                "tables": tables,
                "events": events,
                "taken": taken
                and {"reason": taken.reason, "notes": taken.notes, "first": first},
                "problems": problems,
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
    if taken:
        starts = "; ".join(
            f"{one['stimulus']} at {one['start_s']:.6g} s for {one['duration_s']:.4g} s"
            for one in first
        )
        print_item("cluster takes", taken.reason, f"first: {starts}", *taken.notes)
    print_item("problems", *(problems or ["none found"]))


def _first_presentations(taken: "Presentations") -> list[dict[str, Any]]:
    """Return stimulus, onset and duration of the first three presentations."""
    return [
        {
            "stimulus": taken.stimuli[number],
            "start_s": float(start),
            "duration_s": float(taken.durations[number]),
        }
        for start, number in zip(taken.starts[:3], taken.stimulus[:3], strict=True)
    ]


def _describe_events(event: dict[str, Any]) -> str:
    """Say how many times events hold, and the first ones."""
    first = ", ".join(f"{time:.6g}" for time in event["first_s"])
    more = ", ..." if event["n_times"] > len(event["first_s"]) else ""
    return f"{event['name']}: {event['n_times']} times ({first}{more} s)"
