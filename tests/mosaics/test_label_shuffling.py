"""Exclusion within and between classes."""

import numpy as np
import pytest
from scipy.stats import hypergeom

from neuroclass.mosaics import (
    CellDistances,
    draw_mosaic,
    exclusion_between,
    exclusion_within,
)


def cells_of(positions, area):
    return CellDistances.from_positions(np.asarray(positions, float), area)


def test_expected_pairs_and_p_value_are_those_of_all_labels(rng):
    """Two of eight cells: every pair is as likely, 28 in all."""
    positions = rng.random((8, 2))
    cells = cells_of(positions, 1.0)
    found = exclusion_within(
        cells, np.array([0, 1]), n_permutations=20_000, random_state=0
    )
    apart = cells.distances[np.triu_indices(8, 1)]
    share = (apart < found.radius).mean()
    assert found.expected == pytest.approx(share, abs=0.015)
    assert found.n_pairs == (cells.distances[0, 1] < found.radius)
    edges = cells.edges(2)
    below = apart[:, None] < edges
    mean, sd = below.mean(axis=0), below.std(axis=0)
    lack = ((mean - below) / np.where(sd > 0, sd, np.inf)).max(axis=1)
    own = lack[apart == cells.distances[0, 1]][0]
    assert found.p_value == pytest.approx((lack >= own - 1e-9).mean(), abs=0.02)


def test_pairs_of_two_classes_are_those_of_drawing_without_replacement(rng):
    """One cell stays: how many of its neighbours are of the other class."""
    middle, ring = [[0.0, 0.0]], 0.1 * rng.normal(size=(6, 2))
    far = 50 + rng.random((14, 2))
    positions = np.concatenate([middle, middle, ring, far])
    labels = np.array([0, 0, *[1] * 1, *[2] * 5, *[2] * 14])
    found = exclusion_between(
        cells_of(positions, 2500.0),
        labels,
        np.array([0, 1]),
        n_permutations=20_000,
        random_state=0,
    )
    assert list(found) == [(0, 1)]
    one = found[0, 1]
    assert one.n_pairs == 2  # both cells of the larger class
    near = hypergeom(20, 6, 1)
    assert one.expected == pytest.approx(2 * near.mean(), rel=0.05)
    assert one.p_value == 1  # no lack at all


def test_a_mosaic_is_found_and_cells_at_random_are_not():
    p_mosaic, p_random = [], []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        mosaic = draw_mosaic(40, (700, 700), 75, random_state=rng)
        others = 700 * rng.random((160, 2))
        cells = cells_of(np.concatenate([mosaic, others]), 490_000)
        for members, p_value in (
            (np.arange(40), p_mosaic),
            (np.arange(40, 80), p_random),
        ):
            found = exclusion_within(
                cells, members, n_permutations=199, random_state=rng
            )
            p_value.append(found.p_value)
    assert max(p_mosaic) == 1 / 200
    assert np.mean(np.array(p_random) <= 0.2) < 0.45  # 5 of 25 expected
    assert np.mean(p_random) > 0.3


def test_uneven_density_and_gaps_are_no_exclusion():
    """All types lie in two clumps: shuffling labels knows that."""
    p_values = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        clumps = rng.normal(0, 40, (120, 2)) + 500 * rng.integers(0, 2, (120, 1))
        found = exclusion_within(
            cells_of(clumps, 250_000), np.arange(30), n_permutations=199, random_state=1
        )
        p_values.append(found.p_value)
    assert np.mean(np.array(p_values) <= 0.05) <= 0.15


def test_halves_of_a_type_avoid_each_other_and_types_do_not():
    cut, apart = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        types = [draw_mosaic(40, (700, 700), 75, random_state=rng) for _ in range(5)]
        labels = np.repeat(np.arange(5), 40)
        labels[20:40] = 5
        found = exclusion_between(
            cells_of(np.concatenate(types), 490_000),
            labels,
            np.arange(6),
            n_permutations=499,
            random_state=rng,
        )
        assert len(found) == 15
        cut.append(found[0, 5].p_value)
        apart += [one.p_value for pair, one in found.items() if pair != (0, 5)]
    assert max(cut) < 0.02
    assert np.mean(np.array(apart) <= 0.05) < 0.07


def test_two_classes_alone_cannot_be_tested_against_each_other(rng):
    cells = cells_of(rng.random((30, 2)), 1.0)
    labels = np.repeat([0, 1], 15)
    assert exclusion_between(cells, labels, np.arange(2), n_permutations=9) == {}


def test_cells_at_one_place_are_near_pairs(rng):
    """Positions of electrodes: several cells have the same."""
    places = np.repeat(rng.random((10, 2)), 3, axis=0)
    found = exclusion_within(
        cells_of(places, 1.0), np.arange(0, 30, 3), n_permutations=999, random_state=0
    )
    assert found.n_pairs == 0  # one of each electrode
    assert found.p_value < 0.2
