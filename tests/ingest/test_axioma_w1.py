"""The three hourly frames of the Axioma W1 give back the registers that went in."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from struct import pack

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.reading import Device, DeviceEvent, Reading, Refused
from ingest.decode import Decoder

RECEIVED_AT = datetime(2026, 3, 1, 14, 31, tzinfo=UTC)
AT = datetime(2026, 3, 1, 14, 20, 5, tzinfo=UTC)
LEDGER = {"w1": Device(device_id="w1", profile="axioma_w1")}


def decoded(frame: bytes) -> Reading | DeviceEvent | Refused:
    uplink = orjson.dumps({"cmd": "rx", "EUI": "w1", "ts": 1772346605000, "port": 100, "data": frame.hex()})
    (result,) = Decoder(LEDGER).decode("loriot/up", uplink, RECEIVED_AT)
    assert isinstance(result, Reading | DeviceEvent | Refused)
    return result


def seconds(at: datetime) -> int:
    return int(at.timestamp())


registers = st.integers(0, 2**31)
rises = st.lists(st.integers(0, 16_000), min_size=14, max_size=14)


@given(register=registers, rises=rises, temperature=st.sampled_from([None, 1378]))
def test_the_hourly_frame_gives_the_hours_before(register: int, rises: list[int], temperature: int | None) -> None:
    log_at = datetime(2026, 3, 1, 0, 0, 17, tzinfo=UTC)
    frame = pack("<IBI", seconds(AT), 0, register + sum(rises))
    frame += b"" if temperature is None else pack("<H", temperature)
    frame += pack("<II14H", seconds(log_at), register, *rises)
    reading = decoded(frame)
    assert isinstance(reading, Reading)
    assert (reading.at, reading.register_l, reading.at_source) == (AT, register + sum(rises), "meter")
    expected = [(datetime(2026, 3, 1, h, tzinfo=UTC), float(register + sum(rises[:h]))) for h in range(15)]
    assert [tuple(past) for past in reading.history] == expected
    assert not reading.only_history


@given(register=registers, rises=st.lists(st.integers(0, 16_383), min_size=23, max_size=23))
def test_the_daily_frame_ends_at_midnight_and_is_history_alone(register: int, rises: list[int]) -> None:
    packed = sum(rise << 14 * i for i, rise in enumerate(rises)).to_bytes(41, "little")
    reading = decoded(pack("<BIBI", 1, seconds(AT), 0, register) + packed)
    assert isinstance(reading, Reading)
    assert reading.only_history
    assert reading.register_l == register + sum(rises)
    assert reading.history[0] == (datetime(2026, 2, 28, 1, tzinfo=UTC), float(register))
    assert reading.history[-1] == (datetime(2026, 3, 1, tzinfo=UTC), float(register + sum(rises)))


@pytest.mark.parametrize(
    ("status", "raised"),
    [
        (0x00, set()),
        (0x04, {"low_battery"}),
        (0x10, {"empty_pipe"}),
        (0x30, {"leak"}),
        (0x60, {"backflow"}),
        (0xA0, {"burst"}),
        (0x90, {"low_temperature"}),
        (0x7C, {"permanent_error"}),
    ],
)
def test_the_status_byte_raises_one_state(status: int, raised: set[str]) -> None:
    reading = decoded(pack("<IBIII14H", seconds(AT), status, 5, seconds(AT - timedelta(hours=14)), 5, *[0] * 14))
    assert isinstance(reading, Reading)
    assert {name for name, value in reading.flags.items() if value} == raised


def test_a_log_in_steps_shorter_than_hours_is_left_out_and_the_register_stays() -> None:
    """Fifteen rises of twenty minutes each: taken for hours they would lie ahead of the frame's own clock."""
    reading = decoded(pack("<IBIII15H", seconds(AT), 0, 50, seconds(AT - timedelta(hours=5)), 5, *[3] * 15))
    assert isinstance(reading, Reading)
    assert (reading.at, reading.register_l, reading.history) == (AT, 50.0, ())


def test_a_codec_that_lists_the_log_with_its_times_is_believed() -> None:
    listed = [{"DataloggerTimestamp": seconds(AT) - 1200 * n, "Volume": 12.5 - n / 1000} for n in range(3)]
    told = {"CurrentTimestamp": seconds(AT), "StatusCode": 48, "CurrentVolume": 12.5, "ListOfMeasurements": listed}
    uplink = {"deviceInfo": {"devEui": "w1"}, "fPort": 100, "data": b64encode(bytes(48)).decode(), "object": told}
    (reading,) = Decoder(LEDGER).decode("application/1/device/w1/event/up", orjson.dumps(uplink), RECEIVED_AT)
    assert isinstance(reading, Reading)
    assert (reading.at, reading.register_l, reading.flags["leak"]) == (AT, 12_500.0, True)
    expected = [(AT - timedelta(minutes=20 * n), 12_500.0 - n) for n in (2, 1, 0)]
    assert [tuple(past) for past in reading.history] == expected


def test_a_frame_whose_log_is_not_near_its_clock_is_refused() -> None:
    refused = decoded(pack("<IBIII14H", seconds(AT), 0, 5, seconds(AT - timedelta(days=400)), 5, *[0] * 14))
    assert isinstance(refused, Refused)
    assert "no log clock" in refused.reason
