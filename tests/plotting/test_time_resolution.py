"""Figure of the timing information against time resolution."""

import pytest
from numpy.testing import assert_allclose

from neuroclass.plotting import plot_time_resolution


def test_neurons_and_classes_are_drawn_against_the_bin_width(ax, population):
    classification = population(criterion="timing")
    plot_time_resolution(classification, ax=ax)
    neurons, classes = ax.lines
    assert_allclose(neurons.get_xdata(), [20, 40, 80])
    assert_allclose(neurons.get_ydata(), [0.9, 0.5, 0.1])
    assert_allclose(classes.get_ydata(), [0.6, 0.4, 0.1])
    assert ax.get_xscale() == "log"
    assert ax.get_xlabel() == "Bin width (ms)"
    assert ax.get_ylabel() == "Timing information (bits per spike)"
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["12 neurons", "3 classes"]


def test_one_class_has_no_curve_of_its_own(ax, population):
    plot_time_resolution(population((5,), criterion="timing"), ax=ax)
    assert len(ax.lines) == 1


def test_words_have_one_time_resolution(ax, population):
    with pytest.raises(ValueError, match='must be by the criterion "timing"; got "wo'):
        plot_time_resolution(population(), ax=ax)
