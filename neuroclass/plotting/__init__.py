"""Figures of results: ``plot_<thing>(record, *, ax=None) -> Axes``.

Input: a record of `neuroclass.results`, and axes, by default those of a new pyplot
figure. Output: the axes; no function displays, saves or changes a global setting.
Colours of classes are those of `class_colors`, the same in every figure.
`write_figures` makes the files of a result folder, without pyplot.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
