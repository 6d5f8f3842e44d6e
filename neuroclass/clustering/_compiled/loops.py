"""Loops over counts, compiled by numba: sums of table look-ups without temporaries.

Input and output: those of the numpy functions with the same task in this package.
"""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.compiled_loop import compile_loop
from neuroclass.clustering._compiled.nearest_pair import least_bound as _least_bound

__all__ = [
    "gains",
    "least_bound",
    "log_ratios",
    "reassign",
    "values",
    "values_of_sums",
]

Array = NDArray[Any]

# Sums in any order, and no exception for 0 / 0, so that several are taken at once.
_vectorised = partial(
    compile_loop, fastmath={"reassoc", "contract"}, error_model="numpy"
)


least_bound = compile_loop(_least_bound)


@compile_loop
def values(table: Array, counts: Array, n_columns: int) -> Array:
    """Return the sum of table[counts[i, c]] over the first columns, for each row i."""
    sums = np.empty(len(counts))
    whole = n_columns // 4 * 4
    for i in range(len(counts)):
        # Four sums: one would wait for each addition before it begins the next.
        s0 = s1 = s2 = s3 = 0.0
        for c in range(0, whole, 4):
            s0 += table[np.uint32(counts[i, c])]
            s1 += table[np.uint32(counts[i, c + 1])]
            s2 += table[np.uint32(counts[i, c + 2])]
            s3 += table[np.uint32(counts[i, c + 3])]
        for c in range(whole, n_columns):
            s0 += table[np.uint32(counts[i, c])]
        sums[i] = (s0 + s1) + (s2 + s3)
    return sums


@compile_loop
def values_of_sums(
    table: Array, counts: Array, others: Array, row: Array, n_columns: int
) -> Array:
    """Return the same for the rows `others` of the counts, each added to `row`."""
    sums = np.empty(len(others))
    whole = n_columns // 4 * 4
    for k in range(len(others)):
        i = others[k]
        s0 = s1 = s2 = s3 = 0.0
        for c in range(0, whole, 4):
            s0 += table[np.uint32(counts[i, c] + row[c])]
            s1 += table[np.uint32(counts[i, c + 1] + row[c + 1])]
            s2 += table[np.uint32(counts[i, c + 2] + row[c + 2])]
            s3 += table[np.uint32(counts[i, c + 3] + row[c + 3])]
        for c in range(whole, n_columns):
            s0 += table[np.uint32(counts[i, c] + row[c])]
        sums[k] = (s0 + s1) + (s2 + s3)
    return sums


@compile_loop
def _change(
    table: Array,
    terms: Array,
    sums: Array,
    columns: Array,
    observed: Array,
    n_used: int,
    sign: int,
) -> float:
    """Return the change of a class as a neuron joins (sign 1) or leaves it (-1)."""
    whole = n_used // 2 * 2
    s0 = s1 = 0.0
    for u in range(0, whole, 2):
        c, d = columns[u], columns[u + 1]
        s0 += table[np.uint32(sums[c] + sign * observed[u])] - terms[c]
        s1 += table[np.uint32(sums[d] + sign * observed[u + 1])] - terms[d]
    if whole < n_used:
        c = columns[whole]
        s0 += table[np.uint32(sums[c] + sign * observed[whole])] - terms[c]
    return s0 + s1


@compile_loop
def reassign(
    table: Array,
    repeat_table: Array,
    weights: Array,
    counts: Array,
    labels: Array,
    sums: Array,
    tolerance: float,
    n_sweeps: int,
) -> None:
    """Move neurons until no move gains; changes `labels` and `sums` in place."""
    n_neurons, n_clusters = len(counts), len(sums)
    n_columns = counts.shape[1] - len(weights)
    terms = np.empty((n_clusters, n_columns))
    for k in range(n_clusters):
        for c in range(n_columns):
            terms[k, c] = table[np.uint32(sums[k, c])]
    sizes = np.zeros(n_clusters, dtype=np.int64)
    for i in range(n_neurons):
        sizes[labels[i]] += 1
    # A gain is computed anew only for classes that changed since it was computed.
    version = np.zeros(n_clusters, dtype=np.int64)
    computed = np.full((n_neurons, n_clusters), -1)
    # What the objective gains with the neuron in the class, over the class without it.
    gain = np.empty((n_neurons, n_clusters))
    columns = np.empty(n_columns, dtype=np.uint32)
    observed = np.empty(n_columns, dtype=np.int64)
    for _ in range(n_sweeps):
        n_moves = 0
        for i in range(n_neurons):
            own = labels[i]
            if sizes[own] == 1:
                continue
            n_used = -1
            for k in range(n_clusters):
                if computed[i, k] == version[k]:
                    continue
                if n_used < 0:  # words with a count of 0 change nothing
                    n_used = 0
                    for c in range(n_columns):
                        columns[n_used] = c
                        observed[n_used] = counts[i, c]
                        n_used += counts[i, c] > 0
                sign = -1 if k == own else 1
                gain[i, k] = sign * _change(
                    table, terms[k], sums[k], columns, observed, n_used, sign
                )
                for p in range(len(weights)):
                    before = sums[k, n_columns + p]
                    after = before + sign * np.int64(counts[i, n_columns + p])
                    gain[i, k] += (
                        sign * weights[p] * (repeat_table[after] - repeat_table[before])
                    )
                computed[i, k] = version[k]
            if n_used < 0:
                continue
            best = gain[i].argmax()
            if gain[i, best] <= gain[i, own] + tolerance:
                continue
            for c in range(counts.shape[1]):
                sums[own, c] -= counts[i, c]
                sums[best, c] += counts[i, c]
            for u in range(n_used):
                c = columns[u]
                terms[own, c] = table[np.uint32(sums[own, c])]
                terms[best, c] = table[np.uint32(sums[best, c])]
            sizes[own] -= 1
            sizes[best] += 1
            version[own] += 1
            version[best] += 1
            labels[i] = best
            n_moves += 1
        if not n_moves:
            break


@compile_loop
def gains(
    table: Array,
    starts: Array,
    columns: Array,
    observed: Array,
    sums: Array,
    candidates: Array,
    takes_out: bool,
) -> Array:
    """Return the gain by the words of each neuron in each candidate class.

    With `takes_out` the sums of the first candidate include the neuron itself.
    """
    change = np.empty(candidates.shape)
    for i in range(len(candidates)):
        for k in range(candidates.shape[1]):
            of_class = sums[candidates[i, k]]
            is_in = takes_out and k == 0
            total = 0.0
            for j in range(starts[i], starts[i + 1]):
                after = before = of_class[columns[j]]
                if is_in:
                    before -= observed[j]
                else:
                    after += observed[j]
                total += table[np.uint64(after)] - table[np.uint64(before)]
            change[i, k] = total
    return change


@_vectorised
def log_ratios(
    counts: Array, labels: Array, sums: Array, first: int, is_profile: bool
) -> Array:
    """Return the log likelihood ratio of each neuron, as `held_out` defines it."""
    n_neurons, n_words, n_conditions = counts.shape
    repeats = np.zeros((2, n_conditions))
    for label in range(2):
        for w in range(n_words):
            for s in range(n_conditions):
                repeats[label, s] += sums[label, w, s]
    own, half, per_0, per_1, odds = np.empty((5, n_conditions))
    ratios = np.empty(n_neurons)
    for i in range(n_neurons):
        in_0, in_1 = 1.0 - labels[i], 1.0 * labels[i]
        own[:] = 0
        for w in range(n_words):
            for s in range(n_conditions):
                own[s] += counts[i, w, s]
        for s in range(n_conditions):
            repeats_0 = repeats[0, s] - in_0 * own[s]
            repeats_1 = repeats[1, s] - in_1 * own[s]
            both = repeats_0 + repeats_1
            half[s] = 0.5 / both if both > 0 else 0.0
            per_0[s], per_1[s] = 1 / (repeats_0 + 0.5), 1 / (repeats_1 + 0.5)
        whole_0 = whole_1 = weight = evidence = 0.0
        for w in range(first, n_words):
            for s in range(n_conditions):
                n = counts[i, w, s]
                n_0 = sums[0, w, s] - in_0 * n
                n_1 = sums[1, w, s] - in_1 * n
                q = (n_0 + n_1) * half[s]
                p_0 = (n_0 + q) * per_0[s]
                p_1 = (n_1 + q) * per_1[s]
                whole_0 += p_0
                whole_1 += p_1
                odds[s] = p_1 / p_0  # nan where no other neuron fired the word
            for s in range(n_conditions):
                if counts[i, w, s] > 0 and odds[s] > 0:
                    root = np.sqrt(float(counts[i, w, s]))
                    weight += root
                    evidence += root * np.log(odds[s])
        if is_profile and whole_1 > 0:
            evidence += weight * np.log(whole_0 / whole_1)
        ratios[i] = evidence / max(weight, 1.0)
    return ratios
