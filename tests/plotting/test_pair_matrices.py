"""Matrices of pairs of neurons."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroclass.plotting import (
    plot_co_clustering,
    plot_pairwise_loss,
)


def test_the_matrix_is_in_tree_order_with_negative_losses_at_zero(ax, population):
    classification = population((2, 2))
    classification.tree.leaf_order = np.array([2, 3, 1, 0])
    classification.tree.pairwise_loss[0, 2] = classification.tree.pairwise_loss[
        2, 0
    ] = 0.5
    plot_pairwise_loss(classification, ax=ax)
    matrix = np.asarray(ax.images[0].get_array())
    assert matrix[0, 3] == matrix[3, 0] == 0.5
    assert matrix.min() == 0
    boundaries = sorted(line.get_ydata()[0] for line in ax.lines)[-1:]
    assert boundaries == [1.5]


@pytest.mark.parametrize(
    ("criterion", "unit"), [("timing", "bits per spike"), ("word", "bits per word")]
)
def test_the_scale_of_the_matrix_names_its_unit(ax, population, criterion, unit):
    plot_pairwise_loss(population(criterion=criterion), ax=ax)
    scale = ax.figure.axes[1]
    assert scale.get_ylabel() == f"Merging loss ({unit})"


def test_co_clustering_is_drawn_in_the_order_of_the_tree(ax, population):
    classification = population()
    n_neurons = len(classification.tree.leaf_order)
    shares = np.linspace(0, 1, n_neurons**2).reshape(n_neurons, n_neurons)
    classification.stability.co_clustering = shares
    classification.tree.leaf_order = np.arange(n_neurons)[::-1]
    plot_co_clustering(classification, ax=ax)
    assert_allclose(ax.images[0].get_array(), shares[::-1, ::-1])
    assert ax.images[0].get_clim() == (0, 1)
    label = ax.images[0].colorbar.ax.get_ylabel()
    assert label.startswith("Co-clustering in 3 classes (100 resampled stimuli)")


def test_co_clustering_needs_stability(ax, population):
    classification = population()
    classification.stability = None
    with pytest.raises(ValueError, match=r"must have its stability; got none"):
        plot_co_clustering(classification, ax=ax)
