"""Security events, written once an hour where the same goes on: a gateway that imposes does so with every message."""

from datetime import datetime, timedelta

from sqlalchemy import insert

from store.records import Records
from store.tables import security_events

AGAIN_AFTER = timedelta(hours=1)
MOST_REMEMBERED = 10_000


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
            tx.execute(insert(security_events).values(at=at, kind=kind, subject=subject, detail=detail))
        if len(self._noted) >= MOST_REMEMBERED:
            self._noted.clear()
        self._noted[key] = at
