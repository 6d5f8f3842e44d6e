"""To which class a neuron belongs."""

import numpy as np
from numpy.testing import assert_allclose

from neuroclass.clustering.timing import (
    SpikeCounts,
    TimingMatrix,
    class_posterior,
)


def test_posterior_equals_its_definition(rng, simulate_types):
    spikes, types, stimulus = simulate_types(rng, [4, 3])
    matrix = TimingMatrix.from_spikes(
        SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    )
    alpha, n = matrix.half_weight, matrix.effective_spikes
    for i in range(7):
        log_p = []
        for k in (0, 1):
            members = np.flatnonzero((types == k) & (np.arange(7) != i))
            without = matrix.counts[members].sum(axis=0)
            gain = np.diff(
                matrix.values(np.stack([without, without + matrix.counts[i]]))
            )
            bits = gain[0] / matrix.weights[i] / matrix.n_scales
            log_p.append(np.log2(len(members)) + bits * n[i] * alpha / (n[i] + alpha))
        p = np.exp2(np.array(log_p) - max(log_p))
        assert_allclose(class_posterior(matrix, types)[i], p / p.sum(), rtol=1e-6)


def test_a_class_of_one_keeps_its_neuron_possible(rng, simulate_types):
    spikes, _, stimulus = simulate_types(rng, [1, 5])
    matrix = TimingMatrix.from_spikes(
        SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    )
    posterior = class_posterior(matrix, np.array([0, 1, 1, 1, 1, 1]))
    assert posterior[0, 0] > 0.5
    assert_allclose(posterior.sum(axis=1), 1)
