"""What others than the resident were told of is never between us and the resident again until a person settled it."""

from datetime import UTC, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from domain.alert import Outcome, State
from domain.finding import AlertKind, Level
from domain.reading import DeviceEvent
from notifier.feedback import realised
from store import tables as t
from tests.notifier.world import HOME, METER, World, at, silence
from tests.scenarios.test_readings_become_texts import live

DAYS = 4  # the safety net looks after a home whose habit is not known yet
LAST = 1000.0 + DAYS * 6 * 8.0


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def hour(world: World, litres: float = 0.0) -> None:
    """Another hour without water, or with so much."""
    world.now += timedelta(hours=1)
    world.arrives((METER, world.now, LAST + litres))
    world.turn()


def history(world: World) -> list[str]:
    e = t.alert_events.c
    with world.records.read() as tx:
        return list(tx.execute(select(e.event).order_by(e.event_id)).scalars())


@pytest.fixture
def reopened(world: World) -> World:
    """The resident answered, used no water, and twelve hours later others are told."""
    live(world, days=DAYS)
    while not world.alerts(AlertKind.LOW_USE):
        hour(world)
    with world.records.write() as tx:
        world.life.resolve(tx, 1, by=f"r-{HOME}", outcome=Outcome.SAFE, now=world.now)
    for _ in range(12):
        hour(world)
    assert (world.state(1), history(world)[-2:]) == (State.NOTIFIED, ["reopen", "notify"])
    return world


def test_a_litre_by_itself_takes_nothing_back_once_others_were_told_though_it_was_a_doubt(world: World) -> None:
    live(world, days=DAYS)
    hour(world, litres=3.0)  # the register tells single litres
    while not world.alerts() or world.state(1) is not State.NOTIFIED:
        hour(world, litres=3.0)
    assert world.alerts()[0]["level"] == Level.ASK
    for _ in range(8):
        hour(world, litres=4.0)
    assert ("ease" in history(world), world.texts("eased"), world.state(1)) == (False, [], State.NOTIFIED)
    hour(world, litres=12.0)
    assert (world.state(1), history(world)[-1]) == (State.EASED, "ease")


def until_the_habit_rings(world: World) -> None:
    for _ in range(30):
        hour(world)
        if "join" in history(world) or "recur" in history(world):
            return
    raise AssertionError("the watch never spoke again")


def water_runs(world: World, clock: str) -> None:
    """Heard of a minute later."""
    world.now = at(clock) + timedelta(minutes=1)
    with world.records.write() as tx:
        world.life.ease(tx, HOME, AlertKind.LOW_USE, at(clock), world.now)


def test_the_habits_own_clock_does_not_ask_the_resident_again_while_others_are_being_told(reopened: World) -> None:
    until_the_habit_rings(reopened)
    for _ in range(3):
        hour(reopened)
    assert reopened.state(1) is State.NOTIFIED
    assert [who for _, who in reopened.texts("ask")] == ["王秀英"]
    assert history(reopened)[-4:] == ["notify"] * 4
    assert "ease" not in history(reopened)


def test_nor_does_it_take_the_alert_from_who_is_on_the_way_or_there(reopened: World) -> None:
    def somebody_goes() -> None:
        with reopened.records.write() as tx:
            reopened.life.arrive(tx, 1, by="grid_worker", now=reopened.now)

    for _ in range(30):
        somebody_goes()
        hour(reopened)
        if "join" in history(reopened) or "recur" in history(reopened):
            break
    assert (reopened.state(1), reopened.alerts()[0]["acknowledged_by"]) == (State.ON_SITE, "grid_worker")
    assert reopened.texts("eased") == []


def test_after_water_a_doubt_asks_the_resident_and_water_again_leaves_it_to_a_person(world: World) -> None:
    """Others were told, nobody settled it: the second time is no matter between us and the resident alone."""
    world.now = at("10:00")
    alert = world.raise_alert(silence(Level.ALERT, at("10:00")))
    water_runs(world, "10:04")
    world.until(at("16:00"), every=timedelta(hours=1))
    assert world.raise_alert(silence(Level.ASK, world.now, since=at("10:04"))) == alert
    assert world.texts("ask") == [("16:00", "王秀英")]
    water_runs(world, "16:09")
    world.turn()
    assert world.state(alert) is State.EASED


def test_a_reminder_that_nobody_settled_it_does_not_take_the_alert_out_of_what_is_counted(world: World) -> None:
    world.now = at("10:00")
    alert = world.raise_alert(silence(Level.ALERT, at("10:00")))
    water_runs(world, "10:04")
    world.until(at("23:00"), every=timedelta(hours=1))
    assert world.texts("unsettled") != []
    with world.records.write() as tx:
        world.life.resolve(tx, alert, by="grid_worker", outcome=Outcome.FALSE_ALARM, now=world.now)
    with world.records.read() as tx:
        assert realised(tx, world.now).false == 1


@pytest.mark.parametrize(("by_sign", "said"), [(False, "10:04又用水了"), (True, "10:04家里有动静")])
def test_the_reminder_says_how_it_ended_and_not_that_it_goes_on(world: World, by_sign: bool, said: str) -> None:
    world.now = at("10:00")
    world.raise_alert(silence(Level.ALERT, at("10:00")))
    world.now = at("10:05")
    with world.records.write() as tx:
        world.life.ease(tx, HOME, AlertKind.LOW_USE, at("10:04"), world.now, by_sign=by_sign)
    world.until(at("23:00"), every=timedelta(hours=1))
    (reminder,) = [text.body for text in world.received if text.template == "unsettled"]
    assert reminder == f"【安居】幸福里3号楼201 王秀英：{said}，还没有办结，请确认老人平安，由社区办结。"


def test_the_reminder_of_who_is_said_to_be_back_tells_of_no_water(world: World) -> None:
    world.now = at("10:00")
    alert = world.raise_alert(silence(Level.ALERT, at("10:00")))
    with world.records.write() as tx:
        world.life.leave(tx, alert, by="daughter", until=at("07:00", day=30), now=world.now)
    world.now = at("10:05")
    with world.records.write() as tx:
        world.life.back(tx, HOME, by="daughter", now=world.now)
    world.until(at("23:00"), every=timedelta(hours=1))
    (reminder,) = [text.body for text in world.received if text.template == "unsettled"]
    assert "：10:05有人说已回家，还没有办结" in reminder


def test_a_reminder_that_waited_past_midnight_says_how_it_ended_too(world: World) -> None:
    world.now = at("10:00")
    world.raise_alert(silence(Level.ALERT, at("10:00")))
    world.now = at("11:58")
    with world.records.write() as tx:
        world.life.ease(tx, HOME, AlertKind.LOW_USE, at("11:57"), world.now)
    world.turn()
    world.notifier.watch_turn(at("23:59"))
    world.now = at("00:05", day=1)
    world.turn()
    (reminder,) = [text.body for text in world.received if text.template == "unsettled"]
    assert "：昨天11:57又用水了，还没有办结" in reminder


def test_the_end_of_the_meters_own_alarm_does_not_end_what_the_detector_still_finds(world: World) -> None:
    def says(leak: bool) -> None:
        flags = {"leak": leak}
        world.happens(DeviceEvent(device_id=METER, at=world.now.astimezone(UTC), kind="water_meter", flags=flags))
        world.turn()

    live(world, days=14)
    says(True)
    ran = 14 * 6 * 8.0 - DAYS * 6 * 8.0
    for _ in range(24):
        ran += 60.0
        hour(world, ran)
        if "join" in history(world):
            break
    assert history(world).count("join") == 1
    says(False)
    assert world.state(1) is State.NOTIFIED
    while world.state(1) is State.NOTIFIED and world.now.hour != 23:
        hour(world, ran)
    assert world.state(1) is State.EASED
