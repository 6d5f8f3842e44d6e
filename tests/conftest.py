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
