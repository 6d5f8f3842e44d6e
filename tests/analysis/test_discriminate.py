"""How soon neurons are told apart: times, summaries, figures and the result folder."""

import csv
import dataclasses
import json
import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtr

from neuroclass import discriminate_neurons, from_raster, simulate_retina
from neuroclass.discrimination.divergence import pair_divergences
from neuroclass.discrimination.observation_time import (
    median_time_to_accuracy,
    observation_time_ratio,
    time_to_accuracy,
)
from neuroclass.plotting import (
    plot_decoder_curves,
    plot_discrimination_times,
    plot_pairwise_divergence,
    write_discrimination,
)


def raster(probability, rng, n_repeats=20, **options):
    """A recording of bins of 20 ms from p(spike) of each neuron and bin."""
    shape = (len(probability), n_repeats, probability.shape[1])
    return from_raster(
        rng.random(shape) < probability[:, None],
        "20ms",
        axes="npt",
        condition=["movie"] * n_repeats,
        **options,
    )


@pytest.fixture(scope="module")
def recording():
    """Two types of three neurons, two of them the same, and a seventh in no class."""
    rng = np.random.default_rng(3)
    p = np.repeat(rng.random((2, 150)) ** 4, 3, axis=0)
    p[[1, 2, 5]] = 0.6 * p[[1, 2, 5]] + 0.4 * rng.random((3, 150)) ** 4
    p = np.concatenate([p, rng.random((1, 150)) * 0.1])
    return raster(
        p,
        rng,
        unit_ids=list("abcdefg"),
        unit_columns={"type": ["x"] * 3 + ["y"] * 3 + [""]},
    )


@pytest.fixture(scope="module")
def found(recording):
    return discriminate_neurons(
        recording,
        bin_size="20ms",
        reference="type",
        pairs=[("a", "f"), ("d", "e")],
        progress=False,
    )


def pair(found, a, b):
    first, second = sorted((found.unit_ids.index(a), found.unit_ids.index(b)))
    pairs = found.divergences
    return int(np.flatnonzero((pairs.first == first) & (pairs.second == second))[0])


def test_times_are_those_of_gaussian_evidence():
    # Steps of evidence with mean +-d/2 and variance d: the divergence of one is
    # d / (8 ln 2) bits, and errors are Gaussian.
    d = 1e-3
    rate = d / (8 * math.log(2))
    for accuracy in (0.9, 0.95):
        steps = time_to_accuracy(rate, accuracy)
        assert_allclose(ndtr(math.sqrt(d * steps) / 2), accuracy, rtol=1e-9)
    assert_allclose(time_to_accuracy(1.0, 0.9), 1.185, atol=5e-4)
    assert_allclose(time_to_accuracy(1.0, 0.95), 1.952, atol=5e-4)


@pytest.mark.parametrize("accuracy", [0.5, 1, 90])
def test_accuracy_must_be_possible(accuracy):
    with pytest.raises(ValueError, match=r"accuracy must be between 0\.5 and 1; got"):
        time_to_accuracy(1.0, accuracy)


def test_the_same_neuron_twice_gets_no_time(found):
    k = pair(found, "d", "e")
    assert not found.is_distinguishable[k]
    assert np.isnan(found.time_to_accuracy()[k])
    assert np.isnan(found.spikes_to_accuracy()[k])
    assert found.indistinguishable_units()["d"] == ("e",)
    assert found.is_distinguishable.sum() == 20
    assert found.headline() == (
        "20 of 21 pairs of 7 neurons are distinguishable (95.2 %)"
    )


def test_a_time_has_its_interval_and_spikes(found):
    k = pair(found, "a", "f")
    seconds = found.time_to_accuracy(0.95)[k]
    low, high = found.time_to_accuracy_interval(0.95)[k]
    assert low < seconds < high
    steady = 1.952 / found.information_rate[k]
    assert 0.5 * steady < seconds < 2 * steady
    again = observation_time_ratio(
        found.counts, [0], [5], found.divergences.bits_per_word[[k]]
    )
    assert_allclose(
        found.time_to_accuracy(0.9)[k], again * 1.185 / 1.952 * steady, rtol=1e-3
    )
    rate = (found.firing_rate[0] + found.firing_rate[5]) / 2
    assert_allclose(found.spikes_to_accuracy(0.95)[k], seconds * rate)


def test_times_beyond_the_stimulus_say_so(recording, found):
    assert found.stimulus_duration == pytest.approx(3.0)
    assert_array_equal(found.is_extrapolated(), found.time_to_accuracy() > 3.0)


def test_pairs_of_a_class_take_longer(found):
    assert found.classes == ("x", "y")
    assert found.labels.tolist() == [0, 0, 0, 1, 1, 1, -1]
    assert found.is_within.sum() == 6
    assert found.is_between.sum() == 9
    assert found.median_time_to_accuracy(
        found.is_within
    ) > 3 * found.median_time_to_accuracy(found.is_between)
    assert np.isnan(found.median_time_to_accuracy(np.zeros(21, bool)))


def test_neurons_of_a_class_are_neighbours_in_the_tree(found):
    place = np.argsort(found.leaf_order)
    assert np.ptp(place[:3]) == 2
    assert np.ptp(place[3:6]) == 2


def test_groups_that_are_told_apart(found):
    assert found.n_distinguishable == 6
    assert found.groups[3] == found.groups[4]


def test_without_options_classes_and_pairs_are_found_here():
    retina = simulate_retina(
        3,
        15,
        20,
        duration="8s",
        n_unique=0,
        diversity=0.3,
        random_state=2,
        rate_spread=0,
        sparse_share=0,
    )
    found = discriminate_neurons(retina, bin_size="20ms", progress=False)
    assert found.classes_from == "found here"
    assert len(found.classes) == 3
    times = found.time_to_accuracy()
    drawn = [
        pair(found, *(found.unit_ids[k] for k in (curve.first, curve.second)))
        for curve in found.curves
    ]
    assert times[drawn[0]] == np.nanmin(times)
    assert times[drawn[2]] == np.nanmax(times)
    assert found.divergences.z[drawn[-1]] == found.divergences.z.min()
    assert found.settings["bin_size"] == 0.02


def test_a_table_row_is_a_pair(found):
    table = found.to_frame()
    assert len(table) == 21
    row = table[(table.unit_a == "d") & (table.unit_b == "e")].iloc[0]
    assert row.class_a == "y"
    assert np.isnan(row.time_to_90_seconds)
    assert table.class_b[table.unit_b == "g"].tolist() == [""] * 6


def test_one_cell_sorted_into_two_units_is_told(rng):
    spikes = rng.random((3, 20, 150)) < rng.random((3, 1, 150)) ** 4
    spikes[1] = spikes[0] & (rng.random((20, 150)) < 0.95)
    twice = from_raster(spikes, "20ms", axes="npt", condition=["movie"] * 20)
    found = discriminate_neurons(twice, bin_size="20ms", progress=False)
    ((a, b, share),) = found.possible_duplicates()
    assert (a, b) == (0, 1)
    assert_allclose(share, 1)
    assert np.isnan(found.coincident_share[1:]).all()
    assert found.divergences.z[0] < -2.5


def test_alike_is_not_the_same_cell(found):
    k = pair(found, "d", "e")
    assert abs(found.coincident_share[k]) < 0.2
    assert found.possible_duplicates() == ()


def test_wrong_pairs_and_references_are_told(recording):
    wanted = {"bin_size": "20ms", "progress": False}
    with pytest.raises(ValueError, match=r"pairs must name units .* got 'q'"):
        discriminate_neurons(recording, pairs=[("a", "q")], **wanted)
    with pytest.raises(ValueError, match="pairs must be of two units; got a twice"):
        discriminate_neurons(recording, pairs=[("a", "a")], **wanted)
    for one in ("a", ("a",), ("a", "b", "c")):
        with pytest.raises(ValueError, match="pairs must be of two units; got "):
            discriminate_neurons(recording, pairs=[one], **wanted)
    with pytest.raises(FileNotFoundError, match="reference must be a units column"):
        discriminate_neurons(recording, reference="nowhere", **wanted)
    with pytest.raises(ValueError, match="triggers must go with spike times on"):
        discriminate_neurons(recording, triggers=[1.0], **wanted)


def test_a_reference_of_other_units_is_told(recording, tmp_path):
    labels = tmp_path / "labels.csv"
    labels.write_text("unit_id,label\n7,0\n8,1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="reference must label the units"):
        discriminate_neurons(recording, reference=labels, bin_size="20ms")


def test_the_folder_holds_pairs_result_and_figures(found, tmp_path):
    folder = found.save(tmp_path / "pairs")
    with (folder / "pairs.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 21
    same = next(r for r in rows if (r["unit_a"], r["unit_b"]) == ("d", "e"))
    assert same["is_distinguishable"] == "false"
    assert same["time_to_90_seconds"] == same["spikes_to_95"] == ""
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    assert result["n_distinguishable"] == 6
    assert result["n_pairs_distinguishable"] == 20
    assert result["median_time_to_accuracy"]["within"]["n_pairs"] == 6
    assert result["indistinguishable"] == [
        {"unit_id": "d", "from": ["e"]},
        {"unit_id": "e", "from": ["d"]},
    ]
    assert [d["unit_b"] for d in result["decoder"]] == ["f", "e"]
    assert result["decoder"][1]["time_to_95_seconds"] is None
    figures = {path.name for path in (folder / "figures").iterdir()}
    assert {"decoder_curves.png", "pairwise_divergence.svg"} <= figures
    assert len(figures) == 6
    with pytest.raises(FileExistsError, match="folder must be new or empty"):
        found.save(folder)
    found.save(folder, force=True)


def test_the_matrix_shows_every_pair_in_tree_order(found):
    ax = plot_pairwise_divergence(found)
    shown = ax.images[0].get_array()
    a, f = np.argsort(found.leaf_order)[[0, 5]]
    assert_allclose(shown[a, f], found.information_rate[pair(found, "a", "f")])
    d, e = np.argsort(found.leaf_order)[[3, 4]]
    assert shown.mask[d, e]
    assert "not distinguishable" in ax.get_xlabel()
    plt.close("all")


def test_the_histogram_counts_every_pair_with_a_time(found):
    ax = plot_discrimination_times(found)
    labels = ax.get_legend_handles_labels()[1]
    assert labels[0].startswith("within a class: 6 pairs, 1 not distinguishable")
    assert labels[1].startswith("between classes: 9 pairs; median")
    plt.close("all")


def test_the_curves_name_their_pairs(found):
    ax = plot_decoder_curves(found)
    labels = ax.get_legend_handles_labels()[1]
    assert labels[0].startswith("a - f: 0.")
    assert labels[1] == "d - e: not distinguishable"
    assert_allclose(ax.lines[0].get_ydata(), found.curves[0].correct)
    plt.close("all")


def test_long_names_leave_the_axes_their_width(found, tmp_path):
    names = tuple(f"retina_of_the_first_preparation:{k:03}" for k in range(7))
    # That the layout could not be made is a warning, and here an error.
    write_discrimination(dataclasses.replace(found, unit_ids=names), tmp_path)


def test_figures_of_neurons_that_nobody_can_tell_apart(rng, tmp_path):
    p = np.tile(rng.random(60) * 0.3, (3, 1))
    found = discriminate_neurons(
        raster(p, rng, n_repeats=12), bin_size="20ms", progress=False
    )
    assert not found.is_distinguishable.any()
    assert found.n_distinguishable == 1
    assert np.isnan(found.median_time_to_accuracy())
    assert len(write_discrimination(found, tmp_path)) == 6


def heard_until(p, rng, n_heard=200_000):
    """Return the words, from moments here and there, that make 90 % knowing `p`."""
    moments = rng.integers(p.shape[1], size=n_heard)
    spoken = rng.random((2, n_heard)) < p[:, moments]
    ratio = np.where(spoken, np.log(p[0] / p[1])[moments], 0)
    ratio += np.where(spoken, 0, np.log((1 - p[0]) / (1 - p[1]))[moments])
    total = np.cumsum(ratio * [[1], [-1]], axis=1)
    n = np.arange(1, 600)
    correct = [np.mean(total[:, k:] > total[:, :-k]) for k in n]
    return float(np.interp(0.9, correct, n))


def test_times_are_those_of_an_observer_who_knows(rng):
    # The short form of the section on uniqueness of docs/validation.md.
    ratios = []
    for _ in range(8):
        p = np.clip(rng.gamma(0.3, 0.4, (2, 200)), 1e-3, 0.9)
        p[1] = 0.5 * p[0] + 0.5 * p[1]
        found = discriminate_neurons(
            raster(p, rng, n_repeats=50), bin_size="20ms", progress=False
        )
        ratios.append(found.time_to_accuracy()[0] / (0.02 * heard_until(p, rng)))
    assert 0.9 < np.median(ratios) < 1.1


def test_the_interval_of_the_median_time_holds_that_of_many_repeats():
    rng = np.random.default_rng(5)
    p = np.clip(rng.random((8, 200)) ** 4, 0.01, 0.9)
    p = np.stack([1 - p, p], axis=2)

    def counted(n_repeats):
        return [rng.multinomial(n_repeats // 10, p) for _ in range(10)]

    groups = counted(10_000)
    pairs = pair_divergences(sum(groups), groups=groups)
    true, _ = median_time_to_accuracy(pairs, 0.02)
    inside = []
    for _ in range(40):
        groups = counted(30)
        pairs = pair_divergences(sum(groups), groups=groups)
        median, (low, high) = median_time_to_accuracy(pairs, 0.02)
        assert low <= median <= high < 1.4 * low
        inside.append(low <= true <= high)
    assert np.mean(inside) >= 0.9


def test_the_median_time_is_that_of_the_pairs_with_all_others_slower(found):
    pairs = found.divergences
    seconds = np.where(
        np.isnan(found.time_to_accuracy(0.95)), np.inf, found.time_to_accuracy(0.95)
    )
    which = pairs.first < 3
    assert found.median_time_to_accuracy(which, 0.95) == np.median(seconds[which])
    nothing = np.zeros(found.n_pairs, dtype=bool)
    assert math.isnan(found.median_time_to_accuracy(nothing))
    assert np.isnan(found.median_time_to_accuracy_interval(nothing)).all()
    ungrouped = dataclasses.replace(pairs, replicates=pairs.replicates[:0])
    assert np.isnan(median_time_to_accuracy(ungrouped, 0.02)[1]).all()
