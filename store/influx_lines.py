"""Journal entries as InfluxDB line protocol: readings, device events and wristband scans; nothing personal."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from domain.reading import DeviceEvent
from store.contracts import Arrival, BandScan, JournalEntry
from store.journal import to_ml

_TAG = str.maketrans({",": "\\,", " ": "\\ ", "=": "\\=", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_TEXT = str.maketrans({'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r"})


def lines_of(entry: JournalEntry) -> Iterator[str]:
    """One line each, times in milliseconds. A line written twice is one point: series and time are its key."""
    yield from map(_reading, entry.arrivals)
    yield from map(_event, entry.events)
    yield from map(_scan, entry.scans)


def _reading(arrival: Arrival) -> str:
    """Integers: a register of 9 digits and millilitres loses nothing, and a type never changes."""
    tag = arrival.meter_id.translate(_TAG)
    return f"water_reading,meter_id={tag} register_ml={to_ml(arrival.register_l)}i {_ms(arrival.at)}"


def _event(event: DeviceEvent) -> str:
    fields = [f"kind={_text(event.kind)}"]
    fields += [f"{name.translate(_TAG)}={str(flag).lower()}" for name, flag in sorted(event.flags.items())]
    fields += _numbers("battery_", event.battery)
    return f"device_event,device_id={event.device_id.translate(_TAG)} {','.join(fields)} {_ms(event.at)}"


def _scan(scan: BandScan) -> str:
    fields = f"stage={_text(scan.stage)},source={_text(scan.source)}"
    return f"wristband_scan,band_no={scan.band_no} {fields} {_ms(scan.at)}"


def _numbers(prefix: str, values: Mapping[str, float]) -> list[str]:
    return [f"{prefix}{name.translate(_TAG)}={float(value)!r}" for name, value in sorted(values.items())]


def _text(value: str) -> str:
    return f'"{value.translate(_TEXT)}"'


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
