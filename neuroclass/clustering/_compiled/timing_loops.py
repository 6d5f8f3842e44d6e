"""Loops over timing matrices, compiled by numba: logarithms several at a time.

Input and output: those of the numpy functions with the same task in `TimingMatrix`.
"""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from neuroclass.clustering._compiled.loops import compile_loop

__all__ = ["values_of_sums"]

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
