"""Tasmota: pulse counters in SENSOR messages, and the device's last will."""

from collections.abc import Mapping
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
    counters = _counters(document) if type(document) is dict else {}
    if not counters:
        return [Ignored(f"SENSOR of {name} has no COUNTER")]
    return [_counter(message, context, name, (field, counters), document.get("Time")) for field in counters]


def _counters(document: Mapping[str, Any]) -> dict[str, Any]:
    """COUNTER: {C1, ...}; the oldest versions had Counter1 and so on beside Time."""
    told = document.get("COUNTER")
    if type(told) is dict:
        return {name: value for name, value in told.items() if name[:1] == "C"}
    return {f"C{n}": document[f"Counter{n}"] for n in range(1, 9) if f"Counter{n}" in document}


def _counter(
    message: Message, context: Context, name: str, counter: tuple[str, Mapping[str, Any]], time: object
) -> Decoded:
    """C1 is the device itself; further counters add their name."""
    field, counters = counter
    meter_id = name if field == "C1" else f"{name}-{field}"
    device = context.device(meter_id)
    at = first_clock(message, (clock(time, context.zone(device)), "gateway"))
    per_pulse = device.litres_per_pulse if device is not None else None
    value = number(counters, field)
    return register_or_event(message, meter_id, at, value, per_pulse, name=field, kind="pulse_counter")


def _last_will(message: Message, name: str) -> Decoded:
    text = message.text()
    if text not in ("Online", "Offline"):
        raise RefusedError(f"LWT: Online or Offline was expected, not {shown(text)}")
    return device_event(message, name, "device_status", message.received, flags={"online": text == "Online"})
