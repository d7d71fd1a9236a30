"""A mere doubt wakes nobody; what is sure does, at once, and who may be out is asked before others are told."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from domain.alert import Outcome, State
from domain.finding import AlertKind, Level, Reason
from domain.reading import DeviceEvent
from notifier.life import Concern
from tests.notifier.world import HOME, METER, World, at, put, silence
from tests.scenarios.test_readings_become_texts import live

ASKED = ("王秀英",)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    with world.records.write() as tx:
        tx.exec_driver_sql("update residents set phone = '+8613800000000'")
    return world


def doubt(world: World, level: Level = Level.ASK) -> int:
    return world.raise_alert(silence(level, world.now, world.now - timedelta(hours=8)))


def water(world: World, alert_id: int) -> None:
    with world.records.write() as tx:
        world.life.ease(tx, HOME, AlertKind.LOW_USE, world.now, world.now)
    world.turn()


def first(world: World, template: str) -> str:
    """When the first text of this kind left, on the community's clock."""
    return world.texts(template)[0][0]


def test_a_doubt_at_night_waits_for_the_morning(world: World) -> None:
    world.now = at("01:00", day=1)
    doubt(world)
    world.until(at("09:00", day=1))
    assert first(world, "ask") == "07:00"
    assert first(world, "alert") == "07:30"


def test_a_doubt_at_night_that_water_answers_reaches_nobody_and_is_settled(world: World) -> None:
    world.now = at("01:00", day=1)
    alert_id = doubt(world)
    world.until(at("06:00", day=1))
    water(world, alert_id)
    world.until(at("22:00", day=2), every=timedelta(minutes=20))
    assert world.received == []
    assert world.state(alert_id) is State.RESOLVED


def test_what_becomes_sure_at_night_is_told_at_once(world: World) -> None:
    world.now = at("01:00", day=1)
    doubt(world)
    world.until(at("03:00", day=1))
    assert world.received == []
    doubt(world, Level.ALERT)
    world.until(at("05:00", day=1))
    assert world.texts("ask") == []
    assert first(world, "alert") == "03:00"


def test_by_day_what_is_sure_is_told_at_once(world: World) -> None:
    world.now = at("14:00")
    doubt(world, Level.ALERT)
    assert world.texts("ask") == []
    assert first(world, "alert") == "14:00"


def test_who_runs_a_tap_when_asked_has_answered(world: World) -> None:
    world.now = at("14:00")
    alert_id = doubt(world)
    world.until(at("14:20"))
    water(world, alert_id)
    world.until(at("20:00", day=1), every=timedelta(minutes=20))
    assert world.state(alert_id) is State.RESOLVED
    assert {who for _, who in world.texts()} == set(ASKED)


def may_be_out(world: World, level: Level) -> int:
    plain = silence(level, world.now, world.now - timedelta(hours=8))
    values = {**plain.reason.values, "left_at": (world.now - timedelta(hours=8)).isoformat()}
    reason = type(plain.reason)(key="low_use_left", values=values)
    return world.raise_alert(
        Concern(
            kind=plain.kind,
            level=level,
            subject=HOME,
            household_id=HOME,
            at=plain.at,
            since=plain.since,
            reason=reason,
        )
    )


def test_who_may_be_out_is_asked_first_and_told_of_half_an_hour_later_and_no_more(world: World) -> None:
    world.now = at("14:00")
    may_be_out(world, Level.ALERT)
    world.until(at("16:00"))
    assert (first(world, "ask"), first(world, "alert")) == ("14:00", "14:30")
    assert "门动过" in next(r.body for r in world.received if r.template == "alert")


@pytest.mark.parametrize("raised", [doubt, may_be_out])
def test_an_answer_that_is_awaited_is_not_cut_short(world: World, raised: Callable[[World, Level], int]) -> None:
    world.now = at("14:00")
    raised(world, Level.ASK)
    raised(world, Level.ALERT)  # a gateway brought the hours of the question and of the alert together
    world.until(at("14:10"))
    raised(world, Level.ALERT)
    world.until(at("16:00"))
    assert [when for when, _ in world.texts("ask")] == ["14:00"]
    assert first(world, "alert") == "14:30"


def door(world: World, is_open: bool) -> None:
    world.happens(DeviceEvent(device_id="door1", at=world.now, kind="door_contact", flags={"open": is_open}))
    world.turn()


def test_a_silence_that_begins_when_the_door_goes_may_be_an_outing(world: World) -> None:
    with world.records.write() as tx:
        sensor = {"device_id": "door1", "household_id": HOME, "gateway_id": "gw1", "kind": "door_contact"}
        put(tx, "sensors", sensor)
    live(world, days=20)
    door(world, is_open=True)
    door(world, is_open=False)
    world.now += timedelta(minutes=1)
    door(world, is_open=True)
    for _ in range(24):
        world.now += timedelta(hours=1)
        world.arrives((METER, world.now, 1000.0 + 20 * 6 * 8.0))
        world.turn()
    (alert,) = world.alerts(AlertKind.LOW_USE)
    assert alert["reason"]["key"] == "low_use_left"  # type: ignore[index]  # a JSON column


def test_what_a_colleague_settles_at_night_of_a_mere_notice_is_told_in_the_morning(world: World) -> None:
    with world.records.write() as tx:
        put(tx, "pairings", {"household_id": HOME, "contact_id": "volunteer"})
    world.now = at("10:00")
    values = {"uses_a_day": 4.0, "usual_a_day": 9.0}
    reason = Reason(key="change_in_use_less", values=values)
    plain = silence(Level.ALERT, world.now)
    alert_id = world.raise_alert(replace(plain, kind=AlertKind.CHANGE_IN_USE, reason=reason))
    world.until(at("23:00"), every=timedelta(hours=1))
    with world.records.write() as tx:
        world.life.resolve(tx, alert_id, by="grid_worker", outcome=Outcome.SAFE, now=world.now, note="")
    world.until(at("09:00", day=1), every=timedelta(minutes=20))
    assert world.texts("notice") == [("10:00", "李敏"), ("10:00", "赵志愿")]
    assert world.texts("settled") == [("08:00", "赵志愿")]


def test_whoever_had_it_at_night_and_did_not_get_there_is_followed_by_the_others_at_once(world: World) -> None:
    world.now = at("21:00")
    alert_id = doubt(world, Level.ALERT)
    world.now = at("22:10")
    with world.records.write() as tx:
        world.life.acknowledge(tx, alert_id, by="daughter", now=world.now)
    told = len(world.received)
    world.until(at("22:41"))
    assert world.texts("ask") == []
    assert world.state(alert_id) is State.NOTIFIED
    assert "王丽" in {r.who for r in world.received[told:] if r.template == "alert"}


def test_whoever_cannot_go_at_night_is_followed_by_the_others_at_once(world: World) -> None:
    world.now = at("23:00")
    alert_id = doubt(world, Level.ALERT)
    world.until(at("23:31"))
    with world.records.write() as tx:
        world.life.acknowledge(tx, alert_id, by="daughter", now=world.now)
        world.life.decline(tx, alert_id, by="daughter", now=world.now)
    assert world.state(alert_id) is State.NOTIFIED
    world.turn()
    assert world.texts("ask") == []
