"""Readings and alarms as gateways of every make publish them: the inverse of the codecs, in one table."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from domain.finding import AlertKind
from simulator.formats import gateways, sensors
from simulator.formats.lorawan import METERS, SERVERS, ledger
from simulator.formats.said import Alarm, Format, FormatError, Ledger, Published

__all__ = ["FORMATS", "Alarm", "Format", "FormatError", "Ledger", "Published", "alarm"]

_IN_M3 = Ledger(unit="m3")
_PROPERTY = Ledger(profile="property:WaterTotal", unit="m3")


def _lorawan(server: str, profile: str) -> Format:
    def encode(meter_id: str, at: datetime, register_l: float) -> Published:
        return SERVERS[server](meter_id, at, METERS[profile](at, register_l))

    return Format(encode=encode, ledger=ledger(profile), alarms=sensors.of_lorawan(server))


def _of_lorawan() -> Iterator[tuple[str, Format]]:
    """Each network server by its name, with a pulse counter, and as server/profile with other meters it can carry."""
    for server in SERVERS:
        carried = [profile for profile in METERS if server != "netmore" or profile == "milesight_em300_di"]
        yield server, _lorawan(server, carried[0])
        yield from ((f"{server}/{profile}", _lorawan(server, profile)) for profile in carried[1:])


FORMATS: Mapping[str, Format] = {
    "plain": Format(encode=gateways.plain, step_l=0.001, alarms=sensors.PLAIN),
    "wmbusmeters": Format(encode=gateways.wmbusmeters, alarms=sensors.WMBUSMETERS),
    "cjt188": Format(encode=gateways.cjt188, step_l=10.0, ledger=Ledger(timezone="UTC")),
    "zigbee2mqtt": Format(encode=gateways.zigbee2mqtt, ledger=_IN_M3, alarms=sensors.ZIGBEE2MQTT),
    "rtl_433": Format(encode=gateways.rtl_433, alarms=sensors.RTL_433),
    "rtlamr2mqtt": Format(encode=gateways.rtlamr2mqtt, ledger=_IN_M3),
    "amridm2mqtt": Format(encode=gateways.amridm2mqtt, ledger=Ledger(unit="L"), dated=False),
    "tasmota": Format(
        encode=gateways.tasmota, ledger=Ledger(litres_per_pulse=1.0, timezone="UTC"), alarms=sensors.TASMOTA
    ),
    "shelly": Format(
        encode=gateways.shelly, ledger=Ledger(litres_per_pulse=1.0), known_as="{}-input0", alarms=sensors.SHELLY
    ),
    "ha_statestream": Format(
        encode=gateways.ha_statestream,
        ledger=_IN_M3,
        known_as="sensor.{}",
        dated=False,
        alarms=sensors.HA_STATESTREAM,
    ),
    "ai_on_the_edge": Format(encode=gateways.ai_on_the_edge, ledger=_IN_M3, known_as="meter-{}"),
    "sparkplug_b": Format(encode=gateways.sparkplug_b, alarms=sensors.SPARKPLUG_B),
    "aliyun_alink": Format(encode=gateways.aliyun_alink, ledger=_PROPERTY),
    "onenet": Format(encode=gateways.onenet, ledger=_PROPERTY),
    "huawei_iotda": Format(encode=gateways.huawei_iotda, ledger=_PROPERTY),
    "ctwing_aep": Format(encode=gateways.ctwing_aep, ledger=_PROPERTY),
    **dict(_of_lorawan()),
}


def alarm(form: Format, kind: AlertKind) -> Alarm:
    """How sensors beside such a gateway say it: in its own format where that has it, else by Zigbee2MQTT."""
    alarms = {**sensors.ZIGBEE2MQTT, **form.alarms}
    if kind not in alarms:
        raise FormatError(f"no sensor says {kind}; known are {', '.join(sensors.ZIGBEE2MQTT)}")
    return alarms[kind]
