"""ChirpStack v3: the same topics as v4, other names; ids in hexadecimal or base64, the object perhaps as text."""

from collections.abc import Mapping
from typing import Any

from domain.reading import Decoded
from ingest.codecs.chirpstack_v4 import decode_event, recognises, same_device, speaks_for_application, told_by
from ingest.codecs.contract import Context, Message
from ingest.codecs.lorawan import from_base64
from ingest.codecs.outcomes import first_clock
from ingest.codecs.times import clock
from ingest.codecs.values import RefusedError, checked_id, parse_json, shown

OLD_TYPES = {"rx": "up"}  # before 3.11: application/<id>/device/<devEUI>/rx


def fits(document: Any) -> bool:
    """Whether a JSON document on any topic is such an event."""
    return type(document) is dict and "devEUI" in document and "applicationID" in document


def decode(message: Message, context: Context) -> list[Decoded]:
    """`up` carries a frame, `status` the battery; the rest (join, ack, error, ...) nothing for us."""
    document = message.object()
    speaks_for_application(message)
    device_id = same_device(message.topic, _eui(document, message.topic))
    times = [clock(gateway.get("time"), None) for gateway in _gateways(document)]
    at = first_clock(message, *((time, "gateway") for time in times))
    event = told_by(message.topic).event or ("status" if "margin" in document else "up")
    event = OLD_TYPES.get(event, event)
    decoded = _object(document) if event == "up" else None
    return decode_event(message, context, (event, document, decoded), device_id, at)


def _eui(document: Mapping[str, Any], topic: str) -> str:
    """Eight bytes as base64 where they aren't the sixteen digits that the topic has."""
    value = document.get("devEUI")
    if isinstance(value, str) and len(value) == 12 and recognises(topic):
        eui = from_base64(value, "devEUI")
        if isinstance(eui, RefusedError):
            raise eui
        return (eui or b"").hex()
    return checked_id(value, "devEUI")


def _gateways(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    received = document.get("rxInfo")
    return [gateway for gateway in received if type(gateway) is dict] if type(received) is list else []


def _object(document: Mapping[str, Any]) -> Any:
    text = document.get("objectJSON")
    if isinstance(text, str) and text:
        return parse_json(text)
    if text is not None and text != "":
        raise RefusedError(f"objectJSON: a text was expected, not {shown(text)}")
    return document.get("object")
