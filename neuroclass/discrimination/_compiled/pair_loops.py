"""Loops over pairs of neurons and conditions, compiled by numba.

Input and output: those of the numpy functions with the same task in this package.
"""

import math
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.compiled_loop import compile_loop
from neuroclass.discrimination.condition_evidence import N_STEPS, POWER, TINY

__all__ = ["evidence", "histograms_of_sums", "words_to_accuracy"]

Array = NDArray[Any]
_LEAST = 1e-14  # fraction of wrong answers, and fall of its logarithm


@compile_loop
def histograms_of_sums(
    counts: Array, first: Array, second: Array, histograms: Array
) -> None:
    """Count how often each sum of two rows is 0, 1, ..., into `histograms`."""
    n_columns, n_sums = counts.shape[1], histograms.shape[1]
    # Eight histograms: one would wait for its last count before it counts the next.
    parts = np.empty((8, n_sums), dtype=np.int32)
    whole = n_columns // 8 * 8
    for k in range(len(first)):
        a, b = counts[first[k]], counts[second[k]]
        parts[:] = 0
        for c in range(0, whole, 8):
            parts[0, np.uint32(a[c] + b[c])] += 1
            parts[1, np.uint32(a[c + 1] + b[c + 1])] += 1
            parts[2, np.uint32(a[c + 2] + b[c + 2])] += 1
            parts[3, np.uint32(a[c + 3] + b[c + 3])] += 1
            parts[4, np.uint32(a[c + 4] + b[c + 4])] += 1
            parts[5, np.uint32(a[c + 5] + b[c + 5])] += 1
            parts[6, np.uint32(a[c + 6] + b[c + 6])] += 1
            parts[7, np.uint32(a[c + 7] + b[c + 7])] += 1
        for c in range(whole, n_columns):
            parts[0, np.uint32(a[c] + b[c])] += 1
        for m in range(n_sums):
            histograms[k, m] = (
                (parts[0, m] + parts[1, m])
                + (parts[2, m] + parts[3, m])
                + (parts[4, m] + parts[5, m])
                + (parts[6, m] + parts[7, m])
            )


# Sums in any order, so that several are taken at once.
_vectorised = partial(
    compile_loop, fastmath={"reassoc", "contract"}, error_model="numpy"
)


@_vectorised
def _add_rows(weights: Array, given: Array, mixture: Array, n_codes: int) -> None:
    """Write the weighted sum of the rows, four at a time, into `mixture`."""
    for c in range(n_codes):
        mixture[c] = 0.0
    for s in range(0, len(given), 4):
        w0, w1, w2, w3 = weights[s], weights[s + 1], weights[s + 2], weights[s + 3]
        for c in range(n_codes):
            mixture[c] += (
                w0 * given[s, c]
                + w1 * given[s + 1, c]
                + w2 * given[s + 2, c]
                + w3 * given[s + 3, c]
            )


@_vectorised
def _mix(
    times: Array,
    given: Array,
    mixture: Array,
    weights: Array,
    n_sizes: int,
    n_codes: int,
) -> None:
    """Find the weights of the sizes of one pair, and the mixture of each count.

    Four sizes at a time, of which the last may be none; their likelihoods are rows.
    """
    n_rows = len(given)
    weights[:] = 0.0
    weights[:n_sizes] = 1 / n_sizes
    total = max(times[:n_codes].sum(), 1.0)
    for _ in range(N_STEPS):
        _add_rows(weights, given, mixture, n_codes)
        for c in range(n_codes):
            mixture[c] = times[c] / max(mixture[c], TINY)
        for s in range(0, n_rows, 4):
            s0 = s1 = s2 = s3 = 0.0
            for c in range(n_codes):
                s0 += mixture[c] * given[s, c]
                s1 += mixture[c] * given[s + 1, c]
                s2 += mixture[c] * given[s + 2, c]
                s3 += mixture[c] * given[s + 3, c]
            weights[s] *= (s0 / total) ** POWER
            weights[s + 1] *= (s1 / total) ** POWER
            weights[s + 2] *= (s2 / total) ** POWER
            weights[s + 3] *= (s3 / total) ** POWER
        weights /= max(weights.sum(), TINY)
    _add_rows(weights, given, mixture, n_codes)


@compile_loop
def evidence(
    state: Array,
    code: Array,
    likelihood: Array,
    terms: Array,
    first: Array,
    second: Array,
    found: Array,
) -> None:
    """Write B and V of pairs into `found`, (2, n_pairs, n_conditions)."""
    n_rows, n_sizes = likelihood.shape
    n_conditions = state.shape[1]
    n_padded = (n_sizes + 3) // 4 * 4
    # Rows of the tables that a pair uses, in the order in which they are met.
    place = np.zeros(n_rows + 1, dtype=np.int64)  # from 1; 0 where not yet met
    used = np.empty(n_rows, dtype=np.int64)
    times = np.empty(n_rows)
    given = np.zeros((n_padded, min(n_rows, n_conditions)))
    mixture, weights = np.empty(given.shape[1]), np.empty(n_padded)
    expected = np.zeros((n_rows + 1, 2))
    for k in range(len(first)):
        a, b = state[first[k]], state[second[k]]
        n_used = 0
        for c in range(n_conditions):
            row = code[a[c], b[c]]
            if row == n_rows:
                continue
            at = place[row]
            if at == 0:
                used[n_used] = row
                times[n_used] = 1.0
                for s in range(n_sizes):
                    given[s, n_used] = likelihood[row, s]
                n_used += 1
                place[row] = n_used
            else:
                times[at - 1] += 1.0
        _mix(times, given, mixture, weights, n_sizes, n_used)
        for u in range(n_used):
            row = used[u]
            bound = variance = 0.0
            for s in range(n_sizes):
                bound += weights[s] * terms[0, row, s]
                variance += weights[s] * terms[1, row, s]
            expected[row, 0] = bound / max(mixture[u], TINY)
            expected[row, 1] = max(variance / max(mixture[u], TINY), 0.0)
            place[row] = 0
        for c in range(n_conditions):
            row = code[a[c], b[c]]
            found[0, k, c] = expected[row, 0]
            found[1, k, c] = expected[row, 1]


@compile_loop
def _wrong(bounds: Array, variances: Array, starts: Array, n_words: int) -> float:
    """Return the mean fraction of wrong answers after so many words, over starts."""
    n_conditions = len(bounds) - 1
    rounds, rest = n_words // n_conditions, n_words % n_conditions
    bound_of_rounds = rounds * bounds[n_conditions]
    variance_of_rounds = rounds * variances[n_conditions]
    total = 0.0
    for start in starts:
        stop = start + rest
        bound, variance = bound_of_rounds, variance_of_rounds
        if stop > n_conditions:
            stop -= n_conditions
            bound += bounds[n_conditions]
            variance += variances[n_conditions]
        bound += bounds[stop] - bounds[start]
        variance = max(variance + variances[stop] - variances[start], 0.0)
        tail = math.erfc(math.sqrt(variance / 8))
        if tail > 0.0:
            total += math.exp(variance / 8 - bound) * tail / 2
    return total / len(starts)


@compile_loop
def _between(low: int, high: int, at_low: float, at_high: float, level: float) -> int:
    """Return a number of words between two, near that of a level of wrong answers."""
    fall = math.log(at_low / max(at_high, _LEAST))
    part = math.log(at_low / level) / max(fall, _LEAST)
    middle = low + math.ceil(max(0.0, min(part, 1.0)) * (high - low))
    return max(low + 1, min(middle, high - 1))


@compile_loop
def words_to_accuracy(
    evidence: Array,
    starts: Array,
    accuracies: Array,
    evidence_needed: Array,
    most_words: int,
    words: Array,
) -> None:
    """Write the numbers of words to accuracies, (n_accuracies, n_pairs).

    The accuracies ascend. Nan where `most_words` are not enough.
    """
    n_pairs, n_conditions = evidence.shape[1:]
    bounds, variances = np.zeros(n_conditions + 1), np.zeros(n_conditions + 1)
    for k in range(n_pairs):
        for c in range(n_conditions):
            bounds[c + 1] = bounds[c] + evidence[0, k, c]
            variances[c + 1] = variances[c] + evidence[1, k, c]
        words[:, k] = np.nan
        low, at_low, scale = 0, 0.5, 1.0
        for q in range(len(accuracies)):
            level = 1.0 - accuracies[q]
            steady = scale * evidence_needed[q] * n_conditions
            guess = steady / max(bounds[n_conditions], steady / most_words)
            high = max(low + 1, math.ceil(guess))
            at_high = _wrong(bounds, variances, starts, high)
            while 1.0 - at_high < accuracies[q] and high < most_words:
                # Longer by the slope of the logarithm, and by a bit.
                reach = 4.0 * high
                slope = math.log(at_low / at_high) / (high - low)
                if slope > 0.0:
                    reach = min(reach, high + 1.1 * math.log(at_high / level) / slope)
                low, at_low = high, at_high
                high = min(max(low + 1, math.ceil(reach)), most_words)
                at_high = _wrong(bounds, variances, starts, high)
            if 1.0 - at_high < accuracies[q]:
                break  # nor are they for the next
            step = 0
            while high - low > 1:
                step += 1
                middle = (low + high) // 2
                if step % 3:
                    middle = _between(low, high, at_low, at_high, level)
                at_middle = _wrong(bounds, variances, starts, middle)
                if 1.0 - at_middle < accuracies[q]:
                    low, at_low = middle, at_middle
                else:
                    high, at_high = middle, at_middle
            gain = max(at_low - at_high, 1e-12)
            words[q, k] = low + (accuracies[q] - (1.0 - at_low)) / gain
            # What it took beside the guess, it will take again.
            scale = (
                words[q, k] * bounds[n_conditions] / (evidence_needed[q] * n_conditions)
            )
