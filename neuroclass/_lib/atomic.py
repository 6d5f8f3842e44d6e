"""Atomic replacement of files: write beside, then rename.

Input: the path of a file. Output: a path in the same folder to write to, which takes
the place of the first once it is complete. One process at a time writes a target; what
a process that was killed left beside it goes with the next.
"""

from __future__ import annotations

import errno
import math
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where the rename alone guards a target
    fcntl = None  # type: ignore[assignment]

__all__ = [
    "claim",
    "lacks_room",
    "naming_full_disk",
    "remove_left_over",
    "write_beside",
]

# Targets that this process has claimed, so that writing them claims nothing again.
_CLAIMED: set[Path] = set()
_NO_SPACE = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_NO_SPACE_TEXT = re.compile(
    rf"No space left|File too large|errno = ({'|'.join(map(str, sorted(_NO_SPACE)))})\b"
)
_MARK = "neuroclass"


@contextmanager
def claim(path: Path) -> Iterator[None]:
    """Keep all other processes from writing a target; remove what dead ones left.

    The claim is a lock on a hidden file beside the target, which ends with the process
    however it ends.

    Parameters
    ----------
    path : pathlib.Path
        The file or folder that will be written.

    Raises
    ------
    BlockingIOError
        If another process is writing it.
    """
    place = path.absolute().parent.resolve() / path.name
    if place in _CLAIMED or fcntl is None:
        yield
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    lock = place.with_name(f".{place.name}.{_MARK}-lock")
    descriptor = _locked(lock, path)
    _CLAIMED.add(place)
    try:
        if descriptor is not None:
            remove_left_over(place)
        yield
    finally:
        _CLAIMED.discard(place)
        if descriptor is not None:
            lock.unlink(missing_ok=True)  # before the lock ends: see _locked
            os.close(descriptor)


def _locked(lock: Path, target: Path) -> int | None:
    """Return the descriptor of a locked file; None where there are no locks."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    while True:
        descriptor = os.open(lock, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise BlockingIOError(
                f"{target} is being written by another process. Let it end, then try "
                "again, or choose another name."
            ) from error
        except OSError:  # a file system without locks
            os.close(descriptor)
            lock.unlink(missing_ok=True)
            return None
        # Whoever held it may have removed it in between: then it locks nothing.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), os.lstat(lock)):
                return descriptor
        os.close(descriptor)


@contextmanager
def write_beside(
    path: Path, *, is_shared: bool = False, room: int = 0
) -> Iterator[Path]:
    """Yield a path beside `path`; rename it to `path` on success, else remove it.

    What is at `path` is thus either as it was or complete, after a power cut too.
    Missing folders are made; permissions of a file that is replaced stay.

    Parameters
    ----------
    path : pathlib.Path
        The file to write.
    is_shared : bool, default False
        Whether other processes may write the same content at the same time, as into a
        cache: then it is not claimed.
    room : int, default 0
        Bytes that must be free before writing begins. HDF5 needs it: a file that did
        not fit stays open in the library, and closing another one may then end the
        process.

    Yields
    ------
    pathlib.Path
        Where to write; of the same suffix, hidden, and made by us alone.

    Raises
    ------
    BlockingIOError
        If another process is writing `path`.
    OSError
        If the disk is full: with the name of `path`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if _free_bytes(path.parent) < room:
        raise _full_disk(path)
    if is_shared:
        _remove_of_dead_processes(path.parent)
        with naming_full_disk(path), _beside(path) as beside:
            yield beside
        return
    with claim(path), naming_full_disk(path), _beside(path) as beside:
        yield beside


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    # Named by us, not by tempfile, whose files only their maker may read.
    mark = f"{_MARK}-{os.getpid()}-{secrets.token_hex(8)}"
    beside = path.with_name(f".{path.stem}.{mark}{path.suffix}")
    # Made exclusively: nothing that lies there, a link least of all, is written to.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    os.close(os.open(beside, flags, 0o666))
    try:
        yield beside
        with beside.open("r+b") as file:
            os.fsync(file.fileno())
        if path.is_file() and not path.is_symlink():
            shutil.copymode(path, beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def naming_full_disk(path: Path) -> Iterator[None]:
    """Say which target does not fit where a library only says that writing failed."""
    try:
        yield
    except Exception as error:
        if not (lacks_room(error) or _is_full(path.parent)):
            raise
        raise _full_disk(path) from error


def _full_disk(path: Path) -> OSError:
    return OSError(
        f"{path} cannot be written: the disk is full, or a file may not be so "
        "large. Make room, or choose another place. Nothing is left there."
    )


def lacks_room(error: BaseException | None) -> bool:
    """Whether an error says that there is no room for a file, by number or by text."""
    number = error.errno if isinstance(error, OSError) else None
    return number in _NO_SPACE or _NO_SPACE_TEXT.search(str(error)) is not None


def _is_full(folder: Path) -> bool:
    return _free_bytes(folder) < 1 << 16


def _free_bytes(folder: Path) -> float:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return math.inf


def remove_left_over(place: Path) -> None:
    """Remove the hidden copies of a target that processes which died left beside it.

    Parameters
    ----------
    place : pathlib.Path
        The target, claimed: so that no process is writing them.
    """
    names = re.compile(
        rf"\.{re.escape(place.stem)}\.{_MARK}-\d+-[0-9a-f]{{16}}{re.escape(place.suffix)}"
        rf"|\.{_MARK}-{re.escape(place.name)}-[0-9a-f]{{16}}"
    )
    for folder in (place.parent, place):
        if folder.is_dir() and not (folder == place and place.is_symlink()):
            for found in folder.iterdir():
                if names.fullmatch(found.name) and _is_own(found):
                    _remove(found)


def _remove_of_dead_processes(folder: Path) -> None:
    """Remove the copies in a shared folder whose process is no more."""
    for found in folder.glob(f".*.{_MARK}-*-*"):
        match = re.search(rf"\.{_MARK}-(\d+)-[0-9a-f]{{16}}\.", found.name)
        if match and _is_own(found) and not _is_alive(int(match[1])):
            _remove(found)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _is_own(path: Path) -> bool:
    with suppress(FileNotFoundError):
        return not hasattr(os, "getuid") or os.lstat(path).st_uid == os.getuid()
    return False


def _remove(path: Path) -> None:
    # Another process may be removing it, too.
    if stat.S_ISDIR(os.lstat(path).st_mode):
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
