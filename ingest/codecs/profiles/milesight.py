"""Milesight EM300-DI, EM300-SLD/ZLD and WS101: frames of channel, type and value (little-endian)."""

from collections.abc import Iterator, Mapping
from math import isfinite
from struct import unpack_from

from domain.reading import Decoded, PastRegister, Reading
from ingest.codecs.contract import Context
from ingest.codecs.outcomes import ledger_unit, register_or_event
from ingest.codecs.profiles.uplink import Uplink
from ingest.codecs.times import epoch
from ingest.codecs.values import litres

HISTORY, WATER_HISTORY = (0x20, 0xCE), (0x21, 0xCE)
COUNTS_PULSES = 2  # of a history record; 1: its input was a switch
LENGTHS: Mapping[tuple[int, int], int] = {
    (0x01, 0x75): 1, (0x03, 0x67): 2, (0x04, 0x68): 1, (0x05, 0x00): 1, (0x06, 0x00): 1, (0x05, 0xC8): 4,
    (0x05, 0xE1): 8, (0x06, 0xE1): 8, (0x85, 0x00): 2, (0x85, 0xE1): 9, (0x83, 0x67): 3, (0xFC, 0x6B): 1,
    (0xFC, 0x6C): 1, WATER_HISTORY: 18, (0xFF, 0x2E): 1, (0xFF, 0x01): 1, (0xFF, 0x08): 6, (0xFF, 0x09): 2,
    (0xFF, 0x0A): 2, (0xFF, 0x0B): 1, (0xFF, 0x0F): 1, (0xFF, 0x16): 8, (0xFF, 0xFF): 2, (0xFF, 0xFE): 1,
}  # fmt: skip
HISTORY_LENGTHS = {"milesight_em300_di": 13, "milesight_em300_zld": 8}
WATER_ALARMS = {
    1: {"water_outage_timeout_alarm": True},
    2: {"water_outage_timeout_alarm": False},
    3: {"water_flow_timeout_alarm": True},
    4: {"water_flow_timeout_alarm": False},
}
PRESSES = {1: "short_press", 2: "long_press", 3: "double_press"}
Part = tuple[tuple[int, int], bytes]


def parts(uplink: Uplink) -> Iterator[Part]:
    """Channel and type with the value's bytes, up to what is cut short or unknown; refuses where nothing was before."""
    frame = uplink.needs_frame()
    place = 0
    while place < len(frame):
        key = (frame[place], frame[place + 1]) if place + 1 < len(frame) else (frame[place], -1)
        length = HISTORY_LENGTHS.get(uplink.device.profile or "") if key == HISTORY else LENGTHS.get(key)
        if key[0] in (0xFE, 0xF8, 0xF9):
            return  # the answer to a command: settings, not data
        value = frame[place + 2 : place + 2 + (length or 0)]
        if length is None or len(value) < length:
            if place:
                return
            raise uplink.refused(f"channel {key[0]:02x} type {key[1]:02x} is unknown or cut short")
        yield key, value
        place += 2 + length


def decode_ws101(uplink: Uplink, context: Context) -> list[Decoded]:
    """A button: any press is one; without a press it is a sign of life."""
    found = dict(parts(uplink))
    battery = _battery(found)
    press = PRESSES.get(found[0xFF, 0x2E][0]) if (0xFF, 0x2E) in found else None
    flags = {"pressed": True, press: True} if press else {"pressed": False}
    if not battery and not press:
        return [uplink.ignored("no press and no battery")]
    return [uplink.event("sos_button", flags=flags, battery=battery)]


def decode_em300_zld(uplink: Uplink, context: Context) -> list[Decoded]:
    """A leak sensor, as is the EM300-MLD: only the present state is a leak; a history record tells of a former one."""
    found = dict(parts(uplink))
    leak = found.get((0x05, 0x00), found.get((0x06, 0x00)))
    flags = {} if leak is None else {"leak": leak[0] == 1}
    if not found:
        return [uplink.ignored("an answer to a command")]
    return [uplink.event("leak_sensor", flags=flags, battery=_battery(found))]


def decode_em300_di(uplink: Uplink, context: Context) -> list[Decoded]:
    """A pulse counter; newer firmware multiplies by itself and sends water in a unit that only its settings know."""
    found = list(parts(uplink))
    latest = dict(found)
    if not found:
        return [uplink.ignored("an answer to a command")]
    alarm = latest.get((0x85, 0xE1))
    water = alarm or latest.get((0x05, 0xE1)) or latest.get((0x06, 0xE1))
    history = tuple(sorted(_history(uplink, found))) if HISTORY in latest or WATER_HISTORY in latest else ()
    if water is not None:
        (value,) = unpack_from("<f", water, 4)
        value, per_unit, kind = value if isfinite(value) else None, ledger_unit(uplink.device), "water_meter"
    else:
        pulses = latest.get((0x05, 0xC8))
        value = None if pulses is None else float(unpack_from("<I", pulses)[0])
        per_unit, kind = uplink.device.litres_per_pulse, "pulse_counter"
    result = register_or_event(
        uplink.message,
        uplink.device.device_id,
        uplink.at,
        value,
        per_unit,
        name="water" if water else "pulse counter",
        kind=kind,
        flags=WATER_ALARMS.get(alarm[8], {}) if alarm else {},
        battery=_battery(latest),
        history=history,
    )
    return [result, *_backfill(uplink, history)] if value is None else [result]


def _backfill(uplink: Uplink, history: tuple[PastRegister, ...]) -> list[Decoded]:
    """History that came without a present register: readings of their own time."""
    if not history:
        return []
    newest = history[-1]
    return [
        Reading(
            meter_id=uplink.device.device_id,
            at=newest.at,
            register_l=newest.register_l,
            gateway_id=uplink.message.gateway_id,
            kind="pulse_counter",
            history=history,
        )
    ]


def _history(uplink: Uplink, found: list[Part]) -> Iterator[PastRegister]:
    per_pulse, per_unit = uplink.device.litres_per_pulse, ledger_unit(uplink.device)
    for key, value in found:
        at = epoch(unpack_from("<I", value)[0]) if key in (HISTORY, WATER_HISTORY) else None
        if at and key == HISTORY and value[7] == COUNTS_PULSES and per_pulse is not None:
            pulses = unpack_from("<I", value, 9)[0]
            yield PastRegister(at=at, register_l=litres(pulses, per_pulse, "pulse counter"))
        if at and key == WATER_HISTORY and value[8] == COUNTS_PULSES and per_unit is not None:
            (water,) = unpack_from("<f", value, 14)
            yield PastRegister(at=at, register_l=litres(water, per_unit, "water"))


def _battery(found: Mapping[tuple[int, int], bytes]) -> dict[str, float]:
    level = found.get((0x01, 0x75))
    return {"percent": float(level[0])} if level and level[0] <= 100 else {}
