"""Kamstrup flowIQ: hourly registers as the network server's codec lists them, newest first."""

from collections.abc import Mapping
from typing import Any

from domain.reading import Decoded, PastRegister, Reading
from ingest.codecs.contract import Context, RefusedError, clock, litres, litres_per, number, shown
from ingest.codecs.profiles.uplink import Uplink


def decode(uplink: Uplink, context: Context) -> list[Decoded]:
    """The newest value is the reading, all are history."""
    values = (uplink.decoded or {}).get("values")
    if not isinstance(values, list):
        raise RefusedError(
            f"uplink of {uplink.device.device_id}: Kamstrup's frames are encrypted; the network server must decode them"
        )
    volumes = [_past(uplink, context, value) for value in values if _is_volume(value)]
    if not volumes:
        return [uplink.ignored("no volume among the values")]
    newest = max(volumes, key=lambda past: past.at)
    return [
        Reading(
            meter_id=uplink.device.device_id,
            at=newest.at,
            register_l=newest.register_l,
            at_source="meter",
            gateway_id=uplink.message.gateway_id,
            flags={},
            battery={},
            history=tuple(sorted(volumes, key=lambda past: past.at)),
        )
    ]


def _is_volume(value: Any) -> bool:
    return isinstance(value, dict) and value.get("Type") == "Volume" and value.get("Value") is not None


def _past(uplink: Uplink, context: Context, value: Mapping[str, Any]) -> PastRegister:
    register, per_unit = number(value, "Value"), litres_per(value.get("Unit"))
    at = clock(value.get("Timestamp"), context.zone(uplink.device))
    if register is None or per_unit is None:
        raise RefusedError(f"Unit: {shown(value.get('Unit'))} of Value {shown(value.get('Value'))} is no known unit")
    if at is None:
        raise RefusedError(f"Timestamp: {shown(value.get('Timestamp'))} is no time")
    return PastRegister(at=at, register_l=litres(register, per_unit, "Value"))
