"""Result folders: what is in them, and that they are written whole."""

import dataclasses

import pytest

from neuroclass import classify_neurons
from neuroclass.plotting import (
    DESCRIPTION_FIGURE_NAMES,
    FIGURE_NAMES,
    MOSAIC_FIGURE_NAMES,
    TIMING_FIGURE_NAMES,
)
from neuroclass.report import (
    save_results,
)


def test_a_saved_folder_is_a_reference_that_agrees_with_itself(recording, saved):
    with pytest.warns(UserWarning, match="1 unit is silent"):
        again = classify_neurons(
            recording,
            n_clusters=3,
            bin_size="20ms",
            units={"quality": ["good"]},
            reference=saved,
            progress=False,
        )
    assert again.agreement.adjusted_rand_index == 1


def test_a_folder_holds_all_files_and_nothing_else(saved):
    names = {
        str(path.relative_to(saved)) for path in saved.rglob("*") if path.is_file()
    }
    absent = {*TIMING_FIGURE_NAMES, *MOSAIC_FIGURE_NAMES, *DESCRIPTION_FIGURE_NAMES}
    drawn = set(FIGURE_NAMES) - absent
    figures = {f"figures/{n}.{kind}" for n in drawn for kind in ("png", "svg")}
    assert names == {"labels.csv", "result.json", "report.html"} | figures
    assert list(saved.parent.iterdir()) == [saved]


def test_the_same_classification_gives_the_same_folder(classification, saved, tmp_path):
    again = save_results(
        classification, tmp_path / "again", command="neuroclass cluster x.nwb"
    )
    for path in saved.rglob("*.*"):
        assert (again / path.relative_to(saved)).read_bytes() == path.read_bytes()


def test_others_may_read_the_folder(saved, tmp_path):
    ordinary = tmp_path / "ordinary"
    ordinary.mkdir()
    assert saved.stat().st_mode == ordinary.stat().st_mode


def test_a_folder_that_holds_something_is_refused(classification, tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError, match=r"must be new or empty.*--force"):
        save_results(classification, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_file_in_the_place_of_the_folder_is_refused(classification, tmp_path):
    (tmp_path / "taken").touch()
    with pytest.raises(NotADirectoryError, match="taken is a file"):
        save_results(classification, tmp_path / "taken", force=True)


def test_force_replaces_an_earlier_result_and_keeps_what_is_not_ours(
    classification, folder, read_labels
):
    (folder / "figures" / "mine.txt").write_text("mine", encoding="utf-8")
    (folder / "labels.csv").write_text("old", encoding="utf-8")
    save_results(classification, folder, force=True)
    assert len(read_labels(folder)) == 17
    assert (folder / "figures" / "mine.txt").read_text(encoding="utf-8") == "mine"
    assert {path.name for path in folder.iterdir()} == {
        "labels.csv",
        "result.json",
        "report.html",
        "figures",
    }


def test_figures_that_the_new_result_has_not_are_removed(classification, folder):
    stale = folder / "figures" / "co_clustering.png"
    save_results(classification, folder, force=True)
    assert stale.exists()
    without = dataclasses.replace(classification, stability=None)
    save_results(without, folder, force=True)
    assert not stale.exists()
    assert (folder / "figures" / "merge_tree.png").exists()


def test_the_result_of_another_command_is_not_mixed_with(classification, tmp_path):
    (tmp_path / "pairs.csv").write_text("unit_a,unit_b", encoding="utf-8")
    with pytest.raises(FileExistsError, match="holds one of `neuroclass discriminate`"):
        save_results(classification, tmp_path, force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["pairs.csv"]


def test_a_failure_on_the_way_leaves_nothing_new(classification, tmp_path):
    broken = dataclasses.replace(classification, psth=None)
    with pytest.raises(AttributeError, match="NoneType"):
        save_results(broken, tmp_path / "classes")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_on_the_way_leaves_the_earlier_result(classification, folder):
    before = {path: path.read_bytes() for path in folder.rglob("*.*")}
    broken = dataclasses.replace(classification, psth=None)
    with pytest.raises(AttributeError, match="NoneType"):
        save_results(broken, folder, force=True)
    assert {path: path.read_bytes() for path in folder.rglob("*.*")} == before


def test_parents_are_made_and_an_empty_folder_is_used(classification, tmp_path):
    assert save_results(classification, tmp_path / "a" / "b").is_dir()
    (tmp_path / "empty").mkdir()
    save_results(classification, tmp_path / "empty")
    assert (tmp_path / "empty" / "report.html").is_file()
