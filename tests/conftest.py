"""What every test may ask for."""

import os

import hypothesis
import numpy as np
import pytest

os.environ["MPLBACKEND"] = "Agg"  # also of the processes that tests start

# The same examples on every machine, however slow: a red test is a change, not luck.
hypothesis.settings.register_profile("house", deadline=None, derandomize=True)
hypothesis.settings.load_profile("house")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def simulate_kinds():
    """Return a function that draws counts of neurons of some kinds, and the kinds."""

    def simulate(rng, sizes, n_conditions=200, repeats=25, spread=0.4):
        types = np.repeat(np.arange(len(sizes)), sizes)
        drive = rng.normal(-2, 1.2, (len(sizes), n_conditions))
        gain = 0.4 * rng.normal(size=(len(types), 1))
        own = drive[types] + gain + spread * rng.normal(size=(len(types), n_conditions))
        spoken = rng.binomial(repeats, 1 / (1 + np.exp(-own)))
        return np.stack([repeats - spoken, spoken], axis=2), types

    return simulate
