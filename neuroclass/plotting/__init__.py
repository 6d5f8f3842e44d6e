"""Figures of a classification: ``plot_<thing>(classification, *, ax=None) -> Axes``.

Every function draws into the axes given, or into a new pyplot figure, and returns the
axes; none shows, saves or changes a global setting. Colours of classes come from
`class_colors` alone, so that a class looks the same in every figure. `write_figures`
makes the files of a result folder, without pyplot; `plot_overview` puts the main
figures on one page.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
