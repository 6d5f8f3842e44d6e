"""Direction and orientation selectivity of known tuning curves."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroclass.tuning import direction_selectivity

ANGLES = np.arange(0, 360, 45)


def test_known_curves_have_known_indices():
    away = np.deg2rad(ANGLES - 90)
    found = direction_selectivity(
        [
            np.ones(8),
            1 + np.cos(away),  # vector sum 1/2, no second harmonic
            1 + np.cos(2 * away),
            ANGLES == 45,
        ],
        ANGLES,
    )
    assert_allclose(found.direction_index, [0, 0.5, 0, 1], atol=1e-12)
    assert_allclose(found.orientation_index, [0, 0, 0.5, 1], atol=1e-12)
    assert_allclose(found.preferred_direction[[1, 3]], [90, 45])
    assert_allclose(found.preferred_orientation[[2, 3]], [90, 45])


def test_half_a_turn_gives_orientations_alone():
    found = direction_selectivity([[1.0, 0, 0, 0]], [0, 45, 90, 135])
    assert np.isnan(found.direction_index[0])
    assert found.orientation_index[0] == pytest.approx(1)


def test_the_order_of_angles_and_the_gain_change_nothing(rng):
    r = rng.random((3, 8))
    order = rng.permutation(8)
    one = direction_selectivity(r, ANGLES)
    other = direction_selectivity(4 * r[:, order], ANGLES[order])
    assert_allclose(one.direction_index, other.direction_index)
    assert_allclose(one.preferred_orientation, other.preferred_orientation)


def test_angles_that_leave_a_bias_are_refused():
    with pytest.raises(ValueError, match="equally spaced"):
        direction_selectivity(np.ones((1, 3)), [0, 45, 90])
    with pytest.raises(ValueError, match="three angles or more"):
        direction_selectivity(np.ones((1, 2)), [0, 180])
    assert np.isnan(direction_selectivity(np.zeros((1, 8)), ANGLES).direction_index[0])
