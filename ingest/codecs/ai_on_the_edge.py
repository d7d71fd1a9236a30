"""AI-on-the-edge: a camera reads the dial; topics value, json, error and more below <main topic>[/<number>]."""

import re

from domain.reading import Decoded, Ignored
from ingest.codecs.contract import Context, Message
from ingest.codecs.outcomes import device_event, first_clock, ledger_unit, register_or_event
from ingest.codecs.rtlamr2mqtt import NOT_WATER
from ingest.codecs.times import clock
from ingest.codecs.values import litres_per, number_from_text, shown

FIELDS = frozenset({"value", "json", "error", "connection", "raw", "rate", "timestamp", "changeabsolut",
                    "rate_per_time_unit", "rate_per_digitization_round"})  # fmt: skip
METER = re.compile(r"water|wasser|meter|zaehler|zähler|compteur|contador|(^|/)main/")
NO_ERROR = frozenset({"", "no error"})


def recognises(topic: str) -> bool:
    """The main topic is free; it is known by its fields below something called a meter."""
    rest, _, field = topic.rpartition("/")
    return field in FIELDS and METER.search(f"{rest.lower()}/") is not None


def decode(message: Message, context: Context) -> list[Decoded]:
    """The device's id is the topic above the field; the unit is set in the device alone."""
    device_id, _, field = message.topic.rpartition("/")
    if field == "value":
        return [_value(message, context, device_id)]
    if field == "json":
        return [_json(message, context, device_id)]
    if field == "error":
        text = message.text()
        context.memory["ai_error", device_id] = text.lower() not in NO_ERROR
        if text.lower() not in NO_ERROR:
            return [Ignored(f"{device_id} couldn't be read: {shown(text)}")]
        return [device_event(message, device_id, "device_status", message.received)]
    if field == "connection":
        flags = {"online": message.text() == "connected"}
        return [device_event(message, device_id, "device_status", message.received, flags=flags)]
    return [Ignored(f"{field} of {device_id} is no register")]


def _value(message: Message, context: Context, device_id: str) -> Decoded:
    """Told also where the dial couldn't be read, then the old one; that comes afterwards, under `error`."""
    if context.memory.get(("ai_error", device_id)):
        return Ignored(f"{device_id} couldn't be read in the round before: its value may be an old one")
    return _reading(message, context, device_id, message.text(), None)


def _json(message: Message, context: Context, device_id: str) -> Decoded:
    """With an error, `value` is the last one that could be read: not now's."""
    document = message.object()
    error = document.get("error")
    if isinstance(error, str) and error.lower() not in NO_ERROR:
        return Ignored(f"{device_id} couldn't be read: {shown(error)}")
    return _reading(message, context, device_id, document.get("value"), document.get("timestamp"))


def _reading(message: Message, context: Context, device_id: str, value: object, time: object) -> Decoded:
    device = context.device(device_id)
    at = first_clock(message, (clock(time, context.zone(device)), "gateway"))
    register = number_from_text(value, "value")
    if register is None:
        return Ignored(f"value of {device_id} is empty")
    unit, medium = context.memory.get(("unit", f"{device_id}/value"), (None, None))
    if medium in NOT_WATER and device is None:
        return Ignored(f"{device_id} is a meter of {medium}")
    return register_or_event(message, device_id, at, register, ledger_unit(device) or litres_per(unit), name="value")
