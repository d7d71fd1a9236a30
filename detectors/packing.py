"""Numbers in as few bytes as they need, without losing a bit of them.

Most of what a household's state holds is nought, a small whole number, or a time a whole number of seconds ago; so each
number is written as nothing, two, four or eight bytes, and small counts as a byte each where they aren't nought.
"""

import struct
from collections.abc import Iterator, Sequence
from math import floor, inf

import numpy as np
from numpy.typing import NDArray

_COUNT = struct.Struct("<H")
_SINGLE = struct.Struct("<f")
_WHOLE = float(1 << 16)
SIXTEENTHS = 16.0


def pack_numbers(values: Sequence[float]) -> bytes:
    """NaN is not written: nothing in a state is one."""
    numbers = np.array(values, np.float64)
    with np.errstate(over="ignore"):
        single = numbers.astype(np.float32)
    whole = (numbers >= 0.0) & (numbers < _WHOLE) & (numbers == np.floor(numbers))
    tags = np.where(whole, 1, np.where(single == numbers, 2, 3)).astype(np.uint8)
    tags[numbers == 0.0] = 0
    bits = np.packbits(np.stack([tags & 1, tags >> 1]), axis=1)
    kinds = (
        numbers[tags == 1].astype("<u2"),
        single[tags == 2].astype("<f4", copy=False),
        numbers[tags == 3].astype("<f8", copy=False),
    )
    return _COUNT.pack(len(numbers)) + bits.tobytes() + b"".join(kind.tobytes() for kind in kinds)


def unpack_numbers(packed: bytes) -> tuple[list[float], int]:
    """The numbers, and how many bytes they took; raises `ValueError` or `struct.error` for anything else."""
    (count,) = _COUNT.unpack_from(packed)
    tagged = -(-count // 8)
    begin = _COUNT.size + 2 * tagged
    bits = np.unpackbits(np.frombuffer(packed, np.uint8, 2 * tagged, _COUNT.size).reshape(2, tagged), axis=1)
    tags = (bits[0] | bits[1] << 1)[:count]
    numbers = np.zeros(count)
    for tag, kind in ((1, "<u2"), (2, "<f4"), (3, "<f8")):
        here = tags == tag
        some = int(here.sum())
        numbers[here] = np.frombuffer(packed, kind, some, begin)
        begin += some * np.dtype(kind).itemsize
    return numbers.tolist(), begin


def pack_counts(counts: bytes) -> bytes:
    """A bit for each, then those that aren't nought."""
    every = np.frombuffer(counts, np.uint8)
    some = every != 0
    return b"".join((_COUNT.pack(len(every)), np.packbits(some).tobytes(), every[some].tobytes()))


def unpack_counts(packed: bytes) -> NDArray[np.uint8]:
    """The inverse of `pack_counts`; raises as `unpack_numbers` does."""
    (count,) = _COUNT.unpack_from(packed)
    mapped = -(-count // 8)
    some = np.unpackbits(np.frombuffer(packed, np.uint8, mapped, _COUNT.size))[:count] != 0
    counts = np.zeros(count, np.uint8)
    counts[some] = np.frombuffer(packed, np.uint8, int(some.sum()), _COUNT.size + mapped)
    return counts


def ago(at_s: float, now_s: float) -> float:
    """A time as the seconds since then, which are few and whole where the time itself is neither; inf for never."""
    return now_s - at_s if at_s else inf


def then(ago_s: float, now_s: float) -> float:
    """The inverse of `ago`."""
    return 0.0 if ago_s == inf else now_s - ago_s


def single(value: float) -> float:
    """The nearest number that needs four bytes; for what is measured less exactly than that."""
    rounded: float = _SINGLE.unpack(_SINGLE.pack(value))[0]
    return rounded


def sixteenths(value: float) -> float:
    """The nearest sixteenth, which needs two bytes up to 4,096: see `pack_numbers`."""
    return floor(value * SIXTEENTHS + 0.5) / SIXTEENTHS


def take(numbers: Iterator[float], many: int) -> list[float]:
    """The next so many."""
    return [next(numbers) for _ in range(many)]
