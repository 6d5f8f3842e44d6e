"""Figures of a classification: ``plot_<thing>(classification, *, ax=None) -> Axes``.

Every function draws into the axes given, or into a new pyplot figure, and returns the
axes; none shows, saves or changes a global setting. Colours of classes come from
`class_colors` alone, so that a class looks the same in every figure. `write_figures`
makes the files of a result folder, without pyplot; `plot_overview` puts the main
figures on one page.
"""

from neuroclass.plotting._axes import class_colors
from neuroclass.plotting.class_families import plot_families
from neuroclass.plotting.class_responses import (
    plot_class_responses,
    plot_rasters,
)
from neuroclass.plotting.class_sizes import plot_class_sizes
from neuroclass.plotting.figure_files import (
    FIGURE_NAMES,
    PAIR_FIGURE_NAMES,
    write_discrimination,
    write_families,
    write_figures,
    write_scan,
)
from neuroclass.plotting.information_curve import plot_information_curve
from neuroclass.plotting.overview import information_curve_svg, plot_overview
from neuroclass.plotting.pair_matrices import (
    plot_co_clustering,
    plot_pairwise_divergence,
    plot_pairwise_loss,
)
from neuroclass.plotting.pair_times import (
    plot_decoder_curves,
    plot_discrimination_times,
)
from neuroclass.plotting.tree import plot_merge_tree
from neuroclass.plotting.word_scan import plot_scan

__all__ = [
    "FIGURE_NAMES",
    "PAIR_FIGURE_NAMES",
    "class_colors",
    "information_curve_svg",
    "plot_class_responses",
    "plot_class_sizes",
    "plot_co_clustering",
    "plot_decoder_curves",
    "plot_discrimination_times",
    "plot_families",
    "plot_information_curve",
    "plot_merge_tree",
    "plot_overview",
    "plot_pairwise_divergence",
    "plot_pairwise_loss",
    "plot_rasters",
    "plot_scan",
    "write_discrimination",
    "write_families",
    "write_figures",
    "write_scan",
]
