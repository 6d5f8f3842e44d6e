"""Results read back from their folder."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass import classify_neurons, read_result, simulate_retina


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    retina = simulate_retina(
        2,
        8,
        12,
        duration="2s",
        n_unique=0,
        random_state=0,
        rate_spread=0,
        sparse_share=0,
    )
    found = classify_neurons(retina, bin_size="20ms", progress=False)
    folder = tmp_path_factory.mktemp("results") / "r"
    found.save(folder)
    return found, folder


def test_a_saved_result_is_read_as_it_was(saved):
    found, folder = saved
    result = read_result(folder)
    assert_array_equal(result.labels, found.labels)
    assert result.unit_ids == tuple(found.unit_ids)
    assert result.n_clusters == found.n_clusters
    assert_allclose(
        result.curve["information"],
        json.loads((folder / "result.json").read_text())["information_curve"][
            "information"
        ],
    )
    assert np.isfinite(result.curve["information"]).all()
    assert result.tree
    assert repr(result).startswith(f"SavedResult({found.n_clusters} classes of 8 units")


@pytest.mark.filterwarnings("ignore:1 unit is silent")
def test_units_without_a_label_have_minus_one(tmp_path):
    retina = simulate_retina(2, 12, 12, duration="2s", n_unique=0, random_state=1)
    trains = retina.segments[0].spiketrains
    trains[3] = trains[3][:0]  # silent
    found = classify_neurons(
        retina, n_clusters=2, bin_size="20ms", min_confidence=0.999, progress=False
    )
    found.save(tmp_path / "r", formats=())
    assert not (tmp_path / "r" / "figures").exists()
    labels = read_result(tmp_path / "r").labels
    nowhere = np.flatnonzero(labels == -1)
    assert 3 in nowhere
    assert len(nowhere) > 1
    at = np.setdiff1d(np.arange(12), nowhere)
    assert_array_equal(labels[at], found.labels[at])


def test_other_folders_are_refused_in_one_line(saved, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"labels\.csv.*holds nothing"):
        read_result(tmp_path / "none")
    (tmp_path / "labels.csv").write_text("unit_id,label\n1,0\n")
    with pytest.raises(FileNotFoundError, match=r"result\.json.*holds labels\.csv"):
        read_result(tmp_path)
    (tmp_path / "result.json").write_text("{")
    with pytest.raises(ValueError, match="must be JSON"):
        read_result(tmp_path)
    (tmp_path / "result.json").write_text('{"format_version": 1}')
    with pytest.raises(ValueError, match="got format 1"):
        read_result(tmp_path)
