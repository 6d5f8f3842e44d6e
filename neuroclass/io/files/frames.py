"""Tables of spike times in parquet and feather files, read by pandas.

Input: the path of a file. Output: a ``neo.Block``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import neo
import pandas as pd
from numpy.typing import NDArray

from neuroclass.exceptions import RecordingError
from neuroclass.io.memory.frame_columns import frame_columns
from neuroclass.io.memory.objects import recording_of

__all__ = ["read_frame_columns", "read_frame_file"]


def read_frame_file(path: Path, scale: float, duration: float | None) -> neo.Block:
    """Return the recording of a parquet or feather file.

    Raises
    ------
    ImportError
        If no package that reads the format is installed.
    RecordingError
        If the file is damaged, or is no table of spikes.
    """
    recording = recording_of(_read_frame(path), scale, duration)
    recording.name, recording.file_origin = path.stem, str(path)
    recording.annotations["format"] = "parquet"
    return recording


def read_frame_columns(path: Path) -> dict[str, NDArray[Any]]:
    """Return the columns of a parquet or feather file; raises as `read_frame_file`."""
    return frame_columns(_read_frame(path), path.name)


def _read_frame(path: Path) -> pd.DataFrame:
    try:
        with path.open("rb") as file:
            is_feather = file.read(4) in (b"ARRO", b"FEA1")
        return pd.read_feather(path) if is_feather else pd.read_parquet(path)
    except ImportError as error:
        raise ImportError(
            f"{path} is parquet, which needs pyarrow. Install it: pip install pyarrow."
        ) from error
    except Exception as error:  # pyarrow raises its own
        reason = " ".join(str(error).split())[:200]
        raise RecordingError(
            f"{path} is a damaged or truncated parquet file: {reason.rstrip('.')}. "
            "Save or copy it again."
        ) from error
