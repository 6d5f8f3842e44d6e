"""Loops compiled by numba where it is installed and the work is large.

A lazy face: `loops`, which takes a second to load with numba, is loaded where it is
first used.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
