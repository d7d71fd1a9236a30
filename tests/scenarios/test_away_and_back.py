"""An announced absence holds for all meters of a home, and ends when somebody says or shows that they are back."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from detectors.household import HouseholdWatch
from detectors.household_state import HouseholdState
from detectors.parameters import WatchParameters
from domain.alert import State
from domain.finding import AlertKind, Level
from notifier.away import announce_away
from store import tables as t
from tests.notifier.world import HOME, METER, ZONE, World, at, put, silence
from tests.scenarios.test_readings_become_texts import live, still

SECOND, LAST_L = "m201b", 1000.0 + 20 * 6 * 8.0


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    with world.records.write() as tx:
        put(tx, "meters", {"meter_id": SECOND, "household_id": HOME, "gateway_id": "gw1"})
    return world


def goes_away(world: World, until: datetime) -> None:
    with world.records.write() as tx:
        row = {"household_id": HOME, "from_at": world.now, "until_at": until, "announced_by": "son"}
        put(tx, "absences", row)


def hears(world: World, hours: int, drawn: float = 0.0, register: float = 100.0) -> float:
    for _ in range(hours):
        world.now += timedelta(hours=1)
        register += drawn if world.now.astimezone(ZONE).hour in (7, 12, 18) else 0.0
        world.arrives((METER, world.now, register), (SECOND, world.now, 100.0))
        world.turn()
    return register


def states(world: World) -> dict[str, HouseholdState]:
    watch = HouseholdWatch(WatchParameters(), ZONE)
    with world.records.read() as tx:
        rows = tx.execute(select(t.detector_states.c.meter_id, t.detector_states.c.body)).all()
    return {row.meter_id: watch.load(row.body) for row in rows}


def test_every_meter_of_a_home_knows_that_nobody_is_there(world: World) -> None:
    hears(world, 1)
    goes_away(world, at("07:00", day=10))
    hears(world, 2)
    assert {m: len(state.low_use.absences) for m, state in states(world).items()} == {METER: 1, SECOND: 1}


def test_an_absence_that_is_taken_back_no_longer_holds(world: World) -> None:
    hears(world, 1)
    goes_away(world, at("07:00", day=10))
    hears(world, 2)
    with world.records.write() as tx:
        tx.execute(t.absences.delete())
    hears(world, 1)
    assert [state.low_use.absences for state in states(world).values()] == [[], []]


@pytest.mark.parametrize(("begins_after_h", "asked"), [(72, True), (4, False)])
def test_one_announced_before_it_begins_leaves_the_home_watched_until_then_and_again_after_its_end(
    world: World, begins_after_h: int, asked: bool
) -> None:
    live(world, days=20, meters=(METER, SECOND))
    begins = world.now + timedelta(hours=begins_after_h)
    with world.records.write() as tx:
        announce_away(tx, world.life, HOME, by="son", from_at=begins, until=begins + timedelta(days=2), now=world.now)
    still(world, 4 + 48, LAST_L)
    assert bool(world.alerts(AlertKind.LOW_USE)) is asked
    still(world, 48, LAST_L)
    assert len(world.alerts(AlertKind.LOW_USE)) == 1
    assert world.texts("alert") != []


def test_who_is_said_to_be_back_is_watched_again_and_the_waiting_alert_eases(world: World) -> None:
    alert = world.raise_alert(silence(Level.ALERT, world.now))
    with world.records.write() as tx:
        world.life.leave(tx, alert, by="daughter", until=at("07:00", day=30), now=world.now)
    hears(world, 3)
    with world.records.write() as tx:
        assert world.life.back(tx, HOME, by="grid_worker", now=world.now)
        assert not world.life.back(tx, HOME, by="grid_worker", now=world.now)
    hears(world, 2)
    assert world.state(alert) is State.EASED
    assert [state.low_use.absences for state in states(world).values()] == [[], []]


def test_an_absence_announced_behind_a_silence_is_not_told_as_water_that_runs_again(world: World) -> None:
    live(world, days=20, meters=(METER, SECOND))
    still(world, 16, LAST_L)
    (row,) = world.alerts(AlertKind.LOW_USE)
    alert = int(str(row["alert_id"]))
    with world.records.write() as tx:
        world.life.leave(tx, alert, by="daughter", until=world.now + timedelta(days=2), now=world.now)
    still(world, 24, LAST_L)
    assert world.state(alert) is State.ABSENT
    assert world.texts("eased") == []
    world.now += timedelta(hours=1)
    world.arrives((METER, world.now, LAST_L + 20.0))
    world.turn()
    assert world.state(alert) is State.EASED
    assert {who for _, who in world.texts("eased")} >= {"王丽", "李敏"}


def test_water_on_two_days_of_an_absence_ends_it_and_on_one_day_does_not(world: World) -> None:
    goes_away(world, at("07:00", day=30))
    register = hears(world, 4)
    register = hears(world, 8, drawn=10.0, register=register)
    hears(world, 30, register=register)
    assert {len(state.low_use.absences) for state in states(world).values()} == {1}
    assert len(world.alerts(AlertKind.USE_WHILE_ABSENT)) == 1
    hears(world, 24, drawn=10.0, register=register)
    hears(world, 1, register=register + 30.0)
    assert {len(state.low_use.absences) for state in states(world).values()} == {0}
    with world.records.read() as tx:
        until = tx.execute(select(t.absences.c.until_at)).scalar_one()
    assert until < world.now


def test_the_end_of_an_absence_in_which_water_ran_is_no_text_at_midnight(world: World) -> None:
    goes_away(world, at("23:59"))
    hears(world, 8, drawn=10.0)
    hears(world, 15, register=110.0)
    assert [row["state"] for row in world.alerts(AlertKind.USE_WHILE_ABSENT)] == [State.EASED]
    assert [when for when, _ in world.texts()] == ["12:00"]


def test_the_end_of_one_meters_flow_is_not_the_end_of_the_others(world: World) -> None:
    first = second = 100.0

    def hours(count: int, one: float, other: float) -> None:
        nonlocal first, second
        for _ in range(count):
            world.now += timedelta(hours=1)
            use = 20.0 * (world.now.astimezone(ZONE).hour in (7, 12, 18))
            first, second = first + one + use, second + other + use
            world.arrives((METER, world.now, first), (SECOND, world.now, second))
            world.turn()

    hours(24 * 10, 0.0, 0.0)
    hours(24, 30.0, 30.0)
    assert {AlertKind.CONSTANT_FLOW in state.running for state in states(world).values()} == {True}
    hours(6, 30.0, 0.0)
    assert AlertKind.CONSTANT_FLOW not in states(world)[SECOND].running
    assert [a["ended_at"] for a in world.alerts(AlertKind.CONSTANT_FLOW)] == [None]
    hours(6, 0.0, 0.0)
    assert None not in [a["ended_at"] for a in world.alerts(AlertKind.CONSTANT_FLOW)]
