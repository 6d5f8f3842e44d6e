"""Classes of neurons by the timing of their spikes, and how many there are."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
