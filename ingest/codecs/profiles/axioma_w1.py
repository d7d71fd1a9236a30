"""Axioma Qalcosonic W1: hourly registers of the last day in three frames, alarms in a fourth, or a codec's object.

Frames (little-endian): e 43-47 bytes: clock, status, register, log clock, log register, hourly rises; t the same with
a temperature before the log; h 51-52 bytes: version, clock, status, register at 01:00 of the day before, 23 rises of
14 bits.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache, partial
from itertools import accumulate
from struct import unpack_from
from typing import Any

from domain.reading import NO_BATTERY, Decoded, PastRegister, Reading
from ingest.codecs.contract import Context
from ingest.codecs.profiles.uplink import Uplink
from ingest.codecs.times import clock, epoch
from ingest.codecs.values import RefusedError, litres, number, shown

_PAST_REGISTER = partial(tuple.__new__, PastRegister)  # two dozen a frame: a third of the time of its constructor
HOURS = [timedelta(hours=i) for i in range(24)]
HOUR_S = 3600
LOG_REACH_S = 2 * 86_400  # the log never begins longer before the frame's own clock
ALARM_BITS = {0x01: "leak", 0x02: "burst", 0x04: "low_temperature", 0x08: "tamper", 0x20: "backflow"}
STATUS_STATE = {0x20: "leak", 0x30: "leak", 0xA0: "burst", 0xB0: "burst", 0x60: "backflow", 0x70: "backflow",
                0x10: "empty_pipe", 0x80: "low_temperature", 0x90: "low_temperature"}  # fmt: skip
OBJECT_FLAGS = {"leakage": "leak", "leak": "leak", "burst": "burst", "backflow": "backflow",
                "low_battery": "low_battery",
                "pipe_empty": "empty_pipe", "low_temperature": "low_temperature",
                "permanent_error": "permanent_error", "temporary_error": "temporary_error"}  # fmt: skip


def decode(uplink: Uplink, context: Context) -> list[Decoded]:
    """The frame where its length is one of the meter's, else the codec's object."""
    length = len(uplink.frame or b"")
    if length == 5:
        return [_alarm(uplink)]
    if 43 <= length <= 47:
        return [_hourly(uplink)]
    if length in (51, 52):
        return [_day(uplink)]
    if uplink.decoded:
        return [_object(uplink, context)]
    raise uplink.refused(f"{length} bytes is no length of a W1 frame (5, 43 to 47, 51 or 52)")


def status_flags(status: int) -> dict[str, bool]:
    """What the status byte raises: bit 2 low battery, bit 3 permanent error, bits 4 to 7 one state.

    A meter in permanent error doesn't measure: what else its bits say is not believed.
    """
    if status & 0x08:
        return {"permanent_error": True}
    flags = {"leak": False, "burst": False, "backflow": False, "low_battery": bool(status & 0x04)}
    if status & 0xF0 in STATUS_STATE:
        flags[STATUS_STATE[status & 0xF0]] = True
    return flags


def _alarm(uplink: Uplink) -> Decoded:
    seconds, code = unpack_from("<IB", uplink.needs_frame())
    known = not code & ~0x2F
    flags = {name: True for bit, name in ALARM_BITS.items() if known and code & bit}
    at = epoch(seconds)
    return uplink.event("water_meter_alarm", flags=flags, at=(at, "meter") if at else uplink.at)


def _hourly(uplink: Uplink) -> Decoded:
    frame = uplink.needs_frame()
    seconds, status, register = unpack_from("<IBI", frame)
    at = epoch(seconds)
    for log_place in (9, 11):
        logged_s, first = unpack_from("<II", frame, log_place)
        begin = epoch(logged_s - logged_s % HOUR_S) if 0 <= seconds - logged_s <= LOG_REACH_S else None
        if at and begin:
            rises = unpack_from(f"<{(len(frame) - log_place - 8) // 2}H", frame, log_place + 8)
            # else its steps are shorter: nobody says how
            hourly = logged_s + len(rises) * HOUR_S < seconds + 2 * HOUR_S
            history = _history(begin, first, rises) if hourly else ()
            return _reading(uplink, at, register, status_flags(status), history)
    raise uplink.refused("no log clock near the frame's own clock")


def _day(uplink: Uplink) -> Decoded:
    frame = uplink.needs_frame()
    seconds, status, first = unpack_from("<IBI", frame, 1)
    at = epoch(seconds)
    if at is None:
        raise uplink.refused(f"clock {seconds} was never set")
    packed = int.from_bytes(frame[10:51], "little")
    if multiplier := packed >> 14 * 23:
        raise uplink.refused(f"its rises are multiplied by a step {multiplier} that isn't known")
    rises = [packed >> 14 * i & 0x3FFF for i in range(23)]
    return _whole_day(uplink, at, first, rises, status_flags(status))


def _whole_day(
    uplink: Uplink, at: datetime, first: float, rises: Sequence[float], flags: Mapping[str, bool]
) -> Decoded:
    """The last value is that of midnight; at the frame's own time the register is not told."""
    begin = at.replace(hour=1, minute=0, second=0, microsecond=0) - timedelta(days=1)
    history = _history(begin, first, rises)
    return _reading(uplink, at, history[-1].register_l, flags, history)._replace(only_history=True)


def _history(begin: datetime, first: float, rises: Sequence[float]) -> tuple[PastRegister, ...]:
    registers = list(accumulate(rises, initial=float(first)))
    litres(registers[-1], 1.0, "log")
    return tuple(map(_PAST_REGISTER, zip(_hours_from(begin), registers, strict=False)))


@lru_cache(maxsize=1_000)
def _hours_from(begin: datetime) -> Sequence[datetime]:
    """The meters of a city keep the same hours."""
    return [begin + hours for hours in HOURS]


def _reading(
    uplink: Uplink, at: datetime, register: float, flags: Mapping[str, bool], history: tuple[PastRegister, ...]
) -> Reading:
    register_l, gateway_id = litres(register, 1.0, "register"), uplink.message.gateway_id
    return Reading.of(
        uplink.device.device_id, at, register_l, "meter", gateway_id, flags, NO_BATTERY, "water_meter", history
    )


def _object(uplink: Uplink, context: Context) -> Decoded:
    decoded = uplink.decoded or {}
    if "current_volume_m3" in decoded:
        return _object_m3(uplink, decoded)
    if "curVol" in decoded:
        return _object_litres(uplink, context, decoded)
    if "CurrentVolume" in decoded:
        return _object_listed(uplink, decoded)
    raise RefusedError(
        f"object {shown(dict(decoded))} of {uplink.device.device_id} has no curVol, current_volume_m3 or CurrentVolume"
    )


def _object_listed(uplink: Uplink, decoded: Mapping[str, Any]) -> Decoded:
    """Yobiiq's codec: volumes in m3, and the log with its times, whose step it was told."""
    value, status = number(decoded, "CurrentVolume"), number(decoded, "StatusCode")
    at = epoch(decoded.get("CurrentTimestamp"))
    if value is None or at is None:
        raise RefusedError(f"CurrentVolume {shown(value)} or its time {shown(decoded.get('CurrentTimestamp'))} is none")
    told = decoded.get("ListOfMeasurements")
    logged = (
        (epoch(one.get("DataloggerTimestamp")), number(one, "Volume"))
        for one in (told if type(told) is list else ())
        if type(one) is dict
    )
    history = {PastRegister(t, litres(v, 1000.0, "Volume")) for t, v in logged if t and v is not None and t <= at}
    flags = {} if status is None or not 0 <= status <= 255 else status_flags(int(status))
    return _reading(uplink, at, value * 1000.0, flags, tuple(sorted(history)))


def _object_m3(uplink: Uplink, decoded: Mapping[str, Any]) -> Decoded:
    """The Things Network's codec: volumes in m3, rises of the day before under delta_1_m3 and so on."""
    value = number(decoded, "current_volume_m3")
    at = epoch(decoded.get("timestamp_unix")) or clock(decoded.get("timestamp_utc"), None)
    if value is None or at is None:
        raise RefusedError(
            f"current_volume_m3 {shown(value)} or timestamp_utc {shown(decoded.get('timestamp_utc'))} is none"
        )
    flags = {ours: decoded[name] for name, ours in OBJECT_FLAGS.items() if type(decoded.get(name)) is bool}
    rises = [number(decoded, f"delta_{i}_m3") for i in range(1, 24)]
    first = number(decoded, "log_volume_m3")
    if "24H" in str(decoded.get("payload_format")) and first is not None and None not in rises:
        return _whole_day(uplink, at, round(first * 1000.0), [round(1000.0 * (rise or 0.0)) for rise in rises], flags)
    return _reading(uplink, at, value * 1000.0, flags, ())


def _object_litres(uplink: Uplink, context: Context, decoded: Mapping[str, Any]) -> Decoded:
    """Axioma's universal codec: volumes in litres, a clock without zone."""
    value = number(decoded, "curVol")
    if value is None:
        raise RefusedError("curVol: a number was expected, not None")
    text = decoded.get("curDateTime")
    at = clock(text, context.zone(uplink.device)) if isinstance(text, str) and re.match(r"\d{4}-", text) else None
    status = number(decoded, "statusCode")
    flags = {} if status is None or not 0 <= status <= 255 else status_flags(int(status))
    known = (at, "meter") if at else uplink.at
    return Reading(
        meter_id=uplink.device.device_id,
        at=known[0],
        register_l=litres(value, 1.0, "curVol"),
        at_source="meter" if at else uplink.at[1],
        gateway_id=uplink.message.gateway_id,
        flags=flags,
        battery={},
    )
