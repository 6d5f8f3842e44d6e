"""Populations of neurons with known cell types.

Input: numbers.  Output: a recording whose unit column ``true_type`` is the truth.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
