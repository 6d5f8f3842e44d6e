"""Sphinx: MyST pages and notebooks, numpydoc docstrings, furo; built with -W.

Equations are MathML, which browsers draw by themselves: pages load nothing from a
network. The examples of the figures and the notebooks run while the site is built; what
did not change since comes from `docs/_build`.
"""

import logging
import os
import re
import sys
from pathlib import Path

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml

from neuroclass import __version__

sys.path.insert(0, str(Path(__file__).parent))
import site_pages

project = "neuroclass"
author = "The neuroclass developers"
copyright = "The neuroclass developers, BSD-3-Clause"
release = version = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
]
exclude_patterns = ["_build", "**.ipynb_checkpoints"]
nb_execution_mode = "cache"
nb_execution_cache_path = str(Path(__file__).parent / "_build" / "notebooks")
nb_execution_raise_on_error = True
nb_execution_timeout = 300  # s a cell, on a busy machine
nb_output_stderr = "remove"  # progress bars and warnings of small examples
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
autosummary_generate = True
autodoc_typehints = "none"  # the docstrings name types and shapes
numpydoc_show_class_members = False

html_theme = "furo"
html_title = f"neuroclass {version}"
html_static_path = ["_static"]
html_js_files = ["accessible.js"]
html_math_renderer = "mathml"


def setup(app):
    """Register the renderer of equations, and make the pages that are made."""
    app.add_html_math_renderer("mathml", (draw_inline, None), (draw_displayed, None))
    app.connect("builder-inited", make_pages)


def make_pages(app):
    """Draw the gallery and link the notebooks, before pages are looked for."""
    # A style of the theme (a11y_pygments) has all programs log.
    logging.getLogger("neuroclass").setLevel(logging.WARNING)
    site_pages.make_gallery()
    site_pages.link_notebooks()
    os.environ.pop("MPLBACKEND", None)  # kernels of notebooks show their figures


def mathml(node, is_displayed):
    """Return an equation as MathML, without hints of size, which it does not need."""
    return tex2mathml(re.sub(r"\\[bB]ig\b", "", node.astext()), is_displayed)


def draw_inline(translator, node):
    """Write an equation in a line."""
    translator.body.append(mathml(node, False))
    raise SkipNode


def draw_displayed(translator, node):
    """Write an equation of its own."""
    translator.body.append(f"<div class='math'>{mathml(node, True)}</div>")
    raise SkipNode
