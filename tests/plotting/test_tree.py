"""Figure of the merge tree."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from numpy.testing import assert_allclose

from neuroclass.plotting import (
    class_colors,
    plot_merge_tree,
)


def tree_segments(ax):
    return next(c for c in ax.collections if isinstance(c, LineCollection))


def test_merges_are_drawn_at_the_loss_summed_up_and_never_below_an_earlier_one(
    ax, population
):
    classification = population()
    plot_merge_tree(classification, ax=ax)
    heights = np.array([lines[1, 1] for lines in tree_segments(ax).get_segments()])
    summed = np.cumsum(classification.tree.distances)
    assert np.all(summed[:3] < 0)
    assert_allclose(heights[:3], 0)
    assert_allclose(heights[-3:], summed[-3:])
    assert np.all(np.diff(heights) >= 0)


def test_branches_have_the_colour_of_their_class_and_joints_of_classes_none(
    ax, population
):
    plot_merge_tree(population((3, 2)), ax=ax)
    first, second = class_colors(2)
    drawn = tree_segments(ax).get_colors()[:, :3]
    expected = [to_rgb(c) for c in (first, first, second, "#8c8c8c")]
    assert_allclose(drawn, expected)


def test_the_tree_stands_on_neighbouring_leaves(ax, population):
    classification = population((3, 2))
    classification.tree.leaf_order = np.array([3, 4, 2, 1, 0])
    plot_merge_tree(classification, ax=ax)
    (left, *_, right) = tree_segments(ax).get_segments()[0]
    assert_allclose([left, right], [[4, 0], [3, 0]])  # neurons 0 and 1
    ticks = [tick.get_text() for tick in ax.get_xticklabels()]
    assert ticks == ["103", "104", "102", "101", "100"]


def test_the_dashed_line_cuts_between_the_merges_within_and_between_classes(
    ax, population
):
    classification = population()
    plot_merge_tree(classification, ax=ax)
    (cut,) = {line.get_ydata()[0] for line in ax.lines if line.get_linestyle() == "--"}
    cumulative = np.cumsum(classification.tree.distances)
    assert cumulative[-3] < cut < cumulative[-2]


def test_tested_merges_show_whether_they_hold_on_held_out_data(ax, population, texts):
    plot_merge_tree(population(), ax=ax)
    real, not_shown = (line for line in ax.lines if line.get_marker() == "o")
    assert len(real.get_xdata()) == 2
    assert len(not_shown.get_xdata()) == 1
    assert {"12", "0.7"} <= set(texts(ax))
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend[1].startswith("no gap")


def test_a_split_that_is_not_replicated_has_a_mark_and_no_number(ax, population, texts):
    classification = population()
    classification.selection.node_z[-3] = -np.inf
    plot_merge_tree(classification, ax=ax)
    _, not_shown = (line for line in ax.lines if line.get_marker() == "o")
    assert len(not_shown.get_xdata()) == 1
    assert not {"0.7", "-inf"} & set(texts(ax))


def test_the_line_that_cuts_the_tree_does_not_strike_through_numbers(ax, population):
    plot_merge_tree(population(), ax=ax)
    (cut,) = (line for line in ax.lines if line.get_linestyle() == "--")
    (number,) = (text for text in ax.texts if text.get_text() == "0.7")
    assert to_rgb(number.get_bbox_patch().get_facecolor()) == (1, 1, 1)
    assert number.get_zorder() > cut.get_zorder()


def test_names_that_could_not_be_read_are_left_out(ax, population):
    plot_merge_tree(population((200, 100)), ax=ax)
    assert len(ax.get_xticks()) == 0
    assert "300 neurons in tree order" in ax.get_xlabel()


@pytest.mark.parametrize(
    ("criterion", "unit"), [("timing", "bits per spike"), ("word", "bits per word")]
)
def test_the_height_has_the_unit_of_the_criterion(ax, population, criterion, unit):
    plot_merge_tree(population(criterion=criterion), ax=ax)
    assert ax.get_ylabel() == f"Information lost ({unit})"


def test_units_set_aside_are_not_in_the_tree(ax, population):
    classification = population((4, 3), criterion="timing", has_left_out=True)
    plot_merge_tree(classification, ax=ax)
    named = [tick.get_text() for tick in ax.get_xticklabels()]
    assert named == [str(unit_id) for unit_id in classification.unit_ids[:7]]
