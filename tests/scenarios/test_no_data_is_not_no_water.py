"""An alert behind which the readings stop: nobody hears that water is still missing where nobody can tell."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from domain.alert import Outcome, State
from domain.finding import AlertKind, Level
from store import tables as t
from tests.notifier.world import HOME, METER, MORNING, World, at, put, silence
from tests.scenarios.test_readings_become_texts import HOURS_OF_USE, live


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def settled(world: World) -> int:
    """At seven in the evening: no water since the morning, and somebody says that all is well."""
    world.now = at("19:00")
    alert = world.raise_alert(silence(Level.ALERT, at("19:00")))
    with world.records.write() as tx:
        world.life.resolve(tx, alert, by="daughter", outcome=Outcome.SAFE, now=world.now)
    world.turn()
    return alert


def readings_stop(world: World, since: str) -> None:
    row = {"meter_id": METER, "household_id": HOME, "since": at(since), "told_at": at(since)}
    with world.records.write() as tx:
        put(tx, "unwatched", row | {"reason": {"key": "no_data", "values": {}}})


@pytest.mark.parametrize("behind_h", [5, 8])
def test_a_meter_whose_clock_is_hours_behind_is_the_operators_once_and_not_with_each_reading(
    world: World, behind_h: int
) -> None:
    for hour in range(60):
        world.now = MORNING + timedelta(hours=hour)
        world.arrives((METER, world.now - timedelta(hours=behind_h), 1000.0 + hour), late=True)
        world.until(world.now + timedelta(minutes=59), every=timedelta(minutes=20))
    (alert,) = world.alerts(AlertKind.NO_DATA)
    events = t.alert_events.c
    with world.records.read() as tx:
        said = list(tx.execute(select(events.event).where(events.alert_id == alert["alert_id"])).scalars())
    assert (said.count("raise"), said.count("recur"), said.count("ease")) == (1, 0, 0)
    first = next(text.body for text in world.received if text.who == "Olga")
    assert f"readings come {behind_h} h late, clock off or " in first


def wait(world: World, until: str) -> None:
    world.until(at(until, day=1), every=timedelta(minutes=30))


def test_what_was_settled_is_not_said_to_go_on_while_there_are_no_readings(world: World) -> None:
    alert = settled(world)
    readings_stop(world, "20:00")
    wait(world, "09:00")
    assert world.state(alert) is State.RESOLVED
    with world.records.write() as tx:
        tx.execute(delete(t.unwatched))
    wait(world, "10:00")
    assert world.state(alert) is State.NOTIFIED


@pytest.mark.parametrize("what", ["the meter went to another home", "the consent to it was withdrawn"])
def test_where_no_meter_is_watched_any_more_what_was_settled_stays_so(world: World, what: str) -> None:
    alert = settled(world)
    with world.records.write() as tx:
        if "meter" in what:
            tx.execute(delete(t.meters).where(t.meters.c.meter_id == METER))
        else:
            tx.execute(update(t.households).values(water_consent_by=None))
    wait(world, "23:00")
    assert world.state(alert) is State.RESOLVED
    assert world.alerts(AlertKind.LOW_USE)[0]["next_at"] is None


def reads(world: World, clock: str) -> None:
    """The meter says at that time what it said before."""
    world.until(at(clock), every=timedelta(minutes=10))
    world.arrives((METER, at(clock), 1000.0))
    world.turn()


def test_texts_count_the_hours_without_water_up_to_the_last_reading_and_no_further(world: World) -> None:
    reads(world, "19:00")
    world.raise_alert(silence(Level.ALERT, at("19:00")))
    assert "12小时" in world.received[-1].body
    reads(world, "20:00")
    world.until(at("20:50"), every=timedelta(minutes=10))
    assert "13小时" in world.received[-1].body
    reads(world, "21:00")
    world.until(at("21:10"), every=timedelta(minutes=10))
    assert "14小时" in world.received[-1].body
    world.until(at("23:50"), every=timedelta(minutes=10))
    assert world.received[-1].at > at("23:00")
    assert "14小时" in world.received[-1].body


def test_the_uses_that_were_usual_are_those_of_all_the_hours_that_a_text_names(world: World) -> None:
    live(world, days=20)
    since = next(
        at for hour in range(24) if (at := world.now - timedelta(hours=hour)).hour in HOURS_OF_USE
    )  # the end of the last hour with use
    for _ in range(40):
        world.now += timedelta(hours=1)
        world.arrives((METER, world.now, 1000.0 + 20 * 6 * 8.0))
        world.turn()
    told = [
        tuple(map(int, said.groups()))
        for received in world.received
        if (said := re.search(r"(\d+)小时没用水，平时会用(\d+)次", received.body)) and received.template == "alert"
    ]
    assert told[0][0] < 20
    assert told[-1] == (40, 10)
    for hours, uses in told:
        usual = sum((since + timedelta(hours=hour)).hour in HOURS_OF_USE for hour in range(1, hours + 1))
        assert 0.75 * usual <= uses <= usual  # after 20 days


def test_readings_that_tell_no_volume_let_the_hours_stand(world: World) -> None:
    reads(world, "19:00")
    world.raise_alert(silence(Level.ALERT, at("19:00")))
    readings_stop(world, "20:00")
    reads(world, "22:00")
    world.until(at("22:50"), every=timedelta(minutes=10))
    assert "13小时" in world.received[-1].body


def test_a_meter_that_never_moved_counts_the_hours_it_was_found_with(world: World) -> None:
    """Its hours are those of its readings, not the clock's."""
    for h in range(38):
        world.until(MORNING + timedelta(hours=h), every=timedelta(hours=1))
        world.arrives((METER, world.now, 1000.0))
        world.turn()
    told = world.received[-1].body
    world.until(world.now + timedelta(hours=6), every=timedelta(minutes=10))
    world.arrives((METER, world.now, 1000.0))
    world.until(world.now + timedelta(minutes=20), every=timedelta(minutes=10))
    assert "水表36小时" in told
    assert "水表36小时" in world.received[-1].body
