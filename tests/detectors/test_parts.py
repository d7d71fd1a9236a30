"""Each part of the design can be left out alone."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from detectors.episodes import Change
from detectors.household import HouseholdWatch
from detectors.parameters import WatchParameters
from detectors.parts import Part
from tests.detectors.homes import HOUR, MONDAY, ordinary_life, registers

DRIP_LPH = 3.0
QUARTER = timedelta(minutes=15)
GAP = (MONDAY + 70 * 24 * HOUR + 2 * HOUR, MONDAY + 70 * 24 * HOUR + 30 * HOUR)
Readings = Iterator[tuple[datetime, float]]


def hourly() -> Readings:
    """Nothing while the home is new, a still register over a gap, a drip that hides silence, a leak twice, a timer,
    a cistern that fills up by itself, a bath at three at night."""
    nothing, drip, leak = [0.0] * 48, [DRIP_LPH] * 60, [40.0] * 15
    volumes = [*ordinary_life(3), *nothing, *ordinary_life(65), *nothing]
    volumes += [
        *ordinary_life(20, seed=2, drip_lph=DRIP_LPH),
        *drip,
        *ordinary_life(9, seed=3),
        *leak,
        *ordinary_life(3),
        *leak,
    ]
    timed = [*ordinary_life(16, seed=4), *nothing]
    timed[2::24] = [60.0] * 18
    ticking = [0.0] * 72
    ticking[1::6] = [4.0] * 12  # never in the timer's hour, which would hide it
    volumes += [*timed, *ordinary_life(9, seed=5), *ticking, *ordinary_life(2, seed=6), 0.0, 0.0, 0.0, 210.0]
    return (reading for reading in registers(volumes) if not GAP[0] < reading[0] < GAP[1])


def outages_day_after_day() -> Readings:
    """Three days of readings an hour apart, three of five hours' outages one after the other, with a bath in each."""
    volumes = [*ordinary_life(9), *[0.0, 0.0, 250.0, 0.0, 0.0] * 14]
    return (reading for count, reading in enumerate(registers(volumes)) if count < 9 * 24 or (count - 9 * 24) % 5 == 0)


def every_quarter_of_an_hour() -> Readings:
    """A tap that runs weakly for three hours."""
    return registers([*ordinary_life(9, step=QUARTER), *[30.0] * 12], step=QUARTER)


def said(parts: frozenset[Part]) -> list[Change]:
    watch = HouseholdWatch(WatchParameters().without(parts), ZoneInfo("Asia/Shanghai"))
    changes = list[Change]()
    for life in (hourly(), outages_day_after_day(), every_quarter_of_an_hour()):
        state = watch.start()
        for at, register_l in life:
            changes += watch.observe(state, at, register_l)
    return changes


WHOLE = said(frozenset())


@pytest.mark.parametrize("part", Part)
def test_what_is_said_without_a_part_is_something_else(part: Part) -> None:
    assert said(frozenset({part})) != WHOLE
