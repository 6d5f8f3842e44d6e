"""Figure of where the neurons of each class lie."""

import numpy as np
import pytest
from matplotlib.collections import EllipseCollection

from neuroclass.plotting import class_colors, plot_class_maps


def test_every_neuron_is_coloured_once_in_the_map_of_its_class(ax, population, texts):
    drawn = population((5, 4, 3))
    assert plot_class_maps(drawn, ax=ax) is ax
    coloured = [line for line in ax.lines if line.get_color() in class_colors(3)]
    assert [len(line.get_xdata()) for line in coloured] == [5, 4, 3]
    grey = [line for line in ax.lines if line.get_color() == "#d0d0d0"]
    assert [len(line.get_xdata()) for line in grey] == [7, 8, 9]
    # Distances inside of a map are those of the positions.
    x, y = coloured[1].get_data()
    expected = drawn.mosaics.positions[5:9]
    assert np.allclose(np.diff(np.c_[x, y], axis=0), np.diff(expected, axis=0))
    titles = texts(ax)
    assert "Class 2: too few cells" in titles
    assert any(text.startswith("5 neurons, index ") for text in titles)
    assert any(text.endswith("m") and text[0].isdigit() for text in titles)  # the bar


def test_fields_are_drawn_only_with_radii(population, new_axes):
    drawn = population((5, 4, 3))
    with_radii = plot_class_maps(drawn, ax=new_axes())
    fields = [c for c in with_radii.collections if isinstance(c, EllipseCollection)]
    assert len(fields) == 3
    drawn.mosaics = type(drawn.mosaics)(**{**vars(drawn.mosaics), "radii": None})
    assert not plot_class_maps(drawn, ax=new_axes()).collections


def test_a_classification_without_positions_is_refused(ax, population):
    drawn = population()
    drawn.mosaics = None
    with pytest.raises(ValueError, match=r"Give classify_neurons\(positions"):
        plot_class_maps(drawn, ax=ax)
