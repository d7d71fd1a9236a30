"""What gateways publish of one reading: the inverse of each codec, one function a format.

Topics stand below `anju/<gateway_id>/`, as every gateway that is bridged to anju has them.
"""

from datetime import UTC, datetime
from typing import Any

from ingest.codecs.sparkplug_b import Payload
from simulator.formats.said import FormatError, Published, as_json, iso, ms, quoted

SERIAL = 7  # of devices and applications whose name says nothing


def plain(meter_id: str, at: datetime, register_l: float) -> Published:
    """anju's own JSON, put together by hand: a test of load says it a million times."""
    text = f'{{"meter_id":{quoted(meter_id)},"at":"{at.isoformat()[:19]}Z","register_l":{register_l:.12g}}}'
    return "readings", text.encode()


def m3(register_l: float) -> float:
    """Cubic metres to the litre; whole ones are integers, as wmbusmeters and many others have them."""
    total = round(register_l / 1000.0, 3)
    return int(total) if total.is_integer() else total


def wmbusmeters(meter_id: str, at: datetime, register_l: float) -> Published:
    """A telegram of a wireless M-Bus meter."""
    telegram = {"_": "telegram", "media": "water", "meter": "iperl", "name": meter_id, "id": meter_id}
    return f"wmbusmeters/{meter_id}", as_json(telegram | {"total_m3": m3(register_l), "timestamp": iso(at)})


def cjt188(meter_id: str, at: datetime, register_l: float) -> Published:
    """A CJ/T 188 report as bytes, in hundredths of a cubic metre."""
    if len(meter_id) != 14 or not meter_id.isdecimal():
        raise FormatError(f"{meter_id!r} is no CJ/T 188 address: 14 digits")
    register = bytes.fromhex(f"{int(register_l / 10.0) % 100_000_000:08d}")[::-1] + b"\x2c"
    clock = bytes.fromhex(f"{at.astimezone(UTC):%Y%m%d%H%M%S}")[::-1]
    data = b"\x90\x1f\x00" + register + bytes(5) + clock + bytes(2)
    frame = b"\x68\x10" + bytes.fromhex(meter_id)[::-1] + b"\x81" + bytes([len(data)]) + data
    return f"cjt188/{meter_id}", frame + bytes([sum(frame) & 0xFF, 0x16])


def zigbee2mqtt(meter_id: str, at: datetime, register_l: float) -> Published:
    """A Zigbee water meter or valve."""
    document = {"water_consumed": m3(register_l), "last_seen": iso(at), "battery": 90, "linkquality": 80}
    return f"zigbee2mqtt/{meter_id}", as_json(document)


def rtl_433(meter_id: str, at: datetime, register_l: float) -> Published:
    """A radio meter heard by a receiver."""
    event = {"time": iso(at), "model": "Flowis", "id": meter_id, "type": 1, "volume_m3": m3(register_l), "mic": "CRC"}
    return "rtl_433/receiver/events", as_json(event)


def rtlamr2mqtt(meter_id: str, at: datetime, register_l: float) -> Published:
    """A meter's state as for Home Assistant."""
    return f"rtlamr/{meter_id}/state", as_json({"reading": f"{register_l / 1000.0:.3f}", "lastseen": iso(at)})


def amridm2mqtt(meter_id: str, _at: datetime, register_l: float) -> Published:
    """A bare number."""
    return f"readings/{meter_id}/meter_reading", str(round(register_l)).encode()


def tasmota(meter_id: str, at: datetime, register_l: float) -> Published:
    """A pulse counter on a pin."""
    return f"tele/{meter_id}/SENSOR", as_json({"Time": iso(at)[:-1], "COUNTER": {"C1": round(register_l)}})


def shelly(meter_id: str, at: datetime, register_l: float) -> Published:
    """A pulse input of the second generation."""
    counts = {"counts": {"total": round(register_l), "xtotal": 0}}
    params = {"ts": at.timestamp(), "input:0": {"id": 0} | counts}
    return f"{meter_id}/events/rpc", as_json({"src": meter_id, "method": "NotifyStatus", "params": params})


def ha_statestream(meter_id: str, _at: datetime, register_l: float) -> Published:
    """A bare state."""
    return f"homeassistant/sensor/{meter_id}/state", f"{register_l / 1000.0:.3f}".encode()


def ai_on_the_edge(meter_id: str, at: datetime, register_l: float) -> Published:
    """A camera that reads the dial."""
    value = f"{register_l / 1000.0:.3f}"
    document = {"value": value, "raw": value, "pre": value, "error": "no error", "rate": "", "timestamp": iso(at)}
    return f"meter-{meter_id}/json", as_json(document)


def sparkplug_b(meter_id: str, at: datetime, register_l: float) -> Published:
    """Data of a device behind an edge node, metrics by their names."""
    payload: Any = Payload(timestamp=ms(at))
    payload.metrics.add(name="Water/Total_m3", timestamp=ms(at), datatype=10, double_value=register_l / 1000.0)
    return f"spBv1.0/water/DDATA/node-{SERIAL}/{meter_id}", payload.SerializeToString()


def aliyun_alink(meter_id: str, at: datetime, register_l: float) -> Published:
    """Alibaba Cloud's report of properties."""
    params = {"WaterTotal": {"value": m3(register_l), "time": ms(at)}}
    document = {"id": "1", "version": "1.0", "method": "thing.event.property.post", "params": params}
    return f"sys/pk{SERIAL}/{meter_id}/thing/event/property/post", as_json(document)


def onenet(meter_id: str, at: datetime, register_l: float) -> Published:
    """China Mobile's."""
    document = {"id": "1", "version": "1.0", "params": {"WaterTotal": {"value": m3(register_l), "time": ms(at)}}}
    return f"$sys/pk{SERIAL}/{meter_id}/thing/property/post", as_json(document)


def huawei_iotda(meter_id: str, at: datetime, register_l: float) -> Published:
    """Huawei Cloud's."""
    service = {
        "service_id": "Meter",
        "properties": {"WaterTotal": m3(register_l)},
        "event_time": f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
    }
    return f"$oc/devices/{meter_id}/sys/properties/report", as_json({"services": [service]})


def ctwing_aep(meter_id: str, at: datetime, register_l: float) -> Published:
    """China Telecom's push."""
    document = {"messageType": "dataReport", "deviceId": meter_id, "timestamp": ms(at)}
    return f"ctwing/{meter_id}", as_json(document | {"payload": {"WaterTotal": m3(register_l)}})
