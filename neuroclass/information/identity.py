"""Information about who spoke: how much a word tells which neuron it came from.

Takes counts of words, gives bits.  The quantity is that of Schneidman, Bialek & Berry
(2002): no metric on stimuli or on responses enters.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroclass._lib.checks import check_choice
from neuroclass.estimators import ENTROPY_ESTIMATORS, EntropyEstimator
from neuroclass.estimators.jackknife import bias_aware_interval, jackknife_interval
from neuroclass.information.entropy_terms import (
    InformationTerms,
    check_integer_counts,
    information_terms,
)

__all__ = ["IDENTITY_ESTIMATORS", "IdentityInformation", "identity_information"]

IDENTITY_ESTIMATORS = (
    "blend",
    "empirical-bayes",
    *(name for name in ENTROPY_ESTIMATORS if name != "james-stein"),
)


@dataclass(frozen=True)
class IdentityInformation:
    """What a word tells about which neuron spoke it.

    Attributes
    ----------
    bits_per_word : float
        By `estimator`, averaged over conditions.
    interval : ndarray of shape (2,)
        95 % interval of the information, by the blend and empirical Bayes
        (`bias_aware_interval`); by another estimator, of what that gives on average.
        Nan without groups of repeats.
    standard_error : float
        Of `bits_per_word`, without its bias; nan without groups of repeats.
    replicates : ndarray of shape (n_groups,)
        `bits_per_word` without each group of repeats; none without groups.
    less_biased_replicates : ndarray of shape (n_groups,)
        `empirical_bayes` without each group of repeats; those of `estimator` where that
        is neither this nor the blend.
    per_condition : ndarray of shape (n_conditions,)
        Bits per word in each condition; their mean, weighted by repeats, is
        `bits_per_word`.  Nan where nobody was recorded.
    per_neuron : ndarray of shape (n_neurons,)
        Bits per word of each neuron: the divergence of its words from everybody's,
        averaged over conditions.  Their mean, weighted by repeats, is `bits_per_word`
        but for the blend, which weighs the evidence of each neuron by itself.
    per_neuron_interval : ndarray of shape (n_neurons, 2)
        95 % intervals, as `interval`.
    by_partition : tuple of ndarray of shape (n_labels,)
        Bits per word of the neurons of each label, the mean of what each of them adds
        to the whole; by the blend, which weighs the evidence of all of them together,
        that need not be the mean of `per_neuron`.
    by_partition_interval : tuple of ndarray of shape (n_labels, 2)
        95 % intervals, as `interval`.
    plug_in, miller_madow, jackknife, empirical_bayes : float
        The same information by other estimators, bits per word.
    chance_level : float
        What the plug-in would give on average if all neurons were the same one.
    estimator : str
        Name.
    word_duration : float
        s; nan if not given.
    firing_rate : ndarray of shape (n_neurons,)
        Hz; nan if not given.
    """

    bits_per_word: float
    interval: NDArray[np.float64]
    standard_error: float
    replicates: NDArray[np.float64] = field(repr=False)
    less_biased_replicates: NDArray[np.float64] = field(repr=False)
    per_condition: NDArray[np.float64] = field(repr=False)
    per_neuron: NDArray[np.float64] = field(repr=False)
    per_neuron_interval: NDArray[np.float64] = field(repr=False)
    by_partition: tuple[NDArray[np.float64], ...] = field(repr=False)
    by_partition_interval: tuple[NDArray[np.float64], ...] = field(repr=False)
    plug_in: float
    miller_madow: float
    jackknife: float
    empirical_bayes: float
    chance_level: float
    estimator: str
    word_duration: float
    firing_rate: NDArray[np.float64] = field(repr=False)

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
    counts: Any,
    *,
    estimator: Literal["blend", "empirical-bayes"] | EntropyEstimator = "blend",
    groups: Iterable[ArrayLike] | None = None,
    partitions: Sequence[ArrayLike] = (),
) -> IdentityInformation:
    r"""Estimate what a word tells about which neuron spoke it.

    .. math:: I = \sum_s P(s) \sum_i P(i|s) \sum_w P(w|i,s)
              \log_2 \frac{P(w|i,s)}{\sum_j P(j|s) P(w|j,s)}

    for words w, neurons i, conditions s, where a neuron weighs as much as it has
    repeats: with common repeats all weigh the same.  Between 0 and log2 of the number
    of neurons.

    Parameters
    ----------
    counts : ResponseCounts or array_like of shape (n_neurons, n_conditions, n_words)
        How often each neuron spoke each word in each condition.  With an array, rates
        per second and per spike are nan.
    estimator : str
        One of `IDENTITY_ESTIMATORS`.  The blend
        subtracts the exact chance level as far as the plug-in value could be chance,
        and the jackknife's bias as far as it could not.  "empirical-bayes" takes off
        the jackknife what it is expected to have too much (`jackknife_excess`).  The
        others are differences of entropies, of everybody's words and of each neuron's.
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
        which gives more than the plug-in (``test_shrinkage_is_refused``); if a
        partition has not one label from 0 on for each neuron.

    Notes
    -----
    With few repeats the plug-in value is too high by about
    (n_words - 1) / (2 R ln 2) bits per word.  "panzeri-treves" and "nsb" take the words
    that anybody spoke for those that are possible.
    ``test_blend_is_close_to_the_truth_with_few_repeats``.

    The blend is too low with few repeats and too high with many, by more than its
    noise where neurons and conditions are many.  Its interval is therefore that of
    empirical Bayes, which has less bias and more noise, extended to the blend: it need
    not lie evenly around it.  Unless the estimate does, it neither starts below 0 nor
    ends above what neurons have that never say the same.
    ``test_intervals_hold_the_truth``.

    References
    ----------
    .. [1] Schneidman, Bialek & Berry (2002), NIPS 15, arXiv:physics/0212114, Eq. 2.

    Examples
    --------
    >>> counts = [[[10, 0]], [[0, 10]]]  # two neurons that never say the same
    >>> round(identity_information(counts, estimator="plug-in").plug_in, 9)
    1.0
    """
    if estimator == "james-stein":
        raise ValueError(
            "estimator must lower what chance adds to identity information; "
            "james-stein raises it, by evening the words of those who speak rarely. "
            "Use blend."
        )
    check_choice(estimator, "estimator", IDENTITY_ESTIMATORS)
    word_duration = float(getattr(counts, "word_duration", "nan"))
    firing_rate = getattr(counts, "firing_rate", None)
    array = check_integer_counts(getattr(counts, "counts", counts))
    corrected = information_terms(array, "empirical-bayes")
    is_corrected = estimator in ("blend", "empirical-bayes")
    terms = corrected if is_corrected else information_terms(array, estimator)
    # Everybody, each neuron, and what was asked for.
    labels = [np.zeros(len(array), dtype=np.intp), np.arange(len(array))]
    labels += [_labels_of(partition, len(array)) for partition in partitions]
    value = _by_label(terms, estimator, labels)  # (n_labels in all,)
    replicates = less_biased = np.empty((0, len(value)))
    error, interval = np.full(len(value), np.nan), np.full((len(value), 2), np.nan)
    if groups is not None:
        replicates, less_biased, interval = _replicates(
            array, terms, groups, estimator, labels
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
    counts: NDArray[np.int64],
    terms: InformationTerms,
    groups: Iterable[ArrayLike],
    estimator: str,
    labels: Sequence[NDArray[np.intp]],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return values without each group, the less biased ones, and intervals."""
    value = _by_label(terms, estimator, labels)
    is_corrected = estimator in ("blend", "empirical-bayes")
    named = "empirical-bayes" if is_corrected else estimator
    values, less_biased = [], []
    for group in groups:
        rest = counts - np.asarray(group)
        left = information_terms(rest, named)
        values.append(_by_label(left, estimator, labels))
        if is_corrected:
            less_biased.append(_by_label(left, named, labels))
    if len(values) < 2:
        raise ValueError(f"groups must be at least two; got {len(values)}.")
    if is_corrected:
        found = _by_label(terms, named, labels)
        interval = bias_aware_interval(value, found, less_biased)
        most = np.concatenate([terms.most(one) for one in labels])
        least, most = np.minimum(value, 0.0), np.maximum(value, most)
        interval = np.clip(interval, least[:, None], most[:, None])
    else:
        _, interval = jackknife_interval(value, values)
        less_biased = values
    return np.array(values), np.array(less_biased), interval
