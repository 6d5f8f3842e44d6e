"""A result folder: labels.csv, result.json, figures and a self-contained report.html.

`save_results` writes all of it; `write_report` rebuilds the page from the folder alone.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
