"""What LoRaWAN network servers publish: uplinks of meters and other sensors, each framed by its profile."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from struct import pack
from typing import Any

from simulator.formats.said import FormatError, Ledger, Published, as_json, iso, ms

APPLICATION = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A device's own bytes, or what the network server's codec made of them (`decoded`)."""

    port: int
    data: bytes = b""
    decoded: Mapping[str, Any] | None = None


def pulse(_at: datetime, register_l: float) -> Frame:
    """A pulse counter whose frame the network server decodes."""
    return Frame(port=2, decoded={"pulse_count": round(register_l)})


def milesight_em300_di(_at: datetime, register_l: float) -> Frame:
    """A pulse counter's own bytes: battery, then the count."""
    return Frame(port=85, data=b"\x01\x75\x5c\x05\xc8" + pack("<I", round(register_l)))


def axioma_w1(at: datetime, register_l: float) -> Frame:
    """The meter's present register, as Axioma's codec gives it."""
    return Frame(port=100, decoded={"curDateTime": iso(at), "curVol": round(register_l), "statusCode": 0})


def kamstrup_flowiq(at: datetime, register_l: float) -> Frame:
    """The newest value of the meter's log."""
    value = {"Type": "Volume", "Unit": "m3", "Value": round(register_l / 1000.0, 3), "Timestamp": iso(at)}
    return Frame(port=2, decoded={"values": [value]})


METERS: Mapping[str, Callable[[datetime, float], Frame]] = {
    "pulse": pulse,
    "milesight_em300_di": milesight_em300_di,
    "axioma_w1": axioma_w1,
    "kamstrup_flowiq": kamstrup_flowiq,
}
PULSES = ("pulse", "milesight_em300_di")

SOS_BUTTON = Frame(port=85, data=b"\x01\x75\x5c\xff\x2e\x01")  # milesight_ws101: a short press
LEAK_SENSOR = Frame(port=6, data=b"\x01\x12\x01\x1e\x01" + bytes(6))  # netvox_r718wb: 3.0 V, wet
SMOKE_DETECTOR = Frame(port=8, data=b"\x01\x75\x5c\x05\x00\x01")  # yobiiq_sd1001
SENSORS: Mapping[str, Frame] = {
    "milesight_ws101": SOS_BUTTON,
    "netvox_r718wb": LEAK_SENSOR,
    "yobiiq_sd1001": SMOKE_DETECTOR,
}


def ledger(profile: str) -> Ledger:
    """The profile, and one litre a pulse where pulses are counted."""
    return Ledger(profile=profile, litres_per_pulse=1.0 if profile in PULSES else None)


def chirpstack_v4(device_id: str, at: datetime, frame: Frame) -> Published:
    """Absent fields are zero or empty."""
    document: dict[str, Any] = {
        "time": iso(at).replace("Z", ".000000000Z"),
        "deviceInfo": {"applicationId": APPLICATION, "devEui": device_id, "deviceName": device_id},
        "fPort": frame.port,
    }
    document |= {"data": _base64(frame)} if frame.data else {"object": frame.decoded}
    return f"application/{APPLICATION}/device/{device_id}/event/up", as_json(document)


def chirpstack_v3(device_id: str, at: datetime, frame: Frame) -> Published:
    """The object is a text."""
    if len(device_id) == 12:
        raise FormatError(f"{device_id!r}: twelve characters are taken for eight bytes in base64")
    document: dict[str, Any] = {
        "applicationID": APPLICATION,
        "devEUI": device_id,
        "rxInfo": [{"gatewayID": "AAAAAAAAAAc=", "time": iso(at)}],
        "fPort": frame.port,
        "data": _base64(frame),
        "objectJSON": as_json(frame.decoded).decode() if frame.decoded else "",
    }
    return f"application/{APPLICATION}/device/{device_id}/event/up", as_json(document)


def ttn_v3(device_id: str, at: datetime, frame: Frame) -> Published:
    """The Things Stack."""
    uplink: dict[str, Any] = {"f_port": frame.port, "frm_payload": _base64(frame), "received_at": iso(at)}
    uplink |= {"decoded_payload": frame.decoded} if frame.decoded else {}
    document = {"end_device_ids": {"device_id": device_id}, "received_at": iso(at), "uplink_message": uplink}
    return f"v3/water@ttn/devices/{device_id}/up", as_json(document)


def loriot(device_id: str, at: datetime, frame: Frame) -> Published:
    """The frame in hexadecimal."""
    document: dict[str, Any] = {"cmd": "rx", "EUI": device_id, "ts": ms(at), "port": frame.port}
    document |= {"data": frame.data.hex()} | ({"decoded": {"data": frame.decoded}} if frame.decoded else {})
    return f"loriot/{device_id}", as_json(document)


def netmore(device_id: str, at: datetime, frame: Frame) -> Published:
    """Numbers are texts; no codec's object."""
    uplink = {"devEui": device_id, "fPort": str(frame.port), "timestamp": iso(at), "Payload": frame.data.hex()}
    return f"netmore/{device_id}", as_json([uplink])


SERVERS: Mapping[str, Callable[[str, datetime, Frame], Published]] = {
    "chirpstack_v4": chirpstack_v4,
    "chirpstack_v3": chirpstack_v3,
    "ttn_v3": ttn_v3,
    "loriot": loriot,
    "netmore": netmore,
}


def _base64(frame: Frame) -> str:
    return b64encode(frame.data).decode()
