"""Figures of a result in a notebook: by name, on one page, and inside of tables.

Input: records of results. Output: `ClassPlots` and its like, whose methods draw each
figure; pyplot figures; small pictures in HTML.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
