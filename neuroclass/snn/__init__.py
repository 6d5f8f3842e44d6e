"""Feedback spiking networks trained by IDE and SPIDE, and recordings of their spikes.

Needs PyTorch: ``pip install neuroclass[snn]``.
"""

import importlib.util as _util

import lazy_loader as _lazy

if _util.find_spec("torch") is None:
    raise ImportError(
        "neuroclass.snn needs PyTorch, which is not installed. "
        "Install it with: pip install neuroclass[snn]"
    )

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
