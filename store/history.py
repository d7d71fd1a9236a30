"""Everything that the readings file holds, copied to an InfluxDB that was set up later or has lost its own."""

import sqlite3
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from orjson import loads

from store import journal
from store.beside import beside
from store.contracts import Arrival, BandScan, JournalEntry
from store.influx import MOST_LINES, InfluxAwayError, Lines, LinesRefusedError, write_good
from store.influx_lines import lines_of
from store.journal import from_ms
from store.readings_schema import METER_SPAN, REGISTERS

RETRY_MIN_S, RETRY_MAX_S = 1.0, 60.0


def size(path: Path) -> int:
    """How many lines `lines` will be, about: the service goes on."""
    tables = ("readings", "device_events", "band_scans")
    with beside(path, "ro") as db:
        return sum(db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables)


def lines(path: Path) -> Iterator[str]:
    """Each meter's registers, each device's events, then scans."""
    with beside(path, "ro") as db:
        for entry in _entries(db):
            yield from lines_of(entry)


def copy(
    source: Iterator[str],
    influx: Lines,
    *,
    sleep: Callable[[float], None],
    refuse: Callable[[str, LinesRefusedError], None],
    away: Callable[[str], None],
) -> Iterator[int]:
    """How many lines have been written by now, write after write; waits for as long as InfluxDB is away."""
    written = 0
    while some := list(islice(source, MOST_LINES)):
        wait_s = RETRY_MIN_S
        while True:
            try:
                written += write_good(influx, some, refuse)
                break
            except InfluxAwayError as e:
                away(str(e))
                sleep(max(wait_s, e.after_s))
                wait_s = min(2 * wait_s, RETRY_MAX_S)
        yield written


def _entries(db: sqlite3.Connection) -> Iterator[JournalEntry]:
    for (meter_id,) in db.execute("SELECT meter_id FROM meters ORDER BY meter_id").fetchall():
        at, ml = map(loads, db.execute(REGISTERS, (meter_id, 0, METER_SPAN)).fetchone())
        times = map(from_ms, at)
        yield JournalEntry(
            position=0,
            arrivals=[
                Arrival(meter_id=meter_id, at=when, register_l=register / 1000, late=True, received_at=when)
                for when, register in zip(times, ml, strict=True)
            ],
        )
    for device_id in db.execute("SELECT DISTINCT device_id FROM device_events").fetchall():
        sql = "SELECT body FROM device_events WHERE device_id = ? ORDER BY at"
        for (body,) in db.execute(sql, device_id).fetchall():
            yield journal.read(0, body)
    for at, band_no, source, stage in db.execute("SELECT at, band_no, source, stage FROM band_scans").fetchall():
        yield JournalEntry(position=0, scans=[BandScan(band_no=band_no, at=from_ms(at), stage=stage, source=source)])
