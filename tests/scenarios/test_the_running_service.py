"""All that can come from a gateway, good and bad, through a real broker into `anju run`; what is seen of it after."""

import secrets
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import select

from domain.wristband import BandField
from store.beside import read_kept
from store.consents import consent as give
from store.readings import Readings
from store.records import Records
from store.tables import alerts, messages, security_events
from tests.scenarios.running import GATEWAY, METER, Running
from tests.services import mosquitto
from web import bands

NOW = datetime.now(UTC).replace(microsecond=0)
HOME = "xfl-001"
EVER = (NOW - timedelta(days=4000), NOW + timedelta(days=4000))
LONG_AGO = NOW - timedelta(days=40)
READINGS = f"anju/{GATEWAY}/readings"
MAD = 70  # messages of one gateway in a second: over 30 a minute even where a minute ends among them
DEEP = b'{"meter_id":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
NONSENSE = {
    b"\xff\xfe\x00\x01": "payload isn't JSON: str is not valid UTF-8",
    b'{"meter_id": "meter-001", "register_l": ': "payload isn't JSON",
    DEEP: "payload isn't JSON",
    b'{"meter_id": "meter-001", "register_l": NaN}': "register_l: a number was expected, not 'NaN'",
    b'{"meter_id": "meter-001", "register_l": "12"}': "register_l: a number was expected, not '12'",
    b'{"meter_id": "meter-001", "register_l": 1, "register_l": 2}': "payload has the name 'register_l' twice",
    b'{"meter_id": "meter-001/#", "register_l": 1}': "meter_id: 'meter-001/#' can't be an id",
    b'{"meter_id": "meter-001", "register_l": 1e300}': "register_l: 1e+300 is no possible register",
    b" " * 30_000: "payload of 30000 bytes is larger than 25000",
}
GONE = ("delivered", "bundled")  # by itself, or in one text with the others
SENSORS = {
    "sos-001": ({"action": "emergency"}, "sos"),
    "gas-001": ({"gas": True}, "gas"),
    "flood-001": ({"water_leak": True}, "flood"),
    "smoke-001": ({"smoke": True}, "smoke"),
}


class Seen(NamedTuple):
    """The service's files afterwards, as its backup has them."""

    service: Running
    readings: Readings
    records: Records

    def reasons(self, kind: str) -> list[str]:
        return [kept.reason for kept in self.readings.kept(kind, 1000)]

    def alerts(self) -> list[tuple[str, str]]:
        with self.records.read() as tx:
            return [(row.kind, row.subject) for row in tx.execute(select(alerts).order_by(alerts.c.alert_id))]

    def security(self) -> list[tuple[str, str]]:
        with self.records.read() as tx:
            return [(row.kind, row.subject) for row in tx.execute(select(security_events))]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """One start, everything published, one backup."""
    folder, broker_folder = tmp_path_factory.mktemp("service"), tmp_path_factory.mktemp("broker")
    limits = {"ANJU_INGEST_MAX_PAYLOAD_BYTES": "25000", "ANJU_INGEST_MAX_MESSAGES_PER_MINUTE": "30"}
    with mosquitto(broker_folder) as broker:
        service = Running(folder, broker.port, {**limits, "ANJU_WEB_PORT": "0"})
        card_id = entered(service)
        with service.run():
            told_badly(service)
            told_well(service, card_id)
            forgotten(service)
            alarmed(service)
            gone(service, "gw-other")
            gone(service, "gw-other")
            released(service)
            tried(service)
            service.command("backup", str(folder / "copy"))
        readings, records = Readings(folder / "copy" / "readings.db"), Records(folder / "copy" / "records.db")
        yield Seen(service, readings, records)
        readings.close()
        records.close()


def entered(service: Running) -> str:
    """The example's ledger with some more in it, and a wristband; returns its card id."""
    service.enter("gateways.csv", ["gw-other", "xfl", "隔壁网关"], ["gw-mad", "xfl", "坏网关"])
    service.enter(
        "sensors.csv", ["flood-001", HOME, GATEWAY, "leak_sensor"], ["smoke-001", HOME, GATEWAY, "smoke_detector"]
    )
    service.enter(
        "meters.csv", *[[f"other-{n}", "xfl-002", "gw-other"] for n in range(3)], ["mad-1", "xfl-002", "gw-mad"]
    )
    service.enter("households.csv", ["xfl-003", "b3", "3单元101", "赵淑芬", "2026-01-05", "2026-003"])
    service.enter("residents.csv", ["r-003", "xfl-003", "赵淑芬", "", "", "zh"])
    service.enter("meters.csv", ["gone-1", "xfl-003", GATEWAY])
    service.command("migrate")
    service.command("import-ledger", str(service.ledger))
    records = Records(service.store / "records.db")
    with records.write() as tx:
        consent = {"given_by": "王秀英", "paper": "2026-001", "recorded_by": "limin", "now": NOW}
        give(tx, "r-001", BandField.SALUTATION, **consent)  # type: ignore[arg-type]
        card_id = bands.issue(tx, "r-001", by="limin", now=NOW, below=secrets.randbelow).card_id
    records.close()
    return card_id


def told_badly(service: Running) -> None:
    service.publish(READINGS, *NONSENSE)
    ahead = datetime.now(UTC) + timedelta(hours=2)
    service.publish(READINGS, {"meter_id": METER, "at": ahead.isoformat(), "register_l": 1})
    soon = datetime.now(UTC) + timedelta(minutes=10, seconds=20)  # more than clocks may differ, when it comes
    service.publish(READINGS, {"meter_id": "12345678", "at": soon.isoformat(), "register_l": 3})
    service.publish(READINGS, {"meter_id": "new-1", "at": NOW.isoformat(), "register_l": 5})
    service.publish("anju/gw-other/readings", {"meter_id": METER, "at": NOW.isoformat(), "register_l": 7777})


def told_well(service: Running, card_id: str) -> None:
    service.publish(READINGS, {"meter_id": METER, "at": LONG_AGO.isoformat(), "register_l": 500})
    mad = [
        {"meter_id": "mad-1", "at": (NOW - timedelta(minutes=n)).isoformat(), "register_l": 9000 - n}
        for n in range(MAD)
    ]
    service.publish("anju/gw-mad/readings", *mad)
    service.publish("anju/kiosk-1/scans", {"card_id": f"HTTPS://ANJU.EXAMPLE.ORG/1/{card_id}", "at": NOW.isoformat()})
    service.publish("anju/kiosk-1/scans", {"card_id": "A" * 26})


def forgotten(service: Running) -> None:
    """A resident is deleted, and the home's meter goes on sending."""

    def send(minutes: int, meter_id: str) -> None:
        before, at = service.counted("anju_messages_received_total"), NOW - timedelta(minutes=minutes)
        service.publish(READINGS, {"meter_id": meter_id, "at": at.isoformat(), "register_l": 5000 - minutes})
        service.until(lambda: service.counted("anju_messages_received_total") > before)

    send(30, "gone-1")
    service.command("resident", "forget", "r-003", "--yes")
    send(15, "gone-1")
    send(0, "GONE-1")


def alarmed(service: Running) -> None:
    """Until texts of all of them have left."""
    begun = datetime.now(UTC)
    for device_id, (payload, _) in SENSORS.items():
        service.publish(f"anju/{GATEWAY}/zigbee2mqtt/{device_id}", payload)
    records = Records(service.store / "records.db", checkpoint=False)

    def told() -> bool:
        with records.read() as tx:
            sent = select(alerts.c.kind).join(messages, messages.c.alert_id == alerts.c.alert_id)
            return set(tx.scalars(sent.where(messages.c.status.in_(GONE)))) >= {kind for _, kind in SENSORS.values()}

    service.until(told)
    records.close()
    print(f"all sensors' alarms were told within {(datetime.now(UTC) - begun).total_seconds():.1f} s")


def gone(service: Running, gateway: str) -> None:
    """Its connection breaks off; the broker says its last will."""
    will = Client(CallbackAPIVersion.VERSION2, client_id=gateway)
    will.will_set(f"anju/{gateway}/zigbee2mqtt/bridge/state", b'{"state":"offline"}', qos=1)
    will.connect("127.0.0.1", service.broker_port)
    while not will.is_connected():
        will.loop(0.1)
    before = service.counted("anju_messages_received_total")
    link = will.socket()
    assert isinstance(link, socket.socket)
    link.shutdown(socket.SHUT_RDWR)
    service.until(lambda: service.counted("anju_messages_received_total") > before)


def released(service: Running) -> None:
    """The new meter is entered, and somebody vouches for what came through the wrong gateway."""
    shown = service.command("quarantine", "list")
    assert "device 'new-1', heard from gateway 'gw-xingfuli', is in no ledger" in shown
    assert f"device '{METER}' is bound to gateway '{GATEWAY}', not to 'gw-other'" in shown
    service.enter("meters.csv", ["new-1", HOME, GATEWAY])
    service.command("import-ledger", str(service.ledger))
    service.command("quarantine", "release", "--device", METER)
    service.until(lambda: not read_kept(service.store / "readings.db", "quarantined", 1))
    service.until(lambda: service.command("quarantine", "retry", "--device", "12345678") == "messages taken: 1\n")
    assert service.command("quarantine", "retry") == "messages taken: 0\n"


def tried(service: Running) -> None:
    """The self-test goes all the way, but into the log: a job that looks at the status must not take it for well."""
    done = service.ask("selftest")
    assert "ops by log: delivered\n" in done.stdout
    assert (done.exit_code, done.stdout.splitlines()[-1].partition(":")[0]) == (3, "NOT SENT")


def test_every_message_that_can_not_be_used_is_kept_once(seen: Seen) -> None:
    assert len(seen.reasons("refused")) == len(NONSENSE) + 2


@pytest.mark.parametrize("reason", NONSENSE.values())
def test_what_can_not_be_used_is_kept_with_its_reason(seen: Seen, reason: str) -> None:
    assert any(reason in kept for kept in seen.reasons("refused"))


def test_a_time_in_the_future_is_refused_and_says_how_far_ahead_it_is(seen: Seen) -> None:
    (reason,) = [reason for reason in seen.reasons("refused") if "ahead of our clock" in reason]
    assert "is 119 minutes" in reason or "is 2 hours" in reason


def test_what_was_refused_for_its_time_is_taken_when_somebody_asks_after_that_time(seen: Seen) -> None:
    assert [register_l for _, register_l in seen.readings.registers("12345678", *EVER)] == [3.0]


def test_an_old_reading_is_stored_at_its_own_time(seen: Seen) -> None:
    assert (LONG_AGO, 500.0) in seen.readings.registers(METER, *EVER)


def test_a_gateway_above_its_limit_is_named_and_nothing_of_it_is_lost(seen: Seen) -> None:
    assert len(seen.readings.registers("mad-1", *EVER)) == MAD
    assert {subject for kind, subject in seen.security() if kind == "gateway_floods"} == {"gw-mad"}


def test_what_waited_in_quarantine_is_stored_once_the_ledger_knows_it_or_somebody_vouches(seen: Seen) -> None:
    assert ("wrong_gateway", METER) in seen.security()
    assert list(seen.readings.registers("new-1", *EVER)) == [(NOW, 5.0)]
    assert (NOW, 7777.0) in seen.readings.registers(METER, *EVER)
    assert seen.reasons("quarantined") == []


def test_of_a_home_that_was_deleted_nothing_is_taken_any_more_not_even_into_quarantine(seen: Seen) -> None:
    assert len(seen.readings.registers("gone-1", *EVER)) == 0
    assert seen.readings.kept("quarantined") == []


def test_a_scan_is_a_point_in_the_time_series_and_one_of_an_unknown_card_is_refused_without_it(seen: Seen) -> None:
    (scan,) = seen.readings.band_scans(*EVER, [1])
    assert (scan.at, scan.stage, scan.source) == (NOW, "scanned", "kiosk-1")
    (kept,) = [kept for kept in seen.readings.kept("refused", 1000) if "card_id" in kept.reason]
    assert kept.payload == b""


def test_each_sensors_alarm_is_told_at_once(seen: Seen) -> None:
    assert [kind for kind, subject in seen.alerts() if subject == HOME] == [kind for _, kind in SENSORS.values()]


def test_a_gateways_last_will_is_one_alert_not_one_a_meter(seen: Seen) -> None:
    assert [subject for kind, subject in seen.alerts() if kind == "gateway_silent"] == ["gw-other"]
    assert [subject for kind, subject in seen.alerts() if kind == "no_data"] == []
