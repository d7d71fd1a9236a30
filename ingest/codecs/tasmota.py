"""Tasmota: pulse counters in SENSOR messages, and the device's last will."""

from collections.abc import Mapping
from typing import Any

from domain.reading import Decoded, Ignored
from ingest.codecs.contract import Context, Message
from ingest.codecs.outcomes import device_event, first_clock, register_or_event
from ingest.codecs.times import clock
from ingest.codecs.values import RefusedError, checked_id, number, shown

ZIGBEE: Mapping[str, tuple[str, str]] = {  # zone status of a Zigbee device: flag, kind
    "Fire": ("smoke", "smoke_detector"),
    "CO": ("carbon_monoxide", "gas_detector"),
    "Water": ("leak", "leak_sensor"),
    "PersonalAlarm": ("sos", "sos_button"),
    "Contact": ("open", "door_contact"),
    "Occupancy": ("motion", "motion_sensor"),
}
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
    if type(document.get("ZbReceived")) is dict:
        return [_zigbee(message, name, *heard) for heard in document["ZbReceived"].items()]
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
    if value is not None and not value.is_integer():
        return Ignored(f"{field} {value:g} of {meter_id} is the length of a pulse, not a count: CounterType must be 0")
    return register_or_event(message, meter_id, at, value, per_pulse, name=field, kind="pulse_counter")


def _zigbee(message: Message, bridge: str, short: str, told: Any) -> Decoded:
    """What a Zigbee device said to a Tasmota bridge; it is known by its name, else by its short address."""
    if type(told) is not dict:
        raise RefusedError(f"ZbReceived.{short}: an object was expected, not {shown(told)}")
    name = checked_id(told.get("Name", short), "Name")
    found = next((known for known in ZIGBEE if told.get(known) in (0, 1)), None)
    if found is None:
        return Ignored(f"{name} behind {bridge} says nothing that we know")
    flag, kind = ZIGBEE[found]
    percent = number(told, "BatteryPercentage")
    battery = {"percent": percent} if percent is not None and 0 <= percent <= 100 else {}
    return device_event(message, name, kind, message.received, flags={flag: told[found] == 1}, battery=battery)


def _last_will(message: Message, name: str) -> Decoded:
    text = message.text()
    if text not in ("Online", "Offline"):
        raise RefusedError(f"LWT: Online or Offline was expected, not {shown(text)}")
    return device_event(message, name, "device_status", message.received, flags={"online": text == "Online"})
