"""Names and formats of the figure files of result folders.

Apart from the figures, which load matplotlib.
"""

from __future__ import annotations

from neuroclass._lib.running import FIGURE_FORMATS

__all__ = [
    "FIGURE_FORMATS",
    "FIGURE_NAMES",
    "PAIR_FIGURE_NAMES",
    "TIMING_FIGURE_NAMES",
]

FIGURE_NAMES = (
    "cuts",
    "information_curve",
    "time_resolution",
    "merge_tree",
    "pairwise_loss",
    "class_responses",
    "rasters",
    "class_sizes",
    "confidence",
    "co_clustering",
    "class_maps",
)
# By the criterion "timing" alone.
TIMING_FIGURE_NAMES = ("cuts", "time_resolution", "confidence")
PAIR_FIGURE_NAMES = ("pairwise_divergence", "discrimination_times", "decoder_curves")
