"""Figure of the density recovery profiles of classes."""

import numpy as np
import pytest

from neuroclass.plotting import class_colors, plot_recovery_profiles


def test_each_class_has_a_panel_with_its_density_over_the_mean(ax, population, texts):
    drawn = population((5, 4, 3))
    assert plot_recovery_profiles(drawn, ax=ax) is ax
    assert len(ax.collections) == 3
    for k, (area, one) in enumerate(
        zip(ax.collections, drawn.mosaics.classes, strict=True)
    ):
        assert area.get_facecolor()[0, :3] == pytest.approx(
            np.array([int(class_colors(3)[k][i : i + 2], 16) for i in (1, 3, 5)]) / 255
        )
        top = area.get_paths()[0].vertices[:, 1].max()
        expected = min((one.profile.density / one.profile.mean_density).max(), 2) / 2
        assert top == pytest.approx(expected)
    shown = texts(ax)
    assert "Class 2: too few cells" in shown
    assert any(text.startswith("5 neurons, radius ") for text in shown)


def test_a_class_of_one_neuron_has_no_panel(ax, population):
    plot_recovery_profiles(population((5, 4, 1)), ax=ax)
    assert len(ax.collections) == 2


def test_a_classification_without_positions_is_refused(ax, population):
    drawn = population()
    drawn.mosaics = None
    with pytest.raises(ValueError, match=r"Give classify_neurons\(positions"):
        plot_recovery_profiles(drawn, ax=ax)
