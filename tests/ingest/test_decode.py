"""The decoder chooses by topic, then by content, and always answers."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.reading import DeviceEvent, Ignored, Reading, Refused
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
