"""Bias of the jackknife estimate of identity information, by empirical Bayes.

Input: counts of words. Output: bits times repeats.  The jackknife takes off the part of
the plug-in's excess that falls as one over the repeats R.  What remains comes from
words that occur about once in R repeats, and depends on their true probability, which
cannot be estimated from one count, but can from the counts of a whole population.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, expit, gammaln

from neuroclass.estimators import repeat_term, word_term, xlog2x
from neuroclass.information.observed_words import ObservedWords
from neuroclass.information.two_words import Tally, TwoWordCounts

__all__ = [
    "PROBABILITIES",
    "count_likelihood",
    "jackknife_excess",
    "observed_excess",
    "total_two_word_excess",
    "two_word_excess",
]

# Probabilities and shares are taken on grids of their logit.
_EDGES = np.linspace(-12, 12, 161)
PROBABILITIES = expit((_EDGES[1:] + _EDGES[:-1]) / 2)  # (n_probabilities,)
_SHARE_EDGES = np.linspace(-9, 9, 60)
_SHARES = expit(np.linspace(-9.15, 9.15, 61))  # between them; the outer two are open
# Similarity of the neurons: the sum of the parameters of a beta distribution.
_SIMILARITIES = np.array([0.1, 0.3, 1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, 4096])
_N_MIXING = 30  # iterations for the similarity of the neurons
_N_SHAPING = 50  # and for the shape; more follow the noise
_ELSEWHERE = -1  # instead of a share
_TINY = 1e-300  # against division by 0
_MAX_REPEATS = 200  # with more, the excess is not worth the time


def jackknife_excess(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    r"""Return the expected excess of the jackknife estimate of identity information.

    A word of probability p gives the jackknife

    .. math:: b(p) = \sum_n \mathrm{Binomial}(n | R, p)\, G(n) + p\, c(R)
              - R\, p \log_2 p

    bits times repeats too much, with G and c of `word_term` and `repeat_term`.  Its
    posterior mean, given the count n of a neuron, is summed over words and conditions.
    The prior of p, given the share of the word among the words of the population, comes
    from the counts of all neurons in all conditions: a mixture of beta distributions
    around the share, from neurons that are all alike to neurons in which the word
    occurs always or never, and from there some steps towards the distribution, of any
    shape, that makes the counts most likely.

    Parameters
    ----------
    counts : ndarray of int, (n_neurons, n_conditions, n_words)
        Number of repeats with each word, by neuron and condition.

    Returns
    -------
    ndarray of shape (n_neurons, n_conditions)
        Bits times repeats; the excess of the pooled words of the population, which has
        many repeats, is left out.  0 where a neuron has more than 200 repeats.

    Notes
    -----
    The steps are those of expectation and maximisation: stopped early they smooth
    [2]_, and without end they would give Laird's estimate [1]_.  About 10 ms for 49
    neurons, 1,000 conditions, two words and 30 repeats.
    ``test_excess_is_that_of_simulated_neurons``.

    References
    ----------
    .. [1] Laird (1978), J. American Statistical Association 73:805-811.
    .. [2] Laird & Louis (1991), Computational Statistics & Data Analysis 12:27-37.
    """
    return observed_excess(ObservedWords.from_counts(counts))


def observed_excess(words: ObservedWords) -> NDArray[np.float64]:
    """Return `jackknife_excess` of the observed words.

    Parameters
    ----------
    words : ObservedWords
        Counts of the words.

    Returns
    -------
    ndarray of shape (n_neurons, n_conditions)
    """
    pooled, repeats = words.pooled, words.repeats
    total = repeats.sum(axis=0)[words.condition]
    excess = np.zeros(repeats.shape)
    # A word that never occurs, or always in all neurons, carries no information.
    informative = (pooled > 0) & (pooled < total)
    if len(repeats) == 1 or not informative.any():
        return excess
    condition, n_observed = words.condition[informative], pooled[informative]
    logit = np.log(n_observed / (total[informative] - n_observed))
    used, share = np.unique(np.digitize(logit, _SHARE_EDGES), return_inverse=True)
    share_of_cell = np.zeros(len(pooled), dtype=np.intp)
    share_of_cell[informative] = share
    # All other neurons have a count of 0.
    entry = np.flatnonzero(informative[words.cell] & (words.times > 0))
    row, times = words.row[entry], words.times[entry]
    share_of_entry = share_of_cell[words.cell[entry]]
    of_entry = repeats.ravel()[row]
    parts, chosen = [], []
    distinct = np.flatnonzero(np.bincount(repeats.ravel()))  # sorts nothing
    for r in distinct[(distinct > 0) & (distinct <= _MAX_REPEATS)].tolist():
        here = np.flatnonzero(of_entry == r)
        place = share_of_entry[here] * (r + 1) + times[here]
        observed = np.bincount(place, minlength=len(used) * (r + 1))
        observed = observed.reshape(len(used), r + 1)
        of_cell = (repeats == r).sum(axis=0)[condition]
        of_share = np.bincount(share, of_cell, len(used)).astype(np.int64)
        observed[:, 0] = of_share - observed.sum(axis=1)
        parts.append(_Observed(observed, count_likelihood(r)))
        chosen.append((r, here, place))
    if not parts:
        return excess
    prior = _prior(parts, used)
    for part, (r, here, place) in zip(parts, chosen, strict=True):
        table = _excess_table(prior, part.given)
        beyond = table - table[:, :1]  # that of a count of 0
        none = np.bincount(condition, table[share, 0], repeats.shape[1])
        more = np.bincount(row[here], beyond.ravel()[place], repeats.size)
        excess += np.where(repeats == r, none + more.reshape(repeats.shape), 0.0)
    return excess


def two_word_excess(
    counts: TwoWordCounts, tallies: Sequence[Tally]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sums of `jackknife_excess` of each neuron and of each condition.

    Parameters
    ----------
    counts : TwoWordCounts
        Counts of the neurons.
    tallies : sequence of Tally
        Those of `counts`.

    Returns
    -------
    of_neuron : ndarray of shape (n_neurons,)
    of_condition : ndarray of shape (n_conditions,)
    """
    n_neurons, n_conditions = counts.shape
    of_neuron, of_condition = np.zeros(n_neurons), np.zeros(n_conditions)
    for each, of_count in _excess_of_counts(counts, tallies):
        of_condition[each.columns] = (each.of_condition * of_count).sum(axis=1)
        of_neuron += of_count.ravel().take(each.cell).sum(axis=1)
    return of_neuron, of_condition


def total_two_word_excess(counts: TwoWordCounts, tallies: Sequence[Tally]) -> float:
    """Return the sum of `jackknife_excess` over all neurons and conditions."""
    return sum(
        float((each.of_condition * of_count).sum())
        for each, of_count in _excess_of_counts(counts, tallies)
    )


def _excess_of_counts(
    counts: TwoWordCounts, tallies: Sequence[Tally]
) -> Iterator[tuple[Tally, NDArray[np.float64]]]:
    """Yield tallies with the excess of both words of each count, (n_columns, R + 1)."""
    n_neurons, n_conditions = counts.shape
    pooled = counts.occurrences.sum(axis=0, dtype=np.int64)
    total = n_neurons * counts.repeats
    informative = np.flatnonzero((pooled > 0) & (pooled < total))
    if n_neurons == 1 or not len(informative):
        return
    # Share of the second word, and of the first, (2, n_informative).
    logit = np.log(pooled[informative] / (total - pooled)[informative])
    used, share = np.unique(
        np.digitize(np.stack([logit, -logit]), _SHARE_EDGES), return_inverse=True
    )
    share_of = np.full((2, n_conditions), _ELSEWHERE)
    share_of[:, informative] = share.reshape(2, -1)
    parts, of_parts = [], []
    for each in tallies:
        second, first = share_of[:, each.columns]
        here = np.flatnonzero(second != _ELSEWHERE)
        if each.repeats > _MAX_REPEATS or not len(here):
            continue
        observed = np.zeros((len(used), each.repeats + 1), dtype=np.int64)
        np.add.at(observed, second[here], each.of_condition[here])
        np.add.at(observed, first[here], each.of_condition[here, ::-1])
        parts.append(_Observed(observed, count_likelihood(each.repeats)))
        of_parts.append((each, here, second[here], first[here]))
    prior = _prior(parts, used)
    for part, (each, here, second, first) in zip(parts, of_parts, strict=True):
        table = _excess_table(prior, part.given)
        of_count = np.zeros(each.of_condition.shape)
        of_count[here] = table[second] + table[first, ::-1]
        yield each, of_count


def _excess_table(
    prior: NDArray[np.float64], given: CountLikelihood
) -> NDArray[np.float64]:
    """Return the posterior mean of b at each share and count."""
    possible = np.maximum(prior @ given.probability.T, _TINY)
    table: NDArray[np.float64] = (prior * given.excess) @ given.probability.T / possible
    return table


class CountLikelihood(NamedTuple):
    """Likelihood of the counts 0, 1, ..., R, and b, at each of `PROBABILITIES`."""

    probability: NDArray[np.float64]  # (R + 1, n_probabilities)
    excess: NDArray[np.float64]  # (n_probabilities,)


class _Observed(NamedTuple):
    """Words of neurons with the same number of repeats R."""

    observed: NDArray[np.int64]  # (n_shares, R + 1), words of each share and count
    given: CountLikelihood


@lru_cache(maxsize=64)
def count_likelihood(repeats: int) -> CountLikelihood:
    """Return the likelihood of each count in `repeats`, and the jackknife's excess b.

    At each of `PROBABILITIES` of a word.
    """
    n = np.arange(repeats + 1)
    ways = gammaln(repeats + 1) - gammaln(n + 1) - gammaln(repeats - n + 1)
    log_p, log_q = np.log(PROBABILITIES), np.log1p(-PROBABILITIES)
    rest = repeats - n
    p = np.exp(ways[:, None] + n[:, None] * log_p + rest[:, None] * log_q)
    excess = word_term(n, "jackknife") @ p
    excess += PROBABILITIES * repeat_term(repeats, "jackknife")
    return CountLikelihood(p, excess - repeats * xlog2x(PROBABILITIES))


@lru_cache(maxsize=1)
def _beta() -> NDArray[np.float64]:
    """Return beta distributions around each share, (share, similarity, probability)."""
    edges = expit(_EDGES)
    edges[[0, -1]] = 0.0, 1.0
    a, mean = _SIMILARITIES[:, None], _SHARES[:, None, None]
    return np.diff(betainc(a * mean, a * (1 - mean), edges), axis=2)


@lru_cache(maxsize=16)
def _likely_counts(repeats: int) -> NDArray[np.float64]:
    """Return the probability of each count at each share and similarity.

    (n_similarities, n_shares, R + 1); the same for every recording.
    """
    p = count_likelihood(repeats).probability
    likely: NDArray[np.float64] = np.moveaxis(_beta() @ p.T, 1, 0)
    return np.ascontiguousarray(likely)


def _prior(parts: Sequence[_Observed], used: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the prior of each probability at each share `used`, (n_shares, n)."""
    beta = _beta()[used]
    likelihoods, observed, likely = [], [], []
    for part in parts:
        # Counts that do not occur make nothing likely or unlikely.
        occurs = np.flatnonzero(part.observed.any(axis=0))
        likelihoods.append(part.given.probability[occurs])
        observed.append(part.observed[:, occurs].astype(np.float64))
        # Of each share and count, (n_similarities, n_occurring), and how often.
        share, count = np.nonzero(part.observed)
        each = _likely_counts(part.observed.shape[1] - 1)[:, used[share], count]
        likely.append((each, part.observed[share, count]))
    weight = np.full(len(_SIMILARITIES), 1 / len(_SIMILARITIES))
    for _ in range(_N_MIXING):
        better = np.zeros_like(weight)
        for each, times in likely:
            mixed = weight @ each
            np.maximum(mixed, _TINY, out=mixed)
            better += each @ np.divide(times, mixed, out=mixed)
        weight *= better
        weight /= weight.sum()
    prior: NDArray[np.float64] = np.einsum("k,bkp->bp", weight, beta)
    # 0: only more repeats than are used
    n_words = np.maximum(sum(times.sum(axis=1, keepdims=True) for times in observed), 1)
    shares = [times / n_words for times in observed]
    for _ in range(_N_SHAPING):
        better = _better(prior, likelihoods[0], shares[0]) if shares else np.ones(1)
        for p, share in zip(likelihoods[1:], shares[1:], strict=True):
            better += _better(prior, p, share)
        prior *= better
    return prior


def _better(
    prior: NDArray[np.float64], p: NDArray[np.float64], share: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return by how much each probability makes its share of the counts likelier."""
    likely = prior @ p.T
    np.maximum(likely, _TINY, out=likely)
    better: NDArray[np.float64] = np.divide(share, likely, out=likely) @ p
    return better
