"""Arrays of numpy's ``.npz`` files, never unpickled.

Input: the path of a file. Output: its arrays by name.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass.exceptions import RecordingError

__all__ = ["read_npz"]


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of an npz file; Python objects in it are never loaded."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except Exception as error:  # zipfile, zlib and numpy each raise their own
        if "allow_pickle" in str(error):
            raise RecordingError(
                f"{path} holds arrays of Python objects, which are not loaded, for "
                "they can run code. Save the spike times of all units in one array, "
                "spike_times, with spike_times_index."
            ) from error
        raise RecordingError(
            f"{path} is a damaged or truncated npz file: {error}. Save or copy it "
            "again."
        ) from error
