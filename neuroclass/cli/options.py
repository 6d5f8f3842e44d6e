"""Options that commands share: recording, presentations, words, output.

Input: a parser. Output: the parser with the options, and the parsers of their values.
Imports argparse and settings, nothing heavy: ``neuroclass --help`` is instant.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from neuroclass.io.load_settings import TIME_UNITS
from neuroclass.plotting.figure_names import FIGURE_FORMATS
from neuroclass.presentations.presentation_settings import (
    CONDITIONS,
    first_and_last_repeat,
)
from neuroclass.responses.settings import RESPONSES, ResponseSettings

__all__ = [
    "ESTIMATORS",
    "IDENTITY_ESTIMATORS",
    "Parser",
    "add_cache",
    "add_command",
    "add_dask",
    "add_figures",
    "add_json",
    "add_light",
    "add_output",
    "add_random_state_and_jobs",
    "add_recording",
    "add_reference",
    "add_words",
    "parse_at_least_two",
    "parse_formats",
    "parse_integer_or_auto",
    "parse_integers",
    "parse_n_jobs",
    "parse_n_replicates",
    "parse_random_state",
    "parse_repeats",
    "parse_size",
    "parse_time",
    "parse_unit_values",
]

_DEFAULTS = ResponseSettings()
# Written out, for to import them would load what --help does not need.
ESTIMATORS = ("plug-in", "miller-madow", "jackknife")
IDENTITY_ESTIMATORS = (
    "empirical-bayes",
    "blend",
    "plug-in",
    "miller-madow",
    "panzeri-treves",
    "jackknife",
    "quadratic-extrapolation",
    "grassberger",
    "chao-shen",
    "nsb",
)


class Parser(argparse.ArgumentParser):
    """An argument parser that fails in one line."""

    def error(self, message: str) -> NoReturn:
        """Print the message and where to look, and exit with status 2."""
        cure = f"Try '{self.prog} --help'."
        self.exit(2, f"neuroclass: error: {message.rstrip('.')}. {cure}\n")


def add_command(commands: Any, name: str, argument: str, text: str) -> Parser:
    """Add a command with its description and the options that all have."""
    summary = text.partition(". ")[0].partition(": ")[0].rstrip(".")
    parser: Parser = commands.add_parser(
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


def add_json(parser: argparse._ActionsContainer) -> None:
    """Add --json."""
    parser.add_argument(
        "--json", action="store_true", help="print JSON for programs instead of text"
    )


def add_light(group: argparse._ActionsContainer) -> None:
    """Add what is known of the light: --light-on, --stimulus-file."""
    group.add_argument(
        "--light-on",
        metavar="START-STOP",
        type=_parse_light,
        help="when the light goes on and off after the onset of every stimulus, such "
        "as 1s-3s: ON/OFF index, latency, transience",
    )
    group.add_argument(
        "--stimulus-file",
        metavar="FILE",
        type=Path,
        help="the flicker, frame by frame: a table with columns time (on the clock of "
        "the recording) or time_from_onset, and intensity: spike-triggered average",
    )


def _parse_light(text: str) -> tuple[float, float]:
    start, dash, stop = text.partition("-")
    if not dash:
        raise argparse.ArgumentTypeError(f"it must be START-STOP; got {text!r}")
    return parse_time(start), parse_time(stop)


def add_recording(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """Add the file, and the options of its presentations."""
    text = (
        "a file or folder of sorted spikes: NWB, Kilosort or phy folder, Blackrock, "
        "Plexon, NeuroExplorer, SONATA, NEST, or a table (csv, npz, mat, parquet) with "
        "columns unit and time, optionally trial and stimulus"
    )
    if several:
        more = "; several under the same stimulus are taken together"
        parser.add_argument(
            "recording", metavar="RECORDING", nargs="+", help=text + more
        )
    else:
        parser.add_argument("recording", metavar="RECORDING", help=text)
    table = parser.add_argument_group("files and triggers")
    table.add_argument(
        "--format",
        metavar="NAME",
        help="the format, where the content is not to decide: "
        "a sorting extractor of spikeinterface, or one of docs/formats.md",
    )
    text = (
        "onset times of the repeated stimulus: a file (csv, txt, npy, npz, mat) with "
        "columns start and optionally stop, duration, stimulus; or the name of events "
        "in the recording"
    )
    if several:
        more = "; of several recordings again for each, in their order"
        table.add_argument(
            "--triggers", metavar="FILE|NAME", action="append", help=text + more
        )
    else:
        table.add_argument("--triggers", metavar="FILE|NAME", help=text)
    table.add_argument(
        "--trial-duration",
        metavar="TIME",
        type=parse_time,
        help="duration of each repeat, of triggers and of interval tables (default: "
        "the stops of the table, or the median gap between triggers)",
    )
    table.add_argument(
        "--align",
        metavar="COLUMN",
        help="the column of the interval table with the onset of the stimulus in each "
        "row, such as stimOn_times",
    )
    table.add_argument(
        "--exclude",
        metavar="FILE|NAME",
        help="intervals that were not observed: an interval table, or a file with "
        "columns start and stop",
    )
    table.add_argument(
        "--axes",
        metavar="NAMES",
        help="names of the axes of a raster (spikes per time bin) in a mat, npz or npy "
        "file: neuron, time, and presentation or condition, such as "
        "neuron,presentation,time",
    )
    table.add_argument(
        "--dt",
        metavar="TIME",
        type=parse_time,
        help="time bin width of that raster",
    )
    table.add_argument(
        "--time-unit",
        choices=TIME_UNITS,
        default="s",
        help="unit of the spike times, and of triggers and tables unless "
        "--trigger-unit is given (default s)",
    )
    table.add_argument(
        "--trigger-unit",
        choices=TIME_UNITS,
        help="unit of the triggers and interval tables",
    )
    table.add_argument(
        "--sampling-rate",
        metavar="HZ",
        type=float,
        help="samples per second, for times in samples",
    )
    table.add_argument(
        "--follow-links",
        action="store_true",
        help="follow links of an NWB file out of its folder, which may lead to any "
        "file (default: refused)",
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
        default=_DEFAULTS.min_repeats,
        help="leave out stimuli with fewer presentations (default %(default)s)",
    )
    repeats.add_argument(
        "--repeats",
        metavar="A-B",
        type=parse_repeats,
        help="take only presentations A to B of each stimulus, such as 1-9: a stretch "
        "without drift",
    )
    repeats.add_argument(
        "--drop-empty",
        action="store_true",
        help="leave out presentations in which no unit fires",
    )
    repeats.add_argument(
        "--condition",
        choices=CONDITIONS,
        default=_DEFAULTS.condition,
        metavar="CONDITION",
        help="condition of the responses: 'stimulus,time' (default), "
        "'stimulus', 'time', or 'none' for spontaneous activity",
    )


def add_words(
    parser: argparse.ArgumentParser,
    estimators: tuple[str, ...] = (),
    *,
    default: str = "",
) -> None:
    """Add the options of words, and of the estimator of their information."""
    words = parser.add_argument_group("words")
    words.add_argument(
        "--bin-size",
        metavar="auto|TIME",
        type=parse_time_or_auto,
        default=_DEFAULTS.bin_size,
        help="time bin width, such as 20ms (default auto: chosen among 5, 10, 20, 50 "
        "ms)",
    )
    words.add_argument(
        "--word-length",
        metavar="INT",
        type=int,
        default=_DEFAULTS.word_length,
        help="bins per word (default %(default)s)",
    )
    words.add_argument(
        "--response",
        choices=RESPONSES,
        default=_DEFAULTS.response,
        help="binary words, or words of spike counts (default %(default)s)",
    )
    if estimators:
        words.add_argument(
            "--estimator",
            metavar="NAME",
            choices=estimators,
            default=default,
            help=f"correction for few repeats: {', '.join(estimators)} "
            f"(default {default})",
        )
    words.add_argument(
        "--units",
        metavar="COLUMN=VALUE,...",
        type=parse_unit_values,
        action="append",
        default=[],
        help="take only units with these values; again for another column",
    )


def add_cache(parser: argparse._ActionsContainer) -> None:
    """Add --cache."""
    parser.add_argument(
        "--cache",
        metavar="DIR",
        type=Path,
        help="keep what was counted in DIR, from which a run that was stopped goes on; "
        "spikes stay in the file, for recordings larger than memory",
    )


def add_reference(parser: argparse._ActionsContainer, text: str) -> None:
    """Add --reference, which is used as `text` says."""
    parser.add_argument(
        "--reference",
        metavar="PATH|COLUMN",
        help=f"{text}: a labels.csv, a result folder, or a units column of the "
        "recording",
    )


def add_random_state_and_jobs(parser: argparse._ActionsContainer) -> None:
    """Add --random-state and --jobs."""
    parser.add_argument(
        "--random-state",
        metavar="INT",
        type=parse_random_state,
        default=0,
        help="random seed (default 0)",
    )
    parser.add_argument(
        "--jobs",
        metavar="INT",
        type=parse_n_jobs,
        default=1,
        help="processes, -1 for all cores (default 1); the result is the same",
    )


def add_output(parser: argparse._ActionsContainer, suffix: str, replaced: str) -> None:
    """Add --output, a folder by default named with `suffix`, and --force."""
    parser.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        type=Path,
        help=f"the result folder (default: the name of the first RECORDING with "
        f"{suffix})",
    )
    parser.add_argument("--force", action="store_true", help=f"replace {replaced}")


def add_dask(parser: argparse._ActionsContainer) -> None:
    """Add --dask."""
    parser.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="address of a dask scheduler whose workers compute in parallel, such as "
        "tcp://host:8786; the result is the same",
    )


def add_figures(parser: argparse._ActionsContainer) -> None:
    """Add --formats and --no-figures of a result folder."""
    figures = parser.add_mutually_exclusive_group()
    figures.add_argument(
        "--formats",
        metavar="png,svg",
        type=parse_formats,
        default=FIGURE_FORMATS,
        help="formats of the figures (default png,svg)",
    )
    figures.add_argument(
        "--no-figures",
        dest="formats",
        action="store_const",
        const=(),
        help="draw no figures: tables and numbers only",
    )


def parse_formats(text: str) -> tuple[str, ...]:
    """Return the formats of figures."""
    formats = tuple(text.split(","))
    if not set(formats) <= set(FIGURE_FORMATS) or len(set(formats)) < len(formats):
        raise argparse.ArgumentTypeError(
            f"it must be png, svg or png,svg; got {text!r}"
        )
    return formats


def parse_time(text: str) -> float:
    """Return seconds from a time with its unit."""
    from neuroclass._lib.checks import as_seconds  # noqa: PLC0415

    try:
        return as_seconds(text, "it", unit_required=True)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def parse_size(text: str) -> float:
    """Return bytes from a size of memory with its unit."""
    from neuroclass._lib.checks import as_bytes  # noqa: PLC0415

    try:
        return as_bytes(text, "it")
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def parse_repeats(text: str) -> str:
    """Return the first and the last repeat as they were given, if they are two."""
    try:
        first_and_last_repeat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error).removesuffix(".")) from error
    return text


def parse_time_or_auto(text: str) -> float | str:
    return text if text == "auto" else parse_time(text)


def parse_integer_or_auto(text: str) -> int | str:
    """Return an integer, or "auto"."""
    if text == "auto":
        return text
    return _integer(text, "auto or an integer", lambda _: True)


def parse_random_state(text: str) -> int:
    """Return a random seed."""
    # What scikit-learn, and numpy's older generator, take for a seed.
    return _integer(text, "an integer from 0 to 4294967295", lambda n: 0 <= n < 2**32)


def parse_n_jobs(text: str) -> int:
    """Return a number of processes, as joblib counts them."""
    return _integer(text, "an integer other than 0", lambda n: n != 0)


def parse_n_replicates(text: str) -> int:
    """Return how often to resample: not at all, or more than once."""
    return _integer(text, "0, or an integer of at least 2", lambda n: n == 0 or n >= 2)


def parse_at_least_two(text: str) -> int:
    """Return an integer of at least 2."""
    return _integer(text, "an integer of at least 2", lambda n: n >= 2)


def _integer(text: str, rule: str, holds: Callable[[int], bool]) -> int:
    try:
        number = int(text)
    except ValueError:
        number = None
    if number is None or not holds(number):
        raise argparse.ArgumentTypeError(f"it must be {rule}; got {text!r}")
    return number


def parse_integers(text: str) -> list[int]:
    """Return integers that were given with commas between."""
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        message = f"it must be integers with commas between; got {text!r}"
        raise argparse.ArgumentTypeError(message) from error


def parse_unit_values(text: str) -> tuple[str, str]:
    """Return a units column and its values."""
    column, equals, values = text.partition("=")
    if not (column and equals and values):
        message = f"it must be COLUMN=VALUE,...; got {text!r}"
        raise argparse.ArgumentTypeError(message)
    return column, values
