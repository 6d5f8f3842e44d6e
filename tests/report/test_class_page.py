"""report.html of `cluster`: its content, rendered from the folder alone."""

import json
import shutil

import pytest

from neuroclass.exceptions import RecordingError
from neuroclass.plotting import FIGURE_NAMES, TIMING_FIGURE_NAMES, class_colors
from neuroclass.report import (
    methods_paragraph,
    save_results,
    write_report,
)


def test_the_page_is_one_file_that_runs_nothing_and_loads_nothing(saved, read_page):
    page = read_page(saved / "report.html")
    assert not {"script", "link", "iframe", "object", "base"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    sources = [value for name, value in page.attributes if name == "src"]
    # Neither by timing nor with positions nor described.
    assert len(sources) == len(FIGURE_NAMES) - len(TIMING_FIGURE_NAMES) - 4
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    links = [value for name, value in page.attributes if name == "href"]
    assert links == ["https://arxiv.org/abs/physics/0212114"]
    style = (saved / "report.html").read_text(encoding="utf-8")
    assert "url(" not in style
    assert "@import" not in style


def test_the_page_fits_a_phone_and_has_a_dark_scheme(saved):
    html = (saved / "report.html").read_text(encoding="utf-8")
    assert (
        '<meta name="viewport" content="width=device-width, initial-scale=1">' in html
    )
    assert "prefers-color-scheme: dark" in html


def test_the_page_begins_with_the_answer(saved, classification, result, read_page):
    text = read_page(saved / "report.html").text
    assert "16 neurons fall into 3 functional classes." in text
    assert "The number was given, not chosen from these data: the splits of the" in text
    share = result["information"]["class_information"]["share"]
    assert f"The classes keep {100 * share:.0f} % of the identity" in text


def test_names_in_the_page_are_text_and_not_markup(saved, hostile_name, read_page):
    page = read_page(saved / "report.html")
    assert hostile_name in page.text
    assert "<i>movie</i>" in page.text
    assert "i" not in page.tags


def test_the_page_says_how_stable_the_classes_are(saved, result, read_page):
    text = read_page(saved / "report.html").text
    assert "5 resampled stimuli, each drawn from 20 blocks of this one" in text
    assert "Stability of the classes" in text
    assert "as a rule of thumb, a class below .6" in text
    assert "Stable is not the same as right" in text
    assert min(one["stability"] for one in result["classes"]) > 0.8
    assert [one["n_clusters"] for one in result["stability"]["by_number"]] == [3]
    row = result["stability"]["by_number"][0]
    assert row["interval"][0] <= row["adjusted_rand_index"] <= row["interval"][1]


def test_a_page_without_stability_has_no_empty_place_for_it(
    folder, change_result, read_page
):
    stored = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    classes = [one | {"stability": None} for one in stored["classes"]]
    settings = stored["settings"] | {"stability": 0}
    change_result(folder, stability=None, classes=classes, settings=settings)
    text = read_page(write_report(folder)).text
    assert "tability" not in text.replace("stability 0", "")
    # Asked for, and there is none: of one class.
    change_result(folder, settings=settings | {"stability": 100})
    assert "One class is stable by definition" in read_page(write_report(folder)).text


def test_the_page_shows_subclasses_tested_splits_and_drift(
    folder, change_result, read_page
):
    stored = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    part = {k: stored["classes"][0][k] for k in ("n_neurons", "firing_rate_hz")}
    part |= {"label": "0.1", "information_bits": 0.1, "unit_ids": ["of part"]}
    part |= {"information_interval": [0.05, 0.15]}
    classes = [stored["classes"][0] | {"subclasses": [part]}, *stored["classes"][1:]]
    drift = stored["drift"] | {"n_drifting": 2, "summary": ["2 of 16 units drift"]}
    drift["information_without"] = {
        "n_neurons": 14,
        "bits_per_word": 0.123,
        "interval": [0.1, 0.2],
    }
    selection = stored["selection"]
    selection["splits"] += [
        {"merge": 3, "z": z, "n_leaves": [3, 4], "is_real": False, "label": 0}
        for z in (1.25, None)
    ]
    change_result(folder, classes=classes, drift=drift, selection=selection)
    page = read_page(write_report(folder))
    assert "0.1" in page.texts
    assert "3 3 + 4 1.2 inside 0 no gap" in page.text
    assert "3 3 + 4 \N{EN DASH} inside 0 not replicated" in page.text
    assert "of part" in page.text
    assert f"{len(stored['selection']['splits'])} splits of the tree" in page.text
    assert page.text.count("2 of 16 units drift.") == 1
    assert (
        "Without them, of 14 neurons: 0.123 bits per word (0.100 to 0.200)."
        in page.text
    )


def test_every_figure_has_an_alternative_text(saved, read_page):
    alternatives = [
        v for name, v in read_page(saved / "report.html").attributes if name == "alt"
    ]
    assert len(alternatives) == len(FIGURE_NAMES) - len(TIMING_FIGURE_NAMES) - 4
    assert all(len(text) > 40 for text in alternatives)


def test_the_page_has_issues_units_agreement_and_provenance(saved, result, read_page):
    text = read_page(saved / "report.html").text
    assert "1 unit is silent in every presentation: 15." in text
    assert "Left out: 1 unit (not asked for): 16." in text
    assert "All 17 units of the recording" in text
    assert "Agreement with units column type" in text
    assert "neuroclass cluster x.nwb" in text
    assert "numpy" in text
    assert "Random state 0" in text
    n_groups = result["n_distinguishable"]
    assert f"{n_groups} groups of neurons are distinguishable" in text
    assert result["presentations"]["reason"] in text
    assert methods_paragraph(result) in text
    assert "physics/0212114" in text


def test_the_page_gives_classes_the_colours_of_the_figures(saved, read_page):
    styles = [
        v for name, v in read_page(saved / "report.html").attributes if name == "style"
    ]
    assert {f"background:{color}" for color in class_colors(3)} == set(styles)


def test_a_number_that_the_data_leave_open_is_said_to_be_open(
    folder, change_result, read_page
):
    chosen = {"value": 3, "chosen": "auto", "why": "gated elbow"}
    selection = {"low": 2, "high": 7, "is_determined": False}
    stored = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    change_result(
        folder,
        settings=stored["settings"] | {"n_clusters": chosen},
        selection=stored["selection"] | selection,
    )
    text = read_page(write_report(folder)).text
    assert "The number is not determined by these data: 2 to 7 are supported" in text
    assert "the number is not determined" in text.split("Methods")[1]


def test_one_class_is_said_in_words(folder, change_result, read_page):
    stored = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    change_result(folder, n_clusters=1, classes=stored["classes"][:1])
    labels = (folder / "labels.csv").read_text(encoding="utf-8")
    (folder / "labels.csv").write_text(labels.splitlines()[0] + "\n", encoding="utf-8")
    text = read_page(write_report(folder)).text
    assert "All 16 neurons form one functional class." in text
    assert "Share kept by" not in text


def test_few_repeats_print_the_bracket_of_two_corrections(
    folder, change_result, read_page
):
    stored = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    presentations = stored["presentations"]
    presentations["stimuli"][0]["n_repeats"] = 6
    information = stored["information"] | {"bits_per_word": 0.2, "jackknife": 0.1}
    change_result(folder, presentations=presentations, information=information)
    assert "as 0.100 to 0.200 bits per word" in read_page(write_report(folder)).text


def test_the_report_is_rebuilt_from_the_folder_alone(saved, tmp_path):
    copy = shutil.copytree(saved, tmp_path / "elsewhere")
    (copy / "report.html").unlink()
    path = write_report(copy)
    assert path == copy / "report.html"
    assert path.read_bytes() == (saved / "report.html").read_bytes()
    assert {p.name for p in copy.iterdir()} == {p.name for p in saved.iterdir()}


def test_a_png_stands_in_for_a_missing_svg(folder):
    (folder / "figures" / "rasters.svg").unlink()
    html = write_report(folder).read_text(encoding="utf-8")
    assert html.count("data:image/png;base64,") == 1


def test_a_result_without_figures_is_a_page_without_figures(classification, tmp_path):
    folder = save_results(classification, tmp_path / "classes", formats=["png"])
    assert {p.suffix for p in (folder / "figures").iterdir()} == {".png"}
    html = (folder / "report.html").read_text(encoding="utf-8")
    assert "data:image/png;base64," in html
    save_results(classification, folder, formats=(), force=True)
    assert not list((folder / "figures").iterdir())
    html = (folder / "report.html").read_text(encoding="utf-8")
    assert "<img" not in html
    assert "<h2>Figures</h2>" not in html
    assert write_report(folder).read_text(encoding="utf-8") == html


@pytest.mark.parametrize("name", ["result.json", "labels.csv", "figures/rasters.svg"])
def test_a_missing_file_is_named(folder, name):
    for path in folder.glob(name.replace(".svg", ".*")):
        path.unlink()
    with pytest.raises(FileNotFoundError, match=rf"has no {name}\. Run `neuroclass"):
        write_report(folder)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere has no result\.json"):
        write_report(tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_result_that_cannot_be_read_is_named(folder, text):
    (folder / "result.json").write_text(text, encoding="utf-8")
    with pytest.raises(RecordingError, match=r"must be the result\.json of neuroclass"):
        write_report(folder)


def test_a_result_of_another_format_is_refused(folder, change_result):
    change_result(folder, format_version=99)
    message = r"must have format_version 2; got 99.*`neuroclass cluster` again"
    with pytest.raises(RecordingError, match=message):
        write_report(folder)


def test_a_result_that_lacks_a_key_leaves_the_old_page(folder, change_result):
    before = (folder / "report.html").read_bytes()
    change_result(folder, information={})
    with pytest.raises(RecordingError, match="missing or changed"):
        write_report(folder)
    assert (folder / "report.html").read_bytes() == before


def test_labels_without_their_columns_are_refused(folder):
    (folder / "labels.csv").write_text("unit,class\n1,0\n", encoding="utf-8")
    with pytest.raises(RecordingError, match="must have the columns unit_id, label"):
        write_report(folder)
