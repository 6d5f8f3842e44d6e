"""Memory that counting will take, said before the work.

Input: the presentations, the time bin width and the number of units. Output: nothing,
or an error with the estimate and the width that fits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroclass._lib.checks import as_bytes, as_seconds
from neuroclass._lib.wording import rounded
from neuroclass.presentations import Presentations

__all__ = ["check_memory"]

# Bytes of each count while it is analysed: 49 neurons, 30 repeats of 18 s in bins of
# 0.1 and 0.2 ms took 144 bytes for each neuron, condition and word, the imports apart.
_PER_COUNT = 144.0
_PER_WINDOW = 24.0  # of each presentation
# A command takes as much with its libraries alone; a smaller bound is of the pairs.
_LEAST_BYTES = 3e8


def check_memory(
    presentations: Presentations,
    bin_size: Any,
    word_length: int,
    *,
    n_units: int,
    memory: float | str,
) -> None:
    """Refuse bins that are too narrow for the memory.

    Parameters
    ----------
    presentations : Presentations
        The repeats of each stimulus.
    bin_size : float, str or quantities.Quantity
        Time bin width; an automatic one is never too narrow.
    word_length : int
        Number of bins per word.
    n_units : int
        Number of units that are counted.
    memory : float or str
        Bytes that may be taken.

    Raises
    ------
    ValueError
        If at least so much would be taken; the message says how much, and the width
        that fits.
    """
    if isinstance(bin_size, str) and bin_size in ("auto", "base"):
        return
    width = as_seconds(bin_size, "bin_size")
    words = presentations.durations / (width * word_length)  # of each stimulus
    n_windows = float(words[presentations.stimulus].sum())
    is_by_time = "time" in presentations.condition.split(",")
    n_conditions = float(words.sum()) if is_by_time else len(words)
    of_counts = 2 * _PER_COUNT * n_units * n_conditions  # two words at least
    needed = of_counts + _PER_WINDOW * n_windows
    allowed = as_bytes(memory, "memory")
    if needed <= max(allowed, _LEAST_BYTES):
        return
    least = width * needed / allowed
    digit = 10.0 ** np.floor(np.log10(least))
    least = float(np.ceil(least / digit) * digit)
    raise ValueError(
        f"bin_size must be at least {1e3 * least:g} ms for {n_units} units in "
        f"{allowed / 1e9:.3g} GB of memory; got {1e3 * width:g} ms, whose counts take "
        f"about {rounded(needed / 1e9)} GB. Use wider bins, or give more memory."
    )
