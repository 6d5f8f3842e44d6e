"""Spike times of single repeats: intervals between spikes, distances of spike trains.

Input: a recording and its presentations.
Output: the spike times of each repeat (`RepeatedTrains`), statistics of intervals
between spikes by elephant (`interval_statistics`), and mean distances of the spike
trains of each two units: Victor-Purpura and van Rossum by elephant, SPIKE by PySpike
(`spike_distances`).
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
