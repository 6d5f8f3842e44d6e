"""Sphinx: MyST pages, numpydoc docstrings, furo; built with -W.

Equations are MathML, which browsers draw by themselves: pages load nothing from a
network.
"""

import re

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml

from neuroclass import __version__

project = "neuroclass"
author = "The neuroclass developers"
copyright = "The neuroclass developers, BSD-3-Clause"
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
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
html_static_path = ["_static"]
html_js_files = ["accessible.js"]
html_math_renderer = "mathml"


def setup(app):
    """Register the renderer of equations."""
    app.add_html_math_renderer("mathml", (draw_inline, None), (draw_displayed, None))


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
