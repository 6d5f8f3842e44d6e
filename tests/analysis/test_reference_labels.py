"""Reference labels: files, result folders and units columns."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroclass.analysis.reference_labels import agreement_with, read_reference
from neuroclass.simulation.retina import simulate_retina


@pytest.fixture(scope="module")
def retina():
    return simulate_retina(
        3, 9, 2, "0.5s", n_unique=0, random_state=0, rate_spread=0, sparse_share=0
    )


def test_units_columns_are_references(retina):
    name, known = read_reference("true_type", retina)
    assert name == "units column true_type"
    assert len(known) == 9
    truth = [known[str(unit)] for unit in range(9)]
    _, labels = np.unique(truth, return_inverse=True)
    found = agreement_with("true_type", retina, range(9), labels, random_state=0)
    assert_allclose(found.adjusted_rand_index, 1)


def test_files_and_folders_are_references_on_the_units_that_both_have(retina, tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("unit_id,label\n7,1\n8,0\n2,1\n3,\n99,4\n", encoding="utf-8")
    labels = np.array([0, 1, 0, 0])
    for reference in (path, tmp_path):
        found = agreement_with(reference, retina, [7, 8, 3, 2], labels, random_state=0)
        assert found.n_units == 3
        assert found.name == str(path)


def test_cells_that_label_nothing_are_left_out():
    retina = simulate_retina(
        2, 6, 2, "0.5s", n_unique=0, random_state=0, rate_spread=0, sparse_share=0
    )
    values = [0, -1, 1, 1, 0, 1]
    text = ["a", "", None, float("nan"), "b", "a"]
    for train, value, word in zip(
        retina.segments[0].spiketrains, values, text, strict=True
    ):
        train.annotations.update(neuroclass_label=value, kind=word)
    assert len(read_reference("neuroclass_label", retina)[1]) == 5
    assert set(read_reference("kind", retina)[1]) == {"0", "4", "5"}


def test_bad_references_are_told(retina, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"units column \(delay, .*true_type"):
        read_reference("typo", retina)
    path = tmp_path / "labels.csv"
    path.write_text("unit,label\n1,2\n", encoding="utf-8")
    with pytest.raises(ValueError, match="must have the columns unit_id and label"):
        read_reference(path, retina)
    path.write_bytes(b"unit_id,label\n\xe9,1\n")
    with pytest.raises(ValueError, match=r"labels\.csv in UTF-8"):
        read_reference(path, retina)
    path.write_text("unit_id,label\n70,1\n80,0\n", encoding="utf-8")
    with pytest.raises(ValueError, match="labels 0 of 9"):
        agreement_with(path, retina, range(9), np.zeros(9, int))
