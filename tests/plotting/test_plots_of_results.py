"""Results draw and show themselves in a notebook."""

import inspect
import re
from xml.etree import ElementTree

import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuroclass import (
    classify_neurons,
    compare_groupings,
    discriminate_neurons,
    measure_information,
    plotting,
    scan_information,
    simulate_retina,
)
from neuroclass._lib.notebook_html import as_html
from neuroclass.analysis import classify_within
from neuroclass.plotting import ClassPlots, class_sparklines


@pytest.fixture(scope="module")
def retina():
    return simulate_retina(3, 24, 20, duration="5s", n_unique=0, random_state=0)


@pytest.fixture(scope="module")
def classes(retina):
    return classify_neurons(retina, stability=4)


def names_of(plots):
    return [
        name
        for name, member in inspect.getmembers(type(plots), inspect.isfunction)
        if not name.startswith("_")
    ]


def test_every_figure_has_a_method():
    figures = {name for name in dir(plotting) if name.startswith("plot_")}
    reached = set()
    for kind in ("Class", "Pair", "Scan", "Family", "Comparison"):
        source = inspect.getsource(getattr(plotting, f"{kind}Plots"))
        reached |= set(re.findall(r"plotting\.(plot_\w+)", source))
    assert reached == figures


@pytest.mark.parametrize("name", names_of(ClassPlots(None)))
def test_classes_draw_each_figure(classes, name):
    missing = {
        "class_maps": "positions",
        "recovery_profiles": "positions",
        "autocorrelograms": "describe=True",
        "stimulus_filters": "describe=True",
    }
    if name in missing:
        with pytest.raises(ValueError, match=missing[name]):
            getattr(classes.plot, name)()
        return
    assert isinstance(getattr(classes.plot, name)(), Axes)


def test_calling_plot_draws_the_figure_that_says_most(retina, classes, tmp_path):
    assert isinstance(classes.plot(tmp_path / "page.png"), Figure)
    assert (tmp_path / "page.png").stat().st_size > 10_000
    pairs = discriminate_neurons(retina, reference="true_type", bin_size="20ms")
    assert isinstance(pairs.plot(), Figure)
    assert isinstance(pairs.plot.pairwise_divergence(), Axes)
    assert isinstance(pairs.plot.decoder_curves(), Axes)
    scan = scan_information(retina, bin_sizes=[0.02], word_lengths=[1, 2])
    assert isinstance(scan.plot(), Figure)
    assert isinstance(scan.plot.stimulus(), Axes)
    assert "merge_tree" in repr(classes.plot)


def test_several_recordings_and_comparisons_draw_themselves(tmp_path):
    light = {"stimulus_random_state": 7, "n_unique": 0, "duration": "5s"}
    retinas = [simulate_retina(2, 12, 20, random_state=k, **light) for k in (0, 1)]
    families = classify_within(retinas, n_clusters=2)
    assert isinstance(families.plot(), Figure)
    assert "<table" in families._repr_html_()
    assert (families.save(tmp_path / "families") / "families.json").exists()
    comparison = compare_groupings(retinas[0], n_clusters=2)
    assert isinstance(comparison.plot(tmp_path / "c.png"), Figure)
    assert "<table" in comparison._repr_html_()


def test_sparklines_reach_the_peak_of_their_class(classes):
    drawn = class_sparklines(classes)
    assert len(drawn) == classes.n_clusters
    for label, svg in enumerate(drawn):
        root = ElementTree.fromstring(svg)
        points = root.find("polyline").get("points").split()
        heights = [float(point.split(",")[1]) for point in points]
        assert min(heights) == 1.0  # the top
        assert len(points) <= 180
        assert f"class {label}" in root.get("aria-label")


def test_a_result_shows_itself_with_responses(retina, classes):
    html = classes._repr_html_()
    assert html.count("<svg") == classes.n_clusters
    assert "&lt;svg" not in html
    information = measure_information(retina, bin_size="20ms")
    assert information.headline() in information._repr_html_()
    scan = scan_information(retina, bin_sizes=[0.02], word_lengths=[1, 2])
    assert len(scan.to_frame()) == 2
    assert "largest reliable rate" in scan.headline()
    assert "<table" in scan._repr_html_()


def test_text_of_a_recording_is_no_html():
    table = pd.DataFrame({"unit": ["<script>x</script>", "b"], "n": [1, 2]})
    html = as_html("a < b", table)
    assert "<script>" not in html
    assert "a &lt; b" in html
    many = pd.DataFrame({"n": range(40)})
    assert "and 10 more rows" in as_html("many", many)
