"""Payload codecs: pure, one file a format; this table names them all."""

from collections.abc import Callable, Mapping
from typing import Any

from domain.reading import Decoded
from ingest.codecs import (
    ai_on_the_edge,
    amridm2mqtt,
    chirpstack_v3,
    chirpstack_v4,
    cjt188,
    ha_statestream,
    loriot,
    netmore,
    plain,
    plain_events,
    property_map,
    rtl_433,
    rtlamr2mqtt,
    shelly,
    sparkplug_b,
    tasmota,
    ttn_v3,
    wmbusmeters,
    zigbee2mqtt,
)
from ingest.codecs.contract import Context, Decode, Message


def _chirpstack(message: Message, context: Context) -> list[Decoded]:
    """Both versions use the same topics; their names differ."""
    decode = chirpstack_v4.decode if "deviceInfo" in message.object() else chirpstack_v3.decode
    return decode(message, context)


DECODERS: Mapping[str, Decode] = {
    "ai_on_the_edge": ai_on_the_edge.decode,
    "amridm2mqtt": amridm2mqtt.decode,
    "chirpstack_v3": chirpstack_v3.decode,
    "chirpstack_v4": chirpstack_v4.decode,
    "cjt188": cjt188.decode,
    "ha_discovery": rtlamr2mqtt.decode_discovery,
    "ha_statestream": ha_statestream.decode,
    "loriot": loriot.decode,
    "netmore": netmore.decode,
    "plain": plain.decode,
    "plain_events": plain_events.decode,
    "property_map": property_map.decode,
    "rtl_433": rtl_433.decode,
    "rtlamr2mqtt": rtlamr2mqtt.decode,
    "shelly": shelly.decode,
    "sparkplug_b": sparkplug_b.decode,
    "tasmota": tasmota.decode,
    "ttn_v3": ttn_v3.decode,
    "wmbusmeters": wmbusmeters.decode,
    "zigbee2mqtt": zigbee2mqtt.decode,
}

BY_TOPIC: tuple[tuple[Callable[[str], bool], Decode], ...] = (  # those with a topic of their own first
    (plain.recognises, plain.decode),
    (plain_events.recognises, plain_events.decode),
    (plain_events.recognises_status, plain_events.decode_status),
    (wmbusmeters.recognises, wmbusmeters.decode),
    (zigbee2mqtt.recognises, zigbee2mqtt.decode),
    (sparkplug_b.recognises, sparkplug_b.decode),
    (chirpstack_v4.recognises, _chirpstack),
    (chirpstack_v4.recognises_gateway, chirpstack_v4.decode_gateway),
    (ttn_v3.recognises, ttn_v3.decode),
    (netmore.recognises, netmore.decode),
    (loriot.recognises, loriot.decode),
    (rtl_433.recognises, rtl_433.decode),
    (rtlamr2mqtt.recognises, rtlamr2mqtt.decode),
    (rtlamr2mqtt.recognises_discovery, rtlamr2mqtt.decode_discovery),
    (amridm2mqtt.recognises, amridm2mqtt.decode),
    (cjt188.recognises, cjt188.decode),
    (property_map.recognises, property_map.decode),
    (shelly.recognises, shelly.decode),
    (tasmota.recognises, tasmota.decode),
    (ha_statestream.recognises, ha_statestream.decode),
    (ai_on_the_edge.recognises, ai_on_the_edge.decode),
)

BY_CONTENT: tuple[tuple[Callable[[Any], bool], Decode], ...] = (  # JSON that shows its format on any topic
    (plain.fits, plain.decode),
    (wmbusmeters.fits, wmbusmeters.decode),
    (chirpstack_v4.fits, chirpstack_v4.decode),
    (chirpstack_v3.fits, chirpstack_v3.decode),
    (ttn_v3.fits, ttn_v3.decode),
    (loriot.fits, loriot.decode),
    (netmore.fits, netmore.decode),
    (property_map.fits, property_map.decode),
    (rtl_433.fits, rtl_433.decode),
)
