"""The command line: parse, call, print.

Input: the arguments of ``neuroclass COMMAND ...``. Output: an exit status, 0 done, 1
the data cannot be used, 2 wrong usage. Results go to stdout, all else to stderr. Each
command is a file: its options, and its run, which imports the packages that it calls
only then, so that ``--help`` loads none.
"""

import argparse
import atexit
import gc
import os
import re
import shlex
import signal
import sys
import tempfile
import threading
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import Any, NoReturn

from neuroclass._lib.atomic import lacks_room
from neuroclass._version import __version__
from neuroclass.cli import (
    assign,
    cluster,
    compare,
    describe,
    diagnose,
    discriminate,
    evaluate,
    information,
    inspect,
    plan,
    record,
    report,
    simulate,
    train,
)
from neuroclass.cli.options import Parser
from neuroclass.cli.plain_streams import PlainStream, as_printable, open_closed_streams
from neuroclass.exceptions import RecordingError

__all__ = ["build_parser", "main", "report_failure"]

# In the order of the help.
_COMMANDS = {
    "inspect": inspect,
    "cluster": cluster,
    "compare": compare,
    "describe": describe,
    "assign": assign,
    "information": information,
    "discriminate": discriminate,
    "simulate": simulate,
    "plan": plan,
    "train": train,
    "evaluate": evaluate,
    "diagnose": diagnose,
    "record": record,
    "report": report,
}


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; what it parses has the command's name in ``command``."""
    parser = Parser(
        prog="neuroclass",
        description="Find functional classes of neurons from spike trains, by the "
        "information that responses carry about neuron identity.",
        epilog="exit status: 0 done, 1 the data cannot be used, 2 wrong usage",
        allow_abbrev=False,
    )
    version = f"neuroclass {__version__}"
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(
        title="commands", dest="command", metavar="COMMAND", required=True
    )
    for command in _COMMANDS.values():
        command.add_parser(commands)
    return parser


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
    open_closed_streams()
    try:
        args = build_parser().parse_args(argv)
    except SystemExit as stop:  # argparse: 0 after --help and --version, 2 otherwise
        return int(stop.code or 0)
    args.line = shlex.join(["neuroclass", *(sys.argv[1:] if argv is None else argv)])
    with (
        _ending_cleanly(),
        _few_collections(),
        _quiet_about_full_disk(),
        _with_a_cache_folder(),
        warnings.catch_warnings(),
        redirect_stdout(PlainStream(sys.stdout, "stdout")),
    ):
        warnings.showwarning = _show_warning
        warnings.simplefilter("default", UserWarning)
        try:
            _check_environment()
            with ExitStack() as args.claims:  # of targets: see `claim_target`
                _COMMANDS[args.command].run(args)
            sys.stdout.flush()
        except BrokenPipeError:
            # Python flushes stdout once more at exit: give it somewhere to go.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 141
        except KeyboardInterrupt:
            _print_error("interrupted")
            gc.freeze()  # to look for cycles once more takes seconds of a large one
            return 130
        except Exception as error:
            return report_failure(error, verbose=args.verbose, inputs=_inputs(args))
    return 0


def _check_environment() -> None:
    """Set aside variables at whose value a package that is used would fail."""
    if "matplotlib" not in sys.modules:
        os.environ["MPLBACKEND"] = "agg"  # figures are written, never shown
    date = os.environ.get("SOURCE_DATE_EPOCH", "0")
    if not (date.isascii() and date.isdecimal()):
        del os.environ["SOURCE_DATE_EPOCH"]
        _print_error(
            "warning: SOURCE_DATE_EPOCH must be a whole number of seconds; it is not "
            "used."
        )


def _inputs(args: argparse.Namespace) -> list[str]:
    """Return the input files among the arguments."""
    inputs = [getattr(args, name, None) for name in ("recording", "triggers")]
    lists = [one if isinstance(one, list) else [one] for one in inputs if one]
    return [str(path) for paths in lists for path in paths]


@contextmanager
def _ending_cleanly() -> Iterator[None]:
    """Unwind on SIGTERM and SIGINT, so that no output is left incomplete."""

    def end(number: int, _: Any) -> NoReturn:
        # A second request must not cut the cleaning short.
        signal.signal(number, signal.SIG_IGN)
        _kill_workers()
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(143)

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set a signal handler
        return
    numbers = [signal.SIGTERM]
    # A command that runs in the background of a shell is not interrupted.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        numbers.append(signal.SIGINT)
    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _kill_workers() -> None:
    """End the processes that compute for this one, in the middle of their tasks.

    Unwinding alone, joblib waits for the end of the tasks that they are at.
    """
    loaded = sys.modules.get("multiprocessing")
    for child in loaded.active_children() if loaded else ():
        with suppress(OSError):  # it has ended by itself
            os.kill(child.pid, getattr(signal, "SIGKILL", signal.SIGTERM))


@contextmanager
def _few_collections() -> Iterator[None]:
    """Collect cycles seldom: to look for them takes a seventh of all imports.

    And not at the exit of the process, where it takes a tenth of a short command.
    """
    atexit.unregister(gc.freeze)  # of an earlier command in this process
    atexit.register(gc.freeze)
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def _with_a_cache_folder() -> Iterator[None]:
    """Give packages a folder for their caches where the home is write-protected.

    pynwb cannot be loaded without one (4.2.0), and matplotlib warns of it.
    """
    place = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    existing = next((path for path in (place, *place.parents) if path.exists()), place)
    if sys.platform == "win32" or os.access(existing, os.W_OK):
        yield
        return
    names = ["XDG_CACHE_HOME", *{"MPLCONFIGDIR"}.difference(os.environ)]
    before = {name: os.environ.get(name) for name in names}
    with tempfile.TemporaryDirectory(prefix="neuroclass-") as folder:
        for name in names:
            os.environ[name] = folder
        try:
            yield
        finally:
            for name, value in before.items():
                del os.environ[name]
                if value is not None:
                    os.environ[name] = value


@contextmanager
def _quiet_about_full_disk() -> Iterator[None]:
    """Keep h5py quiet when it closes a file for which there was no room.

    It fails once more then, where no exception can be raised, and Python prints a
    traceback below the line that says so already.
    """
    before = sys.unraisablehook

    def show(unraisable: Any) -> None:
        if not lacks_room(unraisable.exc_value):
            before(unraisable)

    sys.unraisablehook = show
    try:
        yield
    finally:
        sys.unraisablehook = before


def report_failure(
    error: Exception, *, verbose: bool, inputs: Sequence[str] = ()
) -> int:
    """Print an error in one line and return the exit status; re-raise a defect.

    Parameters
    ----------
    error : Exception
        What a command raised.
    verbose : bool
        Print the traceback before.
    inputs : sequence of str, optional
        Input files; the first is named where the message names none.
    """
    is_about_data = isinstance(
        error,
        (RecordingError, OSError, ImportError, MemoryError, FloatingPointError),
    ) and not isinstance(error, FileExistsError)
    if not isinstance(error, OSError) and not is_about_data:
        # What our own code raises is about an option. What a library raises inside is
        # a defect, which must not look like wrong usage.
        origin = traceback.extract_tb(error.__traceback__)[-1]
        is_ours = Path(origin.filename).is_relative_to(Path(__file__).parents[1])
        if not (is_ours and str(origin.line).startswith("raise ")):
            raise error
    if verbose:
        traceback.print_exception(error)
    message = str(error) or type(error).__name__
    if isinstance(error, OSError) and error.strerror and error.filename:
        message = f"{error.filename}: {error.strerror}."
    if isinstance(error, MemoryError):
        message = _memory_message(message)
    is_unnamed = not any(Path(path).name in message for path in inputs)
    if isinstance(error, RecordingError) and inputs and is_unnamed:
        message = f"{inputs[0]}: {message}"
    _print_error(f"error: {message}")
    return 1 if is_about_data else 2


def _memory_message(message: str) -> str:
    """Return what was asked of memory, and the options that ask for less."""
    asked = re.search(r"allocate (.*?) for an array", message)
    size = f"{asked[1]} more" if asked else "more"
    return (
        f"the command needs {size} memory than there is. Leave the spikes in the file "
        "(--cache DIR), take wider bins (--bin-size) or fewer processes (--jobs)."
    )


def _print_error(text: str) -> None:
    # One line, whatever a file or a library puts into its message.
    line = as_printable(" ".join(text.splitlines()))
    with suppress(OSError, ValueError):  # stderr may be closed: the status still tells
        print(f"neuroclass: {line}", file=sys.stderr)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    _print_error(f"warning: {message}")
