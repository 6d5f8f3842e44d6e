"""Functional classes of neurons from spike trains, by information about identity."""

import logging as _logging

import lazy_loader as _lazy

from neuroclass._version import __version__

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
__all__ += ["__version__"]

# Silent unless a program asks: logging.basicConfig(level="INFO").
_logging.getLogger(__name__).addHandler(_logging.NullHandler())
