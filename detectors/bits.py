"""Tags and small counts in few bits each.

A count takes a bit, half a byte more where it isn't nought, and a byte more from sixteen on.
"""

import struct

import numpy as np
from numpy.typing import NDArray

_COUNT = struct.Struct("<H")
EVERY = bytes(range(256))
_DIGITS = [bytes(ord("0") + (tag >> bit & 1) for tag in EVERY) for bit in range(8)]  # of each tag, one for a bit
_SIZES = ((1, 1), (3, 2), (7, 3), (15, 8))  # counts from here on, and the bits that tell them within their size
_IS_FROM = {least: bytes(count >= least for count in EVERY) for least, _ in _SIZES}
_BEYOND = {least: bytes(max(count - least, 0) for count in EVERY) for least, _ in _SIZES}


def pack_bits(tags: bytes, width: int) -> bytes:
    """So many bits each: the lowest of all, then the next."""
    digits = b"".join([tags.translate(digits) for digits in _DIGITS[:width]])
    size = -(-len(digits) // 8)
    return (int(digits or b"0", 2) << 8 * size - len(digits)).to_bytes(size, "big")


def unpack_bits(packed: bytes, count: int, width: int, begin: int) -> tuple[NDArray[np.uint8], int]:
    """The tags, and where they end."""
    tagged = -(-count * width // 8)
    bits = np.unpackbits(np.frombuffer(packed, np.uint8, tagged, begin))
    tags: NDArray[np.uint8] = bits[:count].copy()
    for bit in range(1, width):
        tags |= bits[bit * count : (bit + 1) * count] << np.uint8(bit)
    return tags, begin + tagged


def pack_counts(counts: bytes) -> bytes:
    """A bit for each whether it is nought; of the rest one for each whether it is more than two, and so by `_SIZES`."""
    rest, sizes, within = counts, b"", b""
    for least, width in _SIZES:
        sizes += pack_bits(rest.translate(_IS_FROM[least]), 1)
        rest = rest.translate(None, EVERY[:least])
        within += pack_bits(rest.translate(_BEYOND[least], EVERY[least + (1 << width) :]), width)
    return _COUNT.pack(len(counts)) + sizes + within


def unpack_counts(packed: bytes) -> NDArray[np.uint8]:
    """The inverse of `pack_counts`; raises as `unpack_numbers` does."""
    (count,) = _COUNT.unpack_from(packed)
    begin, rest = _COUNT.size, np.arange(count)
    sizes, counts = np.zeros(count, np.uint8), np.zeros(count, np.uint8)
    for size in range(1, len(_SIZES) + 1):
        is_more, begin = unpack_bits(packed, len(rest), 1, begin)
        rest = rest[is_more != 0]
        sizes[rest] = size
    for size, (least, width) in enumerate(_SIZES, 1):
        here = sizes == size
        told, begin = unpack_bits(packed, int(here.sum()), width, begin)
        counts[here] = told + np.uint8(least)
    return counts
