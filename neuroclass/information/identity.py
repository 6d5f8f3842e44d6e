"""Identity information: mutual information between a word and the neuron identity.

Input: counts of words by neuron and condition. Output: bits per word.  The quantity is
that of Schneidman, Bialek & Berry (2002): no metric on stimuli or on responses enters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroclass._lib.checks import check_choice
from neuroclass._lib.wording import estimate
from neuroclass.estimators import (
    ENTROPY_ESTIMATORS,
    EntropyEstimator,
    bias_aware_interval,
    jackknife_interval,
)
from neuroclass.information.entropy_terms import (
    InformationTerms,
    WordCounts,
    check_integer_counts,
    condensed,
    information_terms,
)
from neuroclass.information.observed_words import ObservedWords
from neuroclass.information.two_words import TwoWordCounts, without_group

__all__ = [
    "IDENTITY_ESTIMATORS",
    "IdentityInformation",
    "identity_information",
    "within_bounds",
]

IDENTITY_ESTIMATORS = (
    "empirical-bayes",
    "blend",
    *(name for name in ENTROPY_ESTIMATORS if name != "james-stein"),
)


@dataclass(frozen=True, repr=False)
class IdentityInformation:
    """Mutual information between a word and the neuron that emitted it.

    Attributes
    ----------
    bits_per_word : float
        Identity information by `estimator`, averaged over conditions.
    interval : ndarray of shape (2,)
        95 % interval of the information, of noise and bias, by empirical Bayes and the
        blend (`bias_aware_interval`); by another estimator, of the mean of that
        estimator.  Nan without groups of repeats.
    standard_error : float
        Standard error of `bits_per_word`, without its bias; nan without groups of
        repeats.
    replicates : ndarray of shape (n_groups,)
        `bits_per_word` without each group of repeats; none without groups.
    less_biased_replicates : ndarray of shape (n_groups,)
        `empirical_bayes` without each group of repeats; those of `estimator` where that
        is neither this nor the blend.
    per_condition : ndarray of shape (n_conditions,)
        Bits per word in each condition; their mean, weighted by repeats, is
        `bits_per_word`.  Nan where no neuron was recorded.
    per_neuron : ndarray of shape (n_neurons,)
        Bits per word of each neuron: the divergence of its words from those of the
        population, averaged over conditions.  Their mean, weighted by repeats, is
        `bits_per_word` but for the blend, which weighs the evidence of each neuron by
        itself.
    per_neuron_interval : ndarray of shape (n_neurons, 2)
        95 % intervals, as `interval`.
    by_partition : tuple of ndarray of shape (n_labels,)
        Bits per word of the neurons of each label, the mean of their contributions to
        the whole; by the blend, which weighs the evidence of all of them together,
        that need not be the mean of `per_neuron`.
    by_partition_interval : tuple of ndarray of shape (n_labels, 2)
        95 % intervals, as `interval`.
    plug_in, miller_madow, jackknife, empirical_bayes, blend : float
        Identity information by each of these estimators, bits per word.
    chance_level : float
        Mean of the plug-in if the repeats were exchangeable between all neurons, bits
        per word.
    estimator : str
        Name of the estimator.
    word_duration : float
        Duration of a word, in seconds; nan if not given.
    firing_rate : ndarray of shape (n_neurons,)
        Firing rate of each neuron, in Hz; nan if not given.
    """

    bits_per_word: float
    interval: NDArray[np.float64]
    standard_error: float
    replicates: NDArray[np.float64]
    less_biased_replicates: NDArray[np.float64]
    per_condition: NDArray[np.float64]
    per_neuron: NDArray[np.float64]
    per_neuron_interval: NDArray[np.float64]
    by_partition: tuple[NDArray[np.float64], ...]
    by_partition_interval: tuple[NDArray[np.float64], ...]
    plug_in: float
    miller_madow: float
    jackknife: float
    empirical_bayes: float
    blend: float
    chance_level: float
    estimator: str
    word_duration: float
    firing_rate: NDArray[np.float64]

    def __repr__(self) -> str:
        value, interval = estimate(self.bits_per_word, *self.interval)
        return (
            f"IdentityInformation({value} bits/word"
            f"{f' ({interval})' if interval else ''} by {self.estimator}, "
            f"{len(self.per_neuron)} neurons, {len(self.per_condition)} conditions)"
        )

    @property
    def bits_per_second(self) -> float:
        """Information rate: bits per word over the duration of a word, bits/s."""
        return self.bits_per_word / self.word_duration

    @property
    def bits_per_spike(self) -> float:
        """Information rate over the mean firing rate, bits per spike."""
        rate = float(np.mean(self.firing_rate))
        return self.bits_per_second / rate if rate > 0 else float("nan")


def identity_information(
    counts: WordCounts | ArrayLike,
    *,
    estimator: Literal["empirical-bayes", "blend"]
    | EntropyEstimator = "empirical-bayes",
    groups: Iterable[ArrayLike] | None = None,
    partitions: Sequence[ArrayLike] = (),
) -> IdentityInformation:
    r"""Estimate the mutual information between a word and the neuron that emitted it.

    .. math:: I = \sum_s P(s) \sum_i P(i|s) \sum_w P(w|i,s)
              \log_2 \frac{P(w|i,s)}{\sum_j P(j|s) P(w|j,s)}

    for words w, neurons i, conditions s, where neurons are weighted by their repeats:
    with common repeats all weigh the same.  Between 0 and log2 of the number
    of neurons.

    Parameters
    ----------
    counts : ResponseCounts or array_like of int, (n_neurons, n_conditions, n_words)
        Number of repeats with each word, by neuron and condition, or an object with
        such an array as ``counts``; its ``word_duration`` (s) and ``firing_rate`` (Hz),
        where it has them, give rates per second and per spike, else these are nan.
    estimator : str
        Bias correction, one of `IDENTITY_ESTIMATORS`.  "empirical-bayes" subtracts
        from the jackknife its expected excess (`jackknife_excess`).  The blend
        subtracts the exact chance level as far as the plug-in value could be chance,
        and the jackknife's bias as far as it could not.  The others are differences of
        entropies, of the words of the population and of those of each neuron.
    groups : iterable of array_like like `counts`, optional
        Counts of groups of repeats (`count_groups`), for intervals.
    partitions : sequence of array_like of int, (n_neurons,)
        Labels 0, 1, ... of the neurons, for the information of the neurons of each.

    Returns
    -------
    IdentityInformation

    Raises
    ------
    ValueError
        If `counts` has not three axes, holds negative numbers, or is not integer; if
        there are fewer than 4 repeats for the quadratic extrapolation; for James-Stein,
        which exceeds the plug-in (``test_shrinkage_is_refused``); if a partition has
        not one label from 0 on for each neuron.

    Notes
    -----
    With few repeats the plug-in value is too high by about
    (n_words - 1) / (2 R ln 2) bits per word.  "panzeri-treves" and "nsb" take the words
    observed from any neuron for those that are possible.
    ``test_information_is_close_to_the_truth_with_few_repeats``.

    Empirical Bayes has the least bias (docs/decisions.md).  The blend is too low with
    few repeats and too high with many, by more than its noise where neurons and
    conditions are many: intervals of empirical Bayes reach as far as the blend, and
    those of the blend beyond it.  Where the estimate is above 0 the interval does not
    start below, and unless the estimate does it does not end above the information of
    neurons without a common word.
    ``test_intervals_hold_the_truth``.

    References
    ----------
    .. [1] Schneidman, Bialek & Berry (2002), NIPS 15, arXiv:physics/0212114, Eq. 2.

    Examples
    --------
    >>> counts = [[[10, 0]], [[0, 10]]]  # two neurons without a common word
    >>> round(identity_information(counts, estimator="plug-in").plug_in, 9)
    1.0
    """
    if estimator == "james-stein":
        raise ValueError(
            "estimator must reduce the upward bias of identity information; "
            "james-stein raises it, by evening the word frequencies of neurons that "
            "fire rarely. Use empirical-bayes."
        )
    check_choice(estimator, "estimator", IDENTITY_ESTIMATORS)
    word_duration = float(getattr(counts, "word_duration", "nan"))
    firing_rate = getattr(counts, "firing_rate", None)
    array = check_integer_counts(counts)
    is_corrected = estimator in ("blend", "empirical-bayes")
    sparing = condensed(array)
    corrected = information_terms(sparing, "empirical-bayes")
    terms = corrected if is_corrected else information_terms(array, estimator)
    # All neurons, each neuron, and the given partitions.
    labels = [np.zeros(len(array), dtype=np.intp), np.arange(len(array))]
    labels += [_labels_of(partition, len(array)) for partition in partitions]
    value = _by_label(terms, estimator, labels)  # (sum of n_labels,)
    replicates = less_biased = np.empty((0, len(value)))
    error, interval = np.full(len(value), np.nan), np.full((len(value), 2), np.nan)
    if groups is not None:
        replicates, less_biased, interval = _replicates(
            sparing if is_corrected else array,
            terms,
            groups,
            estimator,
            labels,
        )
        error, _ = jackknife_interval(value, replicates)
    ends = np.cumsum([one.max() + 1 for one in labels])[:-1]
    (whole,), per_neuron, *by_partition = np.split(value, ends)
    (of_whole,), per_neuron_interval, *intervals = np.split(interval, ends)
    return IdentityInformation(
        bits_per_word=float(whole),
        interval=of_whole,
        standard_error=float(error[0]),
        replicates=replicates[:, 0],
        less_biased_replicates=less_biased[:, 0],
        per_condition=terms.per_condition(estimator),
        per_neuron=per_neuron,
        per_neuron_interval=per_neuron_interval,
        by_partition=tuple(by_partition),
        by_partition_interval=tuple(intervals),
        plug_in=terms.mean("plug-in"),
        miller_madow=terms.mean("miller-madow"),
        jackknife=terms.mean("jackknife"),
        empirical_bayes=corrected.mean("empirical-bayes"),
        blend=corrected.mean("blend"),
        chance_level=float(terms.chance.sum() / terms.repeats.sum()),
        estimator=estimator,
        word_duration=word_duration,
        firing_rate=(
            np.full(len(array), np.nan) if firing_rate is None else firing_rate
        ),
    )


def _labels_of(partition: ArrayLike, n_neurons: int) -> NDArray[np.intp]:
    labels = np.asarray(partition)
    is_valid = labels.shape == (n_neurons,) and labels.dtype.kind in "iu"
    if not is_valid or labels.min() < 0:
        raise ValueError(
            f"partitions must hold one label from 0 on for each of the {n_neurons} "
            f"neurons; got {labels.dtype} of shape {labels.shape}. Number the classes "
            "0, 1, ..."
        )
    return labels


def _by_label(
    terms: InformationTerms, estimator: str, labels: Sequence[NDArray[np.intp]]
) -> NDArray[np.float64]:
    """Return bits per word of each label of each partition, one after the other."""
    return np.concatenate([terms.by_set(estimator, one) for one in labels])


def _replicates(
    counts: NDArray[np.int64] | TwoWordCounts | ObservedWords,
    terms: InformationTerms,
    groups: Iterable[ArrayLike],
    estimator: str,
    labels: Sequence[NDArray[np.intp]],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return values without each group, the less biased ones, and intervals."""
    value = _by_label(terms, estimator, labels)
    is_corrected = estimator in ("blend", "empirical-bayes")
    less_biased_estimator = "empirical-bayes" if is_corrected else estimator
    values, less_biased = [], []
    for group in groups:
        rest = (
            counts.without(group)
            if isinstance(counts, ObservedWords)
            else without_group(counts, group)
        )
        left = information_terms(rest, less_biased_estimator)
        values.append(_by_label(left, estimator, labels))
        if is_corrected:
            less_biased.append(_by_label(left, less_biased_estimator, labels))
    if len(values) < 2:
        raise ValueError(f"groups must be at least two; got {len(values)}.")
    if is_corrected:
        less_biased_value = _by_label(terms, less_biased_estimator, labels)
        interval = bias_aware_interval(
            value,
            less_biased_value,
            less_biased,
            as_far_as=_by_label(terms, "blend", labels),
        )
        bound = np.concatenate([terms.upper_bound(one) for one in labels])
        interval = within_bounds(interval, value, bound)
    else:
        _, interval = jackknife_interval(value, values)
        less_biased = values
    return np.array(values), np.array(less_biased), interval


def within_bounds(
    interval: NDArray[np.float64], value: ArrayLike, bound: ArrayLike
) -> NDArray[np.float64]:
    """Cut intervals at 0 and at the largest possible information.

    Not where the estimate is beyond: it would lie at the end of its own interval.

    Parameters
    ----------
    interval : ndarray of shape (..., 2)
        Intervals, bits per word.
    value, bound : array_like of shape (...,)
        Estimates, and what they can be at most, bits per word.

    Returns
    -------
    ndarray of shape (..., 2)
    """
    low, high = np.moveaxis(interval, -1, 0)
    low = np.where(np.asarray(value) < 0, low, np.maximum(low, 0.0))
    high = np.where(np.asarray(value) > bound, high, np.minimum(high, bound))
    return np.stack([low, high], axis=-1)
