"""Figure of the ranked cuts, each drawn small."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import to_hex
from numpy.testing import assert_array_equal

from neuroclass.plotting import class_colors, plot_cuts


def test_every_cut_has_a_band_of_its_classes_in_tree_order(ax, population):
    classification = population((5, 4, 3), criterion="timing")
    classification.tree.leaf_order = classification.tree.leaf_order[::-1]
    plot_cuts(classification, ax=ax)
    strips, _ = ax.child_axes
    colors = class_colors(3)
    _, shown = strips.images
    drawn = [to_hex(rgb).upper() for rgb in shown.get_array()[0].data]
    assert drawn == [colors[2]] * 3 + [colors[1]] * 4 + [colors[0]] * 5
    names = [tick.get_text() for tick in strips.get_yticklabels()]
    assert names == [
        "3 classes\nsurely, z 5.0",
        "3 classes\nperhaps, z 1.0\nshown",
    ]


def test_classes_have_the_colours_of_those_shown_that_share_most_neurons(
    ax, population
):
    classification = population((6, 5, 4), criterion="timing")
    plot_cuts(classification, ax=ax)
    first, shown = ax.child_axes[0].images
    same = np.all(first.get_array()[0] == shown.get_array()[0], axis=1)
    assert_array_equal(np.flatnonzero(~same), [5, 10, 14])  # those that moved


def test_the_mean_response_of_every_class_is_drawn_over_its_peak(ax, population):
    classification = population((5, 4), criterion="timing")
    plot_cuts(classification, ax=ax)
    *_, line = ax.child_axes[1].lines
    mean = classification.psth.rates[5:9].mean(axis=0)
    drawn = line.get_ydata() - np.round(line.get_ydata().min(), 1)
    height = np.ptp(line.get_ydata())
    assert_array_equal(np.argmax(drawn), np.argmax(mean))
    assert height == pytest.approx(0.92 * np.ptp(mean) / mean.max())


def test_a_partition_that_is_no_ranked_cut_comes_first(ax, population):
    classification = population((4, 3, 2), criterion="timing")
    classification.labels = np.array([0, 0, 0, 0, 0, 1, 1, 2, 2])
    plot_cuts(classification, ax=ax)
    names = [tick.get_text() for tick in ax.child_axes[0].get_yticklabels()]
    assert names[0] == "3 classes\nshown"
    assert len(names) == 3


def test_the_leaves_of_the_tree_may_be_micro_clusters(ax, population):
    classification = population((3, 2), criterion="timing")
    classification.tree.micro_labels = np.array([0, 0, 0, 1, 1])
    classification.tree.leaf_order = np.array([1, 0])
    plot_cuts(classification, ax=ax)
    colors = class_colors(2)
    drawn = [
        to_hex(rgb).upper() for rgb in ax.child_axes[0].images[-1].get_array()[0].data
    ]
    assert drawn == [colors[1]] * 2 + [colors[0]] * 3


def test_words_have_no_ranked_cuts(ax, population):
    with pytest.raises(ValueError, match='must be by the criterion "timing"; got "wo'):
        plot_cuts(population(), ax=ax)


def test_the_shown_cut_is_drawn_however_low_it_ranks(ax, population):
    classification = population((5, 4, 3), criterion="timing")
    timing = classification.timing
    one, moved, shown = timing.cuts.cuts
    cuts = (one, *[moved] * 9, shown)
    classification.timing = replace(timing, cuts=replace(timing.cuts, cuts=cuts))
    plot_cuts(classification, ax=ax)
    names = [tick.get_text() for tick in ax.child_axes[0].get_yticklabels()]
    assert len(names) == 6
    assert names[-1].endswith("shown")
