"""Each part of the design can be left out alone."""

from zoneinfo import ZoneInfo

import pytest

from detectors.episodes import Change
from detectors.household import HouseholdWatch
from detectors.parameters import WatchParameters
from detectors.parts import Part
from tests.detectors.homes import HOUR, MONDAY, ordinary_life, registers

DRIP_LPH = 3.0
GAP = (MONDAY + 70 * 24 * HOUR + 2 * HOUR, MONDAY + 70 * 24 * HOUR + 30 * HOUR)


def said(parts: frozenset[Part]) -> list[Change]:
    """Nothing while the home is new, a still register over a gap, a drip that hides silence, a leak twice, a timer,
    a cistern that fills up by itself."""
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
    volumes += [*timed, *ordinary_life(9, seed=5), *ticking]
    watch = HouseholdWatch(WatchParameters().without(parts), ZoneInfo("Asia/Shanghai"))
    state, changes = watch.start(), list[Change]()
    for at, register_l in registers(volumes):
        if not GAP[0] < at < GAP[1]:
            changes += watch.observe(state, at, register_l)
    return changes


WHOLE = said(frozenset())


@pytest.mark.parametrize("part", Part)
def test_what_is_said_without_a_part_is_something_else(part: Part) -> None:
    assert said(frozenset({part})) != WHOLE
