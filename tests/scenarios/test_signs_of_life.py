"""Doors, motion and scans say that somebody is there; meters say themselves that water runs. Only a change is news."""

import json
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from domain.alert import Outcome
from domain.finding import AlertKind, Finding, Level, Reason
from domain.reading import DeviceEvent
from ingest.bindings import Bindings
from ingest.decode import Decoder
from ingest.receive import Receiver
from ingest.sorted import Message
from notifier.life import Concern
from store.contracts import BandScan, Batch
from tests.notifier.world import HOME, METER, World, put
from tests.scenarios.test_readings_become_texts import live

DAYS = 4  # the safety net looks after a home whose habit is not known yet
LAST = 1000.0 + DAYS * 6 * 8.0


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    with world.records.write() as tx:
        for device_id, kind in (("door1", "door_contact"), ("motion1", "motion_sensor")):
            put(tx, "sensors", {"device_id": device_id, "household_id": HOME, "gateway_id": "gw1", "kind": kind})
        band = {"band_id": 7, "resident_id": f"r-{HOME}", "card_hash": b"7", "number": "7", "state": "active"}
        issued = {"issued_at": world.now, "issued_by": "Olga", "state_at": world.now, "state_by": "Olga"}
        put(tx, "wristbands", band | issued | {"state_why": "new"})
    live(world, days=DAYS)
    return world


def door(world: World, is_open: bool, ago: timedelta = timedelta()) -> None:
    at = (world.now - ago).astimezone(UTC)
    world.happens(DeviceEvent(device_id="door1", at=at, kind="door_contact", flags={"open": is_open}))


def motion(world: World, moves: bool) -> None:
    at = world.now.astimezone(UTC)
    world.happens(DeviceEvent(device_id="motion1", at=at, kind="motion_sensor", flags={"motion": moves}))


def scanned(world: World, source: str = "kiosk-1", ago: timedelta = timedelta()) -> None:
    scan = BandScan(band_no=7, at=(world.now - ago).astimezone(UTC), stage="scanned", source=source)
    world.readings.commit(Batch(scans=[scan]))


def meter_says(world: World, **flags: bool) -> None:
    world.happens(DeviceEvent(device_id=METER, at=world.now.astimezone(UTC), kind="water_meter", flags=flags))
    world.turn()


def hour(world: World) -> None:
    """Another hour without water."""
    world.now += timedelta(hours=1)
    world.arrives((METER, world.now, LAST))


def hours_to_alert(world: World) -> int:
    """How long it is still until anybody is asked or told."""
    for hours in range(1, 60):
        hour(world)
        world.turn()
        if world.alerts(AlertKind.LOW_USE):
            return hours
    raise AssertionError("nobody was told of sixty hours without water")


def test_a_door_that_opens_starts_the_silence_anew(world: World) -> None:
    door(world, False)
    for _ in range(5):
        hour(world)
        world.turn()
    door(world, True)
    world.turn()
    assert hours_to_alert(world) > 6


@pytest.mark.parametrize("slow", [timedelta(hours=2), timedelta(days=700)])
def test_so_does_one_whose_clock_is_hours_or_years_behind(world: World, slow: timedelta) -> None:
    receiver = Receiver(decoder=Decoder(), bindings=Bindings({"door1": "gw1"}), readings=world.readings)
    for n in range(5):
        hour(world)
        at = (world.now - slow).isoformat()
        said = json.dumps({"device_id": "door1", "event": "open", "on": n % 2 == 0, "at": at}).encode()
        message = Message("anju/gw1/events", said, world.now.astimezone(UTC))
        receiver.store(receiver.sort([message]), messages=1, at=world.now, took_s=lambda: 0.0)
        world.turn()
    assert hours_to_alert(world) > 6


def test_a_sign_of_life_is_told_as_such_and_not_as_water(world: World) -> None:
    hours_to_alert(world)
    world.until(world.now + timedelta(hours=1), every=timedelta(minutes=10))
    assert world.texts("alert") != []
    scanned(world)
    world.turn()
    eased = [r.body for r in world.received if r.template == "eased"]
    assert eased != []
    assert all("家里有动静" in body and "用水" not in body for body in eased if body.startswith("【安居】"))


def quiet_hours_with(world: World, beat: object) -> int:
    """Hours to the alert where `beat` comes every hour."""
    for hours in range(1, 60):
        hour(world)
        assert callable(beat)
        beat()
        world.turn()
        if world.alerts(AlertKind.LOW_USE):
            return hours
    raise AssertionError("the heartbeat of a sensor hid sixty hours without water")


def test_a_door_sensor_that_repeats_itself_every_hour_hides_no_silence(world: World) -> None:
    door(world, True)
    world.turn()
    assert quiet_hours_with(world, lambda: door(world, True)) < 40


def test_what_the_door_said_last_outlives_a_restart(world: World) -> None:
    door(world, True)
    world.turn()

    def restarted() -> None:
        world.start()
        door(world, True)

    assert quiet_hours_with(world, restarted) < 40


def stirs(world: World) -> None:
    """Motion starts and ends."""
    motion(world, True)
    world.turn()
    world.now += timedelta(minutes=1)
    motion(world, False)
    world.turn()


def test_motion_that_starts_again_and_again_keeps_everybody_calm_and_one_that_only_ends_does_not(world: World) -> None:
    motion(world, False)
    world.turn()
    for _ in range(18):
        hour(world)
        stirs(world)
    assert world.alerts(AlertKind.LOW_USE) == []
    assert quiet_hours_with(world, lambda: motion(world, False)) < 20


@pytest.mark.parametrize("every_h", [1, 3])
def test_neither_a_sensor_that_never_rests_nor_a_cat_hides_a_person_who_draws_no_water(
    world: World, every_h: int
) -> None:
    motion(world, False)
    world.turn()
    hours = 0
    while not (alerts := world.alerts(AlertKind.LOW_USE)) or alerts[0]["level"] != "alert":
        hours += 1
        hour(world)
        if hours % every_h == 0:
            stirs(world)
        assert hours <= 37
    assert len(alerts) == 1
    assert "有动静，可能是宠物" in "".join(message.body for message in world.received)


def test_the_residents_own_answer_holds_back_what_others_would_be_told_an_hour_later(world: World) -> None:
    hours_to_alert(world)
    with world.records.write() as tx:
        world.life.resolve(tx, 1, by=f"r-{HOME}", outcome=Outcome.SAFE, now=world.now)
    for _ in range(4):
        hour(world)
        world.turn()
    assert [a["state"] for a in world.alerts(AlertKind.LOW_USE)] == ["resolved"]
    for _ in range(36):
        hour(world)
        world.turn()
    told = world.alerts(AlertKind.LOW_USE)[-1]  # the settled one opened again, or another: by the hour of the answer
    assert (told["level"], told["state"]) == ("alert", "notified")


def test_a_door_message_of_hours_ago_says_nothing_of_now(world: World) -> None:
    door(world, False)
    hours_to_alert(world)
    door(world, True, ago=timedelta(hours=2))
    world.turn()
    assert [a["ended_at"] for a in world.alerts(AlertKind.LOW_USE)] == [None]


def test_messages_that_overtake_each_other_are_no_change(world: World) -> None:
    door(world, True)
    hours_to_alert(world)
    door(world, True)
    door(world, False, ago=timedelta(minutes=5))
    world.turn()
    assert [a["ended_at"] for a in world.alerts(AlertKind.LOW_USE)] == [None]


def test_life_behind_an_alert_eases_it_and_a_person_still_settles_it(world: World) -> None:
    door(world, False)
    hours_to_alert(world)
    door(world, True)
    world.turn()
    [alert] = world.alerts(AlertKind.LOW_USE)
    assert alert["ended_at"] is not None
    assert alert["resolved_at"] is None or alert["state"] == "resolved"


def test_staff_who_scan_the_residents_band_have_seen_the_resident(world: World) -> None:
    hours_to_alert(world)
    scanned(world)
    world.turn()
    assert [a["ended_at"] is not None for a in world.alerts(AlertKind.LOW_USE)] == [True]


@pytest.mark.parametrize("how", ["by a passer-by", "yesterday", "out of use"])
def test_other_scans_are_no_sign_of_life(world: World, how: str) -> None:
    hours_to_alert(world)
    if how == "out of use":
        with world.records.write() as tx:
            tx.exec_driver_sql("UPDATE wristbands SET state = 'lost'")
    scanned(world, "web" if how == "by a passer-by" else "kiosk-1", timedelta(days=how == "yesterday"))
    world.turn()
    assert [a["ended_at"] for a in world.alerts(AlertKind.LOW_USE)] == [None]


def test_a_meters_own_leak_alarm_is_told_once_and_ends_with_it(world: World) -> None:
    meter_says(world, leak=False)
    for _ in range(5):
        world.now += timedelta(hours=1)
        meter_says(world, leak=True)
    [alert] = world.alerts(AlertKind.CONSTANT_FLOW)
    assert alert["ended_at"] is None
    texts = [r for r in world.received if "水表" in r.body and "水流不停" in r.body]
    assert texts
    assert all("水表8:00报告" in r.body for r in texts)
    world.now += timedelta(hours=1)
    meter_says(world, leak=False)
    assert world.alerts(AlertKind.CONSTANT_FLOW)[0]["ended_at"] == world.now
    assert len(world.alerts(AlertKind.CONSTANT_FLOW)) == 1


def test_a_meter_that_never_alarmed_does_not_end_the_detectors_alert(world: World) -> None:
    values: dict[str, float | int | str] = {"since_at": world.now.isoformat(), "flow_lph": 300.0, "record_lph": 40.0}
    found = Finding(
        kind=AlertKind.CONSTANT_FLOW,
        level=Level.ALERT,
        at=world.now,
        since=world.now,
        reason=Reason(key="constant_flow_tap", values=values),
    )
    world.raise_alert(Concern.of(found, HOME))
    world.now += timedelta(hours=1)
    assert len(world.alerts(AlertKind.CONSTANT_FLOW)) == 1
    meter_says(world, leak=True)
    meter_says(world, leak=False)
    assert [a["ended_at"] for a in world.alerts(AlertKind.CONSTANT_FLOW)] == [None]


def test_a_leak_alarm_in_a_backfilled_reading_is_not_todays(world: World) -> None:
    at = (world.now - timedelta(days=30)).astimezone(UTC)
    world.happens(DeviceEvent(device_id=METER, at=at, kind="water_meter", flags={"leak": True}))
    world.turn()
    assert world.alerts(AlertKind.CONSTANT_FLOW) == []
