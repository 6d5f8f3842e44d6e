"""Sums over words from which every estimate of identity information is made.

Input: counts of words. Output: bits times repeats by each estimator, and the blend.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

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
from neuroclass.information.jackknife_bias import jackknife_excess

__all__ = [
    "InformationTerms",
    "WordCounts",
    "above_chance",
    "blend",
    "check_integer_counts",
    "information_terms",
]


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


@dataclass(frozen=True, repr=False)
class InformationTerms:
    """Sums over words, in bits times repeats, from which every estimate is made."""

    neuron: Mapping[Any, NDArray[np.float64]]  # -R_i H_i, (n_neurons, n_conditions)
    mixture: Mapping[Any, NDArray[np.float64]]  # -R H of the mixture, (n_conditions,)
    cross: NDArray[np.float64]  # plug-in R_i D(i || mixture), as `neuron`
    chance: NDArray[np.float64]  # expected `cross` if all neurons were the same one
    repeats: NDArray[np.int64]  # R_i, (n_neurons, n_conditions)

    def __repr__(self) -> str:
        n_neurons, n_conditions = self.repeats.shape
        return (
            f"InformationTerms({n_neurons} neurons, {n_conditions} conditions; "
            f"{', '.join(self.neuron)})"
        )

    def _total(self, estimator: str) -> NDArray[np.float64]:
        """Return bits times repeats of each condition by one additive estimator."""
        total: NDArray[np.float64] = self.neuron[estimator].sum(axis=0)
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
        all_repeats = np.maximum(self.repeats.sum(axis=0), 1)
        own = self.repeats * np.log2(all_repeats / np.maximum(self.repeats, 1))
        repeats = np.bincount(labels, self.repeats.sum(axis=1))
        total = np.bincount(labels, own.sum(axis=1))
        bits: NDArray[np.float64] = total / np.maximum(repeats, 1)
        return bits

    def per_condition(self, estimator: str) -> NDArray[np.float64]:
        """Return bits per word in each condition; nan where no neuron was recorded."""
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

    def by_set(self, estimator: str, labels: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return bits per word of the neurons of each label 0, 1, ..., their mean.

        With one label for all neurons it is `mean`.  The blend weighs the evidence of
        the neurons of a label together.
        """

        def sums(each: NDArray[Any]) -> NDArray[np.float64]:
            return np.asarray(np.bincount(labels, each), dtype=np.float64)

        repeats, plug_in = sums(self.repeats.sum(axis=1)), sums(self.cross.sum(axis=1))
        total = plug_in
        if estimator != "plug-in":
            corrected = "jackknife" if estimator == "blend" else estimator
            # Each neuron carries its own bias and its share of the mixture's.
            bias = sums((self.neuron["plug-in"] - self.neuron[corrected]).sum(axis=1))
            of_mixture = (self.mixture["plug-in"] - self.mixture[corrected]).sum()
            bias -= repeats / self.repeats.sum() * of_mixture
            total = (
                blend(plug_in, sums(self.chance.sum(axis=1)), bias)
                if estimator == "blend"
                else plug_in - bias
            )
        bits: NDArray[np.float64] = total / np.maximum(repeats, 1)
        return bits


def information_terms(
    counts: NDArray[np.int64], estimator: str = "blend"
) -> InformationTerms:
    """Return the sums of the additive estimators, and of `estimator` if another."""
    pooled = counts.sum(axis=0)
    repeats = counts.sum(axis=2)
    pooled_repeats = repeats.sum(axis=0)
    # Only observed words add anything, and most of many words were not observed.
    observed = np.flatnonzero(counts)
    times = counts.ravel()[observed]
    row = observed // counts.shape[2]  # of (n_neurons, n_conditions)
    counted = np.arange(int(times.max(initial=0)) + 1)

    def sums(each: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(row, each, repeats.size).reshape(repeats.shape)

    def rows(estimator: Estimator) -> NDArray[np.float64]:
        total: NDArray[np.float64] = sums(word_term(counted, estimator)[times])
        return total + repeat_term(repeats, estimator)

    def mixture(estimator: Estimator) -> NDArray[np.float64]:
        total: NDArray[np.float64] = word_term(pooled, estimator).sum(axis=1)
        return total + repeat_term(pooled_repeats, estimator)

    names: tuple[Estimator, ...] = ("plug-in", "miller-madow", "jackknife")
    neuron: dict[str, Any] = {name: rows(name) for name in names}
    of_mixture: dict[str, Any] = {name: mixture(name) for name in names}
    if estimator == "empirical-bayes":
        neuron[estimator] = neuron["jackknife"] - jackknife_excess(counts)
        of_mixture[estimator] = of_mixture["jackknife"]
    elif estimator not in ("blend", *names):
        neuron[estimator], of_mixture[estimator] = _by_entropy(counts, estimator)
    with np.errstate(divide="ignore"):
        surprise = np.where(pooled > 0, np.log2(pooled), 0.0)
    surprise_of_repeats = np.log2(np.maximum(pooled_repeats, 1))
    cross = (
        neuron["plug-in"]
        - sums(times * surprise.ravel()[observed % pooled.size])
        + repeats * surprise_of_repeats
    )
    chance = np.zeros_like(cross)
    for r, members in _same_repeats(repeats):
        expected = expected_xlog2x(r[:, None], pooled, pooled_repeats[:, None]).sum(
            axis=1
        )
        certain = (r / np.maximum(pooled_repeats, 1)) * xlog2x(pooled).sum(axis=1)
        chance[members] = expected - xlog2x(r) - certain + r * surprise_of_repeats
    return InformationTerms(
        neuron=neuron,
        mixture=of_mixture,
        cross=cross,
        chance=chance,
        repeats=repeats,
    )


def above_chance(counts: NDArray[np.int64]) -> float:
    """Return plug-in identity information less its chance level, bits per word.

    The two differ only in n log2 n of each neuron's words, which the chance level
    replaces by its mean if the repeats were exchangeable between all neurons.
    """
    pooled = counts.sum(axis=0)
    repeats = counts.sum(axis=2)
    total = float(xlog2x(counts[counts > 1]).sum())  # 0 for counts of 0 and 1
    for r, members in _same_repeats(repeats):
        expected = expected_xlog2x(r[:, None], pooled, repeats.sum(axis=0)[:, None])
        total -= len(members) * float(expected.sum())
    return total / float(repeats.sum())


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
