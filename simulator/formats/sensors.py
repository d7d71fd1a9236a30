"""What gateways publish when an SOS button is pressed, or gas, smoke or water on the floor is found."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.finding import AlertKind
from ingest.codecs.sparkplug_b import Payload
from simulator.formats.lorawan import SENSORS, SERVERS
from simulator.formats.said import Alarm, Ledger, Published, as_json, iso, ms

_ZIGBEE: Mapping[AlertKind, dict[str, Any]] = {
    AlertKind.SOS: {"action": "emergency"},
    AlertKind.GAS: {"gas": True},
    AlertKind.SMOKE: {"smoke": True},
    AlertKind.FLOOD: {"water_leak": True},
}
_RTL_433: Mapping[AlertKind, dict[str, Any]] = {
    AlertKind.SMOKE: {"model": "Smoke-GS558", "unit": 1, "learn": 0, "code": "0"},
    AlertKind.FLOOD: {"model": "Govee-Water", "event": "Water Leak", "battery_ok": 1},
}
_TASMOTA: Mapping[AlertKind, str] = {
    AlertKind.SOS: "PersonalAlarm",
    AlertKind.GAS: "CO",
    AlertKind.SMOKE: "Fire",
    AlertKind.FLOOD: "Water",
}
_WORDS: Mapping[AlertKind, str] = {
    AlertKind.SOS: "sos",
    AlertKind.GAS: "gas",
    AlertKind.SMOKE: "smoke",
    AlertKind.FLOOD: "flood",
}
_LORAWAN: Mapping[AlertKind, str] = {
    AlertKind.SOS: "milesight_ws101",
    AlertKind.SMOKE: "yobiiq_sd1001",
    AlertKind.FLOOD: "netvox_r718wb",
}


def _zigbee(said: Mapping[str, Any]) -> Alarm:
    def encode(device_id: str, at: datetime) -> Published:
        return f"zigbee2mqtt/{device_id}", as_json({**said, "last_seen": iso(at), "battery": 90, "linkquality": 80})

    return Alarm(encode=encode)


def _plain(word: str) -> Alarm:
    def encode(device_id: str, at: datetime) -> Published:
        return "events", as_json({"device_id": device_id, "event": word, "at": iso(at), "battery_percent": 90})

    return Alarm(encode=encode)


def _wmbusmeters(device_id: str, at: datetime) -> Published:
    telegram = {"_": "telegram", "media": "smoke detector", "meter": "lansensm", "name": device_id, "id": device_id}
    return f"wmbusmeters/{device_id}", as_json(telegram | {"status": "SMOKE", "timestamp": iso(at)})


def _rtl_433(said: Mapping[str, Any]) -> Alarm:
    def encode(device_id: str, at: datetime) -> Published:
        return "rtl_433/receiver/events", as_json({"time": iso(at), "id": device_id, **said})

    return Alarm(encode=encode)


def _tasmota(name: str) -> Alarm:
    def encode(device_id: str, _at: datetime) -> Published:
        told = {"Device": "0x7A11", "Name": device_id, name: 1, "BatteryPercentage": 90, "Endpoint": 1}
        return "tele/bridge/SENSOR", as_json({"ZbReceived": {"0x7A11": told}})

    return Alarm(encode=encode)


def _shelly(component: str) -> Alarm:
    def encode(device_id: str, at: datetime) -> Published:
        params = {"ts": at.timestamp(), f"{component}:0": {"id": 0, "alarm": True, "mute": False}}
        return f"{device_id}/events/rpc", as_json({"src": device_id, "method": "NotifyStatus", "params": params})

    return Alarm(encode=encode)


def _home_assistant(word: str) -> Alarm:
    def encode(device_id: str, _at: datetime) -> Published:
        return f"homeassistant/binary_sensor/{_entity(device_id)}_{word}/state", b"on"

    return Alarm(encode=encode, known_as=f"binary_sensor.{{}}_{word}")


def _entity(device_id: str) -> str:
    """A name as Home Assistant has it."""
    return device_id.replace("-", "_")


def _sparkplug(word: str) -> Alarm:
    def encode(device_id: str, at: datetime) -> Published:
        payload: Any = Payload(timestamp=ms(at))
        payload.metrics.add(name=f"Alarm/{word}", timestamp=ms(at), datatype=11, boolean_value=True)
        return f"spBv1.0/water/DDATA/node-7/{device_id}", payload.SerializeToString()

    return Alarm(encode=encode)


def _lorawan(server: str, profile: str) -> Alarm:
    def encode(device_id: str, at: datetime) -> Published:
        return SERVERS[server](device_id, at, SENSORS[profile])

    return Alarm(encode=encode, ledger=Ledger(profile=profile))


def of_lorawan(server: str) -> dict[AlertKind, Alarm]:
    """The sensors behind one network server."""
    return {kind: _lorawan(server, profile) for kind, profile in _LORAWAN.items()}


ZIGBEE2MQTT = {kind: _zigbee(said) for kind, said in _ZIGBEE.items()}
PLAIN = {kind: _plain("leak" if kind is AlertKind.FLOOD else word) for kind, word in _WORDS.items()}
WMBUSMETERS = {AlertKind.SMOKE: Alarm(encode=_wmbusmeters)}
RTL_433: Mapping[AlertKind, Alarm] = {kind: _rtl_433(said) for kind, said in _RTL_433.items()}
TASMOTA = {kind: _tasmota(name) for kind, name in _TASMOTA.items()}
SHELLY: Mapping[AlertKind, Alarm] = {kind: _shelly(word) for kind, word in _WORDS.items() if kind is not AlertKind.SOS}
HA_STATESTREAM = {kind: _home_assistant(word) for kind, word in _WORDS.items()}
SPARKPLUG_B = {kind: _sparkplug(word.upper()) for kind, word in _WORDS.items()}
