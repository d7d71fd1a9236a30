"""What codecs make of a message: a reading, or the event that remains and what it lacks."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.reading import AtSource, Decoded, Device, DeviceEvent, Reading
from ingest.codecs.contract import Message
from ingest.codecs.values import LITRES, RefusedError, litres, shown


def first_clock(message: Message, *candidates: tuple[datetime | None, AtSource]) -> tuple[datetime, AtSource]:
    """The first time that is known, else the time of receipt."""
    for candidate in candidates:
        if candidate[0] is not None:
            return candidate  # type: ignore[return-value]
    return message.received


def device_event(
    message: Message,
    device_id: str,
    kind: str,
    at: tuple[datetime, AtSource],
    *,
    flags: Mapping[str, bool] | None = None,
    battery: Mapping[str, float] | None = None,
    lacks: str | None = None,
) -> DeviceEvent:
    """A device event of this message."""
    if not device_id.strip("/ "):
        raise RefusedError(f"topic {shown(message.topic)} names no device")
    return DeviceEvent(
        device_id=device_id,
        at=at[0],
        kind=kind,
        at_source=at[1],
        gateway_id=message.gateway_id,
        flags=flags or {},
        battery=battery or {},
        lacks=lacks,
    )


def register_or_event(
    message: Message,
    meter_id: str,
    at: tuple[datetime, AtSource],
    value: float | None,
    litres_per_unit: float | None,
    *,
    name: str = "register",
    kind: str = "water_meter",
    flags: Mapping[str, bool] | None = None,
    battery: Mapping[str, float] | None = None,
    history: tuple[Any, ...] = (),
) -> Decoded:
    """A reading where the register and its unit are known, else the event that remains, saying what it lacks."""
    if value is not None and litres_per_unit is not None:
        register_l, gateway_id = litres(value, litres_per_unit, name), message.gateway_id
        return Reading.of(meter_id, at[0], register_l, at[1], gateway_id, flags or {}, battery or {}, kind, history)
    lacks = None if value is None else lacking(kind, meter_id, name, value)
    return device_event(message, meter_id, kind, at, flags=flags, battery=battery, lacks=lacks)


def lacking(kind: str, meter_id: str, name: str, value: float) -> str:
    """What the ledger must say before this register can be read."""
    if kind == "pulse_counter":
        return f"{name}: {value:g} pulses of {meter_id} have no volume: the ledger must say litres_per_pulse"
    return f"{name}: {value:g} of {meter_id} has no unit: the ledger must say unit (m3, L or gal)"


def ledger_unit(device: Device | None) -> float | None:
    """Litres in the unit that the ledger gives, None where it gives none."""
    return LITRES[device.unit.lower()] if device is not None and device.unit is not None else None
