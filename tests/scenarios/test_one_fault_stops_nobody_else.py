"""A meter, a call or a journal that makes the program fail costs no other home its watch."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from detectors.episodes import Change
from detectors.household import HouseholdWatch
from detectors.household_state import HouseholdState
from detectors.parameters import WatchParameters
from domain.finding import AlertKind, Level
from domain.reading import DeviceEvent
from notifier.rounds import RoundRules
from notifier.service import Notifier, NotifierRules
from notifier.watch import Watch, WatchRules
from store import tables as t
from store.contracts import BandScan, Batch, JournalEntry
from store.memory import MemoryReadings
from tests.notifier.world import HOME, METER, World, add_household, at, silence

BAD = 666.0


class Faulty(HouseholdWatch):
    """Has a fault at one register value, and in the clock of whoever was heard at it."""

    def observe(
        self,
        state: HouseholdState,
        at: datetime,
        register_l: float,
        late: bool = False,
        received_at: datetime | None = None,
    ) -> list[Change]:
        if register_l == BAD:
            raise ValueError("a fault")
        return super().observe(state, at, register_l, late, received_at)

    def tick(self, state: HouseholdState, now: datetime) -> list[Change]:
        if state.register.last_l == BAD + 1:
            raise ValueError("a fault")
        return super().tick(state, now)


class Unreadable(MemoryReadings):
    """A journal that can't be read for a while."""

    broken = False

    def follow(self, after: int, limit: int = 100) -> Sequence[JournalEntry]:
        if self.broken:
            raise ValueError("a fault")
        return super().follow(after, limit)


def faulty(world: World) -> None:
    """Started again with a watch and a journal that fail."""
    world.readings = Unreadable()
    world.start()
    notifier: Notifier = world.notifier
    world.watch = notifier.watch = Watch(
        records=world.records,
        journal=world.readings,
        life=world.life,
        unwatched=notifier.unwatched,
        watch_in=lambda zone: Faulty(WatchParameters(), zone),
    )


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    with world.records.write() as tx:
        add_household(tx, "202", "刘大爷")
    faulty(world)
    return world


def test_a_meter_whose_detectors_fail_stops_no_other_meter_and_no_call(world: World) -> None:
    world.arrives((METER, world.now, BAD), ("m202", world.now, 5.0))
    world.happens(DeviceEvent(device_id="sos1", at=world.now.astimezone(UTC), kind="sos_button", flags={"sos": True}))
    world.turn()
    assert [a["subject"] for a in world.alerts(AlertKind.QUARANTINE)] == [METER]
    assert len(world.alerts(AlertKind.SOS)) == 1
    with world.records.read() as tx:
        assert tx.execute(t.detector_states.select().where(t.detector_states.c.meter_id == "m202")).first()
    world.now = at("08:00")
    world.arrives((METER, world.now, 10.0))
    world.turn()
    with world.records.read() as tx:
        assert tx.execute(t.detector_states.select().where(t.detector_states.c.meter_id == METER)).first()


def test_a_meter_whose_clock_fails_keeps_no_other_from_being_missed(world: World) -> None:
    world.arrives((METER, world.now, BAD + 1), ("m202", world.now, 5.0))
    world.until(at("07:00", day=4), every=timedelta(hours=1))
    with world.records.read() as tx:
        assert tx.execute(select(t.unwatched.c.meter_id)).scalars().all() == ["m202"]
    assert [a["subject"] for a in world.alerts(AlertKind.QUARANTINE)] == [METER]


def test_a_call_that_can_not_be_raised_is_the_operators_and_the_next_one_is_told(world: World) -> None:
    with world.records.write() as tx:
        sensor = {"device_id": "sos2", "household_id": "h202", "gateway_id": "gw1", "kind": "sos_button"}
        tx.execute(t.sensors.insert().values(sensor))
        tx.exec_driver_sql(
            "CREATE TRIGGER fault BEFORE INSERT ON alerts WHEN NEW.household_id = 'h201' AND NEW.kind = 'sos'"
            " BEGIN SELECT RAISE(ABORT, 'a fault'); END"
        )
    for device_id in ("sos1", "sos2"):
        event = DeviceEvent(device_id=device_id, at=world.now.astimezone(UTC), kind="sos_button", flags={"sos": True})
        world.happens(event)
    world.turn()
    assert [a["subject"] for a in world.alerts(AlertKind.SOS)] == ["h202"]
    assert [a["subject"] for a in world.alerts(AlertKind.QUARANTINE)] == ["sos1"]


def test_behind_a_journal_that_can_not_be_read_alerts_go_on_and_no_meter_is_missed(world: World) -> None:
    world.arrives((METER, world.now, 5.0), ("m202", world.now, 5.0))
    world.turn()
    world.raise_alert(silence(Level.ALERT, world.now))
    assert isinstance(world.readings, Unreadable)
    world.readings.broken = True
    for hour in range(1, 72):
        world.now = at("07:00") + timedelta(hours=hour)
        with pytest.raises(ValueError, match="a fault"):
            world.notifier.watch_turn(world.now)
        world.notifier.send_turn(world.now)
    assert ("08:00", "王强") in world.texts("alert")
    assert [a["subject"] for a in world.alerts()] == [HOME]


def test_during_a_backlog_of_readings_the_steps_of_alerts_go_on_and_no_meter_is_missed(tmp_path: Path) -> None:
    one_at_a_time = NotifierRules(watch=WatchRules(entries_at_once=1, rounds=RoundRules(quiet_start=timedelta(0))))
    world = World(tmp_path, rules=one_at_a_time)
    world.raise_alert(silence(Level.ALERT, at("07:00")))
    for n in range(30):
        world.arrives((METER, at("07:00") + timedelta(minutes=n), 1000.0 + n))
    for minute in range(1, 12):
        world.now = at("07:00") + timedelta(minutes=minute)
        assert world.notifier.watch_some(world.now)
        world.notifier.send_turn(world.now)
    assert "王强" in [r.who for r in world.received]
    assert world.alerts(AlertKind.NO_DATA) == []
    while world.notifier.watch_some(world.now):
        pass
    assert world.watch.position() == world.watch.newest()


def test_a_clock_set_back_after_the_start_does_not_put_off_the_missing_of_meters(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.arrives((METER, world.now, 5.0))
    world.turn()
    world.now = at("07:00", day=30)
    world.start()
    world.turn()
    world.now = at("07:00")
    world.until(at("07:00", day=4), every=timedelta(hours=1))
    with world.records.read() as tx:
        assert tx.execute(select(t.unwatched.c.meter_id)).scalars().all() == [METER]


@pytest.mark.parametrize("table", ["last_said", "gateways_heard"])
def test_what_fails_while_a_door_and_a_gateway_are_noted_stops_no_call(world: World, table: str) -> None:
    with world.records.write() as tx:
        sensor = {"device_id": "door1", "household_id": HOME, "gateway_id": "gw1", "kind": "door_contact"}
        tx.execute(t.sensors.insert().values(sensor))
        tx.exec_driver_sql(f"CREATE TRIGGER fault BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'a fault'); END")
    now = world.now.astimezone(UTC)
    world.happens(
        DeviceEvent(device_id="door1", at=now, kind="door_contact", flags={"open": True}),
        DeviceEvent(device_id="sos1", at=now, kind="sos_button", flags={"sos": True}),
    )
    world.turn()
    assert len(world.alerts(AlertKind.SOS)) == 1
    assert len(world.alerts(AlertKind.QUARANTINE)) == 1


def test_a_scan_whose_wearer_can_not_be_looked_up_stops_no_call(world: World) -> None:
    now = world.now.astimezone(UTC)
    scan = BandScan(band_no=1 << 70, at=now, stage="scanned", source="kiosk-1")
    sos = DeviceEvent(device_id="sos1", at=now, kind="sos_button", flags={"sos": True})
    world.readings.commit(Batch(scans=[scan], events=[sos]))
    world.turn()
    assert len(world.alerts(AlertKind.SOS)) == 1
    assert len(world.alerts(AlertKind.QUARANTINE)) == 1


def test_a_danger_that_can_not_be_remembered_is_told(world: World) -> None:
    with world.records.write() as tx:
        sensor = {"device_id": "gas1", "household_id": HOME, "gateway_id": "gw1", "kind": "gas_detector"}
        tx.execute(t.sensors.insert().values(sensor))
        tx.exec_driver_sql("CREATE TRIGGER fault BEFORE INSERT ON last_said BEGIN SELECT RAISE(ABORT, 'a fault'); END")
    gas = DeviceEvent(device_id="gas1", at=world.now.astimezone(UTC), kind="gas_detector", flags={"gas": True})
    world.happens(gas)
    world.turn()
    assert len(world.alerts(AlertKind.GAS)) == 1
