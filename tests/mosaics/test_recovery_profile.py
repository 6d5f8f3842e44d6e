"""Density recovery profile."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroclass.mosaics import density_recovery_profile, draw_mosaic


def test_cells_at_random_have_their_density_at_every_distance(rng):
    cells = rng.random((3000, 2)) * [10, 3]
    found = density_recovery_profile(cells)
    assert_allclose(found.density, 100, rtol=0.15)
    assert_allclose(found.density[10:], 100, rtol=0.05)  # edges are corrected
    assert found.mean_density == pytest.approx(100, rel=0.02)
    assert found.effective_radius < 0.3 / np.sqrt(100)


def test_the_edge_correction_is_the_area_of_annuli_inside(rng):
    """Brute force: share of points of each annulus that are inside of a square."""
    corners = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    cells = np.concatenate([corners, 0.1 + 0.8 * rng.random((6, 2))])
    found = density_recovery_profile(cells, bin_width=0.2)
    angle = rng.uniform(0, 2 * np.pi, 20_000)
    for k in (0, 1, 3):
        low, high = found.edges[k : k + 2]
        radius = (low + high) / 2
        around = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        inside = [((c + around >= 0) & (c + around <= 1)).all(axis=1) for c in cells]
        area = np.pi * (high**2 - low**2) * np.mean(inside, axis=1).sum()
        assert_allclose(found.density[k], 2 * found.n_pairs[k] / area, rtol=0.02)


def test_the_effective_radius_is_that_of_the_exclusion(rng):
    """Cells in a window of their own and a sample of a mosaic, thinned."""
    radii, thinned = [], []
    for _ in range(5):
        cells = draw_mosaic(250, (2000, 2000), 80, spread=0, random_state=rng)
        found = density_recovery_profile(cells)
        assert found.n_pairs[found.edges[1:] <= 80].sum() == 0
        radii.append(found.effective_radius)
        part = cells[rng.random(250) < 0.5]
        thinned.append(density_recovery_profile(part, cells).effective_radius)
    # Just outside cells are denser, which fills a part of the disk at most.
    assert 65 < np.mean(radii) < 85
    # Rodieck's reason for it: it does not depend on how many were recorded.
    assert np.mean(thinned) == pytest.approx(np.mean(radii), rel=0.15)


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(ValueError, match=r"2 cells or more.*got 1 cells"):
        density_recovery_profile([[0, 0]], [[0, 0], [1, 0], [0, 1]])
    with pytest.raises(ValueError, match="one line"):
        density_recovery_profile([[0, 0], [1, 1], [2, 2]])
    with pytest.raises(ValueError, match="bin_width must be positive"):
        density_recovery_profile([[0, 0], [1, 0], [0, 1]], bin_width=0)
