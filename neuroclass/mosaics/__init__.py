"""Mosaics: whether the cells of a class keep a distance from each other.

Input: positions of cells in a plane, and their classes. Output: regularity indices,
density recovery profiles and coverage of each class, tests of exclusion within and
between classes by shuffled labels, and their power.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
