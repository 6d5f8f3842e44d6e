"""Figure of the class information against the number of classes."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.plotting import (
    plot_information_curve,
)


def test_the_curve_holds_the_information_its_band_and_the_chosen_number(
    ax, population, texts
):
    classification = population()
    plot_information_curve(classification, ax=ax)
    curve, whole, upright, dot = ax.lines
    assert_allclose(whole.get_ydata(), classification.information.bits_per_word)
    assert_array_equal(curve.get_xdata(), np.arange(1, 13))
    assert_array_equal(curve.get_ydata(), classification.curve.information)
    assert_allclose([*dot.get_xdata(), *dot.get_ydata()], [3, 0.5])
    assert_allclose(upright.get_ydata(), [0, 0.5])
    band = ax.collections[0].get_paths()[0].get_extents()
    assert_allclose(band.ymin, -0.02)
    assert "3 classes\n80 % kept" in texts(ax)
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["range 2 to 4", "95 % interval", "all neurons, corrected"]


def test_many_neurons_are_counted_on_whole_numbers(ax, population):
    plot_information_curve(population((30, 19)), ax=ax)
    assert ax.get_xscale() == "log"
    assert_array_equal(ax.get_xticks(), [1, 2, 5, 10, 20, 49])


def test_the_curve_of_timing_is_in_bits_per_spike_and_says_what_is_open(
    ax, population, texts
):
    classification = population(criterion="timing")
    plot_information_curve(classification, ax=ax)
    assert ax.get_ylabel() == "Class information (bits per spike)"
    share = 100 * 0.5 / classification.curve.information[-1]
    assert f"3 classes\n{share:.0f} % kept" in texts(ax)
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["range 2 or more"]
