"""What a gateway of any make would publish of a reading or an alarm is what its codec understands."""

from datetime import UTC, datetime, timedelta
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.finding import AlertKind
from domain.reading import DeviceEvent, Reading
from ingest.codecs import DECODERS
from ingest.decode import Decoder
from notifier.devices import concerns
from simulator.formats import FORMATS, FormatError, alarm

METER = "10260302000001"
RECEIVED = datetime(2026, 3, 2, 12, tzinfo=UTC)
SENSORS = [AlertKind.SOS, AlertKind.GAS, AlertKind.SMOKE, AlertKind.FLOOD]
NO_METERS = {"ha_discovery", "plain_events", "property_map"}  # property_map: by the names of its four platforms

seconds = st.integers(0, 86400 * 365 * 20).map(lambda s: datetime(2010, 1, 1, tzinfo=UTC) + timedelta(seconds=s))


def test_every_codec_that_carries_a_meter_has_its_encoder() -> None:
    assert DECODERS.keys() - NO_METERS <= FORMATS.keys()


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=25)
@given(at=seconds, litres=st.integers(0, 99_999_999))
def test_what_a_format_says_its_codec_understands(name: str, at: datetime, litres: int) -> None:
    form = FORMATS[name]
    topic, payload = form.encode(METER, at, float(litres))
    meter_id = form.known_as.format(METER)
    ledger = {meter_id: form.ledger.device(meter_id)}
    (reading,) = Decoder(ledger).decode(f"anju/tower/{topic}", payload, RECEIVED)
    assert isinstance(reading, Reading), reading
    assert (reading.meter_id, reading.gateway_id) == (meter_id, "tower")
    assert reading.at == (at if form.dated else RECEIVED)
    assert reading.register_l == pytest.approx(floor(litres / form.step_l) * form.step_l, abs=0.001)
    assert all(past == (reading.at, reading.register_l) for past in reading.history)


@pytest.mark.parametrize("kind", SENSORS)
@pytest.mark.parametrize("name", FORMATS)
def test_what_other_sensors_say_is_that_alarm(name: str, kind: AlertKind) -> None:
    at = RECEIVED - timedelta(hours=1)
    said = alarm(FORMATS[name], kind)
    topic, payload = said.encode("bedside-1", at)
    events = Decoder({"bedside-1": said.ledger.device("bedside-1")}).decode(f"anju/tower/{topic}", payload, RECEIVED)
    assert len(events) == 1
    (event,) = events
    assert isinstance(event, DeviceEvent), event
    assert event.at in (at, RECEIVED)
    raised, _ = concerns(event, "home", RECEIVED)
    assert [concern.kind for concern in raised] == [kind]


def test_an_id_that_a_format_cannot_carry_is_refused() -> None:
    with pytest.raises(FormatError, match="meter-1"):
        FORMATS["cjt188"].encode("meter-1", RECEIVED, 1.0)
    with pytest.raises(FormatError, match="twelve"):
        FORMATS["chirpstack_v3"].encode("123456789012", RECEIVED, 1.0)
