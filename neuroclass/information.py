"""Information about who spoke: how much a word tells which neuron it came from.

Takes counts of words, gives bits.  The quantity is that of Schneidman, Bialek & Berry
(2002): no metric on stimuli or on responses enters.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from neuroclass._validation import check_choice
from neuroclass.estimators import (
    ENTROPY_ESTIMATORS,
    EntropyEstimator,
    Estimator,
    check_counts,
    entropy,
    expected_xlog2x,
    repeat_term,
    word_term,
    xlog2x,
)

__all__ = [
    "IDENTITY_ESTIMATORS",
    "ClassInformation",
    "IdentityInformation",
    "blend",
    "check_integer_counts",
    "class_information",
    "identity_information",
    "information_between_classes",
    "jackknife_interval",
    "sum_by_class",
    "within_class_information",
]

IDENTITY_ESTIMATORS = (
    "blend",
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
        95 % interval of `bits_per_word`; nan without groups of repeats.
    standard_error : float
        Of `bits_per_word`; nan without groups of repeats.
    per_condition : ndarray of shape (n_conditions,)
        Bits per word in each condition; their mean, weighted by repeats, is
        `bits_per_word`.  Nan where nobody was recorded.
    per_neuron : ndarray of shape (n_neurons,)
        Bits per word of each neuron: the divergence of its words from everybody's,
        averaged over conditions.  Their mean, weighted by repeats, is `bits_per_word`
        but for the blend, which weighs the evidence of each neuron by itself.
    per_neuron_interval : ndarray of shape (n_neurons, 2)
        95 % intervals; nan without groups of repeats.
    plug_in, miller_madow, jackknife : float
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
    per_condition: NDArray[np.float64] = field(repr=False)
    per_neuron: NDArray[np.float64] = field(repr=False)
    per_neuron_interval: NDArray[np.float64] = field(repr=False)
    plug_in: float
    miller_madow: float
    jackknife: float
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
    estimator: Literal["blend"] | EntropyEstimator = "blend",
    groups: Iterable[ArrayLike] | None = None,
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
        and the jackknife's bias as far as it could not.  The others are differences of
        entropies, of everybody's words and of each neuron's.
    groups : iterable of array_like like `counts`, optional
        Counts of groups of repeats (`count_groups`), for delete-a-group jackknife
        intervals.

    Returns
    -------
    IdentityInformation

    Raises
    ------
    ValueError
        If `counts` has not three axes, holds negative numbers, or is not integer; if
        there are fewer than 4 repeats for the quadratic extrapolation; for James-Stein,
        which gives more than the plug-in (``test_shrinkage_is_refused``).

    Notes
    -----
    With few repeats the plug-in value is too high by about
    (n_words - 1) / (2 R ln 2) bits per word.  "panzeri-treves" and "nsb" take the words
    that anybody spoke for those that are possible.
    ``test_blend_is_close_to_the_truth_with_few_repeats``.

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
    terms = _terms(array, estimator)
    per_neuron = terms.per_neuron(estimator)
    interval = per_neuron_interval = None
    standard_error = float("nan")
    if groups is not None:
        # One pass over the groups gives the population and every neuron.
        values = np.array(
            [
                np.append(t.mean(estimator), t.per_neuron(estimator))
                for t in (
                    _terms(array - np.asarray(group), estimator) for group in groups
                )
            ]
        )
        if len(values) < 2:
            raise ValueError(f"groups must be at least two; got {len(values)}.")
        whole = np.append(terms.mean(estimator), per_neuron)
        errors, intervals = jackknife_interval(whole, values)
        standard_error = float(errors[0])
        interval, per_neuron_interval = intervals[0], intervals[1:]
    n_neurons = len(array)
    return IdentityInformation(
        bits_per_word=terms.mean(estimator),
        interval=np.full(2, np.nan) if interval is None else interval,
        standard_error=standard_error,
        per_condition=terms.per_condition(estimator),
        per_neuron=per_neuron,
        per_neuron_interval=(
            np.full((n_neurons, 2), np.nan)
            if per_neuron_interval is None
            else per_neuron_interval
        ),
        plug_in=terms.mean("plug-in"),
        miller_madow=terms.mean("miller-madow"),
        jackknife=terms.mean("jackknife"),
        chance_level=float(terms.chance.sum() / terms.repeats.sum()),
        estimator=estimator,
        word_duration=word_duration,
        firing_rate=(
            np.full(n_neurons, np.nan) if firing_rate is None else firing_rate
        ),
    )


def check_integer_counts(counts: ArrayLike) -> NDArray[np.int64]:
    """Return `counts` as integers on the axes neuron, condition, word."""
    array = check_counts(counts)
    if array.ndim != 3:
        raise ValueError(
            f"counts must have the axes neuron, condition, word; got {array.ndim} axes."
        )
    if array.dtype.kind == "f" and np.any(array != np.floor(array)):
        raise ValueError("counts must be integers: how often each word was spoken.")
    if not array.sum():
        raise ValueError("counts must hold at least one word; all are 0.")
    return array.astype(np.int64)


@dataclass(frozen=True)
class _Terms:
    """Sums over words, in bits times repeats, from which every estimate is made."""

    neuron: Mapping[Any, NDArray[np.float64]]  # -R_i H_i, (n_neurons, n_conditions)
    everyone: Mapping[Any, NDArray[np.float64]]  # -R H of the mixture, (n_conditions,)
    cross: NDArray[np.float64]  # plug-in R_i D(i || mixture), as `neuron`
    chance: NDArray[np.float64]  # expected `cross` if all neurons were the same one
    repeats: NDArray[np.int64]  # R_i, (n_neurons, n_conditions)

    def _total(self, estimator: str) -> NDArray[np.float64]:
        """Return bits times repeats of each condition by one additive estimator."""
        total: NDArray[np.float64] = self.neuron[estimator].sum(axis=0)
        return total - self.everyone[estimator]

    def mean(self, estimator: str) -> float:
        if estimator == "blend":
            return self.total_blend() / float(self.repeats.sum())
        return float(self._total(estimator).sum() / self.repeats.sum())

    def total_jackknife(self) -> float:
        return float(self._total("jackknife").sum())

    def total_blend(self) -> float:
        plug_in, chance = self.cross.sum(), self.chance.sum()
        return float(blend(plug_in, chance, plug_in - self.total_jackknife()))

    def per_condition(self, estimator: str) -> NDArray[np.float64]:
        total = self._total("plug-in" if estimator == "blend" else estimator)
        if estimator == "blend":
            # One weight for all conditions, so that they average to the mean.
            weight = _chance_weight(self.cross.sum(), self.chance.sum())
            bias = total - self._total("jackknife")
            total = total - weight * self.chance.sum(axis=0) - (1 - weight) * bias
        repeats = self.repeats.sum(axis=0)
        bits: NDArray[np.float64] = np.divide(
            total, repeats, out=np.full(len(repeats), np.nan), where=repeats > 0
        )
        return bits

    def per_neuron(self, estimator: str) -> NDArray[np.float64]:
        plug_in = self.cross.sum(axis=1)
        if estimator == "plug-in":
            total = plug_in
        else:
            corrected = "jackknife" if estimator == "blend" else estimator
            # Each neuron carries its own bias and its share of the mixture's.
            share = self.repeats.sum(axis=1) / self.repeats.sum()
            bias = (self.neuron["plug-in"] - self.neuron[corrected]).sum(axis=1)
            bias -= share * (self.everyone["plug-in"] - self.everyone[corrected]).sum()
            total = (
                blend(plug_in, self.chance.sum(axis=1), bias)
                if estimator == "blend"
                else plug_in - bias
            )
        bits: NDArray[np.float64] = total / np.maximum(self.repeats.sum(axis=1), 1)
        return bits


def _terms(counts: NDArray[np.int64], estimator: str = "blend") -> _Terms:
    """Return the sums of the additive estimators, and of `estimator` if another."""
    everyone = counts.sum(axis=0)
    repeats = counts.sum(axis=2)
    everyone_repeats = repeats.sum(axis=0)
    # Only words that were spoken add anything, and most of many words were not.
    spoken = np.flatnonzero(counts)
    times = counts.ravel()[spoken]
    row = spoken // counts.shape[2]  # of (n_neurons, n_conditions)
    counted = np.arange(int(times.max(initial=0)) + 1)

    def sums(each: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(row, each, repeats.size).reshape(repeats.shape)

    def rows(estimator: Estimator) -> NDArray[np.float64]:
        total: NDArray[np.float64] = sums(word_term(counted, estimator)[times])
        return total + repeat_term(repeats, estimator)

    def mixture(estimator: Estimator) -> NDArray[np.float64]:
        total: NDArray[np.float64] = word_term(everyone, estimator).sum(axis=1)
        return total + repeat_term(everyone_repeats, estimator)

    names: tuple[Estimator, ...] = ("plug-in", "miller-madow", "jackknife")
    neuron: dict[str, Any] = {name: rows(name) for name in names}
    of_everyone: dict[str, Any] = {name: mixture(name) for name in names}
    if estimator not in ("blend", *names):
        neuron[estimator], of_everyone[estimator] = _by_entropy(counts, estimator)
    with np.errstate(divide="ignore"):
        surprise = np.where(everyone > 0, np.log2(everyone), 0.0)
    surprise_of_repeats = np.log2(np.maximum(everyone_repeats, 1))
    cross = (
        neuron["plug-in"]
        - sums(times * surprise.ravel()[spoken % everyone.size])
        + repeats * surprise_of_repeats
    )
    chance = np.zeros_like(cross)
    for r, members in _same_repeats(repeats):
        expected = expected_xlog2x(r[:, None], everyone, everyone_repeats[:, None]).sum(
            axis=1
        )
        certain = (r / np.maximum(everyone_repeats, 1)) * xlog2x(everyone).sum(axis=1)
        chance[members] = expected - xlog2x(r) - certain + r * surprise_of_repeats
    return _Terms(
        neuron=neuron,
        everyone=of_everyone,
        cross=cross,
        chance=chance,
        repeats=repeats,
    )


def _by_entropy(
    counts: NDArray[np.int64], estimator: Any
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return -R H of each neuron and of the mixture by an estimator of the entropy."""
    repeats = counts.sum(axis=2)
    fewest = int(repeats[repeats > 0].min())
    if estimator == "quadratic-extrapolation" and fewest < 4:
        raise ValueError(
            f"estimator must be another than {estimator}, which needs 4 repeats; "
            f"got {fewest} of a condition."
        )

    def negative(words: NDArray[Any], repeats: NDArray[np.int64]) -> NDArray[Any]:
        return np.where(repeats > 0, -repeats * entropy(words, estimator), 0.0)

    return negative(counts, repeats), negative(counts.sum(axis=0), repeats.sum(axis=0))


def _same_repeats(
    repeats: NDArray[np.int64],
) -> list[tuple[NDArray[np.int64], NDArray[np.intp]]]:
    """Group the neurons that have the same repeats in every condition."""
    if (repeats == repeats[:1]).all():  # the rule, and sorting rows is slow
        return [(repeats[0], np.arange(len(repeats)))]
    distinct, inverse = np.unique(repeats, axis=0, return_inverse=True)
    return [(row, np.flatnonzero(inverse == k)) for k, row in enumerate(distinct)]


def _chance_weight(plug_in: Any, chance: Any) -> NDArray[np.float64]:
    """Return min(1, chance / plug-in): how much of the value could be chance."""
    plug_in, chance = np.asarray(plug_in), np.asarray(chance)
    ratio = np.divide(
        chance, plug_in, out=np.ones_like(plug_in, dtype=float), where=plug_in > 0
    )
    weight: NDArray[np.float64] = np.clip(ratio, 0.0, 1.0)
    return weight


def blend(plug_in: Any, chance: Any, bias: Any) -> NDArray[np.float64]:
    """Correct the plug-in for few repeats: as far as it may be chance, by chance.

    plug-in - w chance - (1 - w) bias with w = min(1, chance / plug-in): between two
    neurons that do not differ all of the plug-in is chance, and between two that do
    the jackknife's bias is right.
    """
    weight = _chance_weight(plug_in, chance)
    blended: NDArray[np.float64] = plug_in - weight * chance - (1 - weight) * bias
    return blended


def jackknife_interval(
    value: ArrayLike, replicates: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return standard errors and 95 % intervals by the delete-a-group jackknife.

    Parameters
    ----------
    value : array_like of shape (...,)
        The estimate from all repeats.
    replicates : array_like of shape (n_groups, ...)
        The estimate with each group of repeats left out.

    Returns
    -------
    standard_error : ndarray of shape (...,)
    interval : ndarray of shape (..., 2)
        From Student's t with n_groups - 1 degrees of freedom.

    References
    ----------
    .. [1] Kott (2001), J. Official Statistics 17:521-526.
    """
    value = np.asarray(value, dtype=np.float64)
    replicates = np.asarray(replicates, dtype=np.float64)
    n_groups = len(replicates)
    squares = ((replicates - replicates.mean(axis=0)) ** 2).sum(axis=0)
    error = np.sqrt((n_groups - 1) / n_groups * squares)
    half = stdtrit(n_groups - 1, 0.975) * error
    return error, np.stack([value - half, value + half], axis=-1)


def class_information(
    counts: ArrayLike, labels: ArrayLike, estimator: Estimator = "miller-madow"
) -> float:
    """Estimate what a word tells about the class of the neuron that spoke it.

    A class answers with the mixture of its members, so this is the identity
    information of the summed counts.

    Parameters
    ----------
    counts : array_like of shape (n_neurons, n_conditions, n_words)
        How often each neuron spoke each word in each condition.
    labels : array_like of shape (n_neurons,)
        The class of each neuron.
    estimator : {"miller-madow", "plug-in", "jackknife"}
        Which entropy estimator.

    Returns
    -------
    float
        Bits per word.

    References
    ----------
    .. [1] Schneidman, Bialek & Berry (2002), NIPS 15, arXiv:physics/0212114.
    """
    array = check_integer_counts(counts)
    return _information(sum_by_class(array, labels), estimator)


def within_class_information(
    counts: ArrayLike, labels: ArrayLike, estimator: Estimator = "miller-madow"
) -> float:
    """Estimate what a word tells about the neuron once its class is known.

    By the chain rule `class_information` and this add to the identity information,
    for every estimator here.

    Parameters
    ----------
    counts : array_like of shape (n_neurons, n_conditions, n_words)
        How often each neuron spoke each word in each condition.
    labels : array_like of shape (n_neurons,)
        The class of each neuron.
    estimator : {"miller-madow", "plug-in", "jackknife"}
        Which entropy estimator.

    Returns
    -------
    float
        Bits per word.
    """
    array = check_integer_counts(counts)
    labels = np.asarray(labels)
    total = 0.0
    for label in np.unique(labels):
        members = array[labels == label]
        if members.sum():
            total += _information(members, estimator) * members.sum()
    return float(total / array.sum())


@dataclass(frozen=True)
class ClassInformation:
    """What a word tells about the class of the neuron that spoke it.

    Attributes
    ----------
    bits_per_word : float
        By the blend, averaged over conditions.
    interval : ndarray of shape (2,)
        95 % interval of `bits_per_word`; nan without groups of repeats.
    chance_level : float
        What the plug-in would give on average if repeats were exchangeable between
        the classes.
    share : float
        Share of the identity information that is between the classes, from 0 to 1;
        nan if there is no information at all.
    share_interval : ndarray of shape (2,)
        95 % interval of `share`; nan without groups of repeats.
    """

    bits_per_word: float
    interval: NDArray[np.float64] = field(repr=False)
    chance_level: float
    share: float
    share_interval: NDArray[np.float64] = field(repr=False)


def information_between_classes(
    counts: ArrayLike, labels: ArrayLike, groups: Iterable[ArrayLike] | None = None
) -> ClassInformation:
    """Estimate what classes keep of the identity information, corrected for sampling.

    Both terms of the chain rule by the blend, each with its own chance level: B of
    the classes, W of the neurons within them; the share is B / (B + W).  Without
    these corrections the sampling noise of the neurons passes for information that
    the classes lose (`test_classes_of_identical_neurons_keep_everything`).

    Parameters
    ----------
    counts : array_like of shape (n_neurons, n_conditions, n_words)
        How often each neuron spoke each word in each condition.
    labels : array_like of shape (n_neurons,)
        The class of each neuron.
    groups : iterable of array_like like `counts`, optional
        Counts of groups of repeats (`count_groups`), for delete-a-group jackknife
        intervals of these classes.

    Returns
    -------
    ClassInformation
    """
    array = check_integer_counts(counts)
    labels = np.asarray(labels)
    terms = _terms(sum_by_class(array, labels))
    whole = _between_and_share(array, labels)
    intervals = np.full((2, 2), np.nan)
    if groups is not None:
        replicates = [_between_and_share(array - np.asarray(g), labels) for g in groups]
        _, intervals = jackknife_interval(whole, replicates)
        intervals[1] = np.clip(intervals[1], 0.0, 1.0)
    return ClassInformation(
        bits_per_word=float(whole[0]),
        interval=intervals[0],
        chance_level=float(terms.chance.sum() / terms.repeats.sum()),
        share=float(whole[1]),
        share_interval=intervals[1],
    )


def _between_and_share(
    counts: NDArray[np.int64], labels: NDArray[Any]
) -> NDArray[np.float64]:
    """Return bits per word between the classes and their share of all, by the blend."""
    total = _terms(sum_by_class(counts, labels)).total_blend()
    plug_in = chance = bias = 0.0
    for label in np.unique(labels):
        members = counts[labels == label]
        if members.sum():
            terms = _terms(members)
            plug_in += terms.cross.sum()
            chance += terms.chance.sum()
            bias += terms.cross.sum() - terms.total_jackknife()
    within = max(0.0, float(blend(plug_in, chance, bias)))
    between = max(0.0, total)
    both = between + within
    share = between / both if both > 0 else float("nan")
    return np.array([total / float(counts.sum()), share])


def sum_by_class(counts: NDArray[np.int64], labels: ArrayLike) -> NDArray[np.int64]:
    """Return the counts of each class, (n_clusters, n_conditions, n_words)."""
    labels = np.asarray(labels)
    if labels.shape != counts.shape[:1]:
        raise ValueError(
            f"labels must hold one class per neuron ({len(counts)}); "
            f"got shape {labels.shape}."
        )
    _, inverse = np.unique(labels, return_inverse=True)
    sums = np.zeros((inverse.max() + 1, *counts.shape[1:]), dtype=np.int64)
    np.add.at(sums, inverse, counts)
    return sums


def _information(counts: NDArray[np.int64], estimator: Estimator) -> float:
    def negative_entropy(n: NDArray[np.int64]) -> float:
        words = float(word_term(n, estimator).sum())
        return words + float(repeat_term(n.sum(axis=-1), estimator).sum())

    everyone = counts.sum(axis=0)
    lost = negative_entropy(counts) - negative_entropy(everyone)
    return lost / float(counts.sum())
