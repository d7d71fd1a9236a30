"""ChirpStack v4: events of devices on `application/<id>/device/<devEui>/event/<type>`."""

import re
from functools import lru_cache
from typing import Any, NamedTuple

from domain.reading import Decoded, Ignored
from ingest.codecs.contract import Context, Message
from ingest.codecs.lorawan import decode_uplink, from_base64
from ingest.codecs.outcomes import device_event, first_clock
from ingest.codecs.profiles.uplink import At
from ingest.codecs.times import clock
from ingest.codecs.values import RefusedError, checked_id, number, shown


def recognises(topic: str) -> bool:
    """The default topic; `eu868/` or the like may stand before it. ChirpStack v3 uses the same."""
    return "application/" in topic and "/device/" in topic


GATEWAY = re.compile(r"(?:.*/)?gateway/(?P<eui>[0-9A-Fa-f]{16})/(?P<rest>.+)")


def recognises_gateway(topic: str) -> bool:
    """gateway/<EUI>/state/conn and the rest that the gateways themselves publish, in either version."""
    return GATEWAY.fullmatch(topic) is not None


def decode_gateway(message: Message, context: Context) -> list[Decoded]:
    """Whether a LoRaWAN gateway is connected; its last will says so when it is gone. Frames come by the application."""
    found = GATEWAY.fullmatch(message.topic)
    if found is None or found["rest"] != "state/conn" or message.payload[:1] != b"{":
        return [Ignored(f"{shown(message.topic)} is no connection state in JSON")]
    state = message.object().get("state")
    if state not in ("ONLINE", "OFFLINE"):
        raise RefusedError(f"state: ONLINE or OFFLINE was expected, not {shown(state)}")
    message.speaks_for_itself(found["eui"])
    flags = {"online": state == "ONLINE"}
    return [device_event(message, message.gateway_id, "gateway_status", message.received, flags=flags)]


def fits(document: Any) -> bool:
    """Whether a JSON document on any topic is such an event."""
    return type(document) is dict and type(document.get("deviceInfo")) is dict and "devEui" in document["deviceInfo"]


def decode(message: Message, context: Context) -> list[Decoded]:
    """`up` carries a frame, `status` the battery; the rest (join, ack, log, ...) nothing for us."""
    document = message.object()
    speaks_for_application(message)
    info = document.get("deviceInfo")
    if type(info) is not dict:
        raise RefusedError(f"deviceInfo: an object was expected, not {shown(info)}")
    device_id = same_device(message.topic, checked_id(info.get("devEui"), "deviceInfo.devEui"))
    at = first_clock(message, (clock(document.get("time"), None), "network"))
    event = told_by(message.topic).event or ("status" if "batteryLevel" in document or "margin" in document else "up")
    return decode_event(message, context, (event, document, document.get("object")), device_id, at)


def decode_event(
    message: Message, context: Context, told: tuple[str, dict[str, Any], Any], device_id: str, at: At
) -> list[Decoded]:
    """`told`: the event's type, its document, and the object that ChirpStack's own codec made of the frame."""
    event, document, decoded = told
    if event == "status":
        return [status_event(message, document, device_id, at)]
    if event != "up":
        return [Ignored(f"{event} event of {device_id}")]
    data = from_base64(document.get("data"), "data")
    return decode_uplink(message, context, device_id, at, port=document.get("fPort"), data=data, decoded=decoded)


def speaks_for_application(message: Message) -> None:
    """The application stands for the gateways: LoRaWAN devices are heard by whichever is near."""
    message.speaks_for_itself(told_by(message.topic).application)


class Told(NamedTuple):
    """What ChirpStack's topic says; all empty where the topic isn't its own."""

    application: str
    device_id: str
    event: str


@lru_cache(maxsize=100_000)
def told_by(topic: str) -> Told:
    """application/<application>/device/<device>/event/<event>, or what stood there in older versions."""
    if not recognises(topic):
        return Told("", "", "")
    application, device_id = (topic.partition(word)[2].partition("/")[0] for word in ("application/", "/device/"))
    return Told(application, device_id, topic.rpartition("/")[2])


def same_device(topic: str, device_id: str) -> str:
    """The id; refuses a payload that names another device than its topic."""
    in_topic = told_by(topic).device_id
    if in_topic != device_id and in_topic.lower() != device_id.lower() and recognises(topic):
        raise RefusedError(f"devEui {shown(device_id)} isn't the topic's {shown(in_topic)}")
    return device_id


def status_event(message: Message, document: dict[str, Any], device_id: str, at: Any) -> Decoded:
    """Battery in percent, unless the device runs on mains or doesn't know."""
    known = not document.get("externalPowerSource") and not document.get("batteryLevelUnavailable")
    level = number(document, "batteryLevel") if known else None
    battery = {"percent": level} if level is not None and 0 <= level <= 100 else {}
    return device_event(message, device_id, "device_status", at, battery=battery)
