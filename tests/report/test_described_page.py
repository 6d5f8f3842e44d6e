"""Classes that are described, in the result folder and on its page."""

import csv
import json

import numpy as np
import pytest

from neuroclass import classify_neurons, describe_classes, from_raster
from neuroclass.report import save_results, write_report


@pytest.fixture(scope="module")
def stepped():
    """ON transient and OFF sustained cells; the light is on from .5 to 1.5 s."""
    rng = np.random.default_rng(0)
    rate = np.full((2, 200), 0.02)
    rate[0, 55:60] = 0.9
    rate[1, 155:195] = 0.5
    spikes = rng.random((16, 25, 200)) < np.repeat(rate, 8, axis=0)[:, None]
    return from_raster(spikes, "10ms", axes="npt")


@pytest.fixture(scope="module")
def described(stepped):
    return classify_neurons(stepped, light_on=("500ms", "1.5s"), progress=False)


@pytest.fixture(scope="module")
def folder(described, tmp_path_factory):
    return save_results(described, tmp_path_factory.mktemp("results") / "classes")


def test_classes_are_described_as_the_command_does(stepped, described):
    by_itself = describe_classes(stepped, light_on=(0.5, 1.5), progress=False)
    table, expected = (one.class_frame() for one in (described.description, by_itself))
    assert table.equals(expected)
    assert described.settings["light_on"] == (0.5, 1.5)
    assert described.settings["describe"] is True
    words = described.summary()["responds"].tolist()
    assert {text.split(",")[0] for text in words} == {"ON", "OFF"}
    plain = classify_neurons(stepped, progress=False)
    assert plain.description is None
    assert plain.settings["describe"] is False
    assert "responds" not in plain.summary()
    assert np.array_equal(plain.labels, described.labels)  # no class is made with it


def test_the_page_says_what_each_class_responds_to(folder, read_page, described):
    page = read_page(folder / "report.html")
    assert "What the classes respond to" in page.text
    for text in described.description.words().values():
        assert text in page.text
    assert "Transience" in page.text
    assert "Autocorrelograms" in page.text
    assert "Spike-triggered averages" not in page.text  # no flicker
    names = {path.stem for path in (folder / "figures").iterdir()}
    assert "autocorrelograms" in names
    assert "stimulus_filters" not in names


def test_the_files_hold_units_and_classes(folder, described):
    content = json.loads((folder / "result.json").read_text())["description"]
    assert len(content["units"]) == 16
    assert [one["class"] for one in content["classes"]] == ["0", "1"]
    assert content["classes"][0]["description"] == described.description.words()["0"]
    assert np.shape(content["autocorrelograms"]["hz"]) == (16, 50)
    assert content["spike_triggered_average"] is None
    with (folder / "descriptions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 16
    assert {"reliability", "on_off_index"} <= set(rows[0])


def test_a_folder_of_before_is_a_page_without_descriptions(folder, tmp_path, read_page):
    copy = tmp_path / "older"
    copy.mkdir()
    for name in ("labels.csv", "result.json"):
        (copy / name).write_bytes((folder / name).read_bytes())
    content = json.loads((copy / "result.json").read_text())
    del content["description"]
    (copy / "result.json").write_text(json.dumps(content))
    page = read_page(write_report(copy))
    assert "What the classes respond to" not in page.text


def test_light_outside_of_the_stimulus_is_refused(stepped):
    with pytest.raises(ValueError, match="inside the stimulus of 2 s"):
        classify_neurons(stepped, light_on=(0.5, 3.0), progress=False)
    with pytest.raises(TypeError, match="Did you mean 'light_on'"):
        classify_neurons(stepped, light_om=(0.5, 1.5), progress=False)
