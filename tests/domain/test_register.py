"""Every oddity of a register is a named case, and no interval volume is ever invented or negative."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import inf, isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.interval import Interval
from domain.register import Case, RegisterState, advance

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)


def told(*registers: float, every: timedelta = HOUR) -> list[tuple[Interval | None, Case]]:
    """What `advance` says of these registers, one every hour."""
    state = RegisterState()
    return [advance(state, START + i * every, register) for i, register in enumerate(registers)]


def cases(*registers: float) -> list[Case]:
    return [case for _, case in told(*registers)]


def volumes(*registers: float) -> list[float]:
    return [interval.volume for interval, _ in told(*registers) if interval]


def test_the_first_reading_makes_no_interval() -> None:
    assert told(500.0) == [(None, Case.FIRST)]


def test_two_readings_make_the_interval_between_them() -> None:
    assert told(500.0, 512.5)[1] == (Interval(START, START + HOUR, 12.5), Case.ORDINARY)


def test_a_repeated_reading_is_a_duplicate_and_another_value_at_the_same_time_is_a_conflict() -> None:
    state = RegisterState()
    advance(state, START, 500.0)
    assert advance(state, START, 500.0) == (None, Case.DUPLICATE)
    assert advance(state, START, 501.0) == (None, Case.CONFLICT)
    assert advance(state, START + HOUR, 510.0)[0] == Interval(START, START + HOUR, 10.0)


def test_an_older_reading_is_no_new_interval_and_changes_nothing() -> None:
    state = RegisterState()
    advance(state, START, 500.0)
    before = replace(state)
    assert advance(state, START - HOUR, 490.0) == (None, Case.OLDER)
    assert repr(state) == repr(before)


@pytest.mark.parametrize("register", [nan, inf, -inf, -0.001])
def test_a_register_that_is_no_number_or_negative_is_unreadable(register: float) -> None:
    assert cases(500.0, register, 510.0) == [Case.FIRST, Case.UNREADABLE, Case.ORDINARY]


def test_a_few_litres_of_backflow_count_as_zero_until_the_register_is_above_its_mark() -> None:
    assert cases(500.0, 497.0, 499.0, 503.0)[1:] == [Case.BACKFLOW, Case.BACKFLOW, Case.ORDINARY]
    assert volumes(500.0, 497.0, 499.0, 503.0) == [0.0, 0.0, 3.0]


def test_a_replaced_meter_leaves_an_unknown_volume_not_a_negative_one() -> None:
    told_all = told(812_345.0, 812_350.0, 3.0, 15.0)
    assert [case for _, case in told_all[2:]] == [Case.REPLACED, Case.ORDINARY]
    assert [interval.known for interval, _ in told_all[1:] if interval] == [True, False, True]


def test_a_register_that_only_falls_is_named_and_tells_no_volume_until_it_rises() -> None:
    registers = [900.0, 895.0, 870.0, 866.0, 840.0, 840.0, 839.0, 842.0, 838.0, 859.0, 865.0]
    fell = [Case.BACKFLOW, Case.REPLACED, Case.BACKFLOW, *[Case.FALLING] * 5]
    assert cases(*registers)[1:] == [*fell, Case.ORDINARY, Case.ORDINARY]
    assert [not isnan(volume) for volume in volumes(*registers)] == [True, False, True, *[False] * 5, True, True]


def test_a_meter_that_is_changed_again_after_it_rose_is_none_that_only_falls() -> None:
    assert cases(812_345.0, 500.0, 515.0, 3.0, 9.0)[1:] == [Case.REPLACED, Case.ORDINARY] * 2


def test_a_dial_past_its_last_digit_is_counted_across() -> None:
    assert cases(9_999_995.0, 7.0)[1] is Case.ROLLOVER
    assert volumes(9_999_995.0, 7.0) == [12.0]


def test_a_meter_replaced_far_from_its_last_digit_is_no_rollover() -> None:
    assert cases(9_400_000.0, 7.0)[1] is Case.REPLACED


def test_more_than_a_pipe_can_carry_is_a_jump_of_unknown_volume() -> None:
    told_all = told(500.0, 5_500.0, 5_510.0)
    assert [case for _, case in told_all[1:]] == [Case.JUMP, Case.ORDINARY]
    assert told_all[1][0] is not None
    assert not told_all[1][0].known


def test_a_long_interval_may_carry_more() -> None:
    state = RegisterState()
    advance(state, START, 500.0)
    interval, case = advance(state, START + timedelta(hours=10), 25_500.0)
    assert (interval and interval.volume, case) == (25_000.0, Case.ORDINARY)


def test_a_single_wrong_register_doesnt_become_a_draw() -> None:
    assert cases(3_000.0, 0.0, 3_010.0, 3_020.0)[1:] == [Case.REPLACED, Case.RETURN, Case.ORDINARY]
    assert cases(3_000.0, 93_000.0, 3_010.0, 3_020.0)[1:] == [Case.JUMP, Case.RETURN, Case.ORDINARY]


@pytest.mark.parametrize("changed", [[123.456, 123.5, 123.9], [123_456_000.0, 123_500_000.0, 123_900_000.0]])
def test_a_changed_unit_stays_unknown_until_it_is_mended(changed: list[float]) -> None:
    registers = [123_400.0, 123_450.0, *changed, 124_000.0, 124_010.0]
    assert cases(*registers)[2:] == [Case.UNIT_CHANGE] * 3 + [Case.RETURN, Case.ORDINARY]
    assert [not isnan(volume) for volume in volumes(*registers)] == [True, False, False, False, False, True]


def test_a_new_meter_that_begins_like_a_changed_unit_soon_counts() -> None:
    assert cases(123_400.0, 123.5, 150.0, 180.0)[1:] == [Case.UNIT_CHANGE, Case.REPLACED, Case.ORDINARY]


def test_an_interval_much_longer_than_the_rhythm_is_a_gap_with_a_known_sum() -> None:
    state = RegisterState()
    for i in range(12):
        advance(state, START + i * QUARTER, 500.0 + i)
    interval, case = advance(state, START + timedelta(hours=9), 700.0)
    assert case is Case.GAP
    assert interval == Interval(START + 11 * QUARTER, START + timedelta(hours=9), 189.0, gap=True)


def test_a_meter_that_reports_once_a_day_has_no_gap_in_it() -> None:
    assert [case for _, case in told(1.0, 2.0, 3.0, 4.0, every=timedelta(days=1))][1:] == [Case.ORDINARY] * 3


def test_one_outage_doesnt_become_the_rhythm_but_a_new_rhythm_does() -> None:
    state = RegisterState()
    at = START
    seen = []
    for length in [QUARTER] * 9 + [timedelta(hours=8)] + [QUARTER] * 3 + [timedelta(hours=8)] * 3:
        at += length
        seen.append(advance(state, at, 500.0)[1])
    assert seen[9] is Case.GAP
    assert seen[13] is Case.GAP
    assert seen[15] is Case.ORDINARY


def test_backfill_is_marked_late() -> None:
    state = RegisterState()
    advance(state, START, 500.0, late=True)
    interval, _ = advance(state, START + HOUR, 510.0, late=True)
    assert interval is not None
    assert interval.late


readings = st.lists(
    st.tuples(st.integers(-100, 5000), st.one_of(st.floats(0, 1e8), st.floats(), st.integers(0, 500).map(float))),
    max_size=40,
)


@given(readings)
def test_intervals_are_in_order_never_negative_and_never_overlap(rows: list[tuple[int, float]]) -> None:
    state = RegisterState()
    made = [advance(state, START + timedelta(minutes=minute), register)[0] for minute, register in rows]
    intervals = [interval for interval in made if interval]
    assert all(interval.volume >= 0 for interval in intervals if interval.known)
    assert all(before.end_at == after.start_at for before, after in pairwise(intervals))


@given(st.lists(st.floats(0, 50), min_size=1, max_size=50))
def test_the_volumes_of_an_ordinary_meter_sum_to_its_registers_rise(draws: list[float]) -> None:
    registers = [1000.0]
    for draw in draws:
        registers.append(registers[-1] + draw)
    assert sum(volumes(*registers)) == pytest.approx(registers[-1] - registers[0])
