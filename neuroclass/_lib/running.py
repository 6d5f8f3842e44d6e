"""Settings of the computation: they change its cost, never its result.

Input: keywords of a call, else what `set_options` set for the session. Output:
`RunSettings`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

__all__ = [
    "FIGURE_FORMATS",
    "RunOptions",
    "RunSettings",
    "SessionOptions",
    "run_settings",
    "session",
    "session_formats",
]

FIGURE_FORMATS = ("png", "svg")


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """How a result is computed; never part of it.

    Attributes
    ----------
    n_jobs : int, optional
        Number of processes, as in joblib.
    cache : str or Path, optional
        Folder that keeps what was counted, for runs that were stopped or are to come:
        `count_recording`. A path is then loaded lazily, for very many spikes.
    memory : float or str, default 4e9
        Bytes, or text such as ``"4GB"``, that a matrix of all pairs of neurons may
        take.
    progress : bool, default True
        Show a progress bar, on stderr, for what takes longer than two seconds.
    spikes_at_once : int, default 2^21
        Number of spikes whose words are in memory at a time, unless one unit has more.
    """

    n_jobs: int | None = None
    cache: str | Path | None = None
    memory: float | str = 4e9
    progress: bool = True
    spikes_at_once: int = 1 << 21


class RunOptions(TypedDict, total=False):
    """Keywords of the computation: see `RunSettings`."""

    n_jobs: int | None
    cache: str | Path | None
    memory: float | str
    progress: bool
    spikes_at_once: int


class SessionOptions(RunOptions, total=False):
    """Keywords of `set_options`."""

    figure_formats: Sequence[str]


@dataclass
class Session:
    """What holds for calls that do not say otherwise."""

    run: RunSettings
    figure_formats: tuple[str, ...]


session = Session(RunSettings(), FIGURE_FORMATS)


def run_settings() -> RunSettings:
    """Return the settings of calls that do not say otherwise."""
    return session.run


def session_formats() -> tuple[str, ...]:
    """Return the formats of the figures of result folders, unless a call says."""
    return session.figure_formats
