"""What the stimuli tell and what to record next, in the result and on its page."""

import dataclasses
import json

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from neuroclass import classify_neurons, from_raster
from neuroclass.clustering.timing import SeparationGrowth
from neuroclass.report import save_results


@pytest.fixture(scope="module")
def advised():
    """Return classes of three types under three stimuli of four repeats each."""
    rng = np.random.default_rng(0)
    types, n_repeats = np.repeat([0, 1, 2], 12), 4

    def noise(n):
        x = gaussian_filter1d(rng.standard_normal((n, 240)), 4, axis=1)[:, 20:-20]
        return x / x.std()

    log_rates = (
        0.8 * noise(3)[types] + 0.2 * noise(36),
        0.8 * noise(2)[types // 2] + 0.2 * noise(36),
        np.zeros((36, 200)),
    )
    spikes = [
        rng.random((36, n_repeats, 200)) < 0.1 * np.exp(x - 0.3)[:, None]
        for x in log_rates
    ]
    recording = from_raster(
        np.concatenate(spikes, axis=1),
        "20ms",
        axes="npt",
        condition=np.repeat(["chirp", "bars", "grey"], n_repeats).tolist(),
    )
    return classify_neurons(
        recording, min_repeats=3, n_clusters=3, recommend=True, progress=False
    )


def test_the_table_says_what_each_stimulus_tells(advised):
    table = advised.advice.to_frame().set_index("stimulus")
    assert table["n_repeats"].tolist() == [4, 4, 4]
    assert table["n_pairs_separated"].to_dict() == {"chirp": 3, "bars": 2, "grey": 0}
    assert table["class_information_bits"].idxmin() == "grey"
    assert advised.advice.sentences()[-1].endswith("is told by grey.")
    assert advised.settings["recommend"] is True


def with_growth(advice, z, gains, *, is_determined=False):
    growth = SeparationGrowth((0, 2), z, 24, np.array(gains), sum(gains))
    return dataclasses.replace(
        advice, is_determined=is_determined, n_target=3, growth=growth
    )


def test_the_advice_names_the_shortest_way_first(advised):
    advice = with_growth(advised.advice, 2.2, [1.5, 0.1, 0.0])
    ways = advice.ways()
    assert [way.get("stimulus") for way in ways] == ["chirp", None, None]
    factor = advice.growth.repeats_needed(4.0, 0)
    assert ways[0]["n_repeats"] == np.ceil(4 * (factor - 1))
    assert ways[0]["seconds"] == pytest.approx(4.0 * ways[0]["n_repeats"])
    n_neurons = advice.n_neurons
    assert ways[-1]["n_neurons"] == np.ceil(n_neurons * ((5 / 3.2) ** 2 - 1))
    text = advice.sentences()[0]
    assert text.startswith(
        "For the cut into 3 to hold surely (z of its classes 0 and 2"
    )
    assert f"about {ways[0]['n_repeats']} more repeats of chirp (" in text
    assert "or " in text
    assert "more neurons" in text


def test_what_more_data_cannot_do_is_said(advised):
    advice = with_growth(advised.advice, -0.5, [0.1, 0.0, 0.0])
    assert advice.ways() == []
    assert "four times as many repeats or neurons would not do" in advice.sentences()[0]
    advice = with_growth(advised.advice, 5.0, [0.1, 0, 0], is_determined=True)
    assert advice.sentences()[0].startswith("The number of classes is determined")
    nothing = dataclasses.replace(advised.advice, is_determined=False, growth=None)
    assert nothing.sentences()[0].startswith("No finer cut is near to holding")
    assert nothing.ways() == []


def test_the_page_and_the_result_hold_it(advised, tmp_path, read_page):
    folder = save_results(advised, tmp_path / "classes", formats=())
    content = json.loads((folder / "result.json").read_text())["advice"]
    assert [one["stimulus"] for one in content["stimuli"]] == ["chirp", "bars", "grey"]
    assert len(content["pairs"]) == 3
    assert len(content["pairs"][0]["right"]) == 3
    text = read_page(folder / "report.html").text
    assert "What the stimuli tell, and what to record next" in text
    for sentence in content["sentences"]:
        assert sentence in text
    assert "0 and 1" in text


def test_advice_is_by_timing(advised):
    with pytest.raises(ValueError, match="recommend must be of the criterion 'timing'"):
        classify_neurons(
            advised.recording, min_repeats=3, criterion="word", recommend=True
        )
