"""Whether the classes of a cut come out again from other repeats.

Input: spike counts of odd and even repeats, and partitions. Output: the adjusted Rand
index of the partitions that each half gives.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neuroclass.clustering.merge_tree import build_merge_tree
from neuroclass.clustering.reassignment import refine
from neuroclass.clustering.timing.spike_counts import SpikeCounts
from neuroclass.clustering.timing.timing_matrix import TimingMatrix

__all__ = ["adjusted_rand_index", "split_half_agreement"]

_MOST_IN_TREE = 1000  # neurons; of more, two further trees take longer than the cuts


def split_half_agreement(
    spikes: SpikeCounts,
    matrix: TimingMatrix,
    partitions: Sequence[NDArray[np.intp]],
) -> NDArray[np.float64]:
    """Compute how far the classes of odd and of even repeats agree.

    Each half of the repeats is divided anew into as many classes: from its own tree and
    from the partition that is tested, whichever keeps more information.

    Parameters
    ----------
    spikes : SpikeCounts
        With the spikes of odd and even repeats.
    matrix : TimingMatrix
        Of all repeats, for its weights.
    partitions : sequence of ndarray of int, (n_neurons,)
        Classes from 0 without gaps.

    Returns
    -------
    ndarray, (n_partitions,)
        Adjusted Rand index of the two partitions, of the neurons that fire in both
        halves: 1 for the same, 0 as by chance. Not a number where a half is missing or
        fewer than two neurons fire in both.

    Notes
    -----
    Each half holds half of the spikes, so that all repeats together give more
    reproducible classes. That a cut is reproducible does not make it real: a continuum
    that is cut in two, and a difference in rate, come out again as well (z of the cut
    tells). Of more than 1000 neurons only the tested partition is a beginning, and the
    agreement is rather too high. Cost: two trees and, for each partition, four
    refinements.
    """
    agreement = np.full(len(partitions), np.nan)
    if not partitions or spikes.odd is None or spikes.even is None:
        return agreement
    fires = (spikes.odd.sum(axis=1) > 0) & (spikes.even.sum(axis=1) > 0)
    if fires.sum() < 2:
        return agreement
    found = []
    for counts, repeats in (
        (spikes.odd, (spikes.repeats + 1) // 2),
        (spikes.even, spikes.repeats // 2),
    ):
        half = SpikeCounts(counts, spikes.variance, repeats, spikes.stimulus)
        found.append(_partitions_of(half, matrix, partitions))
    for k, (one, other) in enumerate(zip(*found, strict=True)):
        agreement[k] = adjusted_rand_index(one[fires], other[fires])
    return agreement


def adjusted_rand_index(one: NDArray[np.intp], other: NDArray[np.intp]) -> float:
    """Return the adjusted Rand index of two partitions.

    That of scikit-learn, which takes half a second to load: every command that shows
    the cuts would wait for it.

    Parameters
    ----------
    one, other : ndarray of int, (n_neurons,)
        Class of each neuron, from 0.

    Returns
    -------
    float
        1 for the same partition, 0 on average for independent ones.

    References
    ----------
    .. [1] Hubert & Arabie (1985), J. Classification 2:193-218,
       doi:10.1007/BF01908075, equation 5.
    """
    shared = np.zeros((one.max(initial=0) + 1, other.max(initial=0) + 1), np.int64)
    np.add.at(shared, (one, other), 1)
    n, both = len(one), int((shared**2).sum())
    apart = int((shared.sum(axis=1) ** 2).sum()) - both  # ordered pairs, in `one` only
    joined = int((shared.sum(axis=0) ** 2).sum()) - both
    if apart == joined == 0:
        return 1.0
    together, neither = both - n, n**2 - both - apart - joined
    total = (together + apart) * (apart + neither)
    total += (together + joined) * (joined + neither)
    return 2.0 * (together * neither - apart * joined) / total


def _partitions_of(
    spikes: SpikeCounts,
    matrix: TimingMatrix,
    partitions: Sequence[NDArray[np.intp]],
) -> list[NDArray[np.intp]]:
    """Return the partitions of some repeats into as many classes each."""
    own = TimingMatrix.from_spikes(
        spikes,
        half_weight=matrix.half_weight,
        rate_weight=matrix.rate_weight,
        min_compiled=matrix.min_compiled,
    )
    tree = build_merge_tree(own) if len(own.counts) <= _MOST_IN_TREE else None
    found = []
    gains: dict[bytes, NDArray[np.float64]] = {}
    for labels in partitions:
        best = refine(own, labels, gains)
        if tree is not None:
            other = refine(own, tree.labels(int(labels.max()) + 1), gains)
            best = other if other[1] > best[1] + own.tolerance else best
        found.append(best[0])
    return found
