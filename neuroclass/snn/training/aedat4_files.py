"""AEDAT 4, the format of DV and of the CIFAR10-DVS that tonic gives out.

Input: a file. Output: its events. The container (flatbuffers, packed by LZ4 or
Zstandard) is read by the package aedat, of the extra ``events``.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuroclass.exceptions import RecordingError

__all__ = ["read_aedat4"]


def read_aedat4(path: Path) -> tuple[NDArray[np.int64], ...]:
    """Return times, columns, rows and polarities of the first stream of events.

    Times are microseconds, as written: mostly those since 1970.

    Raises
    ------
    ImportError
        If the package aedat is not installed.
    RecordingError
        If the file is damaged or holds no stream of events.
    """
    if importlib.util.find_spec("aedat") is None:
        raise ImportError(
            f"{path}: AEDAT 4 needs aedat, which is not installed. "
            "Install it with: pip install neuroclass[events]"
        )
    aedat = importlib.import_module("aedat")
    with _one_line(path):
        decoder = aedat.Decoder(str(path))
        streams = decoder.id_to_stream()
        chosen = [key for key, held in streams.items() if held["type"] == "events"]
        if not chosen:
            kinds = ", ".join(sorted(held["type"] for held in streams.values()))
            raise RecordingError(
                f"{path}: must hold a stream of events; got {kinds or 'no stream'}."
            )
        packets = [
            packet["events"] for packet in decoder if packet["stream_id"] == chosen[0]
        ]
    if not packets:
        empty = np.zeros(0, np.int64)
        return empty, empty, empty, empty
    events = np.concatenate(packets)
    return tuple(events[key].astype(np.int64) for key in ("t", "x", "y", "on"))


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    """Turn what the package raises into one line, and keep its own lines quiet.

    It has no exception of its own. Of a damaged file its Rust code panics: that is no
    ``Exception``, and is written to the standard error stream beside Python.
    """
    try:
        with _nothing_on_stderr():
            yield
    except BaseException as error:
        is_panic = type(error).__name__ == "PanicException"
        if isinstance(error, RecordingError) or not (
            isinstance(error, Exception) or is_panic
        ):
            raise
        reason = " ".join(str(error).split())[:200]
        raise RecordingError(
            f"{path}: cannot be read as AEDAT 4 ({reason}). Copy it again."
        ) from error


@contextmanager
def _nothing_on_stderr() -> Iterator[None]:
    try:
        kept = os.dup(2)
    except OSError:  # it is closed
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    sys.stderr.flush()
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
