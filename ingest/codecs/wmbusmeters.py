"""wmbusmeters: JSON telegrams of wireless M-Bus meters, and its plain text alarms."""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from domain.reading import NO_BATTERY, AtSource, Decoded, Ignored, Reading
from ingest.codecs.contract import Context, Message
from ingest.codecs.outcomes import device_event, register_or_event
from ingest.codecs.times import clock
from ingest.codecs.values import RefusedError, checked_id, litres, number, shown

TOTALS = {"total_m3": 1000.0, "total_volume_m3": 1000.0, "total_l": 1.0}  # what drivers call the register
WATER_DRIVERS = frozenset({"apator08", "emerlin868", "gwfwater"})  # tell the medium wrongly (gas, radio converter, ...)
KAMSTRUP_DRIVERS = frozenset({"multical21", "flowiq2200", "kamwater"})  # status: DRY REVERSE LEAK BURST or OK
BATTERY_FIELDS = (
    ("remaining_battery_life_y", "years"), ("battery_y", "years"), ("battery_v", "volt"), ("voltage_v", "volt"),
)  # fmt: skip
ALARM = re.compile(r"(DeviceInactivity|SpecifiedDeviceNotFound|DeviceFailure)\b")

WORDS: Mapping[str, str] = {
    "LEAK": "leak", "LEAKAGE": "leak", "LEAKAGE_CURRENTLY": "leak", "LEAKING": "leak", "LEAK_ALARM": "leak",
    "LEAKAGE_ALARM": "leak", "LEAKAGE_DETECTED": "leak", "LEAK_DETECTED": "leak", "WATER_LEAK": "leak",
    "LEAK_FLOW_LOW": "leak", "LEAK_FLOW_HIGH": "leak", "CONTINUOUS_FLOW": "continuous_flow",
    "BURST": "burst", "PIPE_BURST": "burst", "BURST_ALARM": "burst", "BURST_PIPE": "burst", "BROKEN_PIPE": "burst",
    "DRY": "dry", "EMPTY_PIPE": "empty_pipe", "PIPE_EMPTY": "empty_pipe", "AIR_IN_PIPE": "empty_pipe",
    "REVERSE": "backflow", "REVERSED": "backflow", "REVERSE_FLOW": "backflow", "BACKFLOW": "backflow",
    "BACK_FLOW": "backflow", "BACKWARD_FLOW": "backflow", "NEGATIVE_FLOW": "backflow",
    "METER_BLOCKED": "blocked", "BLOCKED": "blocked",
    "SENSOR_FRAUD_CURRENTLY": "tamper", "MECHANICAL_FRAUD_CURRENTLY": "tamper", "TAMPER": "tamper",
    "SENSOR_FRAUD": "tamper", "MECHANICAL_FRAUD": "tamper", "SABOTAGE": "tamper",
    "TAMPERED": "tamper", "SABOTAGE_ENCLOSURE": "tamper", "TAMPER_WHILE_REMOVED": "tamper", "MAGNETIC_FRAUD": "tamper",
    "LOW_BATTERY": "low_battery", "BATTERY_LOW": "low_battery", "POWER_LOW": "low_battery",
    "LOW_POWER": "low_battery", "LOW_BATTERY_FAULT": "low_battery",
    "SMOKE": "smoke", "SMOKE_ALARM": "smoke", "MALFUNCTION": "fault", "SOUNDER_FAULT": "fault",
    "ALARM_SENSOR_FAULT": "fault", "COMM_TO_HEAD_FAULT": "fault", "NO_CONNECTION_TO_SMOKE_DETECTOR": "fault",
}  # fmt: skip


def recognises(topic: str) -> bool:
    """Users publish on `wmbusmeters/<id or name>`, alarms on `wmbusmeters_alarm` or the like."""
    return topic.startswith(("wmbusmeters/", "wmbusmeters_alarm"))


def fits(document: Any) -> bool:
    """Whether a JSON document on any topic is a telegram."""
    return type(document) is dict and "media" in document and "id" in document and _driver(document) is not None


def decode(message: Message, context: Context) -> list[Decoded]:
    """A telegram is one reading or one event; media other than water, smoke and doors are ignored."""
    if message.payload[:1] != b"{":
        return [_alarm(message)]
    document = message.object()
    if "_" in document and document["_"] != "telegram":
        return [Ignored(f"wmbusmeters document of type {shown(document['_'])}")]
    media, driver = document.get("media"), _driver(document)
    if not isinstance(media, str) or not isinstance(driver, str):
        raise RefusedError(f"media and meter: texts were expected, not {shown(media)} and {shown(driver)}")
    device_id = checked_id(document.get("id"), "id")
    at = clock(document.get("timestamp"), None)
    known: tuple[Any, AtSource] = (at, "gateway") if at else message.received
    if ("water" in media and "waste" not in media) or driver in WATER_DRIVERS:
        return [_water(message, driver, document, device_id, known)]
    return [_sensor(message, context, document, device_id, known)]


def _driver(document: Mapping[str, Any]) -> Any:
    """Under `meter`; newer versions call it `driver`."""
    driver = document.get("meter")
    return document.get("driver") if driver is None else driver


def _water(
    message: Message, driver: str, document: Mapping[str, Any], meter_id: str, at: tuple[Any, AtSource]
) -> Decoded:
    flags = _flags(driver, document)
    battery = _battery(document)
    name, value = "total_m3", document.get("total_m3")
    if type(value) is not float:
        name = next((name for name in TOTALS if name in document), "total_m3")
        value = number(document, name)
    if value is not None:
        register_l = litres(value, TOTALS[name], name)
        return Reading.of(meter_id, at[0], register_l, at[1], message.gateway_id, flags, battery)
    return device_event(message, meter_id, "water_meter", at, flags=flags, battery=battery)


def _sensor(
    message: Message, context: Context, document: Mapping[str, Any], device_id: str, at: tuple[Any, AtSource]
) -> Decoded:
    media, driver, status = document["media"], _driver(document), document.get("status")
    if media == "smoke detector":
        flags = dict(_flags("", document))
        flags.setdefault("smoke", _counted_alarm(document, device_id, context))
        return device_event(message, device_id, "smoke_detector", at, flags=flags, battery=_battery(document))
    if driver == "lansendw" and status in ("OPEN", "CLOSED"):
        return device_event(message, device_id, "door_contact", at, flags={"open": status == "OPEN"})
    device = context.device(device_id)
    if driver == "lansenpu" and device is not None:
        pulses, per_pulse = number(document, "a_counter"), device.litres_per_pulse
        return register_or_event(message, device_id, at, pulses, per_pulse, name="a_counter", kind="pulse_counter")
    return Ignored(f"medium {shown(media)} of {device_id} is not for us")


def _counted_alarm(document: Mapping[str, Any], device_id: str, context: Context) -> bool:
    """Ei Electronics' detectors tell an alarm by a counter that rises, never in their status."""
    count, key = number(document, "alarm_counter"), ("alarm_counter", device_id)
    if count is None:
        return False
    before, context.memory[key] = context.memory.get(key), count
    return before is not None and count > before


def _flags(driver: str, document: Mapping[str, Any]) -> Mapping[str, bool]:
    status, now, alarms = document.get("status"), document.get("current_status"), document.get("current_alarms")
    try:
        return status_flags(driver, status, now, alarms)
    except (TypeError, AttributeError) as error:
        raise RefusedError(f"status: a text was expected in {shown((status, now, alarms))}") from error


@lru_cache(maxsize=10_000)
def status_flags(driver: str, *statuses: str | None) -> Mapping[str, bool]:
    """What the status words raise now; false only where the driver's words are known and it said all is well."""
    flags: dict[str, bool] = {}
    if driver in KAMSTRUP_DRIVERS and any(text is not None for text in statuses):
        flags = {"leak": False, "burst": False, "dry": False, "backflow": False}
    if driver.startswith("izar") and any(text is not None for text in statuses):
        flags = {"leak": False, "blocked": False, "backflow": False, "tamper": False}
    for text in statuses:
        for word in re.split(r"[\s,]+", (text or "").upper()):
            if word in WORDS:
                flags[WORDS[word]] = True
    return MappingProxyType(flags)


def _battery(document: Mapping[str, Any]) -> Mapping[str, float]:
    if not ("battery_y" in document or "remaining_battery_life_y" in document or "battery_v" in document
            or "voltage_v" in document or "battery_level" in document):  # fmt: skip
        return NO_BATTERY
    battery: dict[str, float] = {}
    for name, key in BATTERY_FIELDS:
        if name in document and (value := number(document, name)) is not None:
            battery[key] = value
    level = document.get("battery_level")
    if isinstance(level, str) and re.fullmatch(r"\d\.\d\dV", level):
        battery["volt"] = float(level[:-1])
    return battery


def _alarm(message: Message) -> Decoded:
    """`DeviceInactivity ...`: the receiver is deaf, all its meters lose data; no resident is inactive."""
    text = message.text()
    if message.payload[:1] == b"[":
        raise RefusedError(f"payload: a telegram was expected, not {shown(text)}")
    if not ALARM.search(text):
        raise RefusedError(f"payload: neither a telegram nor an alarm: {shown(text)}")
    at: tuple[Any, AtSource] = message.received
    return device_event(message, message.gateway_id, "gateway_alarm", at, flags={"gateway_radio_silent": True})
