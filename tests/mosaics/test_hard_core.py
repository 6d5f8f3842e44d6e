"""Simulated mosaics."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from neuroclass.mosaics import draw_mosaic


def test_cells_keep_their_distance_and_stay_inside(rng):
    cells = draw_mosaic(60, (700, 900), 70, spread=0, random_state=rng)
    assert pdist(cells).min() >= 70
    assert cells.min() >= 0
    assert (cells.max(axis=0) <= [700, 900]).all()
    assert cells[:, 1].max() > 800


def test_without_exclusion_cells_lie_at_random(rng):
    cells = draw_mosaic(2000, (1, 1), 0, random_state=rng)
    assert pdist(cells).min() < 0.002
    assert np.histogram2d(*cells.T, bins=4)[0].min() > 80


def test_one_seed_gives_one_mosaic():
    one, other = (draw_mosaic(20, (9, 9), 1, random_state=s) for s in (1, 1))
    assert np.array_equal(one, other)
    assert draw_mosaic(0, (9, 9), 1).shape == (0, 2)


def test_cells_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"leave room for 10 cells in 2 x 2; got 1\."):
        draw_mosaic(10, (2, 2), 1.0, random_state=0)
