"""Result folders: tables, JSON, figures and a self-contained report.html.

Input: the records of `neuroclass.results`. Output: folders, of which `write_report`
rebuilds the page, and plain values for programs.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
