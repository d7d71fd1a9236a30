"""rtl_433: radio meters and sensors by the decoder's model name; each model has its own names and units."""

from collections.abc import Mapping
from typing import Any

from domain.reading import Decoded, Device, Ignored
from ingest.codecs.contract import Context, Message
from ingest.codecs.outcomes import device_event, first_clock, ledger_unit, register_or_event
from ingest.codecs.times import clock, epoch
from ingest.codecs.values import LITRES, RefusedError, checked_id, litres_per, number, shown

GALLON = LITRES["gal"]
CONSUMPTIONS = ("consumption", "consumption_data", "Consumption", "LastConsumptionCount", "LastConsumption",
                "reading", "volume", "Volume")  # fmt: skip
WATER_MODELS = ("Neptune-R900", "AradMsMeter", "Badger-ORION", "Orion-Endpoint", "Flowis")
LEAK_FIELDS = ("alarm", "detect_wet", "water_leak", "leak", "leaking", "water")
SMOKE_IS_THE_EVENT = ("Kidde-Smoke", "Smoke-GS558")  # sent in an alarm only; there is no state
CAVIUS: Mapping[str, tuple[str, dict[str, bool]]] = {  # its text: kind, flags
    "Fire alarm": ("smoke_detector", {"smoke": True}),
    "Test alarm": ("smoke_detector", {"smoke": False}),
    "Warning/Water detected": ("leak_sensor", {"leak": True}),
}
STATES = (  # of security sensors: Honeywell, Kerui, Skylink
    ("contact_open", "door_contact", "open"), ("opened", "door_contact", "open"),
    ("water", "leak_sensor", "leak"), ("motion", "motion_sensor", "motion"),
)  # fmt: skip
R900_FIELD = 1 << 24  # a larger number with only decimal digits in hexadecimal is an R900BCD frame misread
ALARM_PROFILES: Mapping[str, str] = {  # the ledger's word on a device that sends in an alarm only: its flag
    "sos_button": "sos", "leak_sensor": "leak", "smoke_detector": "smoke", "gas_detector": "gas",
}  # fmt: skip
IDS = ("id", "ID", "ERTSerialNumber", "EndpointID")
VOLUMES = (("volume_m3", 1000.0), ("volume_gal", GALLON))
ERT_WATER = (3, 11, 13)  # of the decoder's table of ERT types
SCM_WATER = ("0x03", "0x0b", "0x0d", "0xab", "0xbc")


def recognises(topic: str) -> bool:
    """The default topics rtl_433/<host>/events, /states, /devices/..., /availability."""
    return topic.startswith("rtl_433/")


def fits(document: Any) -> bool:
    """Whether a JSON document on any topic is an event."""
    return type(document) is dict and isinstance(document.get("model"), str) and any(name in document for name in IDS)


def decode(message: Message, context: Context) -> list[Decoded]:
    """An event is one transmission; a devices topic is one field of it."""
    levels = message.topic.split("/")
    if levels[0] == "rtl_433" and len(levels) > 2:
        message.speaks_for_itself(levels[1])
    if levels[0] == "rtl_433" and levels[-1] == "availability":
        return [_availability(message)]
    if "devices" in levels[1:3]:
        return [_field(message, context, levels[levels.index("devices") + 1 :])]
    if message.payload[:1] != b"{":
        return [Ignored(f"no event on {shown(message.topic)}")]
    document = message.object()
    if not fits(document):
        return [Ignored(f"no model and id on {shown(message.topic)}")]
    return [_event(message, context, document)]


def _availability(message: Message) -> Decoded:
    text = message.text()
    if text not in ("online", "offline"):
        raise RefusedError(f"availability: online or offline was expected, not {shown(text)}")
    flags = {"online": text == "online"}
    return device_event(message, message.gateway_id, "gateway_status", message.received, flags=flags)


def _field(message: Message, context: Context, levels: list[str]) -> Decoded:
    """devices/<model>/[<channel or type>/]<id>/<field>: a field by itself says enough for few of them."""
    text = message.text()
    if len(levels) < 3 or levels[-1] not in (*CONSUMPTIONS, *LEAK_FIELDS, "volume_m3", "volume_gal"):
        return Ignored(f"field {shown(levels[-1] if levels else '')} of {shown(message.topic)}")
    value = float(text) if text.replace(".", "", 1).isdecimal() and len(text) < 20 else None
    return _event(message, context, {"model": levels[0], "id": levels[-2], levels[-1]: value})


def _event(message: Message, context: Context, document: Mapping[str, Any]) -> Decoded:
    model = document["model"]
    device_id = checked_id(next((document[name] for name in IDS if name in document), None), "id")
    device = context.device(device_id)
    zone = context.zone(device) if device is not None and device.timezone else None
    told = document.get("time")
    unix = epoch(float(told)) if isinstance(told, str) and told[:1].isdigit() and told.isdecimal() else None
    at = first_clock(message, (clock(told, zone), "gateway"), (unix, "gateway"))
    battery, low = _battery(document)
    if model.startswith(WATER_MODELS) or any(name in document for name, _ in VOLUMES):
        name, value, per_unit = _register(model, document, device)
        flags = _water_flags(model, document) | low
        return register_or_event(message, device_id, at, value, per_unit, name=name, flags=flags, battery=battery)
    if (device is not None and (device.unit or device.litres_per_pulse)) or _counts_water(document):
        name = next((name for name in CONSUMPTIONS if name in document), "")
        per_unit = None if device is None else device.litres_per_pulse or ledger_unit(device)
        if name:
            return register_or_event(
                message, device_id, at, number(document, name), per_unit, name=name, battery=battery
            )
    profile = device.profile if device is not None else None
    if profile is not None and profile in ALARM_PROFILES:
        return device_event(message, device_id, profile, at, flags={ALARM_PROFILES[profile]: True} | low)
    kind, flags = _sensor(model, document)
    if kind is None:
        return Ignored(
            f"model {shown(model)} of {device_id} is not for us, or a meter whose unit the ledger doesn't say"
        )
    return device_event(message, device_id, kind, at, flags=flags | low, battery=battery)


def _counts_water(document: Mapping[str, Any]) -> bool:
    """ERT meters of any kind look alike; their type says which are water. The unit it doesn't say."""
    endpoint = document.get("EndpointType")
    water = document.get("MeterType") == "Water" or document.get("ert_type") in ERT_WATER
    return water or (isinstance(endpoint, str) and endpoint.lower() in SCM_WATER)


def _register(model: str, document: Mapping[str, Any], device: Device | None) -> tuple[str, float | None, float | None]:
    """The field's name, its value, litres per unit; the ledger goes before the model's own unit."""
    ledger = None if device is None else device.litres_per_pulse or ledger_unit(device)
    for name, per_unit in VOLUMES:
        if name in document:
            return name, number(document, name), per_unit
    if model == "Neptune-R900":
        value = number(document, "consumption")
        tenth = None if value is None or _bcd_misread(document, value) else GALLON / 10
        if device is not None and device.unit not in (None, "gal"):
            tenth = ledger
        return "consumption", value, device.litres_per_pulse if device and device.litres_per_pulse else tenth
    name = next((name for name in CONSUMPTIONS if name in document), "volume")
    own = GALLON if model == "Badger-ORION" else litres_per(document.get("unit"))
    return name, number(document, name), ledger or own


def _bcd_misread(document: Mapping[str, Any], value: float) -> bool:
    """The same radio frame is published under two models; this is the R900BCD's read as binary."""
    digits = f"{int(value):x}" if 0 <= value < 1 << 40 else ""
    return document.get("leaknow") == 3 or (value >= R900_FIELD and digits.isdecimal())


def _water_flags(model: str, document: Mapping[str, Any]) -> dict[str, bool]:
    """R900: leaknow 2 is a leak without end in the last day, 1 comes and goes, 3 isn't defined."""
    if model.startswith("Neptune"):
        return {"leak": document["leaknow"] == 2} if document.get("leaknow") in (0, 2) else {}
    return {"leak": document["leaking"] == 1} if document.get("leaking") in (0, 1) else {}


def _sensor(model: str, document: Mapping[str, Any]) -> tuple[str | None, dict[str, bool]]:
    lower = model.lower()
    if model == "Cavius-Security":
        return CAVIUS.get(str(document.get("text")), ("smoke_detector", {}))
    if model == "Govee-Contact":
        return "door_contact", {"open": True} if document.get("event") == "Open" else {}
    if "leak" in lower or "water" in lower or lower.endswith("wh55"):
        return _leak(document)
    if "smoke" in lower:
        return "smoke_detector", _smoke(model, document)
    return next(
        ((kind, {flag: document[name] == 1}) for name, kind, flag in STATES if document.get(name) in (0, 1)), (None, {})
    )


def _smoke(model: str, document: Mapping[str, Any]) -> dict[str, bool]:
    if model in SMOKE_IS_THE_EVENT:
        return {"smoke": not (document.get("test") or document.get("learn"))}
    told = next((document[name] for name in ("smoke", "alarm") if document.get(name) in (0, 1)), None)
    return {} if told is None else {"smoke": told == 1}


def _leak(document: Mapping[str, Any]) -> tuple[str | None, dict[str, bool]]:
    told = next((document[name] for name in LEAK_FIELDS if document.get(name) in (0, 1)), None)
    if told is not None or "event" in document:
        return "leak_sensor", {"leak": told == 1} if told is not None else _leak_event(document["event"])
    return None, {}


def _leak_event(event: object) -> dict[str, bool]:
    """Govee's: a heartbeat or a battery report says nothing of water."""
    return {"leak": True} if event == "Water Leak" else {}


def _battery(document: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, bool]]:
    told = document.get("battery_ok")
    if isinstance(told, float) and 0 < told < 1:
        return {"percent": round(100 * told, 1)}, {}
    if told not in (0, 1):
        return {}, {}
    return {"ok": told == 1}, {} if told == 1 else {"low_battery": True}
