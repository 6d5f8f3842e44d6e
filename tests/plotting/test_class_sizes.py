"""Figure of class sizes and firing rates."""

import numpy as np
from numpy.testing import assert_allclose

from neuroclass.plotting import (
    plot_class_sizes,
)


def test_sizes_count_the_neurons_and_show_every_rate(ax, population):
    classification = population((5, 4, 3), is_silent=True, has_left_out=True)
    plot_class_sizes(classification, ax=ax)
    assert [bar.get_width() for bar in ax.patches] == [5, 4, 3, 1]
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    assert names == ["Class 0", "Class 1", "Class 2", "Left out"]
    rates = ax.figure.axes[1]
    dots = [line.get_xdata() for line in rates.lines if line.get_marker() == "o"]
    assert_allclose(
        np.sort(np.concatenate(dots)), np.sort(classification.units.firing_rate)
    )
    assert rates.get_xlabel() == "Firing rate (Hz)"


def test_units_set_aside_have_a_row_of_their_own(ax, population):
    classification = population((5, 4), criterion="timing", has_left_out=True)
    plot_class_sizes(classification, ax=ax)
    assert [bar.get_width() for bar in ax.patches] == [5, 4, 1]
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    assert names == ["Class 0", "Class 1", "Set aside"]
