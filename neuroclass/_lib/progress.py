"""Progress bars, where a terminal or a notebook shows them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

__all__ = ["announce", "is_watched", "show_stages"]


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


def announce(text: str, *, progress: bool) -> None:
    """Print a line on stderr before long work, in a log file too.

    Parameters
    ----------
    text : str
        What is about to be done, and how long it takes.
    progress : bool
        Whether progress is asked for.
    """
    if progress:
        tqdm.write(text, file=sys.stderr)


@contextmanager
def show_stages(progress: bool) -> Iterator[Callable[[str], None]]:
    """Name the stage that runs, on stderr, in what takes longer than two seconds.

    Parameters
    ----------
    progress : bool
        Whether progress is asked for.

    Yields
    ------
    callable
        To be called with the name of each stage when it begins.
    """
    with tqdm(
        bar_format="{desc} [{elapsed}]",
        delay=2,
        disable=not is_watched(progress),
        leave=False,
    ) as bar:

        def begin(stage: str) -> None:
            bar.set_description(stage, refresh=False)
            bar.update()

        yield begin
