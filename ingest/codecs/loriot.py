"""LORIOT: uplinks as `rx` or, with all gateways that heard them, `gw`; the frame in hexadecimal."""

from typing import Any

from domain.reading import Decoded, Ignored
from ingest.codecs.contract import Context, Message
from ingest.codecs.lorawan import decode_uplink, from_hex
from ingest.codecs.outcomes import first_clock
from ingest.codecs.times import epoch
from ingest.codecs.values import RefusedError, checked_id


def recognises(topic: str) -> bool:
    """The topic is set in LORIOT's output; this is the one that we propose."""
    return topic.startswith("loriot/")


def fits(document: Any) -> bool:
    """Whether a JSON document on any topic is such a message."""
    return type(document) is dict and "cmd" in document and "EUI" in document


def decode(message: Message, context: Context) -> list[Decoded]:
    """`rx` and `gw` tell of the same uplink with the same time, so that what comes twice is stored once."""
    document = message.object()
    device_id = checked_id(document.get("EUI"), "EUI")
    if document.get("cmd") not in ("rx", "gw"):
        return [Ignored(f"{document.get('cmd')!s:.40} of {device_id}")]
    if "data" not in document and "encdata" in document:
        raise RefusedError(f"data is missing for {device_id}: LORIOT must decrypt (set the application key there)")
    at = first_clock(message, (epoch(document.get("ts"), 1000.0), "network"))
    frame = from_hex(document.get("data"), "data")
    decoded = document.get("decoded")
    decoded = decoded.get("data", decoded) if type(decoded) is dict else None
    return decode_uplink(message, context, device_id, at, port=document.get("port"), data=frame, decoded=decoded)
