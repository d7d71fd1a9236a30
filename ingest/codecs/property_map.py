"""Cloud platforms' property reports: CTWing AEP, OneNET, Aliyun Alink, Huawei IoTDA.

Which property is the register is the ledger's word: profile `property:<name>` and unit. A property inside a service is
found by its bare name or as `<service>.<name>`.
"""

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from domain.reading import AtSource, Decoded, Ignored
from ingest.codecs import cjt188
from ingest.codecs.contract import Context, Message
from ingest.codecs.outcomes import device_event, first_clock, ledger_unit, register_or_event
from ingest.codecs.times import clock, epoch
from ingest.codecs.values import RefusedError, checked_id, number_from_text, shown

PROFILE = "property:"
BATTERIES = ("battery_level", "batterylevel", "battery", "battery_percent", "batterypercent")
LIAN_SMOKE = {"Alarm_Status", "AlarmLevel", "Battery_Level"}  # LiAn's NB-IoT smoke detector; no word says what it is
TOPICS = re.compile(
    r"(?:/?sys/(?P<product>[^/]+)/(?P<aliyun>[^/]+)/thing/event/property/(?:pack/)?post"
    r"|\$sys/(?P<project>[^/]+)/(?P<onenet>[^/]+)/(?:thing/(?:property|pack)/post|dp/post/json)"
    r"|\$oc/devices/(?P<huawei>[^/]+)/sys/(?:properties/report|gateway/sub_devices/properties/report))"
)
Value = tuple[Any, datetime | None]


def recognises(topic: str) -> bool:
    """The platforms' own topics; a bare "#" doesn't subscribe to those that begin with $."""
    return topic.startswith(("/sys/", "sys/", "$sys/", "$oc/devices/"))


def fits(document: Any) -> bool:
    """Whether a JSON document on any topic is CTWing's push."""
    return type(document) is dict and "messageType" in document and "deviceId" in document


def decode(message: Message, context: Context) -> list[Decoded]:
    """Each device of the message by itself."""
    document = message.object()
    if fits(document):
        return [_ctwing(message, context, document)]
    topic = TOPICS.fullmatch(message.topic)
    if topic is None:
        return [Ignored(f"{shown(message.topic)} is no report of properties")]
    named = checked_id(topic["aliyun"] or topic["onenet"] or topic["huawei"], "device of the topic")
    message.speaks_for_itself(topic["product"] or topic["project"] or named)
    if topic["huawei"]:
        return [_device(message, context, *device) for device in _huawei(document, named)]
    points = "dp" if message.topic.endswith("/dp/post/json") else "params"
    params = document.get(points)
    if type(params) is not dict:
        raise RefusedError(f"{points}: an object was expected, not {shown(params)}")
    return [_device(message, context, named, dict(_timed(params)))]


def _timed(params: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    """A property is its value, or an object of value and time [ms]; a data point an array of v and t [s]."""
    for name, told in params.items():
        last = told[-1] if type(told) is list and told else None
        if type(last) is dict and "v" in last:
            yield name, (last["v"], epoch(last.get("t")))
            continue
        if type(told) is dict and "value" in told:
            yield name, (told["value"], epoch(told.get("time"), 1000.0))
        else:
            yield name, (told, None)


def _huawei(document: Mapping[str, Any], named: str) -> Iterator[tuple[str, dict[str, Value]]]:
    """The device itself, or the devices behind a gateway."""
    devices = document.get("devices")
    for device in devices if type(devices) is list else [{**document, "device_id": named}]:
        if type(device) is not dict or type(device.get("services")) is not list:
            raise RefusedError(f"services: an array was expected in {shown(device)}")
        values: dict[str, Value] = {}
        for service in device["services"]:
            if type(service) is not dict or type(service.get("properties")) is not dict:
                raise RefusedError(f"properties: an object was expected in {shown(service)}")
            at = clock(service.get("event_time"), None)
            for name, value in service["properties"].items():
                values[name] = values[f"{service.get('service_id')}.{name}"] = (value, at)
        yield checked_id(device.get("device_id"), "device_id"), values


def _device(
    message: Message,
    context: Context,
    device_id: str,
    values: Mapping[str, Value],
    sent: tuple[datetime, AtSource] | None = None,
) -> Decoded:
    """The property that the ledger names, in the unit that it names."""
    device = context.device(device_id)
    if device is None or not (device.profile or "").startswith(PROFILE):
        return Ignored(f"properties of {device_id}: the ledger names none as the register (profile property:<name>)")
    name = (device.profile or "").removeprefix(PROFILE)
    if name not in values:
        return Ignored(f"no property {shown(name)} of {device_id} in this report")
    value, at = values[name]
    known = first_clock(message, (at, "network"), *([sent] if sent else []))
    register = number_from_text(value, name)
    per_unit = device.litres_per_pulse or ledger_unit(device)
    return register_or_event(message, device_id, known, register, per_unit, name=name, battery=_battery(values))


def _battery(values: Mapping[str, Value]) -> dict[str, float]:
    for name, (value, _) in values.items():
        if name.lower() in BATTERIES and type(value) in (int, float) and 0 <= value <= 100:
            return {"percent": float(value)}
    return {}


def _ctwing(message: Message, context: Context, document: Mapping[str, Any]) -> Decoded:
    """CTWing's push: the properties lie in payload, payload.serviceData or eventContent; APPdata is base64."""
    payload = document.get("payload", document.get("eventContent"))
    data = payload.get("serviceData", payload) if type(payload) is dict else {}
    data = data if type(data) is dict else {}
    device_id = _imei(document, data) or checked_id(document.get("deviceId"), "deviceId")
    at = first_clock(message, (epoch(document.get("timestamp"), 1000.0), "network"))
    kind = document["messageType"]
    if kind == "deviceOnlineOfflineReport" and document.get("eventType") in (0, 1):
        return device_event(message, device_id, "device_status", at, flags={"online": document["eventType"] == 1})
    if kind not in ("dataReport", "eventReport"):
        return Ignored(f"{shown(kind)} of {device_id} carries no property")
    if isinstance(data.get("APPdata"), str):
        return _passed_through(message, context, device_id, data["APPdata"])
    if data.keys() >= LIAN_SMOKE:
        meaning = f"Alarm_Status {shown(data['Alarm_Status'])} of {device_id}: its meaning isn't known"
        battery = _battery({name: (value, None) for name, value in data.items()})
        return device_event(message, device_id, "smoke_detector", at, battery=battery, lacks=meaning)
    return _device(message, context, device_id, {name: (value, None) for name, value in data.items()}, at)


def _imei(document: Mapping[str, Any], data: Mapping[str, Any]) -> str | None:
    """The device's own number where it is one: the platform also sends "undefined" and ""."""
    for told in (data.get("IMEI"), document.get("IMEI")):
        if isinstance(told, str) and re.fullmatch(r"\d{14,17}", told):
            return told
    return None


def _passed_through(message: Message, context: Context, device_id: str, text: str) -> Decoded:
    """Bytes of the device's own: a CJ/T 188 frame is understood."""
    try:
        raw = b64decode(text, validate=True)
    except ValueError as error:
        raise RefusedError(f"APPdata {shown(text)} of {device_id} isn't base64") from error
    if raw and cjt188.fits(raw):
        return cjt188.decode(Message("", raw, message.received_at, message.gateway_id), context)[0]
    return Ignored(f"APPdata of {device_id} is of a format of its own")
