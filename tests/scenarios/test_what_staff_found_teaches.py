"""A false alarm that staff record makes the home's watch more patient, and counts against the budget."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from detectors.household import HouseholdWatch
from detectors.parameters import WatchParameters
from domain.alert import Outcome, State
from domain.finding import AlertKind, Level
from notifier.feedback import realised
from store import tables as t
from tests.notifier.world import HOME, METER, MORNING, ZONE, World, silence
from tests.scenarios.test_readings_become_texts import live


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    live(world, days=2)
    return world


def told_and_settled(world: World, outcome: Outcome) -> None:
    alert_id = world.raise_alert(silence(Level.ALERT, world.now, world.now - timedelta(hours=9)))
    with world.records.write() as tx:
        world.life.resolve(tx, alert_id, by="grid_worker", outcome=outcome, now=world.now, note="asleep late")


def after_correction(world: World, outcome: Outcome) -> int:
    """What is on the record then, where what was needless follows, too."""
    with world.records.write() as tx:
        world.life.correct(tx, 1, by="grid_worker", outcome=outcome, now=world.now, note="looked again")
        assert realised(tx, world.now, HOME).false == (outcome is Outcome.FALSE_ALARM)
        assert realised(tx, world.now).incidents == (outcome is Outcome.INCIDENT)
    return needless(world)


def needless(world: World) -> int:
    """The false alerts on the home's record, in eighths."""
    with world.records.read() as tx:
        body = tx.execute(select(t.detector_states.c.body).where(t.detector_states.c.meter_id == METER)).scalar_one()
    return sum(HouseholdWatch(WatchParameters(), ZONE).load(body).low_use.would_raise)


def test_a_false_alarm_is_one_more_on_the_home_s_record(world: World) -> None:
    before = needless(world)
    told_and_settled(world, Outcome.FALSE_ALARM)
    assert needless(world) == before + 8


@pytest.mark.parametrize("outcome", [Outcome.SAFE, Outcome.INCIDENT, Outcome.AWAY, Outcome.METER_FAULT])
def test_no_other_outcome_makes_the_watch_more_patient(world: World, outcome: Outcome) -> None:
    before = needless(world)
    told_and_settled(world, outcome)
    assert needless(world) == before


def test_a_correction_teaches_what_the_outcome_now_says(world: World) -> None:
    before = needless(world)
    told_and_settled(world, Outcome.SAFE)
    assert after_correction(world, Outcome.FALSE_ALARM) == before + 8
    assert after_correction(world, Outcome.FALSE_ALARM) == before + 8
    assert after_correction(world, Outcome.INCIDENT) == before
    assert after_correction(world, Outcome.AWAY) == before


def test_an_alert_that_is_opened_again_was_no_false_alarm_yet(world: World) -> None:
    before = needless(world)
    told_and_settled(world, Outcome.FALSE_ALARM)
    with world.records.write() as tx:
        world.life.reopen(tx, 1, by="grid_worker", now=world.now)
    assert needless(world) == before


def test_so_was_one_whose_silence_goes_on_and_is_told_again(world: World) -> None:
    before = needless(world)
    told_and_settled(world, Outcome.FALSE_ALARM)
    register_l = max(litres for _, litres in world.readings.registers(METER, world.now - timedelta(days=1), world.now))
    while world.state(1) is State.RESOLVED:
        world.now += timedelta(minutes=15)
        assert world.now < MORNING + timedelta(days=4)
        world.arrives((METER, world.now, register_l))
        world.turn()
    assert needless(world) == before


def test_what_was_needless_is_counted_for_the_home_and_for_all(world: World) -> None:
    for outcome in (Outcome.FALSE_ALARM, Outcome.SAFE, Outcome.INCIDENT, Outcome.AWAY):
        told_and_settled(world, outcome)
        world.now += timedelta(days=1)
    with world.records.read() as tx:
        mine, of_all = realised(tx, world.now, HOME), realised(tx, world.now)
    assert (mine.settled, mine.false, mine.incidents) == (4, 2, 1)
    assert (mine.false_a_month, of_all.false_a_month) == (2.0, 2.0)
    with world.records.read() as tx:
        assert realised(tx, world.now + timedelta(days=120), HOME).settled == 0


def test_a_question_that_the_resident_answered_is_no_false_alert(world: World) -> None:
    asked = world.raise_alert(silence(Level.ASK, world.now, world.now - timedelta(hours=9)))
    with world.records.write() as tx:
        world.life.resolve(tx, asked, by=f"r-{HOME}", outcome=Outcome.SAFE, now=world.now)
        assert realised(tx, world.now, HOME).settled == 0
    assert len(world.alerts(AlertKind.LOW_USE)) == 1
