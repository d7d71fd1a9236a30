"""Tasmota: pulse counters in SENSOR messages, and the device's last will."""

from typing import Any

from domain.reading import Decoded, Ignored
from ingest.codecs.contract import (
    Context,
    Message,
    RefusedError,
    checked_id,
    clock,
    device_event,
    first_clock,
    number,
    register_or_event,
    shown,
)

PREFIXES = ("tele", "stat", "cmnd")


def recognises(topic: str) -> bool:
    """tele/<device>/SENSOR and the like, or with the prefix second."""
    levels = topic.split("/")
    return len(levels) >= 3 and (levels[0] in PREFIXES or levels[-2] in PREFIXES)


def decode(message: Message, context: Context) -> list[Decoded]:
    """Counters are pulses: the ledger says the litres per pulse. A counter that was set back is a reset register."""
    levels = message.topic.split("/")
    name = checked_id("-".join(levels[1:-1] if levels[0] in PREFIXES else levels[:-2]), "device of the topic")
    message.speaks_for_itself(name)
    if levels[-1] == "LWT":
        return [_last_will(message, name)]
    if levels[-1] not in ("SENSOR", "STATUS8", "STATUS10"):
        return [Ignored(f"{levels[-1]} of {name} carries no counter")]
    document = message.object()
    document = document.get("StatusSNS", document)
    counters = document.get("COUNTER") if type(document) is dict else None
    if type(counters) is not dict:
        return [Ignored(f"SENSOR of {name} has no COUNTER")]
    return [_counter(message, context, name, field, document) for field in counters if field[:1] == "C"]


def _counter(message: Message, context: Context, name: str, field: str, document: dict[str, Any]) -> Decoded:
    """C1 is the device itself; further counters add their name."""
    meter_id = name if field == "C1" else f"{name}-{field}"
    device = context.device(meter_id)
    at = first_clock(message, (clock(document.get("Time"), context.zone(device)), "gateway"))
    per_pulse = device.litres_per_pulse if device is not None else None
    value = number(document["COUNTER"], field)
    return register_or_event(message, meter_id, at, value, per_pulse, name=field, kind="pulse_counter")


def _last_will(message: Message, name: str) -> Decoded:
    text = message.text()
    if text not in ("Online", "Offline"):
        raise RefusedError(f"LWT: Online or Offline was expected, not {shown(text)}")
    return device_event(message, name, "device_status", message.received, flags={"online": text == "Online"})
