"""Netmore: an array of uplinks, numbers as text, the frame in hexadecimal under `Payload`."""

from typing import Any

from domain.reading import Decoded, Ignored, Refused
from ingest.codecs.contract import Context, Message
from ingest.codecs.lorawan import decode_uplink, from_hex
from ingest.codecs.outcomes import first_clock
from ingest.codecs.times import clock
from ingest.codecs.values import RefusedError, checked_id, shown


def recognises(topic: str) -> bool:
    """The topic is set in Netmore's portal; this is the one that we propose."""
    return topic.startswith("netmore/")


def fits(document: Any) -> bool:
    """Whether a JSON document on any topic is such an array."""
    first = document[0] if type(document) is list and document else document
    return type(first) is dict and "devEui" in first and ("Payload" in first or "payload" in first)


def decode(message: Message, context: Context) -> list[Decoded]:
    """Each element stands for itself."""
    document = message.json()
    uplinks = document if type(document) is list else [document]
    return [result for i, uplink in enumerate(uplinks) for result in _kept_apart(message, context, uplink, i)]


def _kept_apart(message: Message, context: Context, uplink: Any, place: int) -> list[Decoded]:
    try:
        return _uplink(message, context, uplink)
    except RefusedError as error:
        return [Refused(f"[{place}] {error}")]


def _uplink(message: Message, context: Context, uplink: Any) -> list[Decoded]:
    if type(uplink) is not dict:
        raise RefusedError(f"an uplink was expected, not {shown(uplink)}")
    device_id = checked_id(uplink.get("devEui"), "devEui")
    data = uplink.get("Payload", uplink.get("payload"))
    if data is None:
        return [Ignored(f"message of type {shown(uplink.get('messageType'))} of {device_id}")]
    at = first_clock(message, (clock(uplink.get("timestamp"), None), "network"))
    frame = from_hex(data, "Payload")
    return decode_uplink(message, context, device_id, at, port=uplink.get("fPort"), data=frame, decoded=None)
