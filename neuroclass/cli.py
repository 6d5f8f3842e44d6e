"""The command line: parse, call, print.

Takes the arguments of ``neuroclass COMMAND ...`` and gives an exit status: 0 done,
1 the data cannot be used, 2 wrong usage. Results go to stdout, all else to stderr.
Each handler imports the stages that it calls, so that ``--help`` loads none.
"""

import json
import math
import os
import shlex
import signal
import sys
import threading
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from neuroclass._arguments import LABEL_COLUMN, build_parser
from neuroclass._console import (
    describe_information,
    describe_words,
    plain,
    print_item,
    print_json,
    print_result,
    print_table,
)
from neuroclass.exceptions import RecordingError

if TYPE_CHECKING:
    from argparse import Namespace

    import neo

__all__ = ["main"]


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

    Raises
    ------
    SystemExit
        With 143, if the process is asked to end (SIGTERM).
    """
    try:
        args = build_parser().parse_args(argv)
    except SystemExit as stop:  # argparse: 0 after --help and --version, 2 otherwise
        return int(stop.code or 0)
    args.line = shlex.join(["neuroclass", *(sys.argv[1:] if argv is None else argv)])
    with _ending_cleanly(), warnings.catch_warnings():
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
            inputs = [getattr(args, name, None) for name in ("recording", "triggers")]
            return _fail(error, verbose=args.verbose, inputs=list(filter(None, inputs)))
    return 0


@contextmanager
def _ending_cleanly() -> Iterator[None]:
    """Unwind when the process is asked to end, so that nothing half-done is left."""

    def end(*_: Any) -> NoReturn:
        # A second request must not cut the cleaning short.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise SystemExit(143)

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what a signal does
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _fail(error: Exception, *, verbose: bool, inputs: Sequence[str] = ()) -> int:
    """Say what was wrong in one line and return the exit status; re-raise defects."""
    is_about_data = isinstance(
        error,
        (RecordingError, OSError, ImportError, MemoryError, FloatingPointError),
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
    is_unnamed = not any(Path(path).name in message for path in inputs)
    if isinstance(error, RecordingError) and inputs and is_unnamed:
        message = f"{inputs[0]}: {message}"
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
    print_item(
        "units",
        f"{len(trains)}, firing at {rates[0]:.3g} to {rates[-1]:.3g} Hz "
        f"(median {rates[len(rates) // 2]:.3g})",
        *([f"{len(silent)} without a spike: {', '.join(silent)}"] if silent else []),
    )
    print_item("columns of units", ", ".join(sorted(columns)) or "none")
    print_item("interval tables", *(map(str, tables) if tables else ["none"]))
    if taken:
        print_item("cluster takes", taken.reason, *taken.notes)
    print_item("problems", *(problems or ["none found"]))


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
    # Triggers are given to be used, whatever tables the file has besides.
    triggers = "triggers" if args.triggers else None
    return {
        "intervals": args.intervals or triggers,
        "stimulus": args.stimulus,
        "min_repeats": args.min_repeats,
        "condition": args.condition,
    }


def _units_wanted(
    args: "Namespace", recording: "neo.Block"
) -> dict[str, list[str]] | None:
    trains = recording.segments[0].spiketrains
    columns = sorted({key for train in trains for key in train.annotations})
    wanted: dict[str, list[str]] = {}
    for column, values in args.units:
        if column not in columns:
            raise ValueError(
                f"--units must name a units column of {args.recording} "
                f"({', '.join(columns)}); got {column!r}."
            )
        wanted.setdefault(column, []).extend(values)
    return wanted or None


def _cluster(args: "Namespace") -> None:
    from neuroclass.agreement import read_reference  # noqa: PLC0415
    from neuroclass.classification import classify_neurons  # noqa: PLC0415
    from neuroclass.io import check_can_label, write_labels  # noqa: PLC0415
    from neuroclass.report import save_results  # noqa: PLC0415

    folder = args.output or Path(f"{Path(args.recording).stem}_classes")
    if folder.is_file():
        raise ValueError(f"{folder} must be a folder; it is a file. Choose another.")
    _check_is_free(folder, args.force)
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
        _check_place(labelled)
    recording = _load(args)
    if args.reference:
        try:
            read_reference(args.reference, recording)
        except FileNotFoundError as error:  # wrong usage, where a recording is data
            raise ValueError(f"--{error}") from error
    classification = classify_neurons(
        recording,
        n_clusters=args.n_clusters,
        max_information_loss=args.max_information_loss,
        **_presentation_options(args),
        bin_size=args.bin_size,
        word_length=args.word_length,
        response=args.response,
        estimator=args.estimator,
        units=_units_wanted(args, recording),
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


def _check_is_free(path: Path, force: bool) -> None:
    """Refuse to write over what exists, or nowhere, before the work is done."""
    is_taken = any(path.iterdir()) if path.is_dir() else path.exists()
    if is_taken and not force:
        raise FileExistsError(
            f"{path} must not exist yet; it does. Choose another name, or replace it "
            "with --force."
        )
    _check_place(path)


def _check_place(path: Path) -> None:
    """Refuse a place where nothing can be written; missing folders are made later."""
    places = [path] if path.is_dir() else []
    place = next(p for p in (*places, *path.absolute().parents) if p.exists())
    if not place.is_dir():
        raise ValueError(f"{path} must lie in a folder; {place} is a file.")
    if not os.access(place, os.W_OK | os.X_OK):
        raise ValueError(
            f"{path} must lie where files may be written; {place} is write-protected. "
            "Choose another place."
        )


def _information(args: "Namespace") -> None:
    from tqdm import tqdm  # noqa: PLC0415

    from neuroclass.information import identity_information  # noqa: PLC0415
    from neuroclass.presentations import select_presentations  # noqa: PLC0415
    from neuroclass.units import select_units  # noqa: PLC0415
    from neuroclass.word_choice import choose_bin_size  # noqa: PLC0415
    from neuroclass.words import (  # noqa: PLC0415
        bin_words,
        count_groups,
        count_words,
    )

    recording = _load(args)
    presentations = select_presentations(recording, **_presentation_options(args))
    units = select_units(recording, _units_wanted(args, recording))
    how = {"word_length": args.word_length, "response": args.response, "units": units}
    bin_size = args.bin_size
    settings = {"bin_size": bin_size, "word_length": args.word_length}
    settings |= {"response": args.response, "estimator": args.estimator}
    if bin_size == "auto":
        choice = choose_bin_size(recording, presentations, **how)
        bin_size = choice.bin_size
        settings["bin_size"] = {"value": bin_size, "why": choice.reason}
    words = bin_words(recording, presentations, bin_size, **how)
    counts = count_words(words)
    if (counts.n_spikes > 0).sum() < 2:
        raise RecordingError(
            f"{args.recording} must hold at least two units with spikes in the "
            f"presentations; got {(counts.n_spikes > 0).sum()}."
        )
    information = identity_information(
        counts,
        estimator=args.estimator,
        groups=tqdm(
            count_groups(words),
            "groups of repeats",
            delay=2,
            leave=False,
            disable=args.quiet,
        ),
    )
    measured = plain(
        {
            **vars(information),
            "bits_per_second": information.bits_per_second,
            "bits_per_spike": information.bits_per_spike,
        }
    )
    if args.json:
        print_json(
            {
                "recording": args.recording,
                "presentations": presentations.reason,
                "settings": settings,
                "unit_ids": words.unit_ids,
                "information": measured,
            }
        )
        return
    print_item("repeats", presentations.reason, *presentations.notes)
    print_item("words", describe_words(settings))
    print_item("who spoke", *describe_information(measured))
    low, high = information.per_neuron_interval.T
    rate, bits = information.firing_rate, information.per_neuron
    per_second = bits / information.word_duration
    per_spike = (
        b / r if r > 0 else math.nan for b, r in zip(per_second, rate, strict=True)
    )
    print_table(
        ("unit", "Hz", "bits/word", "+-95%", "bits/s", "bits/spike"),
        zip(
            words.unit_ids,
            rate,
            bits,
            (high - low) / 2,
            per_second,
            per_spike,
            strict=True,
        ),
    )


def _simulate(args: "Namespace") -> None:
    from neuroclass.io import write_recording  # noqa: PLC0415
    from neuroclass.simulation import simulate_retina  # noqa: PLC0415

    if args.output.suffix != ".nwb":
        raise ValueError(f"OUT.nwb must end in .nwb; got {args.output}.")
    if args.neurons < args.types:
        raise ValueError(
            f"--neurons must be at least the number of types ({args.types}); got "
            f"{args.neurons}. Ask for more neurons or fewer --types."
        )
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
        print_json({"recording": str(args.output), "types": types})
        return
    print_table(("type", "neurons"), sorted(types.items()))
    print_item("wrote", str(args.output))


def _train(args: "Namespace") -> None:
    from dataclasses import asdict  # noqa: PLC0415

    from neuroclass.snn.datasets import load_dataset  # noqa: PLC0415
    from neuroclass.snn.energy import energy_table  # noqa: PLC0415
    from neuroclass.snn.training import example_batch, train  # noqa: PLC0415

    history: list[dict[str, float]] = []
    dataset = load_dataset(args.dataset, args.data, n_frames=args.steps)
    model = train(
        dataset,
        args.output,
        structure=args.structure,
        method=args.method,
        neuron=args.neuron,
        steps=args.steps,
        backward_steps=args.backward_steps,
        epochs=args.epochs,
        batch_size=args.batch,
        lr=args.lr,
        seed=args.seed,
        device=args.device,
        resume=args.resume,
        options={"hidden": args.hidden} if args.hidden else None,
        progress=not args.quiet,
        on_epoch=history.append,
    )
    path = args.output / "model"
    energy = energy_table(model, *example_batch(dataset))
    if args.json:
        spent = {
            **asdict(energy),
            "forward_nj": energy.forward_nj,
            "backward_nj": energy.backward_nj,
            "ann_nj": energy.ann_nj,
        }
        print_json({"model": str(path), "epochs": history, "energy": plain(spent)})
        return
    print_table(
        ("epoch", "loss", "training %", "test %", "forward", "backward"),
        (
            (
                row["epoch"],
                row["train_loss"],
                100 * row["train_accuracy"],
                100 * row["test_accuracy"],
                row["forward_rate"],
                row["backward_rate"],
            )
            for row in history
        ),
    )
    print(energy)
    print_item("wrote", str(path))


def _record(args: "Namespace") -> None:
    from neuroclass.io import write_recording  # noqa: PLC0415
    from neuroclass.snn.recording import record_model  # noqa: PLC0415

    if args.output.suffix != ".nwb":
        raise ValueError(f"OUT.nwb must end in .nwb; got {args.output}.")
    _check_is_free(args.output, args.force)
    recording = record_model(
        args.model,
        args.repeats,
        path=args.data,
        n_images=args.images,
        condition=args.condition,
        encoding=args.encoding,
        noise=args.noise,
        layers=args.layers,
        units=args.units,
        dt=args.step,
        rng=args.seed,
    )
    write_recording(recording, args.output)
    trains = recording.segments[0].spiketrains
    found = {
        "recording": str(args.output),
        "neurons": len(trains),
        "presentations": len(recording.segments[0].epochs[0]),
        "spikes": sum(len(train) for train in trains),
        **recording.annotations,
    }
    if args.json:
        print_json(found)
        return
    print_item("neurons", f"{found['neurons']}, {found['spikes']} spikes")
    print_item(
        "presentations",
        f"{found['presentations']}, repeats of {found['repeats_of']}",
        f"input: {found['encoding']}",
    )
    print_item("wrote", str(args.output))


def _report(args: "Namespace") -> None:
    from neuroclass.report import write_report  # noqa: PLC0415

    path = write_report(args.folder)
    if args.json:
        print_json({"report": str(path)})
    else:
        print(f"wrote {path}")


_HANDLERS = {
    "inspect": _inspect,
    "cluster": _cluster,
    "information": _information,
    "simulate": _simulate,
    "train": _train,
    "record": _record,
    "report": _report,
}
