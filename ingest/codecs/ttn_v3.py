"""The Things Stack v3: uplinks on `v3/<application>@<tenant>/devices/<device>/up`."""

from collections.abc import Mapping
from typing import Any

from domain.reading import Decoded, Ignored
from ingest.codecs.contract import Context, Message
from ingest.codecs.lorawan import decode_uplink, from_base64
from ingest.codecs.outcomes import first_clock
from ingest.codecs.times import clock
from ingest.codecs.values import RefusedError, checked_id, shown


def recognises(topic: str) -> bool:
    """The stack's own topics."""
    return topic.startswith("v3/") and "/devices/" in topic


def fits(document: Any) -> bool:
    """Whether a JSON document on any topic is such a message."""
    return type(document) is dict and type(document.get("end_device_ids")) is dict


def decode(message: Message, context: Context) -> list[Decoded]:
    """Uplinks carry a frame; joins, downlinks and service data nothing for us."""
    document = message.object()
    ids = document.get("end_device_ids")
    if type(ids) is not dict:
        raise RefusedError(f"end_device_ids: an object was expected, not {shown(ids)}")
    if recognises(message.topic):
        message.speaks_for_itself(message.topic.split("/")[1])
    device_id = checked_id(ids.get("dev_eui", ids.get("device_id")), "end_device_ids.dev_eui")
    uplink = document.get("uplink_message")
    if type(uplink) is not dict:
        kind = next((name for name in document if name.endswith(("_accept", "_message", "_data"))), "no uplink")
        return [Ignored(f"{kind} of {device_id}")]
    heard = [clock(gateway.get("time"), None) for gateway in _gateways(uplink)]
    at = first_clock(
        message,
        (clock(document.get("received_at"), None), "network"),
        (clock(uplink.get("received_at"), None), "network"),
        *((time, "gateway") for time in heard),
    )
    return decode_uplink(
        message,
        context,
        device_id,
        at,
        port=uplink.get("f_port"),
        data=from_base64(uplink.get("frm_payload"), "frm_payload"),
        decoded=uplink.get("decoded_payload"),
    )


def _gateways(uplink: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    received = uplink.get("rx_metadata")
    return [gateway for gateway in received if type(gateway) is dict] if type(received) is list else []
