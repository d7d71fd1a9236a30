"""A store of readings that forgets all when the process ends: for tests, `anju detect` and a first look."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from threading import Lock
from typing import Any

from domain.reading import DeviceEvent
from store import erased
from store.contracts import Arrival, BandScan, Batch, JournalEntry, Kept, Traces
from store.journal import from_ms, to_ml, to_ms


class MemoryReadings:
    """The same answers as the file's, from dictionaries."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._registers: dict[str, dict[int, int]] = {}
        self._events: dict[tuple[str, int, str], DeviceEvent] = {}
        self._scans: dict[tuple[int, int, str, str], BandScan] = {}
        self._kept: dict[int, Kept] = {}
        self._journal: list[JournalEntry] = []
        self._position = 0
        self._last_kept = 0
        self._learned: dict[str, str | None] = {}
        self._erased: frozenset[str] = frozenset()

    def commit(self, batch: Batch) -> None:
        with self._lock:
            batch = erased.without(batch, self._erased)
            arrivals = tuple(_rounded(a) for a in batch.arrivals if self._is_new(a))
            events = tuple(e for e in batch.events if self._is_new_event(e))
            scans = tuple(s for s in batch.scans if self._is_new_scan(s))
            if arrivals or events or scans:
                self._position += 1
                entry = JournalEntry(position=self._position, arrivals=arrivals, events=events, scans=scans)
                self._journal.append(entry)
            for kept in batch.kept:
                self._last_kept += 1
                self._kept[self._last_kept] = replace(kept, kept_id=self._last_kept)
            for kept_id in batch.released:
                self._kept.pop(kept_id, None)
            self._learned.update(batch.learned)

    def follow(self, after: int, limit: int = 100) -> Sequence[JournalEntry]:
        with self._lock:
            return [entry for entry in self._journal if entry.position > after][:limit]

    def position(self) -> int:
        return self._position

    def trim(self, up_to: int) -> None:
        with self._lock:
            self._journal = [entry for entry in self._journal if entry.position > up_to]

    def registers(self, meter_id: str, since: datetime, until: datetime) -> Sequence[tuple[datetime, float]]:
        with self._lock:
            rows = sorted(self._registers.get(meter_id, {}).items())
        return [(from_ms(at), ml / 1000) for at, ml in rows if to_ms(since) <= at < to_ms(until)]

    def device_events(self, device_id: str, since: datetime, until: datetime) -> Sequence[DeviceEvent]:
        with self._lock:
            keys = [
                key for key in sorted(self._events) if key[0] == device_id and to_ms(since) <= key[1] < to_ms(until)
            ]
            return [self._events[key] for key in keys]

    def last_words(
        self, device_id: str, kind: str, since: datetime, until: datetime, *, at_most: int
    ) -> Sequence[DeviceEvent]:
        return [event for event in self.device_events(device_id, since, until) if event.kind == kind][-at_most:]

    def band_scans(self, since: datetime, until: datetime, band_nos: Collection[int]) -> Sequence[BandScan]:
        with self._lock:
            keys = [key for key in sorted(self._scans) if to_ms(since) <= key[0] < to_ms(until) and key[1] in band_nos]
            return [self._scans[key] for key in keys]

    def learned(self) -> Mapping[str, str]:
        return {name: value for name, value in self._learned.items() if value is not None}

    def kept(self, kind: str, limit: int = 100, *, after: int | None = None) -> Sequence[Kept]:
        with self._lock:
            rows = [kept for _, kept in sorted(self._kept.items()) if kept.kind == kind]
        return rows[::-1][:limit] if after is None else [kept for kept in rows if kept.kept_id > after][:limit]

    def newest_at(self) -> datetime | None:
        with self._lock:
            newest_ms = max((at for registers in self._registers.values() for at in registers), default=None)
        return None if newest_ms is None else from_ms(newest_ms)

    def traces(self, of: Traces) -> dict[str, Any]:
        with self._lock:
            return {
                "readings": {
                    meter_id: [(from_ms(at).isoformat(), ml / 1000) for at, ml in sorted(registers.items())]
                    for meter_id, registers in self._registers.items()
                    if meter_id in of.meter_ids
                },
                "device_events": [
                    {"device_id": e.device_id, "at": e.at.isoformat(), "kind": e.kind}
                    for e in self._events.values()
                    if e.device_id in of.device_ids
                ],
                "band_scans": [
                    {"at": scan.at.isoformat(), "band_no": scan.band_no, "source": scan.source, "stage": scan.stage}
                    for scan in self._scans.values()
                    if scan.band_no in of.band_nos
                ],
                "kept_messages": [
                    {"received_at": kept.received_at.isoformat(), "kind": kept.kind, "topic": kept.topic}
                    for kept in self._kept.values()
                    if (kept.device_id or "").casefold() in erased.ids_of(of)
                ],
            }

    def erase(self, of: Traces) -> None:
        with self._lock:
            self._erased |= erased.ids_of(of)
            for meter_id in of.meter_ids:
                self._registers.pop(meter_id, None)
            self._events = {key: event for key, event in self._events.items() if event.device_id not in of.device_ids}
            self._scans = {key: scan for key, scan in self._scans.items() if scan.band_no not in of.band_nos}
            self._kept = {
                no: kept for no, kept in self._kept.items() if (kept.device_id or "").casefold() not in self._erased
            }

    def erased(self) -> Collection[str]:
        return self._erased

    def lift(self, device_ids: Collection[str]) -> None:
        with self._lock:
            self._erased -= frozenset(device_ids)

    def forget(self, before: datetime) -> None:
        ms = to_ms(before)
        with self._lock:
            for registers in self._registers.values():
                for at in [at for at in registers if at < ms]:
                    del registers[at]
            self._events = {key: event for key, event in self._events.items() if key[1] >= ms}
            self._scans = {key: scan for key, scan in self._scans.items() if key[0] >= ms}
            self._kept = {no: kept for no, kept in self._kept.items() if to_ms(kept.received_at) >= ms}

    def close(self) -> None:
        """Nothing to put away."""

    def _is_new(self, arrival: Arrival) -> bool:
        registers = self._registers.setdefault(arrival.meter_id, {})
        at, ml = to_ms(arrival.at), to_ml(arrival.register_l)
        new = registers.get(at) != ml
        registers[at] = ml
        return new

    def _is_new_event(self, event: DeviceEvent) -> bool:
        event = replace(event, at=from_ms(to_ms(event.at)), flags=dict(event.flags), battery=dict(event.battery))
        key = event.device_id, to_ms(event.at), event.kind
        new = self._events.get(key) != event
        self._events[key] = event
        return new

    def _is_new_scan(self, scan: BandScan) -> bool:
        key = to_ms(scan.at), scan.band_no, scan.source, scan.stage
        new = key not in self._scans
        self._scans[key] = scan
        return new


def _rounded(arrival: Arrival) -> Arrival:
    return arrival._replace(
        at=from_ms(to_ms(arrival.at)),
        received_at=from_ms(to_ms(arrival.received_at)),
        register_l=to_ml(arrival.register_l) / 1000,
    )
