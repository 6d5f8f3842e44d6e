"""Class information: mutual information between a word and the class of its neuron.

Input: counts of words, and a class per neuron. Output: bits per word.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroclass.estimators import (
    Estimator,
    bias_aware_interval,
    repeat_term,
    word_term,
)
from neuroclass.information.entropy_terms import (
    InformationTerms,
    WordCounts,
    blend,
    check_integer_counts,
    information_terms,
    total_less_excess,
)
from neuroclass.information.identity import within_bounds
from neuroclass.information.two_words import (
    TwoWordCounts,
    two_word_counts,
    without_group,
)

__all__ = [
    "ClassInformation",
    "class_information",
    "information_between_classes",
    "sum_by_class",
    "within_class_information",
]


def class_information(
    counts: WordCounts | ArrayLike,
    labels: ArrayLike,
    estimator: Estimator = "miller-madow",
) -> float:
    """Estimate the mutual information between a word and the class of its neuron.

    The response of a class is the mixture of those of its members, so this is the
    identity information of the summed counts.

    Parameters
    ----------
    counts : array_like of int, (n_neurons, n_conditions, n_words)
        Number of repeats with each word, by neuron and condition, or an object with
        such an array as ``counts``.
    labels : array_like of shape (n_neurons,)
        Class of each neuron.
    estimator : {"miller-madow", "plug-in", "jackknife"}
        Entropy estimator.

    Returns
    -------
    float
        Bits per word.

    References
    ----------
    .. [1] Schneidman, Bialek & Berry (2002), NIPS 15, arXiv:physics/0212114.

    Examples
    --------
    >>> counts = [[[9, 1]], [[8, 2]], [[1, 9]], [[0, 10]]]
    >>> round(class_information(counts, [0, 0, 1, 1], "plug-in"), 3)
    0.545
    """
    array = check_integer_counts(counts)
    return _information(sum_by_class(array, labels), estimator)


def within_class_information(
    counts: WordCounts | ArrayLike,
    labels: ArrayLike,
    estimator: Estimator = "miller-madow",
) -> float:
    """Estimate the information between a word and its neuron, given the class.

    By the chain rule `class_information` and this add to the identity information,
    for every estimator here.

    Parameters
    ----------
    counts : array_like of int, (n_neurons, n_conditions, n_words)
        Number of repeats with each word, by neuron and condition, or an object with
        such an array as ``counts``.
    labels : array_like of shape (n_neurons,)
        Class of each neuron.
    estimator : {"miller-madow", "plug-in", "jackknife"}
        Entropy estimator.

    Returns
    -------
    float
        Bits per word.

    Examples
    --------
    >>> counts = [[[9, 1]], [[9, 1]], [[1, 9]], [[1, 9]]]
    >>> abs(round(within_class_information(counts, [0, 0, 1, 1], "plug-in"), 9))
    0.0
    """
    array = check_integer_counts(counts)
    labels = np.asarray(labels)
    total = 0.0
    for label in np.unique(labels):
        members = array[labels == label]
        if members.sum():
            total += _information(members, estimator) * members.sum()
    return float(total / array.sum())


@dataclass(frozen=True, repr=False)
class ClassInformation:
    """Mutual information between a word and the class of its neuron.

    Attributes
    ----------
    bits_per_word : float
        Information by empirical Bayes, averaged over conditions.
    interval : ndarray of shape (2,)
        95 % interval of `bits_per_word`; nan without groups of repeats.
    chance_level : float
        Mean of the plug-in if repeats were exchangeable between the classes, bits per
        word.
    share : float
        Share of the identity information that is between the classes, by the blend of
        both parts, from 0 to 1; nan without any identity information.
    share_interval : ndarray of shape (2,)
        95 % interval of `share`; nan without groups of repeats.
    """

    bits_per_word: float
    interval: NDArray[np.float64]
    chance_level: float
    share: float
    share_interval: NDArray[np.float64]

    def __repr__(self) -> str:
        return (
            f"ClassInformation({self.bits_per_word:.3g} bits/word, "
            f"{100 * self.share:.3g} % of the identity information)"
        )


def information_between_classes(
    counts: WordCounts | ArrayLike,
    labels: ArrayLike,
    groups: Iterable[ArrayLike] | None = None,
) -> ClassInformation:
    """Estimate the share of identity information between classes, bias-corrected.

    The share has both terms of the chain rule by the blend, each with its own chance
    level: B of the classes, W of the neurons within them; it is B / (B + W).  Without
    these corrections the sampling noise of the neurons passes for information that
    the classes lose (`test_classes_of_identical_neurons_keep_everything`).  Each of the
    two numbers is by the estimate that has less bias for it (docs/decisions.md).

    Parameters
    ----------
    counts : array_like of int, (n_neurons, n_conditions, n_words)
        Number of repeats with each word, by neuron and condition, or an object with
        such an array as ``counts``.
    labels : array_like of shape (n_neurons,)
        Class of each neuron.
    groups : iterable of array_like like `counts`, optional
        Counts of groups of repeats (`count_groups`), for intervals of these classes
        (`bias_aware_interval`, from the estimator `empirical-bayes`).

    Returns
    -------
    ClassInformation

    Examples
    --------
    >>> counts = [[[10, 0]], [[10, 0]], [[0, 10]], [[0, 10]]]
    >>> information_between_classes(counts, [0, 0, 1, 1]).share
    1.0
    """
    array = check_integer_counts(counts)
    labels = np.asarray(labels)
    _check_labels(array, labels)
    all_counts = two_word_counts(array) or array
    terms = information_terms(_sums(all_counts, labels))
    less_biased = _less_biased(all_counts, labels)
    whole = np.array([less_biased[0], _share(all_counts, terms, labels)])
    intervals = np.full((2, 2), np.nan)
    if groups is not None:
        replicates = [
            _less_biased(without_group(all_counts, group), labels) for group in groups
        ]
        blended = terms.total_blend() / float(terms.repeats.sum())
        intervals = bias_aware_interval(
            whole, less_biased, replicates, as_far_as=[blended, whole[1]]
        )
        (bound,) = terms.upper_bound(np.zeros(len(terms.bound), dtype=np.intp))
        intervals[0] = within_bounds(intervals[0], whole[0], bound)
        intervals[1] = np.clip(intervals[1], 0.0, 1.0)
        if np.isnan(intervals[1]).any() and not np.isnan(whole[1]):
            intervals[1] = 0.0, 1.0  # the whole may be 0
    return ClassInformation(
        bits_per_word=float(whole[0]),
        interval=intervals[0],
        chance_level=float(terms.chance.sum() / terms.repeats.sum()),
        share=float(whole[1]),
        share_interval=intervals[1],
    )


def _sums(
    counts: NDArray[np.int64] | TwoWordCounts, labels: NDArray[Any]
) -> NDArray[np.int64]:
    """Return the counts of each class, (n_clusters, n_conditions, n_words)."""
    if isinstance(counts, TwoWordCounts):
        return counts.sum_by_class(labels)
    return sum_by_class(counts, labels)


def _share(
    counts: NDArray[np.int64] | TwoWordCounts,
    between_terms: InformationTerms,
    labels: NDArray[Any],
) -> float:
    """Return the share of the information that is between the classes, by the blend."""
    plug_in = chance = bias = 0.0
    for label in np.unique(labels):
        is_member = labels == label
        if isinstance(counts, TwoWordCounts):
            members: Any = counts.of(is_member)
        else:
            members = counts[is_member]
            if not members.sum():
                continue
        terms = information_terms(members)
        plug_in += terms.cross.sum()
        chance += terms.chance.sum()
        bias += terms.cross.sum() - terms.total("jackknife")
    within = max(0.0, float(blend(plug_in, chance, bias)))
    between = max(0.0, between_terms.total_blend())
    both = between + within
    return between / both if both > 0 else float("nan")


def _less_biased(
    counts: NDArray[np.int64] | TwoWordCounts, labels: NDArray[Any]
) -> NDArray[np.float64]:
    """Return bits per word and share by the estimator `empirical-bayes`."""
    sums = _sums(counts, labels)
    between, whole = (
        # Their totals alone, at half of the cost of all terms.
        total_less_excess(each) / sums.sum()
        for each in (sums, counts)
    )
    return np.array([between, between / whole if whole > 0 else float("nan")])


def sum_by_class(counts: NDArray[np.int64], labels: ArrayLike) -> NDArray[np.int64]:
    """Return the counts of each class, (n_clusters, n_conditions, n_words).

    Examples
    --------
    >>> import numpy as np
    >>> sum_by_class(np.array([[[3, 1]], [[2, 2]], [[0, 4]]]), [0, 0, 1]).tolist()
    [[[5, 3]], [[0, 4]]]
    """
    labels = np.asarray(labels)
    _check_labels(counts, labels)
    _, inverse = np.unique(labels, return_inverse=True)
    sums = np.zeros((inverse.max() + 1, *counts.shape[1:]), dtype=np.int64)
    np.add.at(sums, inverse, counts)
    return sums


def _check_labels(counts: NDArray[np.int64], labels: NDArray[Any]) -> None:
    """Refuse labels that are not one class per neuron."""
    if labels.shape != counts.shape[:1]:
        raise ValueError(
            f"labels must hold one class per neuron ({len(counts)}); "
            f"got shape {labels.shape}."
        )


def _information(counts: NDArray[np.int64], estimator: Estimator) -> float:
    def negative_entropy(n: NDArray[np.int64]) -> float:
        words = float(word_term(n, estimator).sum())
        return words + float(repeat_term(n.sum(axis=-1), estimator).sum())

    pooled = counts.sum(axis=0)
    bits = negative_entropy(counts) - negative_entropy(pooled)
    return bits / float(counts.sum())
