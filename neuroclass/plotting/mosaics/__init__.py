"""Figures of mosaics: where the neurons of each class lie, and how far apart.

Input: `ClassificationResult` with positions. Output: axes.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
