"""Figure files of result folders."""

import subprocess
import sys
import xml.etree.ElementTree as ET

import matplotlib
import pytest

from neuroclass.plotting import (
    FIGURE_NAMES,
    TIMING_FIGURE_NAMES,
    plot_merge_tree,
    write_figures,
)


def test_names_are_shown_as_they_are_printable_and_short(ax, population):
    names = ["$\\frac$", "a\x00b\nc", "a very long name of a unit"]
    plot_merge_tree(population((2, 1), unit_ids=names), ax=ax)
    ax.figure.canvas.draw()
    shown = [tick.get_text() for tick in ax.get_xticklabels()]
    assert shown == ["$\\frac$", "a?b?c", "a very lo…"]


@pytest.mark.parametrize("criterion", ["timing", "word"])
def test_the_files_are_the_same_twice_whatever_the_settings_of_the_user(
    tmp_path, population, criterion
):
    classification = population(criterion=criterion)
    paths = write_figures(classification, tmp_path / "one")
    names = set(FIGURE_NAMES)
    if criterion == "word":
        names -= set(TIMING_FIGURE_NAMES)
    expected = {f"{name}.{kind}" for name in names for kind in ("png", "svg")}
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


def test_files_of_one_format_are_those_of_both(tmp_path, population):
    classification = population()
    both = write_figures(classification, tmp_path / "both")
    for name in ("png", "svg"):
        own = write_figures(classification, tmp_path / name, formats=[name])
        expected = [path for path in both if path.suffix == f".{name}"]
        assert [path.name for path in own] == [path.name for path in expected]
        for path, other in zip(own, expected, strict=True):
            assert path.read_bytes() == other.read_bytes()
    with pytest.raises(ValueError, match="formats must be"):
        write_figures(classification, tmp_path / "pdf", formats=["pdf"])
    assert not (tmp_path / "pdf").exists()


def test_written_text_is_text_and_markup_in_names_is_not_markup(tmp_path, population):
    names = ["<script>", "細胞", "&amp;"]
    write_figures(population((2, 1), unit_ids=names), tmp_path)
    drawn = ET.parse(tmp_path / "merge_tree.svg")
    texts = {element.text for element in drawn.iter() if element.tag.endswith("text")}
    assert set(names) <= texts


def test_dense_figures_stay_small(tmp_path, population):
    classification = population((120, 80), durations=(10.0,), n_repeats=40)
    write_figures(classification, tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.glob("*.svg")) < 2e6


def test_files_are_written_without_pyplot():
    code = (
        "import sys, neuroclass.plotting as p; assert p.write_figures; "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
