"""Classes of other neurons, and the information that they keep there."""

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

from neuroclass.clustering import AgglomerativeBottleneck, SequentialBottleneck


def neurons_of_types(rng, n_types, n_neurons, *, n_repeats=30, n_conditions=60):
    """Return counts of binary words, and the type of each neuron."""
    drive = rng.normal(-1.5, 1.2, (n_types, n_conditions))
    types = np.arange(n_neurons) % n_types
    drive = drive[types] + 0.2 * rng.standard_normal((n_neurons, n_conditions))
    spikes = rng.binomial(n_repeats, 1 / (1 + np.exp(-drive)))
    return np.stack([n_repeats - spikes, spikes], axis=2), types


@pytest.mark.parametrize(
    "model",
    [AgglomerativeBottleneck(4), SequentialBottleneck(4, n_micro=20)],
    ids=lambda model: type(model).__name__,
)
def test_other_neurons_of_known_types_are_put_into_their_classes(rng, model):
    counts, types = neurons_of_types(rng, 4, 80)
    model.fit(counts[:40])
    assert len(set(zip(model.labels_, types[:40], strict=True))) == 4
    of_type = dict(zip(types[:40].tolist(), model.labels_.tolist(), strict=True))
    found = model.predict(counts[40:])
    assert found.tolist() == [of_type[kind] for kind in types[40:].tolist()]
    divergence = model.transform(counts[40:])
    assert divergence.shape == (40, 4)
    assert (divergence.argmin(axis=1) == found).all()


def test_divergences_are_those_of_the_definition(rng):
    counts, _ = neurons_of_types(rng, 2, 12)
    model = AgglomerativeBottleneck(2).fit(counts)
    pooled = counts.sum(axis=0)
    m = (pooled + 0.5) / (pooled.sum(axis=1, keepdims=True) + 1)
    for neuron in (0, 5):
        p = counts[neuron] / 30
        for label in range(2):
            own = counts[model.labels_ == label].sum(axis=0)
            q = (own + m) / (own.sum(axis=1, keepdims=True) + 1)
            terms = np.where(p > 0, p * np.log2(np.where(p > 0, p, 1) / q), 0)
            expected = terms.sum() / len(p)
            assert_allclose(model.transform(counts)[neuron, label], expected)


def test_the_score_is_the_information_of_the_true_classes(rng):
    counts, types = neurons_of_types(rng, 3, 90, n_repeats=200)
    model = AgglomerativeBottleneck(3).fit(counts[:45])
    p = np.stack([counts[types == k].sum(axis=0) for k in range(3)]) / (30 * 200)
    mixture = p.mean(axis=0)
    truth = (p * np.log2(p / mixture)).sum(axis=2).mean()
    assert_allclose(model.score(counts[45:]), truth, rtol=0.05)
    assert abs(AgglomerativeBottleneck(1).fit(counts).score(counts)) < 1e-4


def test_classes_that_mislead_score_below_a_single_class(rng):
    alike, _ = neurons_of_types(rng, 1, 16, n_repeats=3)
    model = AgglomerativeBottleneck(8).fit(alike[:8])
    assert model.score(alike[8:]) < 0


@pytest.mark.parametrize("n_types", [2, 4])
def test_a_grid_search_finds_the_number_of_types(rng, n_types):
    counts, _ = neurons_of_types(rng, n_types, 48, n_repeats=20)
    counts = counts[rng.permutation(48)]
    numbers = [1, 2, 3, 4, 6, 10]
    search = GridSearchCV(
        AgglomerativeBottleneck(n_restarts=0), {"n_clusters": numbers}, cv=3
    ).fit(counts)
    assert search.best_params_["n_clusters"] == n_types
    assert len(search.best_estimator_.labels_) == 48


def test_sparse_counts_say_the_same(rng):
    counts, _ = neurons_of_types(rng, 2, 20)
    flat = scipy.sparse.csr_array(counts.reshape(20, -1))
    dense = SequentialBottleneck(2, n_micro=6).fit(counts)
    sparse = SequentialBottleneck(2, n_micro=6, n_conditions=60).fit(flat)
    assert_allclose(sparse.transform(flat), dense.transform(counts))
    assert sparse.score(flat) == pytest.approx(dense.score(counts))


def test_divergences_can_be_a_data_frame(rng):
    counts, _ = neurons_of_types(rng, 2, 10)
    model = AgglomerativeBottleneck(2).set_output(transform="pandas")
    frame = model.fit_transform(counts[:, 0])
    assert list(frame.columns) == [
        "agglomerativebottleneck0",
        "agglomerativebottleneck1",
    ]


def test_a_model_without_classes_has_no_score(rng):
    with pytest.raises(NotFittedError):
        AgglomerativeBottleneck(2).score(neurons_of_types(rng, 2, 10)[0])


def test_a_single_condition_is_in_both_halves(rng):
    counts, _ = neurons_of_types(rng, 2, 20, n_conditions=1)
    model = AgglomerativeBottleneck(2).fit(counts)
    assert np.isfinite(model.score(counts))
