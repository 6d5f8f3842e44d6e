"""Figures are read back: what the axes hold is compared with what was put in."""

import base64
import itertools
import subprocess
import sys
import xml.etree.ElementTree as ET
from types import SimpleNamespace

import matplotlib
import neo
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.plotting import (
    FIGURE_NAMES,
    class_colors,
    information_curve_svg,
    plot_class_responses,
    plot_class_sizes,
    plot_co_clustering,
    plot_information_curve,
    plot_merge_tree,
    plot_overview,
    plot_pairwise_loss,
    plot_rasters,
    write_figures,
)

PLOTS = [
    plot_information_curve,
    plot_merge_tree,
    plot_pairwise_loss,
    plot_class_responses,
    plot_rasters,
    plot_class_sizes,
]


def population(
    sizes=(5, 4, 3),
    *,
    durations=(2.0,),
    n_repeats=6,
    is_silent=False,
    has_left_out=False,
    unit_ids=None,
    bin_size=0.02,
):
    """Return what figures read of a classification, with known content.

    Each class is merged neuron by neuron, at a slightly negative loss first; then the
    classes are merged, at 1/4 bit each.
    """
    rng = np.random.default_rng(0)
    n_neurons, n_clusters = sum(sizes), len(sizes)
    labels = np.repeat(np.arange(n_clusters), sizes)
    children, roots = [], []
    for label in range(n_clusters):
        root, *others = np.flatnonzero(labels == label).tolist()
        for other in others:
            children.append((root, other))
            root = n_neurons + len(children) - 1
        roots.append(root)
    for other in roots[1:]:
        children.append((roots[0], other))
        roots[0] = n_neurons + len(children) - 1
    n_within = n_neurons - n_clusters
    losses = np.r_[np.linspace(-0.01, 0.02, n_within), np.full(n_clusters - 1, 0.25)]
    curve = np.r_[0, np.cumsum(losses[::-1])]

    n_bins = [round(duration / bin_size) for duration in durations]
    rates = 5 + 20 * rng.random((n_clusters, sum(n_bins)))
    psth = rates[labels] + rng.random((n_neurons, sum(n_bins)))
    order = np.tile(np.arange(len(durations)), n_repeats)
    starts = 1 + np.cumsum(np.r_[0, np.array(durations)[order] + 0.5])
    n_units = n_neurons + has_left_out
    # One spike at the middle of every bin whose rate is above 20 Hz, in each repeat.
    offsets = np.r_[0, np.cumsum(n_bins)]
    trains = []
    for neuron in range(n_units):
        times = (
            [
                start
                + (np.flatnonzero(psth[neuron, offsets[s] : offsets[s + 1]] > 20) + 0.5)
                * bin_size
                for start, s in zip(starts, order, strict=False)
            ]
            if neuron < n_neurons
            else [[0.5]]
        )
        times = np.concatenate(times)
        if is_silent and neuron == n_neurons - 1:
            times = times[:0]
        trains.append(neo.SpikeTrain(times, units="s", t_stop=starts[-1]))
    if is_silent:
        psth[n_neurons - 1] = 0
    segment = neo.Segment()
    segment.spiketrains = trains
    recording = neo.Block()
    recording.segments.append(segment)
    n_spikes = np.array([len(train) for train in trains])
    node_z = np.full(n_neurons - 1, np.nan)
    node_z[n_within:] = 12.3
    if n_within:
        node_z[n_within - 1] = 0.7
    loss = 0.01 * np.abs(labels[:, None] - labels) - 0.001
    np.fill_diagonal(loss, 0)
    return SimpleNamespace(
        unit_ids=tuple(unit_ids or range(100, 100 + n_units)),
        labels=np.append(labels, [-1] * has_left_out).astype(np.intp),
        classified=np.arange(n_neurons),
        leaf_labels=np.asarray(labels),
        class_sizes=np.array(sizes),
        n_clusters=n_clusters,
        units=SimpleNamespace(firing_rate=n_spikes / (n_repeats * sum(durations))),
        tree=SimpleNamespace(
            children=np.array(children).reshape(-1, 2),
            distances=losses,
            leaf_order=np.arange(n_neurons),
            pairwise_loss=loss,
            micro_labels=None,
        ),
        information=SimpleNamespace(bits_per_word=0.9 * curve[-1]),
        class_information=SimpleNamespace(share=0.8),
        stability=SimpleNamespace(
            co_clustering=np.eye(n_neurons), n_clusters=n_clusters, n_replicates=100
        ),
        n_distinguishable=None,
        curve=SimpleNamespace(
            bits_per_word=curve, interval=np.c_[curve - 0.02, curve + 0.02]
        ),
        selection=SimpleNamespace(
            low=max(1, n_clusters - 1), high=n_clusters + 1, node_z=node_z
        ),
        psth=SimpleNamespace(rates=psth, bin_size=bin_size),
        recording=recording,
        presentations=SimpleNamespace(
            starts=starts[:-1],
            stimulus=order,
            stimuli=tuple(f"movie {s}" for s in range(len(durations))),
            durations=np.array(durations),
            n_stimuli=len(durations),
            repeats=np.bincount(order),
        ),
    )


def new_axes():
    figure = Figure(layout="compressed")
    FigureCanvasAgg(figure)
    return figure.subplots()


@pytest.fixture
def ax():
    return new_axes()


def texts(ax):
    return [text.get_text() for text in ax.texts]


# --- colours


def test_a_class_keeps_its_colour_whatever_the_number_of_classes():
    assert class_colors(30)[:5] == class_colors(5)


def test_twenty_four_classes_have_twenty_four_colours():
    assert len(set(class_colors(24))) == 24


# Machado, Oliveira & Fernandes 2009, severity 1, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear_rgb(colors):
    rgb = np.array([to_rgb(color) for color in colors])
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    to_xyz = [
        [0.4124, 0.3576, 0.1805],
        [0.2126, 0.7152, 0.0722],
        [0.0193, 0.1192, 0.9505],
    ]
    xyz = np.clip(rgb, 0, 1) @ np.array(to_xyz).T / [0.9505, 1, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.c_[
        116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])
    ]


@pytest.mark.parametrize("vision", VISION)
def test_the_first_eight_colours_stay_apart_for_colour_blind_readers(vision):
    seen = lab(linear_rgb(class_colors(8)) @ np.array(VISION[vision]).T)
    apart = [np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)]
    assert min(apart) > 15  # 2.3 is just noticeable side by side


def test_the_first_eight_colours_stand_out_from_white_paper():
    luminance = linear_rgb(class_colors(8)) @ [0.2126, 0.7152, 0.0722]
    assert np.all(1.05 / (luminance + 0.05) > 2)


@pytest.mark.parametrize("n_clusters", [0, -1, 2.5, True])
def test_no_class_has_no_colour(n_clusters):
    with pytest.raises(ValueError, match="n_clusters must be an integer of at least 1"):
        class_colors(n_clusters)


# --- what every figure does


@pytest.mark.parametrize("plot", PLOTS)
def test_a_plot_returns_the_axes_given_and_labels_both_ways(plot, ax):
    assert plot(population(), ax=ax) is ax
    assert ax.get_xlabel()
    assert ax.get_ylabel() or plot is plot_class_sizes  # classes name themselves


@pytest.mark.parametrize("plot", PLOTS)
def test_a_plot_without_axes_makes_one_pyplot_figure_and_changes_no_setting(plot):
    settings = dict(matplotlib.rcParams)
    before = pyplot.get_fignums()
    ax = plot(population())
    assert len(pyplot.get_fignums()) == len(before) + 1
    pyplot.close(ax.figure)
    assert dict(matplotlib.rcParams) == settings


@pytest.mark.parametrize(
    "shape",
    [
        {"sizes": (2,)},
        {"sizes": (1, 1)},
        {"sizes": (12,), "is_silent": True},
        {"sizes": (3, 1), "is_silent": True, "has_left_out": True},
        {"sizes": (3, 2), "durations": (0.3,) * 60},
        {"sizes": (3, 2), "durations": (12.0, 14.0)},
        {"sizes": (3, 2), "n_repeats": 1},
        {"sizes": (2,) * 20},
        {"sizes": (150, 120, 60, 40, 29, 1), "has_left_out": True},
    ],
    ids=str,
)
def test_every_figure_can_be_drawn_of(shape):
    classification = population(**shape)
    for plot in PLOTS:
        ax = plot(classification, ax=new_axes())
        ax.figure.canvas.draw()


def test_nothing_at_all_happening_can_be_drawn():
    classification = population((3, 2))
    segment = classification.recording.segments[0]
    segment.spiketrains = [train[:0] for train in segment.spiketrains]
    classification.psth.rates[:] = 0
    classification.units.firing_rate[:] = 0
    classification.tree.pairwise_loss[:] = 0
    classification.tree.distances[:] = 0
    classification.curve.bits_per_word[:] = 0
    classification.curve.interval[:] = np.nan
    for plot in PLOTS:
        plot(classification, ax=new_axes()).figure.canvas.draw()


# --- the information curve


def test_the_curve_holds_the_information_its_band_and_the_chosen_number(ax):
    classification = population()
    plot_information_curve(classification, ax=ax)
    curve, whole, upright, dot = ax.lines
    assert_allclose(whole.get_ydata(), classification.information.bits_per_word)
    assert_array_equal(curve.get_xdata(), np.arange(1, 13))
    assert_array_equal(curve.get_ydata(), classification.curve.bits_per_word)
    assert_allclose([*dot.get_xdata(), *dot.get_ydata()], [3, 0.5])
    assert_allclose(upright.get_ydata(), [0, 0.5])
    band = ax.collections[0].get_paths()[0].get_extents()
    assert_allclose(band.ymin, -0.02)
    assert "3 classes\n80 % kept" in texts(ax)
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["range 2 to 4", "95 % interval", "all neurons, corrected"]


def test_many_neurons_are_counted_on_whole_numbers(ax):
    plot_information_curve(population((30, 19)), ax=ax)
    assert ax.get_xscale() == "log"
    assert_array_equal(ax.get_xticks(), [1, 2, 5, 10, 20, 49])


# --- the merge tree


def tree_segments(ax):
    return next(c for c in ax.collections if isinstance(c, LineCollection))


def test_merges_are_drawn_at_the_loss_summed_up_and_never_below_an_earlier_one(ax):
    classification = population()
    plot_merge_tree(classification, ax=ax)
    heights = np.array([lines[1, 1] for lines in tree_segments(ax).get_segments()])
    summed = np.cumsum(classification.tree.distances)
    assert np.all(summed[:3] < 0)
    assert_allclose(heights[:3], 0)
    assert_allclose(heights[-3:], summed[-3:])
    assert np.all(np.diff(heights) >= 0)


def test_branches_have_the_colour_of_their_class_and_joints_of_classes_none(ax):
    plot_merge_tree(population((3, 2)), ax=ax)
    first, second = class_colors(2)
    drawn = tree_segments(ax).get_colors()[:, :3]
    expected = [to_rgb(c) for c in (first, first, second, "#8c8c8c")]
    assert_allclose(drawn, expected)


def test_the_tree_stands_on_neighbouring_leaves(ax):
    classification = population((3, 2))
    classification.tree.leaf_order = np.array([3, 4, 2, 1, 0])
    plot_merge_tree(classification, ax=ax)
    (left, *_, right) = tree_segments(ax).get_segments()[0]
    assert_allclose([left, right], [[4, 0], [3, 0]])  # neurons 0 and 1
    ticks = [tick.get_text() for tick in ax.get_xticklabels()]
    assert ticks == ["103", "104", "102", "101", "100"]


def test_the_dashed_line_cuts_between_the_merges_within_and_between_classes(ax):
    classification = population()
    plot_merge_tree(classification, ax=ax)
    (cut,) = {line.get_ydata()[0] for line in ax.lines if line.get_linestyle() == "--"}
    kept = np.cumsum(classification.tree.distances)
    assert kept[-3] < cut < kept[-2]


def test_tested_merges_show_whether_they_hold_on_held_out_data(ax):
    plot_merge_tree(population(), ax=ax)
    real, not_shown = (line for line in ax.lines if line.get_marker() == "o")
    assert len(real.get_xdata()) == 2
    assert len(not_shown.get_xdata()) == 1
    assert {"12", "0.7"} <= set(texts(ax))
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend[1].startswith("no gap shown")


def test_a_split_whose_sides_are_not_found_again_has_a_mark_and_no_number(ax):
    classification = population()
    classification.selection.node_z[-3] = -np.inf
    plot_merge_tree(classification, ax=ax)
    _, not_shown = (line for line in ax.lines if line.get_marker() == "o")
    assert len(not_shown.get_xdata()) == 1
    assert not {"0.7", "-inf"} & set(texts(ax))


def test_the_line_that_cuts_the_tree_does_not_strike_through_numbers(ax):
    plot_merge_tree(population(), ax=ax)
    (cut,) = (line for line in ax.lines if line.get_linestyle() == "--")
    (number,) = (text for text in ax.texts if text.get_text() == "0.7")
    assert to_rgb(number.get_bbox_patch().get_facecolor()) == (1, 1, 1)
    assert number.get_zorder() > cut.get_zorder()


def test_names_that_could_not_be_read_are_left_out(ax):
    plot_merge_tree(population((200, 100)), ax=ax)
    assert len(ax.get_xticks()) == 0
    assert "300 neurons in tree order" in ax.get_xlabel()


# --- pairwise losses


def test_the_matrix_is_in_tree_order_with_negative_losses_at_zero(ax):
    classification = population((2, 2))
    classification.tree.leaf_order = np.array([2, 3, 1, 0])
    classification.tree.pairwise_loss[0, 2] = classification.tree.pairwise_loss[
        2, 0
    ] = 0.5
    plot_pairwise_loss(classification, ax=ax)
    matrix = np.asarray(ax.images[0].get_array())
    assert matrix[0, 3] == matrix[3, 0] == 0.5
    assert matrix.min() == 0
    boundaries = sorted(line.get_ydata()[0] for line in ax.lines)[-1:]
    assert boundaries == [1.5]


def test_the_scale_of_the_matrix_names_its_unit(ax):
    plot_pairwise_loss(population(), ax=ax)
    scale = ax.figure.axes[1]
    assert scale.get_ylabel() == "Loss if the two are merged (bits per word)"


# --- responses


def test_class_responses_are_the_mean_over_members_on_a_scale_in_hz(ax):
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


def test_of_a_long_stimulus_the_ten_seconds_that_tell_classes_apart_are_shown(ax):
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


def test_of_two_long_stimuli_the_stretch_lies_inside_one_and_is_named(ax):
    classification = population((3, 2), durations=(12.0, 15.0), n_repeats=2)
    classification.psth.rates[:] = 1
    classification.psth.rates[:3, -50:] = 50  # the last second of the second
    plot_class_responses(classification, ax=ax)
    assert_allclose(ax.get_xlim(), [5, 15])
    assert ax.get_xlabel().startswith("Time in movie 1 (s); 10 of 27 s")


def test_of_many_short_stimuli_whole_ones_are_shown(ax):
    classification = population((3, 2), durations=(0.3,) * 60, n_repeats=2)
    plot_class_responses(classification, ax=ax)
    assert_allclose(ax.get_xlim(), [0, 9.9])
    assert ax.get_xlabel().startswith("Time (s), 33 stimuli one after the other")


def test_short_stimuli_are_named_where_they_begin(ax):
    plot_class_responses(population((3, 2), durations=(1.0, 1.5)), ax=ax)
    assert {"movie 0", "movie 1"} <= set(texts(ax))
    assert any(line.get_xdata()[0] == 1.0 for line in ax.lines)


def test_many_classes_show_the_largest_and_say_so(ax):
    plot_class_responses(population((2,) * 20), ax=ax)
    assert ax.get_title(loc="left") == "The 16 largest classes; 4 smaller not shown"


def test_rasters_hold_every_spike_of_the_typical_neurons_at_its_time(ax):
    classification = population((2, 1), n_repeats=4)
    plot_rasters(classification, ax=ax)
    blocks = [c for c in ax.collections if isinstance(c, LineCollection)]
    assert len(blocks) == 3
    expected = (np.flatnonzero(classification.psth.rates[0] > 20) + 0.5) * 0.02
    drawn = np.array(blocks[0].get_segments())  # (n_spikes, 2 ends, 2 coordinates)
    assert_allclose(drawn[:, 0, 0].reshape(4, -1), np.tile(expected, (4, 1)))
    assert_allclose(drawn[:, 0, 1].reshape(4, -1)[:, 0], np.arange(4) + 0.05)
    assert ax.get_ylabel() == "Unit, 4 repeats each"


def test_rasters_show_the_neurons_most_like_the_others_of_their_class_first(ax):
    classification = population((5,), is_silent=True)
    typical = classification.psth.rates[3].copy()
    classification.psth.rates[[1, 2]] = typical + np.sin(np.arange(100.0))
    classification.psth.rates[0] = -typical
    plot_rasters(classification, ax=ax)
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    assert set(names) == {"101", "102", "103"}


def test_sizes_count_the_neurons_and_show_every_rate(ax):
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


# --- what a notebook shows


def test_the_overview_puts_four_figures_on_one_page_that_pyplot_knows():
    figure = plot_overview(population())
    assert figure.number in pyplot.get_fignums()
    pyplot.close(figure)
    labels = {ax.get_xlabel() for ax in figure.axes}
    assert {"Number of classes", "Neurons", "Time in the stimulus (s)"} <= labels
    figure.canvas.draw()


def test_the_small_curve_is_a_picture_that_keeps_its_style_to_itself():
    element = information_curve_svg(population())
    assert element.startswith('<img src="data:image/svg+xml;base64,')
    content = base64.b64decode(element.split("base64,")[1].split('"')[0])
    assert b"Number of classes" in content
    assert element == information_curve_svg(population())


# --- names and files


def test_names_are_shown_as_they_are_printable_and_short(ax):
    names = ["$\\frac$", "a\x00b\nc", "a very long name of a unit"]
    plot_merge_tree(population((2, 1), unit_ids=names), ax=ax)
    ax.figure.canvas.draw()
    shown = [tick.get_text() for tick in ax.get_xticklabels()]
    assert shown == ["$\\frac$", "a?b?c", "a very lo…"]


def test_the_files_are_the_same_twice_whatever_the_settings_of_the_user(tmp_path):
    classification = population()
    paths = write_figures(classification, tmp_path / "one")
    expected = {f"{name}.{kind}" for name in FIGURE_NAMES for kind in ("png", "svg")}
    assert {path.name for path in paths} == expected
    for path in paths:
        content = path.read_bytes()
        if path.suffix == ".png":
            assert content.startswith(b"\x89PNG")
        else:
            ET.fromstring(content)
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        again = write_figures(classification, tmp_path / "two")
    assert [p.read_bytes() for p in paths] == [p.read_bytes() for p in again]


def test_written_text_is_text_and_markup_in_names_is_not_markup(tmp_path):
    names = ["<script>", "細胞", "&amp;"]
    write_figures(population((2, 1), unit_ids=names), tmp_path)
    drawn = ET.parse(tmp_path / "merge_tree.svg")
    texts = {element.text for element in drawn.iter() if element.tag.endswith("text")}
    assert set(names) <= texts


def test_dense_figures_stay_small(tmp_path):
    classification = population((120, 80), durations=(10.0,), n_repeats=40)
    write_figures(classification, tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.glob("*.svg")) < 2e6


def test_files_are_written_without_pyplot():
    code = (
        "import sys, neuroclass.plotting as p; assert p.write_figures; "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- stability


def test_co_clustering_is_drawn_in_the_order_of_the_tree(ax):
    classification = population()
    n_neurons = len(classification.tree.leaf_order)
    shares = np.linspace(0, 1, n_neurons**2).reshape(n_neurons, n_neurons)
    classification.stability.co_clustering = shares
    classification.tree.leaf_order = np.arange(n_neurons)[::-1]
    plot_co_clustering(classification, ax=ax)
    assert_allclose(ax.images[0].get_array(), shares[::-1, ::-1])
    assert ax.images[0].get_clim() == (0, 1)
    label = ax.images[0].colorbar.ax.get_ylabel()
    assert label.startswith("Share of 100 resampled stimuli in one of")


def test_co_clustering_needs_stability(ax):
    classification = population()
    classification.stability = None
    with pytest.raises(ValueError, match=r"must have its stability; got none"):
        plot_co_clustering(classification, ax=ax)
