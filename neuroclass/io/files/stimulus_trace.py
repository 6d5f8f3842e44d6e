"""Files of a stimulus, frame by frame.

Input: a table with the time and the intensity of each frame. Output: `StimulusTrace`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuroclass.exceptions import RecordingError
from neuroclass.io.text import pop_column, read_text_columns

__all__ = ["StimulusTrace", "read_stimulus"]

_CLOCK = ("time", "times", "frame_time", "timestamp")
_FROM_ONSET = ("time_from_onset", "onset_time", "time_in_stimulus")


@dataclass(frozen=True, eq=False)
class StimulusTrace:
    """A stimulus, frame by frame.

    Attributes
    ----------
    times : ndarray of shape (n_frames,)
        Onset of each frame, in seconds.
    intensity : ndarray of shape (n_frames,)
        Light in each frame.
    is_from_onset : bool
        Whether times count from the onset of each presentation, not on the clock of the
        recording.
    """

    times: NDArray[np.float64]
    intensity: NDArray[np.float64]
    is_from_onset: bool

    def __repr__(self) -> str:
        clock = "from the onset" if self.is_from_onset else "on the recording's clock"
        return f"StimulusTrace({len(self.times)} frames, times {clock})"


def read_stimulus(path: str | Path) -> StimulusTrace:
    """Read the time and the intensity of each frame of a stimulus.

    Parameters
    ----------
    path : str or Path
        A text table with a column ``time`` (on the clock of the recording) or
        ``time_from_onset`` (of each presentation), in seconds or with its unit in the
        name, such as ``time_ms``; and one more column of numbers.

    Returns
    -------
    StimulusTrace

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    RecordingError
        If it has no such columns, or holds what is not a finite number.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"stimulus_file must be a file; got {path}.")
    columns = read_text_columns(path)
    from_onset = pop_column(columns, _FROM_ONSET, 1.0)
    found = from_onset or pop_column(columns, _CLOCK, 1.0)
    if found is None or len(columns) != 1:
        raise RecordingError(
            f"{path} must have a column time or time_from_onset, and one with the "
            f"intensity; got {', '.join(columns)}. Name the first, leave others out."
        )
    times, scale = found
    (intensity,) = columns.values()
    for name, values in (("times", times), ("intensities", intensity)):
        if values.dtype.kind not in "biuf" or not np.isfinite(values).all():
            raise RecordingError(
                f"{path} must hold finite numbers; the {name} are not. Export it again."
            )
    return StimulusTrace(
        np.asarray(times, dtype=np.float64) * scale,
        np.asarray(intensity, dtype=np.float64),
        from_onset is not None,
    )
