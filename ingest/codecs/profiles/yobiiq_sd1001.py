"""Yobiiq SD-1001: a smoke detector; channel, type and one byte each, on port 8."""

from domain.reading import Decoded
from ingest.codecs.contract import Context
from ingest.codecs.profiles.uplink import Uplink

INFORMATION_PORT = 50
FLAGS = {0x03: "low_battery", 0x04: "fault", 0x05: "smoke", 0x06: "interconnect", 0x07: "test"}


def decode(uplink: Uplink, context: Context) -> list[Decoded]:
    """01 battery in percent, 02 mains, 03 low battery, 04 fault, 05 smoke, 06 interconnect, 07 test button."""
    frame = uplink.needs_frame()
    if uplink.port == INFORMATION_PORT or len(frame) == 1 or frame[0] == 0xFF:
        return [uplink.ignored("versions, or an answer to a command")]
    if len(frame) % 3:
        raise uplink.refused("its length is no multiple of 3")
    flags: dict[str, bool] = {}
    battery: dict[str, float] = {}
    for channel, value in zip(frame[::3], frame[2::3], strict=True):
        if channel in FLAGS and value <= 1:
            flags[FLAGS[channel]] = value == 1
        elif channel == 0x01 and value <= 100:
            battery["percent"] = float(value)
        elif channel != 0x02:
            raise uplink.refused(f"channel {channel:02x} with value {value} is unknown")
    return [uplink.event("smoke_detector", flags=flags, battery=battery)]
