"""The decoder chooses by topic, then by content, and always answers."""

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.reading import Device, DeviceEvent, Ignored, Reading, Refused
from ingest.decode import Decoder

RECEIVED_AT = datetime(2026, 3, 1, 6, 31, tzinfo=UTC)
PLAIN = b'{"meter_id":"33225544","register_l":5}'


@given(st.text(max_size=60), st.binary(max_size=200))
def test_anything_gets_an_answer(topic: str, payload: bytes) -> None:
    results = Decoder().decode(topic, payload, RECEIVED_AT)
    assert results
    assert all(isinstance(result, Reading | DeviceEvent | Ignored | Refused) for result in results)


def test_the_gateway_is_the_second_level_below_anju() -> None:
    (result,) = Decoder().decode("anju/gw-7/readings", PLAIN, RECEIVED_AT)
    assert isinstance(result, Reading)
    assert result.gateway_id == "gw-7"


def test_a_topic_without_a_gateway_is_refused() -> None:
    (result,) = Decoder().decode("anju//readings", PLAIN, RECEIVED_AT)
    assert result == Refused("topic 'anju//readings' names no gateway")


def test_a_format_is_recognised_by_its_content_on_any_topic() -> None:
    (result,) = Decoder().decode("city/block-3/water", PLAIN, RECEIVED_AT)
    assert isinstance(result, Reading)
    assert result.gateway_id == "city"


def test_a_topic_filter_in_the_settings_names_the_format_before_any_recognition() -> None:
    decoder = Decoder(formats=[("city/+/water", "plain")])
    (result,) = decoder.decode("city/block-3/water", b'{"total_m3":1}', RECEIVED_AT)
    assert isinstance(result, Refused)
    (result,) = decoder.decode("city/block-3/else", b'{"total_m3":1}', RECEIVED_AT)
    assert isinstance(result, Ignored)


def test_an_unknown_format_in_the_settings_is_named() -> None:
    with pytest.raises(ValueError, match="unknown format 'plane'"):
        Decoder(formats=[("#", "plane")])


def test_a_cleared_retained_message_is_ignored() -> None:
    (result,) = Decoder().decode("anju/gw-7/readings", b"", RECEIVED_AT)
    assert isinstance(result, Ignored)


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("zigbee2mqtt/", b'{"water_leak":true}'),
        ("zigbee2mqtt/action", b"emergency"),
        ("shellies//sensor/flood", b"true"),
        ("tele//SENSOR", b'{"COUNTER":{"C1":1}}'),
        ("readings//meter_reading", b"1"),
        ("spBv1.0/city/DDATA/gw/", b"\x08\x01"),
    ],
)
def test_a_topic_without_a_device_is_refused(topic: str, payload: bytes) -> None:
    (result,) = Decoder().decode(topic, payload, RECEIVED_AT)
    assert isinstance(result, Refused)
    assert "topic" in result.reason


def told(decoder: Decoder, topic: str, payload: bytes) -> float | str:
    """The register [L], or why there is none."""
    (result,) = decoder.decode(topic, payload, RECEIVED_AT)
    if isinstance(result, Reading):
        return result.register_l
    return result.lacks or "" if isinstance(result, DeviceEvent) else result.reason


def test_a_dials_unit_is_learned_from_its_discovery_message() -> None:
    decoder = Decoder()
    assert "has no unit" in str(told(decoder, "anju/gw/watermeter/main/value", b"521.17"))
    for base, medium in (("anju/gw/watermeter", "water"), ("anju/gw/gasmeter", "gas")):
        told(
            decoder,
            "homeassistant/sensor/dial/value/config",
            orjson.dumps(
                {"~": base, "state_topic": "~/main/value", "unit_of_measurement": "m\u00b3", "device_class": medium}
            ),
        )
    assert told(decoder, "anju/gw/watermeter/main/value", b"521.17") == 521_170.0
    assert told(decoder, "anju/gw/watermeter/main/json", b'{"value":"521.18","error":"no error"}') == 521_180.0
    assert told(decoder, "anju/gw/gasmeter/main/value", b"521.17") == "gasmeter/main is a meter of gas"


def test_a_value_that_a_dial_repeats_while_it_can_not_be_read_is_no_reading() -> None:
    decoder = Decoder({"watermeter/main": Device(device_id="watermeter/main", unit="m3")})
    assert told(decoder, "watermeter/main/value", b"521.17") == 521_170.0
    told(decoder, "watermeter/main/error", b"Rate too high - Read: 11711.6 - Pre: 521.17")
    assert "couldn't be read" in str(told(decoder, "watermeter/main/value", b"521.17"))
    told(decoder, "watermeter/main/error", b"no error")
    assert told(decoder, "watermeter/main/value", b"521.18") == 521_180.0


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("application/1/device/d1/event/up", {"deviceInfo": {"devEui": "d1"}, "fCnt": 7, "confirmed": True}),
        ("application/1/device/d1/event/up", {"applicationID": "1", "devEUI": "d1", "data": ""}),
        ("v3/app@city/devices/d1/up", {"end_device_ids": {"dev_eui": "d1"}, "uplink_message": {"f_cnt": 7}}),
        ("loriot/city", {"cmd": "rx", "EUI": "d1", "port": 0, "data": ""}),
    ],
)
def test_an_uplink_without_a_frame_is_nothing_to_refuse(topic: str, payload: object) -> None:
    decoder = Decoder({"d1": Device(device_id="d1", profile="netvox_r718wb")})
    (result,) = decoder.decode(topic, orjson.dumps(payload), RECEIVED_AT)
    assert result == Ignored("uplink of d1 without a frame: the network's own business")
