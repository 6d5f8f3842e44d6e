"""Our classes beside classical groupings: agreement, gains, what is left out."""

import csv

import numpy as np
import pytest
from matplotlib import pyplot
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass import from_raster, simulate_retina
from neuroclass.analysis import compare_groupings
from neuroclass.analysis.comparison import (
    NeuronsToGroup,
    grouping_methods,
)
from neuroclass.clustering.timing import SpikeCounts
from neuroclass.exceptions import RecordingError
from neuroclass.groupings import rand_index
from neuroclass.spike_times import RepeatedTrains

OURS = "timing classes"


@pytest.fixture(scope="module")
def retina():
    return simulate_retina(
        3, 27, 12, 4.0, n_unique=0, random_state=0, rate_spread=0.5, sparse_share=0
    )


@pytest.fixture(scope="module")
def compared(retina):
    return compare_groupings(
        retina, types="true_type", distance_repeats=4, progress=False
    )


def by_name(comparison):
    return {one.name: one for one in comparison.groupings}


def test_ours_come_first_and_find_the_types(compared):
    assert compared.ours.name == OURS
    assert compared.ours.same.with_types.adjusted_rand_index == 1
    assert compared.ours.own.with_ours is None
    assert compared.ours.gains == ()
    assert (compared.n_groups, compared.number_from) == (3, "types")


def test_every_grouping_is_judged_in_all_respects(compared):
    n_units = len(compared.unit_ids)
    for one in compared.groupings[1:]:
        assert one.same.labels.shape == (n_units,)
        assert one.same.labels.max() < 3
        assert one.seconds >= 0
        assert 0 <= one.same.information.share <= 1
        assert 0 <= one.same.timing_share <= 1.001
        assert -1 <= one.same.stability <= 1
        assert 0 < one.same.with_types.p_value <= 1
        assert one.same.with_ours.n_units == one.n_units
        assert [g.quantity for g in one.gains] == [
            "types",
            "information",
            "timing",
            "stability",
        ]
    assert {one.name for one in compared.groupings} >= {
        "mean rate",
        "interval statistics",
        "k-means, PSTH",
        "k-means, z-scored",
        "k-means, maximum",
        "Gaussian mixture",
        "correlation, average",
        "correlation, Ward",
        "Victor-Purpura",
        "van Rossum",
        "words (2002)",
    }


def test_agreement_is_that_of_the_labels(compared):
    types = np.array(compared.types)
    ours = compared.ours.same.labels
    for one in compared.groupings[1:]:
        is_in = one.same.labels >= 0
        typed = is_in & (types != "")
        assert one.same.with_ours.adjusted_rand_index == pytest.approx(
            rand_index(one.same.labels[is_in], ours[is_in])
        )
        assert one.same.with_types.adjusted_rand_index == pytest.approx(
            rand_index(one.same.labels[typed], types[typed])
        )


def test_groupings_by_profile_agree_and_that_by_rate_does_not(compared):
    found = by_name(compared)
    assert found["k-means, z-scored"].same.with_ours.adjusted_rand_index > 0.9
    assert found["k-means, z-scored"].same.with_types.p_value < 0.001
    assert found["mean rate"].same.with_ours.adjusted_rand_index < 0.3


def rate_types(n_each=8):
    """Two types that differ in nothing but how much they fire."""
    rng = np.random.default_rng(3)
    profile = rng.random(60) ** 4
    rate = np.repeat([0.25, 0.9], n_each)[:, None] * profile
    spikes = rng.random((2 * n_each, 80, 60)) < rate[:, None]
    kinds = ["weak"] * n_each + ["strong"] * n_each
    return from_raster(spikes, "20ms", axes="npt", unit_columns={"kind": kinds})


def test_a_grouping_that_is_better_is_said_to_be():
    compared = compare_groupings(
        rate_types(), types="kind", distance_units=0, progress=False
    )
    found = by_name(compared)
    gains = {gain.quantity: gain for gain in found["mean rate"].gains}
    assert gains["types"].value == 1
    assert gains["types"].is_clear
    assert "better in some respect" in compared.headline()
    first, *_ = compared.sentences()
    assert first.startswith("agreement with the types")
    assert "mean rate (1.00 against" in first
    assert gains["information"].is_clear  # that of words holds how much they fire


def test_where_none_is_better_that_is_said(compared):
    sentences = compared.sentences()
    assert sentences[0] == (
        "agreement with the types (adjusted Rand index): no grouping is clearly "
        "better than the timing classes"
    )


def test_a_sample_of_the_units_is_judged_beside_ours_of_the_same(retina):
    compared = compare_groupings(
        retina,
        types="true_type",
        distance_units=9,
        distance_repeats=4,
        progress=False,
    )
    sampled = by_name(compared)["Victor-Purpura"]
    assert sampled.n_units == (sampled.same.labels >= 0).sum() == 9
    gains = {gain.quantity: gain for gain in sampled.gains}
    is_in = sampled.same.labels >= 0
    types, ours = np.array(compared.types), compared.ours.same.labels
    assert gains["types"].ours == rand_index(ours[is_in], types[is_in])
    cost = compared.costs[0]
    n_units, n_repeats = len(compared.unit_ids), 12
    whole = n_repeats * n_units * (n_units - 1) / (4 * 9 * 8)
    assert cost.all_seconds == pytest.approx(whole * cost.seconds)
    assert f"all {n_units} units in all 12 repeats" in str(cost)
    assert "computed: 9 units in 4 repeats" in str(cost)


def test_without_types_ours_set_the_number_and_a_given_one_is_kept(retina):
    how = {"distance_units": 0, "progress": False}
    free = compare_groupings(retina, **how)
    assert (free.n_groups, free.number_from) == (free.ours.own.n_groups, "ours")
    assert free.types is None
    assert free.ours.own.with_types is None
    assert not free.costs
    assert "Victor-Purpura" not in by_name(free)
    given = compare_groupings(retina, n_clusters=5, **how)
    assert (given.n_groups, given.number_from) == (5, "given")
    assert given.ours.same.labels.max() == 4


def test_one_class_leaves_nothing_to_compare_at():
    rng = np.random.default_rng(0)
    rate = rng.random(60) ** 4
    spikes = rng.random((10, 30, 60)) < rate
    compared = compare_groupings(
        from_raster(spikes, "20ms", axes="npt"), distance_units=0, progress=False
    )
    assert compared.n_groups == 1
    assert all(one.same is None for one in compared.groupings)
    assert np.isnan(compared.ours.own.stability)


def test_results_are_the_same_each_time(retina, compared):
    again = compare_groupings(
        retina, types="true_type", distance_repeats=4, progress=False
    )
    drop = {"seconds"}
    one, other = (
        {k: v for k, v in c.to_frame().to_dict("list").items() if k not in drop}
        for c in (compared, again)
    )
    assert str(one) == str(other)


def test_types_of_one_unit_are_listed_and_units_without_type_left_out(retina, tmp_path):
    ids = [train.annotations["unit_id"] for train in retina.segments[0].spiketrains]
    path = tmp_path / "labels.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["unit_id", "label"])
        rows.writerow([ids[0], "rare"])
        rows.writerows([unit, "ab"[k % 2]] for k, unit in enumerate(ids[1:-5]))
    compared = compare_groupings(retina, types=path, distance_units=0, progress=False)
    assert "rare" not in compared.types
    kinds = {issue.kind: issue.text for issue in compared.issues}
    assert "not scored: rare" in kinds["types of one unit"]
    assert "have no type" in kinds["units without type"]
    assert compared.n_groups == 2


def test_what_cannot_be_compared_is_refused_in_one_line(retina, tmp_path):
    how = {"progress": False}
    with pytest.raises(FileNotFoundError, match="types must be a units column"):
        compare_groupings(retina, types="kind", **how)
    with pytest.raises(ValueError, match="condition must hold time"):
        compare_groupings(retina, condition="none", **how)
    with pytest.raises(ValueError, match="n_clusters must be an integer of at least 2"):
        compare_groupings(retina, n_clusters=1, **how)
    with pytest.raises(
        ValueError, match="distance_repeats must be an integer of at least 2"
    ):
        compare_groupings(retina, distance_repeats=1, **how)
    with pytest.raises(ValueError, match="time_constant"):
        compare_groupings(retina, time_constant=-1, **how)
    with pytest.raises(TypeError, match="Did you mean 'distance_units'"):
        compare_groupings(retina, distance_unit=3, **how)
    path = tmp_path / "labels.csv"
    path.write_text("unit_id,label\nnobody,a\n")
    with pytest.raises(ValueError, match="at least two grouped units of one type"):
        compare_groupings(retina, types=path, **how)
    few = np.random.default_rng(0).random((3, 10, 50)) < 0.1
    with pytest.raises(RecordingError, match="at least 4 units that fire"):
        compare_groupings(from_raster(few, "20ms", axes="npt"), **how)


def test_halves_of_the_repeats_make_the_whole(rng):
    spikes = rng.poisson(0.4, (6, 7, 30))
    trains = RepeatedTrains((((np.array([0.1]),),) * 7,) * 6, np.array([0.6]))
    neurons = NeuronsToGroup(
        spikes=SpikeCounts.from_repeats(spikes),
        words=np.stack([7 - (spikes > 0).sum(1), (spikes > 0).sum(1)], axis=2),
        word_halves=(np.zeros((6, 30, 2), int),) * 2,
        trains=trains,
        sample=np.arange(0),
        sampled=RepeatedTrains((), np.array([0.6])),
        bin_size=0.02,
        time_constant=0.05,
    )
    odd, even = neurons.spikes_of("odd"), neurons.spikes_of("even")
    assert_array_equal(odd.counts, spikes[:, ::2].sum(axis=1))
    assert_array_equal(even.counts, spikes[:, 1::2].sum(axis=1))
    assert_array_equal(odd.repeats, 4)
    assert_array_equal(even.repeats, 3)
    mean = (4 * neurons.psth_of("odd") + 3 * neurons.psth_of("even")) / 7
    assert_allclose(mean, neurons.psth_of("all"))
    names = [method.name for method in grouping_methods(neurons)]
    assert "Victor-Purpura" not in names


def test_a_comparison_shows_and_draws_itself(compared, tmp_path):
    assert repr(compared).startswith(compared.headline())
    assert OURS in compared._repr_html_()
    figure = compared.plot(tmp_path / "contingency.png")
    titles = [ax.get_title() for ax in figure.axes]
    assert titles[0] == "types"
    assert "correlation, Ward" in titles
    n_units = sum(int(text.get_text()) for text in figure.axes[0].texts)
    assert n_units == len(compared.unit_ids)
    pyplot.close(figure)
    folder = compared.save(tmp_path / "saved")
    with (folder / "group_labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == n_units
    assert [int(row[OURS]) for row in rows] == compared.ours.own.labels.tolist()
