"""What earlier messages teach: aliases, units, counters; it outlives a change of the ledger."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from domain.reading import Decoded, DeviceEvent, Ignored, Reading, Refused
from ingest.bindings import Bindings
from ingest.codecs.memory import Memory
from ingest.codecs.sparkplug_b import MOST_ALIASES, Payload
from ingest.decode import Decoder
from ingest.receive import Receiver
from ingest.sorted import Message
from store.contracts import StoreUnavailableError
from store.readings import Readings

RECEIVED_AT = datetime(2026, 3, 1, 6, 31, tzinfo=UTC)
Tell = Callable[[str, Any], Decoded]


@pytest.fixture(name="tell")
def a_decoder() -> Tell:
    decoder = Decoder()

    def tell(topic: str, payload: Any) -> Decoded:
        raw = payload if isinstance(payload, bytes) else orjson.dumps(payload)
        return decoder.decode(topic, raw, RECEIVED_AT)[0]

    return tell


def metrics(*told: dict[str, Any]) -> bytes:
    payload = Payload(timestamp=1772346600000)
    for metric in told:
        payload.metrics.add(**metric)
    raw: bytes = payload.SerializeToString()
    return raw


BIRTH = metrics({"name": "Water/Total_m3", "alias": 1, "datatype": 10, "double_value": 1.0})
DATA = metrics({"alias": 1, "double_value": 1.5})


def test_an_alias_means_what_the_birth_said(tell: Tell) -> None:
    refused = tell("spBv1.0/g/DDATA/node/m1", DATA)
    assert isinstance(refused, Refused)
    assert "ask for a rebirth" in refused.reason
    tell("spBv1.0/g/DBIRTH/node/m1", BIRTH)
    reading = tell("spBv1.0/g/DDATA/node/m1", DATA)
    assert isinstance(reading, Reading)
    assert reading.register_l == 1500.0


def test_a_birth_of_the_node_forgets_its_aliases(tell: Tell) -> None:
    tell("spBv1.0/g/DBIRTH/node/m1", BIRTH)
    tell("spBv1.0/g/NBIRTH/node", metrics({"name": "bdSeq", "long_value": 0}))
    assert isinstance(tell("spBv1.0/g/DDATA/node/m1", DATA), Refused)


def test_another_node_has_aliases_of_its_own(tell: Tell) -> None:
    tell("spBv1.0/g/DBIRTH/node/m1", BIRTH)
    assert isinstance(tell("spBv1.0/g/DDATA/other/m1", DATA), Refused)


def test_a_new_decoder_goes_on_with_the_memory_of_the_old() -> None:
    memory = Memory()
    Decoder(memory=memory).decode("spBv1.0/g/DBIRTH/node/m1", BIRTH, RECEIVED_AT)
    (reading,) = Decoder(memory=memory).decode("spBv1.0/g/DDATA/node/m1", DATA, RECEIVED_AT)
    assert isinstance(reading, Reading)


def test_a_service_that_was_restarted_goes_on_with_what_births_taught(tmp_path: Path) -> None:
    """Births come when a node connects; its data goes on without one."""
    for topic, payload in (("DBIRTH", BIRTH), ("DDATA", DATA)):
        readings = Readings(tmp_path / "readings.db")
        memory = Memory(readings.learned())
        receiver = Receiver(
            decoder=Decoder(memory=memory), bindings=Bindings({"m1": None}), readings=readings, memory=memory
        )
        result = receiver.sort([Message(f"spBv1.0/g/{topic}/node/m1", payload, RECEIVED_AT)])
        receiver.store(result, messages=1, at=RECEIVED_AT, took_s=lambda: 0.0)
        registers = list(readings.registers("m1", RECEIVED_AT - timedelta(days=1), RECEIVED_AT))
        assert readings.kept("refused") == []
        readings.close()
    assert registers[-1][1] == 1500.0


def test_the_death_of_an_edge_node_is_the_gateways(tell: Tell) -> None:
    death = tell("spBv1.0/g/NDEATH/node", metrics())
    assert isinstance(death, DeviceEvent)
    assert (death.about_gateway, death.device_id, dict(death.flags)) == (True, "node", {"online": False})


def test_discovery_tells_the_unit_of_a_state_topic(tell: Tell) -> None:
    state = {"reading": 12.5, "lastseen": "2026-03-01T06:30:00+00:00"}
    before = tell("rtlamr/7/state", state)
    assert isinstance(before, DeviceEvent)
    assert before.lacks
    component = {"unit_of_measurement": "m³", "device_class": "water"}
    discovery = {"components": {"7_reading": component}, "state_topic": "rtlamr/7/state"}
    assert isinstance(tell("homeassistant/device/7/config", discovery), Ignored)
    after = tell("rtlamr/7/state", state)
    assert isinstance(after, Reading)
    assert after.register_l == 12_500.0


def test_a_meter_that_discovery_calls_gas_is_no_water_meter(tell: Tell) -> None:
    component = {"unit_of_measurement": "m³", "device_class": "gas"}
    tell("homeassistant/device/7/config", {"components": {"r": component}, "state_topic": "rtlamr/7/state"})
    assert isinstance(tell("rtlamr/7/state", {"reading": 12.5}), Ignored)


@pytest.mark.parametrize(("unit", "register_l"), [("L", 6.408), ("m³", 6408.0), ("gal", 24.257)])
def test_home_assistants_unit_goes_before_any_guess(tell: Tell, unit: str, register_l: float) -> None:
    tell("ha/sensor/tap_water_total/unit_of_measurement", unit)
    reading = tell("ha/sensor/tap_water_total/state", b"6.408")
    assert isinstance(reading, Reading)
    assert reading.register_l == register_l


def test_home_assistants_device_class_tells_gas_from_water(tell: Tell) -> None:
    tell("ha/sensor/main_total/unit_of_measurement", "m³")
    tell("ha/sensor/main_total/device_class", "gas")
    assert isinstance(tell("ha/sensor/main_total/state", b"6.408"), Ignored)
    tell("ha/sensor/main_total/device_class", "water")
    assert isinstance(tell("ha/sensor/main_total/state", b"6.408"), Reading)


def test_a_smoke_alarm_that_is_only_counted_is_an_alarm_when_the_count_rises(tell: Tell) -> None:
    telegram = {"_": "telegram", "media": "smoke detector", "meter": "ei6500", "id": "00012811", "status": "OK"}
    told = [tell("wmbusmeters/x", {**telegram, "alarm_counter": n}) for n in (3, 3, 4, 4)]
    assert [event.flags["smoke"] for event in told if isinstance(event, DeviceEvent)] == [False, False, True, False]


def test_what_the_memory_forgets_is_forgotten_by_the_store_too() -> None:
    memory = Memory(most=1)
    memory["unit", "a"] = ("L", "water")
    memory["unit", "b"] = ("m3", "water")
    assert dict(memory.changes()) == {'["unit","a"]': None, '["unit","b"]': '["m3","water"]'}
    assert memory.changes() == []


def test_what_is_said_again_is_no_change() -> None:
    memory = Memory()
    memory["unit", "a"] = ("L", "water")
    assert len(memory.changes()) == 1
    memory["unit", "a"] = ("L", "water")
    assert memory.changes() == []
    memory["unit", "a"] = ("m3", "water")
    assert memory.changes() == [('["unit","a"]', '["m3","water"]')]


def test_a_second_births_aliases_are_stored_with_the_firsts() -> None:
    memory = Memory()
    decoder = Decoder(memory=memory)
    decoder.decode("spBv1.0/g/DBIRTH/node/m1", BIRTH, RECEIVED_AT)
    memory.changes()
    second = metrics({"name": "Volume_L", "alias": 2, "datatype": 10, "double_value": 1.0})
    decoder.decode("spBv1.0/g/DBIRTH/node/m2", second, RECEIVED_AT)
    assert memory.changes() == [('["sparkplug","g","node"]', '{"1":["Water/Total_m3",10],"2":["Volume_L",10]}')]
    decoder.decode("spBv1.0/g/DBIRTH/node/m2", second, RECEIVED_AT)
    assert memory.changes() == []


def test_an_edge_node_has_so_many_aliases_and_no_more(tell: Tell) -> None:
    for start in range(0, MOST_ALIASES, 5000):
        tell("spBv1.0/g/DBIRTH/node/m", metrics(*({"name": "x", "alias": start + n} for n in range(5000))))
    refused = tell("spBv1.0/g/DBIRTH/node/m1", metrics({"name": "Volume_L", "alias": MOST_ALIASES + 1}))
    assert refused == Refused("alias 50001 of m1 is one more than 50000 of its edge node")
    tell("spBv1.0/g/NBIRTH/node", metrics({"name": "bdSeq", "long_value": 0}))
    assert isinstance(tell("spBv1.0/g/DBIRTH/node/m1", BIRTH), Reading)


def test_a_metrics_name_has_an_end(tell: Tell) -> None:
    refused = tell("spBv1.0/g/DBIRTH/node/m1", metrics({"name": "Volume" * 1000, "alias": 1}))
    assert isinstance(refused, Refused)
    assert "too long" in refused.reason


def test_however_much_gateways_teach_the_memory_has_an_end_in_bytes_too() -> None:
    memory = Memory(most_bytes=2000)
    stored: dict[str, str | None] = {}
    for n in range(100):
        memory["ha", str(n)] = "x" * 98
        stored.update(memory.changes())
    assert len(memory) == 20
    assert list(memory) == [("ha", str(n)) for n in range(80, 100)]
    assert len([value for value in stored.values() if value]) == 20
    again = Memory({name: value for name, value in stored.items() if value}, most_bytes=1000)
    again["ha", "100"] = "x" * 98
    assert len([name for name, value in again.changes() if value is None]) == 11


def test_the_memory_has_an_end() -> None:
    memory = Memory(most=2)
    for i in range(5):
        memory["unit", str(i)] = i
    assert list(memory.values()) == [3, 4]


def test_old_births_judged_again_from_quarantine_do_not_change_what_the_new_ones_taught(tmp_path: Path) -> None:
    """The node stands in no ledger: each of its births waits there, and would wipe its meters' aliases."""
    with closing(Readings(tmp_path / "readings.db")) as readings:
        memory = Memory()
        receiver = Receiver(
            decoder=Decoder(memory=memory), bindings=Bindings({"m1": None}), readings=readings, memory=memory
        )

        def hear(topic: str, payload: bytes) -> int:
            result = receiver.sort([Message(f"spBv1.0/g/{topic}", payload, RECEIVED_AT)])
            receiver.store(result, messages=1, at=RECEIVED_AT, took_s=lambda: 0.0)
            return len(result.arrivals)

        hear("NBIRTH/node", metrics({"name": "bdSeq", "long_value": 0}))
        hear("DBIRTH/node/stranger", metrics({"name": "Volume_L", "alias": 1, "double_value": 1.0}))
        hear("DBIRTH/node/m1", BIRTH)
        hear("DDATA/node/stranger", DATA)
        assert hear("DDATA/node/m1", DATA) == 1
        known = Bindings({"m1": None, "stranger": None, "node": None})
        receiver.use_ledger(Decoder(memory=memory), known)
        assert receiver.release(RECEIVED_AT) == 3
        assert hear("DDATA/node/m1", DATA) == 1
        assert memory["sparkplug", "g", "node"] == {"1": ("Water/Total_m3", 10)}


def test_a_counted_smoke_alarm_in_a_group_that_had_to_be_sorted_again_is_an_alarm(tmp_path: Path) -> None:
    """Beside it a wristband was scanned while the records could not be read."""
    away = iter([True, False])

    def band_of(card_id: str) -> int | None:
        if next(away):
            raise StoreUnavailableError("records are locked")
        return None

    def smoke(count: int) -> Message:
        told = {"_": "telegram", "media": "smoke detector", "meter": "ei6500", "id": "00012811", "status": "OK"}
        return Message("wmbusmeters/x", orjson.dumps({**told, "alarm_counter": count}), RECEIVED_AT)

    with closing(Readings(tmp_path / "readings.db")) as readings:
        memory = Memory()
        receiver = Receiver(
            decoder=Decoder(memory=memory),
            bindings=Bindings({"00012811": None}),
            readings=readings,
            band_of=band_of,
            memory=memory,
        )
        receiver.sort([smoke(3)])
        scan = Message("anju/gw/scans", b'{"card_id": "c"}', RECEIVED_AT)
        with pytest.raises(StoreUnavailableError):
            receiver.sort([smoke(4), scan])
        (event,) = receiver.sort([smoke(4), scan]).events
    assert event.flags["smoke"]


def test_a_counted_smoke_alarm_in_groups_that_a_fault_kept_from_the_disk_is_an_alarm(tmp_path: Path) -> None:
    """Two groups were sorted, one of them on its way to the disk: the broker sends both again."""

    def smoke(count: int) -> Message:
        told = {"_": "telegram", "media": "smoke detector", "meter": "ei6500", "id": "00012811", "status": "OK"}
        at = RECEIVED_AT + timedelta(minutes=count)
        return Message("wmbusmeters/x", orjson.dumps({**told, "alarm_counter": count}), at)

    def rises(receiver: Receiver, count: int) -> bool:
        (event,) = receiver.sort([smoke(count)]).events
        return event.flags["smoke"]

    with closing(Readings(tmp_path / "readings.db")) as readings:
        memory = Memory()
        bindings = Bindings({"00012811": None})
        receiver = Receiver(decoder=Decoder(memory=memory), bindings=bindings, readings=readings, memory=memory)
        receiver.store(receiver.sort([smoke(3)]), messages=1, at=RECEIVED_AT, took_s=lambda: 0.0)
        assert [rises(receiver, 4), rises(receiver, 5)] == [True, True]
        receiver.start_afresh()
        assert [rises(receiver, 4), rises(receiver, 5), rises(receiver, 5)] == [True, True, False]
