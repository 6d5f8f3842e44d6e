import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.clustering import micro_clusters as micro_classes
from neuroclass.clustering._compiled import loader as kernels
from neuroclass.clustering.count_matrix import Rows
from neuroclass.clustering.micro_clusters import find_micro_classes, gather, reassign
from neuroclass.clustering.reassignment import refine
from neuroclass.clustering.sparse_count_matrix import SparseCounts
from neuroclass.estimators import ESTIMATORS


def random_counts(rng, n_neurons=40, n_conditions=12, n_words=3):
    p = rng.dirichlet(np.ones(n_words), (n_neurons, n_conditions))
    return rng.multinomial(8, p)


@pytest.mark.parametrize("is_compiled", [False, True])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_gain_is_the_change_of_the_objective(estimator, is_compiled, rng, monkeypatch):
    if is_compiled:
        pytest.importorskip("numba")
        monkeypatch.setattr(kernels, "_WORTH_IT", 0)
    array = random_counts(rng)
    array[::3, :4] = 0  # not recorded
    counts = SparseCounts.from_counts(array, estimator)
    rows = Rows.from_counts(array, estimator)
    labels = np.arange(40) % 5
    classes = micro_classes._Classes.of(counts, labels)
    assert classes.objective(counts) == pytest.approx(rows.objective(labels))
    candidates = np.concatenate(
        [labels[:, None], np.tile(np.arange(5), (40, 1))], axis=1
    )
    gains = micro_classes._gains(
        counts, classes, slice(0, 40), candidates, takes_out=True
    )
    for neuron in range(40):
        for k, other in enumerate(candidates[neuron, 1:], start=1):
            if other == labels[neuron]:
                assert gains[neuron, k] == -np.inf
                continue
            moved = labels.copy()
            moved[neuron] = other
            change = rows.objective(moved) - rows.objective(labels)
            assert gains[neuron, k] - gains[neuron, 0] == pytest.approx(change)


def test_score_is_the_gain_where_every_word_is_spoken_its_typical_number_of_times(rng):
    array = np.zeros((30, 10, 2), dtype=int)
    array[:, :, 1] = 3 * rng.integers(2, size=(30, 10))
    array[:, :, 0] = 5 * rng.integers(2, size=(30, 10))
    counts = SparseCounts.from_counts(array)
    classes = micro_classes._Classes.of(counts, np.arange(30) % 4)
    everyone = slice(0, 30)
    scores = micro_classes._scores(counts, classes, everyone)
    gains = micro_classes._gains(
        counts, classes, everyone, np.tile(np.arange(4), (30, 1))
    )
    centred = gains - gains.mean(axis=1, keepdims=True)
    assert_allclose(scores - scores.mean(axis=1, keepdims=True), centred, atol=1e-3)


def test_no_sweep_lowers_the_objective(rng, monkeypatch):
    counts = SparseCounts.from_counts(random_counts(rng, 300))
    before = micro_classes._assign_to_seeds(counts, 30, rng)
    objectives = [micro_classes._Classes.of(counts, before).objective(counts)]
    after = micro_classes._reassign_batches(counts, before)
    objectives.append(micro_classes._Classes.of(counts, after).objective(counts))
    monkeypatch.setattr(micro_classes, "_MAX_SWEEPS", 1)
    for _ in range(5):
        after, objective = reassign(counts, after)
        objectives.append(objective)
    assert (np.diff(objectives) >= -1e-9).all()
    assert objectives[2] > objectives[1] > objectives[0]


def test_where_all_classes_are_candidates_no_single_move_is_left(rng):
    array = random_counts(rng, 60)
    labels, objective = reassign(SparseCounts.from_counts(array), np.arange(60) % 6)
    further, best = refine(Rows.from_counts(array), labels)
    assert_array_equal(further, labels)
    assert objective == pytest.approx(best)


def test_a_short_list_loses_next_to_nothing(rng):
    array = random_counts(rng, 200)
    start = np.arange(200) % 40
    _, objective = reassign(SparseCounts.from_counts(array), start)
    rows = Rows.from_counts(array)
    _, best = refine(rows, start)
    gained = best - rows.objective(start)
    assert objective - rows.objective(start) > 0.97 * gained


def test_batches_and_blocks_of_words_change_nothing(rng, monkeypatch):
    counts = SparseCounts.from_counts(random_counts(rng, 200))
    whole = find_micro_classes(counts, 20, rng=np.random.default_rng(1))
    monkeypatch.setattr(micro_classes, "_COLUMNS", 7)
    blocks = find_micro_classes(counts, 20, rng=np.random.default_rng(1))
    assert_array_equal(whole, blocks)


def test_fractions_are_counts_too(rng):
    array = random_counts(rng, 50) / 4 + 0.1
    labels = find_micro_classes(SparseCounts.from_counts(array), 8, rng=rng)
    assert labels.max() + 1 <= 8


def test_gathered_micro_classes_lie_within_classes(rng):
    counts = SparseCounts.from_counts(random_counts(rng, 80))
    micro = np.arange(80) % 10
    labels = np.where(np.arange(80) < 60, micro % 3, np.arange(80) % 3)
    labels[3] = 3  # a class without a micro-class
    gathered = gather(counts, micro, labels)
    pairs = np.unique(np.stack([gathered, labels]), axis=1)
    assert pairs.shape[1] == gathered.max() + 1 == 11
    assert_array_equal(gather(counts, gathered, labels), gathered)
