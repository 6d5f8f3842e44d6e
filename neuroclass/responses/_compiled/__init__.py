"""Loops over spikes, compiled by numba where it is installed and spikes are many.

A lazy face: `spike_loops`, which takes a second to load, is loaded where it is first
used.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
