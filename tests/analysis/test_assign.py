"""Cells of a recording put into known classes."""

import dataclasses
import json

import numpy as np
import pytest

from neuroclass import RecordingError, classify_neurons, simulate_retina
from neuroclass.analysis import assign_cells, read_types
from neuroclass.report import save_assignment, save_results
from neuroclass.results import read_class_model

pytestmark = pytest.mark.filterwarnings("ignore:.* silent in every presentation")

LIGHT = {
    "stimulus_random_state": 5,
    "n_unique": 0,
    "duration": "6s",
    "n_presentations": 20,
}


def types_of(block):
    trains = block.segments[0].spiketrains
    return np.array([train.annotations["true_type"] for train in trains])


def is_sparse(block):
    trains = block.segments[0].spiketrains
    return np.array([train.annotations["is_sparse"] for train in trains])


@pytest.fixture(scope="module")
def first():
    """Return a retina of four types."""
    return simulate_retina(4, 80, random_state=0, **LIGHT)


@pytest.fixture(scope="module")
def second():
    """Return another retina under the same light: five types, half as many repeats."""
    return simulate_retina(
        5, 75, random_state=1, rate_spread=1.2, **{**LIGHT, "n_presentations": 10}
    )


@pytest.fixture(scope="module")
def classified(first):
    return classify_neurons(first, n_clusters=4, bin_size=0.02)


@pytest.fixture(scope="module")
def assigned(classified, second):
    return assign_cells(second, classified.model, types="true_type")


def test_cells_of_another_retina_go_into_the_class_of_their_type(
    first, second, classified, assigned
):
    own, other = types_of(first), types_of(second)
    of_class = {
        name: np.bincount(
            classified.labels[(own == name) & classified.units.takes_part]
        ).argmax()
        for name in set(own)
    }
    known = np.isin(other, list(of_class)) & ~is_sparse(second)
    expected = np.array([of_class[name] for name in other[known]])
    assert (assigned.nearest[known] == expected).mean() > 0.95
    assert (assigned.labels[known] >= 0).mean() > 0.85
    assert assigned.agreement.accuracy > 0.95
    assert assigned.agreement.n_cells == (assigned.labels >= 0).sum()


def test_a_type_that_the_model_lacks_and_random_units_are_none_of_these(
    first, second, assigned
):
    new = ~np.isin(types_of(second), types_of(first)) & ~is_sparse(second)
    assert new.sum() > 10
    assert (assigned.labels[new] < 0).mean() > 0.7
    fires = np.array([r[:6] != "silent" for r in assigned.reasons])
    at_random = is_sparse(second) & fires
    assert (assigned.confidence[at_random] < 0.8).mean() > 0.8
    bounded = assigned.to_frame()
    assert (bounded["label"][assigned.labels < 0] == "").all()
    assert (bounded["reason"][assigned.labels < 0] != "").all()


def test_the_bound_leaves_out_those_below_it(classified, second, assigned):
    bounded = assign_cells(second, classified.model, min_confidence=0.999)
    expected = (assigned.labels >= 0) & (assigned.confidence >= 0.999)
    assert 0 < expected.sum() < (assigned.labels >= 0).sum()
    assert np.array_equal(bounded.labels >= 0, expected)
    assert any("below 0.999" in reason for reason in bounded.reasons)


def test_gains_make_no_difference(first, classified):
    """The same cells again, half of each one's spikes taken away."""
    rng = np.random.default_rng(0)
    segment = first.segments[0]
    kept = [train[rng.random(len(train)) < 0.5] for train in segment.spiketrains]
    for train, whole in zip(kept, segment.spiketrains, strict=True):
        train.annotate(**whole.annotations)
    block = type(first)(name="half")
    half = type(segment)()
    half.spiketrains = kept
    half.epochs = segment.epochs
    block.segments.append(half)
    found = assign_cells(block, classified.model)
    part = classified.units.takes_part
    assert (found.nearest[part] == classified.labels[part]).mean() > 0.97
    assert (found.labels[part] >= 0).mean() > 0.9


def test_a_weight_of_the_rate_is_part_of_the_model(tmp_path):
    """Cells that differ in nothing but their rate: the model must know that it counts.

    In another recording with a third of the repeats.
    """
    blocks = [
        simulate_retina(
            1,
            40,
            n_presentations=n,
            duration="4s",
            n_unique=0,
            diversity=0,
            rate_spread=0,
            sparse_share=0,
            stimulus_random_state=1,
            random_state=seed,
        )
        for seed, n in ((0, 30), (1, 10))
    ]
    rng = np.random.default_rng(0)
    for block in blocks:
        trains = block.segments[0].spiketrains
        kept = [
            train[rng.random(len(train)) < (0.2 if k % 2 else 1)]
            for k, train in enumerate(trains)
        ]
        for train, whole in zip(kept, trains, strict=True):
            train.annotate(**whole.annotations)
        block.segments[0].spiketrains = kept
    is_slow = np.arange(40) % 2
    classified = classify_neurons(
        blocks[0], n_clusters=2, bin_size=0.02, rate_weight=4.0
    )
    assert len(set(zip(classified.labels, is_slow, strict=True))) == 2
    save_results(classified, tmp_path / "classes")
    model = read_class_model(tmp_path / "classes")
    assert model.rate_weight == 4
    found = assign_cells(blocks[1], model)
    expected = classified.labels[:2][is_slow]
    assert (found.nearest == expected).all()
    without = assign_cells(blocks[1], dataclasses.replace(model, rate_weight=0.0))
    assert (without.nearest == expected).mean() < 0.9


def test_a_model_is_the_same_from_its_folder(tmp_path, classified, second, assigned):
    save_results(classified, tmp_path / "classes")
    model = read_class_model(tmp_path / "classes")
    assert repr(model) == repr(classified.model)
    again = assign_cells(second, tmp_path / "classes")
    assert np.array_equal(again.labels, assigned.labels)
    assert np.allclose(again.confidence, assigned.confidence, equal_nan=True, rtol=1e-4)
    save_assignment(assigned, tmp_path / "assigned")
    content = json.loads((tmp_path / "assigned" / "assignment.json").read_text())
    n_in = sum(one["n_units"] for one in content["classes"])
    assert n_in + sum(content["none"].values()) == content["n_units"] == 75
    lines = (tmp_path / "assigned" / "assigned.csv").read_text().splitlines()
    assert lines[0].startswith("unit_id,label,nearest,confidence")
    assert len(lines) == 76


def test_large_classes_are_thinned_evenly(classified):
    model = classified.model
    n = len(model.labels)
    many = type(model)(
        model.spikes.of(np.tile(np.arange(n), 20)),
        np.tile(model.labels, 20),
        *list(vars(model).values())[2:],
    ).thinned()
    assert np.bincount(many.labels).tolist() == [200] * 4


def test_types_are_read_from_all_other_cells(first, second, tmp_path):
    found = read_types(first, "true_type")
    assert found.reading.accuracy > 0.95
    assert found.reading.chance == pytest.approx(0.25, abs=0.05)
    table = found.to_frame()
    scored = table[table["is_responsive"]]
    right = scored["type"] == scored["predicted"]
    assert right.mean() == pytest.approx(found.reading.accuracy)
    assert len(scored) == found.reading.n_cells == found.reading.confusion.sum()
    assert len(table) > len(scored)
    assert "cells not scored: their response does not repeat" in found.headline()
    save_assignment(found, tmp_path / "types")
    named = assign_cells(second, tmp_path / "types", types="true_type")
    assert set(named.to_frame()["label"]) <= {*types_of(first), ""}
    both = np.isin(types_of(second), types_of(first)) & (named.labels >= 0)
    same = named.to_frame()["label"].to_numpy()[both] == types_of(second)[both]
    assert same.mean() > 0.95


def test_leaving_out_is_leaving_out(first):
    """Labels at random cannot be read; in the sample they could."""
    rng = np.random.default_rng(0)
    for train in first.segments[0].spiketrains:
        train.annotate(coin=str(rng.integers(2)))
    found = read_types(first, "coin")
    assert abs(found.reading.accuracy - 0.5) < 0.2
    confused = found.reading.confused()
    assert {pair[:2] for pair in confused} == {("0", "1"), ("1", "0")}
    assert sum(pair[2] for pair in confused) == pytest.approx(
        (1 - found.reading.accuracy) * found.reading.n_cells
    )


def test_types_of_one_cell_are_listed_and_not_scored(first):
    for k, train in enumerate(first.segments[0].spiketrains):
        train.annotate(rare="alone" if k == 0 else train.annotations["true_type"])
    found = read_types(first, "rare")
    assert found.single == ("alone",)
    assert "alone" not in found.reading.types
    assert "fewer than two such cells: alone" in found.headline()
    for train in first.segments[0].spiketrains:
        train.annotate(same="all")
    with pytest.raises(ValueError, match=r"two types or more .* same has all \("):
        read_types(first, "same")


def test_models_of_other_stimuli_and_words_are_refused(classified, first, tmp_path):
    model = classified.model
    longer = simulate_retina(2, 8, random_state=0, **{**LIGHT, "duration": "8s"})
    with pytest.raises(RecordingError, match=r"repeat \(6 s\) of .*; got repeat \(8 s"):
        assign_cells(longer, model)
    with pytest.raises(ValueError, match=r"that of the model, 20 ms; got 10 ms"):
        assign_cells(first, model, bin_size=0.01)
    with pytest.raises(ValueError, match=r"min_confidence must be from 0 to 1; got 3"):
        assign_cells(first, model, min_confidence=3)
    with pytest.raises(FileNotFoundError, match="Run `neuroclass cluster RECORDING`"):
        assign_cells(first, tmp_path)
    words = classify_neurons(first, n_clusters=4, bin_size=0.02, criterion="word")
    assert words.model is None
    save_results(words, tmp_path / "words")
    with pytest.raises(FileNotFoundError, match="again by the criterion timing"):
        assign_cells(first, tmp_path / "words")


def test_damaged_models_are_refused(classified, tmp_path):
    path = classified.model.write(tmp_path / "model.npz")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(RecordingError, match=r"must be the model\.npz of neuroclass"):
        read_class_model(tmp_path)
    np.savez(path, about=np.array(json.dumps({"format": 99})))
    with pytest.raises(RecordingError, match="of format 1; got 99"):
        read_class_model(tmp_path)
