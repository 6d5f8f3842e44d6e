"""Figures of the responses of classes."""

import numpy as np
from matplotlib.collections import LineCollection
from numpy.testing import assert_allclose

from neuroclass.plotting import (
    class_colors,
    plot_class_responses,
    plot_rasters,
)


def test_class_responses_are_the_mean_over_members_on_a_scale_in_hz(
    ax, population, texts
):
    classification = population((3, 2))
    plot_class_responses(classification, ax=ax)
    scales = dict(zip(ax.get_yticks(), ax.get_yticklabels(), strict=True))
    for label, base in ((0, 1), (1, 0)):
        line = next(
            line for line in ax.lines if line.get_color() == class_colors(2)[label]
        )
        (at,) = (tick for tick in scales if base < tick < base + 1)
        hertz = (line.get_ydata() - base) * float(scales[at].get_text()) / (at - base)
        members = classification.psth.rates[classification.labels == label]
        assert_allclose(hertz, members.mean(axis=0))
    assert_allclose(line.get_xdata()[[0, -1]], [0.01, 1.99])
    assert texts(ax) == ["Class 0\n3 neurons", "Class 1\n2 neurons"]


def test_of_a_long_stimulus_the_ten_seconds_that_distinguish_classes_are_drawn(
    ax, population
):
    classification = population((3, 2), durations=(30.0,), n_repeats=2)
    classification.psth.rates[:] = 1
    classification.psth.rates[:3, 900:1000] = 50  # 18 to 20 s
    plot_class_responses(classification, ax=ax)
    left, right = ax.get_xlim()
    assert_allclose(right - left, 10)
    assert left <= 18 + 1e-9
    assert right >= 20 - 1e-9
    assert ax.get_xlabel() == (
        "Time in the stimulus (s); 10 of 30 s, where responses differ most"
    )


def test_of_two_long_stimuli_the_stretch_lies_inside_one_and_is_named(ax, population):
    classification = population((3, 2), durations=(12.0, 15.0), n_repeats=2)
    classification.psth.rates[:] = 1
    classification.psth.rates[:3, -50:] = 50  # the last second of the second
    plot_class_responses(classification, ax=ax)
    assert_allclose(ax.get_xlim(), [5, 15])
    assert ax.get_xlabel().startswith("Time in movie 1 (s); 10 of 27 s")


def test_of_many_short_stimuli_whole_ones_are_shown(ax, population):
    classification = population((3, 2), durations=(0.3,) * 60, n_repeats=2)
    plot_class_responses(classification, ax=ax)
    assert_allclose(ax.get_xlim(), [0, 9.9])
    assert ax.get_xlabel().startswith("Time (s), 33 stimuli one after the other")


def test_short_stimuli_are_named_where_they_begin(ax, population, texts):
    plot_class_responses(population((3, 2), durations=(1.0, 1.5)), ax=ax)
    assert {"movie 0", "movie 1"} <= set(texts(ax))
    assert any(line.get_xdata()[0] == 1.0 for line in ax.lines)


def test_many_classes_show_the_largest_and_say_so(ax, population):
    plot_class_responses(population((2,) * 20), ax=ax)
    assert ax.get_title(loc="left") == "The 16 largest classes; 4 smaller not shown"


def test_rasters_hold_every_spike_of_the_typical_neurons_at_its_time(ax, population):
    classification = population((2, 1), n_repeats=4)
    plot_rasters(classification, ax=ax)
    blocks = [c for c in ax.collections if isinstance(c, LineCollection)]
    assert len(blocks) == 3
    expected = (np.flatnonzero(classification.psth.rates[0] > 20) + 0.5) * 0.02
    drawn = np.array(blocks[0].get_segments())  # (n_spikes, 2 ends, 2 coordinates)
    assert_allclose(drawn[:, 0, 0].reshape(4, -1), np.tile(expected, (4, 1)))
    assert_allclose(drawn[:, 0, 1].reshape(4, -1)[:, 0], np.arange(4) + 0.05)
    assert ax.get_ylabel() == "Unit, 4 repeats each"


def test_rasters_show_the_neurons_most_like_the_others_of_their_class_first(
    ax, population
):
    classification = population((5,), is_silent=True)
    typical = classification.psth.rates[3].copy()
    classification.psth.rates[[1, 2]] = typical + np.sin(np.arange(100.0))
    classification.psth.rates[0] = -typical
    plot_rasters(classification, ax=ax)
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    assert set(names) == {"101", "102", "103"}
