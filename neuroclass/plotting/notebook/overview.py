"""Figures for notebooks: one page of the result, and a small curve.

Input: `ClassificationResult`. Output: a pyplot figure; HTML.
"""

from __future__ import annotations

import base64
import importlib
import io
from typing import TYPE_CHECKING

import matplotlib
from matplotlib.figure import Figure

from neuroclass.plotting.class_responses import (
    plot_class_responses,
    responses_size,
)
from neuroclass.plotting.class_sizes import plot_class_sizes
from neuroclass.plotting.figure_files import FILE_STYLE, new_figure
from neuroclass.plotting.information_curve import plot_information_curve
from neuroclass.plotting.tree import plot_merge_tree

if TYPE_CHECKING:
    from neuroclass.results import ClassificationResult

__all__ = ["information_curve_svg", "plot_overview"]


def plot_overview(classification: ClassificationResult) -> Figure:
    """Draw a `ClassificationResult` on one page, a new pyplot figure, and return it.

    Information curve, class sizes and rates, merge tree, responses by class.

    Examples
    --------
    >>> import neuroclass
    >>> retina = neuroclass.simulate_retina(3, 24, 20, "5s", random_state=0)
    >>> classes = neuroclass.classify_neurons(retina)
    >>> figure = plot_overview(classes)
    """
    pyplot = importlib.import_module("matplotlib.pyplot")
    tall = responses_size(classification)[1]
    figure: Figure = pyplot.figure(figsize=(10, 8 + tall), layout="compressed")
    curve, sizes, tree, responses = figure.subplot_mosaic(
        [["curve", "sizes"], ["tree", "tree"], ["responses", "responses"]],
        height_ratios=[3.8, 4.2, tall],
    ).values()
    plot_information_curve(classification, ax=curve)
    plot_class_sizes(classification, ax=sizes)
    plot_merge_tree(classification, ax=tree)
    plot_class_responses(classification, ax=responses)
    if "inline" in matplotlib.get_backend():
        # A notebook displays what a cell returns and what pyplot holds: not both.
        pyplot.close(figure)
    return figure


def information_curve_svg(classification: ClassificationResult) -> str:
    """Return the information curve of a `ClassificationResult` as HTML.

    An ``<img>`` element that holds a small SVG: its style stays inside it.
    """
    drawn = io.BytesIO()
    with matplotlib.style.context(["default", FILE_STYLE]):
        figure = new_figure((4.6, 3.2))
        plot_information_curve(classification, ax=figure.subplots())
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    content = base64.b64encode(drawn.getvalue()).decode("ascii")
    return (
        f'<img src="data:image/svg+xml;base64,{content}" '
        'alt="Class information against the number of classes">'
    )
