"""Command ``cluster``: functional classes of neurons, into a result folder."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroclass._lib.running import RunSettings
from neuroclass.analysis.class_settings import CRITERIA, ClassSettings
from neuroclass.cli.inputs import (
    check_early,
    check_place,
    check_positions,
    check_reference,
    check_stimulus_file,
    claim_target,
    load_several,
    preparation_options,
    result_folder,
)
from neuroclass.cli.options import (
    ESTIMATORS,
    add_cache,
    add_command,
    add_dask,
    add_figures,
    add_json,
    add_light,
    add_output,
    add_random_state_and_jobs,
    add_recording,
    add_reference,
    add_words,
    parse_integer_or_auto,
    parse_n_replicates,
    parse_size,
)
from neuroclass.cli.printing import print_families, print_item, print_result

if TYPE_CHECKING:
    from argparse import Namespace


__all__ = ["add_parser", "on_dask", "run"]

_DEFAULTS = ClassSettings()

LABEL_COLUMN = "neuroclass_label"
FAMILY_COLUMN = "neuroclass_family"


def add_parser(commands: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        commands,
        "cluster",
        "RECORDING...",
        "Find the functional classes of the neurons of a recording. Labels, figures "
        "and a report go into a folder.",
    )
    add_recording(parser, several=True)
    add_words(parser, ESTIMATORS, default="miller-madow")
    add_cache(parser)
    classes = parser.add_argument_group("classes")
    number = classes.add_mutually_exclusive_group()
    number.add_argument(
        "--n-clusters",
        metavar="auto|INT",
        type=parse_integer_or_auto,
        default="auto",
        help="number of classes (default auto)",
    )
    number.add_argument(
        "--max-information-loss",
        metavar="FRACTION",
        type=float,
        help="instead: the fewest classes that lose at most this fraction of the "
        "information",
    )
    number.add_argument(
        "--cut",
        metavar="INT",
        type=int,
        help="instead: the tested cut into this number of classes, one of those that "
        "are listed",
    )
    classes.add_argument(
        "--criterion",
        choices=CRITERIA,
        default=_DEFAULTS.criterion,
        help="loss of merging neurons: the timing of their spikes at all time scales, "
        "or identity information per word (default %(default)s)",
    )
    classes.add_argument(
        "--rate-weight",
        metavar="FLOAT",
        type=float,
        default=_DEFAULTS.rate_weight,
        help="weight of the firing rate beside the timing (default %(default)g)",
    )
    classes.add_argument(
        "--method",
        choices=("auto", "agglomerative", "sequential"),
        default=_DEFAULTS.method,
        help="the tree of all neurons, or of micro-clusters of very many (default "
        "auto: by the memory that all pairs take)",
    )
    classes.add_argument(
        "--memory",
        metavar="SIZE",
        type=parse_size,
        default=RunSettings.memory,
        help="memory of the matrix of all pairs above which --method auto is "
        "sequential, such as 500MB (default 4GB)",
    )
    classes.add_argument(
        "--min-confidence",
        metavar="FRACTION",
        type=float,
        default=_DEFAULTS.min_confidence,
        help="leave units unassigned whose confidence in their class is below "
        "(default %(default)g: none)",
    )
    classes.add_argument(
        "--positions",
        metavar="FILE|COLUMNS",
        help="where the cells lie, to test the classes for mosaics: units columns such "
        "as x_um,y_um or x_um,y_um,radius_um, or a csv file with unit_id, x, y and "
        "optionally radius, in micrometres",
    )
    add_reference(classes, "reference labels of the same units, for the agreement")
    classes.add_argument(
        "--stability",
        metavar="INT",
        type=parse_n_replicates,
        default=0,
        help="number of resampled stimuli to classify again, such as 100, for the "
        "stability of classes and neurons (default 0)",
    )
    classes.add_argument(
        "--within",
        action="store_true",
        help="classify several recordings separately and match their classes, instead "
        "of pooling the neurons",
    )
    add_random_state_and_jobs(classes)
    add_dask(classes)
    light = parser.add_argument_group("what the classes respond to")
    light.add_argument(
        "--describe",
        action="store_true",
        help="describe the classes, as the two options below and the command describe "
        "do: reliability, refractory violations, autocorrelograms, and selectivity if "
        "the stimuli are angles",
    )
    add_light(light)
    light.add_argument(
        "--recommend",
        action="store_true",
        help="also say which stimulus separates which classes, and how many more "
        "repeats or neurons would make the next cut hold",
    )
    output = parser.add_argument_group("output")
    add_output(output, "_classes", "an existing result folder, NWB file or column")
    add_figures(output)
    nwb = output.add_mutually_exclusive_group()
    nwb.add_argument(
        "--save-nwb",
        metavar="PATH",
        type=Path,
        help=f"also copy the NWB file to PATH, with a units column {LABEL_COLUMN}; of "
        "several recordings PATH is a folder",
    )
    nwb.add_argument(
        "--in-place",
        action="store_true",
        help="also add that column to RECORDING itself, after a backup copy",
    )
    add_json(output)


def run(args: "Namespace") -> None:
    """Run the command."""
    from neuroclass import report  # noqa: PLC0415

    several = len(args.recording) > 1
    if args.within and not several:
        raise ValueError("--within must be of two or more recordings; got one.")
    if args.within and args.reference:
        raise ValueError("--reference must not be given with --within.")
    if several and args.positions:
        raise ValueError(
            "--positions must be of one recording, whose cells lie in one plane; got "
            f"{len(args.recording)}. Run cluster for each."
        )
    check_stimulus_file(args)
    folder = result_folder(args, "_classes")
    check_early(args)
    report.check_kind(folder, "cluster --within" if args.within else "cluster")
    columns = [LABEL_COLUMN, FAMILY_COLUMN] if args.within else [LABEL_COLUMN]
    labelled = _check_labelled(args, folder, columns)
    recordings = load_several(args)
    check_reference(args.reference, recordings)
    check_positions(args.positions, recordings[0])
    from neuroclass import analysis  # noqa: PLC0415

    classify: Any = (
        analysis.classify_within if args.within else analysis.classify_neurons
    )
    with on_dask(args.dask):
        result = classify(
            recordings if several else recordings[0],
            n_clusters=args.n_clusters,
            max_information_loss=args.max_information_loss,
            cut=args.cut,
            criterion=args.criterion,
            rate_weight=args.rate_weight,
            estimator=args.estimator,
            method=args.method,
            memory=args.memory,
            stability=args.stability,
            n_jobs=None if args.dask else args.jobs,  # None: all workers
            random_state=args.random_state,
            **preparation_options(args, *recordings),
            min_confidence=args.min_confidence,
            describe=args.describe,
            light_on=args.light_on,
            stimulus_file=args.stimulus_file,
            recommend=args.recommend,
            **(
                {}
                if args.within
                else {"reference": args.reference, "positions": args.positions}
            ),
        )
    save: Any = report.save_families if args.within else report.save_results
    save(
        result,
        folder,
        force=args.force,
        command=args.line,
        formats=args.formats,
    )
    _write_labelled(args, result, [len(r.segments[0].spiketrains) for r in recordings])
    name = "families" if args.within else "result"
    text = (folder / f"{name}.json").read_text(encoding="utf-8")
    if args.json:
        print(text, end="")
        return
    if args.within:
        print_families(json.loads(text))
    else:
        print_result(json.loads(text))
    print_item("wrote", str(folder / "report.html"))
    for path in labelled:
        print_item("", str(path))


@contextmanager
def on_dask(address: str | None, *, timeout: float = 10.0) -> Iterator[None]:
    """Run parallel tasks on the workers of a dask scheduler."""
    if address is None:
        yield
        return
    try:
        import distributed  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(
            "--dask needs dask: pip install neuroclass[distributed]"
        ) from error
    import joblib  # noqa: PLC0415

    try:
        client = distributed.Client(  # type: ignore[no-untyped-call]
            address, timeout=timeout
        )
    except (OSError, ValueError) as error:
        raise ValueError(
            f"--dask must be the address of a dask scheduler that runs, such as "
            f"tcp://host:8786; got {address!r}."
        ) from error
    with client, joblib.parallel_config("dask"):
        try:
            client.wait_for_workers(1, timeout=timeout)
        except (TimeoutError, distributed.TimeoutError) as error:
            raise ValueError(
                f"--dask must be the address of a scheduler that has workers; got "
                f"{address!r}, which has none. Start them: dask worker {address} "
                "--nthreads 1."
            ) from error
        yield


def _targets(args: "Namespace") -> list[dict[str, Any]]:
    """Return the targets of the labels of each recording, for `write_labels`."""
    if not (args.save_nwb or args.in_place):
        return []
    outputs: list[Path | None] = [args.save_nwb] * len(args.recording)
    if args.save_nwb and len(args.recording) > 1:
        outputs = [args.save_nwb / Path(path).name for path in args.recording]
        if len(set(outputs)) < len(outputs):
            raise ValueError(
                "--save-nwb must find recordings of different names, to put them into "
                f"{args.save_nwb}. Rename them, or use --in-place."
            )
    return [
        {"output": output, "in_place": args.in_place, "force": args.force}
        for output in outputs
    ]


def _check_labelled(args: "Namespace", folder: Path, columns: list[str]) -> list[Path]:
    """Return the paths of the labelled recordings; refuse those without columns."""
    labelled: list[Path] = []
    if not _targets(args):
        return labelled
    from neuroclass.io import check_can_label  # noqa: PLC0415

    for path, target in zip(args.recording, _targets(args), strict=False):
        place = check_can_label(path, columns, **target)
        if folder.resolve() in (place.resolve(), place.parent.resolve()):
            raise ValueError(
                f"--save-nwb must not be the result folder; got {place} for both."
            )
        check_place(place)
        claim_target(args, place)
        labelled.append(place)
    return labelled


def _write_labelled(args: "Namespace", result: Any, n_units: list[int]) -> None:
    """Write the labels of each recording into its file or a copy."""
    from neuroclass.io import write_labels  # noqa: PLC0415

    first = 0
    for k, target in enumerate(_targets(args)):
        last = first + n_units[k]
        if args.within:
            columns = {
                LABEL_COLUMN: result.classifications[k].assigned_labels.tolist(),
                FAMILY_COLUMN: result.family_of_units(k).tolist(),
            }
        else:
            columns = {LABEL_COLUMN: result.assigned_labels[first:last].tolist()}
        write_labels(args.recording[k], columns, **target)
        first = last
