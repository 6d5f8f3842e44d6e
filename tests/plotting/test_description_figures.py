"""Figures of what classes respond to."""

import dataclasses

import numpy as np
import pytest

from neuroclass.plotting import plot_autocorrelograms, plot_stimulus_filters


def test_autocorrelograms_are_over_the_rate_at_long_lags(ax, population, texts):
    assert plot_autocorrelograms(population((5, 4, 3)), ax=ax) is ax
    strong = [line for line in ax.lines if line.get_linewidth() == 1.6]
    assert len(strong) == 3
    y = strong[0].get_ydata()
    # Nothing at the first two lags, then 1 of 1.25, the height of a panel.
    assert np.allclose(y[:2], 0)
    assert np.allclose(y[2:], 0.8)
    shown = texts(ax)
    assert "Class 0: 5 units" in shown
    assert "violations 0 %, 1 units above 1 %" in shown


def test_filters_show_the_sign_of_each_class_with_the_spike_at_the_right(
    ax, population, texts
):
    assert plot_stimulus_filters(population((5, 4)), ax=ax) is ax
    strong = [line for line in ax.lines if line.get_linewidth() == 1.6]
    for line, sign in zip(strong, (1, -1), strict=True):
        x, y = line.get_data()
        assert x[0] > x[-1]  # the first lag is nearest to the spike
        assert sign * (y[0] - 0.5) > 0.4
        assert abs(y[-1] - 0.5) < 0.01
    shown = texts(ax)
    assert "Class 0: 5 of 5 units" in shown
    assert any(text.startswith("OFF, ") for text in shown)


def test_what_was_not_described_is_refused(ax, population):
    drawn = population()
    drawn.description = dataclasses.replace(drawn.description, average=None)
    with pytest.raises(ValueError, match=r"Give classify_neurons\(stimulus_file"):
        plot_stimulus_filters(drawn, ax=ax)
    drawn.description = None
    for plot in (plot_autocorrelograms, plot_stimulus_filters):
        with pytest.raises(ValueError, match=r"Give classify_neurons\(describe=True"):
            plot(drawn, ax=ax)


def test_units_that_never_fired_leave_an_empty_panel(ax, population):
    drawn = population((2, 3))
    silent = np.full_like(drawn.description.autocorrelograms, np.nan)
    nothing = np.full(len(silent), np.nan)
    drawn.description = dataclasses.replace(
        drawn.description, autocorrelograms=silent, violations=nothing
    )
    plot_autocorrelograms(drawn, ax=ax)
    assert not [line for line in ax.lines if line.get_linewidth() == 1.6]
