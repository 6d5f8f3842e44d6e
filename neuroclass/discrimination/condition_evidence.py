"""Evidence of each condition about which of two neurons responds, from few repeats.

Input: counts of words of pairs of neurons. Output: Bhattacharyya distance and variance
of the log likelihood ratio in each condition, corrected for few repeats.

The log odds of a word differ between the two neurons by some d, of unknown sign, in
each condition. The distribution of abs(d) over the conditions of a pair is estimated
from the counts of the pair (empirical Bayes: mixing weights on a grid, by expectation
maximisation), and the evidence of a condition is its mean given the counts there.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "MOST_REPEATS",
    "N_STEPS",
    "POWER",
    "TINY",
    "ConditionEvidence",
    "States",
    "grid_of_differences",
    "mix",
    "terms_of_states",
    "unsigned",
]

MOST_REPEATS = 2000  # of a condition; with more, frequencies are sharp enough
_LARGEST = 12.0  # difference of log odds
_COARSEST = 0.5  # spacing of the grid at 0
_SPACING = 1.5  # standard errors of the difference of log odds, at the most
N_STEPS = 30  # of expectation maximisation
POWER = 1.8  # of the factors of a step: as far as 54 plain steps, and stable below 2
_PAIRS_AT_A_TIME = 8  # as many counts are common to them
_LEAST_OVERLAP = 1e-6
TINY = np.finfo(float).tiny


class ConditionEvidence:
    r"""Evidence of each condition about which neuron of a pair responds.

    .. math:: B_s = -\ln \sum_w \sqrt{P_a P_b} , \qquad
              V_s = \mathrm{Var}_s \ln \frac{P_a}{P_b} ,

    with P_a and P_b the probabilities of word w in condition s, and the variance under
    the distribution proportional to sqrt(P_a P_b).

    Parameters
    ----------
    counts : ndarray of int, (n_neurons, n_conditions, n_words)
        Number of repeats with each word, at most 2000 repeats a condition.

    Notes
    -----
    Frequencies of few repeats differ by chance, and a word that one of the two neurons
    did not fire in 20 repeats may have any small probability: B of frequencies is too
    high for pairs that differ little, and V for all.  Given the count of both neurons
    together, m, that of one has Fisher's noncentral hypergeometric distribution, which
    depends on d alone (here by its saddle-point approximation).  B and V at d and m are
    those of the probabilities that d and m give, less the curvature in m times half
    the variance of m.

    Steps of expectation maximisation are lengthened (their factors to the power 1.8),
    and stop before they have converged.  The grid of d is as fine as the repeats
    resolve.  With two words, a condition has one d.  With more, each word has its own,
    against all others, and sums over words are corrected.
    ``test_evidence_of_few_repeats_is_that_of_many``.  Cost: 1,176 pairs
    with 900 conditions of two words a tenth of a second with 60 repeats, half a second
    with 300.

    References
    ----------
    .. [1] Robbins (1956), An empirical Bayes approach to statistics, Proc. 3rd Berkeley
       Symposium 1:157-163.
    .. [2] Efron (2014), Two modeling strategies for empirical Bayes estimation,
       Statistical Science 29:285-301, doi:10.1214/13-STS455.
    .. [3] Peters & Walker (1978), An iterative procedure for obtaining maximum-
       likelihood estimates of the parameters for a mixture of normal distributions,
       SIAM J. Applied Mathematics 35:362-378, doi:10.1137/0135032: step lengths
       between 0 and 2 converge; near the solution a power is a step length.
    """

    def __init__(self, counts: NDArray[np.int64]) -> None:
        repeats = counts.sum(axis=2)
        largest = int(repeats.max(initial=0))
        self._is_binary = counts.shape[2] == 2
        words = counts[:, :, 1:] if self._is_binary else counts
        # One number for each combination of repeats and count that occurs.
        states, self._state = _unique(
            repeats[:, :, None] * (largest + 1) + words, (largest + 1) ** 2
        )
        self._known = States(*np.divmod(states, largest + 1))
        self._grid = grid_of_differences(largest)
        self._shape = counts.shape

    def __repr__(self) -> str:
        n_neurons, n_conditions, n_words = self._shape
        return (
            f"ConditionEvidence({n_neurons} neurons, {n_conditions} conditions, "
            f"{n_words} words)"
        )

    def of_pairs(
        self, first: NDArray[np.intp], second: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Return B, in nats, and V of the pairs of neurons `first` and `second`.

        (2, n_pairs, n_conditions), 0 where one of the two was not recorded.
        """
        found = np.zeros((2, len(first), self._shape[1]))
        bound, variance = found
        for begin in range(0, len(first), _PAIRS_AT_A_TIME):
            block = slice(begin, begin + _PAIRS_AT_A_TIME)
            sums = _sums_over_words(
                self._state[first[block]],
                self._state[second[block]],
                self._known,
                self._grid,
                self._is_binary,
            )
            if self._is_binary:
                bound[block], variance[block] = sums
                continue
            overlap = np.clip(1 - sums[0], _LEAST_OVERLAP, 1.0)
            bound[block] = -np.log(overlap)
            variance[block] = sums[2] / overlap - (sums[1] / overlap) ** 2
        np.maximum(variance, 0.0, out=variance)
        return found


class States(NamedTuple):
    """Repeats of a neuron in a condition, and those of them with a word."""

    repeats: NDArray[np.int64]
    occurrences: NDArray[np.int64]


def grid_of_differences(repeats: int) -> NDArray[np.float64]:
    """Return differences of log odds from 0, as fine as so many repeats resolve."""
    # The standard error at probabilities +-d / 2 around one half, the smallest.
    spacing = min(_COARSEST, _SPACING * np.sqrt(8 / max(repeats, 1)))
    grid = [0.0]
    while grid[-1] < _LARGEST:
        grid.append(grid[-1] + spacing * np.cosh(grid[-1] / 4))
    return np.array(grid)


def _sums_over_words(
    a: NDArray[np.intp],
    b: NDArray[np.intp],
    known: States,
    grid: NDArray[np.float64],
    is_binary: bool,
) -> NDArray[np.float64]:
    """Return expected terms given the counts, (n_terms, n_pairs, n_conditions)."""
    n_pairs, n_states = len(a), len(known.occurrences)
    # With two words, exchanging the neurons changes nothing.
    low, high = (np.minimum(a, b), np.maximum(a, b)) if is_binary else (a, b)
    codes, code = _unique(low * n_states + high, n_states**2)
    one, other = np.divmod(codes, n_states)
    terms, likelihood, is_informative = terms_of_states(
        States(known.repeats[one], known.occurrences[one]),
        States(known.repeats[other], known.occurrences[other]),
        grid,
        is_binary,
    )
    flat = code.reshape(n_pairs, -1) + len(codes) * np.arange(n_pairs)[:, None]
    times = np.bincount(flat.ravel(), minlength=n_pairs * len(codes))
    times = times.reshape(n_pairs, -1)[:, is_informative]
    of_size = unsigned(likelihood)
    weights = mix(times, of_size)
    evidence = np.maximum(weights @ of_size.T, TINY)
    sums = np.zeros((len(terms), n_pairs, a.shape[1]))
    expected = np.zeros((n_pairs, len(codes)))
    for found, term in zip(sums, terms, strict=True):
        expected[:, is_informative] = weights @ unsigned(likelihood * term).T / evidence
        found[:] = expected.ravel()[flat].reshape(a.shape).sum(axis=2)
    return sums


def unsigned(each: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over the signs of d, (n, n_sizes), from (n, n_signed)."""
    k = each.shape[1] // 2
    mean = each[:, k:].copy()
    mean[:, 1:] = (mean[:, 1:] + each[:, k - 1 :: -1]) / 2
    return mean


def mix(
    times: NDArray[np.intp],
    likelihood: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the weights of the sizes of d, (n_pairs, n_sizes).

    From how often each pair has each combination of counts, (n_pairs, n_codes), and
    how likely each size of d makes it, (n_codes, n_sizes).
    """
    n_sizes = likelihood.shape[1]
    weights = np.full((len(times), n_sizes), 1 / n_sizes)
    total = np.maximum(times.sum(axis=1, keepdims=True), 1.0)
    for _ in range(N_STEPS):
        mixture = np.maximum(weights @ likelihood.T, TINY)  # 0 for a silent pair
        weights *= ((times / mixture) @ likelihood / total) ** POWER
        weights /= np.maximum(weights.sum(axis=1, keepdims=True), TINY)
    return weights


def _unique(
    code: NDArray[np.intp], n_possible: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the codes that occur, and the position of each among them."""
    if n_possible > 16 * code.size:  # sorting them is faster
        codes, position = np.unique(code, return_inverse=True)
        return codes, position.reshape(code.shape)
    occurs = np.zeros(n_possible, dtype=np.bool_)
    occurs[code] = True
    return np.flatnonzero(occurs), (np.cumsum(occurs) - 1)[code]


def terms_of_states(
    a: States, b: States, grid: NDArray[np.float64], is_binary: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return terms and likelihood at each signed d, and which codes depend on d.

    (n_terms, n_informative, n_signed), (n_informative, n_signed), (n_codes,).
    """
    marked = a.occurrences + b.occurrences
    is_informative = (marked > 0) & (marked < a.repeats + b.repeats)
    is_informative &= np.minimum(a.repeats, b.repeats) > 0
    a = States(*(each[is_informative] for each in a))
    b = States(*(each[is_informative] for each in b))
    n_signed = 2 * len(grid) - 1
    terms = np.empty((2 if is_binary else 3, len(a.occurrences), n_signed))
    log_likelihood = np.empty((len(a.occurrences), n_signed))
    both = np.stack([a.repeats, b.repeats], axis=1)
    for r_a, r_b in np.unique(both, axis=0).tolist():
        here = np.flatnonzero((both == (r_a, r_b)).all(axis=1))
        table = _table(r_a, r_b, tuple(grid.tolist()), is_binary)
        n_a, n_b = a.occurrences[here, None], b.occurrences[here, None]
        row = n_a[:, 0] + n_b[:, 0] - 1
        terms[:, here] = table.terms[:, row]
        log_likelihood[here] = (
            n_a * table.log_p[row]
            + (r_a - n_a) * table.log_rest_p[row]
            + n_b * table.log_q[row]
            + (r_b - n_b) * table.log_rest_q[row]
            + table.log_deviation[row]
        )
    log_likelihood -= log_likelihood.max(axis=1, keepdims=True)
    return terms, np.exp(log_likelihood), is_informative


class _Table(NamedTuple):
    """What the repeats r_a and r_b, the sum m = 1, 2, ..., and d give.

    ``terms`` is (n_terms, r_a + r_b - 1, n_signed), the others without terms.
    """

    terms: NDArray[np.float64]
    log_p: NDArray[np.float64]
    log_rest_p: NDArray[np.float64]
    log_q: NDArray[np.float64]
    log_rest_q: NDArray[np.float64]
    log_deviation: NDArray[np.float64]  # of m, but for a constant


@lru_cache(maxsize=16)  # of 30 MB with most repeats
def _table(r_a: int, r_b: int, grid: tuple[float, ...], is_binary: bool) -> _Table:
    size = np.array(grid)
    d = np.concatenate([-size[:0:-1], size])
    marked = np.arange(r_a + r_b + 1, dtype=np.float64)[1:-1, None]
    p, q = _probabilities(marked, r_a, r_b, d)
    variance = r_a * p * (1 - p) + r_b * q * (1 - q)
    terms_of = _binary_terms if is_binary else _word_terms
    # No evidence, where none or all of the repeats have the word.
    terms = np.pad(terms_of(p, q), ((0, 0), (1, 1), (0, 0)))
    terms = terms[:, 1:-1] - np.diff(terms, n=2, axis=1) * variance / 2
    if is_binary:
        terms = np.maximum(terms, 0.0)
    return _Table(
        terms,
        np.log(p),
        np.log1p(-p),
        np.log(q),
        np.log1p(-q),
        np.log(variance) / 2,
    )


def _probabilities(
    marked: NDArray[np.float64], r_a: int, r_b: int, d: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return p and q whose log odds differ by d, with r_a p + r_b q = marked."""
    c = np.exp(d / 2)
    # Odds c x and x / c: a quadratic equation in x.
    leading = r_a + r_b - marked
    linear = (r_a - marked) * c + (r_b - marked) / c
    root = np.sqrt(linear**2 + 4 * leading * marked)
    with np.errstate(divide="ignore", invalid="ignore"):
        x = np.where(
            linear > 0, 2 * marked / (linear + root), (root - linear) / (2 * leading)
        )
    return c * x / (1 + c * x), x / (c + x)


def _binary_terms(
    p: NDArray[np.float64], q: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return B and V of a condition with a word and none."""
    both, neither = np.sqrt(p * q), np.sqrt((1 - p) * (1 - q))
    overlap = both + neither
    ratio, rest = np.log(p / q), np.log((1 - p) / (1 - q))
    mean = (both * ratio + neither * rest) / overlap
    variance = (both * ratio**2 + neither * rest**2) / overlap - mean**2
    return np.stack([-np.log(overlap), variance])


def _word_terms(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a word takes from the overlap, and its log ratio and square there."""
    both, ratio = np.sqrt(p * q), np.log(p / q)
    return np.stack([(np.sqrt(p) - np.sqrt(q)) ** 2 / 2, both * ratio, both * ratio**2])
