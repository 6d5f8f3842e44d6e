"""Matching of the classes of several populations by their responses.

Input: the word counts of each population under the same conditions, and its classes.
Output: families, which hold at most one class of each population, the distance of
classes, and the agreement of the classes of every two populations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from neuroclass.clustering.count_matrix import CountMatrix
from neuroclass.clustering.label_agreement import compare_labels
from neuroclass.clustering.merge_tree import relabel_by_size
from neuroclass.clustering.pairwise_loss import pairwise_losses

__all__ = ["agreement_of_classes", "class_distances", "match_classes"]


def match_classes(
    counts: Sequence[NDArray[np.int64]], labels: Sequence[NDArray[np.intp]]
) -> tuple[list[NDArray[np.intp]], list[NDArray[np.float64]], NDArray[np.float64]]:
    """Match the classes of several populations by their responses.

    Population by population, beginning with the one of most classes, a class joins a
    family if each is the other's nearest by `class_distances`, else it begins a new
    one.  What is nearest is judged after the mean over its distances is taken from each
    class and each family, so that a population with another gain is matched.

    Parameters
    ----------
    counts : sequence of ndarray, (n_neurons, n_conditions, n_words)
        Word counts of each population, with the same conditions and words.
    labels : sequence of ndarray of int, (n_neurons,)
        Classes of each population, from 0.

    Returns
    -------
    families : list of ndarray of int, (n_clusters,)
        Family of each class, per population; family 0 has the most neurons.
    distance : list of ndarray of float, (n_clusters,)
        Distance of each class from the rest of its family, per population; nan if there
        is no rest.
    nearest : ndarray of float, (n_families,)
        Distance of each family from the nearest other one, nan if there is no other.

    Notes
    -----
    A heuristic: a class without a counterpart may be matched to the most similar one
    that is left. Then its distance is about `nearest`.
    """
    sums = [_sum_by_label(part, own) for part, own in zip(counts, labels, strict=True)]
    order = sorted(range(len(sums)), key=lambda k: -len(sums[k]))
    families: list[NDArray[np.intp]] = [np.empty(0, np.intp)] * len(sums)
    families[order[0]] = np.arange(len(sums[order[0]]))
    of_family = sums[order[0]].copy()
    for k in order[1:]:
        matched = _assign(of_family, sums[k])
        is_new = matched < 0
        matched[is_new] = len(of_family) + np.arange(is_new.sum())
        of_family = np.concatenate([of_family, np.zeros_like(sums[k][is_new])])
        of_family[matched] += sums[k]
        families[k] = matched
    members = np.concatenate(
        [family[own] for family, own in zip(families, labels, strict=True)]
    )
    number = np.empty(len(of_family), np.intp)
    number[members] = relabel_by_size(members)
    distance = [
        np.array(list(map(_distance_from_rest, of_family[family], own)))
        for family, own in zip(families, sums, strict=True)
    ]
    between = class_distances(of_family[np.argsort(number)])
    np.fill_diagonal(between, np.inf)
    nearest = between.min(axis=1)
    nearest[np.isinf(nearest)] = np.nan
    return [number[family] for family in families], distance, nearest


def _sum_by_label(counts: NDArray[Any], labels: NDArray[np.intp]) -> NDArray[Any]:
    return np.stack(
        [counts[labels == label].sum(axis=0) for label in range(labels.max() + 1)]
    )


def _assign(of_family: NDArray[np.int64], sums: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the family of each class, -1 where they are not each other's nearest."""
    n = len(of_family)
    between = class_distances(np.concatenate([of_family, sums]))[:n, n:]
    if min(between.shape) > 1:
        # Another gain, or noisier cells, are far from every class alike.
        between = between - between.mean(axis=0) - between.mean(axis=1)[:, None]
    family, own = between.argmin(axis=0), between.argmin(axis=1)
    return np.where(own[family] == np.arange(len(sums)), family, -1)


def class_distances(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    r"""Compute the normalised merge loss of every two classes.

    The distance of two classes a and b is the mutual information between a word and
    which of the two classes emitted it, over the largest possible value,

    .. math:: d(a, b) = L(a, b) / (n \, h(n_a / n)),

    with L the loss of merging them in bits times repeats, n_a and n the number of words
    of a and of both, h the binary entropy: 0 for the same responses, 1 for no word in
    common, whatever the sizes of the classes.

    Parameters
    ----------
    counts : ndarray of int, (n_clusters, n_conditions, n_words)
        Summed word counts of each class.

    Returns
    -------
    ndarray of float, (n_clusters, n_clusters)
        Distances, 0 on the diagonal; slightly below 0 where two classes differ less
        than by chance.
    """
    words = counts.sum(axis=(1, 2)).astype(np.float64)
    both = words[:, None] + words
    share = words[:, None] / both
    most = both * (entr(share) + entr(1 - share)) / np.log(2)
    distances: NDArray[np.float64] = (
        pairwise_losses(CountMatrix.from_counts(counts), in_double=True).losses / most
    )
    return distances


def _distance_from_rest(family: NDArray[np.int64], own: NDArray[np.int64]) -> float:
    rest = family - own
    if not rest.any():
        return np.nan
    return float(class_distances(np.stack([own, rest]))[0, 1])


def agreement_of_classes(
    counts: Sequence[NDArray[np.int64]],
    labels: Sequence[NDArray[np.intp]],
    *,
    n_permutations: int = 999,
    random_state: int | None = 0,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute the agreement of the classes of every two populations.

    Each neuron of one population is assigned to the class of the other with which
    merging loses least; these labels are compared with its own class.

    Parameters
    ----------
    counts : sequence of ndarray, (n_neurons, n_conditions, n_words)
        Word counts of each population, with the same conditions and words.
    labels : sequence of ndarray of int, (n_neurons,)
        Classes of each population, from 0.
    n_permutations : int, default 999
        Number of random permutations for the p-value.
    random_state : int or None, default 0
        Seed of the permutations.

    Returns
    -------
    agreement : ndarray, (n_populations, n_populations)
        Adjusted mutual information over the neurons of the second population; 1 on the
        diagonal.
    p_value : ndarray, (n_populations, n_populations)
        Of `agreement`, by permutation.
    """
    agreement, p_value = np.ones((2, len(counts), len(counts)))
    matrix = CountMatrix.from_counts(np.concatenate(list(counts)))
    parts = np.split(matrix.wide(), np.cumsum([len(part) for part in counts])[:-1])
    sums = [_sum_by_label(part, own) for part, own in zip(parts, labels, strict=True)]
    for a, b in np.argwhere(~np.eye(len(counts), dtype=bool)):
        gained = [
            matrix.values(parts[b] + one) - value
            for one, value in zip(sums[a], matrix.values(sums[a]), strict=True)
        ]
        found = compare_labels(
            labels[b],
            np.argmax(gained, axis=0),
            n_permutations=n_permutations,
            random_state=random_state,
        )
        agreement[a, b] = found.adjusted_mutual_information
        p_value[a, b] = found.p_value
    return agreement, p_value
