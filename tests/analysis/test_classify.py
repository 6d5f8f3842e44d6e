"""The one call from a recording to its classes."""

import dataclasses
import json
from functools import partial

import neo
import numpy as np
import pandas as pd
import pytest
import quantities as pq
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import adjusted_rand_score

from neuroclass import (
    classify_neurons,
    discriminate_neurons,
    prepare_responses,
    simulate_retina,
)
from neuroclass.analysis.support import count_distinguishable
from neuroclass.exceptions import RecordingError
from neuroclass.information.classes import class_information
from neuroclass.io import load_recording, write_recording
from neuroclass.plotting import plot_merge_tree, plot_pairwise_loss
from neuroclass.report.class_json import write_result_json
from neuroclass.report.methods import methods_paragraph
from neuroclass.responses.counts import ResponseCounts, count_words
from neuroclass.responses.words import bin_words

# The criterion of 2002; the default is tested in test_timing.py.
classify_by_words = partial(classify_neurons, criterion="word")


@pytest.fixture(scope="module")
def retina():
    return simulate_retina(
        3,
        24,
        20,
        "8s",
        diversity=0.3,
        n_unique=2,
        random_state=1,
        rate_spread=0,
        sparse_share=0,
    )


@pytest.fixture(scope="module")
def classification(retina):
    return classify_by_words(retina, reference="true_type", progress=False)


def silence(recording, units):
    """Return a copy of the recording in which some units have no spike."""
    block, segment = neo.Block(name="silenced"), neo.Segment()
    old = recording.segments[0]
    for k, train in enumerate(old.spiketrains):
        times = [] if k in units else train.magnitude
        new = neo.SpikeTrain(times * pq.s, t_start=train.t_start, t_stop=train.t_stop)
        new.annotations.update(train.annotations)
        segment.spiketrains.append(new)
    segment.epochs.extend(old.epochs)
    block.segments.append(segment)
    return block


def test_types_are_found_with_no_option_given(retina, classification):
    truth = [t.annotations["true_type"] for t in retina.segments[0].spiketrains]
    assert classification.n_clusters == 3
    assert adjusted_rand_score(truth, classification.labels) == 1
    assert_allclose(classification.agreement.adjusted_mutual_information, 1)
    assert classification.agreement.p_value < 0.001
    assert classification.headline().startswith("3 classes of 24 neurons")


def test_the_curve_is_the_class_information_at_the_chosen_number(
    retina, classification
):
    words = bin_words(
        retina,
        classification.presentations,
        classification.settings["bin_size"]["value"],
    )
    expected = class_information(count_words(words).counts, classification.labels)
    assert_allclose(classification.curve.information[2], expected, atol=1e-12)
    low, high = classification.curve.interval.T
    assert (low <= classification.curve.information + 1e-12).all()
    assert (classification.curve.information <= high + 1e-12).all()
    assert (high - low)[1:].min() > 0


@pytest.mark.filterwarnings("ignore:.*share most spikes")
def test_a_number_is_no_surer_than_the_tree_that_is_drawn():
    # No two classes are more than a continuum, yet splits of the tree may be.
    found = classify_by_words("data/salamander_movie1.nwb", progress=False)
    chosen = found.selection
    assert 2 < np.nanmax(chosen.node_z) < 4
    assert not (chosen.weakest_z > 1.5).any()
    assert chosen.n_clusters == chosen.low == 1
    assert chosen.high == 4
    assert not chosen.is_determined
    assert "refined classes supports 1 to 4; not determined" in chosen.reason


@pytest.mark.filterwarnings("ignore:.*share most spikes")
def test_splits_where_no_number_holds_are_one_class_and_not_determined():
    with pytest.warns(UserWarning, match="differences between units may be drift"):
        found = classify_by_words("data/salamander_movie2.nwb", progress=False)
    chosen = found.selection
    assert (chosen.node_z > 4).any()
    assert not (chosen.weakest_z > 3).any()
    assert (chosen.n_clusters, chosen.low, chosen.high) == (1, 1, 4)
    assert not chosen.is_determined
    assert "no two classes surely hold apart" in chosen.reason


def test_a_path_and_its_recording_give_the_same(retina, classification, tmp_path):
    write_recording(retina, tmp_path / "retina.nwb")
    again = classify_by_words(tmp_path / "retina.nwb", progress=False)
    assert_array_equal(again.labels, classification.labels)
    assert again.information.bits_per_word == pytest.approx(
        classification.information.bits_per_word
    )


def test_seeds_and_processes(retina, classification):
    again = classify_by_words(retina, n_jobs=2, progress=False)
    assert_array_equal(again.labels, classification.labels)
    assert_array_equal(again.tree.children, classification.tree.children)


def test_frame_holds_every_unit(classification):
    frame = classification.to_frame()
    assert list(frame["unit_id"]) == list(range(24))
    assert_array_equal(frame["label"], classification.labels)
    assert frame["information_bits"].mean() == pytest.approx(
        classification.information.bits_per_word, rel=0.05
    )
    assert isinstance(classification.summary(), pd.DataFrame)
    assert classification.summary()["n_units"].sum() == 24


def test_units_not_asked_for_keep_a_row(retina):
    recording = silence(retina, [])
    for k, train in enumerate(recording.segments[0].spiketrains):
        train.annotations["quality"] = "mua" if k < 4 else "good"
    found = classify_by_words(
        recording, units={"quality": ["good"]}, n_clusters=3, progress=False
    )
    assert_array_equal(found.labels[:4], -1)
    assert found.units.reasons[:5] == ("not asked for",) * 4 + ("",)
    assert np.isnan(found.units.information[:4]).all()
    assert (found.units.firing_rate[:4] > 0).all()
    assert found.to_frame()["label"].isna().sum() == 4
    assert len(found.psth.rates) == len(found.classified) == 20


def test_silent_units_are_kept_and_flagged(retina):
    with pytest.warns(UserWarning, match="2 units are silent .* presentation: 3, 7"):
        found = classify_by_words(silence(retina, [3, 7]), progress=False)
    assert_array_equal(np.flatnonzero(found.units.is_silent), [3, 7])
    assert found.labels[3] == found.labels[7] >= 0
    assert any("silent" in note for note in map(str, found.issues))


def test_units_recorded_at_no_presentation_are_left_out(retina):
    recording = silence(retina, [])
    recording.segments[0].spiketrains[5].annotations["obs_intervals"] = np.zeros((1, 2))
    found = classify_by_words(recording, n_clusters=3, progress=False)
    assert found.labels[5] == -1
    assert found.units.reasons[5] == "recorded in no presentation"


def test_distinguishable_groups_are_counted_beside_the_classes(retina):
    found = classify_by_words(retina, n_clusters=3, bin_size="20ms", progress=False)
    pairs = discriminate_neurons(retina, bin_size="20ms", progress=False)
    assert found.n_distinguishable == pairs.n_distinguishable
    assert 3 < found.n_distinguishable <= 24
    counts = prepare_responses(retina, bin_size="20ms").counts
    assert count_distinguishable(counts) == found.n_distinguishable
    assert count_distinguishable(counts, most_neurons=20) is None
    assert count_distinguishable(counts, most_in_products=20) is not None
    ragged = counts.counts.copy()
    ragged[0, 0] = 0
    ragged = ResponseCounts(**{**vars(counts), "counts": ragged})
    assert count_distinguishable(ragged, most_in_products=20) is None


def test_a_fraction_to_lose_gives_the_fewest_classes(retina):
    found = classify_by_words(retina, max_information_loss=0.3, progress=False)
    assert found.class_information.share >= 0.65
    k = found.n_clusters
    assert found.settings["n_clusters"] == k
    assert found.selection.reason.startswith("as asked; the splits of their tree supp")


@pytest.mark.parametrize(
    ("condition", "n_conditions"), [("stimulus", 1), ("time", 133), ("none", 1)]
)
def test_weaker_questions_can_be_asked(retina, condition, n_conditions):
    found = classify_by_words(
        retina, condition=condition, bin_size=0.02, word_length=3, progress=False
    )
    assert len(found.information.per_condition) == n_conditions
    assert 0 < found.information.bits_per_word < np.log2(24)


def test_identical_repeats_warn():
    recording = simulate_retina(
        2, 6, 1, "2s", n_unique=0, random_state=0, rate_spread=0, sparse_share=0
    )
    times = [t.magnitude for t in recording.segments[0].spiketrains]
    block, segment = neo.Block(), neo.Segment()
    for k, once in enumerate(times):
        train = neo.SpikeTrain(
            np.concatenate([once + 4 * r for r in range(12)]) * pq.s, t_stop=60 * pq.s
        )
        train.annotations["unit_id"] = k
        segment.spiketrains.append(train)
    segment.epochs.append(
        neo.Epoch(
            np.arange(12) * 4.0 * pq.s,
            durations=np.full(12, 3.0) * pq.s,
            labels=np.array([str(k) for k in range(12)]),
            name="trials",
        )
    )
    block.segments.append(segment)
    with (
        pytest.warns(UserWarning, match="all repeats are identical"),
        pytest.warns(UserWarning, match="no unit fires in the last 0.874 s of the 3 s"),
    ):
        classify_by_words(block, progress=False)


def test_few_repeats_for_long_words_warn(retina):
    with pytest.warns(UserWarning, match=r"are undersampled .* in 20 repeats"):
        classify_by_words(
            retina, bin_size="10ms", word_length=8, n_clusters=2, progress=False
        )


def test_the_same_spike_train_under_two_units_warns(retina):
    recording = silence(retina, [])
    trains = recording.segments[0].spiketrains
    double = neo.SpikeTrain(trains[2].times, t_stop=trains[2].t_stop)
    double.annotations.update(unit_id=99)
    trains.append(double)
    with pytest.warns(UserWarning, match="1 spike train is there .*: 2=99"):
        classify_by_words(recording, n_clusters=3, progress=False)


def test_it_shows_itself_in_a_notebook(classification):
    page = classification._repr_html_()
    assert "3 classes of 24 neurons" in page
    assert "<img" in page
    assert "<table" in page


def test_it_shows_itself_in_a_terminal(classification):
    headline = classification.headline()
    assert repr(classification) == f"Classification({headline})"
    lines = str(classification).splitlines()
    assert lines[0] == headline
    assert len(lines) == 2 + classification.n_clusters
    assert max(map(len, lines)) <= 80


def test_it_plots_and_saves_itself(classification, tmp_path):
    figure = classification.plot(tmp_path / "overview.png")
    assert (tmp_path / "overview.png").stat().st_size > 10_000
    assert len(figure.axes) >= 4
    folder = classification.save(tmp_path / "classes")
    assert (folder / "report.html").exists()


def test_settings_say_what_was_chosen_and_why(classification):
    settings = classification.settings
    assert settings["bin_size"]["chosen"] == "auto"
    assert "bits/s" in settings["bin_size"]["why"]
    assert settings["n_clusters"]["value"] == 3
    assert settings["presentations"]["value"] == "trials.stimulus"


def test_bad_arguments_are_told(retina):
    with pytest.raises(ValueError, match="not be given together"):
        classify_by_words(retina, n_clusters=3, max_information_loss=0.1)
    with pytest.raises(ValueError, match=r"'auto' or an integer; got 0\.5"):
        classify_by_words(retina, n_clusters=0.5)
    with pytest.raises(ValueError, match="estimator must be one of plug-in"):
        classify_by_words(retina, estimator="blend")
    with pytest.raises(ValueError, match="must be between 0 and 1; got 2"):
        classify_by_words(retina, max_information_loss=2)
    with pytest.raises(ValueError, match="triggers has one trigger only"):
        classify_by_words(retina, triggers=[1.0])
    with pytest.raises(ValueError, match="memory must be a positive size"):
        classify_by_words(retina, memory="4")
    with pytest.raises(TypeError, match="whose axes and time bin width are unknown"):
        classify_by_words(np.zeros((3, 10, 20)))
    with pytest.raises(FileNotFoundError, match="reference must be a units column"):
        classify_by_words(retina, reference="nothing")
    with pytest.raises(ValueError, match="n_clusters must be 'auto'"):
        classify_by_words(retina, n_clusters=1000, progress=False)


def test_fewer_than_two_units_with_spikes_are_told(retina):
    with pytest.raises(RecordingError, match="at least two units with spikes"):
        classify_by_words(silence(retina, range(1, 24)), progress=False)


def test_nothing_of_the_recording_is_changed(retina):
    before = [t.magnitude.copy() for t in retina.segments[0].spiketrains]
    notes = [dict(t.annotations) for t in retina.segments[0].spiketrains]
    classify_by_words(retina, n_clusters=2, progress=False)
    for train, times, note in zip(
        retina.segments[0].spiketrains, before, notes, strict=True
    ):
        assert_array_equal(train.magnitude, times)
        assert train.annotations == note


def test_a_classification_cannot_be_changed(classification):
    with pytest.raises(dataclasses.FrozenInstanceError):
        classification.units = None


@pytest.mark.filterwarnings("ignore:.*share most spikes")
def test_bundled_and_loaded_recordings_classify():
    recording = load_recording("data/salamander_small.nwb")
    with pytest.warns(UserWarning, match="3 of 38 units change their rate"):
        found = classify_by_words(recording, n_clusters=4, progress=False)
    assert len(found.labels) == 38
    low, high = found.class_information.share_interval
    assert 0 < low < found.class_information.share < high < 1
    assert any("may be drift" in note for note in map(str, found.issues))


@pytest.fixture(scope="module")
def sequential():
    retina = simulate_retina(
        2,
        310,
        10,
        "1s",
        diversity=0.3,
        n_unique=0,
        random_state=3,
        rate_spread=0,
        sparse_share=0,
    )
    return classify_by_words(
        retina,
        bin_size=0.05,
        method="sequential",
        stability=2,
        progress=False,
        reference="true_type",
    )


def test_the_sequential_method_has_micro_clusters_for_leaves(sequential):
    micro = sequential.tree.micro_labels
    n_leaves = micro.max() + 1
    assert len(micro) == 310 > n_leaves
    assert (
        len(sequential.tree.leaf_order) == len(sequential.tree.children) + 1 == n_leaves
    )
    assert sequential.curve.information.shape == (n_leaves,)
    assert sequential.curve.interval.shape == (n_leaves, 2)
    labels = sequential.labels[sequential.classified]
    assert_array_equal(sequential.leaf_labels[micro], labels)
    assert sequential.agreement.adjusted_rand_index > 0.9
    assert sequential.settings["method"] == "sequential"


def test_a_result_says_what_its_leaves_are(sequential, tmp_path):
    path = write_result_json(sequential, tmp_path / "result.json")
    result = json.loads(path.read_text())
    assert result["merge_tree"]["micro_labels"] == sequential.tree.micro_labels.tolist()
    n_leaves = sequential.tree.micro_labels.max() + 1
    assert f"{n_leaves} micro-clusters were merged" in methods_paragraph(result)
    leaves = f"{n_leaves} micro-clusters of 310 neurons in tree order"
    for plot in (plot_merge_tree, plot_pairwise_loss):
        assert plot(sequential).get_xlabel().startswith(leaves)


def test_a_method_there_is_not_is_refused(retina):
    with pytest.raises(ValueError, match="method must be one of auto, agglomerative"):
        classify_by_words(retina, method="fast")


def test_real_splits_inside_a_class_are_subclasses():
    retina = simulate_retina(
        4,
        32,
        30,
        "8s",
        diversity=0.2,
        n_unique=0,
        random_state=2,
        rate_spread=0,
        sparse_share=0,
    )
    truth = np.array(
        [t.annotations["true_type"] for t in retina.segments[0].spiketrains]
    )
    found = classify_by_words(retina, n_clusters=2, bin_size=0.02, progress=False)
    names = np.array(found.units.subclasses)
    assert adjusted_rand_score(truth, names) == 1
    assert {name.split(".")[0] for name in names} == {"0", "1"}
    assert_array_equal([int(name[0]) for name in names], found.labels)
    assert_array_equal(found.to_frame()["subclass"], names)


def test_stability_is_of_the_classes_and_their_range(retina):
    found = classify_by_words(retina, stability=6, progress=False)
    stability = found.stability
    assert stability.n_clusters == found.n_clusters == 3
    span = range(max(2, found.selection.low), found.selection.high + 1)
    assert stability.numbers == tuple(span)
    assert_array_equal(found.unit_stability, 1)
    assert found.settings["stability"] == 6


@pytest.mark.filterwarnings("ignore:.*share most spikes")
def test_the_stability_of_one_class_is_that_of_the_largest_number_in_its_range():
    found = classify_by_words(
        "data/salamander_movie1.nwb", stability=3, bin_size=0.02, progress=False
    )
    assert (found.n_clusters, found.selection.high) == (1, 4)
    assert found.stability.n_clusters == 4
    assert found.stability.numbers == (2, 3, 4)
    assert np.isnan(found.unit_stability).all()  # not of the class that is reported


def test_micro_clusters_are_resampled_whole(sequential):
    assert (
        sequential.stability.co_clustering.shape
        == (len(sequential.tree.leaf_order),) * 2
    )
    assert len(sequential.unit_stability) == 310
    assert np.isfinite(sequential.unit_stability).all()


def test_information_without_drifting_neurons():
    retina = simulate_retina(
        2,
        12,
        30,
        "6s",
        n_unique=0,
        drift=1.0,
        random_state=5,
        rate_spread=0,
        sparse_share=0,
    )
    with pytest.warns(UserWarning, match="change their rate by more than 1.5"):
        found = classify_by_words(retina, bin_size=0.02, n_clusters=2, progress=False)
    rest = found.without_drifting
    n_unsafe = found.drift.is_unsafe.sum()
    assert 0 < n_unsafe < 11
    assert len(rest.per_neuron) == 12 - n_unsafe
    low, high = rest.interval
    assert low < rest.bits_per_word < high


def test_a_number_that_was_given_does_not_count_as_found(retina):
    for n_clusters, is_determined in ((3, True), (6, False), (1, False)):
        found = classify_by_words(
            retina, n_clusters=n_clusters, bin_size="20ms", progress=False
        )
        chosen = found.selection
        assert chosen.n_clusters == n_clusters
        assert (chosen.low, chosen.high) == (3, 3)
        assert chosen.is_determined is is_determined
        assert ("(these data support 3)" in found.headline()) is not is_determined


def test_classes_have_information_with_intervals(classification):
    information = classification.information
    (bits, _), (interval, _) = (
        information.by_partition,
        information.by_partition_interval,
    )
    table = classification.summary()
    assert_allclose(table["information_bits"], bits)
    assert_allclose(table["information_low_bits"], interval[:, 0])
    assert (table["information_low_bits"] <= table["information_bits"]).all()
    assert (table["information_bits"] <= table["information_high_bits"]).all()
    sizes = table["n_units"]
    # Each class by its own evidence: near the whole, which weighs all together.
    assert np.average(bits, weights=sizes) == pytest.approx(
        information.bits_per_word, rel=0.02
    )
