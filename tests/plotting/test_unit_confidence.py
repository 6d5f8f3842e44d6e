"""Figure of the confidence of units in their classes."""

import numpy as np

from neuroclass.plotting import plot_confidence


def test_every_unit_is_a_dot_and_the_unassigned_are_grey(ax, population, texts):
    drawn = population((4, 3), has_left_out=True, criterion="timing")
    drawn.units.confidence = np.array([1, 0.9, 0.2, np.nan, 1, 1, 0.5, 0.1])
    drawn.units.min_confidence = 0.4
    drawn.units.is_unassigned = drawn.units.confidence < 0.4
    drawn.assigned_labels = np.where(drawn.units.is_unassigned, -1, drawn.labels)
    assert plot_confidence(drawn, ax=ax) is ax
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    x = np.concatenate([line.get_xdata() for line in dots])
    assert sorted(x) == [0.1, 0.2, 0.5, 0.9, 1, 1, 1]
    grey = [line for line in dots if line.get_color() == "#8c8c8c"]
    assert sorted(np.concatenate([g.get_xdata() for g in grey])) == [0.1, 0.2]
    hollow = [line for line in dots if line.get_markerfacecolor() == "none"]
    assert np.concatenate([h.get_xdata() for h in hollow]).tolist() == [0.1]
    assert texts(ax) == ["3", "3"]
    bound = [line for line in ax.lines if line.get_linestyle() == "--"]
    assert bound[0].get_xdata()[0] == 0.4
    assert ax.get_xlabel() == "Confidence (probability of the class)"
