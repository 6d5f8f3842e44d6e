"""Records with known content, and axes to draw into."""

from types import SimpleNamespace

import neo
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from neuroclass.clustering.timing import ClusterCuts, Cut
from neuroclass.information import RateAndTiming
from neuroclass.mosaics import measure_mosaics
from neuroclass.results import CellMosaics, ResponseDescription, TimingClasses
from neuroclass.tuning import StimulusAverage


@pytest.fixture
def population():
    """Return a function that makes what figures read of a classification."""
    return make_population


def make_population(
    sizes=(5, 4, 3),
    *,
    durations=(2.0,),
    n_repeats=6,
    is_silent=False,
    has_left_out=False,
    unit_ids=None,
    bin_size=0.02,
    criterion="word",
):
    """Return what figures read of a classification, with known content.

    By the criterion "timing", the last neuron of each class of 3 or more is in the next
    class by the first ranked cut, and the second ranked cut is the shown partition; a
    unit left out is set aside, and assigned to class 0.

    Each class is merged neuron by neuron, at a slightly negative loss first; then the
    classes are merged, at 1/4 bit each.
    """
    rng = np.random.default_rng(0)
    n_neurons, n_clusters = sum(sizes), len(sizes)
    labels = np.repeat(np.arange(n_clusters), sizes)
    children, roots = [], []
    for label in range(n_clusters):
        root, *others = np.flatnonzero(labels == label).tolist()
        for other in others:
            children.append((root, other))
            root = n_neurons + len(children) - 1
        roots.append(root)
    for other in roots[1:]:
        children.append((roots[0], other))
        roots[0] = n_neurons + len(children) - 1
    n_within = n_neurons - n_clusters
    losses = np.r_[np.linspace(-0.01, 0.02, n_within), np.full(n_clusters - 1, 0.25)]
    curve = np.r_[0, np.cumsum(losses[::-1])]

    n_bins = [round(duration / bin_size) for duration in durations]
    rates = 5 + 20 * rng.random((n_clusters, sum(n_bins)))
    psth = rates[labels] + rng.random((n_neurons, sum(n_bins)))
    order = np.tile(np.arange(len(durations)), n_repeats)
    starts = 1 + np.cumsum(np.r_[0, np.array(durations)[order] + 0.5])
    n_units = n_neurons + has_left_out
    # One spike at the middle of every bin whose rate is above 20 Hz, in each repeat.
    offsets = np.r_[0, np.cumsum(n_bins)]
    trains = []
    for neuron in range(n_units):
        times = (
            [
                start
                + (np.flatnonzero(psth[neuron, offsets[s] : offsets[s + 1]] > 20) + 0.5)
                * bin_size
                for start, s in zip(starts, order, strict=False)
            ]
            if neuron < n_neurons
            else [[0.5]]
        )
        times = np.concatenate(times)
        if is_silent and neuron == n_neurons - 1:
            times = times[:0]
        trains.append(neo.SpikeTrain(times, units="s", t_stop=starts[-1]))
    if is_silent:
        psth[n_neurons - 1] = 0
    segment = neo.Segment()
    segment.spiketrains = trains
    recording = neo.Block()
    recording.segments.append(segment)
    n_spikes = np.array([len(train) for train in trains])
    node_z = np.full(n_neurons - 1, np.nan)
    node_z[n_within:] = 12.3
    if n_within:
        node_z[n_within - 1] = 0.7
    timing = None
    if criterion == "timing":
        timing = make_timing(labels, n_units)
    loss = 0.01 * np.abs(labels[:, None] - labels) - 0.001
    np.fill_diagonal(loss, 0)
    all_labels = np.append(labels, [0 if timing else -1] * has_left_out).astype(np.intp)
    return SimpleNamespace(
        unit_ids=tuple(unit_ids or range(100, 100 + n_units)),
        labels=all_labels,
        assigned_labels=all_labels,
        classified=np.arange(n_neurons),
        leaf_labels=np.asarray(labels),
        class_sizes=np.array(sizes),
        n_clusters=n_clusters,
        units=SimpleNamespace(
            firing_rate=n_spikes / (n_repeats * sum(durations)),
            takes_part=np.arange(n_units) < n_neurons,
            labels=all_labels,
            confidence=np.linspace(0.3, 1, n_units),
            is_unassigned=np.zeros(n_units, bool),
            min_confidence=0.2,
        ),
        timing=timing,
        mosaics=make_mosaics(all_labels),
        description=make_description(all_labels),
        tree=SimpleNamespace(
            children=np.array(children).reshape(-1, 2),
            distances=losses,
            leaf_order=np.arange(n_neurons),
            pairwise_loss=loss,
            micro_labels=None,
        ),
        information=SimpleNamespace(bits_per_word=0.9 * curve[-1]),
        class_information=SimpleNamespace(share=0.8),
        stability=SimpleNamespace(
            co_clustering=np.eye(n_neurons), n_clusters=n_clusters, n_replicates=100
        ),
        n_distinguishable=None,
        curve=SimpleNamespace(
            information=curve,
            interval=np.c_[curve - 0.02, curve + 0.02] * (np.nan if timing else 1),
            unit="bits/spike" if timing else "bits/word",
        ),
        selection=SimpleNamespace(
            low=max(1, n_clusters - 1), high=n_clusters + 1, node_z=node_z
        ),
        psth=SimpleNamespace(rates=psth, bin_size=bin_size),
        recording=recording,
        presentations=SimpleNamespace(
            starts=starts[:-1],
            stimulus=order,
            stimuli=tuple(f"movie {s}" for s in range(len(durations))),
            durations=np.array(durations),
            n_stimuli=len(durations),
            repeats=np.bincount(order),
        ),
    )


def make_mosaics(labels):
    """Return positions at random, and the mosaics of classes at them."""
    if len(labels) < 4:
        return None
    rng = np.random.default_rng(1)
    positions = 500 * rng.random((len(labels), 2))
    radii = np.full(len(labels), 30.0)
    return CellMosaics(
        positions=positions,
        radii=radii,
        source="units columns x, y",
        is_of_electrodes=False,
        mosaics=measure_mosaics(
            positions, labels, radii=radii, n_permutations=19, n_simulations=0
        ),
    )


def make_description(labels):
    """Return a description of a flicker: even classes ON, odd ones OFF.

    Cells fire as often after a spike at all lags but the first two, and the first cell
    violates its refractory period.
    """
    n, lags = len(labels), np.arange(0.01, 0.3, 0.02)
    filters = np.where(labels % 2 == 0, 1.0, -1.0)[:, None] * np.exp(-lags / 0.05)
    correlograms = np.full((n, 50), 20.0)
    correlograms[:, :2] = 0
    return ResponseDescription(
        unit_ids=tuple(range(n)),
        labels=tuple("" if label < 0 else str(label) for label in labels),
        classes_from="found here",
        firing_rate=np.full(n, 20.0),
        reliability=np.full(n, 0.5),
        violations=np.where(np.arange(n) == 0, 0.03, 0.0),
        autocorrelograms=correlograms,
        steps=None,
        selectivity=None,
        average=StimulusAverage(
            average=filters,
            lags=lags,
            noise=np.full(n, 0.01),
            n_spikes=np.full(n, 1000),
        ),
        presentations=None,
        settings={},
        issues=(),
    )


def make_timing(labels, n_units):
    n_neurons, n_clusters = len(labels), int(labels.max()) + 1
    moved = labels.copy()
    for label in range(n_clusters):
        members = np.flatnonzero(labels == label)
        if len(members) > 2:
            moved[members[-1]] = (label + 1) % n_clusters

    def cut(of, z):
        sizes = np.bincount(of)
        return Cut(
            n_clusters=len(sizes),
            labels=of,
            z=z,
            z_gaussian=z + 1,
            sizes=tuple(sizes.tolist()),
            alike=(0.5,) * len(sizes),
            information=1.0,
            share=0.8,
        )

    one = np.zeros(n_neurons, np.intp)
    cuts = [cut(one, np.nan)]
    if n_clusters > 1:
        cuts += [cut(moved, 5.0), cut(labels, 1.0)]
    split = RateAndTiming(1.0, 3.0)
    return TimingClasses(
        cuts=ClusterCuts(
            n_clusters=n_clusters,
            low=max(1, n_clusters - 1),
            may=n_clusters,
            high=n_clusters + 1,
            is_alike=False,
            is_determined=False,
            n_first=n_clusters + 1,
            labels=labels,
            cuts=tuple(cuts),
            smoothing=2,
        ),
        takes_part=np.arange(n_units) < n_neurons,
        is_unresponsive=np.arange(n_units) >= n_neurons,
        confidence=np.full(n_units, 0.9),
        is_given=False,
        bin_size=0.02,
        widths=np.array([0.02, 0.04, 0.08]),
        neuron_information=np.array([0.9, 0.5, 0.1]),
        class_information=np.array([0.6, 0.4, 0.1]),
        neuron_split=split,
        class_split=split,
        rate_factor=3.0,
    )


@pytest.fixture
def new_axes():
    """Return a function that makes axes of a figure that pyplot does not know."""
    return make_axes


def make_axes():
    figure = Figure(layout="compressed")
    FigureCanvasAgg(figure)
    return figure.subplots()


@pytest.fixture
def ax():
    return make_axes()


@pytest.fixture
def texts():
    """Return a function that lists the texts inside axes."""
    return lambda ax: [text.get_text() for text in ax.texts]
