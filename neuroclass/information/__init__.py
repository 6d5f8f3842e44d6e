"""Information of words about the neuron, its class and the stimulus.

Input: counts of words by neuron and condition.  Output: bits per word, with intervals.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
