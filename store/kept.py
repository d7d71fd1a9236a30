"""Messages that were refused or are in quarantine, in the readings file: kept for staff, and never without end."""

import sqlite3
from collections.abc import Sequence

from store.contracts import Kept
from store.journal import from_ms, to_ms

REFUSED_KEPT = 10_000  # newest refused messages that stay for staff: a flood of nonsense must not fill the disk
QUARANTINED_IN_ALL = 5_000_000  # what was put there before as many others goes: 2 GB, should a radio make up its ids
QUARANTINED_KEPT = 3_000  # newest of one device, a month at 15 minutes: radios hear whole streets of strangers' meters


def read(db: sqlite3.Connection, kind: str, limit: int, after: int | None = None) -> list[Kept]:
    """The newest first; with `after`, the oldest first of those with a higher `kept_id`."""
    order = "DESC" if after is None else "ASC"
    sql = (
        "SELECT kept_id, kind, received_at, topic, payload, reason, device_id FROM kept"
        f" WHERE kind = ? AND kept_id > ? ORDER BY kept_id {order} LIMIT ?"
    )
    return [_kept(row) for row in db.execute(sql, (kind, after or 0, limit))]


def write(db: sqlite3.Connection, kept: Sequence[Kept]) -> None:
    """Adds them, and drops the oldest that are too many."""
    db.executemany(
        "INSERT INTO kept(kind, received_at, topic, payload, reason, device_id) VALUES (?, ?, ?, ?, ?, ?)",
        [(k.kind, to_ms(k.received_at), k.topic, k.payload, k.reason, k.device_id) for k in kept],
    )
    if any(k.kind == "refused" for k in kept):
        _keep_newest(db, "kind = 'refused'", (), REFUSED_KEPT)
    for device_id in {k.device_id for k in kept if k.kind == "quarantined"}:
        _keep_newest(db, "kind = 'quarantined' AND device_id = ?", (device_id,), QUARANTINED_KEPT)
    last = "(SELECT seq FROM sqlite_sequence WHERE name = 'kept')"
    db.execute(f"DELETE FROM kept WHERE kind = 'quarantined' AND kept_id <= {last} - {QUARANTINED_IN_ALL}")


def _keep_newest(db: sqlite3.Connection, which: str, values: tuple[str | None, ...], count: int) -> None:
    db.execute(
        f"DELETE FROM kept WHERE {which} AND kept_id <="
        f" (SELECT kept_id FROM kept WHERE {which} ORDER BY kept_id DESC LIMIT 1 OFFSET ?)",
        (*values, *values, count),
    )


def _kept(row: tuple[int, str, int, str, bytes, str, str | None]) -> Kept:
    kept_id, kind, received_at, topic, payload, reason, device_id = row
    return Kept(
        kept_id=kept_id,
        kind=kind,
        received_at=from_ms(received_at),
        topic=topic,
        payload=payload,
        reason=reason,
        device_id=device_id,
    )
