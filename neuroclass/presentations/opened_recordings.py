"""A recording and its presentations, from paths or recordings.

Input: a path, a recording, or several of either. Output: one recording with its
presentations: how every analysis of a whole recording begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias, Unpack

import neo

from neuroclass._lib.keywords import settings_from
from neuroclass.io import load_recording
from neuroclass.presentations.pooling import pool_recordings
from neuroclass.presentations.presentation_settings import (
    PresentationOptions,
    PresentationSettings,
)
from neuroclass.presentations.selection import Presentations, select_presentations

__all__ = ["find_presentations", "open_recording", "presentation_setting"]

Recordings: TypeAlias = neo.Block | Sequence[neo.Block | str | Path]


def open_recording(
    recording: Any,
    *,
    triggers: Any = None,
    trial_duration: Any = None,
    align: str | None = None,
    lazy: bool | Literal["auto"] = False,
) -> Recordings:
    """Return the recording, loaded from its file or from an object in memory.

    Parameters
    ----------
    recording : neo.Block, str or Path, object, or a sequence of paths and blocks
        A recording, its file, or what else `load_recording` takes. A sequence of
        several paths and blocks is returned as it is, for `find_presentations`.
    triggers, trial_duration, align, lazy : as in `load_recording`

    Raises
    ------
    TypeError
        If it is of an unknown type.
    ValueError
        If triggers, trial_duration or align are given for several recordings.
    """
    if isinstance(recording, list | tuple) and recording:
        of_files = [isinstance(one, neo.Block | str | Path) for one in recording]
        if any(of_files) and not all(of_files):
            other = recording[of_files.index(False)]
            raise TypeError(
                "recording must be a neo.Block, a path or a list of these; got a list "
                f"with {type(other).__name__}. Load each with load_recording."
            )
        if all(of_files) and len(recording) == 1:
            recording = recording[0]
        elif all(of_files):
            if triggers is None and trial_duration is None and align is None:
                return recording
            raise ValueError(
                "triggers, trial_duration and align must go to load_recording for each "
                "of several recordings."
            )
    return load_recording(
        recording,
        triggers=triggers,
        trial_duration=trial_duration,
        align=align,
        lazy=lazy,
    )


def find_presentations(
    recording: Recordings,
    settings: PresentationSettings | None = None,
    **options: Unpack[PresentationOptions],
) -> tuple[neo.Block, Presentations]:
    """Select the presentations of a recording; pool several recordings.

    Parameters
    ----------
    recording : neo.Block, or a sequence of neo.Block, str or Path
        A recording, or several to be pooled by `pool_recordings`.
    settings : PresentationSettings, optional
        Settings of the selection.
    **options
        Single settings as keywords: `intervals`, `stimulus`, `min_repeats`, `repeats`,
        `condition` and `drop_empty` of `PresentationSettings`.

    Returns
    -------
    recording : neo.Block
        The recording, or the pool.
    presentations : Presentations
        Its presentations.
    """
    settings = settings_from(
        PresentationSettings, settings, options, "find_presentations"
    )
    if isinstance(recording, neo.Block):
        return recording, select_presentations(recording, settings)
    return pool_recordings(recording, settings=settings)


def presentation_setting(
    presentations: Presentations, intervals: str | None, stimulus: str | None
) -> dict[str, str]:
    """Return table and reason of the selection, for the settings of a result."""
    return {
        "value": presentations.source,
        "chosen": "auto" if intervals is None and stimulus is None else "given",
        "why": presentations.reason,
    }
