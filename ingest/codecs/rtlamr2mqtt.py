"""rtlamr2mqtt: registers of ERT meters; the unit is its user's, told in Home Assistant's discovery or in the ledger."""

from collections.abc import Mapping
from typing import Any

from domain.reading import Decoded, Ignored
from ingest.codecs.contract import Context, Message
from ingest.codecs.outcomes import device_event, first_clock, ledger_unit, register_or_event
from ingest.codecs.times import clock
from ingest.codecs.values import RefusedError, checked_id, litres_per, number_from_text, shown

NOT_WATER = frozenset({"gas", "energy", "power"})


def recognises(topic: str) -> bool:
    """The default base topic."""
    return topic.startswith("rtlamr/")


def recognises_discovery(topic: str) -> bool:
    """Home Assistant's discovery, where the unit of a state topic is told."""
    return topic.startswith("homeassistant/") and topic.endswith("/config")


def decode(message: Message, context: Context) -> list[Decoded]:
    """rtlamr/status, rtlamr/<id>/state and rtlamr/<id>/attributes."""
    levels = message.topic.split("/")
    if levels[1:] == ["status"]:
        return [_status(message)]
    if len(levels) != 3 or levels[2] != "state":
        return [Ignored(f"{shown(message.topic)} carries no register")]
    meter_id = checked_id(levels[1], "meter id of the topic")
    document = message.object() if message.payload[:1] == b"{" else {"reading": message.text()}
    value = number_from_text(document.get("reading"), "reading")
    unit, medium = context.memory.get(("unit", message.topic), (None, None))
    if medium in NOT_WATER and context.device(meter_id) is None:
        return [Ignored(f"{meter_id} is a meter of {medium}")]
    per_unit = ledger_unit(context.device(meter_id)) or litres_per(unit)
    at = first_clock(message, (clock(document.get("lastseen"), None), "gateway"))
    return [register_or_event(message, meter_id, at, value, per_unit, name="reading")]


def decode_discovery(message: Message, context: Context) -> list[Decoded]:
    """Remembers the unit and the medium of each state topic; there is no reading in it."""
    document = message.object()
    parts = document.get("components")
    for part in [document, *(parts.values() if type(parts) is dict else [])]:
        topic = _state_topic(part, document) if type(part) is dict and "unit_of_measurement" in part else None
        if topic is not None:
            context.memory["unit", topic] = (part["unit_of_measurement"], part.get("device_class"))
    return [Ignored("a discovery message is no reading")]


def _state_topic(part: Mapping[str, Any], whole: Mapping[str, Any]) -> str | None:
    """As the codecs see it: `~` is the base topic, and the prefix `anju/<gateway>/` isn't theirs."""
    topic, base = part.get("state_topic", whole.get("state_topic")), whole.get("~")
    if not isinstance(topic, str):
        return None
    topic = topic.replace("~", base, 1) if isinstance(base, str) else topic
    return topic.split("/", 2)[2] if topic.startswith("anju/") and topic.count("/") > 1 else topic


def _status(message: Message) -> Decoded:
    text = message.text()
    if text not in ("online", "offline"):
        raise RefusedError(f"status: online or offline was expected, not {shown(text)}")
    at: Any = message.received
    return device_event(message, message.gateway_id, "gateway_status", at, flags={"online": text == "online"})
