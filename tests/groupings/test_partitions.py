"""Partitions by classical methods: known groups, their number, and what is refused."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.metrics import silhouette_score

from neuroclass.groupings import (
    has_sib,
    k_means_partition,
    linkage_partition,
    mixture_partition,
    rand_index,
    sib_partition,
)


@pytest.fixture
def clouds(rng):
    types = np.repeat([0, 1, 2], [12, 9, 7])
    centres = np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 6.0]])
    return centres[types] + rng.normal(0, 0.5, (28, 2)), types


PARTITIONS = {
    "k-means": k_means_partition,
    "mixture": mixture_partition,
    "average": lambda x, *n: linkage_partition(cdist(x, x), *n),
    "ward": lambda x, *n: linkage_partition(cdist(x, x), *n, linkage="ward"),
}


@pytest.mark.parametrize("method", PARTITIONS)
def test_clouds_far_apart_are_found_with_their_number(clouds, method):
    x, types = clouds
    found = PARTITIONS[method](x)
    assert found.n_groups == 3
    assert rand_index(found.labels, types) == 1


@pytest.mark.parametrize("method", PARTITIONS)
def test_a_given_number_is_kept(clouds, method):
    x, _ = clouds
    for number in (1, 2, 5):
        found = PARTITIONS[method](x, number)
        assert found.n_groups == number
        assert found.criterion == "given"


def test_the_number_is_that_of_the_largest_silhouette(clouds):
    x, _ = clouds
    found = k_means_partition(x[:, :1])
    scores = {
        k: silhouette_score(x[:, :1], k_means_partition(x[:, :1], k).labels)
        for k in range(2, 15)
    }
    assert found.n_groups == max(scores, key=scores.get)
    assert found.score == pytest.approx(max(scores.values()))


def test_a_mixture_may_find_one_group_where_a_silhouette_cannot(rng):
    x = rng.normal(size=(80, 2))
    assert mixture_partition(x).n_groups == 1
    assert k_means_partition(x).n_groups > 1


def test_neurons_that_are_alike_give_fewer_groups_and_no_warning():
    x = np.repeat([[0.0], [1.0]], 4, axis=0)
    assert k_means_partition(x, 4).n_groups == 2
    assert k_means_partition(x).n_groups == 2
    assert k_means_partition(np.zeros((5, 1))).n_groups == 1
    assert linkage_partition(np.zeros((5, 5))).n_groups == 1


def test_two_neurons_are_one_group_by_a_silhouette():
    assert k_means_partition([[0.0], [1.0]]).n_groups == 1
    assert linkage_partition([[0.0, 1.0], [1.0, 0.0]]).n_groups == 1


@pytest.mark.parametrize("number", [0, 9])
def test_numbers_out_of_range_are_refused(number):
    x = np.arange(8.0)[:, None]
    for method in PARTITIONS.values():
        with pytest.raises(ValueError, match=r"from 1 to the number of neurons \(8\)"):
            method(x, number)


@pytest.mark.skipif(not has_sib(), reason="needs sib-clustering")
def test_the_sequential_bottleneck_separates_profiles(rng):
    rate = np.repeat([[9.0, 1, 1], [1, 9, 1]], 8, axis=0)
    found = sib_partition(rng.poisson(10 * rate), 2)
    assert rand_index(found.labels, np.repeat([0, 1], 8)) == 1


@pytest.mark.skipif(has_sib(), reason="sib-clustering is installed")
def test_without_its_package_the_sequential_bottleneck_says_what_to_install():
    with pytest.raises(ImportError, match="pip install"):
        sib_partition(np.ones((4, 2)), 2)
