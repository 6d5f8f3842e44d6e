"""Memory of this machine, and arrays that are refused before they are made.

Input: the size that a file declares or settings ask for. Output: an error in one line
where it is more than this process can ever have.
"""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

__all__ = ["available_bytes", "check_allocation", "size_text"]

# What limits a container, of both versions of Linux' control groups.
_CGROUPS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def available_bytes() -> float:
    """Return the bytes that this process may take at most: of machine or container."""
    limits = [math.inf]
    if hasattr(os, "sysconf"):
        limits.append(float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")))
    if sys.platform.startswith("linux"):
        for path in _CGROUPS:
            try:
                text = path.read_text(encoding="ascii").strip()
            except OSError:
                continue
            if text.isdecimal():
                limits.append(float(text))
    return min(limits)


def check_allocation(
    n_bytes: float,
    subject: str,
    cure: str,
    *,
    error: type[ValueError] = ValueError,
    most: float | None = None,
) -> None:
    """Refuse an array that does not fit into memory, before it is made.

    Parameters
    ----------
    n_bytes : float
        Estimated size in bytes.
    subject : str
        What takes the memory, as the beginning of a sentence.
    cure : str
        Sentence that names the option which takes less.
    error : type, default ValueError
        Exception to raise.
    most : float, optional
        Largest size in bytes; by default `available_bytes`.
    """
    bound = available_bytes() if most is None else most
    if n_bytes > bound:
        raise error(
            f"{subject} would take {size_text(n_bytes)} of memory; there are "
            f"{size_text(bound)}. {cure}"
        )


def size_text(n_bytes: float) -> str:
    """Return a size with its unit: ``"72.8 TB"``."""
    power = 0
    while n_bytes >= 1000 and power < 6:
        n_bytes, power = n_bytes / 1000, power + 1
    return f"{n_bytes:.3g} {('', 'k', 'M', 'G', 'T', 'P', 'E')[power]}B"
