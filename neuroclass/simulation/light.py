"""Schedule of a full-field flicker: repeated and unique segments, frame by frame.

Input: numbers of presentations and segments, and durations in frames. Output: which
segment is presented when.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "REPEATED",
    "Schedule",
    "count_frames",
    "order_segments",
    "schedule_segments",
]

REPEATED = -1  # the repeated segment; the unique ones are 0, 1, ...


class Schedule(NamedTuple):
    """Presentations in the order of time.

    Attributes
    ----------
    segment : ndarray of int, (n_presentations,)
        Segment of each presentation, `REPEATED` or the number of a unique one.
    n_frames : ndarray of int, (n_presentations,)
        Duration of each, in frames, without the grey pause that follows.
    first_frames : ndarray of int, (n_presentations + 1,)
        First frame of each, and the number of all frames.
    """

    segment: NDArray[np.intp]
    n_frames: NDArray[np.intp]
    first_frames: NDArray[np.intp]


def schedule_segments(
    order: NDArray[np.intp], n_repeat_frames: int, n_unique_frames: int, n_pause: int
) -> Schedule:
    """Return when each segment of `order` is presented, `n_pause` frames after each."""
    n_frames = np.where(order == REPEATED, n_repeat_frames, n_unique_frames)
    first_frames = np.concatenate([[0], np.cumsum(n_frames + n_pause)])
    return Schedule(order, n_frames, first_frames)


def order_segments(n_presentations: int, n_unique: int) -> NDArray[np.intp]:
    """Return the segments in order, unique ones evenly between the repeats (-1)."""
    segments = np.append(np.full(n_presentations, REPEATED), np.arange(n_unique))
    place = np.append(
        (np.arange(n_presentations) + 0.5) / n_presentations,
        (np.arange(n_unique) + 0.5) / max(n_unique, 1),
    )
    return segments[np.argsort(place, kind="stable")]


def count_frames(seconds: float, frame_rate: float) -> int:
    """Return the number of whole frames nearest to `seconds`, at least one."""
    return max(1, round(seconds * frame_rate))
