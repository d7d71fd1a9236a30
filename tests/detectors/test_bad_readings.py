"""Every kind of bad reading has a named answer, and none is taken for water or for no water."""

from datetime import datetime, timedelta
from math import inf, nan

import pytest

from detectors.episodes import Change, Raised
from detectors.household import HouseholdWatch
from detectors.household_state import HouseholdState
from detectors.parameters import WatchParameters
from domain.finding import AlertKind, Level
from domain.register import Case, advance
from tests.detectors.homes import HOUR, MONDAY, ordinary_life, registers
from tests.detectors.test_household_watch import SHANGHAI

WATCH = HouseholdWatch(WatchParameters(), SHANGHAI)
DAYS = 60
LIFE = list(registers(ordinary_life(DAYS + 10)))
BEFORE, AFTER = LIFE[: DAYS * 24], LIFE[DAYS * 24 :]
AT, LAST_L = BEFORE[-1]
YEAR = timedelta(days=365)


def seen(readings: list[tuple[datetime, float]], state: HouseholdState | None = None) -> list[Change]:
    state = state or WATCH.start()
    return [change for at, register_l in readings for change in WATCH.observe(state, at, register_l)]


def told(changes: list[Change]) -> list[tuple[AlertKind, datetime]]:
    """Alerts of the last days."""
    return [
        (change.finding.kind, change.finding.at)
        for change in changes
        if isinstance(change, Raised) and change.finding.level is Level.ALERT and change.finding.at > AT
    ]


def in_between(*bad: tuple[datetime, float]) -> list[tuple[AlertKind, datetime]]:
    return told(seen([*BEFORE, *bad, *AFTER]))


SOON = AT + timedelta(minutes=20)


@pytest.mark.parametrize(
    ("bad", "case"),
    [
        ((SOON, nan), Case.UNREADABLE),
        ((SOON, inf), Case.UNREADABLE),
        ((SOON, -5.0), Case.UNREADABLE),
        ((AT, LAST_L), Case.DUPLICATE),
        ((AT, LAST_L + 40.0), Case.CONFLICT),
        ((AT - 5 * HOUR, LAST_L - 1.0), Case.OLDER),
        ((AT - YEAR, 3.0), Case.OLDER),
    ],
    ids=["not a number", "infinite", "negative", "twice", "twice and different", "out of order", "a year ago"],
)
def test_a_bad_reading_is_named_and_changes_nothing_that_is_told(bad: tuple[datetime, float], case: Case) -> None:
    state = WATCH.start()
    seen(BEFORE, state)
    WATCH.settle(state)
    assert advance(state.register, *bad)[1] is case
    assert in_between(bad) == in_between()


def test_a_jump_is_neither_water_nor_its_absence() -> None:
    assert AlertKind.CONSTANT_FLOW not in {kind for kind, _ in in_between((SOON, LAST_L + 900_000.0))}


@pytest.mark.parametrize(("used_l", "silent"), [(4_000.0, False), (0.0, True)], ids=["water ran", "none ran"])
def test_after_a_month_without_readings_the_register_tells_whether_water_ran(used_l: float, silent: bool) -> None:
    later = [(AT + timedelta(days=30) + hour * HOUR, LAST_L + used_l) for hour in range(3)]
    changes = told(seen([*BEFORE, *later]))
    assert changes[0][0] is AlertKind.NO_DATA
    assert ((AlertKind.LOW_USE, later[0][0]) in changes) is silent


def test_a_meter_stuck_since_it_was_put_in_is_named_so_and_not_called_an_empty_home() -> None:
    changes = seen([(MONDAY + hour * HOUR, 0.0) for hour in range(80)])
    (alert,) = [c.finding for c in changes if isinstance(c, Raised) and c.finding.level is Level.ALERT]
    assert alert.reason.key == "low_use_never_moved"
