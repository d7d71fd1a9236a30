"""Numbers in as few bytes as they need, without losing a bit of them.

Most of what a household's state holds is nought, a small whole number, never, or measured to eleven bits (`short`); so
most numbers take two bits, or a byte or two more, the others four or eight. Small counts take a bit, half a byte more
where they aren't nought, and a byte more from sixteen on.
"""

import struct
from collections.abc import Iterator, Sequence
from math import floor, inf

import numpy as np
from numpy.typing import NDArray

_COUNT = struct.Struct("<H")
SIXTEENTHS = 16.0
_ELEVEN_BITS = float((1 << 42) + 1)
_CUT = 13  # bits of a four-byte number that a short one leaves nought
_LEAST_SHORT = (127 - 31) << 23 >> _CUT  # the smallest exponent that has a place in two bytes
_NEVER = (1 << 16) - 1  # in place of the largest short number
_TWO, _WIDE = 2, 3  # two bytes, or more; what kind of them is told apart
_BYTE, _WHOLE, _SHORT, _SINGLE, _THOUSANDTHS, _LARGE, _ANY = 1, 4, 5, 8, 9, 10, 11
_KINDS = {_BYTE: "u1", _WHOLE: "<u2", _SHORT: "<u2", _SINGLE: "<f4", _THOUSANDTHS: "<u4", _LARGE: "<u4", _ANY: "<f8"}
_MOST_EAST_H = 14
_SIZES = ((1, 1), (3, 2), (7, 3), (15, 8))  # counts from here on, and the bits that tell them within their size
_LEAST_OF_SIZE = np.array([least for least, _ in _SIZES], np.uint8)


def pack_numbers(values: Sequence[float]) -> bytes:
    """NaN is not written: nothing in a state is one."""
    numbers = np.array(values, np.float64)
    with np.errstate(over="ignore"):
        single = numbers.astype(np.float32)
    thousandths = np.floor(np.clip(numbers, 0.0, 4e6) * 1000.0 + 0.5)
    short = (single.view(np.int32) >> _CUT) - _LEAST_SHORT
    short_is_all = (single == numbers) & (single.view(np.int32) & (1 << _CUT) - 1 == 0) & (short >= 0)
    short[numbers == inf] = _NEVER
    kinds = np.full(len(numbers), _ANY, np.uint8)
    kinds[thousandths / 1000.0 == numbers] = _THOUSANDTHS
    kinds[single == numbers] = _SINGLE
    kinds[short_is_all & (short < _NEVER) | (numbers == inf)] = _SHORT
    whole = (numbers >= 0.0) & (numbers == np.floor(numbers))
    kinds[whole & (numbers < 1 << 32) & (kinds == _ANY)] = _LARGE
    kinds[whole & (numbers < 1 << 16)] = _WHOLE
    kinds[whole & (numbers < 1 << 8)] = _BYTE
    kinds[numbers == 0.0] = 0
    tags = np.where(kinds < _WHOLE, kinds, np.where(kinds < _SINGLE, _TWO, _WIDE)).astype(np.uint8)
    parts = [
        _packed(tags, 2),
        _packed(kinds[tags == _TWO] - np.uint8(_WHOLE), 1),
        _packed(kinds[tags == _WIDE] - np.uint8(_SINGLE), 2),
    ]
    for kind, written in _KINDS.items():
        source = {_SHORT: short, _THOUSANDTHS: thousandths}.get(kind, numbers)
        parts.append(source[kinds == kind].astype(written).tobytes())
    return _COUNT.pack(len(numbers)) + b"".join(parts)


def unpack_numbers(packed: bytes) -> tuple[list[float], int]:
    """The numbers, and how many bytes they took; raises `ValueError` or `struct.error` for anything else."""
    (count,) = _COUNT.unpack_from(packed)
    kinds, begin = _unpacked(packed, count, 2, _COUNT.size)
    two, wide = kinds == _TWO, kinds == _WIDE
    told, begin = _unpacked(packed, int(two.sum()), 1, begin)
    kinds[two] = told + np.uint8(_WHOLE)
    told, begin = _unpacked(packed, int(wide.sum()), 2, begin)
    kinds[wide] = told + np.uint8(_SINGLE)
    if (kinds > _ANY).any():
        raise ValueError("a number of no kind")
    numbers = np.zeros(count)
    for kind, written in _KINDS.items():
        here = kinds == kind
        found = np.frombuffer(packed, written, int(here.sum()), begin)
        begin += found.nbytes
        if kind == _SHORT:
            single = ((found.astype(np.int32) + _LEAST_SHORT) << _CUT).view(np.float32)
            numbers[here] = np.where(found == _NEVER, inf, single)
        else:
            numbers[here] = found / 1000.0 if kind == _THOUSANDTHS else found
    return numbers.tolist(), begin


def _packed(tags: NDArray[np.uint8], width: int) -> bytes:
    """So many bits each: the lowest of all, then the next."""
    return np.packbits(np.concatenate([tags >> bit & 1 for bit in range(width)])).tobytes()


def _unpacked(packed: bytes, count: int, width: int, begin: int) -> tuple[NDArray[np.uint8], int]:
    """The tags, and where they end."""
    tagged = -(-count * width // 8)
    bits = np.unpackbits(np.frombuffer(packed, np.uint8, tagged, begin))
    tags: NDArray[np.uint8] = bits[:count].copy()
    for bit in range(1, width):
        tags |= bits[bit * count : (bit + 1) * count] << np.uint8(bit)
    return tags, begin + tagged


def pack_counts(counts: bytes) -> bytes:
    """A bit for each whether it is nought; of the rest one for each whether it is more than two, and so by `_SIZES`."""
    every = np.frombuffer(counts, np.uint8)
    sizes = rest = _LEAST_OF_SIZE.searchsorted(every, side="right")
    parts = []
    for size in range(1, len(_SIZES) + 1):
        is_more = rest >= size
        rest = rest[is_more]
        parts.append(_packed(is_more.view(np.uint8), 1))
    for size, (least, width) in enumerate(_SIZES, 1):
        parts.append(_packed(every[sizes == size] - np.uint8(least), width))
    return _COUNT.pack(len(every)) + b"".join(parts)


def unpack_counts(packed: bytes) -> NDArray[np.uint8]:
    """The inverse of `pack_counts`; raises as `unpack_numbers` does."""
    (count,) = _COUNT.unpack_from(packed)
    begin, rest = _COUNT.size, np.arange(count)
    sizes, counts = np.zeros(count, np.uint8), np.zeros(count, np.uint8)
    for size in range(1, len(_SIZES) + 1):
        is_more, begin = _unpacked(packed, len(rest), 1, begin)
        rest = rest[is_more != 0]
        sizes[rest] = size
    for size, (least, width) in enumerate(_SIZES, 1):
        here = sizes == size
        told, begin = _unpacked(packed, int(here.sum()), width, begin)
        counts[here] = told + np.uint8(least)
    return counts


def ago(at_s: float, now_s: float) -> float:
    """A time as the seconds since then, which are few, and whole or of whole milliseconds; inf for never."""
    if not at_s:
        return inf
    ago_s = now_s - at_s
    if ago_s.is_integer() or not (_is_ms(now_s) and _is_ms(at_s)):
        return ago_s
    return (_ms(now_s) - _ms(at_s)) / 1000.0


def then(ago_s: float, now_s: float) -> float:
    """The inverse of `ago`."""
    if ago_s == inf:
        return 0.0
    if ago_s.is_integer() or not (_is_ms(now_s) and _is_ms(ago_s)):
        return now_s - ago_s
    return (_ms(now_s) - _ms(ago_s)) / 1000.0


def hours_ago(hour: int, now_s: float) -> float:
    """An hour of the wall clock as how long before the last that it can be anywhere by now."""
    return now_s // 3600 + _MOST_EAST_H - hour


def hour_then(ago_h: float, now_s: float) -> int:
    """The inverse of `hours_ago`."""
    return int(now_s // 3600 + _MOST_EAST_H - ago_h)


def days_ago(day: int, now_s: float) -> float:
    """As `hours_ago`, of a day."""
    return now_s // 86400 + 1 - day


def day_then(ago_days: float, now_s: float) -> int:
    """The inverse of `days_ago`."""
    return int(now_s // 86400 + 1 - ago_days)


def _ms(seconds: float) -> int:
    return round(seconds * 1000.0)


def _is_ms(seconds: float) -> bool:
    return _ms(seconds) / 1000.0 == seconds


def short(value: float) -> float:
    """The nearest number of eleven significant bits, which takes two bytes; for what is measured less exactly."""
    wide = _ELEVEN_BITS * value  # Veltkamp's split: what is left of the value beside a number so much larger
    return wide - (wide - value)


def above_least(lengths: Sequence[float]) -> list[float]:
    """Lengths that differ little by how much longer than the least they are, which stands before them."""
    least = min(lengths, default=0.0)
    return [least, *(length - least for length in lengths)]


def of_least(numbers: Sequence[float]) -> list[float]:
    """The inverse of `above_least`."""
    return [numbers[0] + more for more in numbers[1:]]


def sixteenths(value: float) -> float:
    """The nearest sixteenth, which as a number of them needs two bytes up to 4,096: see `pack_numbers`."""
    return floor(value * SIXTEENTHS + 0.5) / SIXTEENTHS


def take(numbers: Iterator[float], many: int) -> list[float]:
    """The next so many."""
    return [next(numbers) for _ in range(many)]
