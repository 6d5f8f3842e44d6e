import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.metrics import adjusted_rand_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from neuroclass.clustering import (
    AgglomerativeBottleneck,
    SequentialBottleneck,
    choose_method,
)

N_REPEATS = 20


def population(n_neurons, n_types, rng, n_conditions=100):
    """Return counts of neurons that scatter about their type, and the types."""
    drive = rng.normal(-1.2, 1.2, (n_types, n_conditions))
    kind = np.arange(n_neurons) % n_types
    logit = drive[kind] + rng.normal(0, 0.4, (n_neurons, 1))
    logit = logit + rng.normal(0, 0.4, (n_neurons, n_conditions // 10)).repeat(10, 1)
    observed = rng.binomial(N_REPEATS, 1 / (1 + np.exp(-logit)))
    return np.stack([N_REPEATS - observed, observed], axis=2), kind


@parametrize_with_checks(
    [SequentialBottleneck(n_clusters=2, n_micro=5)],
    expected_failed_checks=lambda _: {
        "check_clustering": "feeds negative numbers to estimators of counts too"
    },
)
def test_estimator_follows_the_contract_of_scikit_learn(estimator, check):
    check(estimator)


def test_with_a_micro_cluster_for_every_neuron_it_is_the_tree_of_all_neurons(rng):
    counts, _ = population(60, 4, rng)
    exact = AgglomerativeBottleneck().fit(counts)
    model = SequentialBottleneck(n_micro=60).fit(counts)
    assert_array_equal(model.children_, exact.children_)
    assert_array_equal(model.labels_, exact.labels_)
    assert_allclose(model.information_, exact.information_, atol=1e-12)
    assert_allclose(model.node_scores(counts), exact.node_scores(counts))
    assert model.selection_.reason == exact.selection_.reason


def agreement_of_curves(n_neurons, n_conditions, n_micro, rng):
    """Return the information kept over that of the tree of all, at 2 to 50 classes."""
    counts, _ = population(n_neurons, 6, rng, n_conditions)
    exact = AgglomerativeBottleneck(6, n_restarts=0).fit(counts)
    model = SequentialBottleneck(6, n_micro=n_micro).fit(counts)
    return model.information_[1:50] / exact.information_[1:50]


def test_information_is_near_that_of_the_tree_of_all_neurons(rng):
    assert agreement_of_curves(300, 50, 60, rng).min() > 0.99


@pytest.mark.slow
def test_information_is_that_of_the_tree_of_all_neurons(rng):
    for n_micro in (100, 200, 300):
        ratio = agreement_of_curves(1000, 500, n_micro, rng)
        print(f"{n_micro} micro-clusters: {ratio.min():.4f} to {ratio.max():.4f}")
        assert ratio.min() > 0.99


def test_types_are_found_and_their_number(rng):
    counts, kind = population(200, 5, rng)
    model = SequentialBottleneck(n_micro=40).fit(counts)
    assert model.n_clusters_ == 5
    assert model.selection_.is_determined
    assert adjusted_rand_score(kind, model.labels_) > 0.99
    assert len(model.selection_.node_z) == model.n_micro_ - 1


def test_one_kind_of_neurons_is_one_class(rng):
    counts, _ = population(200, 1, rng)
    assert SequentialBottleneck(n_micro=40).fit(counts).n_clusters_ == 1


def test_a_rare_type_gets_micro_clusters_of_its_own(rng):
    counts, _ = population(600, 2, rng)
    rare, _ = population(6, 1, rng)
    model = SequentialBottleneck(3, n_micro=20).fit(np.concatenate([counts, rare]))
    assert not np.isin(model.micro_labels_[:600], model.micro_labels_[600:]).any()


def test_the_tree_passes_through_the_classes(rng):
    counts, _ = population(300, 4, rng)
    model = SequentialBottleneck(7, n_micro=30).fit(counts)
    n_micro = model.n_micro_
    assert_array_equal(np.unique(model.micro_labels_), np.arange(n_micro))
    assert model.children_.shape == (n_micro - 1, 2)
    assert sorted(model.leaf_order_) == list(range(n_micro))
    node = list(range(n_micro))
    for k, pair in enumerate(model.children_[: n_micro - 7]):
        node = [n_micro + k if n in pair else n for n in node]
    of_neuron = np.array(node)[model.micro_labels_]
    pairs = np.unique(np.stack([of_neuron, model.labels_]), axis=1)
    assert pairs.shape[1] == 7
    assert model.information_[0] == pytest.approx(0)
    assert_allclose(np.diff(model.information_[::-1]), -model.distances_, atol=1e-12)


def test_partition_into_another_number_has_as_many_classes(rng):
    counts, _ = population(200, 4, rng)
    model = SequentialBottleneck(4, n_micro=20).fit(counts)
    assert len(np.unique(model.partition(3))) == 3
    with pytest.raises(ValueError, match="n_clusters must be an integer from 1 to"):
        model.partition(21)


def test_a_fraction_of_the_information_is_kept(rng):
    counts, _ = population(300, 4, rng)
    half = SequentialBottleneck(0.5, n_micro=30).fit(counts).n_clusters_
    assert half == AgglomerativeBottleneck(0.5).fit(counts).n_clusters_
    with pytest.raises(ValueError, match=r"n_micro must be enough to keep 0\.999"):
        SequentialBottleneck(0.999, n_micro=5).fit(counts)


def test_sparse_mapped_and_dense_counts_are_one(rng, tmp_path):
    counts, _ = population(150, 3, rng)
    dense = SequentialBottleneck(n_micro=20).fit(counts)
    sparse = SequentialBottleneck(n_micro=20, n_conditions=100).fit(
        csr_array(counts.reshape(150, -1))
    )
    np.save(tmp_path / "counts.npy", counts)
    mapped = np.load(tmp_path / "counts.npy", mmap_mode="r")
    for model in (sparse, SequentialBottleneck(n_micro=20).fit(mapped)):
        assert_array_equal(model.labels_, dense.labels_)
        assert_array_equal(model.children_, dense.children_)
        assert_array_equal(model.information_, dense.information_)
    with pytest.raises(ValueError, match="n_conditions must divide the columns"):
        SequentialBottleneck(n_conditions=3).fit(csr_array(counts.reshape(150, -1)))


def test_missing_repeats_are_not_silence(rng):
    counts, kind = population(200, 3, rng)
    counts[::4, :30] = 0
    model = SequentialBottleneck(3, n_micro=20).fit(counts)
    assert adjusted_rand_score(kind, model.labels_) > 0.95


def test_the_result_depends_on_the_seed_and_not_on_the_processes(rng):
    counts, _ = population(200, 3, rng)
    options = {"n_clusters": 9, "n_micro": 20, "n_init": 2}
    first = SequentialBottleneck(**options).fit(counts)
    again = SequentialBottleneck(**options).fit(counts)
    with parallel_config("threading"):
        parallel = SequentialBottleneck(n_jobs=2, **options).fit(counts)
    for model in (again, parallel):
        assert_array_equal(model.micro_labels_, first.micro_labels_)
        assert_array_equal(model.labels_, first.labels_)
    other = SequentialBottleneck(random_state=1, **options).fit(counts)
    assert (other.micro_labels_ != first.micro_labels_).any()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_micro": 1}, "n_micro must be an integer of at least 2"),
        ({"n_init": 0}, "n_init must be an integer of at least 1"),
        ({"n_restarts": -1}, "n_restarts must be an integer of at least 0"),
        ({"n_conditions": 0}, "n_conditions must be an integer of at least 1"),
        ({"estimator": "nsb"}, "estimator must be one of"),
        ({"n_clusters": 300}, "n_clusters must be 'auto'"),
    ],
)
def test_a_wrong_parameter_is_named(parameters, message, rng):
    counts, _ = population(20, 2, rng)
    with pytest.raises(ValueError, match=message):
        SequentialBottleneck(**parameters).fit(counts)


def test_empty_counts_are_refused():
    with pytest.raises(ValueError, match="X must hold at least one word"):
        SequentialBottleneck().fit(np.zeros((5, 2, 2), dtype=int))
    with pytest.raises(ValueError, match="X must have the axes"):
        SequentialBottleneck().fit(np.ones((5, 2, 2, 2), dtype=int))


def test_the_method_is_chosen_by_the_memory_of_all_pairs():
    assert choose_method("auto", 10_000)["value"] == "agglomerative"
    many = choose_method("auto", 100_000)
    assert many["value"] == "sequential"
    assert many["why"] == (
        "the matrix of all pairs of 100000 neurons (2.4e+02 GB) does not fit into 4 GB"
    )
    assert choose_method("auto", 100_000, memory=1e12)["value"] == "agglomerative"
    assert choose_method("agglomerative", 100_000)["value"] == "agglomerative"
