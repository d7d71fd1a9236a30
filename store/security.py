"""Security events, written once an hour where the same goes on: a gateway that imposes does so with every message."""

from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection, delete, func, insert, select

from store.tables import security_events

HOME_VIEWED, SIGNED_IN = "home_viewed", "signed_in"
ROUTINE = (HOME_VIEWED, SIGNED_IN, "guardian_came_in")  # as it should be: kept for whoever asks, news for nobody
ROUTINE_KEPT = timedelta(days=400)
AGAIN_AFTER = timedelta(hours=1)
MOST_REMEMBERED = 10_000


def security_event(tx: Connection, kind: str, subject: str, detail: str, now: datetime) -> None:
    """Something that staff should look at."""
    tx.execute(insert(security_events).values(at=now, kind=kind, subject=subject, detail=detail))


def purge(tx: Connection, now: datetime) -> None:
    """What was routine goes after its time; all else stays."""
    e = security_events.c
    tx.execute(delete(security_events).where(e.kind.in_(ROUTINE), e.at < now - ROUTINE_KEPT))


class Writes(Protocol):
    """The records file, for one transaction to write."""

    def write(self) -> AbstractContextManager[Connection]: ...


def came_since(tx: Connection, kind: str, event_id: int) -> tuple[bool, int]:
    """Whether an event of this kind came after that one, and the number of the newest of all."""
    e = security_events.c
    newer = select(e.event_id).where(e.event_id > event_id, e.kind == kind).limit(1)
    return tx.execute(newer).first() is not None, tx.scalar(select(func.max(e.event_id))) or 0


class SecurityLog:
    """`note` from any thread."""

    def __init__(self, records: Writes) -> None:
        self._records = records
        self._noted: dict[tuple[str, str, str], datetime] = {}

    def note(self, *, at: datetime, kind: str, subject: str, detail: str) -> None:
        key = kind, subject, detail
        before = self._noted.get(key)
        if before is not None and abs(at - before) < AGAIN_AFTER:  # the clock may have been set back
            return
        with self._records.write() as tx:
            security_event(tx, kind, subject, detail, at)
        if len(self._noted) >= MOST_REMEMBERED:
            self._noted.clear()
        self._noted[key] = at
