"""report.html, result.json, labels.csv and Methods of classes by timing."""

import json

import numpy as np
import pytest

from neuroclass.plotting import FIGURE_NAMES
from neuroclass.report import methods_paragraph, write_report


@pytest.fixture
def change_timing(change_result):
    """Return a function that changes what result.json of a folder holds of timing."""

    def change(folder, **changes):
        stored = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        change_result(folder, timing=stored["timing"] | changes)

    return change


def test_the_page_begins_with_the_answer(saved_by_timing, result_by_timing, read_page):
    text = read_page(saved_by_timing / "report.html").text
    assert "3 classes of 15 neurons. Determined: each is separate" in text
    assert text.index("1 unit set aside: its response") < text.index("Ranked cuts")
    for sentence in result_by_timing["timing"]["sentences"]:
        assert text.index(sentence) < text.index("Ranked cuts")
    assert text.index("Ranked cuts") < text.index("Key numbers")


def test_the_page_ranks_the_cuts_and_names_the_way_to_another(
    saved_by_timing, result_by_timing, read_page
):
    text = read_page(saved_by_timing / "report.html").text
    first, second = result_by_timing["timing"]["ranked_cuts"]
    assert (first["n_clusters"], first["is_shown"]) == (3, True)
    assert (second["n_clusters"], second["is_shown"]) == (2, False)
    share = f"{100 * first['share']:.0f} %"
    stability = f"{first['stability']:.2f}"
    assert f"3 {first['z']:.1f} surely shown {share} {stability} 1: " in text
    assert f"2 {second['z']:.1f} surely --cut 2" in text
    assert "5 + 5 + 5" in text
    assert "--cut 3" not in text
    assert "These data leave 3 open." in text


def test_the_page_names_units_that_made_no_class_with_their_confidence(
    saved_by_timing, by_timing, read_page
):
    text = read_page(saved_by_timing / "report.html").text
    assert "1 unit set aside, because its response does not repeat" in text
    unit = f"16 {by_timing.labels[16]} {by_timing.units.confidence[16]:.2f}"
    assert f"Confidence {unit}" in text
    assert "1 unit silent in every presentation, in no class: 15." in text
    assert "unresponsive: its response does not repeat" in text


def test_the_page_shows_information_by_rate_timing_and_resolution(
    saved_by_timing, result_by_timing, read_page
):
    page = read_page(saved_by_timing / "report.html")
    timing = result_by_timing["timing"]
    for name in ("neurons", "classes"):
        shares = [timing[name][f"{part}_share"] for part in ("rate", "timing")]
        printed = [f"{100 * share:.0f} %" for share in shares]
        assert f"the {name}" in page.text
        assert " ".join(printed) in page.text
    assert "Information against time resolution" in page.text
    sources = [value for name, value in page.attributes if name == "src"]
    # Neither stability nor positions nor a description were asked for.
    assert len(sources) == len(FIGURE_NAMES) - 5


def test_an_open_number_is_no_class_and_no_number_in_the_title(
    folder_by_timing, change_timing, read_page
):
    change_timing(
        folder_by_timing,
        title="Not determined by these data",
        explanation="More cuts may hold (1 or more). Shown: all together.",
        range="1 or more",
        ranked_cuts=[],
        is_determined=False,
    )
    text = read_page(write_report(folder_by_timing)).text
    assert "Not determined by these data. More cuts may hold (1 or more)." in text
    assert "No cut into several classes may hold." in text
    assert "functional class" not in text.split("Methods")[0]
    methods = text.split("Methods paragraph")[1]
    assert "(left open by these data: 1 or more). With these data the number" in methods


def test_the_result_holds_cuts_shares_and_units(result_by_timing, by_timing):
    timing = result_by_timing["timing"]
    assert timing["headline"] == by_timing.headline()
    assert timing["headline"].startswith(timing["title"])
    shown = timing["ranked_cuts"][0]
    assert shown["labels"] == by_timing.labels[:15].tolist()
    assert [one["unit_id"] for one in timing["set_aside"]] == [16]
    assert timing["silent"] == [15]
    curve = result_by_timing["information_curve"]
    assert curve["unit"] == "bits/spike"
    assert shown["share"] == pytest.approx(
        curve["information"][2] / curve["information"][-1]
    )
    resolved = timing["time_resolution"]
    assert len(resolved["seconds"]) == len(resolved["neurons"])
    assert np.mean(resolved["neurons"]) == pytest.approx(curve["information"][-1])


def test_sizes_of_a_cut_are_those_of_its_labels(result_by_timing):
    for cut in result_by_timing["timing"]["ranked_cuts"]:
        assert cut["sizes"] == np.bincount(cut["labels"]).tolist()
        assert len(cut["alike"]) == cut["n_clusters"]


def test_labels_say_who_made_the_classes_and_how_sure_the_others_are(
    saved_by_timing, by_timing, read_labels
):
    rows = read_labels(saved_by_timing)
    assert [row["takes_part"] for row in rows] == ["true"] * 15 + ["false"] * 2
    silent, aside = rows[15:]
    assert silent["label"] == silent["confidence"] == ""
    assert silent["reason"] == "silent: no spike in the presentations"
    assert aside["reason"] == "unresponsive: its response does not repeat"
    assert aside["label"] == str(by_timing.labels[16])
    assert float(aside["confidence"]) == pytest.approx(
        by_timing.units.confidence[16], rel=1e-5
    )


def test_the_methods_say_how_classes_by_timing_are_made(result_by_timing):
    text = methods_paragraph(result_by_timing)
    assert "timing information per spike" in text
    assert "in bins of 20 ms and of each twofold up to 1.28 s (7 time scales" in text
    assert "Schneidman et al. (2002)" in text
    assert "use the order of time" in text
    assert "1 further unit was set aside and assigned afterwards" in text
    assert "1 unit without a spike had no class." in text
    assert "Mean firing rates took no part" in text
    assert "3 classes found (left open by these data: 3)." in text
    assert "restarts" not in text
    assert "left out" not in text


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"n_clusters": 3}, "with restarts. The number of classes was set to 3."),
        ({"max_information_loss": 0.2}, "loses at most 0.2 of the timing information"),
        ({"n_clusters": 2, "cut": 2}, "The cut into 2 was asked for."),
        ({"rate_weight": 4.0}, "Mean firing rates took part with a weight of 4"),
    ],
)
def test_the_methods_follow_the_settings(result_by_timing, changes, expected):
    result_by_timing["settings"] |= changes
    assert expected in methods_paragraph(result_by_timing)
