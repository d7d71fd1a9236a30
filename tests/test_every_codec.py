"""One contract for every codec: whatever comes in, an answer comes out, and nothing in it is invented."""

import json
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.reading import Decoded, Device, DeviceEvent, Ignored, Reading, Refused
from ingest.bench import LEDGER, SAMPLES
from ingest.codecs import DECODERS
from ingest.codecs.profiles import PROFILES
from ingest.decode import Decoder

RECEIVED_AT = datetime(2026, 3, 1, 6, 31, tzinfo=UTC)
UNIT_BY_LEDGER = ("ai_on_the_edge", "amridm2mqtt", "property_map", "rtlamr2mqtt", "shelly", "tasmota", "zigbee2mqtt")

odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["", "NaN", "1e5", "00012.5", "-3", "+/#", "2026-03-01T06:30:00Z", "0001-01-01T00:00:00+14:00"]),
)
documents = st.recursive(
    odd,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=12,
)


@st.composite
def damaged(draw: st.DrawFn, name: str) -> tuple[str, bytes]:
    """A sound message of the format with one thing wrong in it."""
    topic, payload = SAMPLES[name](1)
    if payload[:1] in (b"{", b"[") and draw(st.booleans()):
        return topic, json.dumps(draw(replaced(json.loads(payload)))).encode()
    place = draw(st.integers(0, len(payload)))
    return topic, payload[:place] + draw(st.binary(max_size=3)) + payload[place + draw(st.integers(0, 3)) :]


@st.composite
def replaced(draw: st.DrawFn, document: Any) -> Any:
    """The document with one value, however deep, replaced by something odd."""
    if isinstance(document, dict) and document and draw(st.integers(0, 5)):
        key = draw(st.sampled_from(sorted(document)))
        return {**document, key: draw(replaced(document[key]))}
    if isinstance(document, list) and document and draw(st.booleans()):
        return [draw(replaced(document[0])), *document[1:]]
    return draw(documents)


def sound(results: list[Decoded]) -> None:
    assert results
    for result in results:
        match result:
            case Refused(reason) | Ignored(reason):
                assert reason
                assert len(reason) < 600
            case Reading():
                assert result.meter_id
                assert all(time_is_sound(at) for at in [result.at, *(past.at for past in result.history)])
                registers = [result.register_l, *(past.register_l for past in result.history)]
                assert all(isfinite(register) and 0 <= register <= 1e12 for register in registers)
                said_is_sound(result)
            case DeviceEvent():
                assert result.device_id
                assert result.kind
                assert time_is_sound(result.at)
                said_is_sound(result)


def said_is_sound(told: Reading | DeviceEvent) -> None:
    assert all(type(value) is bool for value in told.flags.values())
    assert all(isfinite(value) for value in told.battery.values())


def time_is_sound(at: datetime) -> bool:
    return at.utcoffset() == timedelta() and 1999 <= at.year <= 2100


def ledger() -> dict[str, Device]:
    return {f"{name}1": device for name, device in LEDGER.items()}


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_sound_message_decodes(name: str) -> None:
    topic, payload = SAMPLES[name](1)
    results = Decoder(ledger()).decode(topic, payload, RECEIVED_AT)
    sound(results)
    assert isinstance(results[0], Reading | DeviceEvent), results


@pytest.mark.parametrize("name", sorted(SAMPLES))
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_damaged_message_gets_a_sound_answer(name: str, data: st.DataObject) -> None:
    topic, payload = data.draw(damaged(name))
    sound(Decoder(ledger()).decode(topic, payload, RECEIVED_AT))


anything = given(topic=st.text(max_size=30), payload=st.binary(max_size=80) | documents.map(json.dumps).map(str.encode))
any_frame = given(frame=st.binary(max_size=60), port=st.sampled_from([2, 6, 7, 8, 85, 100, 103]), decoded=documents)


@pytest.mark.parametrize("name", sorted(DECODERS))
@anything
@settings(max_examples=40, deadline=None)
def test_anything_gets_a_sound_answer(name: str, topic: str, payload: bytes) -> None:
    sound(Decoder(ledger(), formats=[("#", name)]).decode(f"a/{topic}", payload, RECEIVED_AT))


@pytest.mark.parametrize("profile", sorted(PROFILES))
@any_frame
@settings(max_examples=60, deadline=None)
def test_any_frame_gets_a_sound_answer(profile: str, frame: bytes, port: int, decoded: Any) -> None:
    answered(profile, frame, port, decoded)


def answered(profile: str, frame: bytes, port: int, decoded: Any) -> None:
    uplink = {"cmd": "rx", "EUI": "d", "port": port, "data": frame.hex(), "decoded": decoded}
    known = {"d": Device(device_id="d", profile=profile, unit="m3", litres_per_pulse=1.0)}
    sound(Decoder(known).decode("loriot/up", json.dumps(uplink).encode(), RECEIVED_AT))


@pytest.mark.parametrize("name", UNIT_BY_LEDGER)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_no_volume_is_invented_where_the_ledger_must_say_the_unit(name: str, data: st.DataObject) -> None:
    topic, payload = data.draw(damaged(name))
    assert not any(isinstance(result, Reading) for result in Decoder().decode(topic, payload, RECEIVED_AT))


@pytest.mark.soak
@pytest.mark.parametrize("name", sorted(SAMPLES))
@given(data=st.data())
@settings(max_examples=4_000, deadline=None)
def test_a_damaged_message_gets_a_sound_answer_for_long(name: str, data: st.DataObject) -> None:
    topic, payload = data.draw(damaged(name))
    sound(Decoder(ledger()).decode(topic, payload, RECEIVED_AT))


@pytest.mark.soak
@pytest.mark.parametrize("name", sorted(DECODERS))
@anything
@settings(max_examples=3_000, deadline=None)
def test_anything_gets_a_sound_answer_for_long(name: str, topic: str, payload: bytes) -> None:
    sound(Decoder(ledger(), formats=[("#", name)]).decode(f"a/{topic}", payload, RECEIVED_AT))


@pytest.mark.soak
@pytest.mark.parametrize("profile", sorted(PROFILES))
@any_frame
@settings(max_examples=4_000, deadline=None)
def test_any_frame_gets_a_sound_answer_for_long(profile: str, frame: bytes, port: int, decoded: Any) -> None:
    answered(profile, frame, port, decoded)


@pytest.mark.soak
@pytest.mark.parametrize("name", UNIT_BY_LEDGER)
@given(data=st.data())
@settings(max_examples=3_000, deadline=None)
def test_no_volume_is_invented_for_long_where_the_ledger_must_say_the_unit(name: str, data: st.DataObject) -> None:
    topic, payload = data.draw(damaged(name))
    assert not any(isinstance(result, Reading) for result in Decoder().decode(topic, payload, RECEIVED_AT))
