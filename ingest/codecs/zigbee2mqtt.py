"""Zigbee2MQTT: leak, smoke, gas, SOS, door and motion sensors, and water meters, by the names of their exposes."""

from collections.abc import Mapping
from typing import Any

from domain.reading import Decoded, Ignored
from ingest.codecs.contract import Context, Message
from ingest.codecs.outcomes import device_event, first_clock, ledger_unit, register_or_event
from ingest.codecs.times import clock, epoch
from ingest.codecs.values import RefusedError, number_from_text, parse_json, shown, truth

ALARMS = (  # expose, flag, kind; the first that a payload has gives the kind
    ("smoke", "smoke", "smoke_detector"),
    ("gas", "gas", "gas_detector"),
    ("carbon_monoxide", "carbon_monoxide", "gas_detector"),
    ("water_leak", "leak", "leak_sensor"),
    ("sos", "sos", "sos_button"),
    ("contact", "open", "door_contact"),
    ("occupancy", "motion", "motion_sensor"),
    ("presence", "motion", "motion_sensor"),
    ("motion", "motion", "motion_sensor"),
)
ALSO = (("tamper", "tamper"), ("battery_low", "low_battery"), ("fault", "fault"))
REGISTERS = ("water_consumed", "total_water_consumption", "water_total")
SOS_ACTIONS = frozenset({"emergency", "sos", "panic"})
SOS_PROFILE = "sos_button"  # the ledger says so of an ordinary button: any action is an SOS
SCALARS = frozenset({name for name, _, _ in ALARMS} | {name for name, _ in ALSO} | {"action", "battery", *REGISTERS})


def recognises(topic: str) -> bool:
    """The default base topic."""
    return topic.startswith("zigbee2mqtt/")


def decode(message: Message, context: Context) -> list[Decoded]:
    """The device's id is its friendly name: the topic below the base topic."""
    name = message.topic.partition("/")[2]
    if name == "bridge/state":
        state = _state(message)
        return [device_event(message, message.gateway_id, "gateway_status", message.received, flags={"online": state})]
    if name.startswith("bridge/") or name.rpartition("/")[2] in ("set", "get"):
        return [Ignored(f"{shown(name)} of the bridge carries no sensor")]
    if name.endswith("/availability"):
        flags = {"online": _state(message)}
        return [
            device_event(message, name.removesuffix("/availability"), "device_status", message.received, flags=flags)
        ]
    return [_device(message, context, name)]


def _device(message: Message, context: Context, name: str) -> Decoded:
    last = name.rpartition("/")[2]
    if last in SCALARS and message.payload[:1] != b"{":  # output: attribute
        text = message.text()
        document = {last: text if last == "action" else parse_json(text or "null")}
        return _exposes(message, context, name.rpartition("/")[0], document)
    return _exposes(message, context, name, message.object())


def _exposes(message: Message, context: Context, name: str, document: Mapping[str, Any]) -> Decoded:
    device = context.device(name)
    seen = document.get("last_seen")
    at = first_clock(message, (clock(seen, context.zone(device)), "gateway"), (epoch(seen, 1000.0), "gateway"))
    flags, kind = _flags(document)
    battery = _battery(document)
    register = next((field for field in REGISTERS if field in document), None)
    if register is not None:
        value, per_unit = number_from_text(document[register], register), ledger_unit(device)
        return register_or_event(message, name, at, value, per_unit, name=register, flags=flags, battery=battery)
    if kind is None and "action" in document:
        pressed = _sos(document["action"], any_action=device is not None and device.profile == SOS_PROFILE)
        if pressed is None:
            return Ignored(f"action {shown(document['action'])} of {name} is no SOS")
        flags, kind = {**flags, "sos": pressed}, "sos_button"
    if kind is None:
        return Ignored(f"{name} has nothing that we know: {', '.join(document)[:100]}")
    return device_event(message, name, kind, at, flags=flags, battery=battery)


def _flags(document: Mapping[str, Any]) -> tuple[dict[str, bool], str | None]:
    flags: dict[str, bool] = {}
    kind = None
    for expose, flag, its_kind in ALARMS:
        value = truth(document.get(expose))
        if value is not None:
            flags[flag] = not value if expose == "contact" else value
            kind = kind or its_kind
    for expose, flag in ALSO:
        if kind is not None and (value := truth(document.get(expose))) is not None:
            flags[flag] = value
    return flags, kind


def _sos(action: Any, *, any_action: bool) -> bool | None:
    """Null and "" are no press; None where it is another button's action."""
    if action is None or action == "":
        return False
    return True if any_action or action in SOS_ACTIONS else None


def _battery(document: Mapping[str, Any]) -> dict[str, float]:
    percent = number_from_text(document.get("battery"), "battery")
    return {"percent": percent} if percent is not None and 0 <= percent <= 100 else {}


def _state(message: Message) -> bool:
    """`online`, or since 2.0 {"state": "online"}."""
    text = message.text()
    state = parse_json(text) if text[:1] == "{" else text
    state = state.get("state") if isinstance(state, dict) else state
    if state not in ("online", "offline"):
        raise RefusedError(f"state: online or offline was expected, not {shown(state)}")
    return bool(state == "online")
