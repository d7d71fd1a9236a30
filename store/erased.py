"""Devices that were deleted on request: nothing of them is taken until the ledger names them again.

But that one of them, which hangs on some wall still, called for help: whoever lives there now must not call in vain.

Whoever sorts messages goes by the ledger as it was some seconds ago, and what is sorted may wait for its commit: so it
is the file itself that refuses, in the transaction that would store it.
"""

import sqlite3
from collections.abc import Collection
from dataclasses import replace

from orjson import dumps

from domain.reading import CALL_FROM_NOWHERE
from store.contracts import Batch, Traces


def ids_of(of: Traces) -> frozenset[str]:
    """As they are compared: without case."""
    return frozenset(one.casefold() for one in (*of.meter_ids, *of.device_ids))


def without(batch: Batch, erased: Collection[str]) -> Batch:
    """What is left of it for the file, to the messages that are kept for staff."""
    if not erased:
        return batch
    return replace(
        batch,
        arrivals=[a for a in batch.arrivals if a.meter_id.casefold() not in erased],
        events=[e for e in batch.events if e.kind == CALL_FROM_NOWHERE or e.device_id.casefold() not in erased],
        kept=[k for k in batch.kept if k.device_id is None or k.device_id.casefold() not in erased],
    )


def read(db: sqlite3.Connection) -> frozenset[str]:
    return frozenset(device_id for (device_id,) in db.execute("SELECT device_id FROM erased"))


def mark(db: sqlite3.Connection, of: Traces) -> None:
    sql = "INSERT INTO erased(device_id) VALUES (?) ON CONFLICT DO NOTHING"
    db.executemany(sql, [(device_id,) for device_id in ids_of(of)])


def lift(db: sqlite3.Connection, device_ids: Collection[str]) -> None:
    sql = "DELETE FROM erased WHERE device_id IN (SELECT value FROM json_each(?))"
    db.execute(sql, (dumps([*device_ids]).decode(),))
