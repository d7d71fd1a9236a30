"""Logarithm and exponential, written so that a compiler does several at once; right to fourteen digits."""

import math
import struct
from collections.abc import Callable
from typing import Any, cast

from detectors import packing
from detectors.fleet.compiled import IS_COMPILED, compiled

_HALF = 1 << 51  # of a doubling, beside the bits after the exponent
_PER_LN_2, _ROUNDS = 1.0 / math.log(2.0), 1.5 * 2.0**52  # beside this number nothing after the point is left
_LN_2, _LN_2_REST = 0.693147180369123816490, 1.90821492927058770002e-10  # in two parts, the first of few bits

if IS_COMPILED:
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic

    def _same_bits(take: Any, give: Any, given: Any) -> Callable[[Any], Any]:
        def cast_bits(_: Any, value: Any) -> Any:
            return give(take), lambda context, builder, signature, arguments: builder.bitcast(arguments[0], given)

        return cast("Callable[[Any], Any]", intrinsic(cast_bits))

    def _count(_: Any, bits: Any) -> Any:
        return bits(bits), lambda context, builder, signature, arguments: builder.ctpop(arguments[0])

    set_bits = cast("Callable[[int], int]", intrinsic(_count))
    _bits_of = _same_bits(types.float64, types.int64, ir.IntType(64))
    _of_bits = _same_bits(types.int64, types.float64, ir.DoubleType())

    @compiled
    def ln(part: float, whole: float) -> float:
        """Of part / whole, both above nought, by one division: whole times 2^n comes within a factor of 1.51 of part,
        and the logarithm of what is left is a series in their difference over their sum [fdlibm]."""
        bits = _bits_of(whole)
        doublings = _bits_of(part) - bits + _HALF >> 52
        near = _of_bits(bits + (doublings << 52))
        s = (part - near) / (part + near)
        z = s * s
        w = z * z
        odd = w * (0.3999999999940941908 + w * (0.2222219843214978396 + w * 0.1531383769920937332))
        even = 0.2857142874366239149 + w * (0.1818357216161805012 + w * 0.1479819860511658591)
        series = z * (0.6666666666666735130 + w * even) + odd
        return doublings * (_LN_2 + _LN_2_REST) + s * (2.0 + series)

    @compiled
    def exp(x: float) -> float:
        """Between -700 and 700: 2^n e^r with r around nought, and e^r as a polynomial."""
        rounded = x * _PER_LN_2 + _ROUNDS
        doublings = rounded - _ROUNDS
        r = x - doublings * _LN_2 - doublings * _LN_2_REST
        r2 = r * r
        r4 = r2 * r2
        low = 1.0 + r + r2 * (1.0 / 2.0 + r * (1.0 / 6.0))
        middle = 1.0 / 24.0 + r * (1.0 / 120.0) + r2 * (1.0 / 720.0 + r * (1.0 / 5040.0))
        high = 1.0 / 40320.0 + r * (1.0 / 362880.0) + r2 * (1.0 / 3628800.0 + r * (1.0 / 39916800.0))
        return _of_bits(_bits_of(low + r4 * (middle + r4 * high)) + (_bits_of(rounded) << 52))

else:

    def set_bits(bits: int) -> int:
        return bits.bit_count()

    def _bits_of(x: float) -> int:
        return int.from_bytes(struct.pack("<d", x), "little")

    def ln(part: float, whole: float) -> float:
        return math.log(part / whole)

    def exp(x: float) -> float:
        return math.exp(x)


@compiled
def in_order(x: float, place: int) -> int:
    """Of what is not below nought, with its place below 32 in the last bits: a compiler orders several at once."""
    return _bits_of(x) & -32 | place


short = compiled(packing.short)


@compiled
def day_of(hour: int) -> int:
    """`hour // 24`, of no hour below nought, after which a compiler would ask."""
    return hour * 0xAAAAAAAB >> 36


@compiled
def of_day(hour: int) -> int:
    """`hour % 24`, likewise."""
    return hour - 24 * day_of(hour)


@compiled
def hour_of(at_s: float) -> int:
    """`at_s // 3600`, likewise, before the year 2106: 3600 is 16 times 225."""
    return (int(at_s) >> 4) * 1221679587 >> 38
