"""anju's own format for what is no meter: what a sensor notices, and whether a gateway is there."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.reading import AtSource, Decoded, DeviceEvent
from ingest.codecs.contract import Context, Message
from ingest.codecs.outcomes import device_event
from ingest.codecs.plain import each, time_of
from ingest.codecs.values import RefusedError, check_names, checked_id, percent, shown

EVENTS = {  # what is noticed: the kind of sensor, and its flag
    "sos": ("sos_button", "sos"),
    "leak": ("leak_sensor", "leak"),
    "smoke": ("smoke_detector", "smoke"),
    "gas": ("gas_detector", "gas"),
    "carbon_monoxide": ("gas_detector", "carbon_monoxide"),
    "open": ("door_contact", "open"),
    "motion": ("motion_sensor", "motion"),
}
SIGNS_OF_LIFE = ("open", "motion")
KNOWN = frozenset({"device_id", "event", "on", "at", "battery_percent"})
STATES = {b"online": True, b"offline": False}


def recognises(topic: str) -> bool:
    """Gateways publish on `anju/<gateway_id>/events`."""
    return topic == "events"


def recognises_status(topic: str) -> bool:
    """Their last will stands on `anju/<gateway_id>/status`."""
    return topic == "status"


def decode(message: Message, _context: Context) -> list[Decoded]:
    """Each element stands for itself: one bad event doesn't lose its neighbours."""
    return each(message, _event, "an event", "events")


def decode_status(message: Message, _context: Context) -> list[Decoded]:
    """`online` or `offline`, of the gateway itself."""
    online = STATES.get(message.payload.strip())
    if online is None:
        raise RefusedError(f"status: online or offline was expected, not {shown(message.payload)}")
    return [device_event(message, message.gateway_id, "gateway_status", message.received, flags={"online": online})]


def _event(message: Message, document: Mapping[str, Any]) -> DeviceEvent:
    check_names(document, KNOWN, "an event")
    event = document.get("event")
    if not isinstance(event, str) or event not in EVENTS:
        raise RefusedError(f"event: {shown(event)} is none of {', '.join(EVENTS)}")
    on = document.get("on", True)
    if type(on) is not bool:
        raise RefusedError(f"on: true or false was expected, not {shown(on)}")
    device_id = checked_id(document.get("device_id"), "device_id")
    kind, flag = EVENTS[event]
    at, lacks = _time(message, document, event)
    return device_event(message, device_id, kind, at, flags={flag: on}, battery=_battery(document), lacks=lacks)


def _time(message: Message, document: Mapping[str, Any], event: str) -> tuple[tuple[datetime, AtSource], str | None]:
    """An alarm is one, whatever the sensor's clock says: without a time that can be read it is of its receipt.

    A door or motion is not: nobody can tell whether it was held up, and it would pass for somebody at home now.
    """
    try:
        return time_of(message, document), None
    except RefusedError as e:
        if event in SIGNS_OF_LIFE:
            raise
        return message.received, str(e)


def _battery(document: Mapping[str, Any]) -> dict[str, float]:
    level = document.get("battery_percent")
    battery = percent(level)
    if level is not None and not battery:
        raise RefusedError(f"battery_percent: a number from 0 to 100 was expected, not {shown(level)}")
    return battery
