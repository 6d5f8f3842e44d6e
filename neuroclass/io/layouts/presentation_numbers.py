"""Presentations of spikes whose times count from stimulus onset.

Input: the number and the stimulus of the presentation of each spike. Output: the same
spikes with their presentations, numbered from 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import warn_user
from neuroclass._lib.wording import some
from neuroclass.exceptions import RecordingError
from neuroclass.io.layouts.array_kinds import as_text
from neuroclass.io.spike_table import SpikeTable
from neuroclass.io.text import pop_column

__all__ = ["PRESENTATION_NAMES", "STIMULUS_NAMES", "add_presentations"]

# Presentations are counted in arrays: one number must not make millions of them.
_MOST_NUMBER, _MOST_GAP = 1_000_000, 100
#: Names of the number of each spike's presentation, and of its stimulus.
PRESENTATION_NAMES = ("presentation", "presentations", "repeat", "repeats", "trial")
STIMULUS_NAMES = ("stimulus", "stimuli", "condition")
# Spikes to be expected of all units in a presentation in which none fires: with so many
# it was not recorded, or is none; with fewer it may be a silent one.
_SURELY_FIRING = 20.0


def add_presentations(
    spikes: SpikeTable, columns: dict[str, NDArray[Any]], source: str
) -> None:
    """Add the presentation of each spike, where the table has it."""
    columns = dict(columns)
    numbers = pop_column(columns, PRESENTATION_NAMES, 1.0)
    stimuli = pop_column(columns, STIMULUS_NAMES, 1.0)
    if numbers is None:
        return
    number = numbers[0]
    if number.size != spikes.times.size or (number != np.floor(number)).any():
        raise RecordingError(
            f"{source}: presentation must be a whole number for each of the "
            f"{spikes.times.size} spikes; got {number.size} of {number.dtype}. Correct "
            "the column."
        )
    most = _MOST_NUMBER + _MOST_GAP * number.size
    if number.size and not np.abs(number).max() < most:
        raise RecordingError(
            f"{source}: presentations must be numbered from 0 or 1, with few gaps; got "
            f"{number[np.argmax(np.abs(number))]:g} among {number.size} spikes. "
            "Correct the column."
        )
    number = number.astype(np.intp)
    first = min(1, int(number.min(initial=1)))  # from 0 or from 1
    number = _without_gaps(number - first, source)
    stimulus = np.zeros(number.size, dtype=np.intp) if stimuli is None else stimuli[0]
    if stimulus.size != number.size:
        raise RecordingError(
            f"{source}: stimulus must have one entry for each of the {number.size} "
            f"spikes; got {stimulus.size}. Correct the column."
        )
    names, code = np.unique(as_text(stimulus), return_inverse=True)
    if names.dtype.kind == "f" and (names == np.floor(names)).all():
        names = names.astype(np.intp)
    counts = np.zeros(names.size, dtype=np.intp)
    np.maximum.at(counts, code, number + 1)
    pairs = np.unique(np.stack([number, code]), axis=1)
    if names.size > 1 and pairs.shape[1] == np.unique(number).size:
        # Numbered through all stimuli: the stimulus of a number without spikes is lost.
        present, spikes.presentations = np.unique(number, return_inverse=True)
        spikes.stimuli = names[pairs[1]]
        lost = int(number.max()) + 1 - present.size
        if lost:
            warn_user(
                f"{source}: {lost} presentations without any spike are left out, for "
                "their stimulus is unknown. Cell arrays keep them.",
            )
        return
    spikes.presentations = (np.cumsum(counts) - counts)[code] + number
    spikes.stimuli = np.repeat(names, counts)


def _without_gaps(number: NDArray[np.intp], source: str) -> NDArray[np.intp]:
    """Return numbers of presentations without those in which no unit can be silent."""
    if not number.size:
        return number
    present, renumbered = np.unique(number, return_inverse=True)
    n_missing = int(present[-1]) + 1 - present.size
    if not n_missing:
        return number
    missing = np.setdiff1d(np.arange(present[-1] + 1), present)[:3].tolist()
    numbers = f"{some([str(n) for n in missing], 3)}{', ...' if n_missing > 3 else ''}"
    if number.size / present.size >= _SURELY_FIRING:
        warn_user(
            f"{source}: {n_missing} numbers of presentations, counted from 0, are "
            f"without any spike ({numbers}) where {number.size / present.size:.0f} "
            "spikes are to be expected; they are taken for numbers that are not in "
            "the recording. Cell arrays keep presentations without spikes."
        )
        return renumbered.astype(np.intp).reshape(number.shape)
    return number
