"""Any pulse counter whose network server decodes the frame: the ledger says the litres per pulse."""

from domain.reading import Decoded
from ingest.codecs.contract import Context
from ingest.codecs.outcomes import register_or_event
from ingest.codecs.profiles.uplink import Uplink
from ingest.codecs.values import RefusedError, number_from_text, shown

COUNTERS = (  # without case and underscores; the first that is there
    "pulsecount", "pulses", "pulse", "totalpulses", "totalpulse", "pulsecounter", "counter", "count", "counter1",
    "pulse1", "pulsecount1", "countera", "channela",
)  # fmt: skip


def decode(uplink: Uplink, context: Context) -> list[Decoded]:
    """The first field that is named like a counter."""
    decoded = uplink.decoded or {}
    written = {name.lower().replace("_", ""): name for name in reversed(list(decoded))}
    name = next((written[name] for name in COUNTERS if name in written), None)
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
