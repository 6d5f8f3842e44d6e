"""Power of the tests for mosaics."""

import numpy as np
import pytest

from neuroclass.mosaics import (
    CellDistances,
    draw_mosaic,
    exclusion_within,
    power_between,
    power_within,
)


def test_power_grows_with_cells_and_with_the_share_recorded():
    many, few = (power_within(n, 6 * n, share=0.6, random_state=0) for n in (30, 10))
    assert many > 0.9
    assert many > few
    of_all, of_some = (power_within(20, 120, share=s, random_state=0) for s in (1, 0.3))
    assert of_all > of_some + 0.2


def test_power_is_how_often_mosaics_are_found():
    """Drawn in another way: own windows, thinned, and the test itself."""
    n_found = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        mosaic = draw_mosaic(40, (700, 700), 0.65 * 700 / 40**0.5, random_state=rng)
        cells = np.concatenate([mosaic[:16], 700 * rng.random((80, 2))])
        found = exclusion_within(
            CellDistances.from_positions(cells, 490_000),
            np.arange(16),
            n_permutations=399,
            random_state=rng,
        )
        n_found += found.p_value <= 0.05
    power = power_within(16, 96, share=0.4, n_simulations=60, random_state=0)
    assert power == pytest.approx(n_found / 60, abs=0.2)


def test_halves_are_found_more_seldom_than_the_mosaic_they_are_of():
    power = power_between((20, 20), 240, share=1, random_state=0)
    assert power > 0.9
    assert power_between((20, 20), 240, share=0.3, random_state=0) < power - 0.3
    assert power_between((20, 20), 40, share=1) == 0  # no other cells


def test_very_many_cells_take_no_longer(rng):
    assert power_within(2000, 12_000, share=1, n_simulations=4, random_state=0) == 1
    assert power_between((900, 900), 5000, share=1, n_simulations=4) == 1
