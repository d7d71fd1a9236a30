"""anju's own format: one reading as a JSON object, or several in an array."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from domain.reading import AtSource, Decoded, Reading, Refused
from ingest.codecs.contract import Context, Message
from ingest.codecs.times import clock
from ingest.codecs.values import RefusedError, check_names, checked_id, litres, number, shown

REGISTERS = (("register_l", 1.0), ("register_m3", 1000.0))
KNOWN = frozenset({"meter_id", "at", "register_l", "register_m3", "flags", "battery"})


def recognises(topic: str) -> bool:
    """Gateways publish on `anju/<gateway_id>/readings`."""
    return topic == "readings"


def fits(document: Any) -> bool:
    """Whether a JSON document on any topic is this format."""
    first = document[0] if type(document) is list and document else document
    return type(first) is dict and "meter_id" in first and ("register_l" in first or "register_m3" in first)


def decode(message: Message, context: Context) -> list[Decoded]:
    """Each element stands for itself: one bad reading doesn't lose its neighbours."""
    return each(message, _reading, "a reading", "readings")


def each(message: Message, of: Callable[[Message, dict[str, Any]], Decoded], one: str, more: str) -> list[Decoded]:
    """One JSON object or an array of them, `of` each; what an element is refused for stands with its place."""
    document = message.json()
    if type(document) is dict:
        return [of(message, document)]
    if type(document) is not list or not document:
        raise RefusedError(f"payload: {one} or an array of {more} was expected, not {shown(document)}")
    return [_kept_apart(message, element, i, of, one) for i, element in enumerate(document)]


def _kept_apart(
    message: Message, element: Any, place: int, of: Callable[[Message, dict[str, Any]], Decoded], one: str
) -> Decoded:
    if type(element) is not dict:
        return Refused(f"[{place}] {one} was expected, not {shown(element)}")
    try:
        return of(message, element)
    except RefusedError as error:
        return Refused(f"[{place}] {error}")


def _reading(message: Message, document: dict[str, Any]) -> Reading:
    check_names(document, KNOWN, "a reading")
    at, at_source = time_of(message, document)
    meter_id, register_l = checked_id(document.get("meter_id"), "meter_id"), _register(document)
    flags, battery = _of(bool, document, "flags"), _of((int, float), document, "battery")
    return Reading.of(meter_id, at, register_l, at_source, message.gateway_id, flags, battery)


def _register(document: Mapping[str, Any]) -> float:
    if "register_l" in document and "register_m3" in document:
        raise RefusedError("register_l and register_m3: one of them was expected, not both")
    for name, litres_per_unit in REGISTERS:
        value = number(document, name)
        if value is not None:
            return litres(value, litres_per_unit, name)
    raise RefusedError("register_l or register_m3 is missing")


def time_of(message: Message, document: Mapping[str, Any]) -> tuple[datetime, AtSource]:
    """What `at` says, else the time of receipt."""
    text = document.get("at")
    if text is None:
        return message.received_at, "server"
    at = clock(text, None)
    if at is None:
        raise RefusedError(
            f"at: {shown(text)} is no time with its zone, of 2000 to 2099 (such as 2026-03-01T06:30:00Z)"
        )
    return at, "meter"


def _of(kind: type | tuple[type, ...], document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    values = document.get(name)
    if values is None:
        return {}
    if type(values) is not dict or not all(isinstance(v, kind) for v in values.values()):
        raise RefusedError(
            f"{name}: {shown(values)} isn't an object of {'true and false' if kind is bool else 'numbers'}"
        )
    return values
