"""CJ/T 188 frames of water meters, as bytes or as hexadecimal text."""

import re
from binascii import unhexlify
from datetime import datetime

from domain.reading import Decoded, Ignored
from ingest.codecs.contract import Context, Message
from ingest.codecs.outcomes import first_clock, register_or_event
from ingest.codecs.times import plausible
from ingest.codecs.values import RefusedError, shown

START, END = 0x68, 0x16
WATER_TYPES = range(0x10, 0x20)  # cold, hot, drinking, reclaimed
READ_ANSWER, REPORT = 0x81, 0x01
CURRENT = (b"\x90\x1f", b"\x1f\x90")  # the data identity of the present register; both orders are met
UNITS = {0x29: 1.0, 0x2C: 1000.0}  # litres, cubic metres
HEX = re.compile(rb"\s*(?:[Ff][Ee]\s*)*68[0-9A-Fa-f\s]{20,}16\s*")


def recognises(topic: str) -> bool:
    """The topic that we propose."""
    return topic.startswith("cjt188/")


def fits(payload: bytes) -> bool:
    """Whether a payload on any topic is a frame or its hexadecimal text."""
    return HEX.fullmatch(payload[:600]) is not None or (payload.lstrip(b"\xfe")[:1] == b"\x68" and payload[-1] == END)


def decode(message: Message, context: Context) -> list[Decoded]:
    """One frame a message."""
    payload = message.payload
    if payload[:1] not in (b"\xfe", b"\x68"):
        try:
            payload = unhexlify(b"".join(payload.split()))
        except ValueError as error:
            raise RefusedError(f"payload is neither a frame nor hexadecimal: {shown(message.payload)}") from error
    return [decode_frame(message, context, payload)]


def decode_frame(message: Message, context: Context, raw: bytes) -> Decoded:
    """68 type address[7] control length data checksum 16; the address and numbers are BCD, lowest byte first."""
    frame = raw.lstrip(b"\xfe")
    if len(frame) < 13 or frame[0] != START or len(frame) < frame[10] + 13 or frame[frame[10] + 12] != END:
        raise RefusedError(f"frame {shown(raw.hex())} is cut short or has no 68 ... 16")
    length = frame[10]
    expected, found = sum(frame[: 11 + length]) & 0xFF, frame[11 + length]
    if expected != found:
        raise RefusedError(f"frame {shown(raw.hex())}: checksum {found:02x} is wrong, {expected:02x} is right")
    meter_id, data = frame[8:1:-1].hex(), frame[11 : 11 + length]
    if frame[1] not in WATER_TYPES:
        return Ignored(f"meter type {frame[1]:02x} of {meter_id} isn't water")
    if frame[9] not in (READ_ANSWER, REPORT) or data[:2] not in CURRENT or len(data) < 8:
        return Ignored(f"control {frame[9]:02x} data {shown(data[:2].hex())} of {meter_id} isn't the present register")
    return _register(message, context, meter_id, data[3:])


def _register(message: Message, context: Context, meter_id: str, data: bytes) -> Decoded:
    """Register and unit, register at the settling day and unit, clock[7], status[2]; the later ones may be missing."""
    value = _bcd(data[3::-1])
    if value is None:
        raise RefusedError(f"register {data[:4].hex()} of {meter_id} isn't BCD")
    per_unit = UNITS.get(data[4])
    if per_unit is None:
        raise RefusedError(f"unit {data[4]:02x} of {meter_id} isn't a unit of volume")
    at = first_clock(message, (_clock(context, meter_id, data[10:17]), "meter"))
    flags = {"low_battery": bool(data[17] & 0x04)} if len(data) >= 19 else {}
    return register_or_event(message, meter_id, at, value / 100, per_unit, flags=flags)


def _clock(context: Context, meter_id: str, data: bytes) -> datetime | None:
    """Seconds first, the year's two bytes last, no zone; all zero where the meter has no clock."""
    text = data[::-1].hex()
    if len(data) < 7 or not text.isdecimal():
        return None
    try:
        at = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=context.zone(context.device(meter_id)))
    except ValueError:
        return None
    return plausible(at)


def _bcd(data: bytes) -> int | None:
    text = data.hex()
    return int(text) if text.isdecimal() else None
