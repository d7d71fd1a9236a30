"""One reading as gateways of different makes would publish it: the inverse of the codecs.

Topics stand below `anju/<gateway_id>/`, as every gateway that is bridged to anju has them.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache

from domain.finding import AlertKind

Published = tuple[str, bytes]
Format = Callable[[str, datetime, float], Published]


class FormatError(ValueError):
    """The reading can't be said in this format; the text says why."""


@lru_cache(maxsize=100_000)
def _quoted(text: str) -> str:
    return json.dumps(text)


def plain(meter_id: str, at: datetime, register_l: float) -> Published:
    """anju's own JSON, put together by hand: a test of load says it a million times."""
    text = f'{{"meter_id":{_quoted(meter_id)},"at":"{at.isoformat()[:19]}Z","register_l":{register_l:.12g}}}'
    return "readings", text.encode()


def wmbusmeters(meter_id: str, at: datetime, register_l: float) -> Published:
    """A telegram of a wireless M-Bus meter; a whole register is an integer, as wmbusmeters has it."""
    total = register_l / 1000.0
    document = {
        "_": "telegram",
        "media": "water",
        "meter": "iperl",
        "name": meter_id,
        "id": meter_id,
        "total_m3": int(total) if total.is_integer() else round(total, 6),
        "timestamp": f"{at:%Y-%m-%dT%H:%M:%SZ}",
    }
    return f"wmbusmeters/{meter_id}", json.dumps(document).encode()


def chirpstack_v4(meter_id: str, at: datetime, register_l: float) -> Published:
    """An uplink of a LoRaWAN pulse counter; the ledger's profile must be `pulse`, with 1 L a pulse."""
    document = {
        "time": f"{at:%Y-%m-%dT%H:%M:%S}.000000000Z",
        "deviceInfo": {"applicationId": "water", "devEui": meter_id, "deviceName": meter_id},
        "fPort": 2,
        "object": {"pulse_count": round(register_l)},
    }
    return f"application/water/device/{meter_id}/event/up", json.dumps(document).encode()


def cjt188(meter_id: str, at: datetime, register_l: float) -> Published:
    """A CJ/T 188 report as bytes, in hundredths of a cubic metre; the meter's clock tells UTC here."""
    if len(meter_id) != 14 or not meter_id.isdecimal():
        raise FormatError(f"{meter_id!r} is no CJ/T 188 address: 14 digits")
    register = bytes.fromhex(f"{int(register_l / 10.0) % 100_000_000:08d}")[::-1] + b"\x2c"
    clock = bytes.fromhex(f"{at.astimezone(UTC):%Y%m%d%H%M%S}")[::-1]
    data = b"\x90\x1f\x00" + register + bytes(5) + clock + bytes(2)
    frame = b"\x68\x10" + bytes.fromhex(meter_id)[::-1] + b"\x81" + bytes([len(data)]) + data
    return f"cjt188/{meter_id}", frame + bytes([sum(frame) & 0xFF, 0x16])


FORMATS: Mapping[str, Format] = {
    "plain": plain,
    "wmbusmeters": wmbusmeters,
    "chirpstack_v4": chirpstack_v4,
    "cjt188": cjt188,
}

_SENSORS: Mapping[AlertKind, dict[str, str | bool]] = {
    AlertKind.SOS: {"action": "emergency"},
    AlertKind.GAS: {"gas": True},
    AlertKind.SMOKE: {"smoke": True},
    AlertKind.FLOOD: {"water_leak": True},
}


def sensor_alarm(device_id: str, kind: AlertKind) -> Published:
    """What Zigbee2MQTT says when an SOS button is pressed, or gas, smoke or water on the floor is found."""
    return f"zigbee2mqtt/{device_id}", json.dumps(_SENSORS[kind] | {"battery": 90, "linkquality": 80}).encode()
