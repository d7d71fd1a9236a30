"""From the bytes that a gateway publishes to the text on a phone: sensors, gateways' last words, what is sent again."""

import json
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from domain.alert import Outcome
from domain.finding import AlertKind
from ingest.bindings import Bindings
from ingest.decode import Decoder
from ingest.follow_ledger import bindings_of
from ingest.receive import Receiver
from ingest.sorted import Message
from store.consents import withdraw_water
from store.contracts import Traces
from store.ledger import read_ledger
from tests.notifier.world import HOME, MORNING, World, put

SENSORS = (
    ("bath", "leak_sensor", None),
    ("24e124136b000001", "leak_sensor", "netvox_r718wb"),
    ("24e124535b000002", "sos_button", "milesight_ws101"),
    ("bed", "sos_button", None),
    ("shellysmoke-1", "smoke_detector", None),
    ("kitchen gas", "gas_detector", None),
    ("12", "smoke_detector", "smoke_detector"),
)
UP = {"deviceInfo": {"devEui": "24e124136b000001"}, "fPort": 6, "data": "ARIBJAEAAAAAAAA="}
PRESS = {"cmd": "rx", "EUI": "24E124535B000002", "port": 85, "data": "01755cff2e01", "fcnt": 7}
ALARMS = (
    ("gw1/zigbee2mqtt/bath", {"water_leak": True, "battery": 97}, AlertKind.FLOOD),
    ("gw1/application/1/device/24e124136b000001/event/up", UP, AlertKind.FLOOD),
    ("gw1/loriot/city", PRESS, AlertKind.SOS),
    ("gw1/zigbee2mqtt/bed", {"action": "emergency", "linkquality": 90}, AlertKind.SOS),
    ("gw1/shellies/shellysmoke-1/sensor/smoke", True, AlertKind.SMOKE),
    ("gw1/tele/zb/SENSOR", {"ZbReceived": {"0x1A": {"Name": "kitchen gas", "CO": 1}}}, AlertKind.GAS),
    ("gw1/rtl_433/gw1/events", {"model": "Chuango-Security", "id": 12, "cmd": "24H Zone"}, AlertKind.SMOKE),
)
LAST_WORDS = (
    ("gw1/zigbee2mqtt/bridge/state", b'{"state":"offline"}'),
    ("gw1/zigbee2mqtt/bridge/state", b"offline"),
    ("gw1/rtl_433/gw1/availability", b"offline"),
    ("gw1/rtlamr/status", b"offline"),
    ("gw1/wmbusmeters_alarm", b"DeviceInactivity [ALARM DeviceInactivity] 2 hours"),
    ("gw1/spBv1.0/city/NDEATH/gw1", b"\x08\x01"),
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    with world.records.write() as tx:
        for device_id, kind, profile in SENSORS:
            row = {"device_id": device_id, "household_id": HOME, "gateway_id": "gw1", "kind": kind}
            put(tx, "sensors", row | {"profile": profile})
    return world


def receiver_of(world: World) -> Receiver:
    """As a service has it that has just been started."""
    with world.records.read() as tx:
        ledger = read_ledger(tx)
    bindings: Bindings = bindings_of(ledger)
    return Receiver(decoder=Decoder(ledger.devices), bindings=bindings, readings=world.readings)


def heard(world: World, topic: str, payload: bytes, *, retained: bool = False, again: bool = False) -> None:
    receiver = receiver_of(world)
    message = Message(f"anju/{topic}", payload, world.now.astimezone(UTC), retained, again)
    receiver.store(receiver.sort([message]), messages=1, at=message.received_at, took_s=lambda: 0.0)
    world.turn()


@pytest.mark.parametrize(("topic", "document", "kind"), ALARMS)
def test_a_sensors_alarm_is_told_at_once(world: World, topic: str, document: object, kind: AlertKind) -> None:
    heard(world, topic, json.dumps(document).encode())
    assert [(a["kind"], a["subject"]) for a in world.alerts()] == [(kind.value, HOME)]
    assert world.texts()


@pytest.mark.parametrize(("topic", "document", "kind"), ALARMS)
def test_an_alarm_that_the_broker_sends_again_tells_nobody_again(
    world: World, topic: str, document: object, kind: AlertKind
) -> None:
    payload = json.dumps(document).encode()
    heard(world, topic, payload)
    told = len(world.texts("alert"))
    for _ in range(2):
        world.now += timedelta(minutes=1)
        heard(world, topic, payload, retained=True)
        heard(world, topic, payload, again=True)
    assert len(world.alerts()) == 1
    assert len(world.texts("alert")) == told


@pytest.mark.parametrize(("topic", "payload"), LAST_WORDS)
def test_a_gateways_last_words_are_one_alert_for_the_operator(world: World, topic: str, payload: bytes) -> None:
    for _ in range(3):
        heard(world, topic, payload)
        world.now += timedelta(minutes=1)
    assert [(a["kind"], a["subject"]) for a in world.alerts()] == [(AlertKind.GATEWAY_SILENT.value, "gw1")]
    assert {text.who for text in world.received} == {"Olga"}


def test_a_button_calls_for_help_also_where_nobody_consents_to_watching_the_water(world: World) -> None:
    with world.records.write() as tx:
        withdraw_water(tx, HOME, on="2026-03-01", by="duty")
    heard(world, "gw1/zigbee2mqtt/bed", b'{"action": "emergency"}')
    assert [a["kind"] for a in world.alerts()] == [AlertKind.SOS.value]
    assert "王丽" in {text.who for text in world.received}


def test_of_a_call_for_help_from_a_device_in_no_ledger_the_operator_hears_and_of_water_nobody(world: World) -> None:
    heard(world, "gw1/zigbee2mqtt/new-1", b'{"water_leak": true}')
    assert world.received == []
    heard(world, "gw1/zigbee2mqtt/new-1", b'{"action": "emergency"}')
    (text,) = world.received
    assert text.who == "Olga"
    assert "幸福里: a device in no ledger, new-1, called for help at 7:00, find out whose" in text.body


def test_of_a_call_by_the_button_of_a_resident_who_was_deleted_the_operator_hears(world: World) -> None:
    world.readings.erase(Traces(device_ids=["old-1"]))
    heard(world, "gw1/zigbee2mqtt/old-1", b'{"water_leak": true}')
    assert world.received == []
    heard(world, "gw1/zigbee2mqtt/old-1", b'{"action": "emergency"}')
    (text,) = world.received
    assert text.who == "Olga"
    assert "a device in no ledger, old-1, called for help" in text.body


def test_gas_told_of_by_devices_in_no_ledger_is_one_alert_a_gateway_and_a_call_apart_is_told_anew(world: World) -> None:
    told = [(0, "new-1", {"gas": True}), (20, "made-up-2", {"gas": True}), (40, "new-3", {"action": "emergency"})]
    for minutes, device_id, said in told:
        world.now = MORNING + timedelta(minutes=minutes)
        heard(world, f"gw1/zigbee2mqtt/{device_id}", json.dumps(said).encode())
    assert [(a["kind"], a["subject"]) for a in world.alerts()] == [("quarantine", "c1/gw1")]
    assert [text.who for text in world.received] == ["Olga", "Olga"]
    assert "new-3" in world.received[-1].body


def test_gas_told_again_under_the_same_time_by_a_device_in_no_ledger_is_told_again_but_what_the_broker_kept(
    world: World,
) -> None:
    said, told = b'{"device_id": "new-1", "event": "gas", "at": "2020-01-01T00:00:00Z"}', []
    for hours, retained in ((0, True), (1, True), (5, False), (10, False)):
        world.now = MORNING + timedelta(hours=hours)
        heard(world, "gw1/events", said, retained=retained)
        told.append(sum("called for help" in text.body for text in world.received))
        for alert in world.alerts():
            if alert["state"] != "resolved":
                with world.records.write() as tx:
                    world.life.resolve(tx, int(str(alert["alert_id"])), by="ops", outcome=Outcome.SAFE, now=world.now)
    assert told == [1, 1, 2, 3]


def test_a_call_of_a_device_in_no_ledger_is_told_at_its_home_once_the_ledger_has_it(world: World) -> None:
    heard(world, "gw1/zigbee2mqtt/new-1", b'{"action": "emergency"}')
    with world.records.write() as tx:
        put(tx, "sensors", {"device_id": "new-1", "household_id": HOME, "gateway_id": "gw1", "kind": "sos_button"})
    assert receiver_of(world).release(world.now.astimezone(UTC)) == 1
    world.turn()
    assert [(a["kind"], a["subject"]) for a in world.alerts()] == [("quarantine", "c1/gw1"), ("sos", HOME)]
