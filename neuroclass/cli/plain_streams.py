r"""Terminal output without control characters that a file may hold.

Input: the stream that a command prints to. Output: the same stream, to which names of
units, stimuli and files are written as they are but for characters that move the
cursor, change colours or the direction of text: these are shown as ``\x1b``.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["PlainStream", "as_printable", "open_closed_streams"]

# C0 and C1 but line feed and tab, and the marks that reverse the direction of text.
_CONTROLS = (
    *range(32),
    *range(127, 160),
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
)
_SHOWN = {
    code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    for code in _CONTROLS
    if chr(code) not in "\n\t"
}


def as_printable(text: str) -> str:
    """Return text with control characters shown by their number."""
    return text.translate(_SHOWN)


def open_closed_streams() -> None:
    """Open what the program was started without: all that is written there is lost.

    A recording must not get the number of a closed stream either, for what a C library
    prints would be written into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
            setattr(sys, name, stream)


class PlainStream:
    """A stream that shows control characters in place of obeying them.

    Parameters
    ----------
    stream : file
        Text stream that is written to; its other methods are those of this one.
    name : str
        What it is called where it cannot be written to.
    """

    def __init__(self, stream: Any, name: str) -> None:
        self._stream, self._name = stream, name

    def write(self, text: str) -> int:
        """Write text with control characters shown."""
        with self._naming():
            self._stream.write(as_printable(text))
        return len(text)

    def flush(self) -> None:
        """Write what the stream holds back."""
        with self._naming():
            self._stream.flush()

    @contextmanager
    def _naming(self) -> Iterator[None]:
        """Name the stream where the file or disk behind it is full."""
        try:
            yield
        except OSError as error:
            if isinstance(error, BrokenPipeError) or error.filename is not None:
                raise
            raise OSError(error.errno, error.strerror, self._name) from error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
