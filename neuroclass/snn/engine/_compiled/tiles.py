"""Operations on a tile of 32 neurons, as vectors of LLVM that numba's kernels call.

Input: flat arrays of single precision and a place in them. Output: 32 values written
there, or a word with a bit for each neuron. What numba's loops do not keep in registers
is kept there: the sum of a tile over all neurons that fired. LLVM compiles it for any
processor, in as many of its registers as it takes.

A row is the weights from one neuron to the tile; events hold the places of rows,
counted from the tile's first. Numba's cache on disk does not notice a change of this
file: change `stage_kernels.py` with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import extending
from numba.core import cgutils, types
from numba.np.arrayobj import make_array

__all__ = [
    "LANES",
    "TOGETHER",
    "add_rows",
    "add_scaled_rows",
    "drive_pairs",
    "fire",
    "lowest_bit",
]

# Neurons of a tile, and bits of a word.
LANES = 32
# Rows that are summed before their sum is added; signed events are filled up to it.
TOGETHER = 4

_INDEX = ir.IntType(64)
_WORD = ir.IntType(32)
_WORDS = ir.VectorType(_WORD, LANES)
_TILE = ir.VectorType(ir.FloatType(), LANES)
_NONE = ir.Constant(_TILE, [0.0] * LANES)
_ONES = ir.Constant(_TILE, [1.0] * LANES)

_stack_value: Any = cgutils.alloca_once_value
_structure: Any = make_array


def _intrinsic(operation: Callable[..., Any]) -> Any:
    """Let compiled functions call what an operation generates."""
    return extending.intrinsic(operation)


class _Call:
    """A call of an intrinsic: its arguments, and tiles in memory."""

    def __init__(self, context: Any, builder: Any, signature: Any, args: Any) -> None:
        self.context, self.builder = context, builder
        self.types, self.args = signature.args, args

    def index(self, argument: int) -> Any:
        """Return a whole number in 64 bits."""
        value, kind = self.args[argument], self.types[argument]
        return self.context.cast(self.builder, value, kind, types.int64)

    def pointer(self, argument: int, at: Any) -> Any:
        """Return the address of a value of an array."""
        kind, value = self.types[argument], self.args[argument]
        array = _structure(kind)(self.context, self.builder, value)
        return self.builder.gep(array.data, [at])

    def load(self, pointer: Any) -> Any:
        """Return the 32 values from an address on."""
        source = self.builder.bitcast(pointer, _TILE.as_pointer())
        return self.builder.load(source, align=4)

    def store(self, tile: Any, pointer: Any) -> None:
        """Write 32 values."""
        target = self.builder.bitcast(pointer, _TILE.as_pointer())
        self.builder.store(tile, target, align=4)

    def spread(self, value: Any) -> Any:
        """Return 32 times the same value."""
        undefined = ir.Constant(_TILE, ir.Undefined)
        first = self.builder.insert_element(undefined, value, ir.Constant(_WORD, 0))
        return self.builder.shuffle_vector(
            first, undefined, ir.Constant(_WORDS, [0] * LANES)
        )

    def signed_sum(self) -> Any:
        """Return the rows of some events less those of others.

        Arguments: weights, the place of the tile's first row, events, how many are
        added and how many taken away, where the first and where the others begin.
        """
        base = self.pointer(0, self.index(1))
        sums = [
            self._sum(base, self.pointer(2, self.index(begin)), n_events, TOGETHER)
            for begin, n_events in ((5, self.index(3)), (6, self.index(4)))
        ]
        return self.builder.fsub(*sums)

    def scaled_sum(self) -> Any:
        """Return the sum of rows, each times its value.

        Arguments: weights, the place of the tile's first row, events, their values and
        their number.
        """
        start = ir.Constant(_INDEX, 0)
        base = self.pointer(0, self.index(1))
        events, values = self.pointer(2, start), self.pointer(3, start)
        return self._sum(base, events, self.index(4), 1, values)

    def _sum(
        self, base: Any, events: Any, n_events: Any, together: int, values: Any = None
    ) -> Any:
        builder = self.builder
        total = _stack_value(builder, _NONE)

        def row(event: Any) -> Any:
            offset = builder.sext(builder.load(builder.gep(events, [event])), _INDEX)
            weights = self.load(builder.gep(base, [offset]))
            if values is None:
                return weights
            value = builder.load(builder.gep(values, [event]))
            return builder.fmul(weights, self.spread(value))

        start, step = (ir.Constant(_INDEX, value) for value in (0, together))
        with cgutils.for_range_slice(builder, start, n_events, step, _INDEX) as turn:
            rows = [
                row(builder.add(turn[0], ir.Constant(_INDEX, k)))
                for k in range(together)
            ]
            while len(rows) > 1:
                pairs = zip(rows[::2], rows[1::2], strict=True)
                rows = [builder.fadd(first, second) for first, second in pairs]
            builder.store(builder.fadd(builder.load(total), rows[0]), total)
        return builder.load(total)


@_intrinsic
def add_rows(
    _: Any,
    weights: Any,
    begin: Any,
    events: Any,
    n_plus: Any,
    n_minus: Any,
    plus: Any,
    minus: Any,
    into: Any,
    place: Any,
) -> Any:
    """Add the rows of some events to a tile and subtract those of others."""
    given = weights, begin, events, n_plus, n_minus, plus, minus, into, place

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        call = _Call(context, builder, signature, args)
        tile = call.pointer(7, call.index(8))
        call.store(builder.fadd(call.load(tile), call.signed_sum()), tile)
        return context.get_dummy_value()

    return types.void(*given), generate


@_intrinsic
def fire(
    _: Any,
    weights: Any,
    begin: Any,
    events: Any,
    n_plus: Any,
    n_minus: Any,
    plus: Any,
    minus: Any,
    potential: Any,
    constant: Any,
    counts: Any,
    place: Any,
    threshold: Any,
    reset: Any,
    leak: Any,
) -> Any:
    """Add signed rows and the constant current, fire, reset, count; return spikes."""
    given = (
        *(weights, begin, events, n_plus, n_minus, plus, minus),
        *(potential, constant, counts, place, threshold, reset, leak),
    )

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        call = _Call(context, builder, signature, args)
        u, current, count = (call.pointer(k, call.index(10)) for k in (7, 8, 9))
        limit, taken, kept = (call.spread(args[k]) for k in (11, 12, 13))
        received = builder.fadd(call.load(u), call.signed_sum())
        value = builder.fadd(received, call.load(current))
        spikes = builder.fcmp_ordered(">=", value, limit)
        value = builder.fsub(value, builder.select(spikes, taken, _NONE))
        call.store(builder.fmul(value, kept), u)
        more = builder.select(spikes, _ONES, _NONE)
        call.store(builder.fadd(call.load(count), more), count)
        return builder.bitcast(spikes, _WORD)

    return types.uint32(*given), generate


@_intrinsic
def add_scaled_rows(
    _: Any,
    weights: Any,
    begin: Any,
    events: Any,
    values: Any,
    n_events: Any,
    into: Any,
    place: Any,
) -> Any:
    """Add the rows of events to a tile, each times its value."""
    given = weights, begin, events, values, n_events, into, place

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        call = _Call(context, builder, signature, args)
        tile = call.pointer(5, call.index(6))
        call.store(builder.fadd(call.load(tile), call.scaled_sum()), tile)
        return context.get_dummy_value()

    return types.void(*given), generate


@_intrinsic
def drive_pairs(
    _: Any,
    weights: Any,
    begin: Any,
    events: Any,
    values: Any,
    n_events: Any,
    potential: Any,
    place: Any,
    error: Any,
    error_place: Any,
    threshold: Any,
) -> Any:
    """Add rows times values and the error; return the pairs that reach a threshold."""
    given = (
        *(weights, begin, events, values, n_events),
        *(potential, place, error, error_place, threshold),
    )

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        call = _Call(context, builder, signature, args)
        v = call.pointer(5, call.index(6))
        received = builder.fadd(call.load(v), call.scaled_sum())
        value = builder.fadd(received, call.load(call.pointer(7, call.index(8))))
        call.store(value, v)
        no_sign = ir.Constant(_WORDS, [0x7FFFFFFF] * LANES)
        size = builder.and_(builder.bitcast(value, _WORDS), no_sign)
        size = builder.bitcast(size, _TILE)
        reached = builder.fcmp_ordered(">=", size, call.spread(args[9]))
        return builder.bitcast(reached, _WORD)

    return types.uint32(*given), generate


@_intrinsic
def lowest_bit(_: Any, word: Any) -> Any:
    """Return the place of the lowest bit that is set, of a word that has one."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.uint32(types.uint32), generate
