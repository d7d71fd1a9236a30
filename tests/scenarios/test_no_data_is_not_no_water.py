"""An alert behind which the readings stop: nobody hears that water is still missing where nobody can tell."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from domain.alert import Outcome, State
from domain.finding import AlertKind, Level
from store import tables as t
from tests.notifier.world import HOME, METER, World, at, put, silence


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


def test_texts_count_the_hours_without_water_up_to_the_last_reading_and_no_further(world: World) -> None:
    world.now = at("19:00")
    world.raise_alert(silence(Level.ALERT, at("19:00")))
    readings_stop(world, "20:00")
    world.until(at("23:50"), every=timedelta(minutes=10))
    assert "13小时" in world.received[-1].body
