"""What a start must know of the time before it: which file of readings was followed, and what was ill."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest
from sqlalchemy import update

from anju_service.service import Service
from config.settings import Settings
from domain.alert import Outcome, State
from domain.finding import AlertKind, Level
from domain.reading import DeviceEvent
from ingest.bindings import Bindings
from ingest.receive import Receiver
from ingest.sorted import Message
from notifier.channels.log import LogChannel
from notifier.contract import Capabilities, ChannelError, Failure, Outgoing, Sent
from store import tables as t
from store.contracts import Arrival, Batch
from store.memory import MemoryReadings
from tests.ingest.test_receive import Says
from tests.notifier.world import HOME, METER, MORNING, World, add_household, at, put, silence

NOW = MORNING.astimezone(UTC)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_after_the_readings_file_was_lost_the_new_one_is_followed_and_the_operator_told(world: World) -> None:
    for hour in range(20):
        world.now = MORNING + timedelta(hours=hour)
        world.arrives((METER, world.now, 1000.0 + hour))
        world.turn()
    world.readings = MemoryReadings()
    world.start()
    world.happens(DeviceEvent(device_id="sos1", at=world.now.astimezone(UTC), kind="sos_button", flags={"sos": True}))
    world.turn()
    (alert,) = world.alerts(AlertKind.CHANNEL_DOWN)
    assert alert["reason"] == {"key": "readings_lost", "values": {}}
    assert len(world.alerts(AlertKind.SOS)) == 1
    assert world.watch.position() == world.readings.position() == 1


SENSORS = {"gas": "gas_detector", "smoke": "smoke_detector", "leak": "leak_sensor", "sos": "sos_button"}


def says(world: World, flag: str, value: bool) -> Batch:
    world.now += timedelta(minutes=1)
    at_utc = world.now.astimezone(UTC)
    return Batch(events=[DeviceEvent(device_id=flag, at=at_utc, kind=SENSORS[flag], flags={flag: value})])


@pytest.fixture
def restored(world: World) -> World:
    """Alarms of three weeks were settled; then the readings of before the last end are put in the place of today's."""
    with world.records.write() as tx:
        for device_id, kind in SENSORS.items():
            put(tx, "sensors", {"device_id": device_id, "household_id": HOME, "gateway_id": "gw1", "kind": kind})
    backup = MemoryReadings()
    for _ in range(3):
        world.now += timedelta(days=7)
        for value in (True, False):
            for flag in SENSORS:
                told = says(world, flag, value)
                world.readings.commit(told)
                if value or flag != "gas":
                    backup.commit(told)
                world.turn()
        with world.records.write() as tx:
            for alert in world.alerts():
                if alert["state"] != State.RESOLVED:
                    number = int(str(alert["alert_id"]))
                    world.life.resolve(tx, number, by="grid_worker", outcome=Outcome.SAFE, now=world.now)
        world.turn()
    world.now += timedelta(days=14)
    world.readings = backup
    world.start()
    return world


def dangers(world: World) -> list[object]:
    return [alert["kind"] for alert in world.alerts() if alert["kind"] in {"gas", "smoke", "flood", "sos"}]


def test_of_alarms_settled_long_ago_nobody_is_told_anew_out_of_a_restored_file(restored: World) -> None:
    before = dangers(restored)
    restored.turn()
    assert restored.watch.position() == restored.readings.position() > 0
    assert dangers(restored) == before
    assert not [told for told in restored.received if told.at == restored.now and told.who != "Olga"]


@pytest.mark.parametrize("flag", sorted(SENSORS))
def test_what_comes_behind_a_restored_file_is_told(restored: World, flag: str) -> None:
    restored.turn()
    before = len(dangers(restored))
    restored.readings.commit(says(restored, flag, True))
    restored.turn()
    assert len(dangers(restored)) == before + 1


@pytest.mark.parametrize("flag", sorted(SENSORS))
@pytest.mark.parametrize(("heard_ago", "told"), [(timedelta(), 1), (timedelta(days=14, hours=1), 0)])
def test_what_comes_late_behind_a_restored_file_is_told_unless_an_alert_was_raised_since(
    restored: World, flag: str, heard_ago: timedelta, told: int
) -> None:
    """Its own time is before the last alert's: its gateway was cut off, or its clock is behind."""
    heard_at = restored.now.astimezone(UTC) - heard_ago
    at_utc = heard_at - timedelta(days=15)
    late = DeviceEvent(device_id=flag, at=at_utc, heard_at=heard_at, kind=SENSORS[flag], flags={flag: True})
    restored.readings.commit(Batch(events=[late]))
    before = len(dangers(restored))
    restored.turn()
    assert len(dangers(restored)) == before + told


def test_a_danger_in_a_restored_file_of_which_no_alert_knows_is_told(restored: World) -> None:
    with restored.records.write() as tx:
        for table in (t.messages, t.alert_events, t.alerts):
            tx.execute(table.delete())
    restored.turn()
    assert set(dangers(restored)) == {"gas", "smoke", "flood", "sos"}


def test_before_its_first_reading_a_service_sees_that_its_file_is_new(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.arrives((METER, world.now, 1000.0))
    world.turn()
    service = Service(tmp_path, Settings(), [LogChannel(lambda text: None)], lambda: NOW, steady_s=monotonic)
    at = NOW + timedelta(hours=1)
    arrival = Arrival(meter_id=METER, at=at, register_l=1001.0, late=False, received_at=at)
    service.readings.commit(Batch(arrivals=[arrival]))
    assert service.notifier.watch.catch_up(at) == 1
    service.close()


def test_what_was_ill_before_a_restart_and_is_well_after_it_is_told_again_when_it_fails_again(tmp_path: Path) -> None:
    World(tmp_path)
    told: list[str] = []
    clock = [NOW]

    def start() -> Service:
        return Service(
            tmp_path,
            Settings(),
            [LogChannel(lambda text: told.append(text.template))],
            lambda: clock[0],
            steady_s=monotonic,
        )

    def mind(service: Service, ill_since_s: float | None) -> int:
        service.receiver.counters.unavailable_since_s = ill_since_s
        before = told.count("technical")
        service.self_watch.look()
        service.notifier.turn(clock[0])
        return told.count("technical") - before

    service = start()
    assert mind(service, 0.0) == 1
    with service.records.write() as tx:
        service.notifier.life.acknowledge(tx, 1, by="operator", now=NOW)
    service.close()
    service = start()
    clock[0] += timedelta(minutes=5)
    assert mind(service, None) == 0
    clock[0] += timedelta(hours=2)
    assert mind(service, 0.0) == 1
    service.close()


def test_a_press_handed_over_again_after_a_restart_tells_nobody_twice(tmp_path: Path) -> None:
    """The button's clock stands still, so that the press is taken for now both times."""
    world = World(tmp_path)
    stuck = DeviceEvent(device_id="sos1", at=datetime(2010, 1, 1, tzinfo=UTC), kind="sos_button", flags={"sos": True})

    def hand_over() -> None:
        receiver = Receiver(decoder=Says(stuck), bindings=Bindings({"sos1": None}), readings=world.readings)
        now = world.now.astimezone(UTC)
        receiver.store(receiver.sort([Message("t", b"", now)]), messages=1, at=now, took_s=lambda: 0.0)
        world.turn()

    hand_over()
    told = len(world.received)
    world.now += timedelta(seconds=40)
    world.start()
    hand_over()
    assert (len(world.alerts(AlertKind.SOS)), len(world.received)) == (1, told)


def test_a_restart_in_the_middle_of_an_escalation_goes_on_where_it_was(tmp_path: Path) -> None:
    def tell(folder: Path, *, restarted: bool) -> list[tuple[str, str]]:
        folder.mkdir()
        world = World(folder)
        world.raise_alert(silence(Level.ALERT, world.now))
        for minute in range(1, 60):
            world.now = at("07:00") + timedelta(minutes=minute)
            if restarted and minute % 7 == 0:
                world.start()
            world.turn()
        return world.texts()

    undisturbed = tell(tmp_path / "undisturbed", restarted=False)
    assert len(undisturbed) > 6
    assert tell(tmp_path / "restarted", restarted=True) == undisturbed


def test_a_text_that_waited_while_nothing_ran_says_of_which_day_it_speaks(world: World) -> None:
    world.now = at("19:00")
    with world.records.write() as tx:
        world.life.raise_or_join(tx, silence(Level.ALERT, world.now, since=at("8:00")), world.now)
    world.now = at("1:00", day=1)
    world.start()
    world.turn()
    assert [text.who for text in world.received] == ["王丽", "李敏", "王强"]
    assert all("王秀英：昨天8:00起11小时没用水，平时会用6次。" in text.body for text in world.received)


def test_of_what_was_good_news_before_a_day_without_the_service_nobody_hears(world: World) -> None:
    world.now = at("9:00")
    with world.records.write() as tx:
        tx.execute(update(t.guardians).values(first_use="yes"))
        world.life.greet(tx, HOME, at("8:30"), world.now)
    world.now = at("9:00", day=1)
    world.start()
    world.turn()
    assert (world.received, world.statuses()) == ([], {"failed": 2})


class Provider:
    """One that can be down."""

    name = "provider"

    def __init__(self) -> None:
        self.down = True

    def capabilities(self, phone: str) -> Capabilities | None:
        return Capabilities() if phone else None

    def send(self, text: Outgoing) -> Sent:
        if self.down:
            raise ChannelError(Failure.CONFIGURATION, "wrong token")
        return Sent(sid=f"S{text.reference}")

    def find(self, text: Outgoing, since: datetime) -> Sent | None:
        return None

    def status(self, sid: str, to: str, sent_at: datetime) -> Sent | None:
        return None


def test_a_provider_that_is_back_after_a_restart_ends_its_alert(tmp_path: Path) -> None:
    provider = Provider()
    world = World(tmp_path, channels=[provider])
    world.raise_alert(silence(Level.ALERT, world.now))
    (alert,) = world.alerts(AlertKind.CHANNEL_DOWN)
    assert alert["ended_at"] is None
    provider.down = False
    world.start()
    world.until(world.now + timedelta(minutes=30))
    assert world.alerts(AlertKind.CHANNEL_DOWN)[0]["ended_at"] is not None


class OthersWrite(MemoryReadings):
    """While a meter's readings are read back, somebody else writes to the records, and waits for nobody."""

    def __init__(self, records: Path) -> None:
        super().__init__()
        self._records = records
        self.learned_anew: list[str] = []

    def registers(self, meter_id: str, since: datetime, until: datetime) -> Sequence[tuple[datetime, float]]:
        with closing(sqlite3.connect(self._records, timeout=0, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
        self.learned_anew.append(meter_id)
        return super().registers(meter_id, since, until)


def test_while_states_of_another_version_are_learned_anew_everybody_else_can_write(tmp_path: Path) -> None:
    world = World(tmp_path)
    meters = [METER, "m202", "m203"]
    with world.records.write() as tx:
        for door in ("202", "203"):
            add_household(tx, door, "刘大爷")
    world.readings = readings = OthersWrite(tmp_path / "records.db")
    world.start()
    for hour in range(48):
        world.now = MORNING + timedelta(hours=hour)
        world.arrives(*((meter, world.now, 1000.0 + 10 * hour + 7 * (hour % 2)) for meter in meters))
        world.turn()
    with world.records.write() as tx:
        tx.execute(update(t.detector_states).values(body=b"of another version"))
    world.start()
    world.now += timedelta(hours=1)
    world.arrives(*((meter, world.now, 1500.0) for meter in meters))
    world.turn()
    assert sorted(readings.learned_anew) == meters
    assert [a["kind"] for a in world.alerts()] == ["quarantine"]
