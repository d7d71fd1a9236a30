"""How many messages a second each codec decodes on one core, beside a yardstick of the machine's own speed."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from typing import Any

from domain.reading import Device, Ignored, Refused
from ingest.codecs.sparkplug_b import Payload
from ingest.decode import Decoder

RECEIVED_AT = datetime(2026, 3, 1, 6, 31, tzinfo=UTC)
ROUNDS = 40  # short ones, all formats in turn; the best is told: the rest is what else the machine did
METERS = 997  # as many ids in turn, so that no cache of one message flatters

LEDGER: Mapping[str, Device] = {
    "axioma": Device(device_id="axioma", profile="axioma_w1"),
    "pulses": Device(device_id="pulses", profile="milesight_em300_di", litres_per_pulse=10),
    "leak": Device(device_id="leak", profile="netvox_r718wb"),
    "m3": Device(device_id="m3", unit="m3", profile="property:total"),
}
W1_FRAME = "BE67E7680074690D0062059098E668235E0D007B016501E801F100710027000A0001000400040035002F0184017301"


@dataclass(frozen=True, slots=True)
class Speed:
    """What one codec does. `of_json_loads`: as a share of what the same processor parses by `json.loads` alone."""

    name: str
    per_second: float
    of_json_loads: float


def bench_decode(clock: Callable[[], float], messages: int = METERS) -> Iterator[Speed]:
    """`clock` is the processor's time [s]; `messages` of each format a round."""
    ledger = dict(LEDGER) | {f"{name}{i}": device for name, device in LEDGER.items() for i in range(METERS)}
    sent = {name: [made(i % METERS) for i in range(messages)] for name, made in SAMPLES.items()}
    decoders = {name: Decoder(ledger) for name in SAMPLES}
    telegrams = [payload for _, payload in sent["wmbusmeters"]]
    parsed_s, decoded_s = inf, dict.fromkeys(SAMPLES, inf)
    for _ in range(ROUNDS):
        parsed_s = min(parsed_s, _parsing_s(telegrams, clock))
        for name, decoder in decoders.items():
            decoded_s[name] = min(decoded_s[name], _decoding_s(decoder, sent[name], clock))
    for name, seconds in decoded_s.items():
        yield Speed(name, messages / seconds, parsed_s / seconds)


def _parsing_s(payloads: list[bytes], clock: Callable[[], float]) -> float:
    """The yardstick: Python's own parser on telegrams of wmbusmeters."""
    begun = clock()
    for payload in payloads:
        json.loads(payload)
    return clock() - begun


def _decoding_s(decoder: Decoder, sent: list[tuple[str, bytes]], clock: Callable[[], float]) -> float:
    begun = clock()
    for topic, payload in sent:
        results = decoder.decode(topic, payload, RECEIVED_AT)
    took = clock() - begun
    useless = isinstance(results[0], Refused | Ignored)
    if useless:
        raise ValueError(f"the sample on {topic} doesn't decode: {results[0]}")
    return took


def _json(topic: str, document: Any) -> tuple[str, bytes]:
    return topic, json.dumps(document, separators=(",", ":")).encode()


def _wmbusmeters(i: int) -> tuple[str, bytes]:
    telegram = {
        "_": "telegram", "media": "cold water", "meter": "kamwater", "name": "Home", "id": f"7606{i:04}",
        "flow_temperature_c": 13, "max_flow_m3h": 0.593, "min_flow_temperature_c": 13, "total_m3": 540.849,
        "current_status": "", "status": "OK", "time_bursting": "1-8 hours", "time_dry": "", "time_leaking": "",
        "time_reversed": "", "timestamp": "2026-03-01T06:30:01Z",
    }  # fmt: skip
    return _json("wmbusmeters/home", telegram)


def _chirpstack_v4(i: int) -> tuple[str, bytes]:
    uplink = {
        "deduplicationId": "57433366-50a6-4dc2-8145-2df1bbc70d9e", "time": "2026-03-01T06:30:05.404859+00:00",
        "deviceInfo": {"tenantName": "city", "applicationId": "1", "deviceName": "leak", "devEui": f"leak{i}"},
        "devAddr": "20000001", "adr": True, "dr": 5, "fCnt": 4, "fPort": 6, "data": "ARIBJAEAAAAAAAA=",
        "rxInfo": [{"gatewayId": "6a7e111a10000000", "uplinkId": 24022, "rssi": -35, "snr": 11.5}],
    }  # fmt: skip
    return _json(f"application/1/device/leak{i}/event/up", uplink)


def _chirpstack_v3(i: int) -> tuple[str, bytes]:
    uplink = {
        "applicationID": "2", "devEUI": f"pulses{i}", "rxInfo": [{"time": "2026-03-01T06:30:05Z"}], "fCnt": 4,
        "fPort": 85, "data": b64encode(bytes.fromhex("01755c05c8db000000")).decode(),
    }  # fmt: skip
    return _json(f"application/2/device/pulses{i}/event/up", uplink)


def _ttn_v3(i: int) -> tuple[str, bytes]:
    uplink = {
        "end_device_ids": {"device_id": "d", "dev_eui": f"leak{i}"}, "received_at": "2026-03-01T06:30:05.848446463Z",
        "uplink_message": {"f_port": 6, "f_cnt": 10335, "frm_payload": "ARIBJAEAAAAAAAA="},
    }  # fmt: skip
    return _json("v3/app@city/devices/d/up", uplink)


def _sparkplug_b(i: int) -> tuple[str, bytes]:
    payload = Payload(timestamp=1772346600000)
    payload.metrics.add(name="Water/Total_m3", alias=1, timestamp=1772346600000, datatype=10, double_value=123.541)
    payload.metrics.add(name="Water/Leak", alias=3, timestamp=1772346600000, datatype=11, boolean_value=False)
    return f"spBv1.0/city/DBIRTH/gw/{i}", payload.SerializeToString()


SAMPLES: Mapping[str, Callable[[int], tuple[str, bytes]]] = {
    "plain": lambda i: _json(
        "anju/gw/readings", {"meter_id": f"3322{i}", "at": "2026-03-01T06:30:00Z", "register_l": 123529.5}
    ),
    "wmbusmeters": _wmbusmeters,
    "chirpstack_v4": _chirpstack_v4,
    "chirpstack_v3": _chirpstack_v3,
    "ttn_v3": _ttn_v3,
    "netmore": lambda i: _json("netmore/u", [{"devEui": f"axioma{i}", "Payload": W1_FRAME, "fPort": "100"}]),
    "loriot": lambda i: _json(
        "loriot/u", {"cmd": "rx", "EUI": f"leak{i}", "ts": 1772346600000, "port": 6, "data": "0112012401000000000000"}
    ),
    "zigbee2mqtt": lambda i: _json(
        f"zigbee2mqtt/sink{i}", {"battery": 80, "linkquality": 90, "temperature": 27.35, "water_leak": False}
    ),
    "rtl_433": lambda i: _json(
        "rtl_433/gw/events", {"time": "2026-03-01 06:30:00", "model": "Flowis", "id": i, "volume_m3": 12.345}
    ),
    "rtlamr2mqtt": lambda i: _json(
        f"rtlamr/m3{i}/state", {"reading": 5544.16, "lastseen": "2026-03-01T06:30:00+00:00"}
    ),
    "amridm2mqtt": lambda i: (f"readings/m3{i}/meter_reading", b"19782.08"),
    "tasmota": lambda i: _json(f"tele/pulses{i}/SENSOR", {"Time": "2026-03-01T06:30:00", "COUNTER": {"C1": 4711}}),
    "shelly": lambda i: _json(f"shellyflood{i}/status/flood:0", {"id": 0, "alarm": False, "mute": False}),
    "ha_statestream": lambda i: (f"ha/sensor/water_total_{i}/state", b"6.408"),
    "ai_on_the_edge": lambda i: _json(
        f"watermeter{i}/main/json", {"value": "679.2415", "error": "no error", "timestamp": "2026-03-01T06:30:00+0100"}
    ),
    "sparkplug_b": _sparkplug_b,
    "cjt188": lambda i: ("cjt188/u", b"FEFEFE6810010000050800008116901F00002301002C000000002C0000000000000000004816"),
    "property_map": lambda i: _json(
        f"/sys/pk/m3{i}/thing/event/property/post", {"params": {"total": {"value": 12.3, "time": 1772346600000}}}
    ),
}
