"""amridm2mqtt: a bare number a meter; it takes all for electricity, so the ledger must say what is water."""

from domain.reading import Decoded, Ignored
from ingest.codecs.contract import Context, Message
from ingest.codecs.outcomes import ledger_unit, register_or_event
from ingest.codecs.values import checked_id, number_from_text, shown


def recognises(topic: str) -> bool:
    """readings/<meter id>/meter_reading (and /meter_rate)."""
    return topic.startswith("readings/") and topic.count("/") == 2


def decode(message: Message, context: Context) -> list[Decoded]:
    """A reading only for a meter that the ledger gives a unit."""
    _, meter_id, field = message.topic.split("/")
    if field != "meter_reading":
        return [Ignored(f"{shown(field)} is no register")]
    meter_id = checked_id(meter_id, "meter id of the topic")
    value = number_from_text(message.text(), "meter_reading")
    per_unit = ledger_unit(context.device(meter_id))
    if per_unit is None:
        return [Ignored(f"meter {meter_id} has no unit in the ledger (m3, L or gal): taken for no water meter")]
    return [register_or_event(message, meter_id, message.received, value, per_unit, name="meter_reading")]
