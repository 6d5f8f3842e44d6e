"""Figures of what classes respond to: autocorrelograms and spike-triggered averages.

Input: `ClassificationResult` with a description. Output: axes.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
