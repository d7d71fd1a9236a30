"""What the readings file holds of one home and its bands: read for an export, deleted on request."""

import sqlite3
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from orjson import dumps, loads

from store import erased
from store.contracts import Traces
from store.journal import from_ms
from store.readings_schema import METER_SPAN, REGISTERS

_IN = "IN (SELECT value FROM json_each(?))"


def read(db: sqlite3.Connection, of: Traces) -> dict[str, Any]:
    """Readable as JSON: times in UTC, litres."""
    devices = (_json(of.device_ids),)
    events = db.execute(
        f"SELECT device_id, at, kind, body FROM device_events WHERE device_id {_IN} ORDER BY at", devices
    )
    scans = db.execute(
        f"SELECT at, band_no, source, stage FROM band_scans WHERE band_no {_IN} ORDER BY at", (_json(of.band_nos),)
    )
    kept = db.execute(
        f"SELECT received_at, kind, topic, payload, reason FROM kept WHERE device_id {_IN} ORDER BY kept_id",
        (_json(_spellings(db, of)),),
    )
    return {
        "readings": {meter_id: _registers(db, meter_id) for meter_id in of.meter_ids},
        "device_events": [
            {"device_id": device_id, "at": _iso(at), "kind": kind, "said": loads(body)}
            for device_id, at, kind, body in events
        ],
        "band_scans": [
            {"at": _iso(at), "band_no": band_no, "source": source, "stage": stage}
            for at, band_no, source, stage in scans
        ],
        "kept_messages": [
            {"received_at": _iso(at), "kind": kind, "topic": topic, "reason": why, "payload": _text(payload)}
            for at, kind, topic, payload, why in kept
        ],
    }


def erase(db: sqlite3.Connection, of: Traces) -> None:
    """Inside the caller's transaction. What waits in the journal goes when its followers have it behind them."""
    erased.mark(db, of)
    numbers = db.execute(f"SELECT no FROM meters WHERE meter_id {_IN}", (_json(of.meter_ids),)).fetchall()
    for (no,) in numbers:
        db.execute(
            "DELETE FROM readings WHERE meter_at >= ? AND meter_at < ?", (no * METER_SPAN, (no + 1) * METER_SPAN)
        )
    db.execute(f"DELETE FROM device_events WHERE device_id {_IN}", (_json(of.device_ids),))
    db.execute(f"DELETE FROM band_scans WHERE band_no {_IN}", (_json(of.band_nos),))
    db.execute(f"DELETE FROM kept WHERE device_id {_IN}", (_json(_spellings(db, of)),))


def _spellings(db: sqlite3.Connection, of: Traces) -> list[str]:
    """Quarantine keeps ids as messages write them, the ledger compares them without case."""
    ids = erased.ids_of(of)
    kept = db.execute("SELECT DISTINCT device_id FROM kept WHERE device_id IS NOT NULL")
    return [device_id for (device_id,) in kept if device_id.casefold() in ids]


def _registers(db: sqlite3.Connection, meter_id: str) -> list[tuple[str, float]]:
    """(at, register [L])"""
    at, ml = map(loads, db.execute(REGISTERS, (meter_id, 0, METER_SPAN)).fetchone())
    return [(_iso(one), register / 1000) for one, register in zip(at, ml, strict=True)]


def _iso(ms: int) -> str:
    return from_ms(ms).isoformat()


def _text(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return b64encode(payload).decode()


def _json(values: Sequence[object]) -> str:
    return dumps(values).decode()
