"""Progress bars, where a terminal or a notebook shows them, and the log of stages."""

from __future__ import annotations

import importlib
import logging
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

__all__ = ["announce", "bar_class", "is_watched", "progress_bar", "show_stages"]

_log = logging.getLogger(__name__)


def is_watched(progress: bool) -> bool:
    """Return whether progress is asked for and shown.

    Parameters
    ----------
    progress : bool
        Whether it is asked for.

    Returns
    -------
    bool
        False where stderr is a log file: neither a terminal nor shown by a notebook.
    """
    return progress and (sys.stderr.isatty() or "ipykernel" in sys.modules)


def bar_class() -> Any:
    """Return the class of progress bars: tqdm's for notebooks in one that has widgets.

    Without ipywidgets it is the one of terminals, in a notebook, too.
    """
    if "ipykernel" not in sys.modules:
        return tqdm
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that ipywidgets is missing
        return importlib.import_module("tqdm.auto").tqdm


def progress_bar(iterable: Any = None, *, progress: bool, **options: Any) -> Any:
    """Return a progress bar for what takes longer than two seconds.

    Parameters
    ----------
    iterable : iterable, optional
        What is gone through.
    progress : bool
        Whether progress is asked for.
    **options
        As `tqdm.tqdm` takes them.
    """
    return bar_class()(
        iterable, delay=2, leave=False, disable=not is_watched(progress), **options
    )


def announce(text: str, *, progress: bool) -> None:
    """Print a line on stderr before long work, in a log file too.

    Parameters
    ----------
    text : str
        What is about to be done, and how long it takes.
    progress : bool
        Whether progress is asked for.
    """
    _log.info(text)
    if progress:
        tqdm.write(text, file=sys.stderr)


@contextmanager
def show_stages(progress: bool) -> Iterator[Callable[[str], None]]:
    """Name the stage that runs, on stderr, in what takes longer than two seconds.

    The log "neuroclass" has every stage as it begins, and how long all took.

    Parameters
    ----------
    progress : bool
        Whether progress is asked for.

    Yields
    ------
    callable
        To be called with the name of each stage when it begins.
    """
    began = time.perf_counter()
    with progress_bar(progress=progress, bar_format="{desc} [{elapsed}]") as bar:

        def begin(stage: str) -> None:
            _log.info(stage)
            bar.set_description(stage, refresh=False)
            bar.update()

        yield begin
    _log.debug("finished after %.2f s", time.perf_counter() - began)
