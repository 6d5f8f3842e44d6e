"""Regularity indices and coverage of cells in a plane."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist

from neuroclass.mosaics import (
    coverage,
    draw_mosaic,
    nearest_distances,
    nearest_neighbour_index,
    recorded_area,
    voronoi_areas,
    voronoi_index,
)


@pytest.fixture
def hexagons():
    """Return a hexagonal lattice of spacing 10."""
    row, column = np.mgrid[:12, :12]
    x = 10 * column + 5 * (row % 2)
    return np.stack([x.ravel(), (5 * np.sqrt(3) * row).ravel()], axis=1)


def test_nearest_distances_are_those_of_all_pairs(rng):
    cells = rng.random((50, 2))
    apart = cdist(cells, cells) + np.diag([np.inf] * 50)
    assert_allclose(nearest_distances(cells), apart.min(axis=1))
    assert_array_equal(nearest_distances(cells[:1]), np.nan)


def test_cells_of_a_lattice_are_all_equally_far(hexagons):
    assert_allclose(nearest_distances(hexagons), 10)
    areas = voronoi_areas(hexagons)
    assert len(areas) == 100  # one row or column at each side is at the border
    assert_allclose(areas, 50 * np.sqrt(3))
    assert voronoi_index(hexagons) > 1e6


def test_cells_at_random_have_the_index_that_theory_gives(rng):
    # Rayleigh: mean over standard deviation sqrt(pi / (4 - pi)) = 1.913.
    cells = rng.random((40_000, 2))
    expected = np.sqrt(np.pi / (4 - np.pi))
    assert nearest_neighbour_index(cells) == pytest.approx(expected, rel=0.02)
    # Areas of Voronoi regions have the variation coefficient .529 (Gilbert 1962).
    assert voronoi_index(cells) == pytest.approx(1 / 0.529, rel=0.03)


def test_indices_and_areas_are_those_of_spatstat():
    # spatstat.geom 3.0-6: mean and sd of nndist, dirichletAreas in a far window.
    k = np.arange(1, 61) ** 2
    cells = 100 * np.stack([k * 0.6180339887498949 % 1, k * 0.4142135623730951 % 1], 1)
    apart = nearest_distances(cells)
    assert apart.mean() == pytest.approx(6.518385, abs=1e-6)
    assert apart.std(ddof=1) == pytest.approx(3.221968, abs=1e-6)
    assert nearest_neighbour_index(cells) == pytest.approx(2.023106, abs=1e-6)
    areas = np.sort(voronoi_areas(cells))
    expected = [16.04, 41.33, 44.18, 70.87, 78.31, 95.38, 106.51, 117.06, 117.07]
    assert_allclose(areas[:9], expected, atol=0.005)


def test_mosaics_are_more_regular_than_chance_whatever_the_unit(rng):
    cells = draw_mosaic(100, (1000, 1000), 70, random_state=rng)
    assert nearest_neighbour_index(cells) > 3
    for index in (nearest_neighbour_index, voronoi_index):
        turned = 0.3 * cells @ np.array([[0.6, -0.8], [0.8, 0.6]]) + 7
        assert index(turned) == pytest.approx(index(cells))


def test_two_cells_and_cells_on_a_line_have_no_index():
    assert np.isnan(nearest_neighbour_index([[0, 0], [1, 1]]))
    assert np.isnan(voronoi_index([[0, 0], [1, 1], [2, 2], [3, 3], [4, 4]]))
    assert np.isnan(recorded_area([[0, 0], [1, 1], [2, 2]]))
    assert voronoi_areas([[0, 0], [1, 1], [2, 0]]).size == 0


def test_coverage_is_one_where_fields_have_the_area_of_the_window(rng):
    cells = rng.random((20, 2))
    radius = np.sqrt(1 / (20 * np.pi))
    assert coverage(cells, np.full(20, radius), 1.0) == pytest.approx(1)
    some = np.where(np.arange(20) < 5, radius, np.nan)  # of a quarter it is known
    assert coverage(cells, some, 1.0) == pytest.approx(1)
    assert np.isnan(coverage(cells, np.full(20, np.nan), 1.0))
    assert recorded_area([[0, 0], [2, 0], [2, 3], [0, 3], [1, 1]]) == pytest.approx(6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nearest_distances(np.zeros(3)), "axes cell and x, y; got shape"),
        (lambda: voronoi_areas([[0, np.nan]]), "positions must be finite"),
        (lambda: coverage(np.zeros((3, 2)), [1.0], 1.0), "one entry per cell"),
    ],
)
def test_wrong_positions_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
