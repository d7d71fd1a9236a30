"""Security events, written once an hour where the same goes on: a gateway that imposes does so with every message."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, insert

from store.records import Records
from store.tables import security_events

AGAIN_AFTER = timedelta(hours=1)
MOST_REMEMBERED = 10_000


def security_event(tx: Connection, kind: str, subject: str, detail: str, now: datetime) -> None:
    """Something that staff should look at."""
    tx.execute(insert(security_events).values(at=now, kind=kind, subject=subject, detail=detail))


class SecurityLog:
    """`note` from any thread."""

    def __init__(self, records: Records) -> None:
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
