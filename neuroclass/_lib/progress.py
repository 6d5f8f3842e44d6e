"""Whether a progress bar is drawn: not into a log file, where nobody watches it."""

import sys

__all__ = ["is_watched"]


def is_watched(progress: bool) -> bool:
    """Return whether somebody asked for progress and is there to see it.

    Parameters
    ----------
    progress : bool
        What was asked for.

    Returns
    -------
    bool
        Whether stderr is a terminal, or a notebook shows it.
    """
    return progress and (sys.stderr.isatty() or "ipykernel" in sys.modules)
