"""Readings in, texts out: the way through the detectors, the alert and the outbox."""

from datetime import UTC, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from domain.alert import State
from domain.finding import AlertKind
from domain.reading import DeviceEvent
from store import tables as t
from tests.notifier.world import METER, World, add_household, at

HOURS_OF_USE = (7, 8, 12, 18, 19, 21)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def live(world: World, days: int, meters: tuple[str, ...] = (METER,)) -> None:
    """Hourly readings of an ordinary life: water each morning, noon and evening."""
    start, register = world.now, dict.fromkeys(meters, 1000.0)
    for hour in range(1, days * 24 + 1):
        world.now = start + timedelta(hours=hour)
        drawn = 8.0 if world.now.hour in HOURS_OF_USE else 0.0
        for meter in meters:
            register[meter] += drawn
        world.arrives(*((meter, world.now, register[meter]) for meter in meters))
        world.turn()


def still(world: World, hours: int, register: float) -> None:
    """Readings go on, no water flows."""
    for _ in range(hours):
        world.now += timedelta(hours=1)
        world.arrives((METER, world.now, register))
        world.turn()


def test_a_resident_who_stops_using_water_is_asked_and_then_family_and_staff_are_told(world: World) -> None:
    live(world, days=20)
    assert world.received == []
    last = 1000.0 + 20 * 6 * 8.0
    still(world, 48, last)
    assert [r.template for r in world.received][:1] in (["ask"], ["alert"])
    assert {"王丽", "李敏"} <= {who for _, who in world.texts("alert")}
    assert "小时没用水" in next(r.body for r in world.received if r.template == "alert")
    assert len(world.alerts(AlertKind.LOW_USE)) == 1


def test_a_pressed_button_tells_everybody_at_once_and_asks_nobody(world: World) -> None:
    world.happens(DeviceEvent(device_id="sos1", at=world.now, kind="sos_button", flags={"sos": True}))
    world.turn()
    assert sorted(who for _, who in world.texts("alert")) == sorted(["王丽", "王强", "李敏", "值班室", "陈主任"])
    assert {when for when, _ in world.texts()} == {"07:00"}
    assert "7:00按了求助按钮" in world.received[0].body


def test_the_same_press_told_twice_by_the_gateway_is_one_alert(world: World) -> None:
    press = DeviceEvent(device_id="sos1", at=world.now, kind="sos_button", flags={"sos": True})
    for _ in range(3):
        world.happens(press)
        world.turn()
    assert len(world.alerts()) == 1
    assert len(world.received) == 5


def test_a_second_press_behind_an_acknowledged_one_is_not_hidden(world: World) -> None:
    world.happens(DeviceEvent(device_id="sos1", at=world.now, kind="sos_button", flags={"sos": True}))
    world.turn()
    with world.records.write() as tx:
        world.life.acknowledge(tx, 1, by="grid_worker", now=world.now)
    world.until(at("07:20"))
    world.happens(DeviceEvent(device_id="sos1", at=world.now, kind="sos_button", flags={"sos": True}))
    world.turn()
    assert world.state(1) is State.NOTIFIED
    assert [text for text in world.texts("alert") if text[0] == "07:20"] != []


def test_a_silent_meter_is_the_operators_concern_alone_and_nothing_is_said_of_the_resident(world: World) -> None:
    with world.records.write() as tx:
        add_household(tx, "202", "刘大爷")
    live(world, days=10, meters=(METER, "m202"))
    world.received.clear()
    silent_since = world.now
    register = 1480.0
    for _ in range(12):
        world.now += timedelta(hours=1)
        register += 8.0 if world.now.hour in HOURS_OF_USE else 0.0
        world.arrives(("m202", world.now, register))
        world.turn()
    assert [(a["kind"], a["subject"]) for a in world.alerts()] == [("no_data", METER)]
    assert {r.who for r in world.received} == {"Olga"}
    assert "can't tell whether water is used" in world.received[0].body
    assert silent_since < world.received[0].at < silent_since + timedelta(hours=8)


def test_a_silent_gateway_is_one_alert_not_one_a_meter(world: World) -> None:
    with world.records.write() as tx:
        for door in range(202, 212):
            add_household(tx, str(door), "刘大爷")
    meters = tuple(f"m{door}" for door in range(201, 212))
    live(world, days=8, meters=meters)
    world.until(world.now + timedelta(hours=20), every=timedelta(minutes=30))
    assert [(a["kind"], a["subject"]) for a in world.alerts()] == [("gateway_silent", "gw1")]
    back = world.now
    world.arrives(*((meter, back, 5000.0) for meter in meters[:-1]))
    world.turn()
    world.until(back + timedelta(hours=4), every=timedelta(minutes=30))
    assert [(a["kind"], a["subject"], a["state"]) for a in world.alerts()] == [
        ("gateway_silent", "gw1", "eased"),
        ("no_data", "m211", "notified"),
    ]


def test_a_gateway_that_says_goodbye_is_known_at_once(world: World) -> None:
    world.happens(DeviceEvent(device_id="gw1", at=world.now, kind="gateway_status", flags={"online": False}))
    world.turn()
    assert [(a["kind"], a["subject"]) for a in world.alerts()] == [("gateway_silent", "gw1")]
    world.now = at("07:30")
    world.happens(DeviceEvent(device_id="gw1", at=world.now, kind="gateway_status", flags={"online": True}))
    world.turn()
    assert world.state(1) is State.EASED


def test_guardians_hear_when_a_home_can_not_be_watched_for_a_day_and_when_it_can_again(world: World) -> None:
    live(world, days=3)
    last = world.now
    world.until(last + timedelta(hours=30), every=timedelta(minutes=30))
    assert [r.who for r in world.received if r.template == "unwatched"] == ["王丽"]
    assert next(r.at for r in world.received if r.template == "unwatched").astimezone(UTC) >= (
        last + timedelta(hours=24)
    ).astimezone(UTC)
    world.arrives((METER, world.now, 1200.0))
    world.turn()
    world.until(world.now + timedelta(hours=10), every=timedelta(minutes=30))
    assert [r.who for r in world.received if r.template == "watched"] == ["王丽"]


def test_what_guardians_hear_after_the_quiet_hours_names_the_day_as_it_is_then(world: World) -> None:
    live(world, days=3)
    last = world.now = world.now.replace(hour=22)
    world.arrives((METER, last, 1200.0))
    world.until(last + timedelta(hours=36), every=timedelta(minutes=30))
    (told,) = [r for r in world.received if r.template == "unwatched"]
    assert (told.at - last).days == 1
    assert f"{last.month}月{last.day}日22:00起水表没有正常读数" in told.body


def test_a_meter_in_the_ledger_that_never_reports_is_missed_too(world: World) -> None:
    world.until(at("07:00", day=4), every=timedelta(hours=1))
    assert [(a["kind"], a["subject"]) for a in world.alerts()] == [("no_data", METER)]


def of_another_version(world: World) -> None:
    """The service starts again and can't read what the other version remembered."""
    with world.records.write() as tx:
        for row in tx.execute(select(t.detector_states.c.meter_id, t.detector_states.c.body)).all():
            wanted = t.detector_states.c.meter_id == row.meter_id
            tx.execute(t.detector_states.update().where(wanted).values(body=b"\xff" + row.body[1:]))
    world.start()


def only_the_neighbour_reports(world: World, hours: int) -> None:
    for _ in range(hours):
        world.now += timedelta(hours=1)
        world.arrives(("m202", world.now, 9000.0 + world.now.timestamp() % 86400 / 3600))
        world.turn()


def test_a_meter_that_falls_silent_after_its_state_was_lost_is_missed_as_soon_as_before(world: World) -> None:
    with world.records.write() as tx:
        add_household(tx, "202", "刘大爷")
    live(world, days=5, meters=(METER, "m202"))
    of_another_version(world)
    only_the_neighbour_reports(world, 8)
    (lost, silent) = world.alerts()
    assert (lost["kind"], lost["subject"], lost["household_id"]) == ("quarantine", "states", None)
    assert (silent["kind"], silent["subject"]) == ("no_data", METER)


def test_states_that_can_not_be_read_are_one_alert_and_habits_are_learned_from_the_readings(world: World) -> None:
    with world.records.write() as tx:
        add_household(tx, "202", "刘大爷")
    live(world, days=20, meters=(METER, "m202"))
    of_another_version(world)
    still(world, 30, 1000.0 + 20 * 6 * 8.0)
    assert [a["kind"] for a in world.alerts()].count("quarantine") == 1
    (alert,) = world.alerts(AlertKind.LOW_USE)
    assert alert["level"] == "alert"


def test_a_silent_meter_whose_state_was_lost_meanwhile_is_watched_again_once_heard(world: World) -> None:
    with world.records.write() as tx:
        add_household(tx, "202", "刘大爷")
    live(world, days=5, meters=(METER, "m202"))
    only_the_neighbour_reports(world, 30)
    of_another_version(world)
    world.arrives((METER, world.now, 1800.0))
    world.turn()
    (silent,) = world.alerts(AlertKind.NO_DATA)
    assert silent["state"] == State.EASED
    with world.records.read() as tx:
        assert tx.execute(select(func.count()).select_from(t.unwatched)).scalar() == 0
    only_the_neighbour_reports(world, 30)
    (silent,) = world.alerts(AlertKind.NO_DATA)
    assert silent["state"] == State.NOTIFIED
