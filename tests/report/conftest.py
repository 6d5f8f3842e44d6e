"""A classification that is saved once, and what reads its folder."""

import csv
import json
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest

from neuroclass import classify_neurons, from_raster
from neuroclass.report import save_results

HOSTILE = "<script>alert('unit')</script>"


@pytest.fixture(scope="session")
def hostile_name():
    """Return a name that is markup."""
    return HOSTILE


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def classification(recording):
    with pytest.warns(UserWarning, match="1 unit is silent"):
        return classify_neurons(
            recording,
            criterion="word",
            n_clusters=3,
            bin_size="20ms",
            units={"quality": ["good"]},
            reference="type",
            stability=5,
            progress=False,
        )


@pytest.fixture(scope="session")
def saved(classification, tmp_path_factory):
    folder = tmp_path_factory.mktemp("results") / "classes"
    return save_results(classification, folder, command="neuroclass cluster x.nwb")


@pytest.fixture(scope="session")
def by_timing(recording):
    """Classes by timing of all units: the last one's response does not repeat."""
    with pytest.warns(UserWarning, match="1 unit is silent"):
        return classify_neurons(recording, bin_size="20ms", progress=False)


@pytest.fixture(scope="session")
def saved_by_timing(by_timing, tmp_path_factory):
    folder = tmp_path_factory.mktemp("results") / "timing"
    return save_results(by_timing, folder, command="neuroclass cluster x.nwb")


@pytest.fixture
def folder_by_timing(saved_by_timing, tmp_path):
    """A copy to spoil."""
    return shutil.copytree(saved_by_timing, tmp_path / "timing")


@pytest.fixture
def result_by_timing(saved_by_timing):
    return json.loads((saved_by_timing / "result.json").read_text(encoding="utf-8"))


@pytest.fixture
def folder(saved, tmp_path):
    """A copy to spoil."""
    return shutil.copytree(saved, tmp_path / "classes")


@pytest.fixture
def result(saved):
    return json.loads((saved / "result.json").read_text(encoding="utf-8"))


@pytest.fixture
def read_labels():
    """Return a function that reads labels.csv of a folder."""

    def read(folder):
        with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return read


@pytest.fixture
def change_result():
    """Return a function that changes keys of result.json of a folder."""

    def change(folder, **changes):
        path = folder / "result.json"
        result = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps(result | changes), encoding="utf-8")

    return change


@pytest.fixture
def read_page():
    """Return a function that reads a page: its tags, attributes and text."""
    return Page


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
