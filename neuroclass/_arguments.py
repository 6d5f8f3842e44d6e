"""What the command line understands: commands, options, defaults, help.

Takes the arguments of ``neuroclass COMMAND ...`` and gives them as a namespace. Loads
argparse and nothing else, so that ``neuroclass --help`` is instant.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from neuroclass._version import __version__

__all__ = ["LABEL_COLUMN", "build_parser"]

LABEL_COLUMN = "neuroclass_label"

# Written out, for to import them would load what --help does not need.
_CONDITIONS = ("stimulus,time", "stimulus", "time", "none")
_ESTIMATORS = ("plug-in", "miller-madow", "jackknife")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; what it parses has the command's name in ``command``."""
    parser = _Parser(
        prog="neuroclass",
        description="Find functional classes of neurons from spike trains, by how much "
        "a response tells about which neuron gave it.",
        epilog="exit status: 0 done, 1 the data cannot be used, 2 wrong usage",
        allow_abbrev=False,
    )
    version = f"neuroclass {__version__}"
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(
        title="commands", dest="command", metavar="COMMAND", required=True
    )
    _add_inspect(commands)
    _add_cluster(commands)
    _add_information(commands)
    _add_simulate(commands)
    _add_train(commands)
    _add_record(commands)
    _add_report(commands)
    return parser


class _Parser(argparse.ArgumentParser):
    """An argument parser that fails in one line."""

    def error(self, message: str) -> NoReturn:
        cure = f"Try '{self.prog} --help'."
        self.exit(2, f"neuroclass: error: {message.rstrip('.')}. {cure}\n")


def _add_inspect(commands: Any) -> None:
    parser = _add_command(
        commands,
        "inspect",
        "RECORDING",
        "Show what a recording holds: its format, neurons and interval tables, what "
        "'cluster' would take as repeats of a stimulus and why, and what looks wrong.",
    )
    _add_recording(parser)
    _add_json(parser)


def _add_cluster(commands: Any) -> None:
    parser = _add_command(
        commands,
        "cluster",
        "RECORDING",
        "Find the functional classes of the neurons of a recording. Labels, figures "
        "and a report go into a folder.",
    )
    _add_recording(parser)
    _add_words(parser, _ESTIMATORS, default="miller-madow")
    classes = parser.add_argument_group("classes")
    number = classes.add_mutually_exclusive_group()
    number.add_argument(
        "--n-clusters",
        metavar="auto|INT",
        type=_integer_or_auto,
        default="auto",
        help="number of classes (default auto)",
    )
    number.add_argument(
        "--max-information-loss",
        metavar="FRACTION",
        type=float,
        help="the fewest classes that lose at most this part of the information",
    )
    classes.add_argument(
        "--reference",
        metavar="PATH|COLUMN",
        help="compare with another labelling of the same units: a labels.csv, a result "
        "folder, or a units column of the recording",
    )
    classes.add_argument(
        "--seed", metavar="INT", type=_seed, default=0, help="random seed (default 0)"
    )
    classes.add_argument(
        "--jobs",
        metavar="INT",
        type=_jobs,
        default=1,
        help="processes, -1 for all cores (default 1); the result is the same",
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        type=Path,
        help="the result folder (default: the name of RECORDING with _classes)",
    )
    nwb = output.add_mutually_exclusive_group()
    nwb.add_argument(
        "--save-nwb",
        metavar="PATH",
        type=Path,
        help=f"also copy the NWB file to PATH, with a units column {LABEL_COLUMN}",
    )
    nwb.add_argument(
        "--in-place",
        action="store_true",
        help="also add that column to RECORDING itself, after a backup copy",
    )
    output.add_argument(
        "--force",
        action="store_true",
        help="replace an existing result folder, NWB file or column",
    )
    _add_json(output)


def _add_information(commands: Any) -> None:
    parser = _add_command(
        commands,
        "information",
        "RECORDING",
        "Measure how much a response tells about which neuron gave it: bits per word, "
        "per second and per spike, of the population and of each neuron.",
    )
    _add_recording(parser)
    _add_words(parser, ("blend", *_ESTIMATORS), default="blend")
    _add_json(parser)


def _add_simulate(commands: Any) -> None:
    parser = _add_command(
        commands,
        "simulate",
        "OUT.nwb",
        "Write a simulated retina with known cell types: repeats of a full-field "
        "flicker between segments that are not repeated. The true type is the units "
        "column true_type, which 'cluster' does not look at unless told to "
        "(--reference true_type).",
    )
    parser.add_argument("output", metavar="OUT.nwb", type=Path, help="file to write")
    for name, kind, default, text in (
        ("types", int, 6, "cell types, at most 9"),
        ("neurons", _at_least_two, 100, "neurons, at least as many as types"),
        ("repeats", int, 50, "repeats"),
        ("seed", _seed, 0, "random seed"),
    ):
        parser.add_argument(
            f"--{name}",
            metavar="INT",
            type=kind,
            default=default,
            help=f"{text} (default {default})",
        )
    parser.add_argument(
        "--duration",
        metavar="TIME",
        type=_time,
        default=20.0,
        help="length of one repeat (default 20s)",
    )
    parser.add_argument(
        "--diversity",
        metavar="FRACTION",
        type=float,
        default=0.5,
        help="how much cells of one type differ, from 0 to 1 (default 0.5)",
    )
    parser.add_argument("--force", action="store_true", help="replace OUT.nwb")
    _add_json(parser)


def _add_train(commands: Any) -> None:
    parser = _add_command(
        commands,
        "train",
        "DATASET",
        "Train a feedback spiking network by SPIDE or IDE. The model, its metrics and "
        "their curves go into a folder after every epoch; 'record' takes the model. "
        "Needs the extra snn (PyTorch).",
    )
    parser.add_argument(
        "dataset",
        metavar="DATASET",
        help="digits (comes with scikit-learn), mnist, fashion-mnist, cifar10, "
        "cifar100, nmnist or cifar10-dvs",
    )
    parser.add_argument(
        "--data",
        metavar="PATH",
        type=Path,
        help="folder or npz with the files of the dataset; nothing is downloaded",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        type=Path,
        required=True,
        help="folder for the model, metrics.csv and curves.png",
    )
    network = parser.add_argument_group("network")
    network.add_argument(
        "--structure",
        metavar="NAME",
        help="recurrent-dense, recurrent-conv, mnist-convnet-f, lenet, alexnet-f, "
        "cifarnet-f or dvs-convnet-f (default: the usual one of the dataset)",
    )
    network.add_argument(
        "--method",
        choices=("spide", "ide"),
        default="spide",
        help="learning rule (default spide)",
    )
    network.add_argument(
        "--neuron", choices=("IF", "LIF"), default="IF", help="default IF"
    )
    network.add_argument(
        "--steps",
        metavar="INT",
        type=int,
        default=30,
        help="time steps, or frames of event data (default 30)",
    )
    network.add_argument(
        "--backward-steps",
        metavar="INT",
        type=int,
        help="time steps of the spiking backward stage, or of the solver",
    )
    network.add_argument(
        "--hidden",
        metavar="INT,...",
        type=_integers,
        help="sizes of the layers of recurrent-dense",
    )
    training = parser.add_argument_group("training")
    for name, kind, text in (
        ("epochs", int, "passes over the training images (default: the usual)"),
        ("lr", float, "learning rate (default: the usual)"),
    ):
        training.add_argument(f"--{name}", metavar=name.upper(), type=kind, help=text)
    training.add_argument(
        "--batch",
        metavar="INT",
        type=int,
        default=128,
        help="images per step (default 128)",
    )
    training.add_argument(
        "--seed", metavar="INT", type=int, default=0, help="random seed (default 0)"
    )
    training.add_argument(
        "--device", metavar="NAME", default="cpu", help="default cpu; cuda for a GPU"
    )
    training.add_argument(
        "--resume",
        action="store_true",
        help="go on from the model in DIR, up to --epochs in all",
    )
    _add_json(parser)


def _add_record(commands: Any) -> None:
    parser = _add_command(
        commands,
        "record",
        "MODEL",
        "Present images to a trained network many times and write its spikes as NWB, "
        "to be classified by 'cluster'. Needs the extra snn (PyTorch).",
    )
    parser.add_argument(
        "model", metavar="MODEL", type=Path, help="DIR/model, as 'train' wrote it"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT.nwb",
        type=Path,
        required=True,
        help="file to write",
    )
    parser.add_argument(
        "--data", metavar="PATH", type=Path, help="files of the dataset, as for 'train'"
    )
    parser.add_argument(
        "--images",
        metavar="INT",
        type=int,
        default=10,
        help="test images to present, the same number of every class (default 10); "
        "at least two of each for --condition label",
    )
    parser.add_argument(
        "--repeats",
        metavar="INT",
        type=int,
        default=50,
        help="presentations of each image (default 50)",
    )
    parser.add_argument(
        "--condition",
        choices=("image", "label"),
        default="image",
        help="what is a repeat: the same image (default), or another image of the "
        "same class, which asks another question",
    )
    parser.add_argument(
        "--encoding",
        choices=("poisson", "bernoulli", "constant"),
        default="poisson",
        help="how pixels become currents at each step (default poisson)",
    )
    parser.add_argument(
        "--noise",
        metavar="FLOAT",
        type=float,
        default=0.0,
        help="standard deviation of noise on the potentials (default 0)",
    )
    parser.add_argument(
        "--layers",
        metavar="INT,...",
        type=_integers,
        help="layers to record, from 0 (default all)",
    )
    parser.add_argument(
        "--units", metavar="INT", type=int, help="neurons per layer, drawn at random"
    )
    parser.add_argument(
        "--step",
        metavar="TIME",
        type=_time,
        default=0.001,
        help="duration of a time step (default 1ms)",
    )
    parser.add_argument(
        "--seed", metavar="INT", type=int, default=0, help="random seed (default 0)"
    )
    parser.add_argument("--force", action="store_true", help="replace OUT.nwb")
    _add_json(parser)


def _add_report(commands: Any) -> None:
    parser = _add_command(
        commands,
        "report",
        "DIR",
        "Rebuild report.html of a result folder from the files beside it.",
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="a result folder")
    _add_json(parser)


def _add_command(commands: Any, name: str, argument: str, text: str) -> _Parser:
    summary = text.partition(". ")[0].partition(": ")[0].rstrip(".")
    parser: _Parser = commands.add_parser(
        name,
        usage=f"neuroclass {name} {argument} [options]",
        help=summary[0].lower() + summary[1:],
        description=text,
        allow_abbrev=False,
    )
    loudness = parser.add_mutually_exclusive_group()
    loudness.add_argument(
        "-v", "--verbose", action="store_true", help="show the traceback of an error"
    )
    loudness.add_argument(
        "-q", "--quiet", action="store_true", help="no progress on stderr"
    )
    return parser


def _add_json(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--json", action="store_true", help="print JSON for programs instead of text"
    )


def _add_recording(parser: argparse.ArgumentParser) -> None:
    """Add what says which file, and what of it are repeats of what."""
    parser.add_argument(
        "recording",
        metavar="RECORDING",
        help="an NWB file, or a table of spike times (npz, csv, mat)",
    )
    table = parser.add_argument_group("tables of spike times")
    table.add_argument(
        "--triggers",
        metavar="FILE",
        help="times at which the repeated stimulus began (csv, txt, npy, npz, mat)",
    )
    table.add_argument(
        "--trial-duration",
        metavar="TIME",
        type=_time,
        help="length of each repeat (default: the median gap between triggers)",
    )
    table.add_argument(
        "--time-unit",
        choices=("s", "ms", "us", "samples"),
        default="s",
        help="unit of the times in the table (default s)",
    )
    table.add_argument(
        "--sampling-rate",
        metavar="HZ",
        type=float,
        help="samples per second, for --time-unit samples",
    )
    repeats = parser.add_argument_group("repeats")
    repeats.add_argument(
        "--intervals", metavar="NAME", help="the interval table that holds the repeats"
    )
    repeats.add_argument(
        "--stimulus",
        metavar="COLUMN[=VALUE,...]",
        help="the column that names the stimulus, and which stimuli to take",
    )
    repeats.add_argument(
        "--min-repeats",
        metavar="INT",
        type=int,
        default=10,
        help="leave out stimuli shown less often (default 10)",
    )
    repeats.add_argument(
        "--condition",
        choices=_CONDITIONS,
        default="stimulus,time",
        metavar="CONDITION",
        help="what responses are conditioned on: 'stimulus,time' (default), "
        "'stimulus', 'time', or 'none' for spontaneous activity",
    )


def _add_words(
    parser: argparse.ArgumentParser, estimators: tuple[str, ...], *, default: str
) -> None:
    """Add what says how spike trains become words, and words become bits."""
    words = parser.add_argument_group("words")
    words.add_argument(
        "--bin-size",
        metavar="TIME",
        type=_time_or_auto,
        default="auto",
        help="width of a bin, such as 20ms (default: chosen among 5, 10, 20, 50 ms)",
    )
    words.add_argument(
        "--word-length",
        metavar="INT",
        type=int,
        default=1,
        help="bins per word (default 1)",
    )
    words.add_argument(
        "--response",
        choices=("words", "counts"),
        default="words",
        help="whether there was a spike in a bin, or how many (default words)",
    )
    words.add_argument(
        "--estimator",
        metavar="NAME",
        choices=estimators,
        default=default,
        help=f"correction for few repeats: {', '.join(estimators)} (default {default})",
    )
    words.add_argument(
        "--units",
        metavar="COLUMN=VALUE,...",
        type=_units,
        action="append",
        default=[],
        help="take only units with these values; again for another column",
    )


def _time(text: str) -> float:
    from neuroclass._validation import as_seconds  # noqa: PLC0415

    try:
        return as_seconds(text, "it", unit_required=True)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _time_or_auto(text: str) -> float | str:
    return text if text == "auto" else _time(text)


def _integer_or_auto(text: str) -> int | str:
    if text == "auto":
        return text
    return _integer(text, "auto or an integer", lambda _: True)


def _seed(text: str) -> int:
    # What scikit-learn, and numpy's older generator, take for a seed.
    return _integer(text, "an integer from 0 to 4294967295", lambda n: 0 <= n < 2**32)


def _jobs(text: str) -> int:
    return _integer(text, "an integer other than 0", lambda n: n != 0)


def _at_least_two(text: str) -> int:
    return _integer(text, "an integer of at least 2", lambda n: n >= 2)


def _integer(text: str, rule: str, holds: Callable[[int], bool]) -> int:
    try:
        number = int(text)
    except ValueError:
        number = None
    if number is None or not holds(number):
        raise argparse.ArgumentTypeError(f"it must be {rule}; got {text!r}")
    return number


def _integers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        message = f"it must be integers with commas between; got {text!r}"
        raise argparse.ArgumentTypeError(message) from error


def _units(text: str) -> tuple[str, list[str]]:
    column, equals, values = text.partition("=")
    if not (column and equals and values):
        message = f"it must be COLUMN=VALUE,...; got {text!r}"
        raise argparse.ArgumentTypeError(message)
    return column, values.split(",")
