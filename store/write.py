"""What one commit writes to the readings file: few statements with all rows in each.

SQLite's driver gives up the interpreter at every step of a statement and must win it back from the threads that read
from the network: row by row, a group of 400 would wait for it 400 times.
"""

import sqlite3
from collections.abc import Mapping, Sequence

from orjson import dumps, loads

from domain.reading import DeviceEvent
from store import journal, kept
from store.contracts import Arrival, Batch
from store.journal import ArrivalRow, to_ms
from store.readings_schema import EXISTING, LEARN, METER_SPAN, UPSERT_EVENT, UPSERT_READINGS, UPSERT_SCAN


def write(db: sqlite3.Connection, batch: Batch, meters: Mapping[str, int]) -> None:
    """All of the batch; what was not there before goes to the journal too. `meters`: each meter's number."""
    arrivals = _write_arrivals(db, batch.arrivals, meters) if batch.arrivals else []
    events = [e for e in batch.events if _new(db, UPSERT_EVENT, _event_row(e))]
    scans = [s for s in batch.scans if _new(db, UPSERT_SCAN, (s.band_no, to_ms(s.at), s.stage, s.source))]
    if arrivals or events or scans:
        db.execute("INSERT INTO journal(body) VALUES (?)", (journal.write(arrivals, events, scans),))
    if batch.kept:
        kept.write(db, batch.kept)
    if batch.released:
        db.executemany("DELETE FROM kept WHERE kept_id = ?", [(kept_id,) for kept_id in batch.released])
    if batch.learned:
        db.executemany(
            "DELETE FROM learned WHERE name = ?", [(name,) for name, value in batch.learned if value is None]
        )
        db.executemany(LEARN, [told for told in batch.learned if told[1] is not None])


def _write_arrivals(db: sqlite3.Connection, arrivals: Sequence[Arrival], meters: Mapping[str, int]) -> list[ArrivalRow]:
    """Those that are new or say another register than the one that is there, one after the other."""
    rows = [journal.row(arrival) for arrival in arrivals]
    keys = [meters[meter_id] * METER_SPAN + at for meter_id, at, _, _, _ in rows]
    known: dict[int, int] = dict(zip(*map(loads, db.execute(EXISTING, (_json(keys),)).fetchone()), strict=True))
    new: list[ArrivalRow] = []
    changed: dict[int, int] = {}
    for key, row in zip(keys, rows, strict=True):
        if known.get(key) != row[2]:
            known[key] = changed[key] = row[2]
            new.append(row)
    if changed:
        db.execute(UPSERT_READINGS, (_json(sorted(changed.items())),))
    return new


def _json(rows: Sequence[object]) -> str:
    return dumps(rows).decode()


def _new(db: sqlite3.Connection, upsert: str, row: tuple[object, ...]) -> bool:
    return db.execute(upsert, row).rowcount > 0


def _event_row(event: DeviceEvent) -> tuple[str, int, str, str]:
    return event.device_id, to_ms(event.at), event.kind, journal.write((), (event,), ())
