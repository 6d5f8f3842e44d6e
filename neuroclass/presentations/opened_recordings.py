"""A recording and its presentations, from paths or recordings.

Input: a path, a recording, or several of either. Output: one recording with its
presentations: how every analysis of a whole recording begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias, Unpack

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
    recording: neo.Block | str | Path | Sequence[neo.Block | str | Path],
    *,
    triggers: Any = None,
    trial_duration: Any = None,
    lazy: bool = False,
) -> Recordings:
    """Return the recording, loaded if it is a path.

    Parameters
    ----------
    recording : neo.Block, str or Path, or a sequence of these
        A recording or its file. A sequence of several is returned as it is, for
        `find_presentations`.
    triggers, trial_duration, lazy
        Options of `load_recording` for a path.

    Raises
    ------
    TypeError
        If it is of another type.
    ValueError
        If triggers or trial_duration are given for a recording loaded already.
    """
    if isinstance(recording, neo.Block | str | Path):
        several: Sequence[Any] = [recording]
    else:
        several = recording if isinstance(recording, Sequence) else [recording]
    for one in several:
        if not isinstance(one, neo.Block | str | Path):
            raise TypeError(
                "recording must be a neo.Block, a path or a list of these; got "
                f"{type(one).__name__}. from_raster and from_events make recordings "
                "from arrays."
            )
    if len(several) == 1:
        recording = several[0]
    if isinstance(recording, str | Path):
        return load_recording(
            recording, triggers=triggers, trial_duration=trial_duration, lazy=lazy
        )
    if triggers is not None or trial_duration is not None:
        raise ValueError(
            "triggers and trial_duration must go to load_recording, when recording is "
            "loaded already."
        )
    return recording


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
        Single settings as keywords: `intervals`, `stimulus`, `min_repeats`, `repeats`
        and `condition` of `PresentationSettings`.

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
