"""Files of what classes respond to: csv, and plain values for programs.

Input: `ResponseDescription`. Output: a table, or JSON.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
