"""The estimator: contract, hierarchy, number of classes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from neuroclass.clustering import AgglomerativeBottleneck
from neuroclass.estimators import ESTIMATORS
from neuroclass.information.classes import class_information
from neuroclass.information.identity import identity_information


@parametrize_with_checks(
    [
        AgglomerativeBottleneck(),
        AgglomerativeBottleneck(n_clusters=2),
        AgglomerativeBottleneck(n_clusters=0.9, estimator="plug-in"),
    ],
    expected_failed_checks=lambda _: {
        "check_clustering": "feeds negative numbers to estimators of counts too"
    },
)
def test_estimator_follows_the_contract_of_scikit_learn(estimator, check):
    check(estimator)


def test_blobs_of_positive_numbers_are_distinguished():
    # What check_clustering asks, with numbers that may be counts.
    points, truth = make_blobs(n_samples=50, centers=4, n_features=6, random_state=1)
    points -= points.min()
    labels = AgglomerativeBottleneck(4).fit_predict(points)
    assert labels.dtype == np.intp
    assert adjusted_rand_score(labels, truth) > 0.9


@pytest.fixture(scope="module")
def population():
    """Return counts of 4 types x 8 neurons, sizes 11, 9, 7, 5, and the types."""
    rng = np.random.default_rng(5)
    types = rng.permutation(np.repeat([0, 1, 2, 3], [11, 9, 7, 5]))
    drive = rng.normal(-2, 1.2, (4, 120))
    own = drive[types] + 0.3 * rng.normal(size=(32, 120))
    observed = rng.binomial(20, 1 / (1 + np.exp(-own)))
    return np.stack([20 - observed, observed], axis=2), types


def test_types_are_found_and_numbered_by_size(population):
    counts, types = population
    model = AgglomerativeBottleneck().fit(counts)
    assert model.n_clusters_ == 4
    assert_array_equal(model.labels_, types)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_curve_is_the_class_information_of_each_cut(population, estimator):
    counts, _ = population
    model = AgglomerativeBottleneck(4, estimator=estimator).fit(counts)
    whole = identity_information(counts, estimator=estimator).bits_per_word
    assert_allclose(model.information_[-1], whole, atol=1e-12)
    assert_allclose(model.information_[0], 0, atol=1e-12)
    assert_allclose(
        model.information_[3],
        class_information(counts, model.labels_, estimator),
        atol=1e-12,
    )
    assert_allclose(np.diff(model.information_)[::-1], model.distances_, atol=1e-12)


def test_pairwise_losses_are_the_information_of_a_pair(population):
    counts, _ = population
    model = AgglomerativeBottleneck(4).fit(counts)
    pair = identity_information(counts[[3, 8]], estimator="miller-madow")
    share = 2 / len(counts)  # of all words, those of the pair
    assert_allclose(
        model.pairwise_losses_[3, 8], share * pair.bits_per_word, atol=1e-12
    )


def test_a_fraction_gives_the_fewest_classes_that_keep_it(population):
    counts, _ = population
    whole = identity_information(counts).bits_per_word
    model = AgglomerativeBottleneck(0.8).fit(counts)
    k = model.n_clusters_
    assert model.information_[k - 1] >= 0.8 * whole
    assert model.information_[k - 2] < 0.8 * whole
    assert 1 < k < 6  # four types keep nearly everything


def test_other_partitions_come_refined(population):
    counts, types = population
    model = AgglomerativeBottleneck(2).fit(counts)
    assert_array_equal(model.partition(4), types)
    assert_array_equal(model.partition(2), model.labels_)


def test_same_seed_same_result_on_any_number_of_processes(population):
    counts, _ = population
    one = AgglomerativeBottleneck(6, random_state=3, n_jobs=1).fit(counts)
    two = AgglomerativeBottleneck(6, random_state=3, n_jobs=2).fit(counts)
    assert_array_equal(one.labels_, two.labels_)
    assert_array_equal(one.children_, two.children_)
    assert_array_equal(one.distances_, two.distances_)


def test_order_of_neurons_changes_only_names(population):
    counts, _ = population
    order = np.random.default_rng(1).permutation(len(counts))
    one = AgglomerativeBottleneck().fit(counts).labels_
    assert_array_equal(AgglomerativeBottleneck().fit(counts[order]).labels_, one[order])


def test_identical_neurons_are_one_class():
    counts = np.tile(np.random.default_rng(0).integers(1, 9, (1, 40, 2)), (10, 1, 1))
    assert AgglomerativeBottleneck().fit(counts).n_clusters_ == 1


def test_silent_neurons_do_no_harm(population):
    counts = population[0].copy()
    counts[[0, 5, 9]] = [20, 0]
    model = AgglomerativeBottleneck().fit(counts)
    assert len(set(model.labels_[[0, 5, 9]])) == 1
    assert np.isfinite(model.information_).all()


def test_neurons_recorded_for_a_part_find_their_type(population):
    counts, types = population
    partial = counts.copy()
    partial[:8, 60:] = 0
    partial[8:16, :60] = 0
    assert_array_equal(AgglomerativeBottleneck(4).fit(partial).labels_, types)


def test_response_counts_are_taken_as_they_are(population):
    class Counts:
        counts = population[0]

    model = AgglomerativeBottleneck(4).fit(Counts())
    assert_array_equal(model.labels_, population[1])


@pytest.mark.parametrize("n_clusters", [0, 33, -1, 1.5, "many", True, None])
def test_bad_numbers_of_classes_are_refused(population, n_clusters):
    with pytest.raises(ValueError, match="n_clusters must be 'auto', an integer"):
        AgglomerativeBottleneck(n_clusters).fit(population[0])


@pytest.mark.parametrize("n_clusters", ["auto", 0.5, 0, 33])
def test_partitions_need_a_whole_number(population, n_clusters):
    model = AgglomerativeBottleneck(4).fit(population[0])
    with pytest.raises(ValueError, match="n_clusters must be an integer from 1"):
        model.partition(n_clusters)


def test_bad_parameters_are_refused(population):
    with pytest.raises(ValueError, match="estimator must be one of plug-in"):
        AgglomerativeBottleneck(estimator="best").fit(population[0])
    with pytest.raises(ValueError, match="n_restarts must be an integer"):
        AgglomerativeBottleneck(n_restarts=-1).fit(population[0])
    with pytest.raises(ValueError, match="axes neuron, condition, word; got 4"):
        AgglomerativeBottleneck().fit(population[0][:, None])
    with pytest.raises(ValueError, match="at least one word"):
        AgglomerativeBottleneck().fit(np.zeros((3, 2, 2)))
