"""Any pulse counter whose network server decodes the frame: the ledger says the litres per pulse."""

from domain.reading import Decoded
from ingest.codecs.contract import Context, RefusedError, number_from_text, register_or_event, shown
from ingest.codecs.profiles.uplink import Uplink

COUNTERS = ("pulse_count", "pulseCount", "pulses", "pulse", "counter", "count", "total_pulses", "counter1", "pulse1")


def decode(uplink: Uplink, context: Context) -> list[Decoded]:
    """The first field that is named like a counter."""
    decoded = uplink.decoded or {}
    name = next((name for name in COUNTERS if name in decoded), None)
    if name is None:
        raise RefusedError(
            f"uplink of {uplink.device.device_id}: no counter (pulse_count, pulses, ...) in {shown(dict(decoded))}"
        )
    return [
        register_or_event(
            uplink.message,
            uplink.device.device_id,
            uplink.at,
            number_from_text(decoded[name], name),
            uplink.device.litres_per_pulse,
            name=name,
            kind="pulse_counter",
        )
    ]
