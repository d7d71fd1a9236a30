"""Home Assistant's statestream: bare states; unit and device class come on topics of their own and are remembered."""

import re
from collections.abc import Mapping
from datetime import UTC

from domain.reading import Decoded, Ignored
from ingest.codecs.contract import Context, Message
from ingest.codecs.outcomes import device_event, ledger_unit, register_or_event
from ingest.codecs.times import clock
from ingest.codecs.values import LITRES, litres_per, number_from_text, parse_json, shown

DOMAINS = frozenset({"sensor", "binary_sensor", "event"})
SOS_NAMES = frozenset({"sos", "panic", "emergency"})
REMEMBERED = ("unit_of_measurement", "device_class")
UNKNOWN_STATES = frozenset({"unknown", "unavailable", "none", ""})
REGISTER_NAME = re.compile(r"water.*(total|meter|consum|volume|usage|index|register|reading)|(total|meter).*water")
PERIOD_NAME = re.compile(r"daily|today|yesterday|hour|week|month|year|last|since")
OTHER_NAME = re.compile(
    r"daily|today|hour|week|month|year|last|target|temp|flow|rate|pressure|cost|price|heat|gas|battery|rssi|date"
)
KINDS: Mapping[str, tuple[str, str]] = {  # device class or word in the name: kind, flag
    "moisture": ("leak_sensor", "leak"), "leak": ("leak_sensor", "leak"), "flood": ("leak_sensor", "leak"),
    "smoke": ("smoke_detector", "smoke"), "gas": ("gas_detector", "gas"),
    "carbon_monoxide": ("gas_detector", "carbon_monoxide"),
    "sos": ("sos_button", "sos"), "panic": ("sos_button", "sos"), "emergency": ("sos_button", "sos"),
    "door": ("door_contact", "open"), "window": ("door_contact", "open"), "opening": ("door_contact", "open"),
    "garage_door": ("door_contact", "open"), "motion": ("motion_sensor", "motion"),
    "occupancy": ("motion_sensor", "motion"), "presence": ("motion_sensor", "motion"),
    "connectivity": ("device_status", "online"),
}  # fmt: skip
NOT_ALARMS = re.compile(r"test|fault|tamper|battery|low|valve|mute|preheat|problem")


def recognises(topic: str) -> bool:
    """<base topic>/<domain>/<object>/<state or attribute>."""
    levels = topic.split("/")
    return len(levels) >= 4 and levels[-3] in DOMAINS


def decode(message: Message, context: Context) -> list[Decoded]:
    """State is bare (6.408, on), attributes are JSON ("DRY", "m³")."""
    *_, domain, entity, field = message.topic.split("/")
    device_id = f"{domain}.{entity}"
    if field in REMEMBERED:
        context.memory["ha", device_id, field] = parse_json(message.payload)
        return [Ignored(f"{field} of {device_id} remembered")]
    if field != "state":
        return [Ignored(f"{field} of {device_id} is an attribute")]
    state = message.text()
    if state.lower() in UNKNOWN_STATES:
        return [Ignored(f"state of {device_id} is {shown(state)}")]
    if domain == "event":
        return [_event(message, context, device_id, entity.lower(), state)]
    if domain == "binary_sensor":
        return [_binary(message, context, device_id, entity.lower(), state)]
    return [_sensor(message, context, device_id, entity.lower(), state)]


def _sensor(message: Message, context: Context, device_id: str, entity: str, state: str) -> Decoded:
    unit = context.memory.get(("ha", device_id, "unit_of_measurement"))
    medium = context.memory.get(("ha", device_id, "device_class"))
    ledger = ledger_unit(context.device(device_id))
    named = REGISTER_NAME.search(entity) is not None and OTHER_NAME.search(entity) is None
    if entity.endswith("_action") and state.lower() in SOS_NAMES:
        return device_event(message, device_id, "sos_button", message.received, flags={"sos": True})
    water = medium == "water" and PERIOD_NAME.search(entity) is None
    if ledger is None and not (water or (medium is None and named)):
        return Ignored(f"{device_id} is no water meter by its device_class, its name or the ledger")
    value = number_from_text(state, "state")
    per_unit = ledger or (litres_per(unit) if unit is not None else _unit_by_decimals(state))
    return register_or_event(message, device_id, message.received, value, per_unit, name="state")


def _event(message: Message, context: Context, device_id: str, entity: str, state: str) -> Decoded:
    """A button's state is the time of its last press."""
    device, at = context.device(device_id), clock(state, UTC)
    told = SOS_NAMES.intersection(entity.split("_")) or (device is not None and device.profile == "sos_button")
    if not told or at is None:
        return Ignored(f"{device_id} is no SOS button by its name or the ledger (profile sos_button)")
    return device_event(message, device_id, "sos_button", (at, "gateway"), flags={"sos": True})


def _unit_by_decimals(state: str) -> float | None:
    """Before its unit has come: three decimals are litres of a cubic metre, Home Assistant's own unit for water."""
    return LITRES["m3"] if len(state.partition(".")[2]) == 3 else None


def _binary(message: Message, context: Context, device_id: str, entity: str, state: str) -> Decoded:
    medium = context.memory.get(("ha", device_id, "device_class"))
    known = KINDS.get(medium) if isinstance(medium, str) else _by_name(entity)
    if known is None or state not in ("on", "off"):
        return Ignored(f"{device_id} {shown(state)} is no sensor that we know by its device_class or its name")
    kind, flag = known
    return device_event(message, device_id, kind, message.received, flags={flag: state == "on"})


def _by_name(entity: str) -> tuple[str, str] | None:
    if NOT_ALARMS.search(entity):
        return None
    return next((known for word, known in KINDS.items() if word in entity.split("_")), None)
