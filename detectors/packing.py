"""Numbers in as few bytes as they need, without losing a bit of them.

Most of what a household's state holds is nought, a small whole number, never, or measured to eleven bits (`short`); so
most numbers take two bits, or a byte or two more, the others four or eight.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from math import floor, inf
from operator import itemgetter

import numpy as np

from detectors.bits import EVERY, pack_bits, unpack_bits

_COUNT, _FOUR_BYTES, _EIGHT_BYTES = struct.Struct("<H"), struct.Struct("<f"), struct.Struct("<d")
SIXTEENTHS = 16.0
_ELEVEN_BITS = float((1 << 42) + 1)
_CUT = 13  # bits of a four-byte number that a short one leaves nought
_LEAST_SHORT = (127 - 31) << 23 >> _CUT  # the smallest exponent that has a place in two bytes
_NEVER = (1 << 16) - 1  # in place of the largest short number
_TWO, _WIDE = 2, 3  # two bytes, or more; what kind of them is told apart, by the lowest bits of these:
_BYTE, _WHOLE, _SHORT, _SINGLE, _THOUSANDTHS, _LARGE, _ANY = 1, 4, 5, 8, 9, 10, 11
_KINDS = {_BYTE: "u1", _WHOLE: "<u2", _SHORT: "<u2", _SINGLE: "<f4", _THOUSANDTHS: "<u4", _LARGE: "<u4", _ANY: "<f8"}
_MOST_EAST_H = 14
_TAGS = bytes(kind if kind < _WHOLE else _TWO if kind < _SINGLE else _WIDE for kind in EVERY)
_NOT_TWO, _NOT_WIDE = (bytes(kind for kind in EVERY if _TAGS[kind] != tag) for tag in (_TWO, _WIDE))
_FORMS_KNOWN = 20_000  # some megabytes: start anew rather than grow
_kind_of = itemgetter(0)


class _Forms(dict[float, tuple[int, bytes]]):
    """Each number's kind and bytes, worked out once: most are small and whole, or never, and stand in many states."""

    def __missing__(self, value: float) -> tuple[int, bytes]:
        if len(self) >= _FORMS_KNOWN:
            self.clear()
        form = self[value] = _form(float(value))
        return form


_FORMS, _NOUGHT = _Forms(), (0, b"")


def pack_numbers(values: Iterable[float]) -> bytes:
    """NaN is not written: nothing in a state is one."""
    forms = [_FORMS[value] if value else _NOUGHT for value in values]
    kinds = bytes([kind for kind, _ in forms])
    tagged = (
        _COUNT.pack(len(kinds)),
        pack_bits(kinds.translate(_TAGS), 2),
        pack_bits(kinds.translate(None, _NOT_TWO), 1),
        pack_bits(kinds.translate(None, _NOT_WIDE), 2),
    )
    return b"".join(tagged) + b"".join([written for _, written in sorted(filter(_kind_of, forms), key=_kind_of)])


def _form(value: float) -> tuple[int, bytes]:
    """The kind of the fewest bytes that loses nothing; of any but nought."""
    whole = int(value) if value >= 0.0 and value.is_integer() else -1
    if 0 <= whole < 1 << 16:
        return (_BYTE, bytes([whole])) if whole < 1 << 8 else (_WHOLE, _COUNT.pack(whole))
    if value == inf:
        return _SHORT, _COUNT.pack(_NEVER)
    if abs(value) < 3e38 and _FOUR_BYTES.unpack(single := _FOUR_BYTES.pack(value)) == (value,):
        bits = int.from_bytes(single, "little", signed=True)
        short = (bits >> _CUT) - _LEAST_SHORT
        is_all = bits & (1 << _CUT) - 1 == 0 and 0 <= short < _NEVER
        return (_SHORT, _COUNT.pack(short)) if is_all else (_SINGLE, single)
    if 0.0 < value < 4e6 and (thousandths := floor(value * 1000.0 + 0.5)) / 1000.0 == value:
        return _THOUSANDTHS, thousandths.to_bytes(4, "little")
    return (_LARGE, whole.to_bytes(4, "little")) if 0 <= whole < 1 << 32 else (_ANY, _EIGHT_BYTES.pack(value))


def unpack_numbers(packed: bytes) -> tuple[list[float], int]:
    """The numbers, and how many bytes they took; raises `ValueError` or `struct.error` for anything else."""
    (count,) = _COUNT.unpack_from(packed)
    kinds, begin = unpack_bits(packed, count, 2, _COUNT.size)
    two, wide = kinds == _TWO, kinds == _WIDE
    told, begin = unpack_bits(packed, int(two.sum()), 1, begin)
    kinds[two] = told + np.uint8(_WHOLE)
    told, begin = unpack_bits(packed, int(wide.sum()), 2, begin)
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
    return [least, *[length - least for length in lengths]]


def of_least(numbers: Sequence[float]) -> list[float]:
    """The inverse of `above_least`."""
    return [numbers[0] + more for more in numbers[1:]]


def sixteenths(value: float) -> float:
    """The nearest sixteenth, which as a number of them needs two bytes up to 4,096: see `pack_numbers`."""
    return floor(value * SIXTEENTHS + 0.5) / SIXTEENTHS


def take(numbers: Iterator[float], many: int) -> list[float]:
    """The next so many."""
    return [next(numbers) for _ in range(many)]
