"""Feedback spiking networks trained by IDE and SPIDE, and recordings of their spikes.

Needs PyTorch: ``pip install neuroclass[snn]``.
"""

import importlib.util as _util
import os as _os
import sys as _sys

import lazy_loader as _lazy

if _util.find_spec("torch") is None:
    raise ImportError(
        "neuroclass.snn needs PyTorch, which is not installed. "
        "Install it with: pip install neuroclass[snn]"
    )

# After a parallel operation the threads of GNU OpenMP, which torch uses on Linux, wait
# for the next one at full speed, by default for milliseconds: on the cores that parts
# of a batch want (docs/network_benchmarks.md). It is read once, when torch is loaded.
if "torch" not in _sys.modules and "OMP_WAIT_POLICY" not in _os.environ:
    _os.environ.setdefault("GOMP_SPINCOUNT", "10000")

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
