"""Kamstrup flowIQ: hourly registers, in the meter's M-Bus records or as the network server's codec lists them.

Records: time of the log, register, and rises backwards from it (an inverse compact profile of M-Bus).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import accumulate, takewhile
from struct import unpack_from
from typing import Any

from domain.reading import Decoded, PastRegister, Reading
from ingest.codecs.contract import Context
from ingest.codecs.profiles.uplink import Uplink
from ingest.codecs.times import clock, plausible
from ingest.codecs.values import RefusedError, litres, litres_per, number, shown

FLAGS = {"Dry": "dry", "Reverse": "backflow", "Leak": "leak", "Burst": "burst", "Tamper": "tamper",
         "Low Battery": "low_battery"}  # fmt: skip
HEADERS = {0x78: 1, 0x7A: 5, 0x72: 13}  # the first byte: how long the M-Bus header is
LOGGED_AT, PROFILE = b"\x44\x6d", b"\x4d\x93"
INFO_CODES = b"\x52\xff\x25"
ENCRYPTED = 0x1F  # the security mode in the second byte of a header's configuration
NO_REGISTER = -0x8000_0000
STEP = {0x61: (1, "<{}B"), 0x62: (2, "<{}H"), 0x64: (4, "<{}I")}  # bytes a rise, of an hourly profile


def decode(uplink: Uplink, context: Context) -> list[Decoded]:
    """The newest value is the reading, all are history."""
    values = (uplink.decoded or {}).get("values")
    if isinstance(values, list):
        found = [_past(uplink, context, value) for value in values if _is_volume(value)]
        return [_reading(uplink, found, _flags(values))]
    return [_frame(uplink, context)]


def _reading(uplink: Uplink, found: list[PastRegister], flags: Mapping[str, bool]) -> Decoded:
    if not found:
        return uplink.ignored("no volume among the values")
    newest = max(found, key=lambda past: past.at)
    return Reading(
        meter_id=uplink.device.device_id,
        at=newest.at,
        register_l=newest.register_l,
        at_source="meter",
        gateway_id=uplink.message.gateway_id,
        flags=flags,
        battery={},
        history=tuple(sorted(found, key=lambda past: past.at)),
    )


def _is_volume(value: Any) -> bool:
    return isinstance(value, dict) and value.get("Type") == "Volume" and value.get("Value") is not None


def _flags(values: list[Any]) -> dict[str, bool]:
    told: dict[Any, Any] = {value.get("Type"): value.get("Value") for value in values if isinstance(value, dict)}
    return {ours: told[name] for name, ours in FLAGS.items() if type(told.get(name)) is bool}


def _past(uplink: Uplink, context: Context, value: Mapping[str, Any]) -> PastRegister:
    register, per_unit = number(value, "Value"), litres_per(value.get("Unit"))
    at = clock(value.get("Timestamp"), context.zone(uplink.device))
    if register is None or per_unit is None:
        raise RefusedError(f"Unit: {shown(value.get('Unit'))} of Value {shown(value.get('Value'))} is no known unit")
    if at is None:
        raise RefusedError(f"Timestamp: {shown(value.get('Timestamp'))} is no time")
    return PastRegister(at=at, register_l=litres(register, per_unit, "Value"))


def _frame(uplink: Uplink, context: Context) -> Decoded:
    frame = uplink.needs_frame()
    if frame[0] not in HEADERS:
        raise uplink.refused(f"it begins with {frame[0]:02x}, not with an M-Bus header")
    header, body = frame[: HEADERS[frame[0]]], frame[HEADERS[frame[0]] :]
    if len(header) > 1 and header[-1] & ENCRYPTED:
        raise uplink.refused("it is encrypted beyond LoRaWAN")
    if not body.startswith(LOGGED_AT):
        return uplink.ignored("no time of a log: an installation frame or the like")
    at, vif = _logged_at(uplink, context, body[2:6]), body[7:8]
    if len(body) < 12 or body[6] != 0x44 or not b"\x10" <= vif <= b"\x16":
        raise uplink.refused("no register after the time of the log")
    (newest,) = unpack_from("<i", body, 8)
    if newest == NO_REGISTER:
        return uplink.ignored("the meter has no register to tell")
    per_unit = 10.0 ** (vif[0] - 0x13)
    rises, flags = _records(uplink, body[12:])
    registers = accumulate((-rise for rise in rises), initial=float(newest))
    hours = (at - timedelta(hours=i) for i in range(len(rises) + 1))
    found = [PastRegister(t, litres(value, per_unit, "register")) for t, value in zip(hours, registers, strict=True)]
    return _reading(uplink, found, flags)


def _logged_at(uplink: Uplink, context: Context, data: bytes) -> datetime:
    """M-Bus type F: minute, hour, day and low bits of the year, month and high bits; no zone."""
    minute, hour, day, month = data.ljust(4, b"\0")
    year = 2000 + (day >> 5 | (month & 0xF0) >> 1)
    zone = context.zone(uplink.device)
    try:
        at = plausible(datetime(year, month & 0x0F, day & 0x1F, hour & 0x1F, minute & 0x3F, tzinfo=zone))
    except ValueError:
        at = None
    if at is None or minute & 0x80:
        raise uplink.refused(f"clock {data.hex()} was never set")
    return at


def _records(uplink: Uplink, body: bytes) -> tuple[list[int], dict[str, bool]]:
    """The profile's rises, newest first, up to one that isn't known; or what the meter says of itself."""
    if body.startswith(INFO_CODES) and len(body) >= 5:
        codes = unpack_from("<H", body, 3)[0]
        return [], {flag: bool(codes >> bit & 1) for bit, flag in enumerate(FLAGS.values())}
    if not body.startswith(PROFILE):
        return [], {}
    length = body[3] if len(body) > 3 else 0
    size, layout = STEP.get(body[4] if len(body) > 4 else 0, (0, ""))
    if not size or body[5:6] != b"\x01" or len(body) < 4 + length or length < 2:
        raise uplink.refused("its profile isn't hourly rises, or is cut short")
    rises = unpack_from(layout.format((length - 2) // size), body, 6)
    unknown = (1 << 8 * size) - 1
    return list(takewhile(lambda rise: rise != unknown, rises)), {}
