"""Loops over timing matrices, compiled by numba: logarithms several at a time.

Input and output: those of the numpy functions with the same task in `TimingMatrix`.
"""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.compiled_loop import compile_loop

__all__ = ["reassign", "single_values_of_sums", "values_of_sums"]

Array = NDArray[Any]

_LN2 = float(np.log(2.0))
_NONE = 1e-12  # as in `TimingMatrix`
_HALF = 1 / (2 * _LN2)
_SHIFT = np.uint64(52)
_MANTISSA = np.uint64((1 << 52) - 1)
_ONE = np.uint64(1023 << 52)
_MAGIC = np.uint64(1075 << 52)  # 2^52
_OFFSET = float(2**52 + 1023)
_ROOT = float(np.sqrt(2.0))


def _plain_term(x: float, variance: float) -> float:
    """Return x log2(x) - variance / (2 ln2 x), 0 where x is 0; without branches.

    log2 by its exponent and, for s = (m - 1) / (m + 1) and z = s^2 <= .0295, the series
    of the area tangent, which is short of the rounding of a double by then.
    """
    is_some = x > _NONE
    inside = x if is_some else 1.0
    bits = np.float64(inside).view(np.uint64)
    # As the last bits of 2^52, since few machines convert several integers at a time.
    exponent = np.uint64((bits >> _SHIFT) | _MAGIC).view(np.float64) - _OFFSET
    mantissa = np.uint64((bits & _MANTISSA) | _ONE).view(np.float64)
    is_high = mantissa > _ROOT
    mantissa = mantissa * 0.5 if is_high else mantissa
    exponent = exponent + 1.0 if is_high else exponent
    inverse = 1.0 / (inside * (mantissa + 1.0))  # one division for two quotients
    s = (mantissa - 1.0) * inside * inverse
    z = s * s
    z2 = z * z
    z4 = z2 * z2
    low = (1.0 + z * (1 / 3)) + z2 * (1 / 5 + z * (1 / 7))
    middle = (1 / 9 + z * (1 / 11)) + z2 * (1 / 13 + z * (1 / 15))
    high = (1 / 17 + z * (1 / 19)) + z2 * (1 / 21)
    series = low + z4 * (middle + z4 * high)
    log2 = exponent + s * series * (2 / _LN2)
    term = inside * log2 - _HALF * variance * (mantissa + 1.0) * inverse
    return term if is_some else 0.0


_term: Any = numba.njit(inline="always", error_model="numpy")(_plain_term)


def _values_of_sums(
    counts: Array, others: Array, row: Array, n_features: int, n_totals: int
) -> Array:
    """Return Phi of the rows `others` of the counts, each added to `row`."""
    values = np.empty(len(others))
    # Slices, since an index that might be negative is not vectorised.
    end, rest = 2 * n_features, 2 * n_features + n_totals
    x, v = row[:n_features], row[n_features:end]
    y, u = row[end:rest], row[rest : rest + n_totals]
    for k in range(len(others)):
        other = counts[others[k]]
        of_x, of_v = other[:n_features], other[n_features:end]
        of_y, of_u = other[end:rest], other[rest : rest + n_totals]
        total = 0.0
        for c in range(n_features):
            total += _term(of_x[c] + x[c], of_v[c] + v[c])
        for c in range(n_totals):
            total -= _term(of_y[c] + y[c], of_u[c] + u[c])
        values[k] = total
    return values


values_of_sums = compile_loop(
    _values_of_sums, fastmath={"reassoc", "contract"}, error_model="numpy"
)


def _plain_value(row: Array, one: Array, sign: float, n_features: int) -> float:
    """Return Phi of a row plus `sign` times another."""
    n_totals = len(row) // 2 - n_features
    end, rest = 2 * n_features, 2 * n_features + n_totals
    x, v, y, u = row[:n_features], row[n_features:end], row[end:rest], row[rest:]
    own_x, own_v = one[:n_features], one[n_features:end]
    own_y, own_u = one[end:rest], one[rest:]
    total = 0.0
    for c in range(n_features):
        total += _term(x[c] + sign * own_x[c], v[c] + sign * own_v[c])
    for c in range(n_totals):
        total -= _term(y[c] + sign * own_y[c], u[c] + sign * own_u[c])
    return total


_value = compile_loop(
    _plain_value, fastmath={"reassoc", "contract"}, error_model="numpy"
)


@compile_loop
def reassign(
    counts: Array,
    labels: Array,
    sums: Array,
    n_features: int,
    tolerance: float,
    n_sweeps: int,
) -> None:
    """Move neurons until no move gains; changes `labels` and `sums` in place."""
    n_neurons, n_clusters = len(counts), len(sums)
    values = np.empty(n_clusters)
    for k in range(n_clusters):
        values[k] = _value(sums[k], sums[k], 0.0, n_features)
    sizes = np.zeros(n_clusters, dtype=np.int64)
    for i in range(n_neurons):
        sizes[labels[i]] += 1
    # A gain is computed anew only for classes that changed since it was computed.
    version = np.zeros(n_clusters, dtype=np.int64)
    computed = np.full((n_neurons, n_clusters), -1)
    # What the objective gains with the neuron in the class, over the class without it.
    gain = np.empty((n_neurons, n_clusters))
    for _ in range(n_sweeps):
        n_moves = 0
        for i in range(n_neurons):
            own = labels[i]
            if sizes[own] == 1:
                continue
            is_new = False
            for k in range(n_clusters):
                if computed[i, k] == version[k]:
                    continue
                is_new = True
                sign = -1.0 if k == own else 1.0
                both = _value(sums[k], counts[i], sign, n_features)
                gain[i, k] = sign * (both - values[k])
                computed[i, k] = version[k]
            if not is_new:
                continue
            best = gain[i].argmax()
            if gain[i, best] <= gain[i, own] + tolerance:
                continue
            for c in range(counts.shape[1]):
                sums[own, c] -= counts[i, c]
                sums[best, c] += counts[i, c]
            for k in (own, best):
                values[k] = _value(sums[k], sums[k], 0.0, n_features)
                version[k] += 1
            sizes[own] -= 1
            sizes[best] += 1
            labels[i] = best
            n_moves += 1
        if not n_moves:
            break


_f4 = np.float32
_ONE_4, _HALF_4, _NONE_4, _FOUR_4 = _f4(1), _f4(0.5), _f4(_NONE), _f4(4)
_ROOT_4, _BITS_4, _MM_4 = _f4(_ROOT), _f4(2 / _LN2), _f4(_HALF)
_C3, _C5, _C7, _C9 = _f4(1 / 3), _f4(1 / 5), _f4(1 / 7), _f4(1 / 9)
_SHIFT_4, _BIAS_4 = np.uint32(23), _f4(127)
_MANTISSA_4, _EXPONENT_4 = np.uint32((1 << 23) - 1), np.uint32(127 << 23)


def _plain_single_term(x: Any, variance: Any) -> Any:
    """Return the same in single precision, twice as many at a time, sooner."""
    is_some = x > _NONE_4
    inside = x if is_some else _ONE_4
    bits = np.float32(inside).view(np.uint32)
    exponent = np.float32(np.int32(np.uint32(bits >> _SHIFT_4))) - _BIAS_4
    mantissa = np.uint32(np.uint32(bits & _MANTISSA_4) | _EXPONENT_4).view(np.float32)
    is_high = mantissa > _ROOT_4
    mantissa = mantissa * _HALF_4 if is_high else mantissa
    exponent = exponent + _ONE_4 if is_high else exponent
    s = (mantissa - _ONE_4) / (mantissa + _ONE_4)
    z = s * s
    series = (_ONE_4 + z * _C3) + z * z * (_C5 + z * (_C7 + z * _C9))
    term = inside * (exponent + s * series * _BITS_4) - _MM_4 * variance / inside
    return term if is_some else _f4(0)


_single_term: Any = numba.njit(inline="always", error_model="numpy")(_plain_single_term)


def _single_values_of_sums(
    counts: Array, others: Array, row: Array, n_features: int, n_totals: int
) -> Array:
    """Return about Phi of sums, and what rounding errors are proportional to.

    Rows of single precision; (2, n_others).  The second is the sum of the sizes of the
    terms, and four times that of what they are of.
    """
    values = np.empty((2, len(others)))
    end, rest = 2 * n_features, 2 * n_features + n_totals
    x, v = row[:n_features], row[n_features:end]
    y, u = row[end:rest], row[rest : rest + n_totals]
    for k in range(len(others)):
        other = counts[others[k]]
        of_x, of_v = other[:n_features], other[n_features:end]
        of_y, of_u = other[end:rest], other[rest : rest + n_totals]
        total = size = _f4(0)
        for c in range(n_features):
            both = of_x[c] + x[c]
            term = _single_term(both, of_v[c] + v[c])
            total += term
            size += abs(term) + _FOUR_4 * both
        for c in range(n_totals):
            both = of_y[c] + y[c]
            term = _single_term(both, of_u[c] + u[c])
            total -= term
            size += abs(term) + _FOUR_4 * both
        values[0, k] = total
        values[1, k] = size
    return values


single_values_of_sums = compile_loop(
    _single_values_of_sums, fastmath={"reassoc", "contract"}, error_model="numpy"
)
