"""Shelly: flood, smoke, gas, door and motion sensors of both generations, and pulse inputs."""

from collections.abc import Mapping
from typing import Any

from domain.reading import AtSource, Decoded, Ignored
from ingest.codecs.contract import Context, Message
from ingest.codecs.outcomes import device_event, first_clock, register_or_event
from ingest.codecs.times import epoch
from ingest.codecs.values import RefusedError, number, parse_json, percent, shown, truth

OLD_SENSORS: Mapping[str, tuple[str, str, Mapping[str, bool]]] = {  # field: kind, flag, what its words mean
    "flood": ("leak_sensor", "leak", {"true": True, "false": False}),
    "smoke": ("smoke_detector", "smoke", {"true": True, "false": False}),
    "gas": ("gas_detector", "gas", {"none": False, "mild": True, "heavy": True, "test": False}),
    "state": ("door_contact", "open", {"open": True, "close": False}),
    "motion": ("motion_sensor", "motion", {"true": True, "false": False}),
}
NEW_SENSORS = {"flood": ("leak_sensor", "leak"), "smoke": ("smoke_detector", "smoke"), "gas": ("gas_detector", "gas")}
NOTIFICATIONS = ("NotifyStatus", "NotifyFullStatus")
SOS_PROFILE = "sos_button"  # the ledger says so of a button: any press is a call for help
NOT_PRESSES = ("", "btn_up", "button_up", "toggle")


def recognises(topic: str) -> bool:
    """shellies/<id>/..., and <id>/status/..., <id>/events/rpc, <id>/online of the second generation."""
    levels = topic.split("/")
    new = len(levels) >= 3 and ((levels[-2] == "status" and ":" in levels[-1]) or levels[-2:] == ["events", "rpc"])
    old = levels[0] == "shellies" and len(levels) > 1
    return old or new or (levels[0].startswith("shelly") and levels[-1] == "online")


def decode(message: Message, context: Context) -> list[Decoded]:
    """The first generation has a topic a value, the second a topic a component."""
    levels = message.topic.split("/")
    if levels[0] == "shellies":
        message.speaks_for_itself(levels[1])
        return [_old(message, context, levels[1:])]
    if levels[-1] == "online":
        return [_online(message, "/".join(levels[:-1]))]
    if levels[-1] == "rpc":
        return _notification(message, context, "/".join(levels[:-2]))
    at = first_clock(message)
    return _component(message, context, "/".join(levels[:-2]), (levels[-1], message.json()), at)


def _old(message: Message, context: Context, levels: list[str]) -> Decoded:
    if len(levels) == 2 and levels[1] == "online":
        return _online(message, levels[0])
    if len(levels) == 2 and levels[1] == "status" and message.payload[:1] == b"{":
        return _old_motion(message, levels[0])
    if len(levels) == 3 and levels[1] == "input_event":
        return _press(message, context, levels[0], message.object().get("event"), message.received)
    if len(levels) != 3 or levels[1] != "sensor" or levels[2] not in (*OLD_SENSORS, "battery"):
        return Ignored(f"{shown(message.topic)} carries no sensor that we know")
    at: tuple[Any, AtSource] = message.received
    text = message.text()
    if levels[2] == "battery":
        return device_event(message, levels[0], "device_status", at, battery=percent(parse_json(text)))
    kind, flag, words = OLD_SENSORS[levels[2]]
    flags = {flag: words[text]} if text in words else {}
    return device_event(message, levels[0], kind, at, flags=flags)


def _old_motion(message: Message, device_id: str) -> Decoded:
    """Shelly Motion tells all in one document; its time [s] is that of the movement."""
    document = message.object()
    told = truth(document.get("motion"))
    if told is None:
        return Ignored(f"status of {device_id} carries no motion")
    at = first_clock(message, (epoch(document.get("timestamp")), "meter"))
    return device_event(
        message, device_id, "motion_sensor", at, flags={"motion": told}, battery=percent(document.get("bat"))
    )


def _press(message: Message, context: Context, device_id: str, event: object, at: tuple[Any, AtSource]) -> Decoded:
    device = context.device(device_id)
    if device is None or device.profile != SOS_PROFILE or not isinstance(event, str) or event in NOT_PRESSES:
        return Ignored(
            f"{shown(event)} of {device_id} is no SOS: the ledger must say profile {SOS_PROFILE} for a button"
        )
    return device_event(message, device_id, "sos_button", at, flags={"sos": True})


def _online(message: Message, device_id: str) -> Decoded:
    """Battery devices sleep: their false is no fault."""
    text = message.text()
    if text not in ("true", "false"):
        raise RefusedError(f"online: true or false was expected, not {shown(text)}")
    return device_event(message, device_id, "device_status", message.received, flags={"online": text == "true"})


def _notification(message: Message, context: Context, device_id: str) -> list[Decoded]:
    document = message.object()
    params = document.get("params")
    if document.get("method") == "NotifyEvent" and type(params) is dict and type(params.get("events")) is list:
        return [_event(message, context, device_id, event) for event in params["events"] if type(event) is dict]
    if document.get("method") not in NOTIFICATIONS or type(params) is not dict:
        return [Ignored(f"{shown(document.get('method'))} of {device_id} is no status")]
    at = first_clock(message, (epoch(params.get("ts")), "gateway"))
    parts = [(name, value) for name, value in params.items() if ":" in name]
    return [result for part in parts for result in _component(message, context, device_id, part, at)]


def _event(message: Message, context: Context, device_id: str, event: Mapping[str, Any]) -> Decoded:
    """Of a button; what sensors notice comes as their status, too."""
    component = str(event.get("component"))
    if not component.startswith(("input:", "bthomedevice:")):
        return Ignored(f"event of {shown(component)} of {device_id} is told by its status")
    name = device_id if component == "input:0" else f"{device_id}-{component.replace(':', '')}"
    at = first_clock(message, (epoch(event.get("ts")), "gateway"))
    return _press(message, context, name, event.get("event"), at)


def _component(
    message: Message, context: Context, device_id: str, part: tuple[str, Any], at: tuple[Any, AtSource]
) -> list[Decoded]:
    """An alarm of null is unknown, not false."""
    name, value = part
    component, _, place = name.partition(":")
    if type(value) is not dict:
        raise RefusedError(f"{name}: an object was expected, not {shown(value)}")
    if component in NEW_SENSORS:
        kind, flag = NEW_SENSORS[component]
        told = truth(value.get("alarm"))
        flags = {} if told is None else {flag: told}
        return [device_event(message, device_id, kind, at, flags=flags)]
    if component == "devicepower" and type(value.get("battery")) is dict:
        return [device_event(message, device_id, "device_status", at, battery=percent(value["battery"].get("percent")))]
    if component == "input" and type(value.get("counts")) is dict:
        meter_id = f"{device_id}-input{place}"
        device = context.device(meter_id) or context.device(device_id)
        per_pulse = device.litres_per_pulse if device is not None else None
        pulses = number(value["counts"], "total")
        return [register_or_event(message, meter_id, at, pulses, per_pulse, name="counts.total", kind="pulse_counter")]
    return [Ignored(f"component {shown(name)} of {device_id} is not for us")]
