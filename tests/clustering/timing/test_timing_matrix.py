"""The timing matrix beside a slow twin, on made populations, and at its edges."""

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.clustering import (
    build_merge_tree,
    pairwise_losses,
    refine,
    refine_with_restarts,
)
from neuroclass.clustering.timing import SpikeCounts, TimingMatrix

MOUSE = Path(os.environ.get("NEUROCLASS_RECORDINGS", "recordings")) / (
    "mouse_rgc/psth_types.npz"
)


def matrix_of(spikes, stimulus):
    counts = SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    return TimingMatrix.from_spikes(counts)


def h(x):
    return x * np.log2(x) if x > 1e-12 else 0.0


def widths_by_loop(n_bins, n_stimuli):
    widths = [1]
    while widths[-1] * 2 < n_bins * 1.99:
        widths.append(widths[-1] * 2)
    if widths[-1] >= n_bins and n_stimuli == 1:
        widths.pop()
    return [min(width, n_bins) for width in widths]


def value_by_loop(spikes, weights, members):
    """Phi of a class, bin by bin: all neurons in all repeats, stimuli of one length."""
    counts, effective = spikes.counts, spikes.effective_spikes
    n_stimuli = spikes.stimulus.max() + 1
    n_bins = counts.shape[1] // n_stimuli
    total = 0.0
    for width in widths_by_loop(n_bins, n_stimuli):
        phases = min(2, width)
        for phase in range(phases):
            a, shift = 1 / phases, phase * width // phases
            for stimulus in range(n_stimuli):
                for first in range(-shift, n_bins, width):
                    x = v = 0.0
                    bins = range(max(first, 0), min(first + width, n_bins))
                    for i in members:
                        n = sum(counts[i, stimulus * n_bins + t] for t in bins)
                        q = n / counts[i].sum()
                        x += a * weights[i] * q
                        v += (a * weights[i]) ** 2 * q / effective[i]
                    if x > 1e-12:
                        total += h(x) - v / (2 * np.log(2) * x)
            total -= h(a * sum(weights[i] for i in members))
    return total


def test_values_of_classes_equal_the_brute_force_twin(rng, simulate_types):
    spikes, types, stimulus = simulate_types(rng, [3, 4], n_bins=13)
    counts = SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    matrix = TimingMatrix.from_spikes(counts)
    by_loop = [
        value_by_loop(counts, matrix.weights, np.flatnonzero(types == k))
        for k in range(2)
    ]
    assert_allclose(matrix.values(matrix.sums(types, 2)), by_loop, rtol=1e-12)
    assert_allclose(matrix.objective(types), sum(by_loop), rtol=1e-12)


def test_reliability_equals_its_definition(rng, simulate_types):
    spikes, _, stimulus = simulate_types(rng, [5, 6])
    counts = SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    matrix = TimingMatrix.from_spikes(counts)
    n, n_repeats = spikes.sum((1, 2)), spikes.shape[1]
    variance = spikes.var(axis=1, ddof=1).sum(axis=1)
    shrunk = 20 / n_repeats
    factor = np.clip((variance + shrunk) / (n / n_repeats + shrunk), 0.3, 10)
    assert_allclose(counts.dispersion, factor)
    effective = n / factor
    assert_allclose(counts.effective_spikes, effective)
    q = counts.counts / n[:, None]
    pooled = np.minimum(effective, np.median(effective)) @ q
    pooled /= pooled.sum()
    busy = effective >= np.median(effective)
    log_ratio = np.log2(np.where(q > 0, q, 1) / np.where(q > 0, pooled, 1))
    divergence = (q * log_ratio).sum(axis=1)
    used = np.array([np.minimum(1, e * pooled).sum() - 1 for e in effective])
    gain = np.maximum(divergence - used / (2 * np.log(2) * effective), 1e-3)[busy]
    alpha = max(np.median(used[busy]), 1) / (2 * np.log(2) * np.median(gain))
    assert_allclose(matrix.half_weight, alpha)
    assert_allclose(matrix.weights, effective / (effective + alpha))


def test_tree_equals_the_brute_force_twin(rng, simulate_types):
    spikes, types, stimulus = simulate_types(rng, [4, 4, 3])
    matrix = matrix_of(spikes, stimulus)
    classes = {i: [i] for i in range(len(types))}
    lost = []

    def value(members):
        return matrix.values(matrix.counts[members].sum(axis=0)[None])[0]

    while len(classes) > 1:
        pairs = [(a, b) for a in classes for b in classes if a < b]
        losses = [
            value(classes[a]) + value(classes[b]) - value(classes[a] + classes[b])
            for a, b in pairs
        ]
        loss, (a, b) = min(zip(losses, pairs, strict=True))
        lost.append(loss)
        classes[a] = classes[a] + classes.pop(b)
    assert_allclose(build_merge_tree(matrix).losses, lost, atol=1e-9)


def test_classes_are_types_although_rates_differ(rng, simulate_types):
    spikes, types, stimulus = simulate_types(rng, [10, 9, 8], n_repeats=20)
    matrix = matrix_of(spikes, stimulus)
    tree = build_merge_tree(matrix)
    labels, objective = refine(matrix, tree.labels(3))
    assert_array_equal(labels, types)
    again, same = refine_with_restarts(matrix, tree.labels(3), random_state=rng)
    assert_array_equal(again, types)
    assert same == pytest.approx(objective)
    anchored = build_merge_tree(matrix, pairwise_losses(matrix), labels)
    assert_array_equal(anchored.labels(3), labels)


def test_losses_of_pairs_are_differences_of_values(rng, simulate_types):
    spikes, _, stimulus = simulate_types(rng, [6, 6])
    matrix = matrix_of(spikes, stimulus)
    pairs = pairwise_losses(matrix)
    values = matrix.values(matrix.counts)
    both = matrix.values(matrix.counts[[2]] + matrix.counts[[7]])[0]
    bound = pairs.error[2] + pairs.error[7] + 1e-9
    assert abs(pairs.losses[2, 7] - (values[2] + values[7] - both)) <= bound
    assert_allclose(pairs.losses, pairs.losses.T)


def test_scales_sum_to_the_information(rng, simulate_types):
    spikes, types, stimulus = simulate_types(rng, [6, 6])
    matrix = matrix_of(spikes, stimulus)
    by_scale = matrix.information_by_scale(types)
    assert len(by_scale) == matrix.n_scales == len(matrix.widths)
    assert by_scale.mean() == pytest.approx(matrix.information(types))
    assert matrix.information(np.zeros_like(types)) == pytest.approx(0, abs=1e-12)
    parts = matrix.values_by_scale(matrix.counts)
    assert_allclose(parts.sum(axis=1), matrix.values(matrix.counts))


def test_a_gain_of_all_counts_changes_no_profile(rng, simulate_types):
    spikes, _, stimulus = simulate_types(rng, [4, 4])
    counts = spikes.sum(axis=1)
    one = SpikeCounts.from_sums(counts, None, 10, stimulus=stimulus)
    other = SpikeCounts.from_sums(3 * counts, None, 10, stimulus=stimulus)
    x = [TimingMatrix.from_spikes(s) for s in (one, other)]
    n = x[0].n_features
    shares = [m.counts[:, :n] / m.weights[:, None] for m in x]
    assert_allclose(*shares)


@pytest.mark.parametrize("phase", ["first", "last"])
def test_conditions_that_a_pair_does_not_share_add_nothing(rng, simulate_types, phase):
    """Spikes where only one of two was recorded do not change their loss."""
    spikes, _, stimulus = simulate_types(rng, [3, 3], n_stimuli=3, n_bins=16)
    absent = slice(0, 16) if phase == "first" else slice(32, 48)
    spikes[0, :, absent] = np.nan
    own = slice(32, 48) if phase == "first" else slice(0, 16)
    spikes[1, :, own] = np.nan
    counts = SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    matrix = TimingMatrix.from_spikes(counts)
    # The only stimulus that both were recorded in.
    shared = TimingMatrix.from_spikes(
        SpikeCounts.from_repeats(spikes[:2, :, 16:32]), half_weight=matrix.half_weight
    )
    assert matrix.n_scales >= shared.n_scales

    def parts(m, scales):
        rows = np.stack([m.counts[0], m.counts[1], m.counts[0] + m.counts[1]])
        x = m.values_by_scale(rows)[:, scales]
        return x[0] + x[1] - x[2]

    # Move the spikes of neuron 0 where neuron 1 was not recorded: the loss stays.
    moved = spikes.copy()
    moved[0, :, own] = moved[0, :, own][:, ::-1]
    after = TimingMatrix.from_spikes(
        SpikeCounts.from_repeats(moved, stimulus=stimulus),
        half_weight=matrix.half_weight,
    )
    assert_allclose(parts(matrix, slice(None)), parts(after, slice(None)), atol=1e-12)
    # A pair with nothing in common loses nothing.
    spikes[0, :, 16:32] = np.nan
    disjoint = TimingMatrix.from_spikes(
        SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    )
    assert_allclose(parts(disjoint, slice(None)), 0, atol=1e-12)


def test_numbers_of_repeats_that_differ_leave_profiles_the_same(rng):
    """Twice the repeats in one stimulus for one neuron is not twice its rate there."""
    rate = rng.gamma(2.0, 1.0, (2, 20))
    rate[1] = rate[0]
    repeats = np.full((2, 20), 10)
    repeats[0, 10:] = 20
    stimulus = np.repeat([0, 1], 10)
    counts = SpikeCounts.from_sums(rate * repeats, None, repeats, stimulus=stimulus)
    matrix = TimingMatrix.from_spikes(counts)
    n = matrix.n_features
    x = matrix.counts[:, :n] / matrix.weights[:, None]
    assert_allclose(x[0], x[1])
    # Fewer repeats are less precise than the same spikes in all of them.
    whole = SpikeCounts.from_sums(rate * 20, None, 20, stimulus=stimulus)
    assert (counts.effective_spikes < whole.effective_spikes).all()


def test_stimuli_may_have_different_lengths(rng):
    counts = rng.poisson(3.0, (4, 37)).astype(float)
    stimulus = np.repeat([0, 1, 2], [20, 16, 1])
    matrix = TimingMatrix.from_spikes(
        SpikeCounts.from_sums(counts, None, 5, stimulus=stimulus)
    )
    assert_array_equal(matrix.widths, [1, 2, 4, 8, 16, 20])
    n = matrix.n_features
    # Each scale and phase holds every spike once, with its weight.
    x = matrix.counts[:, :n]
    for k in range(matrix.n_scales):
        assert_allclose(x[:, matrix.feature_scale == k].sum(axis=1), matrix.weights)


def test_one_condition_and_one_bin_tell_nothing(rng):
    counts = np.array([[5.0], [9.0], [0.0]])
    matrix = TimingMatrix.from_spikes(SpikeCounts.from_sums(counts, None, 5))
    assert matrix.n_scales == 1
    assert_allclose(build_merge_tree(matrix).losses, 0, atol=1e-12)


def test_a_silent_neuron_merges_without_loss(rng, simulate_types):
    spikes, _, stimulus = simulate_types(rng, [3, 3])
    spikes[2] = 0
    matrix = matrix_of(spikes, stimulus)
    assert matrix.weights[2] == 0
    assert not matrix.counts[2].any()
    assert_allclose(pairwise_losses(matrix).losses[2], 0, atol=1e-9)
    silent = TimingMatrix.from_spikes(SpikeCounts.from_repeats(0 * spikes))
    assert_allclose(build_merge_tree(silent).losses, 0)


def test_two_neurons_are_enough(rng, simulate_types):
    spikes, _, stimulus = simulate_types(rng, [1, 1])
    matrix = matrix_of(spikes, stimulus)
    assert build_merge_tree(matrix).losses.shape == (1,)
    assert_array_equal(refine(matrix, np.array([0, 1]))[0], [0, 1])


def test_rate_weight_finds_groups_that_differ_in_nothing_but_rate(rng):
    profile = rng.gamma(1.0, 1.0, 60)
    rate = np.repeat([0.2, 1.6], 12)[:, None] * profile
    spikes = rng.poisson(rate[:, None], (24, 20, 60)).astype(float)
    counts = SpikeCounts.from_repeats(spikes)
    matrix = TimingMatrix.from_spikes(counts, rate_weight=4.0)
    labels, _ = refine(matrix, build_merge_tree(matrix).labels(2))
    assert_array_equal(labels, np.repeat([0, 1], 12))
    assert (matrix.feature_scale == -1).sum() == 2


def test_part_of_the_neurons_is_a_matrix_of_its_own(rng, simulate_types):
    spikes, _, stimulus = simulate_types(rng, [4, 4])
    matrix = matrix_of(spikes, stimulus)
    part = matrix.of(np.array([1, 5]))
    assert_array_equal(part.counts, matrix.counts[[1, 5]])
    assert part.tolerance == matrix.tolerance
    assert "2 neurons" in repr(part)


def test_bad_weights_are_refused(rng, simulate_types):
    spikes, _, _ = simulate_types(rng, [2, 2])
    counts = SpikeCounts.from_repeats(spikes)
    with pytest.raises(ValueError, match="must not be negative; got -1"):
        TimingMatrix.from_spikes(counts, rate_weight=-1)


@pytest.mark.skipif(not MOUSE.exists(), reason="needs mouse_rgc/psth_types.npz")
@pytest.mark.parametrize(
    ("names", "n_repeats", "seed", "weights", "objectives", "losses"),
    [
        (
            ["HD2", "F-mini OFF", "ON DS"],
            10,
            0,
            (0.231884, 0.925607),
            (-768.22133330, -753.58292468),
            (9.609804, 31.378362, 65.842750),
        ),
        (
            ["LED", "F-mini ON", "OFF transient SmRF", "ON OS weak surround", "HD2"],
            30,
            1,
            (0.801551, 0.986800),
            (-1613.20850983, -1603.49340023),
            (61.783235, 89.163659, 133.434003),
        ),
    ],
)
def test_figures_of_the_sketch_on_mouse_cells(
    names, n_repeats, seed, weights, objectives, losses
):
    cells = np.load(MOUSE)
    drawn = np.concatenate(
        [np.flatnonzero(cells["cell_type"] == name)[:10] for name in names]
    )
    types = np.unique(cells["cell_type"][drawn], return_inverse=True)[1]
    rate = cells["psth_hz"][drawn].reshape(len(drawn), 6, 80, 2).sum(axis=-1) * 0.01
    x = np.random.default_rng(seed).poisson(
        np.broadcast_to(rate[:, None], (len(drawn), n_repeats, 6, 80))
    )
    matrix = TimingMatrix.from_spikes(
        SpikeCounts.from_repeats(
            x.reshape(len(drawn), n_repeats, -1), stimulus=np.repeat(range(6), 80)
        )
    )
    spread = matrix.weights.min(), matrix.weights.max()
    assert_allclose(spread, weights, atol=5e-7)
    assert_allclose(matrix.objective(types), objectives[0], atol=5e-9)
    tree = build_merge_tree(matrix)
    assert_allclose(
        refine(matrix, tree.labels(len(names)))[1], objectives[1], atol=5e-9
    )
    assert_allclose(tree.losses[-3:], losses, atol=5e-7)


def test_compiled_loops_equal_numpy(rng, simulate_types):
    pytest.importorskip("numba")
    spikes, types, stimulus = simulate_types(rng, [5, 4], n_stimuli=3, n_bins=17)
    spikes[0, :, stimulus == 1] = np.nan
    counts = SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    compiled = TimingMatrix.from_spikes(counts, rate_weight=0.3, min_compiled=1)
    plain = TimingMatrix.from_spikes(counts, rate_weight=0.3, min_compiled=10**12)
    assert compiled.loops is not None
    assert plain.loops is None
    rows = np.concatenate([plain.counts, plain.sums(types, 2), 1e4 * plain.counts])
    assert_allclose(compiled.values(rows), plain.values(rows), rtol=1e-13, atol=1e-13)
    trees = [build_merge_tree(matrix) for matrix in (compiled, plain)]
    assert_array_equal(trees[0].children, trees[1].children)
    assert_allclose(trees[0].losses, trees[1].losses, atol=1e-11)


def test_reassignment_is_the_same_with_and_without_compiled_loops(rng, simulate_types):
    pytest.importorskip("numba")
    spikes, types, stimulus = simulate_types(rng, [12, 9, 7, 6], n_stimuli=2)
    spikes[::4, :, stimulus == 1] = np.nan
    spikes[5] = 0  # silent: moves nowhere
    counts = SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    start = rng.integers(0, 5, len(types))
    found = []
    for least in (1, 10**12):
        matrix = TimingMatrix.from_spikes(counts, rate_weight=0.3, min_compiled=least)
        assert (matrix.loops is None) == (least > 1)
        found.append(refine(matrix, start))
    assert not np.array_equal(found[0][0], start)
    assert_array_equal(found[0][0], found[1][0])
    assert_allclose(found[0][1], found[1][1], rtol=1e-12)


def test_single_precision_keeps_its_bound(rng, simulate_types):
    pytest.importorskip("numba")
    spikes, _, stimulus = simulate_types(rng, [20, 15, 10])
    counts = SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    single = pairwise_losses(TimingMatrix.from_spikes(counts, min_compiled=1))
    exact = pairwise_losses(TimingMatrix.from_spikes(counts, min_compiled=10**12))
    off = np.abs(single.losses - exact.losses)
    np.fill_diagonal(off, 0)
    assert 0 < off.max() < 1e-3
    assert (off <= single.error[:, None] + single.error).all()
    assert not exact.error.any()
