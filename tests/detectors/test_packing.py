"""Bytes of a state: nothing is lost, and what is cheap stays cheap."""

import struct
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.bits import pack_counts, unpack_counts
from detectors.packing import ago, pack_numbers, short, then, unpack_numbers
from detectors.record import fade

NUMBERS = st.floats(allow_nan=False) | st.integers(-70_000, 70_000).map(float) | st.floats(width=32, allow_nan=False)


@settings(max_examples=200, deadline=None)
@given(numbers=st.lists(NUMBERS, max_size=40), rest=st.binary(max_size=9))
def test_numbers_come_back_as_they_were(numbers: list[float], rest: bytes) -> None:
    packed = pack_numbers(numbers)
    assert unpack_numbers(packed + rest) == (numbers, len(packed))


@settings(max_examples=60, deadline=None)
@given(counts=st.binary(max_size=400))
def test_counts_come_back_as_they_were(counts: bytes) -> None:
    assert unpack_counts(pack_counts(counts)).tobytes() == counts


@settings(max_examples=60, deadline=None)
@given(numbers=st.lists(NUMBERS, min_size=1, max_size=40), data=st.data())
def test_bytes_cut_short_are_refused(numbers: list[float], data: st.DataObject) -> None:
    packed = pack_numbers(numbers)
    with pytest.raises((ValueError, struct.error)):
        unpack_numbers(packed[: data.draw(st.integers(0, len(packed) - 1))])


def test_nought_takes_two_bits_and_a_small_whole_number_a_measured_one_or_never_little_more() -> None:
    empty = len(pack_numbers([0.0] * 8))
    assert empty == 4
    assert [len(pack_numbers([0.0] * 7 + [x])) - empty for x in (90.0, 900.0, short(0.1), inf)] == [1, 3, 3, 3]
    assert [len(pack_numbers([0.0] * 7 + [x])) - empty for x in (900_000.0, 900.123, 1 / 3)] == [5, 5, 9]


@settings(max_examples=60, deadline=None)
@given(at_s=st.floats(1.6e9, 1.9e9), now_s=st.floats(1.6e9, 1.9e9) | st.just(0.0))
def test_a_time_comes_back_from_how_long_ago_it_was(at_s: float, now_s: float) -> None:
    assert then(ago(at_s, now_s), now_s) == at_s
    assert then(ago(0.0, now_s), now_s) == 0.0


def test_counts_fade_by_half_in_46_days_on_the_whole_and_none_stays_for_ever() -> None:
    few, many = bytearray([4] * 300), bytearray([200] * 300)
    for period in range(100, 103):
        few, many = fade(few, period), fade(many, period)
    assert sum(few) / 1200 == pytest.approx((201 / 256) ** 3, rel=0.05)
    assert sum(many) / 60_000 == pytest.approx((201 / 256) ** 3, rel=0.01)
    for period in range(103, 160):
        few = fade(few, period)
    assert not any(few)
