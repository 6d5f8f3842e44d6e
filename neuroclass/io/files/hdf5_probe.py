"""HDF5 files opened by another process first, which may be stopped.

Input: the path of a file. Output: nothing, or an error in one line where the HDF5
library does not come to an end with it, or takes the process with it.

A few damaged bytes in an object header make the library read it again and again, in C
code that neither Ctrl-C nor another thread interrupts.
"""

from __future__ import annotations

import os
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

import h5py

from neuroclass.exceptions import RecordingError

try:
    import resource
except ImportError:  # Windows, where no process can be limited so
    resource = None  # type: ignore[assignment]

__all__ = ["check_ends"]

_MAGIC = b"\x89HDF\r\n\x1a\n"
_MOST_SECONDS = 20


def check_ends(path: Path, most_seconds: int = _MOST_SECONDS) -> None:
    """Refuse an HDF5 file whose groups and attributes cannot be read to their end.

    They are read in a copy of this process, which ends after so many seconds of
    computation; waiting for a slow disk does not count. Whatever else is wrong with
    the file is left to its reader.

    Parameters
    ----------
    path : pathlib.Path
        Any file; of another format nothing is read.
    most_seconds : int, default 20
        Processor time that the library may take.

    Raises
    ------
    RecordingError
    """
    if resource is None or not hasattr(os, "fork") or not _is_hdf5(path):
        return
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        # The copy does nothing that threads of this process could hold up.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        try:
            _walk(path, most_seconds)
        finally:
            os._exit(0)
    try:
        _, status = os.waitpid(child, 0)
    except BaseException:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    code = os.waitstatus_to_exitcode(status)
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        raise RecordingError(
            f"{path} is a damaged HDF5 file: the HDF5 library does not come to an end "
            f"with it in {most_seconds} s. Copy or download it again."
        )
    if code < 0:
        raise RecordingError(
            f"{path} is a damaged HDF5 file: the HDF5 library fails with it "
            f"({signal.Signals(-code).name}). Copy or download it again."
        )


def _is_hdf5(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) == _MAGIC:
            return True
        file.seek(512)  # behind the text of Matlab
        return file.read(len(_MAGIC)) == _MAGIC


def _walk(path: Path, most_seconds: int) -> None:
    """Open all objects of a file and read their attributes."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGXCPU):
        signal.signal(number, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    spent = sum(os.times()[:2])
    bound = int(spent) + most_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (bound, bound + 1))

    def visit(_: str, item: Any) -> None:
        # What cannot be read is refused by the reader, which says where.
        for name in item.attrs:
            try:
                item.attrs[name]
            except Exception:
                continue

    try:
        with h5py.File(path, "r") as file:
            visit("", file)
            file.visititems(visit)
    except Exception:
        return
