"""Every kind of bad reading has a named answer, and none is taken for water or for no water."""

from datetime import datetime, timedelta
from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.episodes import Change, Ended, Raised
from detectors.household import HouseholdWatch
from detectors.household_state import HouseholdState
from detectors.parameters import WatchParameters
from detectors.wording import explain
from domain.finding import AlertKind, Level
from domain.people import Language
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


def test_a_meter_mounted_backwards_is_named_so_once_and_until_it_is_turned_round() -> None:
    backwards = [(at, 100_000.0 - register_l) for at, register_l in LIFE[: 10 * 24]]
    state, (at, last_l) = WATCH.start(), backwards[-1]
    (alert,) = [c.finding for c in seen(backwards, state) if isinstance(c, Raised)]
    assert (alert.kind, alert.reason.key) == (AlertKind.NO_DATA, "no_data_falling")
    assert alert.at - backwards[0][0] <= timedelta(hours=48)
    assert "mounted backwards" in explain(alert.reason, "en", SHANGHAI)
    assert "装反" in explain(alert.reason, "zh", SHANGHAI)
    state = WATCH.load(WATCH.dump(state))
    assert seen([(at + HOUR, last_l + 15.0)], state) == []
    (ended,) = seen([(at + 2 * HOUR, last_l + 30.0)], state)
    assert (type(ended), ended.kind if isinstance(ended, Ended) else None) == (Ended, AlertKind.NO_DATA)


@pytest.mark.parametrize("behind_h", [5, 8, 24 * 365])
def test_of_a_meter_whose_clock_is_hours_behind_it_is_told_once_that_nothing_can_be_said_of_now(behind_h: int) -> None:
    """Neither missed again with each reading, nor left unwatched in silence."""
    state, behind, changes = WATCH.start(AT), behind_h * HOUR, list[Change]()
    for hour in range(72):
        now = AT + hour * HOUR
        changes += WATCH.observe(state, now - behind, LAST_L, late=True, received_at=now)
        state = WATCH.load(WATCH.dump(state))
        changes += WATCH.tick(state, now + HOUR / 2)
    (raised,) = [change.finding for change in changes if isinstance(change, Raised)]
    assert (raised.kind, raised.reason.key) == (AlertKind.NO_DATA, "no_data_late")
    assert raised.at <= AT + timedelta(hours=24)
    assert len(changes) == 1
    assert isinstance(WATCH.observe(state, AT + 72 * HOUR, LAST_L, received_at=AT + 72 * HOUR)[0], Ended)


@pytest.mark.parametrize("every_h", [1, 24])
def test_a_meter_that_uploads_late_by_design_is_told_once_with_the_setting_to_look_at(every_h: int) -> None:
    state, changes = WATCH.start(AT), list[Change]()
    for day in range(1, 9):
        now = AT + day * 24 * HOUR
        changes += WATCH.tick(state, now - HOUR)
        for back_h in range(28 - every_h, 3, -every_h):
            changes += WATCH.observe(state, now - back_h * HOUR, LAST_L + day, late=True, received_at=now)
    (raised,) = [change.finding for change in changes if isinstance(change, Raised)]
    assert (raised.reason.key, raised.reason.values["late_hours"]) == ("no_data_late", 28 - every_h)
    for language in Language:
        assert "ingest.late_hours" in explain(raised.reason, language, SHANGHAI)


@pytest.mark.parametrize("every_h", [1, 24])
def test_what_an_outage_kept_back_ends_it_once_it_is_not_overdue_any_more(every_h: int) -> None:
    state, back = WATCH.start(AT), AT + 96 * HOUR
    seen(BEFORE[::-every_h][::-1], state)
    changes = WATCH.tick(state, back)
    for at, register_l in AFTER[every_h - 1 : 92 : every_h]:
        changes += WATCH.observe(state, at, register_l, late=True, received_at=back)
    raised, ended = [change for change in changes if not isinstance(change, Raised) or change.finding.at > AT]
    assert isinstance(raised, Raised)
    assert isinstance(ended, Ended)
    assert ended.at > back - (7 if every_h == 1 else 80) * HOUR


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-100, 5000), st.one_of(st.floats(0, 1e8), st.floats(), st.integers(0, 500).map(float))),
        max_size=40,
    )
)
def test_whatever_the_register_a_state_written_down_after_each_reading_goes_on_alike(
    rows: list[tuple[int, float]],
) -> None:
    kept, written = WATCH.start(), WATCH.start()
    for minute, register_l in rows:
        at = MONDAY + timedelta(minutes=minute)
        written = WATCH.load(WATCH.dump(written))
        assert WATCH.observe(kept, at, register_l) == WATCH.observe(written, at, register_l)
    assert WATCH.dump(kept) == WATCH.dump(written)
