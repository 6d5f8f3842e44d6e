"""The command line: parse, call, print.

Takes the arguments of ``neuroclass COMMAND ...`` and gives an exit status: 0 done,
1 the data cannot be used, 2 wrong usage. Results go to stdout, all else to stderr.
Each handler imports the stages that it calls, so that ``--help`` loads none.
"""

import json
import math
import os
import sys
import textwrap
import traceback
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroclass._arguments import LABEL_COLUMN, build_parser
from neuroclass.exceptions import RecordingError

if TYPE_CHECKING:
    from argparse import Namespace

    import neo

    from neuroclass.classification import Classification
    from neuroclass.information import IdentityInformation

__all__ = ["main"]

_WIDTH, _INDENT = 80, 18


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments after the program's name; by default those of the process.

    Returns
    -------
    int
        0 done; 1 the data cannot be used; 2 wrong usage; 130 interrupted; 141 the
        reader of stdout went away.
    """
    try:
        args = build_parser().parse_args(argv)
    except SystemExit as stop:  # argparse: 0 after --help and --version, 2 otherwise
        return int(stop.code or 0)
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        warnings.simplefilter("default", UserWarning)
        try:
            _HANDLERS[args.command](args)
            sys.stdout.flush()
        except BrokenPipeError:
            # Python flushes stdout once more at exit: give it somewhere to go.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 141
        except KeyboardInterrupt:
            _say("interrupted")
            return 130
        except Exception as error:
            return _fail(error, verbose=args.verbose)
    return 0


def _fail(error: Exception, *, verbose: bool) -> int:
    """Say what was wrong in one line and return the exit status; re-raise defects."""
    is_about_data = isinstance(
        error, (RecordingError, OSError, ImportError, MemoryError)
    ) and not isinstance(error, FileExistsError)
    if not isinstance(error, OSError) and not is_about_data:
        # What our own code raises is about an option. What a library raises inside is
        # a defect, which must not look like wrong usage.
        origin = traceback.extract_tb(error.__traceback__)[-1]
        is_ours = Path(origin.filename).is_relative_to(Path(__file__).parent)
        if not (is_ours and str(origin.line).startswith("raise ")):
            raise error
    if verbose:
        traceback.print_exception(error)
    message = str(error) or type(error).__name__
    if isinstance(error, OSError) and error.strerror and error.filename:
        message = f"{error.filename}: {error.strerror}."
    _say(f"error: {message}")
    return 1 if is_about_data else 2


def _say(text: str) -> None:
    print(f"neuroclass: {text}", file=sys.stderr)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    _say(f"warning: {message}")


def _inspect(args: "Namespace") -> None:
    from neuroclass.intervals import describe_intervals  # noqa: PLC0415
    from neuroclass.presentations import select_presentations  # noqa: PLC0415

    taken, problems = None, []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        recording = _load(args)
        try:
            taken = select_presentations(recording, **_presentation_options(args))
        except RecordingError as error:
            problems.append(str(error))
    problems[:0] = [str(warning.message) for warning in caught]
    trains = recording.segments[0].spiketrains
    duration = float((trains[0].t_stop - trains[0].t_start).rescale("s"))
    n_spikes = {str(train.annotations["unit_id"]): len(train) for train in trains}
    silent = [unit for unit, n in n_spikes.items() if n == 0]
    columns = {name for train in trains for name in train.annotations}
    columns -= {"unit_id", "obs_intervals"}
    tables = describe_intervals(recording)
    if args.json:
        _print_json(
            {
                "recording": args.recording,
                "format": recording.annotations["format"],
                "duration_s": duration,
                "n_spikes": n_spikes,
                "silent": silent,
                "unit_columns": sorted(columns),
                "tables": tables,
                "taken": taken and {"reason": taken.reason, "notes": taken.notes},
                "problems": problems,
            }
        )
        return
    rates = sorted(n / duration for n in n_spikes.values())
    print(f"{args.recording}: {recording.annotations['format']}, {duration:.4g} s")
    _print_item(
        "units",
        f"{len(trains)}, firing at {rates[0]:.3g} to {rates[-1]:.3g} Hz "
        f"(median {rates[len(rates) // 2]:.3g})",
        *([f"{len(silent)} without a spike: {', '.join(silent)}"] if silent else []),
    )
    _print_item("columns of units", ", ".join(sorted(columns)) or "none")
    _print_item("interval tables", *(map(str, tables) if tables else ["none"]))
    if taken:
        _print_item("cluster takes", taken.reason, *taken.notes)
    _print_item("problems", *(problems or ["none found"]))


def _load(args: "Namespace") -> "neo.Block":
    from neuroclass.io import load_recording  # noqa: PLC0415

    return load_recording(
        args.recording,
        triggers=args.triggers,
        trial_duration=args.trial_duration,
        time_unit=args.time_unit,
        sampling_rate=args.sampling_rate,
    )


def _presentation_options(args: "Namespace") -> dict[str, Any]:
    return {
        "intervals": args.intervals,
        "stimulus": args.stimulus,
        "min_repeats": args.min_repeats,
        "condition": args.condition,
    }


def _cluster(args: "Namespace") -> None:
    from neuroclass.classification import classify_neurons  # noqa: PLC0415
    from neuroclass.io import write_labels  # noqa: PLC0415

    folder = args.output or Path(f"{Path(args.recording).stem}_classes")
    _check_is_free(folder, args.force)
    if args.save_nwb:
        _check_is_free(args.save_nwb, args.force)
    recording = _load(args)
    if args.save_nwb or args.in_place:
        _check_can_hold_labels(recording, args)
    classification = classify_neurons(
        recording,
        n_clusters=args.n_clusters,
        max_information_loss=args.max_information_loss,
        **_presentation_options(args),
        bin_size=args.bin_size,
        word_length=args.word_length,
        response=args.response,
        estimator=args.estimator,
        units=dict(args.units) or None,
        reference=args.reference,
        n_jobs=args.jobs,
        random_state=args.seed,
        verbose=not args.quiet,
    )
    classification.save(folder, force=args.force)
    labelled = None
    if args.save_nwb or args.in_place:
        labelled = write_labels(
            args.recording,
            {LABEL_COLUMN: classification.labels},
            output=args.save_nwb,
            in_place=args.in_place,
            force=args.force,
        )
    if args.json:
        print((folder / "result.json").read_text(encoding="utf-8"))
        return
    _print_classification(classification)
    _print_item("wrote", str(folder / "report.html"))
    if labelled:
        _print_item("", str(labelled))


def _check_is_free(path: Path, force: bool) -> None:
    """Refuse to write over what exists, before the work is done."""
    is_taken = any(path.iterdir()) if path.is_dir() else path.exists()
    if is_taken and not force:
        raise FileExistsError(
            f"{path} must not exist yet; it does. Choose another name, or replace it "
            "with --force."
        )


def _check_can_hold_labels(recording: "neo.Block", args: "Namespace") -> None:
    if not recording.annotations["format"].startswith("NWB"):
        raise ValueError(
            f"RECORDING must be NWB to take labels; {args.recording} is "
            f"{recording.annotations['format']}. They are in labels.csv anyway."
        )
    trains = recording.segments[0].spiketrains
    if not args.force and any(LABEL_COLUMN in t.annotations for t in trains):
        raise FileExistsError(
            f"{args.recording} must not have the units column {LABEL_COLUMN} yet; it "
            "has. Replace it with --force."
        )


def _print_classification(classification: "Classification") -> None:
    information = classification.information
    selection = classification.selection
    low, high = information.interval
    _print_item("repeats", classification.presentations.reason)
    _print_item("", *classification.presentations.notes)


def _information(args: "Namespace") -> None:
    from neuroclass.information import identity_information  # noqa: PLC0415
    from neuroclass.presentations import select_presentations  # noqa: PLC0415
    from neuroclass.word_choice import choose_bin_size  # noqa: PLC0415
    from neuroclass.words import bin_words, count_groups, count_words  # noqa: PLC0415

    recording = _load(args)
    presentations = select_presentations(recording, **_presentation_options(args))
    units = select_units(recording, dict(args.units))
    how = {"word_length": args.word_length, "response": args.response, "units": units}
    bin_size, why = args.bin_size, "as asked"
    if bin_size == "auto":
        choice = choose_bin_size(recording, presentations, **how)
        bin_size, why = choice.bin_size, choice.reason
    words = bin_words(recording, presentations, bin_size, **how)
    information = identity_information(
        count_words(words), estimator=args.estimator, groups=count_groups(words)
    )
    if args.json:
        _print_json(
            {
                "recording": args.recording,
                "presentations": presentations.reason,
                "bin_size_s": bin_size,
                "bin_size_why": why,
                "word_length": args.word_length,
                "response": args.response,
                "unit_ids": words.unit_ids,
                "information": information,
                "bits_per_second": information.bits_per_second,
                "bits_per_spike": information.bits_per_spike,
            }
        )
        return
    _print_item("repeats", presentations.reason, *presentations.notes)
    _print_item("words", f"{args.word_length} x {1e3 * bin_size:g} ms: {why}")
    _print_item("who spoke", *_describe_information(information))
    print()
    duration = information.word_duration
    print(
        _table(
            ("unit", "Hz", "bits/word", "+-95%", "bits/s", "bits/spike"),
            (
                (unit, f"{rate:.3g}", f"{bits:.3g}", f"{(high - low) / 2:.2g}")
                + (f"{bits / duration:.3g}", _ratio(bits / duration, rate))
                for unit, rate, bits, (low, high) in zip(
                    words.unit_ids,
                    information.firing_rate,
                    information.per_neuron,
                    information.per_neuron_interval,
                    strict=True,
                )
            ),
        )
    )


def _describe_information(information: "IdentityInformation") -> list[str]:
    low, high = information.interval
    return [
        f"{information.bits_per_word:.3g} bits per word (95 % interval {low:.3g} to "
        f"{high:.3g}), {information.bits_per_second:.3g} bits/s, "
        f"{information.bits_per_spike:.3g} bits per spike",
        f"corrected for few repeats by {information.estimator}; uncorrected "
        f"{information.plug_in:.3g}, of which chance {information.chance_level:.2g}",
    ]


def _ratio(part: float, whole: float) -> str:
    return f"{part / whole:.3g}" if whole > 0 else "-"


def _simulate(args: "Namespace") -> None:
    from neuroclass.io import write_recording  # noqa: PLC0415
    from neuroclass.simulation import simulate_retina  # noqa: PLC0415

    if args.output.suffix != ".nwb":
        raise ValueError(f"OUT.nwb must end in .nwb; got {args.output}.")
    _check_is_free(args.output, args.force)
    recording = simulate_retina(
        n_types=args.types,
        n_neurons=args.neurons,
        n_presentations=args.repeats,
        duration=args.duration,
        diversity=args.diversity,
        rng=args.seed,
    )
    write_recording(recording, args.output)
    types = Counter(
        train.annotations["true_type"] for train in recording.segments[0].spiketrains
    )
    if args.json:
        _print_json({"recording": str(args.output), "types": types})
        return
    print(_table(("type", "neurons"), sorted(types.items())))
    _print_item("wrote", str(args.output))


def _report(args: "Namespace") -> None:
    from neuroclass.report import write_report  # noqa: PLC0415

    path = write_report(args.folder)
    if args.json:
        _print_json({"report": str(path)})
    else:
        print(f"wrote {path}")


_HANDLERS = {
    "inspect": _inspect,
    "cluster": _cluster,
    "information": _information,
    "simulate": _simulate,
    "report": _report,
}


def _print_item(name: str, *paragraphs: str) -> None:
    """Print a name and, beside it, paragraphs that fit in 80 columns."""
    for paragraph in paragraphs:
        lines = textwrap.wrap(paragraph, _WIDTH - _INDENT, break_on_hyphens=False)
        for line in lines or [""]:
            print(f"{name:<{_INDENT}}{line}".rstrip())
            name = ""


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay out a table: first column to the left, the others to the right."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )


def _print_json(found: object) -> None:
    print(json.dumps(_plain(found), indent=2, allow_nan=False))


def _plain(value: Any) -> Any:
    """Return `value` as JSON holds it: lists, dicts, null where there is no number."""
    if is_dataclass(value):
        return _plain(vars(value))
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
