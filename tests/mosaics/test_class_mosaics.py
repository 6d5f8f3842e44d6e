"""Mosaics of the classes of a recording."""

import numpy as np
import pytest

from neuroclass.mosaics import draw_mosaic, measure_mosaics


def draw_types(rng, n_types=5, n_cells=40):
    types = [
        draw_mosaic(n_cells, (700, 700), 75, random_state=rng) for _ in range(n_types)
    ]
    return np.concatenate(types), np.repeat(np.arange(n_types), n_cells)


def pair(found, labels):
    return next(one for one in found.pairs if one.labels == labels)


def test_true_types_are_mosaics_and_independent(rng):
    positions, labels = draw_types(rng)
    found = measure_mosaics(positions, labels, random_state=0)
    assert [one.verdict for one in found.classes] == ["mosaic"] * 5
    assert len(found.pairs) == 10
    verdicts = [one.verdict for one in found.pairs]
    assert verdicts.count("independent") >= 8
    for one in found.classes:
        assert one.nearest_neighbour_index > one.random_index[1]
        assert one.power[1.0] == 1 >= one.power[0.6] > one.power[0.3]
        assert 50 < one.profile.effective_radius < 90
        assert np.isnan(one.coverage)
    assert repr(found) == "ClassMosaics(5 of 5 classes are mosaics)"


def test_a_type_cut_in_two_and_two_types_in_one_are_told(rng):
    positions, labels = draw_types(rng, 6)
    labels[:40:2] = 6  # half of type 0
    labels[labels == 5] = 4  # types 4 and 5 in one class
    labels[labels == 6] = 5
    found = measure_mosaics(positions, labels, n_simulations=0, random_state=0)
    assert pair(found, (0, 5)).verdict == "one type"
    assert pair(found, (0, 5)).radius_ratio > 0.8
    assert pair(found, (0, 5)).near_p_value > 0.05
    assert np.isnan(pair(found, (0, 5)).response_correlation)
    independent = [pair(found, one).radius_ratio for one in ((1, 2), (1, 3), (2, 3))]
    assert pair(found, (0, 5)).radius_ratio > max(independent)
    assert found.classes[4].verdict == "mixed"
    assert 0.3 < found.classes[4].exclusion.pair_ratio < 0.8
    assert [found.classes[k].verdict for k in (1, 2, 3)] == ["mosaic"] * 3


def draw_on_off(rng):
    """Draw types of which the first two avoid each other at a shorter distance."""
    positions, labels = draw_types(rng)
    on, off = positions[:40], []
    while len(off) < 40:
        cell = 700 * rng.random(2)
        own = np.array(off).reshape(-1, 2)
        if ((on - cell) ** 2).sum(axis=1).min() > 45**2 and (
            not off or ((own - cell) ** 2).sum(axis=1).min() > 75**2
        ):
            off.append(cell)
    positions[40:80] = off
    return positions, labels


@pytest.mark.parametrize("wrong", [0, 0.15])
def test_on_and_off_cells_that_avoid_each_other_are_not_one_type(wrong):
    verdicts = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        positions, labels = draw_on_off(rng)
        is_wrong = rng.random(len(labels)) < wrong
        labels = np.where(is_wrong, rng.integers(0, 5, len(labels)), labels)
        found = measure_mosaics(
            positions, labels, n_permutations=999, n_simulations=0, random_state=0
        )
        verdicts.append(pair(found, (0, 1)).verdict)
    assert verdicts.count("avoid each other") >= (5 if wrong else 7)
    assert "one type" not in verdicts


def test_near_pairs_between_classes_are_judged_against_those_inside(rng):
    """Halves of a type with wrong cells among them have near pairs of both kinds."""
    positions, labels = draw_types(rng, 5)
    labels[:40:2] = 5
    on_off, of_on_off = draw_on_off(rng)
    one = pair(measure_mosaics(positions, labels, n_simulations=0), (0, 5))
    two = pair(measure_mosaics(on_off, of_on_off, n_simulations=0), (0, 1))
    assert one.near_p_value > 0.05 > 1e-6 > two.near_p_value


def test_classes_that_respond_differently_are_not_called_one_type(rng):
    positions, labels = draw_types(rng, 5)
    labels[:40:2] = 5
    alike = np.ones((6, 6))
    alike[0, 5] = alike[5, 0] = -0.4
    for correlations, verdict in ((alike, "undecided"), (np.ones((6, 6)), "one type")):
        found = measure_mosaics(
            positions,
            labels,
            response_correlations=correlations,
            n_simulations=0,
            random_state=0,
        )
        one = pair(found, (0, 5))
        assert one.verdict == verdict
        assert one.response_correlation == correlations[0, 5]
        assert one.responds_differently == (verdict == "undecided")
        others = [p for p in found.pairs if p.labels != (0, 5)]
        assert not any(p.responds_differently for p in others)


def test_random_classes_are_no_mosaics_and_few_cells_decide_nothing(rng):
    positions = 700 * rng.random((150, 2))
    labels = np.repeat([0, 1, 2, 3, 4], [60, 60, 10, 15, 5])
    found = measure_mosaics(positions, labels, random_state=0)
    assert [one.verdict for one in found.classes] == [
        "no mosaic",
        "no mosaic",
        "undecided",
        "undecided",
        "too few cells",
    ]
    assert found.classes[4].exclusion is None
    assert np.isnan(found.classes[4].q_value)
    assert pair(found, (0, 1)).verdict == "independent"
    assert pair(found, (2, 3)).verdict == "undecided"
    assert pair(found, (0, 4)).verdict == "not tested"


def test_cells_without_class_or_position_take_no_part(rng):
    positions, labels = draw_types(rng, 3, 20)
    expected = measure_mosaics(positions, labels, n_simulations=0, random_state=0)
    more = np.concatenate([positions, [[5.0, 5.0], [np.nan, 3.0]]])
    found = measure_mosaics(more, [*labels, -1, 2], n_simulations=0, random_state=0)
    assert [one.exclusion for one in found.classes] == [
        one.exclusion for one in expected.classes
    ]
    assert found.classes[2].n_cells == 20
    assert len(found.positions) == 61


def test_one_class_alone_is_not_tested_and_coverage_is_measured(rng):
    positions = draw_mosaic(30, (600, 600), 70, random_state=rng)
    area_of_each = measure_mosaics(positions, np.zeros(30, int), n_simulations=0).area
    radii = np.full(30, np.sqrt(area_of_each / 30 / np.pi))
    found = measure_mosaics(positions, np.zeros(30, int), radii=radii)
    assert found.classes[0].verdict == "undecided"
    assert found.classes[0].coverage == pytest.approx(1)
    assert found.pairs == ()


def test_cells_on_a_grid_of_electrodes_are_measured(rng):
    """Random subsets may all be equally far: an index without bound, no warning."""
    places = 60.0 * np.stack(np.mgrid[:4, :4], axis=-1).reshape(-1, 2)
    positions = np.repeat(places, 3, axis=0)
    labels = np.tile([0, 1, 2], 16)
    found = measure_mosaics(positions, labels, n_simulations=0, random_state=0)
    assert all(np.isinf(one.nearest_neighbour_index) for one in found.classes)
    for one in found.classes:
        assert one.exclusion.n_pairs == 0
        assert one.verdict == "mosaic"
        assert one.random_index[0] < 3


def test_wrong_input_is_refused(rng):
    with pytest.raises(ValueError, match="labels must have one entry per position"):
        measure_mosaics(rng.random((5, 2)), [0, 1])
    with pytest.raises(ValueError, match=r"3 cells or more .* got 0\."):
        measure_mosaics(np.full((5, 2), np.nan), [0, 1, 0, 1, 0])
