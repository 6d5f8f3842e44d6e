"""report.html of `discriminate`."""

import json
import shutil

import numpy as np
import pytest

from neuroclass import discriminate_neurons, from_raster
from neuroclass.exceptions import RecordingError
from neuroclass.plotting import PAIR_FIGURE_NAMES
from neuroclass.report import (
    save_pairs,
    write_report,
)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory, hostile_name):
    """A result folder of pairs, of which the first is one cell; names are text."""
    rng = np.random.default_rng(1)
    spikes = rng.random((4, 20, 150)) < rng.random((4, 1, 150)) ** 4
    spikes[1] = spikes[0] & (rng.random((20, 150)) < 0.95)
    recording = from_raster(
        spikes,
        "20ms",
        axes="npt",
        unit_ids=[hostile_name, "b", "c", "d"],
        unit_columns={"type": [0, 0, 1, 1]},
        condition=["movie"] * 20,
    )
    found = discriminate_neurons(
        recording, bin_size="20ms", reference="type", progress=False
    )
    folder = tmp_path_factory.mktemp("results") / "pairs"
    return save_pairs(found, folder, command="neuroclass discriminate x.nwb")


def test_the_page_of_pairs_has_times_and_indistinguishable_units(
    pairs, hostile_name, read_page
):
    page = read_page(pairs / "report.html")
    result = json.loads((pairs / "result.json").read_text(encoding="utf-8"))
    n_found, n_pairs = result["n_pairs_distinguishable"], result["n_pairs"]
    headline = f"{n_found} of {n_pairs} pairs of neurons are distinguishable."
    assert headline in page.text
    seconds = result["median_time_to_accuracy"]["all"]["time_to_90_seconds"]
    assert f"Median observation time to 90 % correct: {seconds:.3g} s." in page.text
    assert "within a class" in page.text
    assert "possible duplicate units." in page.text
    assert f"Distinguishable groups {result['n_distinguishable']} " in page.text
    n_alike = len(result["indistinguishable"])
    assert f"{n_alike} units indistinguishable from some other" in page.text
    assert "units column type, 2 classes" in page.text
    assert hostile_name in page.text
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


def test_a_result_of_pairs_of_another_format_is_refused(pairs, tmp_path):
    folder = shutil.copytree(pairs, tmp_path / "pairs")
    path = folder / "result.json"
    result = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(result | {"format_version": 1}), encoding="utf-8")
    message = r"format_version 2; got 1, .* Run `neuroclass discriminate` again\.$"
    with pytest.raises(RecordingError, match=message):
        write_report(folder)
