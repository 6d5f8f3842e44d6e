"""Properties of every figure."""

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot

from neuroclass.plotting import (
    plot_class_responses,
    plot_class_sizes,
    plot_cuts,
    plot_information_curve,
    plot_merge_tree,
    plot_pairwise_loss,
    plot_rasters,
    plot_time_resolution,
)

PLOTS = [
    plot_information_curve,
    plot_merge_tree,
    plot_pairwise_loss,
    plot_class_responses,
    plot_rasters,
    plot_class_sizes,
]


@pytest.mark.parametrize("criterion", ["timing", "word"])
@pytest.mark.parametrize("plot", PLOTS)
def test_a_plot_returns_the_axes_given_and_labels_both_ways(
    plot, criterion, ax, population
):
    assert plot(population(criterion=criterion), ax=ax) is ax
    assert ax.get_xlabel()
    assert ax.get_ylabel() or plot is plot_class_sizes  # classes name themselves


@pytest.mark.parametrize("plot", PLOTS)
def test_a_plot_without_axes_makes_one_pyplot_figure_and_changes_no_setting(
    plot, population
):
    settings = dict(matplotlib.rcParams)
    before = pyplot.get_fignums()
    ax = plot(population())
    assert len(pyplot.get_fignums()) == len(before) + 1
    pyplot.close(ax.figure)
    assert dict(matplotlib.rcParams) == settings


@pytest.mark.parametrize(
    "shape",
    [
        {"sizes": (2,)},
        {"sizes": (1, 1)},
        {"sizes": (12,), "is_silent": True},
        {"sizes": (3, 1), "is_silent": True, "has_left_out": True},
        {"sizes": (3, 2), "durations": (0.3,) * 60},
        {"sizes": (3, 2), "durations": (12.0, 14.0)},
        {"sizes": (3, 2), "n_repeats": 1},
        {"sizes": (2,) * 20},
        {"sizes": (150, 120, 60, 40, 29, 1), "has_left_out": True},
    ],
    ids=str,
)
def test_every_figure_can_be_drawn_of(shape, population, new_axes):
    classification = population(**shape)
    for plot in PLOTS:
        ax = plot(classification, ax=new_axes())
        ax.figure.canvas.draw()
    classification = population(**shape, criterion="timing")
    for plot in (*PLOTS, plot_cuts, plot_time_resolution):
        ax = plot(classification, ax=new_axes())
        ax.figure.canvas.draw()


def test_nothing_at_all_happening_can_be_drawn(population, new_axes):
    classification = population((3, 2))
    segment = classification.recording.segments[0]
    segment.spiketrains = [train[:0] for train in segment.spiketrains]
    classification.psth.rates[:] = 0
    classification.units.firing_rate[:] = 0
    classification.tree.pairwise_loss[:] = 0
    classification.tree.distances[:] = 0
    classification.curve.information[:] = 0
    classification.curve.interval[:] = np.nan
    for plot in PLOTS:
        plot(classification, ax=new_axes()).figure.canvas.draw()
