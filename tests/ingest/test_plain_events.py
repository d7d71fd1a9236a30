"""anju's own format for sensors and a gateway's last will: strict, so that a mistake is seen on the first message."""

from datetime import UTC, datetime

import orjson
import pytest

from domain.reading import Decoded, DeviceEvent, Refused
from ingest.decode import Decoder

RECEIVED_AT = datetime(2026, 3, 1, 6, 31, tzinfo=UTC)


def decoded(payload: object, topic: str = "anju/gw-7/events") -> list[Decoded]:
    raw = payload if isinstance(payload, bytes) else orjson.dumps(payload)
    return Decoder().decode(topic, raw, RECEIVED_AT)


@pytest.mark.parametrize(
    ("event", "kind", "flag"),
    [
        ("sos", "sos_button", "sos"),
        ("leak", "leak_sensor", "leak"),
        ("smoke", "smoke_detector", "smoke"),
        ("gas", "gas_detector", "gas"),
        ("carbon_monoxide", "gas_detector", "carbon_monoxide"),
        ("open", "door_contact", "open"),
        ("motion", "motion_sensor", "motion"),
    ],
)
@pytest.mark.parametrize("on", [True, False])
def test_what_a_sensor_notices_and_that_it_is_over(event: str, kind: str, flag: str, on: bool) -> None:
    (found,) = decoded({"device_id": "d-1", "event": event, "on": on, "at": "2026-03-01T14:30:00+08:00"})
    assert found == DeviceEvent(
        device_id="d-1",
        at=datetime(2026, 3, 1, 6, 30, tzinfo=UTC),
        kind=kind,
        gateway_id="gw-7",
        flags={flag: on},
    )


def test_one_bad_event_of_an_array_doesnt_lose_its_neighbours() -> None:
    good = {"device_id": "sos-1", "event": "sos"}
    results = decoded([good, {"device_id": "sos-1", "event": "help"}, 7, good])
    assert [type(result) for result in results] == [DeviceEvent, Refused, Refused, DeviceEvent]


@pytest.mark.parametrize(
    ("payload", "named"),
    [
        ({"event": "sos"}, "device_id: an id was expected, not None"),
        ({"device_id": "a/b", "event": "sos"}, "device_id: 'a/b'"),
        ({"device_id": "a"}, "event: None is none of sos, leak"),
        ({"device_id": "a", "event": ["sos"]}, "event: ['sos']"),
        ({"device_id": "a", "event": "sos", "on": "true"}, "on: true or false was expected, not 'true'"),
        ({"device_id": "a", "event": "sos", "battery_percent": 101}, "battery_percent: a number from 0 to 100"),
        ({"device_id": "a", "event": "sos", "register_l": 7}, "'register_l' is no field of an event"),
        ({"device": "a", "event": "sos"}, "'device' is no field of an event; did you mean device_id?"),
        ([], "payload: an event or an array of events was expected"),
        (b"sos", "payload"),
    ],
)
def test_what_cannot_be_used_is_refused_by_field_and_value(payload: object, named: str) -> None:
    (found,) = decoded(payload)
    assert isinstance(found, Refused)
    assert found.reason.startswith(named), found.reason


@pytest.mark.parametrize("event", ["open", "motion"])
def test_a_door_whose_time_cant_be_read_is_no_sign_of_life_of_now(event: str) -> None:
    (refused,) = decoded({"device_id": "a", "event": event, "at": "2026-03-01T14:30:00"})
    assert "is no time with its zone" in str(refused)


@pytest.mark.parametrize("at", ["14:30", "1970-01-01T00:00:00Z", 7, "2026-03-01T14:30:00"])
def test_an_alarm_whose_time_cant_be_read_is_one_of_now_and_says_what_is_wrong(at: object) -> None:
    (found,) = decoded({"device_id": "a", "event": "gas", "at": at})
    assert isinstance(found, DeviceEvent)
    assert (found.at, found.at_source, dict(found.flags)) == (RECEIVED_AT, "server", {"gas": True})
    assert (found.lacks or "").startswith(f"at: {at!r} is no time with its zone, of 2000 to 2099")


@pytest.mark.parametrize(("payload", "online"), [(b"online", True), (b"offline", False)])
def test_a_gateways_last_will_is_about_the_gateway_itself(payload: bytes, online: bool) -> None:
    (found,) = decoded(payload, "anju/gw-7/status")
    assert isinstance(found, DeviceEvent)
    assert found.about_gateway
    assert (found.device_id, dict(found.flags)) == ("gw-7", {"online": online})


@pytest.mark.parametrize("payload", [b"Offline", b"1", b'{"state":"online"}', b"\xff"])
def test_a_status_that_says_neither_is_refused(payload: bytes) -> None:
    (found,) = decoded(payload, "anju/gw-7/status")
    assert isinstance(found, Refused)
    assert found.reason.startswith("status: online or offline was expected"), found.reason
