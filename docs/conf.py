"""Sphinx: MyST pages, numpydoc docstrings, furo; built with -W."""

from neuroclass import __version__

project = "neuroclass"
author = "The neuroclass developers"
copyright = "The neuroclass developers, BSD-3-Clause"
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
]
exclude_patterns = ["_build"]
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
autosummary_generate = True
autodoc_typehints = "none"  # the docstrings name types and shapes
numpydoc_show_class_members = False

html_theme = "furo"
html_title = f"neuroclass {version}"
