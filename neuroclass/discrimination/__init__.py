"""Discrimination of pairs of neurons: divergence, null, decoder, observation time.

Input: counts or codes of words, and spike times.  Output: bits per word, z, accuracy,
and seconds, for each pair of neurons.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
