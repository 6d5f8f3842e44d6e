"""A result folder: what is in it, that it is whole, and that it can be rebuilt."""

import csv
import dataclasses
import hashlib
import json
import math
import shutil
from html.parser import HTMLParser
from urllib.parse import unquote

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroclass import classify_neurons, discriminate_neurons, from_raster
from neuroclass.analysis.across_recordings import classify_within
from neuroclass.exceptions import RecordingError
from neuroclass.plotting import FIGURE_NAMES, PAIR_FIGURE_NAMES, class_colors
from neuroclass.report import (
    methods_paragraph,
    save_families,
    save_pairs,
    save_results,
    write_labels_csv,
    write_report,
    write_result_json,
)

HOSTILE = "<script>alert('unit')</script>"


@pytest.fixture(scope="module")
def recording():
    """Three types of five neurons, one silent unit, one of another quality."""
    rng = np.random.default_rng(0)
    n_repeats, n_time = 12, 80
    probability = np.repeat(rng.random((3, n_time)) ** 4 * 0.8, 5, axis=0)
    probability = np.concatenate([probability, np.zeros((1, n_time)), [[0.1] * n_time]])
    spikes = rng.random((17, n_repeats, n_time)) < probability[:, None]
    return from_raster(
        spikes,
        "20ms",
        axes="npt",
        unit_ids=[HOSTILE, 'a,"b"\nc', *range(2, 17)],
        unit_columns={"quality": ["good"] * 16 + ["bad"], "type": [0] * 9 + [1] * 8},
        condition=["<i>movie</i>"] * n_repeats,
    )


@pytest.fixture(scope="module")
def classification(recording):
    with pytest.warns(UserWarning, match="1 unit is silent"):
        return classify_neurons(
            recording,
            n_clusters=3,
            bin_size="20ms",
            units={"quality": ["good"]},
            reference="type",
            stability=5,
            progress=False,
        )


@pytest.fixture(scope="module")
def saved(classification, tmp_path_factory):
    folder = tmp_path_factory.mktemp("results") / "classes"
    return save_results(classification, folder, command="neuroclass cluster x.nwb")


@pytest.fixture
def folder(saved, tmp_path):
    """A copy to spoil."""
    return shutil.copytree(saved, tmp_path / "classes")


@pytest.fixture
def result(saved):
    return json.loads((saved / "result.json").read_text(encoding="utf-8"))


def read_labels(folder):
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def change_result(folder, **changes):
    path = folder / "result.json"
    result = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(result | changes), encoding="utf-8")


class Page(HTMLParser):
    """The tags, attributes and text of a page; every tag must be closed in order."""

    VOID = ("meta", "img", "br")

    def __init__(self, path):
        super().__init__()
        self.tags, self.attributes, self.texts, self.open = [], [], [], []
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


# --- labels.csv


def test_labels_hold_one_row_per_unit_in_the_order_of_the_recording(
    saved, classification
):
    rows = read_labels(saved)
    assert [row["unit_id"] for row in rows] == [str(u) for u in classification.unit_ids]
    assert [row["label"] for row in rows[:16]] == [
        str(label) for label in classification.labels[:16]
    ]
    assert [
        int(row["n_spikes"]) for row in rows
    ] == classification.units.n_spikes.tolist()
    assert_allclose(
        [float(row["firing_rate_hz"]) for row in rows],
        classification.units.firing_rate,
        rtol=1e-5,
    )


def test_a_unit_left_out_keeps_a_row_with_an_empty_label_and_a_reason(saved):
    *_, last = read_labels(saved)
    assert last["label"] == last["information_bits"] == ""
    assert last["reason"] == "not asked for"


def test_a_silent_unit_has_a_label_and_is_flagged(saved):
    silent = read_labels(saved)[15]
    assert silent["is_silent"] == "true"
    assert silent["label"] in ("0", "1", "2")
    assert silent["firing_rate_hz"] == "0"


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


# --- result.json


def test_the_result_is_strict_json_without_nan(saved):
    def refuse(constant):
        raise AssertionError(constant)

    text = (saved / "result.json").read_text(encoding="utf-8")
    json.loads(text, parse_constant=refuse)


def test_the_result_holds_the_tree_the_curve_and_the_settings_exactly(
    result, classification
):
    tree, curve = result["merge_tree"], result["information_curve"]
    assert tree["children"] == classification.tree.children.tolist()
    assert tree["losses"] == classification.tree.distances.tolist()
    assert tree["leaf_order"] == classification.tree.leaf_order.tolist()
    assert tree["unit_ids"] == list(classification.unit_ids[:16])
    assert curve["bits_per_word"] == classification.curve.bits_per_word.tolist()
    assert curve["interval"] == classification.curve.interval.tolist()
    assert result["settings"]["units"] == {"quality": ["good"]}
    assert result["settings"]["random_state"] == 0
    assert result["command"] == "neuroclass cluster x.nwb"
    z = classification.selection.node_z
    tested = np.flatnonzero(~np.isnan(z))
    splits = result["selection"]["splits"]
    assert [one["merge"] for one in splits] == tested[::-1].tolist()
    assert splits[0]["is_real"]
    assert splits[0]["label"] is None  # joins classes
    assert sum(splits[0]["n_leaves"]) == 16


def test_the_information_is_one_number_in_three_units(result, classification):
    information = result["information"]
    rate = classification.units.firing_rate[classification.classified].mean()
    for unit, scale in (("second", 1 / 0.02), ("spike", 1 / 0.02 / rate)):
        assert_allclose(
            [
                information[f"bits_per_{unit}"],
                *information[f"bits_per_{unit}_interval"],
            ],
            np.multiply(
                [information["bits_per_word"], *information["interval"]], scale
            ),
        )
    assert information["maximum"] == 4  # log2 of 16 neurons


def test_what_classes_keep_is_corrected_and_has_intervals(result):
    kept = result["information"]["class_information"]
    curve = result["information_curve"]["bits_per_word"]
    low, high = kept["interval"]
    assert low < kept["bits_per_word"] < high
    assert_allclose(kept["bits_per_word"], curve[2], rtol=0.05)
    assert 0 < kept["chance_level"] < 0.2 * kept["bits_per_word"]
    # Corrected for few repeats, unlike the end of the curve.
    assert curve[2] / curve[-1] < kept["share"] <= 1
    low, high = kept["share_interval"]
    assert 0 <= low < kept["share"] <= high <= 1


def test_the_classes_are_those_of_the_labels(result, saved):
    rows = read_labels(saved)
    for one in result["classes"]:
        members = [row for row in rows if row["label"] == str(one["label"])]
        assert one["unit_ids"] == [
            int(row["unit_id"]) if row["unit_id"].isdigit() else row["unit_id"]
            for row in members
        ]
        assert one["n_neurons"] == len(members)
        assert_allclose(
            one["firing_rate_hz"],
            np.mean([float(row["firing_rate_hz"]) for row in members]),
            rtol=1e-5,
        )


def test_the_input_is_named_with_its_checksum(classification, tmp_path):
    path = tmp_path / "recording.npz"
    path.write_bytes(b"spikes")
    classification.recording.file_origin = str(path)
    try:
        write_result_json(classification, tmp_path / "result.json")
    finally:
        classification.recording.file_origin = None
    written = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert written["input"]["path"] == str(path)
    assert written["input"]["sha256"] == hashlib.sha256(b"spikes").hexdigest()
    assert written["command"] is None


def test_what_is_not_a_number_becomes_null_and_any_setting_can_be_written(
    classification, tmp_path
):
    odd = dataclasses.replace(
        classification,
        curve=dataclasses.replace(
            classification.curve, interval=np.full((16, 2), np.nan)
        ),
        settings={
            "bound": math.inf,
            "array": np.arange(3),
            "flag": np.bool_(True),
            "path": tmp_path,
            "tags": ("a", None),
        },
    )
    write_result_json(odd, tmp_path / "result.json")
    written = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert written["information_curve"]["interval"][0] == [None, None]
    assert written["settings"] == {
        "bound": None,
        "array": [0, 1, 2],
        "flag": True,
        "path": str(tmp_path),
        "tags": ["a", None],
    }


# --- report.html


def test_the_page_is_one_file_that_runs_nothing_and_loads_nothing(saved):
    page = Page(saved / "report.html")
    assert not {"script", "link", "iframe", "object", "base"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    sources = [value for name, value in page.attributes if name == "src"]
    assert len(sources) == len(FIGURE_NAMES)
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


def test_the_page_begins_with_the_answer(saved, classification, result):
    text = Page(saved / "report.html").text
    assert "16 neurons fall into 3 functional classes." in text
    assert "The number was given, not found in these data: the splits of its" in text
    share = result["information"]["class_information"]["share"]
    assert f"The classes keep {100 * share:.0f} % of what" in text


def test_names_in_the_page_are_text_and_not_markup(saved):
    page = Page(saved / "report.html")
    assert HOSTILE in page.text
    assert "<i>movie</i>" in page.text
    assert "i" not in page.tags


def test_the_page_says_how_stable_the_classes_are(saved, result):
    text = Page(saved / "report.html").text
    assert "5 resampled stimuli, each drawn from 20 blocks of this one" in text
    assert "Stability of the classes" in text
    assert "as a rule of thumb, a class below .6" in text
    assert "Stable is not the same as right" in text
    assert min(one["stability"] for one in result["classes"]) > 0.8
    assert [one["n_clusters"] for one in result["stability"]["by_number"]] == [3]
    row = result["stability"]["by_number"][0]
    assert row["interval"][0] <= row["adjusted_rand_index"] <= row["interval"][1]


def test_a_page_without_stability_has_no_empty_place_for_it(folder):
    stored = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    classes = [one | {"stability": None} for one in stored["classes"]]
    settings = stored["settings"] | {"stability": 0}
    change_result(folder, stability=None, classes=classes, settings=settings)
    text = Page(write_report(folder)).text
    assert "tability" not in text.replace("stability 0", "")
    # Asked for, and there is none: of one class.
    change_result(folder, settings=settings | {"stability": 100})
    assert "One class is stable by definition" in Page(write_report(folder)).text


def test_the_page_shows_subclasses_tested_splits_and_drift(folder):
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
    page = Page(write_report(folder))
    assert "0.1" in page.texts
    assert "3 3 + 4 1.2 inside 0 no gap shown" in page.text
    assert "3 3 + 4 \N{EN DASH} inside 0 not found again" in page.text
    assert "of part" in page.text
    assert f"{len(stored['selection']['splits'])} splits of the tree" in page.text
    assert page.text.count("2 of 16 units drift.") == 2  # and before you rely on it
    assert "The 14 others alone: 0.123 bits per word (0.100 to 0.200)." in page.text


def test_every_figure_has_words_for_those_who_cannot_see_it(saved):
    alternatives = [
        v for name, v in Page(saved / "report.html").attributes if name == "alt"
    ]
    assert len(alternatives) == len(FIGURE_NAMES)
    assert all(len(text) > 40 for text in alternatives)


def test_the_page_shows_notes_units_agreement_and_how_to_find_it_again(saved, result):
    text = Page(saved / "report.html").text
    assert "1 unit is silent in every presentation and kept: 15." in text
    assert "Left out: 1 unit (not asked for): 16." in text
    assert "All 17 units of the recording" in text
    assert "Agreement with units column type" in text
    assert "neuroclass cluster x.nwb" in text
    assert "numpy" in text
    assert "Random state 0" in text
    told_apart = f"tell {result['n_distinguishable']} groups of neurons apart"
    assert told_apart in text
    assert result["presentations"]["reason"] in text
    assert methods_paragraph(result) in text
    assert "physics/0212114" in text


def test_the_page_gives_classes_the_colours_of_the_figures(saved):
    styles = [
        v for name, v in Page(saved / "report.html").attributes if name == "style"
    ]
    assert {f"background:{color}" for color in class_colors(3)} == set(styles)


def test_a_number_that_the_data_leave_open_is_said_to_be_open(folder):
    chosen = {"value": 3, "chosen": "auto", "why": "gated elbow"}
    selection = {"low": 2, "high": 7, "is_determined": False}
    stored = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    change_result(
        folder,
        settings=stored["settings"] | {"n_clusters": chosen},
        selection=stored["selection"] | selection,
    )
    text = Page(write_report(folder)).text
    assert "The number is not determined by these data: 2 to 7 are supported" in text
    assert "the number is not determined" in text.split("Methods")[1]


def test_one_class_is_said_in_words(folder):
    stored = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    change_result(folder, n_clusters=1, classes=stored["classes"][:1])
    labels = (folder / "labels.csv").read_text(encoding="utf-8")
    (folder / "labels.csv").write_text(labels.splitlines()[0] + "\n", encoding="utf-8")
    text = Page(write_report(folder)).text
    assert "All 16 neurons form one functional class." in text
    assert "Kept by" not in text


def test_few_repeats_print_the_bracket_of_two_corrections(folder):
    stored = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    presentations = stored["presentations"]
    presentations["stimuli"][0]["n_repeats"] = 6
    information = stored["information"] | {"bits_per_word": 0.2, "jackknife": 0.1}
    change_result(folder, presentations=presentations, information=information)
    assert "as 0.100 to 0.200 bits per word" in Page(write_report(folder)).text


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


def test_a_result_of_another_format_is_refused(folder):
    change_result(folder, format_version=99)
    with pytest.raises(RecordingError, match="must have format_version 2; got 99"):
        write_report(folder)


def test_a_result_that_lacks_a_key_leaves_the_old_page(folder):
    before = (folder / "report.html").read_bytes()
    change_result(folder, information={})
    with pytest.raises(RecordingError, match="missing or changed"):
        write_report(folder)
    assert (folder / "report.html").read_bytes() == before


def test_labels_without_their_columns_are_refused(folder):
    (folder / "labels.csv").write_text("unit,class\n1,0\n", encoding="utf-8")
    with pytest.raises(RecordingError, match="must have the columns unit_id, label"):
        write_report(folder)


# --- the methods paragraph


def test_the_methods_say_what_was_done_with_these_data(result):
    text = methods_paragraph(result)
    assert "Functional classes of 16 neurons" in text
    assert "Of the 17 units recorded, 1 was left out." in text
    assert "one stimulus of 1.6 s, shown 12 times" in text
    assert "binary words (spike or no spike) in bins of 20 ms" in text
    assert "The number of classes was set to 3." in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"bin_size": {"value": 0.02, "chosen": "auto", "why": "it won"}}, "(it won)"),
        ({"word_length": 2}, "words (spike or no spike) of 2 bins of 10 ms (20 ms in"),
        ({"response": "counts"}, "into spike counts in bins"),
        (
            {"n_clusters": {"value": 3, "chosen": "auto", "why": "elbow"}},
            "3 classes (supported by these data: 3)",
        ),
        ({"max_information_loss": 0.2}, "loses at most 0.2 of the information: 3 cl"),
    ],
)
def test_the_methods_follow_the_settings(result, changes, expected):
    result["settings"] |= changes
    assert expected in methods_paragraph(result)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("stimulus", "for every stimulus, pooled over the time"),
        ("time", "with all stimuli pooled"),
        ("none", "without reference to a stimulus"),
    ],
)
def test_the_methods_say_what_was_conditioned_on(result, condition, expected):
    result["presentations"]["condition"] = condition
    assert expected in methods_paragraph(result)


# --- the folder


def test_a_folder_holds_all_files_and_nothing_else(saved):
    names = {
        str(path.relative_to(saved)) for path in saved.rglob("*") if path.is_file()
    }
    figures = {f"figures/{n}.{kind}" for n in FIGURE_NAMES for kind in ("png", "svg")}
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
    classification, folder
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


def test_labels_are_written_where_asked(classification, tmp_path):
    path = write_labels_csv(classification, tmp_path / "labels.csv")
    assert path == tmp_path / "labels.csv"
    assert len(read_labels(tmp_path)) == 17


# --- the pages of pairs and of families


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """A result folder of pairs, of which the first is one cell; names are text."""
    rng = np.random.default_rng(1)
    spikes = rng.random((4, 20, 150)) < rng.random((4, 1, 150)) ** 4
    spikes[1] = spikes[0] & (rng.random((20, 150)) < 0.95)
    recording = from_raster(
        spikes,
        "20ms",
        axes="npt",
        unit_ids=[HOSTILE, "b", "c", "d"],
        unit_columns={"type": [0, 0, 1, 1]},
        condition=["movie"] * 20,
    )
    found = discriminate_neurons(
        recording, bin_size="20ms", reference="type", progress=False
    )
    folder = tmp_path_factory.mktemp("results") / "pairs"
    return save_pairs(found, folder, command="neuroclass discriminate x.nwb")


def test_the_page_of_pairs_says_how_soon_and_who_is_not_told_apart(pairs):
    page = Page(pairs / "report.html")
    result = json.loads((pairs / "result.json").read_text(encoding="utf-8"))
    told, n_pairs = result["n_pairs_distinguishable"], result["n_pairs"]
    assert f"{told} of {n_pairs} pairs of neurons are told apart." in page.text
    seconds = result["median_time_to_accuracy"]["all"]["time_to_90_seconds"]
    assert f"The median pair takes {seconds:.3g} s of response" in page.text
    assert "within a class" in page.text
    assert "possible duplicate units." in page.text
    assert f"Groups told apart {result['n_distinguishable']} " in page.text
    n_alike = len(result["indistinguishable"])
    assert f"{n_alike} neurons not distinguishable from some other" in page.text
    assert "units column type, 2 classes" in page.text
    assert HOSTILE in page.text
    assert "script" not in page.tags
    assert page.tags.count("img") == len(PAIR_FIGURE_NAMES)
    assert "numpy" in page.text


def test_the_page_of_pairs_is_rebuilt_from_the_folder_alone(pairs, tmp_path):
    before = (pairs / "report.html").read_bytes()
    folder = shutil.copytree(pairs, tmp_path / "pairs")
    assert write_report(folder).read_bytes() == before
    (folder / "figures" / "decoder_curves.svg").unlink()
    (folder / "figures" / "decoder_curves.png").unlink()
    with pytest.raises(FileNotFoundError, match="of `neuroclass discriminate`; "):
        write_report(folder)


def test_the_page_of_families_leads_to_the_recordings(tmp_path, rng):
    p = np.repeat(rng.random((2, 80)) ** 4, 4, axis=0)
    recordings = [
        from_raster(
            rng.random((8, 12, 80)) < p[:, None],
            "20ms",
            axes="npt",
            condition=["movie"] * 12,
        )
        for _ in range(2)
    ]
    for recording, name in zip(recordings, ("<b>one</b>", "two"), strict=True):
        recording.name = name
    wanted = {"n_clusters": 2, "bin_size": "20ms", "progress": False}
    found = classify_within(recordings, **wanted)
    folder = save_families(found, tmp_path / "apart", command="neuroclass cluster")
    page = Page(folder / "report.html")
    assert "2 of 2 families of classes are in all 2 recordings." in page.text
    assert "<b>one</b> + two" in page.text
    assert "b" not in page.tags
    links = [value for name, value in page.attributes if name == "href"]
    assert len(links) == 2
    for link in links:
        assert (folder / unquote(link)).is_file()
    before = (folder / "report.html").read_bytes()
    assert write_report(folder).read_bytes() == before
    (folder / "families.json").write_text("{}", encoding="utf-8")
    with pytest.raises(RecordingError, match=r"must be the families\.json"):
        write_report(folder)
