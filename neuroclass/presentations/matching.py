"""Presentations of the stimuli that several recordings have in common.

Input: recordings. Output: short names for them, and of each recording the
presentations of the common stimuli (`match_presentations`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.issues import Issue, warn_of
from neuroclass._lib.keywords import settings_from
from neuroclass._lib.wording import plural, some
from neuroclass.exceptions import RecordingError
from neuroclass.io import load_recording
from neuroclass.presentations.candidates import length_tolerance
from neuroclass.presentations.presentation_settings import (
    PresentationOptions,
    PresentationSettings,
)
from neuroclass.presentations.selection import Presentations, select_without_warning

__all__ = [
    "MATCHING",
    "load_recordings",
    "match_presentations",
    "name_issues",
    "recording_names",
]

MATCHING = "matching"  # kind of the issues of stimuli of several recordings


def load_recordings(recordings: Sequence[neo.Block | str | Path]) -> list[neo.Block]:
    """Load the recordings that are paths; refuse duplicates.

    Parameters
    ----------
    recordings : sequence of neo.Block, str or Path
        At least two recordings.

    Raises
    ------
    ValueError
        If there are fewer than two, or one of them is given twice.
    """
    if len(recordings) < 2:
        raise ValueError(
            f"recordings must be at least two; got {len(recordings)}. One recording "
            "needs no pooling."
        )
    blocks = [r if isinstance(r, neo.Block) else load_recording(r) for r in recordings]
    known: list[Any] = []
    for block in blocks:
        identity: Any = block.file_origin
        identity = id(block) if identity is None else Path(identity).resolve()
        if identity in known:
            raise ValueError(
                f"recordings must be different; {block.file_origin or block.name} is "
                "given twice. Remove one of the two."
            )
        known.append(identity)
    return blocks


def recording_names(recordings: Sequence[neo.Block]) -> list[str]:
    """Return a short and unique name of each recording.

    The name is that of the file without suffix, with the folder before it where files
    of several folders are named alike; recordings from memory are numbered.
    """
    origins = [block.file_origin for block in recordings]
    names = [
        str(block.name or "recording") if origin is None else Path(origin).stem
        for block, origin in zip(recordings, origins, strict=True)
    ]
    if len(set(names)) < len(names) and None not in origins:
        paths = [Path(str(origin)).resolve() for origin in origins]
        names = [f"{path.parent.name}/{path.stem}" for path in paths]
    if len(set(names)) < len(names):
        names = [f"{name}.{number}" for number, name in enumerate(names, 1)]
    return names


def match_presentations(
    recordings: Sequence[neo.Block],
    settings: PresentationSettings | None = None,
    **options: Unpack[PresentationOptions],
) -> list[Presentations]:
    """Select the presentations of the stimuli that all recordings have in common.

    Stimuli are matched by name, whatever their order and number of repeats, and cut to
    the shortest duration among the recordings.

    Parameters
    ----------
    recordings : sequence of neo.Block
        At least two recordings.
    settings : PresentationSettings, optional
        Settings of the selection, for each recording.
    **options
        Single settings as keywords: `intervals`, `stimulus`, `min_repeats`, `repeats`
        and `condition` of `PresentationSettings`.

    Returns
    -------
    list of Presentations
        Presentations of each recording, with the same `stimuli` and `durations`. With
        condition ``"none"`` nothing is matched and each recording has its own.

    Raises
    ------
    RecordingError
        If a recording has no repeats, or no stimulus is in all of them.

    Warns
    -----
    UserWarning
        If stimuli are left out because they are not in every recording, if one lasts
        longer in one recording than in another, or if the files do not name it.
    """
    settings = settings_from(
        PresentationSettings, settings, options, "match_presentations"
    )
    names = recording_names(recordings)
    selected = []
    for name, recording in zip(names, recordings, strict=True):
        try:
            selected.append(select_without_warning(recording, settings))
        except RecordingError as error:
            raise RecordingError(f"{name}: {error}") from error
        warn_of(name_issues(name, selected[-1].issues))
    if settings.condition == "none":
        return selected
    common = [s for s in selected[0].stimuli if all(s in p.stimuli for p in selected)]
    if not common:
        raise RecordingError(
            f"recordings must have a stimulus in common; "
            f"{_stimuli_of(names[0], selected[0])}, {_first_other(names, selected)}. "
            "Classify them one by one, or name the common stimulus with --intervals "
            "and --stimulus."
        )
    others = list(dict.fromkeys(s for p in selected for s in p.stimuli))
    others = [s for s in others if s not in common]
    issues = []
    if others:
        text = (
            f"{plural(len(others), 'stimulus', 'stimuli')} left out without at "
            f"least {settings.min_repeats} presentations in every recording: "
            f"{some(others, 3)}."
        )
        issues.append(Issue(MATCHING, text))
    index = np.array([[p.stimuli.index(s) for s in common] for p in selected])
    durations = np.array([p.durations[k] for p, k in zip(selected, index, strict=True)])
    issues += _compare_lengths(names, selected, tuple(common), durations)
    warn_of(issues)
    taken = [
        _take(p, tuple(common), k, durations.min(axis=0))
        for p, k in zip(selected, index, strict=True)
    ]
    return [replace(p, issues=(*p.issues, *issues)) for p in taken]


def name_issues(name: str, issues: Iterable[Issue]) -> tuple[Issue, ...]:
    """Return issues with the name of their recording before the text."""
    return tuple(replace(issue, text=f"{name}: {issue.text}") for issue in issues)


def _first_other(names: Sequence[str], selected: Sequence[Presentations]) -> str:
    """Return the stimuli of the first recording without any of the first one's."""
    stimuli = {*selected[0].stimuli}
    others = [k for k, p in enumerate(selected) if not {*p.stimuli} & stimuli]
    k = others[0] if others else len(selected) - 1
    return _stimuli_of(names[k], selected[k])


def _stimuli_of(name: str, presentations: Presentations) -> str:
    return f"{name} has {some(presentations.stimuli, 3)} ({presentations.source})"


def _compare_lengths(
    names: Sequence[str],
    selected: Sequence[Presentations],
    stimuli: tuple[str, ...],
    durations: NDArray[np.float64],
) -> list[Issue]:
    """Refuse stimuli that are different ones; return those that may be, as issues."""
    shortest, longest = durations.min(axis=0), durations.max(axis=0)
    is_unequal = longest - shortest > length_tolerance(shortest)
    worst = int(np.argmax(longest / shortest))
    lengths = (
        f"{shortest[worst]:.4g} s in {names[int(durations[:, worst].argmin())]}, "
        f"{longest[worst]:.4g} s in {names[int(durations[:, worst].argmax())]}"
    )
    unnamed = [p.source for p in selected if "." not in p.source]
    if unnamed and selected[0].condition == "stimulus,time":
        if is_unequal.any():
            raise RecordingError(
                f"recordings must be under the same stimulus; the table {unnamed[0]} "
                f"does not name it, and it lasts {lengths}. Name the stimulus in a "
                "column of the tables (--stimulus COLUMN)."
            )
        text = (
            f"the table {unnamed[0]} does not name its stimulus: that it is the "
            "same in all recordings is taken on trust."
        )
        return [Issue(MATCHING, text)]
    if is_unequal.any():
        text = (
            f"{plural(int(is_unequal.sum()), 'stimulus differs', 'stimuli differ')} in "
            f"length between recordings (most {stimuli[worst]}: {lengths}): their "
            "common beginning is used."
        )
        return [Issue(MATCHING, text)]
    return []


def _take(
    presentations: Presentations,
    stimuli: tuple[str, ...],
    index: NDArray[np.intp],
    durations: NDArray[np.float64],
) -> Presentations:
    """Return the presentations of some stimuli, in this order, cut to `durations`."""
    rank = np.full(presentations.n_stimuli, -1)
    rank[index] = np.arange(len(index))
    new = rank[presentations.stimulus]
    return replace(
        presentations,
        starts=presentations.starts[new >= 0],
        stimulus=new[new >= 0],
        stimuli=stimuli,
        durations=durations,
    )
