"""Populations of known types whose rates differ, made by the tests themselves."""

import numpy as np
import pytest


@pytest.fixture
def simulate_types():
    """Return a function that draws spikes per repeat of cells of some types."""

    def simulate(rng, sizes, n_repeats=10, n_stimuli=2, n_bins=40, rate_spread=0.9):
        types = np.repeat(np.arange(len(sizes)), sizes)
        n_all = n_stimuli * n_bins
        drive = rng.normal(0, 1.3, (len(sizes), n_all))
        kernel = np.exp(-0.5 * (np.arange(-6, 7) / 2.0) ** 2)
        smoothed = [np.convolve(row, kernel / 2, mode="same") for row in drive]
        own = np.array(smoothed)[types] + 0.2 * rng.normal(size=(len(types), n_all))
        rate = np.exp(rate_spread * rng.normal(size=(len(types), 1)) + 0.8 * own - 1.5)
        spikes = rng.poisson(rate[:, None], (len(types), n_repeats, n_all))
        return spikes.astype(float), types, np.repeat(np.arange(n_stimuli), n_bins)

    return simulate
