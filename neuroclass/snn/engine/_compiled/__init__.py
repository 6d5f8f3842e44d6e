"""Event-driven kernels compiled by numba, which is loaded when the first one is used.

Without the extra ``fast`` this package can be imported and its kernels cannot be had.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
