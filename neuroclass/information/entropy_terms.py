"""Sums over words from which every estimate of identity information is made.

Input: counts of words. Output: bits times repeats by each estimator, and the blend.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroclass.estimators import (
    Estimator,
    check_counts,
    entropy,
    expected_xlog2x,
    repeat_term,
    word_term,
    xlog2x,
)
from neuroclass.information.jackknife_bias import (
    observed_excess,
    total_two_word_excess,
    two_word_excess,
)
from neuroclass.information.observed_words import ObservedWords
from neuroclass.information.two_words import Tally, TwoWordCounts, two_word_counts

__all__ = [
    "InformationTerms",
    "WordCounts",
    "above_chance",
    "blend",
    "check_integer_counts",
    "condensed",
    "general_terms",
    "information_terms",
    "total_less_excess",
    "two_word_terms",
]

_ADDITIVE: tuple[Estimator, ...] = ("plug-in", "miller-madow", "jackknife")


class WordCounts(Protocol):
    """Counts of words in an object, such as `ResponseCounts`.

    ``counts`` are integers, (n_neurons, n_conditions, n_words).
    """

    @property
    def counts(self) -> NDArray[np.int64]: ...  # noqa: D102


def check_integer_counts(counts: WordCounts | ArrayLike) -> NDArray[np.int64]:
    """Return `counts` as integers on the axes neuron, condition, word.

    Parameters
    ----------
    counts : array_like, or object with such an array as ``counts``
        Number of repeats with each word, by neuron and condition.

    Raises
    ------
    ValueError
        If there are not three axes, a number is negative or not an integer, or all are
        0.
    """
    table: Any = getattr(counts, "counts", counts)
    array = check_counts(table)
    if array.ndim != 3:
        raise ValueError(
            f"counts must have the axes neuron, condition, word; got {array.ndim} axes."
        )
    if array.dtype.kind == "f" and np.any(array != np.floor(array)):
        raise ValueError(
            "counts must be integers: the number of repeats with each word."
        )
    if not array.sum():
        raise ValueError("counts must hold at least one word; all are 0.")
    return array.astype(np.int64)


class Margins(NamedTuple):
    """Sums of a table of neurons and conditions, over either.

    Attributes
    ----------
    neuron : ndarray of shape (n_neurons,)
        Sums over conditions.
    condition : ndarray of shape (n_conditions,)
        Sums over neurons.
    """

    neuron: NDArray[Any]
    condition: NDArray[Any]

    @classmethod
    def of(cls, table: NDArray[Any]) -> Margins:
        """Return the sums of a table."""
        return cls(table.sum(axis=1), table.sum(axis=0))

    def sum(self) -> Any:
        """Return the sum over both."""
        return self.neuron.sum()


@dataclass(frozen=True, repr=False)
class InformationTerms:
    """Sums over words, in bits times repeats, from which every estimate is made."""

    neuron: Mapping[Any, Margins]  # -R_i H_i
    mixture: Mapping[Any, NDArray[np.float64]]  # -R H of the mixture, (n_conditions,)
    cross: Margins  # plug-in R_i D(i || mixture)
    chance: Margins  # expected `cross` if all neurons were the same one
    repeats: Margins  # R_i
    bound: NDArray[np.float64]  # largest possible `cross` of each neuron

    def __repr__(self) -> str:
        n_neurons, n_conditions = (len(each) for each in self.repeats)
        return (
            f"InformationTerms({n_neurons} neurons, {n_conditions} conditions; "
            f"{', '.join(self.neuron)})"
        )

    def _total(self, estimator: str) -> NDArray[np.float64]:
        """Return bits times repeats of each condition by one additive estimator."""
        total: NDArray[np.float64] = self.neuron[estimator].condition
        return total - self.mixture[estimator]

    def mean(self, estimator: str) -> float:
        """Return bits per word by an estimator, averaged over conditions."""
        if estimator == "blend":
            return self.total_blend() / float(self.repeats.sum())
        return float(self._total(estimator).sum() / self.repeats.sum())

    def total(self, estimator: Estimator | Literal["empirical-bayes"]) -> float:
        """Return bits times repeats by an additive estimator."""
        return float(self._total(estimator).sum())

    def total_blend(self) -> float:
        """Return bits times repeats by the blend."""
        plug_in, chance = self.cross.sum(), self.chance.sum()
        return float(blend(plug_in, chance, plug_in - self.total("jackknife")))

    def upper_bound(self, labels: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the largest possible mean of the neurons of each label, bits per word.

        It is reached if no two neurons have a word in common.
        """
        repeats = np.bincount(labels, self.repeats.neuron)
        total = np.bincount(labels, self.bound)
        bits: NDArray[np.float64] = total / np.maximum(repeats, 1)
        return bits

    def per_condition(self, estimator: str) -> NDArray[np.float64]:
        """Return bits per word in each condition; nan where no neuron was recorded."""
        total = self._total("plug-in" if estimator == "blend" else estimator)
        if estimator == "blend":
            # One weight for all conditions, so that they average to the mean.
            weight = _chance_weight(self.cross.sum(), self.chance.sum())
            bias = total - self._total("jackknife")
            total = total - weight * self.chance.condition - (1 - weight) * bias
        repeats = self.repeats.condition
        bits: NDArray[np.float64] = np.divide(
            total, repeats, out=np.full(len(repeats), np.nan), where=repeats > 0
        )
        return bits

    def by_set(self, estimator: str, labels: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return bits per word of the neurons of each label 0, 1, ..., their mean.

        With one label for all neurons it is `mean`.  The blend weighs the evidence of
        the neurons of a label together.
        """

        def sums(each: NDArray[Any]) -> NDArray[np.float64]:
            return np.asarray(np.bincount(labels, each), dtype=np.float64)

        repeats, plug_in = sums(self.repeats.neuron), sums(self.cross.neuron)
        total = plug_in
        if estimator != "plug-in":
            corrected = "jackknife" if estimator == "blend" else estimator
            # Each neuron carries its own bias and its share of the mixture's.
            own = self.neuron["plug-in"].neuron - self.neuron[corrected].neuron
            bias = sums(own)
            of_mixture = (self.mixture["plug-in"] - self.mixture[corrected]).sum()
            bias -= repeats / self.repeats.sum() * of_mixture
            total = (
                blend(plug_in, sums(self.chance.neuron), bias)
                if estimator == "blend"
                else plug_in - bias
            )
        bits: NDArray[np.float64] = total / np.maximum(repeats, 1)
        return bits


def information_terms(
    counts: NDArray[np.int64] | TwoWordCounts | ObservedWords, estimator: str = "blend"
) -> InformationTerms:
    """Return the sums of the additive estimators, and of `estimator` if another.

    Another than the additive ones needs an array.
    """
    if isinstance(counts, ObservedWords):
        return general_terms(counts, estimator)
    if isinstance(counts, TwoWordCounts):
        return two_word_terms(counts, estimator)
    if estimator in ("blend", "empirical-bayes", *_ADDITIVE):
        return information_terms(condensed(counts), estimator)
    own, mixture = _by_entropy(counts, estimator)
    terms = information_terms(condensed(counts))
    return replace(
        terms,
        neuron={**terms.neuron, estimator: Margins.of(own)},
        mixture={**terms.mixture, estimator: mixture},
    )


def condensed(counts: NDArray[np.int64]) -> TwoWordCounts | ObservedWords:
    """Return counts in the form in which sums over them cost least."""
    return two_word_counts(counts) or ObservedWords.from_counts(counts)


def two_word_terms(counts: TwoWordCounts, estimator: str = "blend") -> InformationTerms:
    """Return these sums by one histogram of each neuron and of each condition."""
    n_neurons = len(counts.occurrences)
    tallies = counts.tallies()
    both = _pooled(counts)
    neuron: dict[Any, Margins] = {
        name: _margins_of_tables(tallies, counts.shape, name) for name in _ADDITIVE
    }
    mixture: dict[Any, Any] = {name: _of_mixture(both, name) for name in _ADDITIVE}
    if estimator == "empirical-bayes":
        excess = two_word_excess(counts, tallies)
        neuron[estimator] = Margins(
            *(a - b for a, b in zip(neuron["jackknife"], excess, strict=True))
        )
        mixture[estimator] = mixture["jackknife"]
    silent, spike = _surprise(both).T
    level = np.log2(np.maximum(n_neurons * counts.repeats, 1))
    # Of a count n of R: n spike + (R - n) silent.
    of_words = Margins(
        counts.occurrences @ (spike - silent) + counts.repeats @ silent,
        (both * np.stack([silent, spike], axis=1)).sum(axis=1),
    )
    of_repeats = Margins(
        np.full(n_neurons, counts.repeats @ level), n_neurons * counts.repeats * level
    )
    cross = Margins(
        *(
            own - words + repeats
            for own, words, repeats in zip(
                neuron["plug-in"], of_words, of_repeats, strict=True
            )
        )
    )
    chance = _chance_of_neuron(counts.repeats, both)
    return InformationTerms(
        neuron=neuron,
        mixture=mixture,
        cross=cross,
        chance=Margins(np.full(n_neurons, chance.sum()), n_neurons * chance),
        repeats=Margins(
            np.full(n_neurons, counts.repeats.sum()), n_neurons * counts.repeats
        ),
        bound=np.full(n_neurons, counts.repeats.sum() * np.log2(n_neurons)),
    )


def total_less_excess(counts: NDArray[np.int64] | TwoWordCounts) -> float:
    """Return bits times repeats by "empirical-bayes", at less cost than all terms."""
    if isinstance(counts, TwoWordCounts):
        tallies = counts.tallies()
        own = -total_two_word_excess(counts, tallies)
        for each in tallies:
            table = _table_of_counts(each.repeats, "jackknife")
            own += float(each.of_condition.sum(axis=0) @ table)
        return float(own - _of_mixture(_pooled(counts), "jackknife").sum())
    words = ObservedWords.from_counts(counts)
    own = word_term(words.times, "jackknife").sum()
    own += repeat_term(words.repeats, "jackknife").sum()
    mixture = _of_mixture(counts.sum(axis=0), "jackknife").sum()
    return float(own - mixture - observed_excess(words).sum())


def _pooled(counts: TwoWordCounts) -> NDArray[np.int64]:
    """Return the counts of all neurons together, (n_conditions, 2)."""
    second = counts.occurrences.sum(axis=0, dtype=np.int64)
    return np.stack([len(counts.occurrences) * counts.repeats - second, second], axis=1)


def _margins_of_tables(
    tallies: Sequence[Tally], shape: tuple[int, int], estimator: Estimator
) -> Margins:
    """Return the sums of -R_i H_i."""
    neuron, condition = (np.zeros(n) for n in shape)
    for each in tallies:
        table = _table_of_counts(each.repeats, estimator)
        neuron += each.of_neuron @ table
        condition[each.columns] = each.of_condition @ table
    return Margins(neuron, condition)


def _table_of_counts(repeats: int, estimator: Estimator) -> NDArray[np.float64]:
    """Return -R H of each count 0, 1, ..., R of the second of two words."""
    word = word_term(np.arange(repeats + 1), estimator)
    table: NDArray[np.float64] = word + word[::-1] + repeat_term(repeats, estimator)
    return table


def _of_mixture(pooled: NDArray[np.int64], estimator: Estimator) -> NDArray[np.float64]:
    """Return -R H of the mixture, (n_conditions,)."""
    words: NDArray[np.float64] = word_term(pooled, estimator).sum(axis=1)
    return words + repeat_term(pooled.sum(axis=1), estimator)


def _surprise(pooled: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return log2 of counts, 0 of none."""
    return np.log2(np.maximum(pooled, 1))


def _chance_of_neuron(
    repeats: NDArray[np.int64], pooled: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the chance level of a neuron in each condition, bits times repeats."""
    total = pooled.sum(axis=1)
    expected = expected_xlog2x(repeats[:, None], pooled, total[:, None]).sum(axis=1)
    certain = (repeats / np.maximum(total, 1)) * xlog2x(pooled).sum(axis=1)
    level = repeats * np.log2(np.maximum(total, 1))
    chance: NDArray[np.float64] = expected - xlog2x(repeats) - certain + level
    return chance


def general_terms(words: ObservedWords, estimator: str = "blend") -> InformationTerms:
    """Return these sums for counts of any kind."""
    pooled, repeats = words.pooled, words.repeats
    pooled_repeats = repeats.sum(axis=0)
    counted = np.arange(int(words.times.max(initial=0)) + 1)
    neuron: dict[Any, Any] = {
        name: words.sum_by_row(word_term(counted, name)[words.times])
        + repeat_term(repeats, name)
        for name in _ADDITIVE
    }
    mixture: dict[Any, Any] = {
        name: words.sum_by_condition(word_term(pooled, name))
        + repeat_term(pooled_repeats, name)
        for name in _ADDITIVE
    }
    if estimator == "empirical-bayes":
        neuron[estimator] = neuron["jackknife"] - observed_excess(words)
        mixture[estimator] = mixture["jackknife"]
    surprise_of_repeats = np.log2(np.maximum(pooled_repeats, 1))
    cross = (
        neuron["plug-in"]
        - words.sum_by_row(words.times * _surprise(pooled)[words.cell])
        + repeats * surprise_of_repeats
    )
    chance = np.zeros_like(cross)
    certain = words.sum_by_condition(xlog2x(pooled)) / np.maximum(pooled_repeats, 1)
    total = pooled_repeats[words.condition]
    for r, members in _same_repeats(repeats):
        expected = expected_xlog2x(r[words.condition], pooled, total)
        chance[members] = (
            words.sum_by_condition(expected)
            - xlog2x(r)
            - r * certain
            + r * surprise_of_repeats
        )
    bound = repeats * (surprise_of_repeats - np.log2(np.maximum(repeats, 1)))
    return InformationTerms(
        neuron={name: Margins.of(each) for name, each in neuron.items()},
        mixture=mixture,
        cross=Margins.of(cross),
        chance=Margins.of(chance),
        repeats=Margins.of(repeats),
        bound=bound.sum(axis=1),
    )


def above_chance(counts: NDArray[np.int64] | TwoWordCounts) -> float:
    """Return plug-in identity information less its chance level, bits per word.

    The two differ only in n log2 n of each neuron's words, which the chance level
    replaces by its mean if the repeats were exchangeable between all neurons.
    """
    if isinstance(counts, TwoWordCounts):
        return _two_words_above_chance(counts)
    small = two_word_counts(counts)
    if small is not None:
        return _two_words_above_chance(small)
    pooled = counts.sum(axis=0)
    repeats = counts.sum(axis=2)
    total = float(xlog2x(counts[counts > 1]).sum())  # 0 for counts of 0 and 1
    for r, members in _same_repeats(repeats):
        expected = expected_xlog2x(r[:, None], pooled, repeats.sum(axis=0)[:, None])
        total -= len(members) * float(expected.sum())
    return total / float(repeats.sum())


def _two_words_above_chance(counts: TwoWordCounts) -> float:
    """Return the same from how often each count occurs."""
    n_neurons = len(counts.occurrences)
    total = 0.0
    for r, occurrences in counts.by_repeats():
        term = xlog2x(np.arange(r + 1))
        total += float(
            np.bincount(occurrences.ravel(), minlength=r + 1) @ (term + term[::-1])
        )
    expected = expected_xlog2x(
        counts.repeats[:, None], _pooled(counts), n_neurons * counts.repeats[:, None]
    )
    total -= n_neurons * float(expected.sum())
    return total / counts.n_words


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
    """Return min(1, chance / plug-in): the share of the value that could be chance."""
    plug_in, chance = np.asarray(plug_in), np.asarray(chance)
    ratio = np.divide(
        chance, plug_in, out=np.ones_like(plug_in, dtype=float), where=plug_in > 0
    )
    weight: NDArray[np.float64] = np.clip(ratio, 0.0, 1.0)
    return weight


def blend(plug_in: Any, chance: Any, bias: Any) -> NDArray[np.float64]:
    """Correct the plug-in for few repeats, by chance level and jackknife bias.

    plug-in - w chance - (1 - w) bias with w = min(1, chance / plug-in): between two
    neurons that do not differ all of the plug-in is chance, and between two that do
    the jackknife's bias is right.
    """
    weight = _chance_weight(plug_in, chance)
    blended: NDArray[np.float64] = plug_in - weight * chance - (1 - weight) * bias
    return blended
