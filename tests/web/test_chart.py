"""The chart never shows a gap as dry, nor a dry day as a gap."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.wording import hours
from web.chart import Chart, Told, draw

NOW = datetime(2026, 3, 18, 8, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def told(hours_ago: int, lasted_h: int, ended_at: datetime | None = None, alert_id: int = 1) -> list[Told]:
    """Of missing use, raised so long ago, when it had lasted for so long."""
    at = NOW - hours_ago * HOUR
    return [Told(raised_at=at, since=at - lasted_h * HOUR, ended_at=ended_at, alert_id=alert_id, kind="low_use")]


def chart(registers: list[tuple[datetime, float]], days: int = 3, timezone: str = "Asia/Shanghai") -> Chart:
    return draw(registers, [], now=NOW, days=days, timezone=timezone)


def test_readings_without_use_are_a_silence_and_no_gap() -> None:
    row = chart([(NOW - n * HOUR, 100.0) for n in range(80, -1, -1)]).rows[1]
    assert (row.volume, row.bars, row.gaps) == (0.0, [], [])
    assert [(band.start, band.end) for band in row.silences] == [(0.0, 24.0)]


def test_the_silence_that_an_alert_speaks_of_is_shaded_however_short() -> None:
    registers = [(NOW - n * HOUR, 100.0 - max(n - 7, 0)) for n in range(80, -1, -1)]
    assert [row.silences for row in chart(registers).rows] == [[], [], []]
    drawn = draw(registers, told(0, 7), now=NOW, days=3, timezone="Asia/Shanghai")
    assert [(band.start, band.end) for band in drawn.rows[0].silences] == [(9.5, 16.5)]


def test_so_is_one_that_a_drip_or_a_timer_runs_through_up_to_the_water_that_ended_it() -> None:
    dripping = [(NOW - n * HOUR, 1000.0 - 3 * n) for n in range(80, -1, -1)]
    assert [row.silences for row in chart(dripping).rows] == [[], [], []]
    goes_on = draw(dripping, told(1, 12), now=NOW, days=3, timezone="Asia/Shanghai")
    assert [(band.start, band.end, band.hours) for band in goes_on.rows[0].silences] == [(3.5, 16.5, 13)]
    assert len(goes_on.rows[0].bars) > 12
    over = draw(dripping, told(1, 12, NOW), now=NOW, days=3, timezone="Asia/Shanghai")
    assert [(band.start, band.end) for band in over.rows[0].silences] == [(3.5, 15.5)]


def test_a_silence_that_was_told_of_is_shaded_no_further_than_readings_reach() -> None:
    registers = [(NOW - n * HOUR, 100.0 + 5 * (n < 20)) for n in range(80, 4, -1)]
    drawn = draw(registers, told(6, 13), now=NOW, days=3, timezone="Asia/Shanghai")
    assert drawn.rows[0].silences[-1].end == 11.5
    assert drawn.rows[0].gaps[-1].start == 11.5


@pytest.mark.parametrize("minutes", [10 * 60 + 24, 10 * 60 + 48])
def test_a_silence_is_as_long_in_the_chart_as_in_the_reason(minutes: int) -> None:
    length = timedelta(minutes=minutes)
    registers = [(NOW - length - HOUR, 99.0), *((NOW - length * n / 12, 100.0) for n in range(12, -1, -1))]
    (silence,) = chart(registers).rows[0].silences
    assert str(silence.hours) == hours(minutes / 60)


def test_missing_readings_are_a_gap_and_no_silence() -> None:
    before = [(NOW - n * HOUR, 100.0) for n in range(80, 39, -1)]
    row = chart(before).rows[0]
    assert (row.volume, row.silences) == (None, [])
    assert row.gaps[0].start == 0.0
    assert row.gaps[0].end == pytest.approx(16.5)


def test_a_meter_never_heard_is_unknown_on_every_day() -> None:
    drawn = chart([])
    assert [row.volume for row in drawn.rows] == [None, None, None]
    assert all(row.gaps for row in drawn.rows)
    assert drawn.last_reading_at is None


def test_water_of_a_gap_is_not_drawn_at_an_hour_nobody_knows() -> None:
    registers = [(NOW - n * HOUR, 100.0) for n in range(80, 30, -1)]
    registers += [(NOW - n * HOUR, 180.0) for n in range(10, -1, -1)]
    drawn = chart(registers)
    assert all(not row.bars for row in drawn.rows)


def test_a_replaced_meter_leaves_a_gap_not_a_negative_volume() -> None:
    registers = [(NOW - n * HOUR, 100.0 if n > 5 else 0.0) for n in range(30, -1, -1)]
    row = chart(registers).rows[0]
    assert row.volume == 0.0
    assert len(row.gaps) == 1


@pytest.mark.parametrize(("before_l", "after_l"), [(1000.0, 61000.0), (412000.0, 412.0)])
def test_what_the_detectors_cannot_tell_the_chart_does_not_draw_as_water(before_l: float, after_l: float) -> None:
    """A jump of the register, and one whose unit was changed."""
    registers = [(NOW - n * HOUR, before_l if n > 5 else after_l) for n in range(30, -1, -1)]
    row = chart(registers).rows[0]
    assert row.bars == []
    assert row.gaps


def test_a_register_that_rolls_over_is_counted_across() -> None:
    registers = [(NOW - n * HOUR, (999_990.0 + 5 * (9 - n)) % 1e6) for n in range(9, -1, -1)]
    assert chart(registers).rows[0].volume == pytest.approx(45.0)


def test_a_daily_reader_is_not_taken_for_silent_between_its_readings() -> None:
    registers = [(NOW - n * timedelta(days=1), 1000.0 - 90 * n) for n in range(10, -1, -1)]
    drawn = chart(registers)
    assert all(not row.gaps for row in drawn.rows)
    assert drawn.rows[1].volume == pytest.approx(90)


def test_the_hours_are_the_households_own_clock_on_the_day_that_clocks_change() -> None:
    now = datetime(2026, 3, 29, 20, 0, tzinfo=UTC)
    registers = [(now - n * HOUR, 100.0 + (5 if n < 20 else 0) + (9 if n < 19 else 0)) for n in range(48, -1, -1)]
    row = draw(registers, [], now=now, days=1, timezone="Europe/Madrid").rows[0]
    assert [(bar.hour, bar.volume) for bar in row.bars] == [(1, 5.0), (3, 9.0)]  # from 2 the clocks jump to 3


@pytest.mark.parametrize("timezone", ["Asia/Shanghai", "Asia/Kolkata"])
def test_a_meter_read_seconds_past_the_hour_drew_nothing_in_that_hour(timezone: str) -> None:
    seven = datetime(2026, 3, 17, 7, 0, 14, tzinfo=ZoneInfo(timezone)).astimezone(UTC)
    registers = [(seven + n * HOUR, 100.0 + (6 if n > 0 else 0)) for n in range(-9, 10)]
    row = chart(registers, timezone=timezone).rows[1]
    assert [(bar.hour, bar.volume) for bar in row.bars] == [(7, 6.0)]
    assert row.volume == 6.0


def test_water_of_an_hour_that_is_read_at_the_half_is_half_and_half() -> None:
    registers = [(NOW - n * HOUR, 100.0 + (6 if n < 3 else 0)) for n in range(9, -1, -1)]
    assert [(bar.hour, bar.volume) for bar in chart(registers).rows[0].bars] == [(13, 3.0), (14, 3.0)]


def test_an_alert_is_marked_on_its_day_at_its_local_time() -> None:
    drawn = draw([], told(3, 9, alert_id=7), now=NOW, days=2, timezone="Asia/Shanghai")
    (mark,) = drawn.rows[0].marks
    assert (mark.hour, mark.clock, mark.alert_id) == (13.5, "13:30", 7)


@given(
    steps=st.lists(st.tuples(st.integers(1, 400), st.floats(-50, 500, allow_nan=False)), min_size=0, max_size=60),
    timezone=st.sampled_from(["Asia/Shanghai", "Europe/Madrid", "America/St_Johns", "UTC"]),
)
def test_no_bar_without_known_water_and_nothing_outside_the_day(steps: list[tuple[int, float]], timezone: str) -> None:
    at, register, registers = NOW - timedelta(days=6), 5000.0, list[tuple[datetime, float]]()
    for minutes, litres in steps:
        at, register = at + timedelta(minutes=minutes), register + litres
        if at <= NOW:
            registers.append((at, register))
    drawn = chart(registers, days=7, timezone=timezone)
    rises = sum(max(0.0, after - before) for (_, before), (_, after) in pairwise(registers))
    assert sum(bar.volume for row in drawn.rows for bar in row.bars) <= rises + 1e-6
    for row in drawn.rows:
        assert all(0 < bar.height <= 1 for bar in row.bars)
        for band in [*row.silences, *row.gaps]:
            assert 0 <= band.start <= band.end <= 24
