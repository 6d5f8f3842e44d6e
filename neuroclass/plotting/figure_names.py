"""Names and formats of the figure files of result folders.

Apart from the figures, which load matplotlib.
"""

from __future__ import annotations

from neuroclass._lib.running import FIGURE_FORMATS

__all__ = [
    "DESCRIPTION_FIGURE_NAMES",
    "FIGURE_FORMATS",
    "FIGURE_NAMES",
    "MOSAIC_FIGURE_NAMES",
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
    "recovery_profiles",
    "autocorrelograms",
    "stimulus_filters",
)
# By the criterion "timing" alone.
TIMING_FIGURE_NAMES = ("cuts", "time_resolution", "confidence")
# With positions, and with a description; the last only of a flicker.
MOSAIC_FIGURE_NAMES = ("class_maps", "recovery_profiles")
DESCRIPTION_FIGURE_NAMES = ("autocorrelograms", "stimulus_filters")
PAIR_FIGURE_NAMES = ("pairwise_divergence", "discrimination_times", "decoder_curves")
