"""Netvox R718WB: a leak sensor with a rope; port 6 reports, port 7 answers settings."""

from domain.reading import Decoded
from ingest.codecs.contract import Context
from ingest.codecs.profiles.uplink import Uplink

REPORT_PORT = 6
STATUS_REPORT = 1


def decode(uplink: Uplink, context: Context) -> list[Decoded]:
    """Version, model, report type, battery in 0.1 V with a low mark in the top bit, leak."""
    frame = uplink.needs_frame()
    if uplink.port not in (REPORT_PORT, None):
        return [uplink.ignored("an answer to a command")]
    if len(frame) < 5:
        raise uplink.refused("a report has at least 5 bytes")
    if frame[2] != STATUS_REPORT:
        return [uplink.ignored(f"report type {frame[2]} is not the status")]
    if frame[4] > 1:
        raise uplink.refused(f"leak status {frame[4]} is neither 0 nor 1")
    flags = {"leak": frame[4] == 1, "low_battery": bool(frame[3] & 0x80)}
    return [uplink.event("leak_sensor", flags=flags, battery={"volt": (frame[3] & 0x7F) / 10})]
